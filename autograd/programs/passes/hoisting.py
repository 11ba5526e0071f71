"""Hoisting: what depends on no input is computed once a call, not once a row."""

from dataclasses import replace

from autograd.programs.many_slots import any_marked
from autograd.programs.passes.building import reordered
from autograd.programs.tape import Tape


def hoist(tape: Tape) -> Tape:
    """With the instructions that depend on no input first."""
    depends = bytearray(tape.slots)
    depends[: tape.inputs] = b"\1" * tape.inputs
    once, later = [], []
    for instruction in tape.instructions:
        _, operands, first, count = instruction
        if any_marked(depends, operands):
            depends[first : first + count] = b"\1" * count
            later.append(instruction)
        else:
            once.append(instruction)
    if not once:
        return replace(tape, hoisted=0)
    return reordered(tape, [*once, *later], len(once))
