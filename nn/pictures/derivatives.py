"""A function beside its derivatives."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import autograd
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError
from nn.arguments.settings import as_count
from nn.pictures.figure import new_figure, safe, series_colours, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def function_and_derivatives(
    f: Callable[[Any], Any], low: float, high: float, order: int = 2, *, points: int = 401
) -> "Figure":
    """`f` of one Value beside its derivatives up to `order`, from `low` to `high`.

    Where `f` has no real value the curves have a gap. An interval or order that
    is none raises ValueError.

    >>> import autograd
    >>> figure = function_and_derivatives(autograd.tanh, -3, 3)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['tanh(x)', "tanh'(x)", "tanh''(x)"]
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"an interval goes from low up to high, got {low!r} to {high!r}")
    order, points = as_count("order", order, -math.inf), as_count("points", points, 2)
    if order < 0:
        raise ValueError(f"order counts derivatives from 0 up, got {order!r}")
    xs = [low + (high - low) * i / (points - 1) for i in range(points)]
    name = safe(getattr(f, "__name__", "f").replace("<lambda>", "f"))
    figure = new_figure(
        6.0, 3.8, f"{name} and its first {order} derivatives, from {low:g} to {high:g}"
    )
    axes = figure.add_subplot()
    low_high = []
    for n, line_colour in enumerate(series_colours(order + 1)):
        derivative = autograd.derivative(f, n)
        ys = [_number_at(derivative, x) for x in xs]
        low_high += _worth_showing(ys)
        label = f"{name}{chr(39) * n}(x)" if n <= 3 else f"{name}^({n})(x)"
        axes.plot(xs, ys, color=line_colour, linewidth=2.2 if n == 0 else 1.5, label=label)
    axes.axhline(0.0, color="#888888", linewidth=0.8, zorder=0)
    style(axes, xlabel="x")
    if low_high:
        margin = 0.05 * (max(low_high) - min(low_high)) or 1.0
        axes.set_ylim(min(low_high) - margin, max(low_high) + margin)
    axes.legend(frameon=False)
    return figure


def _worth_showing(ys: list[float]) -> list[float]:
    """The range of a curve; where it has gaps, beside which it may run off, of its middle part."""
    finite = sorted(y for y in ys if math.isfinite(y))
    if not finite or len(finite) == len(ys):
        return finite[:1] + finite[-1:]
    low, high = finite[len(finite) // 10], finite[-1 - len(finite) // 10]
    reach = 0.5 * (high - low)
    return [max(finite[0], low - reach), min(finite[-1], high + reach)]


def _number_at(f: Callable[[Any], Any], x: float) -> float:
    try:
        number = float_of(f(x))
    except ChainruleError:  # outside the domain
        return math.nan
    return number if math.isfinite(number) else math.nan
