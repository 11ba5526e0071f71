"""Vectors: independent results of one operation are one instruction."""

from typing import TYPE_CHECKING

from autograd.programs.passes.building import by_level, regrouped
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Tape

if TYPE_CHECKING:
    from collections.abc import Hashable

_WIDEST = 64  # operands of a result: a longer sequence is work enough for one instruction


def fuse_vectors(tape: Tape) -> Tape:
    """With the results of the same operation on the same level as one instruction."""
    alone = {*tape.rules, MATRIX, LOG_SOFTMAX}
    keys: list[Hashable] = [
        None if count > 1 or len(operands) > _WIDEST or op in alone else (op, len(operands))
        for op, operands, _, count in tape.instructions
    ]
    groups, hoisted = by_level(tape, keys)
    return regrouped(tape, [(group[0].op, group) for _, group in groups], hoisted)
