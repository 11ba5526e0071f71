"""What holds while a ``with`` block runs: no_grad, scope and detect_anomaly.

The modes live in a context variable, so that threads and asynchronous tasks
(as in a notebook) do not see each other's.
"""

import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from autograd.errors import AnomalyError, GraphError


class Modes(NamedTuple):
    """The modes in force; ``current`` holds them."""

    recording: bool = True
    scope: str = ""
    anomaly: bool = False


current: ContextVar[Modes] = ContextVar("chainrule_modes", default=Modes())  # noqa: B039 - it is immutable


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: results have no parents and need no gradient.

    Works as ``with no_grad():`` and as a decorator ``@no_grad()``.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents, y.requires_grad
    (9.0, (), False)
    """
    token = current.set(current.get()._replace(recording=False))
    try:
        yield
    finally:
        current.reset(token)


class scope:  # noqa: N801 - used like a function, as no_grad
    """Mark every Value made inside with a path such as ``"mlp/layer0/neuron3"``.

    Scopes nest; pictures group nodes by them.

    >>> from autograd import Value, scope
    >>> with scope("mlp"), scope("layer0"):
    ...     w = Value(0.5)
    >>> w.scope
    'mlp/layer0'
    """

    # Not a generator: networks open one for every neuron, and this takes a third of the time.
    __slots__ = ("name", "token")

    def __init__(self, name: str) -> None:
        self.name = name
        self.token: Token[Modes] | None = None

    def __enter__(self) -> None:
        if self.token is not None:
            raise GraphError(f"scope {self.name!r} is entered already: make another one")
        self.token = current.set(inside(current.get(), self.name))

    def __exit__(self, *_: object) -> None:
        if self.token is not None:
            current.reset(self.token)
        self.token = None


@lru_cache(maxsize=4096)
def inside(modes: Modes, name: str) -> Modes:
    """The modes inside the scope `name`; the same object for the same question."""
    return modes._replace(scope=f"{modes.scope}/{name}" if modes.scope else name)


@contextmanager
def detect_anomaly() -> Iterator[None]:
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
    token = current.set(current.get()._replace(anomaly=True))
    try:
        yield
    finally:
        current.reset(token)


def calling_line() -> str:
    """``file:line`` of the innermost frame outside the packages: the user's own."""
    wing = Path(__file__).parent
    here = f"{wing}{os.sep}", f"{wing.with_name('nn')}{os.sep}"
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(here):
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
    contributions = zip(node.parents, node.local_gradient(node.grad), strict=True)
    for parent, contribution in contributions:
        if parent.requires_grad and not math.isfinite(contribution):
            made_at = getattr(node, "_made_at", "a line outside detect_anomaly")
            raise AnomalyError(
                f"{node.op} passes gradient {contribution!r} to {_name(parent)}: its own gradient "
                f"is {node.grad!r}, its partials are {node.partials}; made at {made_at}"
            )


def _name(value: Any) -> str:
    return f"{value.label}={value.data!r}" if value.label else repr(value.data)
