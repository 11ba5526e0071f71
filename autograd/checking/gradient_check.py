"""The check of derivatives by the chain rule against derivatives by nudging."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from autograd.checking.extrapolation import Slope, slope_at
from autograd.checking.nudging import (
    Bound,
    Function,
    bind,
    check_step,
    defined,
    nudged,
    numerical_gradient,
)
from autograd.engines.numbers import float_of
from autograd.engines.select import Value, topological_order
from autograd.errors import DomainError, GradcheckError, GraphError
from autograd.support import modes

__all__ = [
    "Entry",
    "GradcheckReport",
    "aligned",
    "backward_gradients",
    "gradcheck",
    "gradgradcheck",
    "numerical_gradient",
    "prepared",
]

_SHOWN = 10
_REMARKS = {
    "kink": "kink: any slope between will do",
    "jump": "jump",
    "edge": "one-sided",
    "isolated": "no value nearby",
}


def gradcheck(
    function: Function,
    inputs: Iterable[Any],
    *,
    step: float | None = None,
    tolerance: float = 1e-8,
    raise_exception: bool = True,
) -> "GradcheckReport":
    """Compare `backward` through `function` with the slopes that nudging its inputs shows.

    Takes `function` and `inputs` as `numerical_gradient` does; inputs that
    require no gradient are not checked. The slopes are central differences
    extrapolated to step zero, starting from `step` (see `extrapolation.py`). Raises
    GradcheckError with a table of the worst entries when a gradient is off by
    more than `tolerance` (relative) and the uncertainty of the slope, unless
    `raise_exception` is false; a function that rounds much needs a larger one.
    Gradients of Values are put back.

    Where there is no derivative, the gradient must lie between the slopes of
    the two sides (a kink), or agree with the one side that has values.

    >>> from autograd import gradcheck
    >>> print(gradcheck(lambda x, y: x * y.relu(), [2.0, 0.0]))
    all 2 gradients agree (1 at a kink)
    input  value  analytic  numeric    error
        0      2         0        0  0.0e+00
        1      0         0   0 to 2  0.0e+00  kink: any slope between will do
    """
    bound, checked = prepared(function, inputs, step)
    out = _reproducible(bound)
    gradients = backward_gradients(out, [leaf for _, leaf in checked])
    entries = []
    for (name, leaf), analytic in zip(checked, gradients, strict=True):
        slope = slope_at(*bound.along(leaf), step=step, tolerance=0.1 * tolerance)
        entries.append(Entry(name, leaf.data, analytic, slope))
    report = GradcheckReport(tuple(entries), tolerance)
    return _reported(f"gradcheck of {bound.name}", report, raise_exception)


def gradgradcheck(
    function: Function,
    inputs: Iterable[Any],
    *,
    step: float | None = None,
    tolerance: float = 1e-8,
    raise_exception: bool = True,
) -> "GradcheckReport":
    """Compare second derivatives with the slopes of the first ones, as `gradcheck` does.

    The first derivatives by the chain rule are taken as they are: check them
    with `gradcheck`. One entry per pair of inputs; the second one was nudged.

    >>> from autograd import gradgradcheck
    >>> print(gradgradcheck(lambda x, y: x * x * y, [3.0, 5.0]))
    all 4 second derivatives agree
    input  value  analytic  numeric    error
     0, 0      3        10       10  0.0e+00
     0, 1      5         6        6  0.0e+00
     1, 0      3         6        6  0.0e+00
     1, 1      5         0        0  0.0e+00
    """
    bound, checked = prepared(function, inputs, step)
    leaves = [leaf for _, leaf in checked]
    firsts = _gradients(_reproducible(bound), leaves, create_graph=True)
    seconds = [_gradients(first, leaves) for first in firsts]
    nudges = [cache(_nudging(bound, leaves, leaf)) for leaf in leaves]
    entries = []
    for i, (name_i, _) in enumerate(checked):
        for j, (name_j, leaf) in enumerate(checked):
            along = defined(_item_of(nudges[j], i))
            slope = slope_at(along, leaf.data, step=step, tolerance=0.1 * tolerance)
            entries.append(Entry(f"{name_i}, {name_j}", leaf.data, seconds[i][j], slope))
    report = GradcheckReport(tuple(entries), tolerance, "second derivatives")
    return _reported(f"gradgradcheck of {bound.name}", report, raise_exception)


@dataclass(frozen=True)
class Entry:
    """One derivative that was checked: by the chain rule (`analytic`) and by nudging (`slope`)."""

    name: str
    data: float  # of the input
    analytic: float
    slope: Slope

    @property
    def numeric(self) -> float:
        """The derivative by nudging; at a kink the mean of the two sides."""
        return self.slope.mean

    @property
    def error(self) -> float:
        """How far the analytic derivative is off, relative to the larger of the two."""
        off = self._off()
        return off if off in (0.0, math.inf) else off / self._size()

    def agrees(self, tolerance: float) -> bool:
        """Whether it is off by no more than `tolerance` and what nudging cannot tell."""
        off = self._off()
        return off == 0.0 or off <= tolerance * self._size() + self.slope.uncertainty < math.inf

    def _off(self) -> float:
        low, high = self.slope.low, self.slope.high
        if low <= self.analytic <= high:
            return 0.0
        off = max(low - self.analytic, self.analytic - high)
        return off if math.isfinite(off) else math.inf

    def _size(self) -> float:
        return max(abs(self.analytic), abs(self.slope.low), abs(self.slope.high))


@dataclass(frozen=True, repr=False)
class GradcheckReport:
    """The result of a check of derivatives: true when it passed; printed as a table, worst first.

    `entries` are in the order of the inputs.
    """

    entries: tuple[Entry, ...]
    tolerance: float
    noun: str = "gradients"

    @property
    def wrong(self) -> list[Entry]:
        """The entries that disagree."""
        return [entry for entry in self.entries if not entry.agrees(self.tolerance)]

    def __bool__(self) -> bool:
        return not self.wrong

    def __repr__(self) -> str:
        worst_first = sorted(self.entries, key=lambda e: (e.agrees(self.tolerance), -e.error))
        rows = [["input", "value", "analytic", "numeric", "error"]]
        rows += [self._row(entry) for entry in worst_first[:_SHOWN]]
        lines = [self._verdict(), *aligned(rows)]
        if len(self.entries) > _SHOWN:
            lines.append(f"... and {len(self.entries) - _SHOWN} more, no worse than these")
        return "\n".join(lines)

    def _verdict(self) -> str:
        wrong, count = len(self.wrong), len(self.entries)
        if wrong:
            are = "is" if wrong == 1 else "are"
            off = f"off by more than {self.tolerance:g} (relative)"
            return f"{wrong} of {count} {self.noun} {are} {off}"
        kinds = [entry.slope.kind for entry in self.entries]
        places = {"kink": "at a kink", "jump": "at a jump", "edge": "one-sided"}
        special = [f"{kinds.count(kind)} {places[kind]}" for kind in places if kind in kinds]
        agree = f"all {count} {self.noun} agree" if count > 1 else f"the {self.noun[:-1]} agrees"
        return f"{agree} ({', '.join(special)})" if special else agree

    def _row(self, entry: Entry) -> list[str]:
        low, high = (f"{slope + 0.0:.9g}" for slope in (entry.slope.low, entry.slope.high))
        numeric = low if low == high else f"{low} to {high}"
        remark = _REMARKS.get(entry.slope.kind, "")
        if not entry.agrees(self.tolerance):
            remark = f"<-- wrong ({remark.partition(':')[0]})" if remark else "<-- wrong"
        elif entry.error > self.tolerance:
            remark = remark or "within the rounding of the slope"
        cells = [entry.name, f"{entry.data:.6g}", f"{entry.analytic + 0.0:.9g}", numeric]
        return [*cells, f"{entry.error:.1e}", remark]


def backward_gradients(out: Any, leaves: Sequence[Value]) -> list[float]:
    """d out / d leaf of each of `leaves`, by `backward`; all gradients are put back."""
    if not (isinstance(out, Value) and out.requires_grad):
        return [0.0] * len(leaves)
    before = [(node, node.grad, node._reached) for node in (*leaves, *topological_order(out))]
    try:
        for leaf in leaves:
            leaf.zero_grad()
        out.backward()
        return [leaf.grad for leaf in leaves]
    finally:
        for node, grad, reached in before:
            node.grad, node._reached = grad, reached


def prepared(
    function: Function, inputs: Iterable[Any], step: float | None = None
) -> tuple[Bound, list[tuple[str, Value]]]:
    """`function` with its `inputs`, and the names and leaves to check the derivatives by."""
    check_step(step)
    bound = bind(function, inputs)
    named = zip(bound.names, bound.leaves, strict=True)
    checked = [(name, leaf) for name, leaf in named if leaf.requires_grad]
    if not checked:
        raise GraphError("no input requires a gradient: there is none to check")
    if not modes.current.get().recording:
        raise GraphError("nothing is recorded under no_grad: check gradients outside of it")
    return bound, checked


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: all columns to the right, but for a last one of remarks."""
    columns = len(rows[0])
    rows = [[_shortened(row[0]), *row[1:]] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(columns)]
    return [
        "  ".join([*map(str.rjust, row[:columns], widths), *row[columns:]]).rstrip() for row in rows
    ]


def _shortened(name: str, most: int = 40) -> str:
    """The end of a long path tells more than its beginning."""
    return name if len(name) <= most else f"...{name[3 - most :]}"


def _reproducible(bound: Bound) -> Any:
    """What the function gives, after a look whether it is finite and gives that again."""
    out, again = bound.call(), float_of(bound.call())
    here = float_of(out)
    if not math.isfinite(here):
        raise DomainError(
            f"{bound.name} is {here!r} at these inputs: choose some where it is finite"
        )
    if again != here:
        raise GradcheckError(
            f"{bound.name} gave {here!r}, then {again!r} at the same inputs: fix its random numbers"
        )
    return out


def _gradients(out: Any, leaves: list[Value], *, create_graph: bool = False) -> list[Any]:
    if not (isinstance(out, Value) and out.requires_grad):
        return [0.0] * len(leaves)
    from autograd.transforms.functional import gradient  # `import autograd` stays quick without it

    return list(gradient(out, leaves, create_graph, allow_unused=True))


def _nudging(bound: Bound, leaves: list[Value], leaf: Value) -> Callable[[float], list[float]]:
    def gradients_at(number: float) -> list[float]:
        with nudged(leaf, number):
            return _gradients(bound.call(), leaves)

    return gradients_at


def _item_of(function: Callable[[float], list[float]], i: int) -> Callable[[float], float]:
    return lambda number: function(number)[i]


def _reported(what: str, report: GradcheckReport, raise_exception: bool) -> GradcheckReport:
    if raise_exception and not report:
        raise GradcheckError(f"{what}: {report}")
    return report
