"""Hoisting: what depends on no input is computed once a call, not once a row."""

from dataclasses import replace

from autograd.programs.passes.building import regrouped
from autograd.programs.tape import Tape


def hoist(tape: Tape) -> Tape:
    """With the instructions that depend on no input first."""
    depends = bytearray(tape.slots)
    depends[: tape.inputs] = b"\1" * tape.inputs
    first, later = [], []
    for instruction in tape.instructions:
        _, operands, start, count = instruction
        if any(depends[slot] for slot in operands):
            depends[start : start + count] = b"\1" * count
            later.append((instruction.op, [instruction]))
        else:
            first.append((instruction.op, [instruction]))
    return replace(regrouped(tape, [*first, *later]), hoisted=len(first))
