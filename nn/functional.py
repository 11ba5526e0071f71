"""functional_call: a model with other parameters than its own, for derivatives by them."""

import functools
import operator
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, repeat, starmap
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from autograd import Value
from autograd.engines.numbers import as_value, float_of
from autograd.errors import GraphError, ShapeError
from autograd.support import tracing
from autograd.support.structures import flatten
from nn.arguments.messages import some
from nn.module import GIVEN, Module, check_paths

_lock = threading.RLock()
_active: dict[int, "_Swap"] = {}  # the calls under way, the innermost last
_exhaust = deque[None](maxlen=0).extend  # runs a whole iterator without a chance for Ctrl-C between


def functional_call(
    model: Module, parameters: dict[str, Any] | Sequence[Any], *inputs: Any, **named: Any
) -> Any:
    """What `model` gives for `inputs` with `parameters` in place of its own.

    `parameters` are numbers or Values: a dict by path, as ``model.state_dict()``
    gives, or a sequence in the order of ``model.parameters()``. While it runs they
    stand wherever the model holds its own, also behind bound methods,
    closures and partials, and afterwards the model is as it was, whatever happened:
    what it has put into attributes and dicts is taken out again, so that nothing computed
    with these parameters is found by the next call. So this is how to differentiate by
    parameters with ``autograd.hessian`` and its like. A wrong count or path raises
    ShapeError. A model that reaches its parameters in a way that cannot be followed (as
    a global variable, say) raises GraphError. Other threads see the model changed
    meanwhile; calls from several threads take turns.

    >>> import autograd, nn
    >>> model = nn.Neuron(1, "tanh", generator=0)
    >>> loss = lambda parameters: nn.functional_call(model, parameters, [0.5]) ** 2
    >>> len(autograd.hessian(loss)([0.1, 0.2]))
    2
    """
    # On one line, so that a tracer, too, cannot interrupt between the call and the release.
    with _lock: return _called(model, parameters, inputs, named)  # fmt: skip  # noqa: E701


def _called(
    model: Module,
    parameters: dict[str, Any] | Sequence[Any],
    inputs: tuple[Any, ...],
    named: dict[str, Any],
) -> Any:
    with _Suspended():
        own = model.named_parameters()
        if not isinstance(parameters, dict):
            parameters = list(parameters)
            if len(parameters) != len(own):
                raise ShapeError(f"{len(parameters)} parameters for a model of {len(own)}")
            parameters = dict(zip((name for name, _ in own), parameters, strict=True))
        else:
            check_paths(type(model).__name__, [name for name, _ in own], parameters)
        passed = _values((inputs, named))
        given = {id(leaf): (leaf, parameters[name]) for name, leaf in own}
        swap = _Swap(model, given, set(map(id, passed)))
        into, back = swap.going_in(), swap.going_back()  # made before, so that each is one step
        try:
            try:
                _exhaust(into)
                result = model(*inputs, **named)
                if hasattr(result, "__next__"):  # lazy: what it computes must be computed in here
                    result = iter(list(result))
            finally:
                _restore(swap, back)
        finally:
            if id(swap) in _active:  # Ctrl-C came just before the line above
                _restore(swap, swap.going_back())
            swap.forget()
    known = [thing for thing in parameters.values() if isinstance(thing, Value)]
    _check_nothing_was_missed(model, own, known + passed, result)
    return result


def _restore(swap: "_Swap", back: Iterator[Any]) -> None:
    """Run `back`, which undoes `swap`, to its end, also when Ctrl-C comes meanwhile."""
    interrupt, done = None, False
    while not done:
        try:
            _exhaust(back if interrupt is None else swap.going_back())
            done = True
        except KeyboardInterrupt as error:  # in the setter of the reference engine, say
            interrupt = error
    if interrupt is not None:
        raise interrupt


class _Swap:
    """Puts the given parameters where the own ones stand, and the own ones back."""

    def __init__(
        self, model: Module, given: dict[int, tuple[Value, Any]], passed: set[int]
    ) -> None:
        self.given = given
        self.done: dict[int, Any] = {}  # what each thing seen becomes, by id
        self.kept: list[Any] = []  # alive, so that no id is used twice
        self.items: list[tuple[Any, Any, Any, Any]] = []  # container, key, old, new
        self.attributes: list[tuple[Any, str, Any, Any]] = []
        self.before: list[tuple[dict[Any, Any], dict[Any, Any]]] = []  # modules and dicts as found
        for leaf, new in given.values():
            # Also in itself, for what reads its number in ways that nobody can follow; but as an
            # input it means its own.
            if id(leaf) in passed or tracing.is_on():  # a trace lets nobody read a number
                continue
            number = new.data if isinstance(new, Value) else float_of(new)
            self.attributes.append((leaf, "data", leaf.data, number))
        self._become(model)

    def going_in(self) -> Iterator[Any]:
        """An iterator that does it while it runs."""
        values = [new for _, new in self.given.values() if isinstance(new, Value)]
        return chain(
            map(_active.__setitem__, [id(self)], [self]),
            map(GIVEN.__setitem__, map(id, values), values),
            _set_items(self.items, 3),
            _set_attributes(self.attributes, 3),
        )

    def going_back(self) -> Iterator[Any]:
        """An iterator that undoes it while it runs."""
        values = [new for _, new in self.given.values() if isinstance(new, Value)]
        return chain(
            _set_items(self.items, 2),
            _set_attributes(self.attributes, 2),
            map(GIVEN.pop, map(id, values), repeat(None)),
            map(_active.pop, [id(self)], [None]),
        )

    def forget(self) -> None:
        """Put back what the call changed in modules and dicts.

        What a model keeps for its next call, as a ``cached_property`` does, was computed
        with the given parameters, and no derivative by others would go through it.
        """
        made = [(now, key) for now, before in self.before for key in now if key not in before]
        lost = [
            (now, key, old)
            for now, before in self.before
            for key, old in before.items()
            if now.get(key, self) is not old
        ]
        _exhaust(starmap(operator.delitem, made))
        _exhaust(starmap(operator.setitem, lost))

    def _become(self, thing: Any) -> Any:
        """What stands in the place of `thing` meanwhile; changes inside of it are noted."""
        if isinstance(thing, Value):
            return self.given[id(thing)][1] if id(thing) in self.given else thing
        if not isinstance(thing, _FOLLOWED):
            return thing
        if id(thing) not in self.done:
            self.done[id(thing)] = thing  # also for cycles
            self.kept.append(thing)
            self.done[id(thing)] = self._followed(thing)
        return self.done[id(thing)]

    def _followed(self, thing: Any) -> Any:
        if isinstance(thing, tuple):
            parts = [self._become(part) for part in thing]
            if all(map(operator.is_, parts, thing)):
                return thing
            return thing._make(parts) if hasattr(thing, "_make") else type(thing)(parts)
        if isinstance(thing, functools.partial):
            function, args = self._become(thing.func), self._become(thing.args)
            named = {name: self._become(item) for name, item in thing.keywords.items()}
            same = function is thing.func and args is thing.args
            if same and all(named[name] is item for name, item in thing.keywords.items()):
                return thing
            return type(thing)(function, *args, **named)
        if isinstance(thing, MethodType | BuiltinMethodType):
            holder = thing.__self__
            new = self._become(holder)
            if new is holder:
                return thing
            new = as_value(new)
            if isinstance(thing, MethodType):  # whose name may be that of another function
                return MethodType(thing.__func__, new)
            return getattr(new, thing.__name__)
        if isinstance(thing, FunctionType):
            self._follow_function(thing)
        elif isinstance(thing, list):
            self._note(thing, enumerate(thing))
        else:
            items = vars(thing) if isinstance(thing, Module) else thing
            self.before.append((items, dict(items)))
            self._note(items, items.items())
        return thing

    def _follow_function(self, function: Any) -> None:
        """Its closure and the defaults of its arguments."""
        for cell in function.__closure__ or ():
            try:
                self._note_attribute(cell, "cell_contents")
            except ValueError:  # an empty cell
                continue
        if function.__defaults__:
            self._note_attribute(function, "__defaults__")
        if function.__kwdefaults__:
            self._note(function.__kwdefaults__, function.__kwdefaults__.items())

    def _note(self, container: Any, items: Any) -> None:
        given = self.given
        for key, old in items:
            if id(old) in given:
                new = given[id(old)][1]
            elif type(old) in _PLAIN:
                continue
            else:
                new = self._become(old)
            if new is not old:
                self.items.append((container, key, old, new))

    def _note_attribute(self, holder: Any, name: str) -> None:
        old = getattr(holder, name)
        new = self._become(old)
        if new is not old:
            self.attributes.append((holder, name, old, new))


_FOLLOWED = (
    Module, list, dict, tuple, functools.partial, FunctionType, MethodType, BuiltinMethodType,
)  # fmt: skip


_PLAIN = (float, int, str, bool, type(None))


class _Suspended:
    """While a model calls functional_call itself, the swaps around it are undone."""

    def __enter__(self) -> None:
        self.swaps = list(_active.values())
        for swap in reversed(self.swaps):
            _restore(swap, swap.going_back())

    def __exit__(self, *_: object) -> None:
        for swap in self.swaps:
            _exhaust(swap.going_in())


def _set_items(changes: list[tuple[Any, Any, Any, Any]], which: int) -> Iterator[Any]:
    containers, keys = [change[0] for change in changes], [change[1] for change in changes]
    return map(operator.setitem, containers, keys, [change[which] for change in changes])


def _set_attributes(changes: list[tuple[Any, str, Any, Any]], which: int) -> Iterator[Any]:
    holders, names = [change[0] for change in changes], [change[1] for change in changes]
    return map(setattr, holders, names, [change[which] for change in changes])


def _values(tree: Any) -> list[Value]:
    return [leaf for leaf in flatten(tree)[0] if isinstance(leaf, Value)]


def _check_nothing_was_missed(
    model: Module, own: list[tuple[str, Value]], known: list[Value], result: Any
) -> None:
    """GraphError if `result` depends on an own parameter otherwise than by what is `known`."""
    seen = set(known)
    missed = {leaf for _, leaf in own} - seen
    stack = [value for value in _values(result) if value not in seen]
    seen.update(stack)
    while stack:
        new = set(stack.pop().parents) - seen
        seen |= new
        stack += new
    found = [name for name, leaf in own if leaf in missed and leaf in seen]
    if found:
        raise GraphError(
            f"the call of {type(model).__name__} reached {some(found)} in a way that "
            "functional_call cannot follow (a global variable, an object that is no Module, a "
            "value computed earlier), so derivatives by it would be lost: reach it as an attribute "
            "of the model, as in self.w"
        )
