"""A tape as readable NumPy over a batch: what the scalar code is, as matrices."""

import re
from collections.abc import Sequence

from autograd import ops
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Instruction, Tape

# What is no function of the same name, or needs brackets of its own.
_WRITTEN = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}",
    "pow": "{} ** {}", "mod": "{} % {}", "floordiv": "{} // {}", "square": "{} ** 2",
    "relu": "np.maximum({}, 0.0)", "where": "np.where({}, {}, {})",
    "clip": "np.clip({}, {}, {})", "softplus": "np.logaddexp(0.0, {})",
    "abs": "np.abs({})",
}  # fmt: skip
_NUMPY = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "sign", "hypot", "maximum", "minimum", "floor", "ceil", "fmod",
    "logaddexp", "sinc",
}  # fmt: skip
_REDUCED = {
    "sum": "np.sum({}, axis=-1)", "mean": "np.mean({}, axis=-1)", "prod": "np.prod({}, axis=-1)",
    "max": "np.max({}, axis=-1)", "min": "np.min({}, axis=-1)",
    "norm": "np.linalg.norm({}, axis=-1)", "logsumexp": "np.logaddexp.reduce({}, axis=-1)",
}  # fmt: skip


def numpy_source(tape: Tape, name: str = "program", inputs: Sequence[str] = ()) -> str:
    """The source of ``NAME(X, leaves)``: one output for each row of `X`, from an optimised tape.

    `X` has a row for each sample and a column for each input, `leaves` the numbers of the
    leaves in their order. Several outputs are columns. ValueError for a name that is none.
    """
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no name in Python: letters, digits and _, a letter first")
    return _Writer(tape).text(name, inputs)


class _Writer:
    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.lines: list[str] = []
        self.setup: list[str] = []
        self.helpers: list[str] = []
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
            for i in range(instruction.count):
                self.home[instruction.first + i] = label, i, instruction.count
        if len(tape.outputs) == 1:
            result = self.column(tape.outputs)
            if not self.by_row[tape.outputs[0]]:
                result = f"np.full(len(X), {result})"
        else:
            result = self.wide(tape.outputs)
            if not any(self.by_row[slot] for slot in tape.outputs):
                result = f"np.broadcast_to({result}, (len(X), {len(tape.outputs)}))"
        shape = f"X: rows of {tape.inputs}" + (f" ({', '.join(inputs)})" if inputs else "")
        if len(shape) > 90:
            shape = f"X: rows of {tape.inputs} inputs"
        doc = f'    """{shape}; leaves: {bound - tape.inputs} numbers."""'
        body = [f"    {line}" for line in [*self.setup, *self.lines, f"return {result}"]]
        needed = any("autograd." in helper for helper in self.helpers)
        head = ["import numpy as np", *(["", "import autograd"] if needed else []), "", ""]
        helpers = [line for helper in self.helpers for line in (helper, "", "")]
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
            self.setup_once(
                "def log_softmax(x):\n    x = x - np.max(x, axis=-1, keepdims=True)\n"
                "    return x - np.logaddexp.reduce(x, axis=-1, keepdims=True)"
            )
            return f"log_softmax({self.wide(operands)})" + ("[..., 0]" if count == 1 else "")
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
                together = f"np.stack(np.broadcast_arrays({', '.join(read)}), axis=-1)"
            if op in _REDUCED:
                return _REDUCED[op].format(together)
            return f"np.apply_along_axis({self.own(op, sequence=True)}, -1, {together})"
        if op in _WRITTEN:
            text = _WRITTEN[op]
            if not text.startswith("np."):
                read = [_in_brackets(x) for x in read]
            return text.format(*read)
        rule = self.tape.rule(op)
        numpy = ops.TABLE[rule].numpy.split() if rule in ops.TABLE else []
        if op in _NUMPY or numpy:
            return f"np.{op if op in _NUMPY else numpy[0]}({', '.join(read)})"
        return f"{self.own(op, sequence=False)}({', '.join(read)})"

    def dot(self, x: Sequence[int], y: Sequence[int]) -> str:
        """The dot product of two sequences, for every row."""
        if self.is_uniform(x):
            return f"{self.wide(y)} @ {self.wide(x)}"
        if self.is_uniform(y):
            return f"{self.wide(x)} @ {self.wide(y)}"
        both = f"{self.wide(x)} * {self.wide(y)}"
        if len(x) <= 4 and "np.concatenate" in both:
            read = [[_in_brackets(self.column((slot,))) for slot in half] for half in (x, y)]
            return " + ".join([" * ".join(pair) for pair in zip(*read, strict=True)])
        return f"np.sum({both}, axis=-1)"

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
        return f"np.stack(np.broadcast_arrays({', '.join(parts)}), axis=-1)"

    def wide(self, slots: Sequence[int]) -> str:
        """The numbers in `slots` with an axis for them, of their length."""
        one = self.column(slots[:1])
        if len(slots) == 1:
            return f"np.expand_dims({one}, -1)"
        if len(set(slots)) == 1:
            return f"np.repeat(np.expand_dims({one}, -1), {len(slots)}, axis=-1)"
        return self.column(slots)

    def setup_once(self, helper: str) -> None:
        if helper not in self.helpers:
            self.helpers.append(helper)

    def own(self, op: str, *, sequence: bool) -> str:
        """The name of a function over arrays for an operation that NumPy has not."""
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
        self.setup_once(
            f"{name} = {call}" if sequence else f"{name} = np.vectorize({call}, otypes=[float])"
        )
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
            numbers = [repr(tape.constants[slot - bound]) for slot in slots]
            return numbers[0] if count == 1 else f"np.array([{', '.join(numbers)}])"
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
            return f"leaves[{[slot - tape.inputs for slot in slots]}]"
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
                part = f"np.broadcast_to({part}, (len(X), {len(run)}))"
            parts.append(part)
        return f"np.concatenate([{', '.join(parts)}], axis=-1)"

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
            return f"leaves[np.array({table})]"
        return f"np.stack([{', '.join(map(self.wide, rows))}])"


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


def _in_brackets(text: str) -> str:
    return f"({text})" if re.search(r" [-+*/@%] |^-", text) else text
