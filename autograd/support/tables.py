"""Tables of pandas and polars as arrays of numbers; neither is imported."""

from typing import Any

from autograd.errors import NumberError


def is_table(thing: Any) -> bool:
    """Whether it has named columns: a DataFrame of pandas, polars or the like."""
    return hasattr(thing, "columns") and hasattr(thing, "to_numpy")


def is_series(thing: Any) -> bool:
    """Whether it is one such column."""
    return hasattr(thing, "to_numpy") and hasattr(thing, "name") and not hasattr(thing, "columns")


def array_of(table: Any, name: str) -> Any:
    """The numbers of a table, a row for each of its; NumberError names a column of other things."""
    import numpy as np

    columns = [table[label] for label in table.columns]
    found = [_numbers(column, f"column {label!r} of {name}") for label, column in
             zip(table.columns, columns, strict=True)]  # fmt: skip
    return np.column_stack(found) if found else np.empty((len(table), 0))


def array_of_series(series: Any, name: str) -> Any:
    """The numbers of one column."""
    return _numbers(series, name)


def _numbers(column: Any, what: str) -> Any:
    import numpy as np

    numbers = column.to_numpy()
    if numbers.dtype.kind in "fiub":
        return np.ascontiguousarray(numbers, dtype=np.float64)
    try:
        if numbers.dtype.kind == "O" and not any(isinstance(x, str | bytes) for x in numbers):
            return np.array([float(x) for x in numbers])  # gaps become nan, which is refused later
    except (TypeError, ValueError):
        pass
    raise NumberError(
        f"{what} holds {getattr(column, 'dtype', numbers.dtype)}, no numbers: leave it out, or "
        "turn it into numbers first, classes into 0 and 1 each (pandas.get_dummies, polars' "
        "to_dummies)"
    )
