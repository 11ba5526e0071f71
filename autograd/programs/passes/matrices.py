"""Matrices: dot products that share one sequence are one instruction."""

from collections import Counter
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from autograd.programs.passes.building import by_level, instruction, levels_of, regrouped, reordered
from autograd.programs.tape import MATRIX, Instruction, Tape

if TYPE_CHECKING:
    from collections.abc import Hashable

_Half = tuple[int, ...]


def fuse_matrices(tape: Tape) -> Tape:
    """With the dots on one level that have a sequence in common as one matrix.

    Either of the two sequences may be the common one: products commute. The rows of weights
    depend on no input, so that they are the same for a whole batch.
    """
    sides = _common_sides(tape)
    if not sides:
        return tape
    instructions = list(tape.instructions)
    keys: list[Hashable] = [None] * len(instructions)
    for number, (weights, shared) in sides.items():
        old = instructions[number]
        instructions[number] = instruction(old.op, weights + shared, old.first, 1)
        keys[number] = shared
    turned = replace(tape, instructions=tuple(instructions))
    groups, hoisted = by_level(turned, keys)
    named = [
        (MATRIX if len(group) > 1 else group[0].op, sorted(group, key=attrgetter("operands")))
        for _, group in groups
    ]  # rows in the order of their weights, which may then lie one after the other
    return _side_by_side(regrouped(turned, named, hoisted))


def _side_by_side(tape: Tape) -> Tape:
    """On each level the matrices with the same weights after each other: see `lowering.py`."""
    levels = levels_of(tape)
    first_of: dict[Hashable, int] = {}
    places = []
    for number, (each, level) in enumerate(zip(tape.instructions, levels, strict=True)):
        place = number
        if each.op == MATRIX:
            weights = each.operands[: each.count * each.width]
            place = first_of.setdefault((number < tape.hoisted, level, weights), number)
        places.append(place)
    order = sorted(range(len(places)), key=lambda number: (places[number], number))
    if order == list(range(len(order))):
        return tape
    return reordered(tape, [tape.instructions[number] for number in order], tape.hoisted)


def _common_sides(tape: Tape) -> dict[int, tuple[_Half, _Half]]:
    """Of each dot that may be part of a matrix: its weights, and what it has in common."""
    found: dict[int, list[tuple[_Half, _Half]]] = {}
    bound = _first_by_rows(tape)
    for number, each in enumerate(tape.instructions):
        if each.op == "dot" and each.count == 1 and each.width > 2:
            sides = _sides(each, tape.inputs, bound, once=number < tape.hoisted)
            if sides:
                found[number] = sides
    if len(found) < 2:
        return {}
    levels = levels_of(tape)
    names: dict[_Half, int] = {}  # a number for each sequence: it is quicker to compare
    keys = {
        number: [
            (number < tape.hoisted, levels[number], names.setdefault(shared, len(names)))
            for _, shared in sides
        ]
        for number, sides in found.items()
    }
    times = Counter(chain.from_iterable(keys.values()))
    best = {}
    for number, sides in found.items():
        often = [times[key] for key in keys[number]]
        if max(often) > 1:
            best[number] = sides[often.index(max(often))]
    return best


def _sides(dot: Instruction, inputs: int, bound: int, *, once: bool) -> list[tuple[_Half, _Half]]:
    """The sequences of a dot as weights and common sequence, both ways where both may be."""
    half = len(dot.operands) // 2
    left, right = dot.operands[:half], dot.operands[half:]
    ways = [(left, right)] if left == right else [(left, right), (right, left)]
    return [way for way in ways if once or (min(way[0]) >= inputs and max(way[0]) < bound)]


def _first_by_rows(tape: Tape) -> int:
    """The first slot of a result that differs from row to row."""
    if tape.hoisted < len(tape.instructions):
        return tape.instructions[tape.hoisted].first
    return tape.slots
