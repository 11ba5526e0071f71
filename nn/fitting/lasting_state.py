"""What lasts from one call of a model, or a loss, to the next: a replay would not change it.

A counter, a list that grows, a running mean, a generator of random numbers: where a call
changes such a thing, each call may compute something else.
"""

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import is_, length_hint
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from autograd import Value

_MOST = 200_000  # things that are looked at
_PLAIN = (Value, float, int, str, bytes, bool, complex, type(None), type, ModuleType)
_LIBRARIES = ("autograd", "nn", "numpy")


class LastingState:
    """All that `roots` come to as it is now, besides the numbers of Values."""

    def __init__(self, *roots: Any) -> None:
        self._places: list[tuple[Any, list[Any]]] = []
        todo, seen = list(roots), set[int]()
        while todo and len(seen) < _MOST:
            thing = todo.pop()
            if isinstance(thing, _PLAIN) or id(thing) in seen:
                continue
            seen.add(id(thing))
            held = list(_held_by(thing))
            self._places.append((thing, held))
            todo += held
        self._drawn = [(source, _state_of(source)) for source in _sources(self._places)]

    def what_changed(self) -> str:
        """The first thing that is no longer as it was, in a few words; "" if all is."""
        for thing, held in self._places:
            now = list(_held_by(thing))
            if len(now) != len(held) or not all(map(is_, now, held)):
                return _named(thing, held, now)
        for source, state in self._drawn:
            if _state_of(source) != state:
                return "random numbers"
        return ""


def _named(thing: Any, held: list[Any], now: list[Any]) -> str:
    """What has changed in `thing`."""
    kind = type(thing).__name__
    if isinstance(thing, FunctionType):
        return f"what {thing.__name__} refers to"
    pairs = zip(getattr(thing, "__dict__", ()), held, now, strict=False)
    changed = [name for name, before, after in pairs if before is not after]
    return f"{kind}.{changed[0]}" if changed else f"a {kind}"


def _held_by(thing: Any) -> Iterator[Any]:
    if isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, BuiltinMethodType):
        yield thing.__self__
    elif isinstance(thing, FunctionType):
        yield from _held_by_function(thing)
    if hasattr(thing, "__dict__") and not isinstance(thing, FunctionType):
        yield from vars(thing).values()
        if not _is_of_libraries(type(thing).__module__):
            made = vars(type(thing)).values()
            yield from (method for method in made if isinstance(method, FunctionType))


def _held_by_function(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is empty
            continue
    yield from function.__defaults__ or ()
    yield from vars(function).values()
    if not _is_of_libraries(function.__module__):
        space = function.__globals__
        yield from (space[name] for name in _names(function.__code__) if name in space)


def _names(code: CodeType) -> Iterable[str]:
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return dict.fromkeys([*code.co_names, *(name for part in inner for name in _names(part))])


def _is_of_libraries(module: Any) -> bool:
    package = str(module).partition(".")[0]
    return package in _LIBRARIES or package in sys.stdlib_module_names


def _sources(places: list[tuple[Any, list[Any]]]) -> list[Any]:
    """What numbers are taken from: generators of random numbers, iterators."""
    found: list[Any] = [random]
    if "numpy" in sys.modules:
        found.append(sys.modules["numpy"].random)
    return found + [thing for thing, _ in places if _is_source(thing)]


def _is_source(thing: Any) -> bool:
    return isinstance(thing, random.Random) or any(
        hasattr(thing, name) for name in ("bit_generator", "get_state", "__next__")
    )


def _state_of(source: Any) -> Any:
    if isinstance(source, random.SystemRandom):
        return object()  # never the same
    read: Callable[[], Any] | None = getattr(source, "getstate", None)
    if read is not None:
        return read()
    if hasattr(source, "__next__"):
        return length_hint(source, -1)  # of what is left, where it is known
    if hasattr(source, "get_state"):  # numpy.random, or a RandomState
        return _plain(source.get_state(legacy=False))
    return _plain(source.bit_generator.state)


def _plain(state: Any) -> Any:
    """A state of NumPy that can be compared."""
    if isinstance(state, dict):
        return {name: _plain(part) for name, part in state.items()}
    return state.tolist() if hasattr(state, "tolist") else state
