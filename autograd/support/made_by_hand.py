"""Nodes made by hand, in the forms that code written for other scalar engines uses.

microgpt writes ``Value(data, children, local_gradients)``; micrograd ``Value(data,
children, op, label)``, also as ``_children=`` and ``_op=``, and then
``out._backward = closure``.

Both are read here, for both engines. What has partials passes gradients on as
every node does; else the function that was assigned to ``_backward`` is called
in its turn, and what it adds to ``grad`` of the parents counts beside ours.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Never

from autograd import errors, ops
from autograd.calculus.rule_names import ByHand, Unknown
from autograd.errors import as_text
from autograd.support import modes
from autograd.support.arguments import as_float

_MEANING = {
    **dict.fromkeys(("children", "_children", "parents", "_prev"), "children"),
    **dict.fromkeys(("local_gradients", "local_grads", "_local_grads"), "local_gradients"),
    **dict.fromkeys(("op", "_op"), "op"),
}
_FORMS = (
    "Value(data, label), Value(data, children, local_gradients), Value(data, children, op, label)"
)


def read(
    value: Any, given: Sequence[Any], label: str, named: dict[str, Any]
) -> tuple[str, tuple[Any, ...], str, tuple[float, ...], bool]:
    """Label, children, op and partials of ``Value(data, *given, label=label, **named)``.

    Last comes whether it may require a gradient. `value` is the class of Values.
    Children that are numbers stay numbers. Under `no_grad` nothing is recorded.
    """
    found = _by_meaning(given, label, named)
    text = as_text("a label", found.get("label", ""), _hint(found))
    if "children" not in found:
        if "local_gradients" in found:
            raise TypeError(f"local_gradients without children: write {_FORMS}")
        return text, (), ByHand(found["op"]) if found.get("op") else "", (), True
    children = _children(value, found["children"])
    op = as_text("the op", found.get("op", ""))
    partials = found.get("local_gradients", ())
    if isinstance(partials, str) or not isinstance(partials, Iterable):
        raise TypeError(f"local_gradients are one number for each child, got {partials!r}")
    partials = tuple(map(as_float, partials))
    if partials and isinstance(found["children"], set | frozenset) and len(children) > 1:
        raise TypeError("local_gradients of a set of children: a set has no order, give a tuple")
    if partials and len(partials) != len(children):
        raise errors.ShapeError(f"{len(partials)} local_gradients for {len(children)} children")
    if not children:
        return text, (), ByHand(op) if op else "", (), True
    if not modes.current.get().recording:
        return text, (), "", (), False
    name = ByHand(op) if partials else Unknown(op)
    required = any(isinstance(child, value) and child.requires_grad for child in children)
    return text, children, name, partials or (math.nan,) * len(children), required


def _by_meaning(given: Sequence[Any], label: str, named: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"label": label} if label != "" else {}
    pairs = [*_positional(given), *((_meaning(name), x) for name, x in named.items())]
    for meaning, x in pairs:
        if meaning in found:
            raise TypeError(f"Value() got its {meaning} twice: write {_FORMS}")
        found[meaning] = x
    return found


def _positional(given: Sequence[Any]) -> list[tuple[str, Any]]:
    if len(given) == 1 and (isinstance(given[0], str) or not _holds_children(given[0])):
        return [("label", given[0])]
    meanings = ["children", "local_gradients"]
    if len(given) > 1 and isinstance(given[1], str):
        meanings = ["children", "op", "label"]
    if len(given) > len(meanings) or (given and isinstance(given[0], str)):
        raise TypeError(f"Value() takes one of these forms: {_FORMS}; got {1 + len(given)} of them")
    return list(zip(meanings, given, strict=False))


def _meaning(name: str) -> str:
    if name not in _MEANING:
        raise TypeError(f"Value() got an unexpected keyword argument {name!r}: write {_FORMS}")
    return _MEANING[name]


def _holds_children(thing: Any) -> bool:
    return isinstance(thing, tuple | list | set | frozenset)


def _hint(found: dict[str, Any]) -> str:
    return "" if "children" in found else "; the children of a node made by hand are a tuple"


def _children(value: type, children: Any) -> tuple[Any, ...]:
    if not _holds_children(children):
        raise TypeError(f"children are a tuple, a list or a set of Values, got {children!r}")
    return tuple([x if isinstance(x, value) else as_float(x) for x in children])


def check_subclass(kind: type, base: type) -> None:
    """TypeError for a subclass with an ``__eq__`` of its own: nodes would be taken for others."""
    if kind.__eq__ is not base.__eq__:
        raise TypeError(
            f"{kind.__name__} defines __eq__: graphs tell Values apart by identity, as their own "
            "== does. Compare v.data with w.data, in a method of another name"
        )


def refuse_unknown(node: Any) -> Never:
    """GraphError for a node made by hand that does not say how to pass its gradient on."""
    raise errors.GraphError(
        f"{shown(node)} was made by hand, without local gradients: give it a _backward, or "
        "Value(data, children, local_gradients)"
    )


def refuse_options(create_graph: bool, inputs: Any) -> None:
    """GraphError for options of PyTorch's ``backward`` that ask for more than numbers."""
    if create_graph or inputs is not None:
        raise errors.GraphError(
            "backward fills .grad with numbers; for gradients of chosen inputs, or gradients that "
            "are Values, use autograd.gradient(output, inputs, create_graph=True)"
        )


def check_seen_through(nodes: Iterable[Any], wanted: str) -> None:
    """GraphError where the gradient of one of `nodes` passes through a function: `_backward`."""
    for node in nodes:
        if node._by_hand:
            raise errors.GraphError(
                f"{shown(node)} was made by hand, and passes its gradient on in a _backward of "
                f"its own, which only backward() calls: {wanted} cannot see through it. Make it "
                "with local gradients, Value(data, children, local_gradients), or @autograd.op"
            )


def shown(node: Any) -> str:
    """A node made by hand as messages name it."""
    name = node.label or node.op
    return f"{name} = {node.data!r}" if name else repr(node)


def symbol_of(node: Any) -> str:
    """What micrograd calls `_op`: the symbol of the operation."""
    name = node.op
    return name.given if isinstance(name, ByHand) else ops.SYMBOLS.get(name, name)


def changed_by_hand(node: Any, engines_own: Any) -> bool:
    """Whether the gradient of `node` passes through another function than `engines_own`."""
    if isinstance(node.op, Unknown):
        return True
    step = node._backward
    return step is not None and getattr(step, "__func__", step) is not engines_own
