"""Hoisting: what depends on no input is computed once a call, not once a row."""

from autograd.programs.passes.building import reordered
from autograd.programs.tape import Tape


def hoist(tape: Tape) -> Tape:
    """With the instructions that depend on no input first."""
    depends = bytearray(tape.slots)
    depends[: tape.inputs] = b"\1" * tape.inputs
    once, later = [], []
    for instruction in tape.instructions:
        _, operands, first, count = instruction
        if any(map(depends.__getitem__, operands)):
            depends[first : first + count] = b"\1" * count
            later.append(instruction)
        else:
            once.append(instruction)
    return reordered(tape, [*once, *later], len(once))
