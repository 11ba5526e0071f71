"""What kind all the targets are: two classes, signs, one-hot rows ..."""

from collections.abc import Sequence
from typing import Any

from autograd.engines.numbers import float_of
from nn.arguments.rows import opened


def targets_kind(y: Sequence[Any]) -> str:
    """What all the targets are, in one word; "" where they are no classes.

    "two" are 0 and 1, "signs" -1 and 1, "ones" only 1, "classes" ints from 0 up; of rows
    "one-hot", or "several" and "several signs" where the classes do not exclude each other.
    """
    try:
        rows = [_plain(opened(target)) for target in y]
    except TypeError:  # texts, say
        return ""
    if not rows:
        return ""
    # Not with all() and any(): a generator that is left early can swallow a Ctrl-C.
    lists = [row for row in rows if isinstance(row, list)]
    if lists:
        several = len(lists) == len(rows) and min(map(len, lists)) > 1
        return _rows_kind(lists) if several else ""
    numbers = set(rows)
    if numbers <= {0.0, 1.0}:
        return "ones" if numbers == {1.0} else "two"
    if numbers <= {-1.0, 1.0}:
        return "signs"
    return "classes" if all(n >= 0.0 and float(n).is_integer() for n in numbers) else ""


def without_brackets(y: Sequence[Any]) -> Sequence[Any]:
    """`y`, of rows of one target each the targets."""
    rows = list(map(opened, y))
    for row in rows:
        if not isinstance(row, list) or len(row) != 1:
            return y
    return [row[0] for row in rows]


def _rows_kind(rows: list[list[float]]) -> str:
    numbers = {number for row in rows for number in row}
    if all(row.count(1.0) == 1 for row in rows) and (
        numbers <= {0.0, 1.0} or numbers <= {-1.0, 1.0}
    ):
        return "one-hot"
    if numbers <= {0.0, 1.0}:
        return "several"
    return "several signs" if numbers <= {-1.0, 1.0} else ""


def _plain(target: Any) -> Any:
    return list(map(float_of, target)) if isinstance(target, list) else float_of(target)
