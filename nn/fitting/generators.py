"""Random numbers that a model draws: a trace would draw them once, and a replay never again."""

import random
import sys
from collections.abc import Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any

_MOST = 100_000  # things that are looked at


def states_of_generators(*roots: Any) -> list[Any]:
    """Where each generator stands that `roots` come to; to be compared with later states.

    Those of the modules `random` and `numpy.random` are among them.
    """
    states: list[Any] = [random.getstate()]
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        states.append(_plain(numpy.random.get_state(legacy=False)))
    todo, seen = list(roots), set()
    while todo and len(seen) < _MOST:
        thing = todo.pop()
        if id(thing) in seen or type(thing) in (float, int, str):
            continue
        seen.add(id(thing))
        if isinstance(thing, random.Random):
            if not isinstance(thing, random.SystemRandom):
                states.append(thing.getstate())
        elif hasattr(thing, "bit_generator"):  # of NumPy
            states.append(_plain(thing.bit_generator.state))
        else:
            todo += _held_by(thing)
    return states


def _held_by(thing: Any) -> Iterator[Any]:
    if isinstance(thing, list | tuple | set):
        yield from thing
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, FunctionType):
        yield from (cell.cell_contents for cell in thing.__closure__ or () if _is_full(cell))
        yield from thing.__defaults__ or ()
        if not thing.__module__.startswith(("autograd", "nn")):
            names = thing.__code__.co_names
            yield from (thing.__globals__[name] for name in names if name in thing.__globals__)
    elif hasattr(thing, "__dict__") and not isinstance(thing, type(sys)):
        yield from vars(thing).values()
        if not type(thing).__module__.startswith(("autograd", "nn", "builtins")):
            yield from (
                made for made in vars(type(thing)).values() if isinstance(made, FunctionType)
            )


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _plain(state: Any) -> Any:
    """A state of NumPy that can be compared."""
    if isinstance(state, dict):
        return {name: _plain(part) for name, part in state.items()}
    return state.tolist() if hasattr(state, "tolist") else state
