"""What holds while a ``with`` block runs: no_grad, scope and detect_anomaly.

The modes live in a context variable, so that threads and asynchronous tasks
(as in a notebook) do not see each other's.
"""

import math
import os
import sys
from collections.abc import Generator, Sequence
from contextvars import ContextVar
from functools import lru_cache, partial, wraps
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NamedTuple

from autograd.errors import AnomalyError, GraphError, as_text


class Modes(NamedTuple):
    """The modes in force; ``current`` holds them."""

    recording: bool = True
    scope: str = ""
    anomaly: bool = False


current: ContextVar[Modes] = ContextVar("chainrule_modes", default=Modes())  # noqa: B039 - it is immutable


class _Leave(SimpleNamespace):
    """Who holds this holds the mode, once it is entered; when this goes, the mode is left."""

    __call__ = "".format  # a function of C that takes anything, and gives what is false

    __del__ = property(attrgetter("undo"))

    @property
    def entered(self) -> bool:
        return hasattr(self, "undo")


# The steps of ``with`` are: find `__enter__` and `__exit__`, call the first, and hold the second
# until the block is over. Python code runs only while they are found; all that comes after, and
# the end of what ``with`` held, is code of C, where no Ctrl-C comes between.
_EXIT_FIRST = sys.version_info >= (3, 14)  # which of the two is found first


class _Enter:
    """What ``with`` finds as `__enter__`."""

    def __get__(self, mode: "Mode | None", kind: type) -> Any:
        if mode is None:
            return self
        if _EXIT_FIRST and mode._leaves and not mode._leaves[-1].entered:
            leave = mode._leaves.pop()
        else:
            leave = _Leave()
            mode._leaves = [*filter(attrgetter("entered"), mode._leaves), leave]
        # The token of `set` becomes the argument of `reset`, and that the way out: in one call.
        inside = map(current.set, (mode._changed(current.get()),))
        undo = map(partial(partial, current.reset), inside)
        return partial(next, map(partial(setattr, leave, "undo"), undo))

    def __call__(self, mode: "Mode") -> None:  # as ExitStack does
        self.__get__(mode, type(mode))()


class _Exit:
    """What ``with`` finds as `__exit__`."""

    def __get__(self, mode: "Mode | None", kind: type) -> Any:
        if mode is None:
            return self
        if _EXIT_FIRST and not (mode._leaves and mode._leaves[-1].entered):
            mode._leaves = [*mode._leaves, _Leave()]
            return mode._leaves[-1]
        if not mode._leaves:
            raise GraphError(f"{kind.__name__} is not entered: there is nothing to leave")
        return mode._leaves.pop()

    def __call__(self, mode: "Mode", *_: object) -> None:
        self.__get__(mode, type(mode))


class Mode:
    """A mode that holds while a ``with`` block runs, or a function that it decorates.

    It is entered, and left, in one step of C: no Ctrl-C comes between, and
    nothing that interrupts the block leaves the mode on. The same one can be
    entered again, also inside of itself.
    """

    __slots__ = ("_leaves",)

    def __init__(self) -> None:
        self._leaves: list[Any] = []  # until ``with`` holds them, or for good where there is none

    def _changed(self, modes: Modes) -> Modes:
        """The modes inside the block, where `modes` hold outside."""
        raise NotImplementedError

    __enter__ = _Enter()
    __exit__ = _Exit()

    def __call__(self, function: Any) -> Any:
        """`function` with its calls inside the mode: of a generator, each of its steps."""
        return decorated(self, function)


def decorated(mode: Any, function: Any) -> Any:
    """`function` with its calls inside `mode`: of a generator, each of its steps."""
    import inspect  # it takes long to load

    if not callable(function):
        name = type(mode).__name__
        raise TypeError(f"@{name}() decorates a function, got {type(function).__name__}")
    if inspect.isasyncgenfunction(function):
        name = type(mode).__name__
        raise TypeError(f"@{name}() decorates no async generator: write `with {name}():` in it")

    async def awaited(*given: Any, **named: Any) -> Any:
        with mode:
            return await function(*given, **named)

    def stepwise(*given: Any, **named: Any) -> Any:
        return (yield from _Steps(mode, function(*given, **named)))

    def called(*given: Any, **named: Any) -> Any:
        with mode:
            return function(*given, **named)

    inside: Any = called
    if inspect.iscoroutinefunction(function):
        inside = awaited
    elif inspect.isgeneratorfunction(function):
        inside = stepwise
    return wraps(function)(inside)


class _Steps:
    """A generator whose steps run inside a mode; its consumer does not."""

    def __init__(self, mode: Any, steps: Generator[Any, Any, Any]) -> None:
        self.mode, self.steps = mode, steps

    def __iter__(self) -> "_Steps":
        return self

    def __next__(self) -> Any:
        with self.mode:
            return next(self.steps)

    def send(self, value: Any) -> Any:
        with self.mode:
            return self.steps.send(value)

    def throw(self, *error: Any) -> Any:
        with self.mode:
            return self.steps.throw(*error)

    def close(self) -> None:
        with self.mode:
            self.steps.close()


class no_grad(Mode):  # noqa: N801 - used like a function
    """Compute without recording: results have no parents and need no gradient.

    Works as ``with no_grad():`` and as a decorator ``@no_grad()``.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents, y.requires_grad
    (9.0, (), False)
    """

    __slots__ = ()

    def _changed(self, modes: Modes) -> Modes:
        """The same without recording."""
        return modes._replace(recording=False)


class scope(Mode):  # noqa: N801 - used like a function, as no_grad
    """Mark every Value made inside with a path such as ``"mlp/layer0/neuron3"``.

    Scopes nest; pictures group nodes by them. A name that is no text raises LabelError.

    >>> from autograd import Value, scope
    >>> with scope("mlp"), scope("layer0"):
    ...     w = Value(0.5)
    >>> w.scope
    'mlp/layer0'
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name if type(name) is str else as_text("a scope", name)

    def _changed(self, modes: Modes) -> Modes:
        """The same with the name of the scope at the end of the path."""
        return modes._replace(scope=f"{modes.scope}/{self._name}" if modes.scope else self._name)


@lru_cache(maxsize=4096)
def inside(modes: Modes, name: str) -> Modes:
    """The modes inside the scope `name`; the same object for the same question."""
    return modes._replace(scope=f"{modes.scope}/{name}" if modes.scope else name)


class detect_anomaly(Mode):  # noqa: N801 - used like a function
    """Raise AnomalyError at the first nan or infinity, forward or backward.

    The message names the node, its operands and the line that made it. Slow:
    for finding a mistake, not for training.

    >>> from autograd import Value, detect_anomaly
    >>> with detect_anomaly():
    ...     Value(1e200) * 1e200
    Traceback (most recent call last):
        ...
    autograd.errors.AnomalyError: mul(1e+200, 1e+200) = inf, made at <doctest ...>...
    """

    __slots__ = ()

    def _changed(self, modes: Modes) -> Modes:
        """The same with a look at every number."""
        return modes._replace(anomaly=True)


def calling_line() -> str:
    """``file:line`` of the innermost frame outside the packages, and outside NumPy: the user's."""
    root = __file__.rpartition("autograd")[0]
    here = f"{root}autograd{os.sep}", f"{root}nn{os.sep}"
    frame = sys._getframe(1)
    while frame.f_back and (
        frame.f_code.co_filename.startswith(here)
        or str(frame.f_globals.get("__name__")).startswith("numpy.")
    ):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def check_forward(op: str, node: Any, parents: Sequence[Any]) -> None:
    """Raise AnomalyError if `node`, just made, is not finite; else remember where it was made."""
    made_at = calling_line()
    if not math.isfinite(node.data):
        operands = ", ".join(_name(parent) for parent in parents)
        raise AnomalyError(f"{op}({operands}) = {node.data!r}, made at {made_at}")
    node._made_at = made_at


def check_backward(node: Any) -> None:
    """Raise AnomalyError if `node` is about to pass on a gradient that is not finite."""
    if not node._arrived or node._by_hand:
        return  # it passes nothing on, or in a function: see `check_passed_by_hand`
    _check_passed(node, node.local_gradient(node.grad), f", its partials are {node.partials}")


def check_passed_by_hand(node: Any) -> None:
    """Raise AnomalyError if the function of `node` left a gradient that is not finite."""
    _check_passed(node, [parent.grad for parent in node.parents], "")


def _check_passed(node: Any, gradients: Sequence[float], partials: str) -> None:
    for parent, gradient in zip(node.parents, gradients, strict=True):
        if parent.requires_grad and not math.isfinite(gradient):
            made_at = getattr(node, "_made_at", "a line outside detect_anomaly")
            raise AnomalyError(
                f"{node.op} passes gradient {gradient!r} to {_name(parent)}: its own gradient "
                f"is {node.grad!r}{partials}; made at {made_at}"
            )


def _name(value: Any) -> str:
    return f"{value.label}={value.data!r}" if value.label else repr(value.data)
