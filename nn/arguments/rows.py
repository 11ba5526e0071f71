"""Samples and targets by their rows, whatever holds them; and what no network can learn from.

Rows are counted by position: neither the index of a Series nor the columns of a
DataFrame matter. Nothing here imports the libraries whose objects it reads.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from autograd import Value
from autograd.errors import ChainruleError, ShapeError
from autograd.support.tables import is_table


class DataError(ChainruleError, ValueError):
    """Samples or targets hold something that cannot be learned from: nan, a gap, a text."""


class RowsError(ChainruleError, TypeError):
    """Something has no rows to go by: a set, a text, a single number."""


def as_rows(samples: Any, name: str = "samples") -> list[Any]:
    """The rows of `samples` as plain lists and numbers: reading those is quick.

    Lists, tuples, arrays, iterators, and by position what pandas, polars and PyTorch
    hold. RowsError for what has no order or no rows, DataError for masked entries.

    >>> as_rows(range(3)), as_rows(zip("ab", [1, 2]))
    ([0, 1, 2], [('a', 1), ('b', 2)])
    """
    rows = in_rows(samples, name)
    if hasattr(samples, "tolist"):
        return samples.tolist()  # type: ignore[no-any-return]
    for position, row in enumerate(rows):
        if hasattr(row, "detach") and hasattr(row, "tolist"):  # a tensor, as data sets give them
            _refuse_what_requires_a_gradient(row, f"{name}[{position}]")
            rows[position] = row.tolist()
    return rows


def in_rows(samples: Any, name: str = "samples") -> list[Any]:
    """As `as_rows`, but the rows of an array stay arrays."""
    _refuse_what_has_no_rows(samples, name)
    if is_table(samples):
        _refuse_columns_of_texts(samples, name)
    if hasattr(samples, "iter_rows"):  # a DataFrame of polars
        return [list(row) for row in samples.iter_rows()]
    if hasattr(samples, "iloc"):  # of pandas: a DataFrame, or a Series in spite of its index
        numbers = samples.to_numpy()
        return numbers.tolist() if numbers.ndim > 1 else samples.tolist()  # type: ignore[no-any-return]
    # A row that is an iterator could be read only once.
    return [list(row) if hasattr(row, "__next__") else row for row in samples]


def _refuse_columns_of_texts(table: Any, name: str) -> None:
    for label in table.columns:
        kind = str(table[label].dtype).lower()
        if kind.startswith(("str", "utf8", "categ", "enum")) or (
            kind == "object" and any(isinstance(x, str) for x in table[label])
        ):
            raise DataError(
                f"column {label!r} of {name} holds texts: leave it out, or turn it into numbers "
                "first, classes into 0 and 1 each (pandas.get_dummies, polars' to_dummies)"
            )


def opened(thing: Any, name: str = "samples") -> Any:
    """The rows of `thing` if it holds others; a number, a Value or a text as it is.

    >>> opened((1, 2)), opened(3.0)
    ([1, 2], 3.0)
    """
    kind = type(thing)
    if kind is list or kind is float or kind is int or isinstance(thing, Value | str | bytes):
        return thing
    if getattr(thing, "shape", None) == ():
        _refuse_what_requires_a_gradient(thing, name)
        return thing.tolist() if hasattr(thing, "tolist") else thing
    return as_rows(thing, name) if _iterable(thing) and not _is_model(thing) else thing


def _refuse_what_has_no_rows(samples: Any, name: str) -> None:
    kind = type(samples).__name__
    if isinstance(samples, Mapping | AbstractSet) and not _is_view(samples):
        remedy = "of the entries you want" if isinstance(samples, Mapping) else f"as sorted({name})"
        raise RowsError(f"{name} is a {kind}, which has no rows in order: pass a list, {remedy}")
    if hasattr(samples, "collect") and hasattr(samples, "lazy"):
        raise RowsError(f"{name} is a {kind}, not computed yet: pass {name}.collect()")
    if hasattr(samples, "toarray") or (hasattr(samples, "to_dense") and _is_sparse(samples)):
        dense = "toarray()" if hasattr(samples, "toarray") else "to_dense()"
        raise RowsError(f"{name} is a sparse {kind}: pass {name}.{dense}")
    if kind == "MaskedArray" and bool(getattr(samples.mask, "any", bool)()):
        raise DataError(
            f"{name} has masked entries: fill them, {name}.filled(number), or drop their rows"
        )
    single = isinstance(samples, str | bytes | bytearray | Value | type) or _is_model(samples)
    if single or getattr(samples, "shape", None) == () or not _iterable(samples):
        raise RowsError(
            f"{name} must be a sequence of rows, one for each sample, got {kind} {samples!r:.60}"
        )
    _refuse_what_requires_a_gradient(samples, name)


def _refuse_what_requires_a_gradient(samples: Any, name: str) -> None:
    if getattr(samples, "requires_grad", False):
        raise RowsError(
            f"{name} is a {type(samples).__name__} that requires a gradient, which it would lose "
            "here: pass its detach().tolist(), or Values"
        )


def _is_model(thing: Any) -> bool:
    return hasattr(thing, "named_parameters")


def _is_view(samples: Any) -> bool:
    """Whether these are the keys, values or items of a dict, which have an order."""
    return type(samples).__name__ in ("dict_keys", "dict_values", "dict_items")


def _is_sparse(tensor: Any) -> bool:
    return bool(
        getattr(tensor, "is_sparse", False) or "sparse" in str(getattr(tensor, "layout", ""))
    )


def _iterable(samples: Any) -> bool:
    try:
        iter(samples)
    except TypeError:
        return False
    return True


def same_length(X: Sequence[Any], y: Sequence[Any], what: str = "") -> None:
    """ShapeError unless there are samples, and one target for each; `what` goes in front."""
    if len(X) != len(y):
        raise ShapeError(f"{what}{len(X)} samples but {len(y)} targets: one target for each sample")
    if len(X) == 0:
        raise ShapeError(f"{what}no samples")


def check_finite(rows: Sequence[Any], name: str) -> None:
    """DataError that names row and column of the first nan, infinity or gap (None) in `rows`."""
    for position, row in enumerate(rows):
        if _plainly_finite(row):
            continue
        found = _first_bad(row, ())
        if found is not None:
            path, what = found
            column = "".join(f", column {place}" for place in path)
            raise DataError(
                f"{name} has {what} in row {position}{column} (counted from 0): "
                "drop the row or put a number there before training"
            )


def check_no_text(rows: Sequence[Any], name: str, remedy: str) -> None:
    """DataError that names the first text in `rows` or their elements, and the `remedy`."""
    for position, row in enumerate(rows):
        items = row if isinstance(row, list | tuple) else [row]
        for column, item in enumerate(items):
            if isinstance(item, str | bytes):
                place = f", column {column}" if items is row else ""
                raise DataError(f"{name} has the text {item!r} in row {position}{place}: {remedy}")


def _plainly_finite(row: Any) -> bool:
    """Whether `row` is numbers that are finite for certain, found out quickly."""
    try:
        return math.isfinite(sum(row) if isinstance(row, list | tuple) else row)
    except (TypeError, ValueError, OverflowError):
        return False


def _first_bad(item: Any, path: tuple[int, ...]) -> tuple[tuple[int, ...], str] | None:
    """The place and the name of the first thing that is no finite number below `item`."""
    if item is None or type(item).__name__ in ("NAType", "NaTType"):
        return path, f"a gap ({item})"
    if isinstance(item, str | bytes | dict) or _is_model(item):
        return None  # for a model of your own
    if isinstance(item, Value):
        item = item.data
    if isinstance(item, Iterable) and getattr(item, "shape", None) != ():
        if len(path) > 32:
            return path[:1], "lists nested more than 32 deep, or one that contains itself,"
        if not hasattr(item, "__len__"):
            return None  # an iterator: looking would use it up
        for position, part in enumerate(item):
            found = _first_bad(part, (*path, position))
            if found is not None:
                return found
        return None
    try:
        return None if math.isfinite(item) else (path, f"{float(item)!r}")
    except OverflowError:
        return path, "an integer too large for a float"
    except (TypeError, ValueError):
        return None
