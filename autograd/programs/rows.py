"""What a Program is called with: the numbers in it, and the structure that they stand in.

The numbers are inputs. Texts, None, True and False, and other objects that can be hashed,
are settings: they belong to the structure, and another one is another trace.
"""

import math
from array import array
from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from autograd.engines.select import Value
from autograd.errors import NumberError, ShapeError
from autograd.programs.many_slots import native
from autograd.support import tables
from autograd.support.arguments import as_float
from autograd.support.structures import DEEPEST

NUMBER = 0  # the key of one number


def key_of(tree: Any, numbers: list[Any], depth: int = 0) -> Hashable:
    """The structure of `tree`, to be compared; its numbers and Values are added to `numbers`.

    NumberError for what is neither number nor structure, and cannot be hashed either.
    """
    kind = type(tree)
    if kind is float or kind is int or kind is Value:
        numbers.append(tree)
        return NUMBER
    if depth > DEEPEST:
        raise ShapeError(
            f"over {DEEPEST} levels of lists in lists: if one holds itself, take it out"
        )
    if kind is list or kind is tuple:
        if set(map(type, tree)) == {float}:
            numbers += tree
            return kind, len(tree)
        keys = tuple([key_of(branch, numbers, depth + 1) for branch in tree])
        return kind, keys if any(keys) else len(keys)
    if isinstance(tree, dict):
        names = tuple(tree)
        return kind, names, tuple([key_of(tree[name], numbers, depth + 1) for name in names])
    if isinstance(tree, list | tuple):
        keys = tuple([key_of(branch, numbers, depth + 1) for branch in tree])
        return kind, keys if any(keys) else len(keys)
    if kind.__module__ == "numpy" and bool(getattr(tree, "shape", ())):
        _check_kind(tree)
        numbers += tree.ravel().tolist()
        return "array", tree.shape
    if kind is bool or tree is None or isinstance(tree, str | bytes):
        return "setting", kind, tree
    if isinstance(tree, Value):
        numbers.append(tree)
        return NUMBER
    if not is_setting(tree):
        numbers.append(as_float(tree))
        return NUMBER
    try:
        hash(tree)
    except TypeError:
        raise NumberError(
            f"a compiled function takes numbers, Values, lists, tuples, dicts and arrays of them, "
            f"and settings that can be hashed; got {kind.__name__} {tree!r:.60}"
        ) from None
    return "setting", kind, tree


class Row(NamedTuple):
    """One call: its structure, its numbers, and whether there is a Value among them."""

    key: Hashable
    numbers: Any  # a buffer of doubles
    with_values: bool


def row_of(arguments: tuple[Any, ...], named: dict[str, Any]) -> Row:
    """The structure and the numbers of the arguments of a call; arrays as they lie in memory."""
    given = (*arguments, *named.values()) if named else arguments
    if len(given) == 1 and is_array(given[0]) and given[0].dtype.str[1:] == "f8":
        [block] = given
        if block.flags.c_contiguous and block.dtype.isnative:  # as it lies there
            key: Hashable = ("array", block.shape)
            return Row(((key,), tuple(named)), block.reshape(-1), False)
    numbers: list[Any] = []
    row = array("d")
    keys: list[Hashable] = []
    for argument in given:
        if is_array(argument) and argument.dtype.kind in "fiu":
            row.extend(numbers)
            numbers = []
            row.frombytes(argument.astype("d", copy=False).tobytes())
            keys.append(("array", argument.shape))
        else:
            keys.append(key_of(argument, numbers))
            if any(isinstance(number, Value) for number in numbers):
                return Row((), row, True)
    row.extend(numbers)
    return Row((tuple(keys), tuple(named)), row, False)


def is_setting(leaf: Any) -> bool:
    """Whether a leaf of the arguments is a setting and no number."""
    kind = type(leaf)
    if kind is float or kind is int or isinstance(leaf, Value):
        return False
    if kind is bool or leaf is None or isinstance(leaf, str | bytes):
        return True
    try:
        as_float(leaf)
    except NumberError:
        return True
    return False


class Rows(NamedTuple):
    """Many rows: their structure, and their numbers one after the other."""

    key: Hashable
    numbers: Any  # a buffer of doubles, row by row
    count: int  # type: ignore[assignment]  # a tuple's own method is not wanted here
    width: int
    columns: tuple[Any, ...]  # as they were given
    named: dict[str, Any]

    def first(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the first row."""
        return (
            tuple([column[0] for column in self.columns]),
            {name: column[0] for name, column in self.named.items()},
        )

    def as_arrays(self) -> bool:
        """Whether an array was given, so that results are arrays too."""
        return any(map(is_array, (*self.columns, *self.named.values())))


class _Column(NamedTuple):
    key: Hashable
    numbers: Any
    width: int
    count: int  # type: ignore[assignment]  # a tuple's own method is not wanted here


def rows_of(arguments: tuple[Any, ...], named: dict[str, Any]) -> Rows:
    """Rows from columns: item i of every argument is what the function takes in call i.

    ShapeError for arguments of different lengths, and for rows of different structure;
    ValueError for a number that is not finite, by row and column.
    """
    if any(map(_has_columns, (*arguments, *named.values()))):
        arguments = tuple(map(_from_table, arguments, range(len(arguments))))
        named = {name: _from_table(held, name) for name, held in named.items()}
    found = native.blocks(arguments) if native and not named else None
    if found is not None:
        key, numbers, count, width = found
        return Rows((key, ()), numbers, count, width, arguments, named)
    given = [*arguments, *named.values()]
    if not given:
        raise TypeError("batch takes at least one argument: a sequence with one item for each row")
    columns = [_column(argument, place) for place, argument in enumerate(given)]
    count = columns[0].count
    if any(column.count != count for column in columns):
        counts = [column.count for column in columns]
        raise ShapeError(f"the arguments have {counts} rows: give all of them as many")
    if not count:
        raise ShapeError("a batch of no rows: give at least one")
    width = sum([column.width for column in columns])
    numbers = columns[0].numbers if len(columns) == 1 else _side_by_side(columns, count, width)
    check_finite(numbers, width, count)
    key = tuple([column.key for column in columns]), tuple(named)
    return Rows(key, numbers, count, width, arguments, named)


def _has_columns(argument: Any) -> bool:
    return not is_array(argument) and (tables.is_table(argument) or tables.is_series(argument))


def _from_table(argument: Any, place: int | str) -> Any:
    """A table or one of its columns as an array; all else as it is."""
    if not _has_columns(argument):
        return argument
    what = f"argument {place}"
    if tables.is_table(argument):
        return tables.array_of(argument, what)
    return tables.array_of_series(argument, what)


def _column(argument: Any, place: int) -> _Column:
    if is_array(argument):
        import numpy as np

        if argument.dtype != object:
            block = argument
            if argument.dtype != np.float64 or not argument.flags.c_contiguous:
                _check_kind(argument)
                block = np.ascontiguousarray(argument, dtype=np.float64)
            shape = argument.shape[1:]
            key = ("array", shape) if shape else NUMBER
            return _Column(key, block, math.prod(shape), len(block))
    if isinstance(argument, array) and argument.typecode == "d":
        return _Column(NUMBER, argument, 1, len(argument))
    if isinstance(argument, str | bytes | dict | set) or not hasattr(argument, "__getitem__"):
        raise TypeError(
            f"argument {place} of batch is a sequence with one item for each row, got "
            f"{type(argument).__name__}"
        )
    kinds = set(map(type, argument))
    if kinds == {float}:
        return _Column(NUMBER, array("d", argument), 1, len(argument))
    if kinds == {list} and set(map(type, chain.from_iterable(argument))) == {float}:
        lengths = set(map(len, argument))
        if len(lengths) == 1:
            [width] = lengths
            flat = array("d", chain.from_iterable(argument))
            return _Column((list, width), flat, width, len(argument))
    return _column_of_any(argument, place)


def _column_of_any(argument: Sequence[Any], place: int) -> _Column:
    numbers: list[Any] = []
    key, width = None, 0
    for row, item in enumerate(argument):
        before = len(numbers)
        own = key_of(item, numbers)
        if not row:
            key, width = own, len(numbers)
        elif own != key:
            got = len(numbers) - before
            what = f"{got} numbers, row 0 has {width}" if got != width else "another structure"
            raise ShapeError(f"row {row} of argument {place} has {what}: all rows must be alike")
    for position, number in enumerate(numbers):
        if isinstance(number, Value):
            raise NumberError(
                f"row {position // max(width, 1)} of argument {place} holds a Value: a batch is "
                "of numbers; call the plain function with Values"
            )
    return _Column(key, array("d", numbers), width, len(argument))


def _side_by_side(columns: list[_Column], count: int, width: int) -> Any:
    """The blocks of all columns as one, row by row."""
    if native:
        return native.side_by_side([(column.numbers, column.width) for column in columns], count)
    if any(is_array(column.numbers) for column in columns):
        import numpy as np

        block = np.empty((count, width))
        at = 0
        for column in columns:
            block[:, at : at + column.width] = np.asarray(column.numbers).reshape(count, -1)
            at += column.width
        return block
    flat = array("d", bytes(8 * count * width))
    at = 0
    for column in columns:
        for offset in range(column.width):
            flat[at + offset :: width] = column.numbers[offset :: column.width]
        at += column.width
    return flat


def check_finite(numbers: Any, width: int, count: int) -> None:
    """ValueError for the first of `numbers`, rows of `width`, that is nan or infinite."""
    if native:
        if native.first_not_finite(numbers) < 0:
            return
        numbers = memoryview(numbers).cast("B").cast("d").tolist()
    elif is_array(numbers):
        import numpy as np

        if np.isfinite(numbers).all():
            return
        numbers = numbers.ravel().tolist()
    elif all(map(math.isfinite, numbers)):
        return
    place = next(i for i, number in enumerate(numbers) if not math.isfinite(number))
    where = f"row {place // width}, column {place % width}" if count > 1 else f"input {place}"
    raise ValueError(
        f"{where} is {numbers[place]!r}: a compiled function takes finite numbers; for others "
        "call it without autograd.compile"
    )


def total(numbers: "array[float]") -> float:
    """Their sum from left to right, as eager code adds; `sum` does better from Python 3.12 on."""
    if native:
        return native.total(numbers)  # type: ignore[no-any-return]
    found = 0.0
    for number in numbers:
        found += number
    return found


def is_array(argument: Any) -> bool:
    """Whether it is an array of NumPy, with an axis at least."""
    return type(argument).__module__ == "numpy" and bool(getattr(argument, "shape", ()))


def _check_kind(tree: Any) -> None:
    if tree.dtype.kind not in "fiuO":
        raise NumberError(f"an array of {tree.dtype} holds no real numbers: give floats or ints")
