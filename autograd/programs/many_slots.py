"""What passes and the lowering do with the slots of long instructions, natively where built."""

from collections import Counter
from importlib import import_module
from itertools import chain
from typing import Any

Slots = tuple[int, ...]

try:
    native: Any = import_module("autograd.programs._replay")
except ImportError:  # it was not built here
    native = None


def _moved(place: list[int], slots: Slots) -> Slots:
    """`place` of each of the slots, which may be negative."""
    return tuple([place[slot] for slot in slots])


def _mark(marks: bytearray, slots: Slots) -> None:
    """Set the marks of these slots."""
    for slot in slots:
        marks[slot] = 1


def _any_marked(marks: bytearray, slots: Slots) -> bool:
    """Whether one of these slots is marked."""
    return any(map(marks.__getitem__, slots))


def _uses(sequences: list[Slots], count: int) -> list[int]:
    """How often each of so many slots stands in the sequences of slots."""
    found = Counter(chain.from_iterable(sequences))
    return [found[slot] for slot in range(count)]


moved = native.moved if native else _moved
mark = native.mark if native else _mark
any_marked = native.any_marked if native else _any_marked
uses = native.uses if native else _uses
