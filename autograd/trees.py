"""Nested lists, tuples, dicts and arrays of numbers: taken apart, and put together again."""

from collections.abc import Callable, Sequence
from typing import Any

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of `tree` in order, and the function that puts others in their places.

    Lists, tuples (also named ones), dicts and NumPy arrays branch; all else is a leaf.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves, rebuild("xyz")
    ([1.0, 2.0, 3.0], {'w': ['x', 'y'], 'b': 'z'})
    """
    if isinstance(tree, dict):
        leaves, rebuild = flatten(list(tree.values()))
        return leaves, lambda new: dict(zip(tree, rebuild(new), strict=True))
    if isinstance(tree, list | tuple):
        make = getattr(tree, "_make", type(tree)) if isinstance(tree, tuple) else list
        if not any(map(_branches, set(map(type, tree)))):
            return list(tree), make
        branches = [flatten(branch) for branch in tree]

        def rebuilt(new: Sequence[Any]) -> Any:
            parts, start = [], 0
            for branch_leaves, rebuild_branch in branches:
                parts.append(rebuild_branch(new[start : start + len(branch_leaves)]))
                start += len(branch_leaves)
            return make(parts)

        return [leaf for branch_leaves, _ in branches for leaf in branch_leaves], rebuilt
    if _is_array(tree):
        return tree.ravel().tolist(), lambda new: _array(new, tree.shape)
    return [tree], lambda new: new[0]


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
