"""The replay in Python alone: the tape as source code, which is compiled and run row by row.

What is trivial is written out, other operations call their rule. Code grows in pieces of
some hundred lines, as Python takes long over large ones. Where an operation refuses its
operands, or a gradient is not finite, `stepwise` decides.
"""

import functools
import math
import operator
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import ops
from autograd.errors import ChainruleError
from autograd.programs import stepwise
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Instruction, Tape

_LINES_OF_A_PIECE = 400
_WRITTEN = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "neg": "-{}",
    "square": "{0} * {0}",
}
_MAPPED = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
}
# What is passed on to each operand, from the upstream gradient `u`.
_PASSED_ON = {
    "add": ("u", "u"),
    "sub": ("u", "-u"),
    "mul": ("u * {1}", "u * {0}"),
    "neg": ("-u",),
    "square": ("u * (2.0 * {0})",),
}
Piece = Callable[[list[float], list[float], dict[int, Any]], None]


class GeneratedReplay:
    """The replay of one tape in generated Python."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._code: dict[tuple[str, bool], list[Piece]] = {}
        bound = tape.hoisted
        self._parts = {True: tape.instructions[:bound], False: tape.instructions[bound:]}
        self._first_by_row = tape.slots
        if bound < len(tape.instructions):
            self._first_by_row = tape.instructions[bound].first

    def forward(
        self, leaves: "array[float]", rows: Any, count: int, threads: int = 1
    ) -> "array[float]":
        """The outputs of every row; `threads` would have to wait for each other in Python."""
        return self._replay(leaves, rows, count, None, by_leaves=False, by_inputs=False)[0]

    def backward(
        self,
        leaves: "array[float]",
        rows: Any,
        count: int,
        upstream: Any,
        *,
        by_leaves: bool = True,
        by_inputs: bool = False,
        threads: int = 1,
    ) -> "tuple[array[float], array[float] | None, array[float] | None]":
        """The outputs, the gradient by the leaves, and that of every row by its inputs."""
        return self._replay(leaves, rows, count, upstream, by_leaves=by_leaves, by_inputs=by_inputs)

    def _replay(
        self, leaves: Any, rows: Any, count: int, upstream: Any, *, by_leaves: bool, by_inputs: bool
    ) -> "tuple[array[float], array[float] | None, array[float] | None]":
        tape = self.tape
        inputs, width = tape.inputs, len(tape.outputs)
        flat = array("d", memoryview(rows).cast("B").cast("d") if inputs else ())
        given = [flat[row * inputs : (row + 1) * inputs] for row in range(count)]
        same = [float(upstream)] * width if isinstance(upstream, float | int) else None
        above = (
            [same or list(upstream[r * width : (r + 1) * width]) for r in range(count)]
            if (upstream is not None)
            else [None] * count
        )
        want = f"{by_leaves:d}{by_inputs:d}" if upstream is not None else ""
        try:
            found = self._run(leaves, given, above, want)
        except (ValueError, ArithmeticError, TypeError):
            found = None
        if found is None or not all(map(math.isfinite, (*found[0], *found[1], *found[2]))):
            found = self._exactly(leaves, given, above)
        outputs, to_leaves, to_inputs = found
        return (
            array("d", outputs),
            array("d", to_leaves) if by_leaves else None,
            array("d", to_inputs) if by_inputs else None,
        )

    def _run(
        self, leaves: Any, given: Sequence[Sequence[float]], above: Sequence[Any], want: str
    ) -> tuple[list[float], list[float], list[float]]:
        tape, start = self.tape, self._first_by_row
        stop = tape.inputs + tape.leaves
        blank = [0.0] * (tape.slots - tape.first_result)
        numbers = [*[0.0] * tape.inputs, *leaves, *tape.constants, *blank]
        gradients = [0.0] * tape.slots
        once: dict[int, Any] = {}
        outputs: list[float] = []
        to_inputs: list[float] = []
        unread: list[float] = []
        for piece in self._pieces("forward", hoisted=True, want=want):
            piece(numbers, unread, once)
        nothing, none_arrived = [0.0] * (tape.slots - start), [0.0] * tape.inputs
        for row, upstream in zip(given, above, strict=True):
            numbers[: tape.inputs] = row
            partials: dict[int, Any] = {}
            for piece in self._pieces("forward", hoisted=False, want=want):
                piece(numbers, unread, partials)
            outputs += [numbers[slot] for slot in tape.outputs]
            if not want:
                continue
            gradients[start:] = nothing
            gradients[: tape.inputs] = none_arrived
            for slot, arriving in zip(tape.outputs, upstream, strict=True):
                gradients[slot] += arriving
            for piece in self._pieces("backward", hoisted=False, want=want):
                piece(numbers, gradients, partials)
            to_inputs += gradients[: tape.inputs]
        if want:
            for piece in self._pieces("backward", hoisted=True, want=want):
                piece(numbers, gradients, once)
        return outputs, gradients[tape.inputs : stop] if want else [], to_inputs

    def _exactly(
        self, leaves: Any, given: Sequence[Sequence[float]], above: Sequence[Any]
    ) -> tuple[list[float], list[float], list[float]]:
        tape = self.tape
        outputs: list[float] = []
        to_leaves, to_inputs = [0.0] * tape.leaves, list[float]()
        for number, (row, upstream) in enumerate(zip(given, above, strict=True)):
            try:
                if upstream is None:
                    found = stepwise.forward(tape, leaves, row)
                    outputs += [found[slot] for slot in tape.outputs]
                    continue
                values, by_leaves, by_inputs = stepwise.value_and_gradients(
                    tape, leaves, row, upstream
                )
            except ChainruleError as error:
                if len(given) > 1:
                    error.args = (f"{error} (row {number})", *error.args[1:])
                raise
            outputs += values
            to_leaves = [*map(operator.add, to_leaves, by_leaves)]
            to_inputs += by_inputs
        return outputs, to_leaves, to_inputs

    def _pieces(self, direction: str, *, hoisted: bool, want: str) -> list[Piece]:
        key = f"{direction} {want}", hoisted
        if key not in self._code:
            writer = _Writer(self.tape, want)
            write = writer.forward if direction == "forward" else writer.backward
            part = self._parts[hoisted]
            self._code[key] = list(
                writer.pieces(write, part if direction == "forward" else part[::-1])
            )
        return self._code[key]


def wanted_slots(tape: Tape, *, by_leaves: bool, by_inputs: bool) -> bytearray:
    """Of every slot, whether a gradient that someone wants passes through it."""
    wanted = bytearray(tape.slots)
    wanted[: tape.inputs] = bytes([by_inputs]) * tape.inputs
    stop = tape.inputs + tape.leaves
    wanted[tape.inputs : stop] = bytes([by_leaves]) * tape.leaves
    for op, operands, first, count in tape.instructions:
        if op in (MATRIX, LOG_SOFTMAX):
            leads = any(wanted[slot] for slot in operands)
            wanted[first : first + count] = bytes([leads]) * count
        else:
            for i in range(count):
                wanted[first + i] = any(wanted[slot] for slot in operands[i::count])
        for slot in range(first, first + count):
            if slot in tape.fixed:
                wanted[slot] = False
    return wanted


class _Writer:
    """Source of the instructions of one tape; the names it uses are in `names`."""

    def __init__(self, tape: Tape, want: str) -> None:
        self.tape, self.want = tape, want
        self.wanted = bytearray(tape.slots)
        if want:
            self.wanted = wanted_slots(tape, by_leaves=want[0] == "1", by_inputs=want[1] == "1")
        self.names: dict[str, Any] = {
            "reduce": functools.reduce,
            "plus": operator.add,
            "times": operator.mul,
            "log_softmax": _log_softmax,
            "log_softmax_back": _log_softmax_back,
        }

    def pieces(
        self, write: Callable[[Instruction], list[str]], instructions: Sequence[Instruction]
    ) -> Iterator[Piece]:
        """The functions that `write` gives for the instructions, in pieces."""
        lines: list[str] = []
        for instruction in instructions:
            lines += write(instruction)
            if len(lines) >= _LINES_OF_A_PIECE:
                yield self._piece(lines)
                lines = []
        if lines:
            yield self._piece(lines)

    def _piece(self, lines: list[str]) -> Piece:
        source = "\n ".join(["def piece(v, g, d):", *lines])
        namespace = self.names
        exec(compile(source, "<tape>", "exec"), namespace)  # noqa: S102 - our own text
        return namespace.pop("piece")  # type: ignore[no-any-return]

    def forward(self, instruction: Instruction) -> list[str]:
        """The lines that compute the results, and what `backward` needs of them."""
        op, operands, first, count = instruction
        results = f"v[{first}]" if count == 1 else f"v[{first}:{first + count}]"
        keeps = any(self.wanted[first : first + count])
        if op == MATRIX:
            return self._matrix(instruction, results)
        if op == LOG_SOFTMAX:
            call = f"log_softmax({self._column(operands)})"
            return [f"{results}, d[{first}] = {call}" if keeps else f"{results} = {call}[0]"]
        if op == "dot":
            return [self._dots(instruction, results)]
        if count == 1:
            read = [f"v[{slot}]" for slot in operands]
            if op in _WRITTEN:
                return [f"{results} = {_WRITTEN[op].format(*read)}"]
            if op == "sum":
                return [f"{results} = reduce(plus, {self._column(operands)}, 0.0)"]
            call = f"{self._rule(op)}({', '.join(read)})"
            if len(read) > 16:
                call = f"{self._rule(op)}(*{self._column(operands)})"
            return (
                [f"d[{first}] = r = {call}", f"{results} = r[0]"]
                if keeps
                else [f"{results} = {call}[0]"]
            )
        columns = [
            self._column(operands[i * count : (i + 1) * count]) for i in range(instruction.width)
        ]
        if op in _MAPPED:
            name = self._name(f"{op}_", _MAPPED[op])
            return [f"{results} = map({name}, {', '.join(columns)})"]
        mapped = f"[*map({self._rule(op)}, {', '.join(columns)})]"
        if keeps:
            return [f"d[{first}] = r = {mapped}", f"{results} = [x[0] for x in r]"]
        return [f"{results} = [x[0] for x in {mapped}]"]

    def backward(self, instruction: Instruction) -> list[str]:
        """The lines that pass gradients on, to the operands that lead to something wanted."""
        op, operands, first, count = instruction
        if not any(self.wanted[first : first + count]):
            return []
        if op == MATRIX:
            return self._matrix_back(instruction)
        if op == LOG_SOFTMAX:
            slots = self._name("s", operands)
            return [f"log_softmax_back(g, {slots}, d[{first}], {first})"]
        if op == "dot":
            lines = []
            for i in range(count):
                lines += self._dot_back(instruction.operands_of(i), first + i)
            return lines
        if count > 1 and all(self.wanted[first : first + count]):
            return self._vector_back(instruction)
        lines = []
        for i in range(count):
            if self.wanted[first + i]:
                partials = f"d[{first}]" if count == 1 else f"d[{first}][{i}]"
                lines += self._scalar_back(op, instruction.operands_of(i), first + i, partials)
        return lines

    def _scalar_back(self, op: str, operands: Sequence[int], slot: int, partials: str) -> list[str]:
        lines = [f"u = g[{slot}]"]
        if op == "sum":
            passed = ["u"] * len(operands)
        elif op in _PASSED_ON:
            read = [f"v[{operand}]" for operand in operands]
            passed = [text.format(*read) for text in _PASSED_ON[op]]
        else:
            lines.append(f"r = {partials}")
            passed = [f"u * r[{i + 1}]" for i in range(len(operands))]
        lines += [
            f"g[{operand}] += {text}"
            for operand, text in zip(operands, passed, strict=True)
            if self.wanted[operand]
        ]
        return lines

    def _vector_back(self, instruction: Instruction) -> list[str]:
        op, operands, first, count = instruction
        columns = [operands[i * count : (i + 1) * count] for i in range(instruction.width)]
        leads = [any(self.wanted[slot] for slot in column) for column in columns]
        names = [f"i{k}" for k in range(len(columns))]
        read = [f"v[{name}]" for name in names]
        over = [self._slots(column) for column in columns]
        if op in _PASSED_ON:
            passed = [text.format(*read) for text in _PASSED_ON[op]]
            loop = (
                f"for u, {', '.join(names)} in zip(g[{first}:{first + count}], {', '.join(over)}):"
            )
        else:
            passed = [f"u * r[{i + 1}]" for i in range(len(columns))]
            if op == "sum":
                passed = ["u"] * len(columns)
            own = f"g[{first}:{first + count}], d[{first}]"
            loop = f"for u, r, {', '.join(names)} in zip({own}, {', '.join(over)}):"
        steps = [
            f" g[{name}] += {text}"
            for name, text, wanted in zip(names, passed, leads, strict=True)
            if wanted
        ]
        return [loop, *[f" {step}" for step in steps]]

    def _dots(self, instruction: Instruction, results: str) -> str:
        def one(operands: Sequence[int]) -> str:
            half = len(operands) // 2
            x, y = self._column(operands[:half]), self._column(operands[half:])
            return f"reduce(plus, map(times, {x}, {y}), 0.0)"

        if instruction.count == 1:
            return f"{results} = {one(instruction.operands)}"
        each = [one(instruction.operands_of(i)) for i in range(instruction.count)]
        return f"{results} = [{', '.join(each)}]"

    def _dot_back(self, operands: Sequence[int], slot: int) -> list[str]:
        half = len(operands) // 2
        lines = [f"u = g[{slot}]"]
        for own, others in ((operands[:half], operands[half:]), (operands[half:], operands[:half])):
            if any(self.wanted[i] for i in own):
                lines.append(f"for i, x in zip({self._slots(own)}, {self._column(others)}):")
                lines.append("  g[i] += u * x")
        return lines

    def _matrix(self, instruction: Instruction, results: str) -> list[str]:
        width, count = instruction.width, instruction.count
        shared = self._column(instruction.operands[count * width :])
        rows = [instruction.operands[i * width : (i + 1) * width] for i in range(count)]
        spans = [self._span(row) for row in rows]
        if all(spans):
            starts = self._name("s", [row[0] for row in rows])
            row = f"v[i:i + {width}]"
            return [
                f"x = {shared}",
                f"{results} = [reduce(plus, map(times, {row}, x), 0.0) for i in {starts}]",
            ]
        slots = self._name("s", rows)
        row = "[v[j] for j in i]"
        return [
            f"x = {shared}",
            f"{results} = [reduce(plus, map(times, {row}, x), 0.0) for i in {slots}]",
        ]

    def _matrix_back(self, instruction: Instruction) -> list[str]:
        width, count, first = instruction.width, instruction.count, instruction.first
        shared = instruction.operands[count * width :]
        rows = [instruction.operands[i * width : (i + 1) * width] for i in range(count)]
        lines = [f"x = {self._column(shared)}"]
        steps = []
        if any(self.wanted[slot] for row in rows for slot in row):
            steps += ["  for j, a in zip(i, x):", "   g[j] += u * a"]
        if any(self.wanted[slot] for slot in shared):
            steps += [f"  for j, a in zip({self._slots(shared)}, i):", "   g[j] += u * v[a]"]
        loop = f"for u, i in zip(g[{first}:{first + count}], {self._name('s', rows)}):"
        return [*lines, loop, *steps]

    def _column(self, slots: Sequence[int]) -> str:
        """An expression for the numbers in several slots."""
        if self._span(slots):
            return f"v[{slots[0]}:{slots[-1] + 1}]"
        if len(slots) <= 8:
            return f"[{', '.join(f'v[{slot}]' for slot in slots)}]"
        return f"[v[i] for i in {self._name('s', slots)}]"

    def _slots(self, slots: Sequence[int]) -> str:
        if self._span(slots):
            return f"range({slots[0]}, {slots[-1] + 1})"
        return self._name("s", tuple(slots))

    @staticmethod
    def _span(slots: Sequence[int]) -> bool:
        return list(slots) == list(range(slots[0], slots[0] + len(slots)))

    def _rule(self, op: str) -> str:
        return self._name(f"rule_{op}" if op.isidentifier() else "rule_", self.tape.rule(op))

    def _name(self, start: str, thing: Any) -> str:
        """A name for `thing` in the generated code."""
        if self.names.get(start) is thing:
            return start
        name = (
            start
            if start.startswith("rule_") and start not in self.names
            else (f"{start}{len(self.names)}")
        )
        self.names[name] = thing
        return name


def _log_softmax(x: Sequence[float]) -> tuple[list[float], tuple[int, list[float]]]:
    """The logarithms of the softmax; the place of the largest, and the weights."""
    largest = max(x)
    if not math.isfinite(largest):
        raise ValueError("not shifted")
    place = x.index(largest)
    shifted = [0.0 if i == place else a - largest for i, a in enumerate(x)]
    total, *weights = ops.logsumexp(*shifted)  # type: ignore[no-untyped-call]
    return [a - total for a in shifted], (place, weights)


def _log_softmax_back(
    g: list[float], slots: Sequence[int], kept: tuple[int, list[float]], first: int
) -> None:
    """Pass on what has arrived at the results, as eager code does."""
    place, weights = kept
    arrived = g[first : first + len(slots)]
    total = 0.0
    for above in reversed(arrived):
        total -= above
    for i, (slot, above, weight) in enumerate(zip(slots, arrived, weights, strict=True)):
        if i != place:
            shift = above + total * weight
            g[slot] += shift
            g[slots[place]] -= shift
