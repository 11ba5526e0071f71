"""Names for Values that a user has named in Python: ``names=locals()``."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograd._select import Value

DEEPEST = 4  # levels of lists in lists


def names_of(values: Iterable[Value], names: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """What to call each of `values` that has a name; the Values stay as they are.

    A variable of its own in `names` comes first, then the Value's label, then
    its place in a list, tuple, dict or array of `names`, as in ``w[0]``.
    Names that begin with an underscore are left out, as are the ``In`` and
    ``Out`` of IPython.

    >>> w, total = [Value(1.0), Value(2.0)], Value(3.0, "sum")
    >>> sorted(names_of([*w, total], {"w": w}).values())
    ['sum', 'w[0]', 'w[1]']
    """
    variables: dict[Value, str] = {}
    elements: dict[Value, str] = {}
    for name, held in (names or {}).items():
        if not isinstance(name, str) or name.startswith("_") or name in ("In", "Out"):
            continue
        if isinstance(held, Value):
            variables.setdefault(held, name)
        else:
            for path, element in _elements(name, held):
                elements.setdefault(element, path)
    found = {
        value: variables.get(value) or value.label or elements.get(value, "") for value in values
    }
    return {value: name for value, name in found.items() if name}


def _elements(name: str, held: Any, depth: int = 1) -> Iterator[tuple[str, Value]]:
    """The Values in a container, each with its path; containers hold containers a few deep."""
    if type(held).__name__ == "ndarray":  # of NumPy, which is not imported for this
        held = held.tolist() if held.dtype == object else ()
    if isinstance(held, Mapping):
        items: Iterable[tuple[Any, Any]] = held.items()
    elif isinstance(held, list | tuple):
        items = enumerate(held)
    else:
        return
    for key, element in items:
        path = f"{name}[{key!r}]" if isinstance(key, str | int) else name
        if isinstance(element, Value):
            yield path, element
        elif depth < DEEPEST:
            yield from _elements(path, element, depth + 1)
