"""Parameters that went lost: a model's attribute that held one and now holds something else.

It would not be trained any more, and nothing would say so.
"""

from typing import Any
from weakref import WeakKeyDictionary

from autograd import Value
from autograd.support import modes
from nn.arguments.messages import some, warn

UPDATE = (
    "to change a parameter write p.data -= learning_rate * p.grad (or p.data = number), which "
    "keeps it the same Value"
)
_COMPUTED = (
    "held a parameter and now holds a Value computed from others, which is none: it is not trained "
    f"any more, and it keeps its whole graph alive; {UPDATE}. A state that is no parameter starts "
    "as a plain number."
)
_NUMBER = (
    "held a parameter and now holds a plain number, which is none: it is not trained any more; "
    f"{UPDATE}"
)
_FROZEN = (
    "held a parameter and now holds another Value, which needs no gradient (computed under "
    f"no_grad, say): it is not trained any more; {UPDATE}, and to freeze it p.requires_grad = False"
)

# Of each model asked for its parameters, which ones it had: those with a gradient by path and id.
_known: "WeakKeyDictionary[Any, dict[str, int]]" = WeakKeyDictionary()


def warn_of_lost(
    model: Any, found: list[tuple[str, Value]], computed: list[tuple[str, bool]]
) -> None:
    """Warn of paths where a parameter was the last time and a result is now."""
    try:
        before = _known.get(model, {})
        _known[model] = {name: id(leaf) for name, leaf in found if leaf.requires_grad}
    except TypeError:  # a model of one's own may have no hash
        before = {}
    lost = [name for name, certain in computed if certain or name in before]
    if lost:
        warn(f"{type(model).__name__}: {some(lost)} {_COMPUTED}")
    here = {name for name, _ in found} if len(found) < len(before) else before.keys()
    numbers = [name for name in before if name not in here and _is_number(_at(model, name))]
    if numbers:
        warn(f"{type(model).__name__}: {some(numbers)} {_NUMBER}")
    frozen = [
        name
        for name, leaf in found
        if not leaf.requires_grad
        and before.get(name, id(leaf)) != id(leaf)
        and name.rpartition(".")[2].isdigit()  # in a list; an attribute was looked at when set
    ]
    if frozen:
        warn(f"{type(model).__name__}: {some(frozen)} {_FROZEN}")


def what_is_lost(old: Any, new: Any) -> str:
    """What is wrong with `new` in the place of `old`, where that held parameters; else ""."""
    if hasattr(new, "tolist"):  # an array: what it holds
        new = new.tolist()
    if isinstance(old, Value):
        if old.parents or not old.requires_grad:
            return ""
        if not isinstance(new, Value):
            return _NUMBER if _is_number(new) else ""
        if new.parents:
            return _COMPUTED
        return "" if new.requires_grad or modes.current.get().recording else _FROZEN
    if isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        pairs = zip(old, new, strict=True)
    elif isinstance(old, dict) and isinstance(new, dict):
        pairs = ((old[key], new[key]) for key in old if key in new)  # type: ignore[assignment]
    else:
        return ""
    return next(filter(None, (what_is_lost(*pair) for pair in pairs)), "")


def _is_number(thing: Any) -> bool:
    return isinstance(thing, int | float) and not isinstance(thing, bool)


def _at(model: Any, path: str) -> Any:
    """What stands at `path` in lists and attributes, or None."""
    thing = model
    for name in path.split("."):
        try:
            holds = isinstance(thing, list | tuple | dict)
            thing = thing[int(name)] if holds else vars(thing)[name]
        except (LookupError, TypeError, ValueError):
            thing = thing.get(name) if isinstance(thing, dict) else None
    return thing
