"""Numerical gradients, and the check of a backward pass against them.

The numerical gradient is what the chain rule replaces: nudge one input at a
time and watch the output. It is slow (two calls per input) and rounded, yet
it shares nothing with the rules, which makes it the independent truth.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd._select import Value, topological_order
from autograd.checks import as_float, as_list
from autograd.errors import GradcheckError, GraphError
from autograd.value import Number

Function = Callable[..., Number]


def numerical_gradient(
    function: Function,
    inputs: Sequence[Number],
    *,
    method: str = "central",
    step: float | None = None,
) -> list[float]:
    """The gradient of `function` at `inputs`, by nudging one input at a time.

    `function` is called with the inputs, or with nothing when it takes nothing
    and reads them itself (a loss over parameters). Inputs that are leaf Values
    are nudged in place and put back. `method` is ``"central"``,
    (f(x + h) - f(x - h)) / 2h, or ``"forward"``, the textbook's
    (f(x + h) - f(x)) / h. `step` is h; by default it is scaled to each input:
    the cube root (central) or square root (forward) of the machine epsilon,
    which balances rounding against truncation (Press et al., *Numerical
    Recipes*, section 5.7).

    >>> from autograd import numerical_gradient
    >>> [round(slope, 6) for slope in numerical_gradient(lambda x, y: x * y, [2.0, 3.0])]
    [3.0, 2.0]
    """
    if method not in ("central", "forward"):
        raise ValueError(f"method must be 'central' or 'forward', got {method!r}")
    if step is not None and not (as_float(step) > 0.0 and math.isfinite(step)):
        raise ValueError(f"step must be a positive number, got {step!r}")
    leaves = _leaves(inputs)
    call = _caller(function, leaves)
    exponent = 1 / 3 if method == "central" else 1 / 2
    slopes = []
    for leaf in leaves:
        here = leaf.data
        h = step or math.ulp(1.0) ** exponent * max(1.0, abs(here))
        try:
            leaf.data = ahead = here + h
            above = float_of(call())
            leaf.data = behind = here - h if method == "central" else here
            below = float_of(call())
        finally:
            leaf.data = here
        if ahead == behind:
            raise ValueError(f"step {h!r} is lost beside the input {here!r}: take a larger one")
        slopes.append((above - below) / (ahead - behind))
    return slopes


@dataclass(frozen=True)
class Entry:
    """One input of a gradient check."""

    name: str
    data: float
    analytic: float
    numeric: float

    @property
    def error(self) -> float:
        """The difference, relative to the larger of the two gradients (absolute below 1)."""
        return abs(self.analytic - self.numeric) / max(1.0, abs(self.analytic), abs(self.numeric))


@dataclass(frozen=True)
class GradcheckReport:
    """The result of a gradient check: true when it passed; printed as a table, worst first."""

    entries: tuple[Entry, ...]
    tolerance: float

    def __bool__(self) -> bool:
        return all(entry.error <= self.tolerance for entry in self.entries)

    def __str__(self) -> str:
        wrong = [entry for entry in self.entries if not entry.error <= self.tolerance]
        verdict = f"{len(wrong)} of {len(self.entries)} gradients are off by more than"
        lines = [f"{verdict} {self.tolerance:g} (relative)" if wrong else "all gradients agree"]
        lines.append(f"{'input':>12} {'value':>12} {'analytic':>16} {'numeric':>16} {'error':>9}")
        worst_first = sorted(self.entries, key=lambda entry: -_or_infinity(entry.error))
        for entry in worst_first[:10]:
            mark = "" if entry.error <= self.tolerance else "  <-- wrong"
            lines.append(
                f"{entry.name[:12]:>12} {entry.data:>12.6g} {entry.analytic:>16.9g} "
                f"{entry.numeric:>16.9g} {entry.error:>9.1e}{mark}"
            )
        if len(self.entries) > 10:
            lines.append(f"... and {len(self.entries) - 10} more, no worse than these")
        return "\n".join(lines)


def gradcheck(
    function: Function,
    inputs: Sequence[Number],
    *,
    step: float | None = None,
    tolerance: float = 1e-6,
    raise_exception: bool = True,
) -> GradcheckReport:
    """Compare `backward` through `function` with the central numerical gradient.

    Takes `function` and `inputs` as `numerical_gradient` does. Raises
    GradcheckError with a table of the worst entries when a gradient is off by
    more than `tolerance` (relative above 1, absolute below), unless
    `raise_exception` is false. Gradients of leaf Values are put back.

    >>> from autograd import gradcheck
    >>> print(gradcheck(lambda x, y: x * y.tanh(), [2.0, 0.0]))
    all gradients agree
           input        value         analytic          numeric     error
               1            0                2                2   1.2e-11
               0            2                0                0   0.0e+00
    """
    leaves = _leaves(inputs)
    out = _caller(function, leaves)()
    graph = topological_order(out) if isinstance(out, Value) else []
    before = [(leaf, leaf.grad, leaf._reached) for leaf in (*leaves, *graph) if not leaf.parents]
    try:
        for leaf in leaves:
            leaf.zero_grad()
        if isinstance(out, Value) and out.requires_grad:
            out.backward()
        analytic = [leaf.grad for leaf in leaves]
    finally:
        for leaf, grad, reached in before:
            leaf.grad, leaf._reached = grad, reached
    numeric = numerical_gradient(function, leaves, step=step)
    names = [leaf.label or str(position) for position, leaf in enumerate(leaves)]
    report = GradcheckReport(
        tuple(map(Entry, names, [leaf.data for leaf in leaves], analytic, numeric)), tolerance
    )
    if raise_exception and not report:
        raise GradcheckError(f"gradcheck of {_name(function)}: {report}")
    return report


def float_of(number: Any) -> float:
    """The plain number of a Value or a number."""
    return number.data if isinstance(number, Value) else as_float(number)


def _leaves(inputs: Any) -> list[Value]:
    leaves = [x if isinstance(x, Value) else Value(x) for x in as_list("inputs", inputs)]
    for leaf in leaves:
        if leaf.parents:
            raise GraphError(f"{leaf!r} is not a leaf (its op is {leaf.op}): nudge the leaves only")
    return leaves


def _caller(function: Function, leaves: Sequence[Value]) -> Callable[[], Number]:
    signature = inspect.signature(function)
    try:
        signature.bind(*leaves)
    except TypeError:
        try:
            signature.bind()
        except TypeError:
            raise TypeError(
                f"{_name(function)}{signature} takes neither {len(leaves)} inputs nor none"
            ) from None
        return function
    return lambda: function(*leaves)


def _name(function: Function) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _or_infinity(error: float) -> float:
    return math.inf if math.isnan(error) else error
