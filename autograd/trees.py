"""Nested lists, tuples, dicts and arrays of numbers: taken apart, and put together again."""

from collections.abc import Callable, Sequence
from typing import Any

from autograd.errors import ShapeError

Rebuild = Callable[[Sequence[Any]], Any]


DEEPEST = 100  # levels of lists in lists


def flatten(tree: Any, depth: int = 0) -> tuple[list[Any], Rebuild]:
    """The leaves of `tree` in order, and the function that puts others in their places.

    Lists, tuples (also named ones), dicts and NumPy arrays branch; all else is a leaf.
    ShapeError for a tree that has no end, as a list that holds itself; `depth` counts its levels.

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
        leaves, rebuild = flatten(list(tree.values()), depth + 1)
        return leaves, lambda new: dict(zip(keys, rebuild(new), strict=True))
    if isinstance(tree, list | tuple):
        make = getattr(tree, "_make", type(tree)) if isinstance(tree, tuple) else list
        if not any(map(_branches, set(map(type, tree)))):
            return list(tree), make
        branches = [flatten(branch, depth + 1) for branch in tree]

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


def flatten_like(pattern: Any, tree: Any, what: str) -> list[Any]:
    """The leaves of `tree`, which must have the structure of `pattern`, in the order of that.

    ShapeError calls the leaves of `tree` `what`.
    """
    leaves: list[Any] = []
    _match(pattern, tree, what, leaves)
    return leaves


def _match(pattern: Any, tree: Any, what: str, leaves: list[Any]) -> None:
    given, wanted = len(flatten(tree)[0]), len(flatten(pattern)[0])
    if given != wanted:
        raise ShapeError(f"{given} {what} for {wanted} numbers: give them the same structure")
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
            raise ShapeError(f"{what} of shape {tree.shape} for numbers of shape {pattern.shape}")
        leaves += tree.ravel().tolist()
    elif is_branching(pattern) or is_branching(tree):
        raise ShapeError(
            f"{what} in another structure: {_kind(tree)} stands where {_kind(pattern)} is expected"
        )
    else:
        leaves.append(tree)


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
    if leaves and all(_is_array(leaf) for leaf in leaves):  # of a Jacobian: more dimensions
        return np.array(leaves).reshape(shape + leaves[0].shape)
    array = np.empty(len(leaves), dtype=object)
    array[:] = list(leaves)
    return array.reshape(shape)
