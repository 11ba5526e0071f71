"""What the passes have in common: a new tape made step by step, or from instructions regrouped."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from autograd.programs.tape import MATRIX, Instruction, Tape


class Builder:
    """A tape in the making, of instructions with one result each.

    While it grows its slots are numbered otherwise: constants downwards from -1, so that
    there may be more of them; inputs and leaves as in `tape`, and results from there on.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.constants: list[float] = []
        self._known: dict[str, int] = {}
        self.steps: list[tuple[str, tuple[int, ...]]] = []
        self.fixed: set[int] = set()
        self._first = tape.inputs + tape.leaves
        self.place = [*range(self._first), *map(self.constant, tape.constants)]

    def constant(self, number: float) -> int:
        """The slot of a constant, which there is once."""
        key = number.hex()
        slot = self._known.get(key)
        if slot is None:
            self.constants.append(number)
            slot = self._known[key] = -len(self.constants)
        return slot

    def number(self, slot: int) -> float | None:
        """The number of a constant, or None."""
        return self.constants[-slot - 1] if slot < 0 else None

    def step(self, op: str, operands: tuple[int, ...], *, fixed: bool = False) -> int:
        """The slot of a new result."""
        slot = self._first + len(self.steps)
        self.steps.append((op, operands))
        if fixed:
            self.fixed.add(slot)
        return slot

    def tape_with(self, outputs: Iterable[int]) -> Tape:
        """The tape, with `outputs` as numbered here."""
        first, count = self._first, len(self.constants)

        def final(slot: int) -> int:
            return first - slot - 1 if slot < 0 else slot + count if slot >= first else slot

        instructions = [
            Instruction(op, tuple([final(slot) for slot in operands]), number)
            for number, (op, operands) in enumerate(self.steps, first + count)
        ]
        return replace(
            self.tape,
            constants=tuple(self.constants),
            instructions=tuple(instructions),
            outputs=tuple(map(final, outputs)),
            fixed=frozenset(map(final, self.fixed)),
        )


def uses_of(tape: Tape) -> list[int]:
    """How often every slot is an operand or an output."""
    uses = [0] * tape.slots
    for instruction in tape.instructions:
        for slot in instruction.operands:
            uses[slot] += 1
    for slot in tape.outputs:
        uses[slot] += 1
    return uses


def levels_of(tape: Tape) -> list[int]:
    """How many instructions lie below each instruction at most: those alike are independent."""
    level = [0] * tape.slots
    found = []
    for _, operands, first, count in tape.instructions:
        own = 1 + max([level[slot] for slot in operands], default=0)
        found.append(own)
        level[first : first + count] = [own] * count
    return found


def regrouped(tape: Tape, groups: Sequence[tuple[str, list[Instruction]]]) -> Tape:
    """The same instructions in the order of `groups`, each of which becomes one of that op.

    A group of one instruction stays what it is, and what is in no group goes.
    """
    place = [*range(tape.first_result), *[-1] * (tape.slots - tape.first_result)]
    at = tape.first_result
    for _, group in groups:
        for instruction in group:
            stop = instruction.first + instruction.count
            place[instruction.first : stop] = range(at, at + instruction.count)
            at += instruction.count
    instructions = []
    at = tape.first_result
    for op, group in groups:
        if len(group) == 1:
            [instruction] = group
            operands: Iterable[int] = instruction.operands
            count = instruction.count
        else:
            count = len(group)
            operands = _together(op, group)
        slots = tuple([place[slot] for slot in operands])
        instructions.append(Instruction(op, slots, at, count))
        at += count
    return replace(
        tape,
        instructions=tuple(instructions),
        outputs=tuple([place[slot] for slot in tape.outputs]),
        fixed=frozenset([place[slot] for slot in tape.fixed if place[slot] >= 0]),
    )


def _together(op: str, group: list[Instruction]) -> list[int]:
    if op == MATRIX:  # of dots that have the second sequence in common
        half = len(group[0].operands) // 2
        weights = [slot for dot in group for slot in dot.operands[:half]]
        return [*weights, *group[0].operands[half:]]
    columns = zip(*[instruction.operands for instruction in group], strict=True)
    return [slot for column in columns for slot in column]
