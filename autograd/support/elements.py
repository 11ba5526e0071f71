"""A function of single numbers, element by element over arrays and nested lists."""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

from autograd.errors import NumberError, ShapeError
from autograd.support.structures import flatten, flatten_like, is_branching


def holds_elements(operands: Sequence[Any]) -> bool:
    """Whether one of `operands` is an array or a nested structure."""
    return any(is_branching(x) or _is_box(x) for x in operands)


def by_element(name: str, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """What `function` gives for every element of `operands`, arrays or nested lists.

    A single number goes to every element. An array among the operands makes an
    array, of floats or of objects, and shapes broadcast as NumPy's do. Lists and
    tuples are mirrored, and must have the same structure. ShapeError calls the
    function `name`.
    """
    operands = [x.item() if _is_box(x) else x for x in operands]
    if not any(map(is_branching, operands)):
        return function(*operands)
    if any(map(_is_array, operands)):
        return _over_arrays(name, function, operands)
    return _over_nests(name, function, operands)


def _over_nests(name: str, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    pattern = next(x for x in operands if is_branching(x))
    _, rebuild = flatten(pattern)
    try:
        columns = [_leaves(pattern, x) for x in operands]
    except ShapeError:
        shapes = " and ".join(_shape(x) for x in operands if is_branching(x))
        raise ShapeError(
            f"{name} of {shapes}: lists must have the same structure; NumPy arrays broadcast"
        ) from None
    return rebuild([function(*row) for row in zip(*columns, strict=False)])


def _leaves(pattern: Any, x: Any) -> Iterable[Any]:
    return flatten_like(pattern, x, "operands") if is_branching(x) else repeat(x)


def _over_arrays(name: str, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    import numpy as np  # it is loaded already: one of the operands is its

    arrays = [_as_array(name, x) for x in operands]
    try:
        shape = np.broadcast_shapes(*[array.shape for array in arrays])
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise ShapeError(
            f"{name} of shapes {shapes}: they must agree, or broadcast as NumPy's do"
        ) from None
    columns = [np.broadcast_to(array, shape).ravel().tolist() for array in arrays]
    results = [function(*row) for row in zip(*columns, strict=True)]
    kinds = set(map(type, results))
    if kinds <= {float} or kinds == {bool}:
        return np.array(results, dtype=bool if bool in kinds else float).reshape(shape)
    return np.fromiter(results, dtype=object, count=len(results)).reshape(shape)


def _as_array(name: str, x: Any) -> Any:
    import numpy as np

    if hasattr(x, "filled"):
        raise NumberError(f"{name} of a masked array: give it numbers with .filled(...) first")
    if isinstance(x, dict) or _lengths(x) is None:
        raise ShapeError(f"{name} of {_shape(x)} beside an array: make it one")
    if isinstance(x, list | tuple):
        return np.array(x, dtype=object)
    return np.asarray(x) if _is_array(x) else np.array([x], dtype=object).reshape(())


def _shape(nest: Any) -> str:
    """The shape of a nest in words."""
    if isinstance(nest, dict):
        return f"a dict with the keys {list(nest)}"
    shape = _lengths(nest)
    return f"shape {shape}" if shape is not None else f"a ragged {type(nest).__name__}"


def _lengths(nest: Any) -> tuple[int, ...] | None:
    if not is_branching(nest):
        return ()
    if _is_array(nest):
        return tuple(nest.shape)
    inner = {_lengths(branch) for branch in nest}
    if len(inner) > 1 or None in inner:
        return None
    return (len(nest), *(inner.pop() or () if inner else ()))


def _is_array(x: Any) -> bool:
    return type(x).__module__.partition(".")[0] == "numpy" and bool(getattr(x, "shape", ()))


def _is_box(x: Any) -> bool:
    return type(x).__module__ == "numpy" and getattr(x, "shape", None) == ()
