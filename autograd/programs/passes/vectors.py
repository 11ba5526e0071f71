"""Vectors: independent results of one operation are one instruction."""

from dataclasses import replace
from typing import TYPE_CHECKING

from autograd.programs.passes.building import levels_of, regrouped
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Instruction, Tape

if TYPE_CHECKING:
    from collections.abc import Hashable

_WIDEST = 64  # operands of a result: a longer sequence is work enough for one instruction


def fuse_vectors(tape: Tape) -> Tape:
    """With the results of the same operation on the same level as one instruction."""
    levels = levels_of(tape)
    order = sorted(range(len(levels)), key=lambda i: (i >= tape.hoisted, levels[i]))
    groups: dict[Hashable, list[Instruction]] = {}
    hoisted = 0
    for i in order:
        instruction = tape.instructions[i]
        key: Hashable = i
        own = instruction.op in tape.rules or instruction.op in (MATRIX, LOG_SOFTMAX)
        if not own and instruction.count == 1 and len(instruction.operands) <= _WIDEST:
            key = instruction.op, len(instruction.operands), levels[i], i < tape.hoisted
        group = groups.setdefault(key, [])
        hoisted += i < tape.hoisted and not group
        group.append(instruction)
    fused = regrouped(tape, [(group[0].op, group) for group in groups.values()])
    return replace(fused, hoisted=hoisted)
