"""Names for Values: labels, told apart where they are shared, and variables: ``names=locals()``."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograd.engines.select import Value
from autograd.export.notation import SUBSCRIPTS, symbol_of
from autograd.support.arguments import one_spelling
from autograd.visual.arguments import expect_names
from autograd.visual.graph.grouping import scope_of
from autograd.visual.texts import printable

DEEPEST = 4  # levels of lists in lists


def names_of(values: Iterable[Value], names: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """What to call each of `values` that has a name; the Values stay as they are.

    A variable of its own in `names` comes first, then the Value's label, then
    its place in a list, tuple, dict or array of `names`, as in ``w[0]``.
    Names that are empty or begin with an underscore are left out, as are the ``In``
    and ``Out`` of IPython. TypeError for `names` that are no dict from names.
    Where values of several scopes share a label, as the neurons of a network do,
    the numbers of the scopes become indices of it: w0 of mlp/layer1/neuron2 is w₁,₂,₀.

    >>> w, total = [Value(1.0), Value(2.0)], Value(3.0, "sum")
    >>> sorted(names_of([*w, total], {"w": w}).values())
    ['sum', 'w[0]', 'w[1]']
    """
    expect_names(names)
    variables: dict[Value, str] = {}
    elements: dict[Value, str] = {}
    for key, held in (names or {}).items():
        if not isinstance(key, str) or key.startswith("_") or key in ("", "In", "Out"):
            continue
        name = one_spelling(key)
        if isinstance(held, Value):
            variables.setdefault(held, name)
        else:
            for path, element in _elements(name, held, set()):
                elements.setdefault(element, path)
    values = list(dict.fromkeys(values))
    labels = _told_apart(
        {value: printable(value.label) for value in values if value not in variables}
    )
    found = {
        value: variables.get(value) or labels[value] or elements.get(value, "") for value in values
    }
    return {value: name for value, name in found.items() if name}


def _elements(
    name: str, held: Any, seen: set[tuple[int, int]], depth: int = 1
) -> Iterator[tuple[str, Value]]:
    """The Values in a container, each with its path; containers hold containers a few deep.

    A container that is `seen` again, as deep, brings nothing new: lists may hold themselves.
    """
    if (id(held), depth) in seen:
        return
    seen.add((id(held), depth))
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
            yield from _elements(path, element, seen, depth + 1)


# --- labels that several values share ---------------------------------------------------


def _told_apart(labels: dict[Value, str]) -> dict[Value, str]:
    """`labels`; if two scopes share one, all that were made in scopes hold their scope."""
    scoped = {value: label for value, label in labels.items() if label and scope_of(value)}
    places = {(scope_of(value), label) for value, label in scoped.items()}
    if len({symbol_of(label) for _, label in places}) == len(places):
        return labels
    told_apart = {place: _indexed(*place) for place in places}
    if len(set(told_apart.values())) < len(places):
        told_apart = {place: _in_full(*place) for place in places}
    return labels | {value: told_apart[scope_of(value), label] for value, label in scoped.items()}


def _indexed(scope: str, label: str) -> str:
    """w₁,₂,₀ for w0 of mlp/layer1/neuron2; the whole path where that is not possible."""
    symbol, numbers = symbol_of(label), re.findall(r"(\d+)(?:/|$)", scope)
    if not numbers or not symbol.plain:
        return _in_full(scope, label)
    return symbol.base + ",".join([*numbers, *symbol.indices]).translate(SUBSCRIPTS)


def _in_full(scope: str, label: str) -> str:
    """encoder.w for w of encoder."""
    return printable(f"{scope}.{label}".replace("/", "."))
