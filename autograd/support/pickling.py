"""pickle and copy.deepcopy of Values; a pickle opens on whichever engine runs there."""

from importlib import import_module
from typing import Any

from autograd.errors import GraphError
from autograd.support import made_by_hand
from autograd.support.node import Node

MOST = 200  # values in a graph: both walk it recursively

_homes: dict[type, str] = {}


def register(value: type, home: str) -> None:
    """Have Values of this class made again by ``rebuilt`` of the module called `home`."""
    _homes[value] = home


def reduced(value: Any) -> tuple[Any, ...]:
    """What rebuilds a Value; GraphError for a graph of more than `MOST` values.

    So it does for a node that passes its gradient on in a function, which would
    still refer to the Values it was written for.
    """
    engine = next(_homes[kind] for kind in type(value).__mro__ if kind in _homes)
    if value.parents and _holds_more_than(value, MOST):
        raise GraphError(
            f"a graph of more than {MOST} values is not pickled or deep-copied: detach() its "
            "result, copy the leaves, or save a model with nn.save"
        )
    if value._by_hand:
        raise GraphError(
            f"{made_by_hand.shown(value)} was made by hand: the function that passes its gradient "
            "on is not pickled or copied. Give local gradients instead, or detach() it"
        )
    state = {name: getattr(value, name) for name in ("label", "requires_grad", "scope", "grad")}
    made_from: tuple[Any, ...] = (
        engine,
        value.data,
        value.op,
        value.parents,
        value.partials,
        state,
    )
    if type(value) not in _homes:  # of a subclass
        made_from = (*made_from, type(value))
    own = _own_attributes(value)
    # Set one by one, as slots are: after the Value is known, to which they may refer.
    return (restored, made_from, (None, own)) if own else (restored, made_from)


def restored(
    engine: str,
    data: float,
    op: str,
    parents: tuple[Any, ...],
    partials: tuple[float, ...],
    state: dict[str, Any],
    kind: type | None = None,
) -> Any:
    """The Value again, of class `kind`; `engine` names the module whose ``rebuilt`` makes it."""
    # Pickles of before named the class of the reference engine, too, which may not be the one here.
    kind = None if kind in _homes else kind
    made = import_module(engine).rebuilt(data, op, parents, partials, kind)
    for name, attribute in state.items():
        setattr(made, name, attribute)
    return made


def _holds_more_than(root: Any, most: int) -> bool:
    seen, stack = {root}, [root]
    while stack and len(seen) <= most:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return len(seen) > most


def _own_attributes(value: Any) -> dict[str, Any]:
    """What a user has set on a Value, in its dict and in the slots of its subclass."""
    own = dict(value._attributes)
    for kind in type(value).__mro__:
        ours = Node in (kind, kind.__base__)
        slots = () if ours else kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                own[name] = getattr(value, name)
    return own
