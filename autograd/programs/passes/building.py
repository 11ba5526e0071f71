"""What the passes have in common: a new tape made step by step, or from instructions regrouped."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from autograd.programs.many_slots import moved, uses
from autograd.programs.tape import MATRIX, Instruction, Tape

if TYPE_CHECKING:
    from collections.abc import Hashable

_new_tuple = tuple.__new__


@contextmanager
def without_collector() -> Iterator[None]:
    """No looking for cycles: traces and passes make many tuples, none of them in one."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class Builder:
    """A tape in the making, of instructions with one result each.

    While it grows its slots are numbered otherwise: constants downwards from -1, so that
    there may be more of them; inputs and leaves as in `tape`, and results from there on.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.constants: list[float] = []
        self._known: dict[str, int] = {}
        self.steps: list[tuple[str, tuple[int, ...]]] = []
        self.fixed: set[int] = set()
        self._first = tape.inputs + tape.leaves
        self.place = [*range(self._first), *map(self.constant, tape.constants)]

    def constant(self, number: float) -> int:
        """The slot of a constant, which there is once."""
        key = number.hex()
        slot = self._known.get(key)
        if slot is None:
            self.constants.append(number)
            slot = self._known[key] = -len(self.constants)
        return slot

    def known(self, number: float) -> int | None:
        """The slot of that constant if there is one already."""
        return self._known.get(number.hex())

    def step(self, op: str, operands: tuple[int, ...], *, fixed: bool = False) -> int:
        """The slot of a new result."""
        slot = self._first + len(self.steps)
        self.steps.append((op, operands))
        if fixed:
            self.fixed.add(slot)
        return slot

    def tape_with(self, outputs: Iterable[int]) -> Tape:
        """The tape, with `outputs` as numbered here."""
        first, count = self._first, len(self.constants)
        stop = first + count
        # Read from the end, where negative numbers lead: the constants.
        final = [*range(first), *range(stop, stop + len(self.steps)), *reversed(range(first, stop))]
        instructions = [
            instruction(op, moved(final, operands), number, 1)
            for number, (op, operands) in enumerate(self.steps, stop)
        ]
        return replace(
            self.tape,
            constants=tuple(self.constants),
            instructions=tuple(instructions),
            outputs=tuple([final[slot] for slot in outputs]),
            fixed=frozenset([final[slot] for slot in self.fixed]),
            hoisted=0,
        )


def uses_of(tape: Tape) -> list[int]:
    """How often every slot is an operand or an output."""
    read = [operands for _, operands, _, _ in tape.instructions]
    return uses([*read, tape.outputs], tape.slots)


def levels_of(tape: Tape) -> list[int]:
    """How many instructions lie below each instruction at most: those alike are independent."""
    level = [0] * tape.slots
    found = []
    for _, operands, first, count in tape.instructions:
        own = 1 + max(map(level.__getitem__, operands), default=0)
        found.append(own)
        if count == 1:
            level[first] = own
        else:
            level[first : first + count] = [own] * count
    return found


def reordered(tape: Tape, instructions: Iterable[Instruction], hoisted: int) -> Tape:
    """With these of its instructions, in this order, each after what it is computed from."""
    return regrouped(tape, [(each[0], [each]) for each in instructions], hoisted)


def by_level(
    tape: Tape, keys: Iterable["Hashable"]
) -> tuple[list[tuple["Hashable", list[Instruction]]], int]:
    """The instructions in groups of one key and one level, and how many groups are hoisted.

    Groups are in the order of their levels, those that are hoisted before all others, and
    instructions in a group stay in order. An instruction whose key is None stays alone.
    """
    parts: list[dict[tuple[int, int, Hashable], list[Instruction]]] = [{}, {}]
    levels = levels_of(tape)
    for number, (each, level, key) in enumerate(zip(tape.instructions, levels, keys, strict=True)):
        later = number >= tape.hoisted
        full = level, (number if key is None else -1), key
        group = parts[later].get(full)
        if group is None:
            parts[later][full] = [each]
        else:
            group.append(each)
    # Sorting is stable, so that groups of one level stay in the order of their first members.
    ordered = [sorted(part.items(), key=lambda item: item[0][0]) for part in parts]
    groups = [(full[2], group) for part in ordered for full, group in part]
    return groups, len(parts[0])


def regrouped(tape: Tape, groups: Iterable[tuple[str, list[Instruction]]], hoisted: int) -> Tape:
    """The same instructions in the order of `groups`, each of which becomes one of that op.

    A group of one instruction stays what it is, and what is in no group goes.
    """
    at = tape.first_result
    place = [*range(at), *[-1] * (tape.slots - at)]
    instructions = []
    for op, group in groups:
        if len(group) == 1:
            [(_, operands, first, count)] = group
        else:
            operands, first, count = _together(op, group), -1, len(group)
        instructions.append(instruction(op, moved(place, operands), at, count))
        if first < 0:
            for slot, each in enumerate(group, at):
                place[each[2]] = slot
        elif count == 1:
            place[first] = at
        else:
            place[first : first + count] = range(at, at + count)
        at += count
    return replace(
        tape,
        instructions=tuple(instructions),
        outputs=tuple([place[slot] for slot in tape.outputs]),
        fixed=frozenset([place[slot] for slot in tape.fixed if place[slot] >= 0]),
        hoisted=hoisted,
    )


def instruction(op: str, operands: tuple[int, ...], first: int, count: int) -> Instruction:
    """An Instruction, without the detour over named arguments: tapes are long."""
    return _new_tuple(Instruction, (op, operands, first, count))


def _together(op: str, group: list[Instruction]) -> tuple[int, ...]:
    if op == MATRIX:  # of dots that have the second sequence in common
        half = len(group[0].operands) // 2
        weights = [slot for dot in group for slot in dot.operands[:half]]
        return (*weights, *group[0].operands[half:])
    columns = zip(*[each[1] for each in group], strict=True)
    return tuple([slot for column in columns for slot in column])
