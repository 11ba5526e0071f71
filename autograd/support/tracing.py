"""Which trace is on: `autograd.compile` records what a function computes, to replay it.

A number that is read out of a Value while a trace is on would be baked into the tape,
and every later call would compute with it. So reading one raises TracingError. Both
engines ask here; while no trace is on, one look at `current` is all it costs.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from autograd import ops
from autograd.errors import TracingError
from autograd.support import modes

REMEDIES = {
    "bool()": "for `a if x > 0 else b` write autograd.where(autograd.relu(x), a, b)",
    "a comparison": (
        "for `a if x > y else b` write autograd.where(autograd.relu(x - y), a, b); for the larger "
        "of several autograd.max, autograd.maximum or autograd.softmax"
    ),
    ".data": "keep the Value instead of its number, or give the number as an argument",
    ".grad": "for a derivative inside of a function use autograd.grad",
    "float()": "keep the Value instead of its number",
    "detach()": "give the number as an argument",
}


class Trace:
    """One trace: its inputs are Values made after the serial number `since`."""

    def __init__(self, since: int) -> None:
        self.since, self.thread = since, threading.get_ident()
        self.inputs: dict[int, int] = {}  # the column of each, by its id
        self.names: Sequence[str] = []  # of the columns
        self.checks: list[tuple[RowCheck, tuple[int, ...]]] = []


current: Trace | None = None
_lock = threading.RLock()
_told: list[Callable[[bool], None]] = []  # engines with a flag of their own


def tell(engine: Callable[[bool], None]) -> None:
    """Have `engine` told whenever the first trace begins, and the last one ends."""
    _told.append(engine)


@contextmanager
def trace(since: int) -> Iterator[Trace]:
    """Record inside of this block; one thread at a time. A trace may begin inside of another."""
    global current  # noqa: PLW0603 - the engines look at it
    with _lock:
        before, current = current, Trace(since)
        for engine in _told:
            engine(True)
        try:
            yield current
        finally:
            current = before
            for engine in _told:
                engine(before is not None)


def is_on() -> bool:
    """Whether this thread is recording."""
    return current is not None and current.thread == threading.get_ident()


def is_traced(value: Any) -> bool:
    """Whether a trace is on in which the number of `value` is not known: it may change.

    So is an input, a captured leaf that requires a gradient, and all that is computed.
    """
    on = current
    if on is None or on.thread != threading.get_ident():
        return False
    if id(value) in on.inputs:
        return True
    if value.parents:
        return True
    return bool(value.requires_grad) and value._serial < on.since


def refuse(value: Any, what: str) -> None:
    """TracingError where the number of `value` is about to be baked in by `what`."""
    if is_traced(value):
        raise refusal(value, what)


def refusal(value: Any, what: str) -> TracingError:
    """The error that says at which line which Value would have been baked in."""
    on = current
    label = value.label
    if on is not None and id(value) in on.inputs:
        kind = "an input"
        label = label or "".join(on.names[on.inputs[id(value)] :][:1])
    elif value.parents:
        kind = f"a result of {value.op or 'an operation'}"
    else:
        kind = "a parameter"
    label = f" {label!r}" if label else ""
    remedy = REMEDIES.get(what, REMEDIES[".data"])
    return TracingError(
        f"{what} of {kind}{label} at {modes.calling_line()}: a compiled function is traced once "
        f"and replayed with other numbers, so this one would be baked in. {remedy}; or call the "
        "function without autograd.compile"
    )


def refuse_change(what: str) -> None:
    """TracingError for `what`, a change of a Value, which a replay would not repeat."""
    if is_on():
        raise TracingError(
            f"{what} at {modes.calling_line()}: a compiled function is traced once and replayed "
            "without its Values, so nothing would change at later calls. Compute and return "
            "numbers in it, and do this outside, after the call"
        )


class RowCheck(Protocol):
    """What the numbers of one row must be; called with them, it raises where they are not."""

    def __call__(self, *numbers: float) -> None:
        """Raise the error that eager code raises."""


def check_rows(check: RowCheck, values: Sequence[Any], numbers: Callable[[Any], float]) -> bool:
    """Check the numbers of `values` now; in a trace, before every replay, if they are inputs.

    What a trace has computed is not checked: it has no number yet. Then this is False.
    """
    on = current
    if on is None or not any(map(_is_value_in_trace, values)):
        check(*map(numbers, values))
        return True
    columns = [on.inputs.get(id(value)) for value in values]
    if any(column is None for column in columns):
        return False
    on.checks.append((check, tuple(columns)))  # type: ignore[arg-type]
    return True


def _is_value_in_trace(value: Any) -> bool:
    return hasattr(value, "parents") and is_traced(value)


class Within(NamedTuple):
    """A check: the number lies between `low` and `high`; else ValueError by `message`."""

    low: float
    high: float
    message: Callable[[float], str]

    def __call__(self, *numbers: float) -> None:
        """ValueError for the first that does not."""
        for number in numbers:
            if not self.low <= number <= self.high:
                raise ValueError(self.message(number))


class OneOf(NamedTuple):
    """A check: the number is one of `allowed`; else ValueError with what `message` says of it."""

    allowed: tuple[float, ...]
    message: Callable[[float], str]

    def __call__(self, *numbers: float) -> None:
        """ValueError for the first that is not."""
        for number in numbers:
            if number not in self.allowed:
                raise ValueError(self.message(number))


class Distribution(NamedTuple):
    """A check: the numbers are from 0 up, and sum to 1 within `tolerance`."""

    message: Callable[[list[float]], str]
    tolerance: float = 1e-6

    def __call__(self, *numbers: float) -> None:
        """ValueError where they are not."""
        if min(numbers) < 0.0 or not math.fabs(sum(numbers) - 1.0) < self.tolerance:
            raise ValueError(self.message(list(numbers)))


class Index(NamedTuple):
    """A check: a whole number from 0 to `classes` - 1; else `message` makes the error."""

    classes: int
    message: Callable[[float], Exception]

    def __call__(self, *numbers: float) -> None:
        """The error of the first that is not."""
        for number in numbers:
            if not (number == number // 1 and 0 <= number < self.classes):
                raise self.message(number)


def detached(value: Any, apply: Callable[..., Any]) -> Any:
    """In a trace: the number of `value` as a node that needs no gradient, not as a constant."""
    with modes.no_grad():
        return apply(ops.mul, value, 1.0)
