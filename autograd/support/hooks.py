"""Hooks: functions that see a gradient when it is complete, and may replace it."""

from collections.abc import Callable
from typing import Any, Self

from autograd.errors import GraphError


class HookHandle:
    """What `register_hook` gives: `remove` takes the hook away, so does leaving a ``with``."""

    def __init__(self, hooks: dict[object, Callable[[Any], Any]]) -> None:
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def register_hook(value: Any, function: Callable[[Any], Any]) -> HookHandle:
    """Have `backward` call `function(gradient)` here; a result but None replaces it.

    It is called when the gradient is complete and before it is passed on: on a
    leaf with the gradient of this one call, without what `grad` held before.
    `gradient` and the transforms of functions call no hooks. Returns a handle
    that can `remove` the hook. A function that refers to this Value keeps it
    alive until it is removed.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> handle = x.register_hook(lambda gradient: 10.0 * gradient)
    >>> (x * x).backward()
    >>> x.grad
    60.0
    """
    if not callable(function):
        raise TypeError(f"a hook is a function of the gradient, got {type(function).__name__}")
    if not value.requires_grad:
        raise GraphError("no gradient ever comes here: this Value does not require one")
    hooks: dict[object, Callable[[Any], Any]] | None = value._hooks
    if hooks is None:
        hooks = value._hooks = {}
    handle = HookHandle(hooks)
    hooks[handle] = function
    return handle


def run(value: Any, gradient: Any) -> Any:
    """The gradient of `value` after all of its hooks, in the order they were registered."""
    for hook in tuple((value._hooks or {}).values()):
        replacement = hook(gradient)
        if replacement is not None:
            gradient = replacement
    return gradient
