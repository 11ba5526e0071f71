"""What `Program.tape` is: the tape as traced and as optimised, printed as a student reads it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Tape

_MOST_LINES = 40
_MOST_OPERANDS = 6


class TapeView(NamedTuple):
    """The tape of a Program `before` and `after` it was optimised; `print` shows both."""

    before: Tape
    after: Tape
    names: Sequence[str]  # of the inputs
    leaves: Sequence[Any]

    def __repr__(self) -> str:
        parts = [
            f"as traced: {counted(self.before)}",
            *listing(self.before, self.names, self.leaves),
            "",
            f"optimised: {counted(self.after)}",
            *listing(self.after, self.names, self.leaves),
        ]
        return "\n".join(parts)


def counted(tape: Tape) -> str:
    """How many instructions and results there are, and of what."""
    ops = Counter(instruction.op for instruction in tape.instructions)
    results = tape.slots - tape.first_result
    kinds = ", ".join(f"{count} {op}" for op, count in ops.most_common())
    once = f", {tape.hoisted} of them once a call" if tape.hoisted else ""
    return (
        f"{_of(len(tape.instructions), 'instruction')}{once}, {_of(results, 'result')} "
        f"({kinds or 'nothing to compute'})"
    )


def listing(tape: Tape, names: Sequence[str] = (), leaves: Sequence[Any] = ()) -> list[str]:
    """The tape as lines: what is given, every instruction, what is the output."""
    call = [*_called(names, tape.inputs, "x"), *_called_leaves(leaves, tape.leaves)]
    call += [repr(number) for number in tape.constants]
    lines = []
    if tape.inputs:
        lines.append(f"  inputs     {_few(call[: tape.inputs])}")
    if tape.leaves:
        lines.append(f"  leaves     {_few(call[tape.inputs : tape.inputs + tape.leaves])}")
    if tape.constants:
        lines.append(f"  constants  {_few(call[tape.inputs + tape.leaves :])}")
    first = tape.first_result

    def name(slot: int) -> str:
        return call[slot] if slot < first else f"v{slot - first}"

    steps = []
    for position, (op, operands, slot, count) in enumerate(tape.instructions):
        results = f"v{slot - first}"
        if count > 1:
            results += f"..v{slot - first + count - 1}"
        own = tape.instructions[position]
        if op == MATRIX:
            width = own.width
            shared = _span(operands[count * width :], name)
            weights = _span(operands[: count * width], name)
            read = f"{count}x{width} weights {weights}; {shared}"
        elif op == LOG_SOFTMAX or count == 1:
            read = _span(operands, name)
        else:
            columns = [operands[i * count : (i + 1) * count] for i in range(own.width)]
            read = _few([_span(column, name) for column in columns])
        mark = "  (no gradient)" if slot in tape.fixed else ""
        steps.append(f"  {results} = {op}({read}){mark}")
        if position + 1 == tape.hoisted < len(tape.instructions):
            steps.append("  -- from here on for every row --")
    if len(steps) > _MOST_LINES:
        left = len(steps) - _MOST_LINES
        half = _MOST_LINES // 2
        steps[half : len(steps) - half] = [f"  ... {left} more ..."]
    return [*lines, *steps, f"  output     {_few([name(slot) for slot in tape.outputs])}"]


def _span(slots: Sequence[int], name: Any) -> str:
    """Several slots; those that follow each other as first..last."""
    if len(slots) > 2 and list(slots) == list(range(slots[0], slots[0] + len(slots))):
        return f"{name(slots[0])}..{name(slots[-1])}"
    if len(slots) > 2 and len(set(slots)) == 1:
        return name(slots[0])  # type: ignore[no-any-return]
    return _few([name(slot) for slot in slots])


def _few(texts: Sequence[str]) -> str:
    if len(texts) <= _MOST_OPERANDS:
        return ", ".join(texts)
    half = _MOST_OPERANDS // 2
    return ", ".join([*texts[:half], f"... {len(texts) - 2 * half} more ...", *texts[-half:]])


def _called(names: Sequence[str], count: int, letter: str) -> list[str]:
    return list(names) if len(names) == count else [f"{letter}{i}" for i in range(count)]


def _called_leaves(leaves: Sequence[Any], count: int) -> list[str]:
    return _called([leaf.label or f"w{i}" for i, leaf in enumerate(leaves)], count, "w")


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
