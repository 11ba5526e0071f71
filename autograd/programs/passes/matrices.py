"""Matrices: dot products that share one sequence are one instruction."""

from dataclasses import replace
from typing import TYPE_CHECKING

from autograd.programs.passes.building import levels_of, regrouped
from autograd.programs.tape import MATRIX, Instruction, Tape

if TYPE_CHECKING:
    from collections.abc import Hashable


def fuse_matrices(tape: Tape) -> Tape:
    """With the dots on one level that have a sequence in common as one matrix.

    The rows of weights depend on no input, so that they are the same for a whole batch.
    """
    levels = levels_of(tape)
    bound = _first_by_rows(tape)
    order = sorted(
        range(len(levels)), key=lambda i: (i >= tape.hoisted, levels[i])
    )  # stable: those of one level stay in order
    groups: dict[Hashable, list[Instruction]] = {}
    for i in order:
        instruction = tape.instructions[i]
        key: Hashable = i
        if instruction.op == "dot" and instruction.count == 1 and instruction.width > 2:
            half = instruction.width // 2
            weights, shared = instruction.operands[:half], instruction.operands[half:]
            once = i < tape.hoisted
            if once or all(_is_uniform(slot, bound, tape) for slot in weights):
                key = shared, levels[i], once
        groups.setdefault(key, []).append(instruction)
    named = [(MATRIX if len(g) > 1 else g[0].op, g) for g in groups.values()]
    fused = regrouped(tape, named)
    hoisted = sum(instruction.first < bound for instruction in fused.instructions)
    return replace(fused, hoisted=hoisted)


def _first_by_rows(tape: Tape) -> int:
    """The first slot of a result that differs from row to row."""
    if tape.hoisted < len(tape.instructions):
        return tape.instructions[tape.hoisted].first
    return tape.slots


def _is_uniform(slot: int, bound: int, tape: Tape) -> bool:
    return tape.inputs <= slot < bound
