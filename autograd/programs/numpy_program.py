"""A tape as readable NumPy over a batch, as PyTorch and as JAX: the scalar code as matrices."""

import math
import re
from collections.abc import Sequence

from autograd import ops
from autograd.programs.dialects import NUMPY, OPERATORS, Dialect, needs_brackets
from autograd.programs.formula_arrays import Functions, template_of
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Instruction, Tape


def array_source(
    tape: Tape, dialect: Dialect = NUMPY, name: str = "program", inputs: Sequence[str] = ()
) -> str:
    """The source of ``NAME(X, leaves)``: one output for each row of `X`, from an optimised tape.

    `X` has a row for each sample and a column for each input, `leaves` the numbers of the
    leaves in their order. Several outputs are columns. ValueError for a name that is none,
    GraphError for an operation that the dialect has no words for.
    """
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name in Python: letters, digits and _, a letter first")
    return _Writer(tape, dialect).text(name, inputs)


class _Writer:
    def __init__(self, tape: Tape, dialect: Dialect) -> None:
        self.tape, self.dialect = tape, dialect
        self.lines: list[str] = []
        self.setup: list[str] = []
        self.helpers: list[str] = []
        self.functions = Functions(dialect)
        # Of every result: the name of its array, its column there, and how many there are.
        self.home: dict[int, tuple[str, int, int]] = {}
        self.layers: dict[tuple[int, int, int], str] = {}
        self.names: set[str] = set()
        self.by_row = bytearray(tape.slots)  # whether a slot depends on an input
        self.by_row[: tape.inputs] = b"\1" * tape.inputs
        for instruction in tape.instructions:
            alike = instruction.op in (MATRIX, LOG_SOFTMAX)
            for i in range(instruction.count):
                own = instruction.operands if alike else instruction.operands_of(i)
                self.by_row[instruction.first + i] = any(self.by_row[slot] for slot in own)
            stop = instruction.first + instruction.count
            if any(self.by_row[instruction.first : stop]):  # they share an array
                self.by_row[instruction.first : stop] = b"\1" * instruction.count

    def text(self, name: str, inputs: Sequence[str]) -> str:
        tape = self.tape
        bound = tape.inputs + tape.leaves
        for position, instruction in enumerate(tape.instructions):
            if position == tape.hoisted and position:
                self.lines.append("# From here on for every row.")
            own = self.expression(instruction)
            label = self.name_of(instruction)
            self.lines.append(f"{label} = {own}")
            self.detach(label, instruction)
            for i in range(instruction.count):
                self.home[instruction.first + i] = label, i, instruction.count
        if len(tape.outputs) == 1:
            result = self.column(tape.outputs)
            if not self.by_row[tape.outputs[0]]:
                result = self.dialect.full.format(self.array(result))
        else:
            result = self.wide(tape.outputs)
            if not any(self.by_row[slot] for slot in tape.outputs):
                result = self.dialect.spread.format(result, len(tape.outputs))
        shape = f"X: rows of {tape.inputs}" + (f" ({', '.join(inputs)})" if inputs else "")
        if len(shape) > 90:
            shape = f"X: rows of {tape.inputs} inputs"
        doc = f'    """{shape}; leaves: {bound - tape.inputs} numbers."""'
        body = [f"    {line}" for line in [*self.setup, *self.lines, f"return {result}"]]
        needed = any("autograd." in helper for helper in self.helpers)
        head = [*self.dialect.imports, *(["", "import autograd"] if needed else []), "", ""]
        helpers = [
            line for helper in [*self.helpers, *self.functions.texts] for line in (helper, "", "")
        ]
        return "\n".join([*head, *helpers, f"def {name}(X, leaves):", doc, *body, ""])

    def name_of(self, instruction: Instruction) -> str:
        start = {MATRIX: "z", LOG_SOFTMAX: "log_p", "dot": "z"}.get(
            instruction.op, re.sub(r"\W", "_", str(instruction.op))
        )
        if instruction.op in ("add", "sub"):
            start = "z"
        if instruction.op in ("tanh", "relu", "sigmoid"):
            start = "h"
        number = 1
        while f"{start}{number}" in self.names:
            number += 1
        self.names.add(f"{start}{number}")
        return f"{start}{number}"

    def detach(self, label: str, instruction: Instruction) -> None:
        """No gradient flows into what `detach` was called on."""
        stop = instruction.first + instruction.count
        fixed = [slot in self.tape.fixed for slot in range(instruction.first, stop)]
        own = self.dialect.detached if all(fixed) else self.dialect.detached_where
        text = own.format(label, fixed)
        if any(fixed) and text != label:
            self.lines.append(f"{label} = {text}")

    def is_uniform(self, slots: Sequence[int]) -> bool:
        """Whether none of them depends on an input."""
        return not any(self.by_row[slot] for slot in slots)

    def expression(self, instruction: Instruction) -> str:
        op, operands, first, count = instruction
        width = instruction.width
        if op == MATRIX:
            rows = [operands[i * width : (i + 1) * width] for i in range(count)]
            shared = operands[count * width :]
            if count == 1:
                return self.dot(rows[0], shared)
            if self.is_uniform(operands[: count * width]):
                return f"{self.wide(shared)} @ {self.matrix(rows)}.T"
            return self.side_by_side([self.dot(row, shared) for row in rows])
        if op == LOG_SOFTMAX:
            if self.dialect.helper:
                self.setup_once(self.dialect.helper)
            text = self.dialect.log_softmax.format(self.wide(operands))
            return text + ("[..., 0]" if count == 1 else "")
        columns = [operands[i * count : (i + 1) * count] for i in range(width)]
        if op == "dot" and count == 1:
            return self.dot(operands[: width // 2], operands[width // 2 :])
        read = self.broadcast(columns, first)
        if op == "dot":
            pairs = zip(read[: width // 2], read[width // 2 :], strict=True)
            return " + ".join([f"{_in_brackets(x)} * {_in_brackets(y)}" for x, y in pairs])
        if ops.takes_sequence(self.tape.rule(op)):
            together = self.wide(operands)
            if count > 1:
                together = self.side_by_side(read)
            if op in self.dialect.reduced:
                return self.dialect.reduced[op].format(together)
            return self.dialect.along.format(self.own(op, sequence=True), together)
        template, arrays = self.template(op, read)
        if arrays:
            read = [self.array(x) for x in read]
        if needs_brackets(template):
            read = [_in_brackets(x) for x in read]
        return template.format(*read)

    def template(self, op: str, operands: Sequence[str]) -> tuple[str, bool]:
        """How an operation is written, and whether a number among its operands must be an array."""
        dialect, rule = self.dialect, self.tape.rule(op)
        if op in dialect.with_numbers and all(map(_is_number, operands[1:])):
            return dialect.with_numbers[op], False
        if op in dialect.elementwise:
            return dialect.elementwise[op], op not in OPERATORS
        known = template_of(dialect, rule)
        if known:
            return known, True
        places = ", ".join(["{}"] * len(operands))
        return f"{self.own(op, sequence=False)}({places})", True

    def array(self, text: str) -> str:
        """`text`, which an array is wanted of: a number is made one."""
        return self.dialect.number.format(text) if _is_number(text) else text

    def dot(self, x: Sequence[int], y: Sequence[int]) -> str:
        """The dot product of two sequences, for every row."""
        if self.is_uniform(x):
            return f"{self.wide(y)} @ {self.wide(x)}"
        if self.is_uniform(y):
            return f"{self.wide(x)} @ {self.wide(y)}"
        both = f"{self.wide(x)} * {self.wide(y)}"
        if len(x) <= 4 and self.dialect.joined.partition("{")[0] in both:
            read = [[_in_brackets(self.column((slot,))) for slot in half] for half in (x, y)]
            return " + ".join([" * ".join(pair) for pair in zip(*read, strict=True)])
        return self.dialect.reduced["sum"].format(both)

    def broadcast(self, columns: Sequence[Sequence[int]], first: int) -> list[str]:
        """Columns of a vector instruction: together as wide as its results."""
        read = [self.column(column) for column in columns]
        shared = [len(column) > 1 and len(set(column)) == 1 for column in columns]
        rows = [not self.is_uniform(column) for column in columns]
        if len(columns[0]) > 1 and all(shared):
            widest = rows.index(True) if any(rows) else 0
            read[widest] = self.wide(columns[widest])
        return read

    def side_by_side(self, parts: Sequence[str]) -> str:
        return self.dialect.stacked.format(", ".join(map(self.array, parts)))

    def wide(self, slots: Sequence[int]) -> str:
        """The numbers in `slots` with an axis for them, of their length."""
        one = self.column(slots[:1])
        if len(slots) == 1:
            return self.dialect.wide.format(self.array(one))
        if len(set(slots)) == 1:
            return self.dialect.repeated.format(self.array(one), len(slots))
        return self.column(slots)

    def setup_once(self, helper: str) -> None:
        if helper not in self.helpers:
            self.helpers.append(helper)

    def own(self, op: str, *, sequence: bool) -> str:
        """The name of a function over arrays for an operation that the dialect has not."""
        dialect = self.dialect
        if not dialect.vectorised:
            return self.functions.name_of(self.tape.rule(op))
        name = re.sub(r"\W", "_", str(op))
        rule = self.tape.rule(op)
        if rule in ops.TABLE:
            call = f"autograd.{op}"
        elif getattr(ops, str(op), None) is rule:
            call = f"lambda *x: autograd.ops.{op}(*x)[0]"
        else:
            call = f"lambda *x: rules[{str(op)!r}](*x)[0]"
            self.setup_once("# `rules` are the operations of your own, by name: {name: rule}")
        if sequence and call.startswith("lambda"):
            call = call.replace("lambda *x", "lambda x")
        self.setup_once(f"{name} = {call if sequence else dialect.vectorised.format(call)}")
        return name

    def column(self, slots: Sequence[int]) -> str:
        """The numbers in `slots`: an array of so many columns; of one slot, without that axis."""
        tape = self.tape
        bound = tape.inputs + tape.leaves
        first, count = slots[0], len(slots)
        if count > 1 and len(set(slots)) == 1:
            one = self.column(slots[:1])
            return one if self.is_uniform(slots[:1]) else f"{one}[..., None]"
        step = _step(slots)
        if first < tape.inputs and slots[-1] < tape.inputs and step == 1:
            whole = count == tape.inputs
            return "X" if whole and count > 1 else f"X[:, {_range(first, count)}]"
        if tape.inputs <= first and slots[-1] < bound and step:
            return self.leaves(first - tape.inputs, count, step)
        if bound <= first < tape.first_result and all(
            bound <= s < tape.first_result for s in slots
        ):
            numbers = [_literal(tape.constants[slot - bound]) for slot in slots]
            return numbers[0] if count == 1 else self.dialect.numbers.format(", ".join(numbers))
        if (
            first in self.home
            and step == 1
            and self.home.get(slots[-1], ("",))[0] == self.home[first][0]
        ):
            name, at, size = self.home[first]
            if count == size:
                return name
            return f"{name}[..., {_range(at, count)}]"
        return self.gathered(slots)

    def gathered(self, slots: Sequence[int]) -> str:
        """Numbers from several places, side by side."""
        tape = self.tape
        if all(tape.inputs <= slot < tape.inputs + tape.leaves for slot in slots):
            return self.dialect.picked.format([slot - tape.inputs for slot in slots])
        if len(slots) == 1:
            raise LookupError(f"slot {slots[0]} has no place")
        runs: list[list[int]] = []
        for slot in slots:
            if runs and slot == runs[-1][-1] + 1 and self.together(runs[-1][-1], slot):
                runs[-1].append(slot)
            else:
                runs.append([slot])
        parts = []
        for run in runs:
            part = self.wide(run)
            if self.is_uniform(run) and not self.is_uniform(slots):
                part = self.dialect.spread.format(part, len(run))
            parts.append(part)
        return self.dialect.joined.format(", ".join(parts))

    def together(self, slot: int, following: int) -> bool:
        """Whether two slots lie in one array."""
        tape = self.tape
        borders = (tape.inputs, tape.inputs + tape.leaves, tape.first_result)
        if slot < tape.first_result or following < tape.first_result:
            return sum(slot >= b for b in borders) == sum(following >= b for b in borders)
        return self.home[slot][0] == self.home[following][0]

    def leaves(self, first: int, count: int, step: int) -> str:
        if count == 1:
            return f"leaves[{first}]"
        if step == 1:
            return f"leaves[{first}:{first + count}]"
        for (start, rows, stride), name in self.layers.items():
            if stride == step and start <= first < start + stride and rows == count:
                return f"{name}[:, {first - start}]"
        return f"leaves[{first}:{first + (count - 1) * step + 1}:{step}]"

    def matrix(self, rows: Sequence[Sequence[int]]) -> str:
        """A matrix of uniform numbers; that of a layer gets a name."""
        tape = self.tape
        width = len(rows[0])
        starts = [row[0] for row in rows]
        stride = _step(starts) or 0
        own = all(tape.inputs <= slot < tape.inputs + tape.leaves for row in rows for slot in row)
        if own and stride > 0 and all(_step(row) == 1 for row in rows) and stride >= width:
            start = starts[0] - tape.inputs
            end = start + len(rows) * stride
            if end <= tape.leaves:
                key = start, len(rows), stride
                if key not in self.layers:
                    name = self.layers[key] = f"layer{len(self.layers) + 1}"
                    self.setup.append(
                        f"{name} = leaves[{start}:{end}].reshape({len(rows)}, {stride})"
                    )
                name = self.layers[key]
                return name if stride == width else f"{name}[:, :{width}]"
        if own:
            if stride == 1 and _step(rows[0]):  # a table read by columns
                inner = _step(rows[0]) or 1
                start = starts[0] - tape.inputs
                end = start + width * inner
                if inner >= len(rows) and end <= tape.leaves:
                    return f"leaves[{start}:{end}].reshape({width}, {inner})[:, :{len(rows)}].T"
            table = [[slot - tape.inputs for slot in row] for row in rows]
            return self.dialect.table.format(table)
        return self.dialect.rows.format(", ".join(map(self.wide, rows)))


def _step(slots: Sequence[int]) -> int | None:
    """The distance of slots that are evenly spaced upwards."""
    if len(slots) == 1:
        return 1
    step = slots[1] - slots[0]
    stop = slots[0] + step * len(slots)
    even = step > 0 and list(slots) == list(range(slots[0], stop, step))
    return step if even else None


def _range(first: int, count: int) -> str:
    return f"{first}:{first + count}" if count > 1 else str(first)


def _literal(number: float) -> str:
    return repr(number) if math.isfinite(number) else f"float('{number}')"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d[\d.]*(e[-+]?\d+)?|float\('-?\w+'\)", text) is not None


def _in_brackets(text: str) -> str:
    return f"({text})" if re.search(r" [-+*/@%] |^-", text) else text
