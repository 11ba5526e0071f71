"""What a function reaches besides its arguments: where its parameters were found, and are still.

A tape refers to the very Values that the function used when it was traced. So each call
looks at the places where they were found, and sees when a weight was replaced or a model
resized: then the function is traced anew.
"""

import sys
import types
from collections.abc import Iterable
from functools import partial
from operator import is_
from typing import Any

from autograd.engines import select
from autograd.engines.select import Value

_PLAIN = (int, float, complex, str, bytes, bool, type(None), type, types.ModuleType, Value)
_LIBRARIES = {"autograd", "nn", "numpy"}  # what they are made of does not change
_STANDARD = sys.stdlib_module_names - {"builtins", "types", "functools", "collections"}
_MOST_HOLDERS = 1_000_000


class Witness:
    """What stood where, in all that leads from `roots` to the Values in `captured`."""

    def __init__(self, roots: Iterable[Any], captured: Iterable[Any]) -> None:
        wanted = set(map(id, captured))
        holders: dict[int, tuple[Any, list[Any]]] = {}
        held_in: dict[int, list[int]] = {}
        leading: list[int] = []
        todo = list(roots)
        while todo and len(holders) < _MOST_HOLDERS:
            holder = todo.pop()
            if id(holder) in holders:
                continue
            held = list(_held_by(holder))
            holders[id(holder)] = holder, held
            if set(map(type, held)) <= {Value, float}:  # as the weights of a layer
                if not wanted.isdisjoint(map(id, held)):
                    leading.append(id(holder))
                continue
            for item in held:
                if id(item) in wanted:
                    leading.append(id(holder))
                elif type(item) not in _PLAIN:
                    held_in.setdefault(id(item), []).append(id(holder))
                    todo.append(item)
        kept: set[int] = set()
        while leading:
            key = leading.pop()
            if key not in kept:
                kept.add(key)
                leading += held_in.get(key, ())
        places = [holders[key] for key in holders if key in kept]
        self._containers = [
            (holder, held[: len(holder)])
            for holder, held in places
            if isinstance(holder, list | dict)
        ]
        leading_on = kept | wanted
        self._names = [
            (holder.__globals__, name, holder.__globals__[name])
            for holder, _ in places
            if type(holder) is types.FunctionType
            for name in _global_names(holder.__code__)
            if id(holder.__globals__.get(name)) in leading_on
        ]
        # What only refers to its attributes goes on doing so, and a tuple to its items.
        self._cells = [
            (holder, held[0]) for holder, held in places if type(holder) is types.CellType
        ]
        settled = (list, dict, tuple, types.CellType)
        self._others = [
            (holder, held)
            for holder, held in places
            if not isinstance(holder, settled)
            and not _is_its_attributes(holder, held)
            and not (type(holder) is types.FunctionType and _only_by_name(holder, leading_on))
        ]

    def unchanged(self) -> bool:
        """Whether each of them still holds the same."""
        for space, name, held in self._names:
            if space.get(name) is not held:
                return False
        try:
            for cell, content in self._cells:
                if cell.cell_contents is not content:
                    return False
        except ValueError:  # it is empty now
            return False
        if not _hold_the_same(self._containers):
            return False
        return not self._others or all(
            _same(list(_held_by(holder)), held) for holder, held in self._others
        )


def _only_by_name(function: types.FunctionType, leading_on: set[int]) -> bool:
    """Whether what leads on from `function` are globals, and cells that do not change."""
    own = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    own += vars(function).values()
    names = _global_names(function.__code__)
    modules = [m for n in names if type(m := function.__globals__.get(n)) is types.ModuleType]
    own += [vars(module).get(name) for module in modules for name in names]
    return not any(id(item) in leading_on for item in own)


def _is_its_attributes(holder: Any, held: list[Any]) -> bool:
    return len(held) == 1 and held[0] is getattr(holder, "__dict__", None)


def _same(now: list[Any], held: list[Any]) -> bool:
    return len(now) == len(held) and all(map(is_, now, held))


def _hold_the_same_in_python(places: list[tuple[Any, list[Any]]]) -> bool:
    return all(
        _same([*(holder if isinstance(holder, list) else holder.values())], held)
        for holder, held in places
    )


_hold_the_same = (
    select.engine.hold_the_same if select.name == "compiled" else _hold_the_same_in_python
)


def _held_by(holder: Any) -> Iterable[Any]:
    """What `holder` refers to, as far as a function may come to its parameters through it."""
    kind = type(holder)
    if kind is list or kind is tuple or kind is set or kind is frozenset:
        return holder  # type: ignore[no-any-return]
    if kind is dict:
        return holder.values()  # type: ignore[no-any-return]
    if kind is types.FunctionType:
        return _held_by_function(holder)
    if kind is types.MethodType:
        return [holder.__self__, holder.__func__]
    if kind is types.CellType:
        try:
            return [holder.cell_contents]
        except ValueError:  # it is empty
            return []
    if kind is partial:
        return [holder.func, *holder.args, *holder.keywords.values()]
    package = kind.__module__.partition(".")[0]
    if package == "numpy":
        return holder.ravel().tolist() if getattr(holder, "dtype", None) == "O" else ()
    if package == "autograd":  # of a Program its function, and nothing that it keeps of its own
        return [holder.function] if hasattr(holder, "function") else ()
    if package in _STANDARD:
        return ()
    items: Iterable[Any] = ()
    if isinstance(holder, list | tuple | set):
        items = holder
    elif isinstance(holder, dict):
        items = holder.values()
    slots = [
        getattr(holder, name)
        for each in kind.__mro__
        for name in _names(vars(each).get("__slots__", ()))
        if name not in ("__dict__", "__weakref__") and hasattr(holder, name)
    ]
    attributes = getattr(holder, "__dict__", None)
    return [*items, *slots] if attributes is None else [*items, attributes, *slots]


def _names(slots: Any) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _held_by_function(function: types.FunctionType) -> list[Any]:
    found: list[Any] = [*(function.__closure__ or ()), *(function.__defaults__ or ())]
    found += (function.__kwdefaults__ or {}).values()
    found += vars(function).values()
    if function.__module__ and function.__module__.partition(".")[0] in _LIBRARIES | _STANDARD:
        return found
    names, space = _global_names(function.__code__), function.__globals__
    known = [space[name] for name in names if name in space]
    modules = [vars(module) for module in known if type(module) is types.ModuleType]
    return [*found, *known, *(own[name] for own in modules for name in names if name in own)]


_names_of_code: dict[types.CodeType, tuple[str, ...]] = {}


def _global_names(code: types.CodeType) -> tuple[str, ...]:
    """Names that `code`, or a function made in it, may look up among the globals."""
    known = _names_of_code.get(code)
    if known is None:
        inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
        names = dict.fromkeys([*code.co_names, *(n for c in inner for n in _global_names(c))])
        known = _names_of_code[code] = tuple(names)
    return known
