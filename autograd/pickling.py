"""pickle and copy.deepcopy of Values; a pickle opens on whichever engine runs there."""

from importlib import import_module
from typing import Any

from autograd.errors import GraphError

MOST = 200  # values in a graph: both walk it recursively


def reduced(value: Any) -> tuple[Any, ...]:
    """What rebuilds a Value; GraphError for a graph of more than `MOST` values."""
    from autograd import _select
    from autograd.value import Value

    engine = "autograd._select"
    if type(value) is not _select.Value:  # as in tests, which run both engines
        engine = "autograd.pickling" if type(value) is Value else "autograd._engine"
    if value.parents and _holds_more_than(value, MOST):
        raise GraphError(
            f"a graph of more than {MOST} values is not pickled or deep-copied: detach() its "
            "result, copy the leaves, or save a model with nn.save"
        )
    state = {name: getattr(value, name) for name in ("label", "requires_grad", "scope", "grad")}
    return restored, (engine, value.data, value.op, value.parents, value.partials, state)


def restored(
    engine: str,
    data: float,
    op: str,
    parents: tuple[Any, ...],
    partials: tuple[float, ...],
    state: dict[str, Any],
) -> Any:
    """The Value again; `engine` names the module whose ``rebuilt`` makes it."""
    made = import_module(engine).rebuilt(data, op, parents, partials)
    for name, attribute in state.items():
        setattr(made, name, attribute)
    return made


def rebuilt(data: float, op: str, parents: tuple[Any, ...], partials: tuple[float, ...]) -> Any:
    """A node of the reference engine from its parts."""
    from autograd.value import Value

    node = Value(data)
    node.op, node.parents, node.partials = op, parents, partials
    return node


def _holds_more_than(root: Any, most: int) -> bool:
    seen, stack = {root}, [root]
    while stack and len(seen) <= most:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return len(seen) > most
