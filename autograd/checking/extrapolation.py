"""The slope of a function of one number, from its values nearby, and how far to trust it.

Differences at steps that shrink by a factor of four are extrapolated to step
zero (Richardson, 1911; Press et al., *Numerical Recipes*, section 5.7). Three
steps in a row make an estimate from both sides and one from each side: where
the sides disagree, the function has a kink, or jumps, or ends.

Glossary: *rise*: the value of the function nearby, less the one at the point;
*gap*: how far the slopes of the two sides differ; *blur*: how far they may be off.
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from operator import truediv
from typing import NamedTuple

FIRST, LAST, RATIO = 2.0**-6, 2.0**-40, 4.0


class Slope(NamedTuple):
    """What the values near a point say about the derivative there.

    `kind` is ``"smooth"``; ``"kink"``: the slopes of the sides differ;
    ``"jump"``: the values differ; ``"edge"``: there are values on one side
    only; or ``"isolated"``: on neither.
    """

    kind: str
    low: float  # of the slopes of the sides
    high: float
    uncertainty: float

    @property
    def mean(self) -> float:
        """One number for both sides."""
        return self.low if self.low == self.high else 0.5 * (self.low + self.high)


class Sample(NamedTuple):
    """How far the function rises within one step."""

    h: float
    left: float  # the rise to the left; nan where there is no value
    right: float
    rounding: float  # how far the rises may be off


class Limit(NamedTuple):
    """Slopes at three steps, carried on to step zero."""

    value: float
    error: float  # what the last extrapolation changed: small only if all is smooth
    spread: float  # what the last step changed: a cautious bound wherever slopes converge
    steady: bool  # the slopes converge as fast as those of a smooth function


class Estimate(NamedTuple):
    """What three samples in a row say."""

    central: Limit
    left: Limit
    right: Limit
    rounding: float  # how far the central slope may be off by rounding

    @property
    def gap(self) -> float:
        """How far the slopes of the two sides differ."""
        return abs(self.right.value - self.left.value)

    @property
    def blur(self) -> float:
        """How far the slopes of the two sides may be off."""
        return self.left.error + self.right.error + 4.0 * self.rounding

    @property
    def smooth(self) -> bool:
        """Whether the two sides agree as well as they can."""
        return self.gap <= 2.0 * self.blur

    @property
    def broken(self) -> bool:
        """Whether the two sides differ by more than slow convergence could feign."""
        return not self.smooth and self.gap > 2.0 * (self.left.spread + self.right.spread)

    @property
    def uncertainty(self) -> float:
        """How far the central slope may be off, cautiously."""
        return self.central.spread + self.rounding

    def settled(self, tolerance: float) -> bool:
        """Whether smaller steps would tell nothing new."""
        allowed = tolerance * abs(self.central.value)
        enough = max(allowed, self.rounding)
        steady = self.central.steady or self.central.spread <= enough
        return (self.smooth or self.gap <= allowed) and steady and self.central.error <= enough


def slope_at(
    function: Callable[[float], float],
    x: float,
    *,
    step: float | None = None,
    tolerance: float = 1e-10,
) -> Slope:
    """The slope of `function` at `x`; `function` gives nan where it has no value.

    `step` is the largest step; by default 1/64 of |x|, or 1/64 where |x| < 1.
    Three steps do where the function is smooth and the relative `tolerance` or
    rounding is reached; else they shrink on, to find what is the matter. Raises
    ValueError if the steps are lost beside `x`, or `x` is not finite.
    """
    samples: list[Sample] = []
    estimates: list[Estimate] = []
    step = None if step is None else float(step)  # NumPy's smaller floats would round the inputs
    for sample in _samples(function, x, step):
        samples.append(sample)
        latest = _estimate(samples[-3:])
        if latest is None or _lost(samples[-3:], estimates):
            continue
        if latest.settled(tolerance) and _clears(latest, estimates):
            return _smooth(latest.central.value, latest.central.error + latest.rounding)
        estimates.append(latest)
    if len(samples) < 3:
        raise ValueError(f"steps of {step or FIRST!r} and less are lost beside the input {x!r}")
    sides = _Side(samples, -1.0), _Side(samples, 1.0)
    if estimates and all(side.ordinary for side in sides):
        return _verdict(estimates)
    return _at_an_end(sides)


def _samples(function: Callable[[float], float], x: float, first: float | None) -> Iterator[Sample]:
    here = function(x)
    for h in _steps(x, first):
        behind, ahead = x - h, x + h
        if not behind < x < ahead:
            return
        left, right = function(behind), function(ahead)
        sizes = [abs(value) for value in (here, left, right) if math.isfinite(value)]
        yield Sample(h, left - here, right - here, 4.0 * math.ulp(max(sizes, default=0.0)))


def _steps(x: float, first: float | None) -> Iterator[float]:
    """Shrinking steps, scaled to 1 or a larger |x|, then to a smaller |x|."""
    size = 2.0 ** (math.frexp(max(1.0, abs(x)))[1] - 1)  # a power of two, so that x + h is exact
    first = first or FIRST * size
    yield from _shrinking(first, first * (LAST / FIRST))
    if 0.0 < abs(x) < LAST / FIRST:
        yield from _shrinking(FIRST * abs(x), LAST * abs(x))


def _shrinking(first: float, last: float) -> Iterator[float]:
    h = first
    while h >= last > 0.0:
        yield h
        h /= RATIO


def _estimate(window: list[Sample]) -> Estimate | None:
    if len(window) < 3:
        return None
    central = _limit([(s.right - s.left) / (2.0 * s.h) for s in window], RATIO**2)
    left = _limit([-s.left / s.h for s in window], RATIO)
    right = _limit([s.right / s.h for s in window], RATIO)
    if not math.isfinite(central.value):
        return None
    return Estimate(central, left, right, 2.0 * window[-1].rounding / window[-1].h)


def _limit(slopes: list[float], factor: float) -> Limit:
    """The limit of three slopes whose errors shrink by `factor` and by its square."""
    first, second, third = slopes
    rough = second + (second - first) / (factor - 1.0)
    better = third + (third - second) / (factor - 1.0)
    best = better + (better - rough) / (factor * factor - 1.0)
    spread = abs(third - second)
    return Limit(best, abs(best - better), spread, 0.5 * factor * spread <= abs(second - first))


def _lost(window: list[Sample], earlier: list[Estimate]) -> bool:
    """Whether steps this small drown in rounding: no rise at all, after a clear slope."""
    flat = not any(sample.left or sample.right for sample in window)
    return flat and any(e.smooth and abs(e.central.value) > 10.0 * e.blur for e in earlier)


def _clears(smooth: Estimate, earlier: list[Estimate]) -> bool:
    """Whether a smooth estimate is so sharp that the gaps seen at other steps were elsewhere."""
    return all(10.0 * smooth.blur <= e.gap for e in earlier if e.broken)


def _verdict(estimates: list[Estimate]) -> Slope:
    """The best of the estimates; a kink if no sharp one is smooth."""
    smooth = [e for e in estimates if e.smooth and _clears(e, estimates)]
    broken = [e for e in estimates if e.broken]
    if broken and not smooth:
        kink = min(broken, key=lambda e: e.blur)
        low, high = sorted((kink.left.value, kink.right.value))
        return Slope("kink", low, high, kink.blur)
    best = min(smooth or estimates, key=lambda e: e.uncertainty)
    return _smooth(best.central.value, best.uncertainty)


def _smooth(slope: float, uncertainty: float) -> Slope:
    return Slope("smooth", slope, slope, uncertainty)


class _Side:
    """What the samples on one side of the point say.

    A side is ordinary unless it is empty, jumps or stands upright.
    """

    def __init__(self, samples: list[Sample], sign: float) -> None:
        self.steps = [sign * sample.h for sample in samples]
        self.rises = [sample.right if sign > 0.0 else sample.left for sample in samples]
        self.roundings = [sample.rounding for sample in samples]
        h, rises, roundings = self.steps[-3:], self.rises[-3:], self.roundings[-3:]
        slopes = list(map(truediv, rises, h))
        clear = all(abs(rise) > 1e3 * most for rise, most in zip(rises, roundings, strict=True))
        # Over these steps, which shrink to a sixteenth, x**0.9 gets steeper by a third (and any
        # smaller power by more), while x**0.04 still falls by a tenth.
        grows = all(abs(b) > 1.1 * abs(a) and a * b > 0.0 for a, b in pairwise(slopes))
        self.empty = not (slopes and all(map(math.isfinite, slopes)))
        self.jumps = clear and abs(rises[-1]) > 0.9 * abs(rises[0])
        self.upright = clear and grows and not self.jumps
        self.ordinary = not (self.empty or self.jumps or self.upright)

    def slope(self) -> tuple[float, float]:
        """The slope of the side by itself, and how far that may be off."""
        if self.upright:
            return math.copysign(math.inf, self.rises[-1] / self.steps[-1]), 0.0
        slopes = self._inner_slopes() if self.jumps else list(map(truediv, self.rises, self.steps))
        estimates = []
        for i in range(2, len(slopes)):
            limit = _limit(slopes[i - 2 : i + 1], RATIO)
            if math.isfinite(limit.value):
                rounding = 4.0 * self.roundings[i] / abs(self.steps[i])
                estimates.append((limit.value, limit.spread + rounding))
        return min(estimates, key=lambda estimate: estimate[1])

    def _inner_slopes(self) -> list[float]:
        """Between the samples, not from the point: its own value lies apart."""
        points = pairwise(zip(self.steps, self.rises, strict=True))
        return [(rise - far) / (h - further) for (further, far), (h, rise) in points]


def _at_an_end(sides: tuple[_Side, _Side]) -> Slope:
    """The slope where the function jumps, stands upright or ends."""
    there = [side.slope() for side in sides if not side.empty]
    if not there:
        return Slope("isolated", math.nan, math.nan, 0.0)
    low, high = min(slope for slope, _ in there), max(slope for slope, _ in there)
    uncertainty = max(error for _, error in there)
    if any(side.jumps for side in sides):
        return Slope("jump", low, high, uncertainty)
    if len(there) == 1:
        return Slope("edge", low, high, uncertainty)
    return Slope("smooth" if low == high else "kink", low, high, uncertainty)
