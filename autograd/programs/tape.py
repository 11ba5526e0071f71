"""The tape of a Program: what is computed from what, in order (a Wengert list: Wengert, 1964).

Every number of a computation has a *slot*: first the inputs, then the captured leaves,
then the constants, then one for each result, in the order of the instructions.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from autograd import ops
from autograd.calculus.rule_names import rule_named

MATRIX = "matrix"
LOG_SOFTMAX = "log_softmax"


class Instruction(NamedTuple):
    """One step: `count` results, on consecutive slots from `first` on.

    `operands` are slots. With one result they are those of the rule, in its order. With
    more, the operands of the rule follow each other as columns, `count` slots each: the
    first operand of every result, then the second of every result ... Two read otherwise.
    ``matrix``: `count` rows of weights, then the sequence that each of them is multiplied
    with; result i is the dot product of row i and that. ``log_softmax``: as many operands
    as results, and every result depends on all of them.
    """

    op: str
    operands: tuple[int, ...]
    first: int
    count: int = 1  # type: ignore[assignment]  # a tuple's own method is not wanted here

    @property
    def width(self) -> int:
        """How many operands each result has; of a matrix, the length of a row."""
        if self.op == MATRIX:
            return len(self.operands) // (self.count + 1)
        if self.op == LOG_SOFTMAX:
            return self.count
        return len(self.operands) // self.count

    def operands_of(self, position: int) -> tuple[int, ...]:
        """The operands of result number `position` in the order of its rule; of dot, for matrix."""
        if self.op == MATRIX:
            n = self.width
            start = position * n
            return self.operands[start : start + n] + self.operands[self.count * n :]
        if self.op == LOG_SOFTMAX:
            return self.operands
        return self.operands[position :: self.count]


@dataclass(frozen=True, slots=True)
class Tape:
    """What a trace recorded, or a pass made of it. Slots without a gap, results in order.

    No gradient flows into the slots in `fixed`, as those of detached Values. The first
    `hoisted` instructions depend on no input: they are computed once a call, not once a row.
    """

    inputs: int
    leaves: int
    constants: tuple[float, ...]
    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]
    fixed: frozenset[int] = frozenset()
    hoisted: int = 0
    rules: Mapping[str, ops.Rule] = field(default_factory=dict)  # those that are not in `ops`
    exact: bool = True

    @property
    def first_result(self) -> int:
        """The slot of the first result."""
        return self.inputs + self.leaves + len(self.constants)

    @property
    def slots(self) -> int:
        """How many there are in all."""
        last = self.instructions[-1] if self.instructions else None
        return last.first + last.count if last else self.first_result

    def rule(self, op: str) -> ops.Rule:
        """The rule of one result of that name, as `scalar_steps` says it."""
        rule = self.rules.get(op) or rule_named(op)
        if rule is None and op.startswith(f"{LOG_SOFTMAX}["):
            return log_softmax_rule(int(op[len(LOG_SOFTMAX) + 1 : -1]))
        if rule is None:
            raise LookupError(f"no rule is called {op}")
        return rule

    def scalar_steps(self) -> Iterator[tuple[str, tuple[int, ...], int]]:
        """Every result by itself: the name of its rule, its operands and its slot."""
        for op, operands, first, count in self.instructions:
            if count == 1 and op not in (MATRIX, LOG_SOFTMAX):
                yield op, operands, first
                continue
            instruction = Instruction(op, operands, first, count)
            for position in range(count):
                name = "dot" if op == MATRIX else op
                if op == LOG_SOFTMAX:
                    name = f"{op}[{position}]"
                yield name, instruction.operands_of(position), first + position


def tape_of(
    inputs: int,
    leaves: int,
    constants: Sequence[float],
    steps: Sequence[tuple[str, tuple[int, ...]]],
    outputs: Sequence[int],
    fixed: Sequence[int] = (),
    rules: Mapping[str, ops.Rule] | None = None,
) -> Tape:
    """A tape of instructions with one result each, given as names of rules and operands."""
    first = inputs + leaves + len(constants)
    instructions = tuple(
        [Instruction(op, operands, slot) for slot, (op, operands) in enumerate(steps, first)]
    )
    return Tape(
        inputs, leaves, tuple(constants), instructions, tuple(outputs), frozenset(fixed),
        rules=rules or {},
    )  # fmt: skip


@cache
def log_softmax_rule(position: int) -> ops.Rule:
    """The rule of result number `position` of ``log_softmax``: as `functions.log_softmax`."""

    def rule(*x: float) -> tuple[float, ...]:
        largest = max(x)
        place = x.index(largest) if math.isfinite(largest) else -1
        shifted = [0.0 if i == place else a - largest for i, a in enumerate(x)]
        if place < 0:
            shifted = list(x)
        total, *weights = ops.logsumexp(*shifted)  # type: ignore[no-untyped-call]
        slopes = [(1.0 if i == position else 0.0) - weight for i, weight in enumerate(weights)]
        if place >= 0:
            others = 0.0
            for i, slope in enumerate(slopes):
                others += 0.0 if i == place else slope
            slopes[place] = -others
        return shifted[position] - total, *slopes

    return rule
