"""Nested lists, tuples, dicts and arrays of numbers: taken apart, and put together again."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.errors import ShapeError

Rebuild = Callable[[Sequence[Any]], Any]


DEEPEST = 100  # levels of lists in lists


def flatten(tree: Any, whole_arrays: bool = False, *, depth: int = 0) -> tuple[list[Any], Rebuild]:
    """The leaves of `tree` in order, and the function that puts others in their places.

    Lists, tuples (also named ones), dicts and NumPy arrays branch; all else is a
    leaf, and so are arrays with `whole_arrays`. ShapeError for a tree that has no
    end, as a list that holds itself; `depth` counts its levels.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves, rebuild("xyz")
    ([1.0, 2.0, 3.0], {'w': ['x', 'y'], 'b': 'z'})
    """
    if depth > DEEPEST:
        raise ShapeError(
            f"over {DEEPEST} levels of lists in lists: if one holds itself, take it out; give a "
            "structure that ends in numbers"
        )
    if isinstance(tree, dict):
        keys = list(tree)
        leaves, rebuild = flatten(list(tree.values()), whole_arrays, depth=depth + 1)
        return leaves, lambda new: dict(zip(keys, rebuild(new), strict=True))
    if isinstance(tree, list | tuple):
        make = getattr(tree, "_make", type(tree)) if isinstance(tree, tuple) else list
        if not any(map(_branches, set(map(type, tree)))):
            return list(tree), make
        branches = [flatten(branch, whole_arrays, depth=depth + 1) for branch in tree]

        def rebuilt(new: Sequence[Any]) -> Any:
            parts, start = [], 0
            for branch_leaves, rebuild_branch in branches:
                parts.append(rebuild_branch(new[start : start + len(branch_leaves)]))
                start += len(branch_leaves)
            return make(parts)

        return [leaf for branch_leaves, _ in branches for leaf in branch_leaves], rebuilt
    if _is_array(tree) and not whole_arrays:
        return tree.ravel().tolist(), lambda new: _array(new, tree.shape)
    return [tree], lambda new: new[0]


class _Block(NamedTuple):
    """A number or an array among the leaves of a tree."""

    start: int
    stop: int
    shape: tuple[int, ...]


def table(rows: Sequence[Sequence[Any]], by_row: Any, by_column: Any) -> Any:
    """The numbers in `rows`, which belong to one leaf of `by_row` and one of `by_column` each.

    The result has the structure of `by_row`, and in the place of each of its
    numbers and arrays the structure of `by_column`. An array has the axes of
    both that meet there, as in JAX.

    >>> table([[1.0, 2.0], [3.0, 4.0]], {"a": 0.0, "b": 0.0}, [0.0, 0.0])
    {'a': [1.0, 2.0], 'b': [3.0, 4.0]}
    """
    row_blocks, rebuild_rows = _blocks(by_row)
    column_blocks, rebuild_columns = _blocks(by_column)
    only_numbers = not any(column.shape for column in column_blocks)

    def columns_of(block: _Block) -> Any:
        if only_numbers and not block.shape:
            return rebuild_columns(rows[block.start])
        own = rows[block.start : block.stop]
        return rebuild_columns([_crossed(own, block, column) for column in column_blocks])

    return rebuild_rows([columns_of(block) for block in row_blocks])


def _blocks(tree: Any) -> tuple[list[_Block], Rebuild]:
    leaves, rebuild = flatten(tree, whole_arrays=True)
    blocks, start = [], 0
    for leaf in leaves:
        shape = leaf.shape if _is_array(leaf) else ()
        blocks.append(_Block(start, start + math.prod(shape), shape))
        start = blocks[-1].stop
    return blocks, rebuild


def _crossed(rows: Sequence[Sequence[Any]], block: _Block, column: _Block) -> Any:
    numbers = [number for row in rows for number in row[column.start : column.stop]]
    shape = block.shape + column.shape
    return _array(numbers, shape) if shape else numbers[0]


def flatten_like(pattern: Any, tree: Any, what: str) -> list[Any]:
    """The leaves of `tree`, which must have the structure of `pattern`, in the order of that.

    ShapeError calls the leaves of `tree` `what`.
    """
    leaves: list[Any] = []
    try:
        _match(pattern, tree, what, leaves)
    except (ShapeError, RecursionError):
        _check_count(pattern, tree, what)  # of the whole: that says most
        raise
    return leaves


def _match(pattern: Any, tree: Any, what: str, leaves: list[Any]) -> None:
    if isinstance(pattern, dict) and isinstance(tree, dict) and set(pattern) == set(tree):
        for key, branch in pattern.items():
            _match(branch, tree[key], what, leaves)
    elif (
        isinstance(pattern, list | tuple)
        and isinstance(tree, list | tuple)
        and len(pattern) == len(tree)
    ):
        if not any(map(_branches, {*map(type, pattern), *map(type, tree)})):
            leaves += tree
        else:
            for branch, own in zip(pattern, tree, strict=True):
                _match(branch, own, what, leaves)
    elif is_branching(pattern) and _is_array(pattern) and _is_array(tree):
        if pattern.shape != tree.shape:
            _check_count(pattern, tree, what)
            raise ShapeError(f"{what} of shape {tree.shape} for numbers of shape {pattern.shape}")
        leaves += tree.ravel().tolist()
    elif is_branching(pattern) or is_branching(tree):
        _check_count(pattern, tree, what)
        raise ShapeError(
            f"{what} in another structure: {_kind(tree)} stands where {_kind(pattern)} is expected"
        )
    else:
        leaves.append(tree)


def _check_count(pattern: Any, tree: Any, what: str) -> None:
    given, wanted = len(flatten(tree)[0]), len(flatten(pattern)[0])
    if given != wanted:
        raise ShapeError(f"{given} {what} for {wanted} numbers: give them the same structure")


def _kind(tree: Any) -> str:
    if isinstance(tree, dict):
        return f"a dict with the keys {list(tree)}"
    return f"a {type(tree).__name__} of {len(tree)}" if is_branching(tree) else "one number"


def is_branching(tree: Any) -> bool:
    """Whether `tree` holds others: a list, a tuple, a dict or an array."""
    return isinstance(tree, dict | list | tuple) or _is_array(tree)


def _branches(kind: type) -> bool:
    return issubclass(kind, dict | list | tuple) or kind.__module__ == "numpy"


def _is_array(tree: Any) -> bool:
    return type(tree).__module__ == "numpy" and bool(getattr(tree, "shape", ()))


def _array(leaves: Sequence[Any], shape: tuple[int, ...]) -> Any:
    import numpy as np

    if all(type(leaf) is float for leaf in leaves):
        return np.array(leaves).reshape(shape)
    array = np.empty(len(leaves), dtype=object)
    array[:] = list(leaves)
    return array.reshape(shape)
