"""Pictures of training with matplotlib (the extra ``plot``); each gives a Figure."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import autograd
from autograd import no_grad
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError, ShapeError
from nn.arguments.numbers import numbers_in
from nn.arguments.rows import as_rows, check_finite, same_length
from nn.arguments.settings import as_count
from nn.class_reading.reading import Reading
from nn.class_reading.which_reading import default_reading
from nn.module import Module
from nn.pictures.figure import (
    COLOURS,
    colour,
    colour_scale,
    count_in_integers,
    new_figure,
    safe,
    series_colours,
    style,
)
from nn.pictures.layer_plots import (
    activation_histograms,
    gradient_flow,
    gradient_histograms,
    gradients_over_steps,
    saturation,
    update_ratios,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.history import History
    from nn.pictures.surface import LossSurface

__all__ = [
    "COLOURS",
    "activation_histograms",
    "decision_boundary",
    "function_and_derivatives",
    "gradient_flow",
    "gradient_histograms",
    "gradients_over_steps",
    "loss_surface",
    "misread_images",
    "saturation",
    "training_curves",
    "update_ratios",
]


def training_curves(history: "History") -> "Figure":
    """Loss (and accuracy, where there is one) over the epochs, training and validation."""
    names = ["loss", "accuracy"] if history.accuracy else ["loss"]
    figure = new_figure(4.5 * len(names), 3.4, f"Over {history.epochs} epochs: {history!r}")
    for position, name in enumerate(names):
        draw_curve(figure.add_subplot(1, len(names), position + 1), history, name)
    return figure


def draw_curve(axes: "Axes", history: "History", name: str) -> None:
    """The "loss" or the "accuracy" over the epochs."""
    training = getattr(history, name)
    validation = getattr(history, f"validation_{name}")
    epochs = range(1, len(training) + 1)
    mark = "o" if len(training) == 1 else None
    axes.plot(epochs, training, color=COLOURS[0], marker=mark, label="training")
    if validation:
        axes.plot(
            epochs[: len(validation)], validation, color=COLOURS[1], marker=mark, label="test"
        )
        axes.legend(frameon=False)
    count_in_integers(axes, epochs)
    style(axes, name, "epoch")


def decision_boundary(
    model: Module,
    X: Sequence[Sequence[float]],
    y: Sequence[Any],
    *,
    resolution: int = 60,
    loss: Callable[..., Any] | None = None,
    threshold: float | None = None,
) -> "Figure":
    """The plane coloured by the class `model` predicts, under the samples.

    `resolution` is the number of grid points along each side. A single output is
    read as `loss`, the model's output and the targets say: what a sigmoid made as
    the probability of class 1, with the line at 0.5; what a tanh made with the
    line at 0; others as a logit, where the colour shows the sigmoid, the line
    where the logit is 0. A `threshold` puts the line elsewhere.
    """
    X, y = in_the_plane(X, y)
    resolution = as_count("resolution", resolution, 2)
    reading = default_reading(model, X, y, loss, threshold)
    alt = f"What the model predicts where in the plane, under {len(X)} samples"
    figure = new_figure(*boundary_size(X), alt)
    draw_boundary(figure.add_subplot(), model, X, y, resolution, reading)
    return figure


def in_the_plane(X: Any, y: Any) -> tuple[list[Any], list[Any]]:
    """Samples and targets by row; ShapeError unless each sample has two finite coordinates."""
    X, y = as_rows(X, "X"), as_rows(y, "y")
    same_length(X, y)
    check_finite(X, "X")
    for position, row in enumerate(X):
        size = len(row) if hasattr(row, "__len__") else 1
        if size != 2:
            raise ShapeError(
                f"a boundary is drawn in the plane, of samples of two numbers; row {position} has "
                f"{size}"
            )
    return X, y


def boundary_size(X: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Inches of a figure in the shape of the samples and their margin."""
    import numpy as np

    width, height = (np.ptp(X, axis=0) + 0.24 * np.ptp(X, axis=0).max()).tolist()
    return 5.0, 0.4 + 4.6 * min(2.0, max(0.5, height / width))


def draw_boundary(
    axes: "Axes",
    model: Module,
    X: Sequence[Sequence[float]],
    y: Sequence[Any],
    resolution: int,
    reading: Reading,
) -> None:
    """The predictions of `model` on a grid around the samples, and these."""
    import numpy as np

    low, high = np.min(X, axis=0), np.max(X, axis=0)
    margin = 0.12 * float((high - low).max())
    xs = np.linspace(low[0] - margin, high[0] + margin, resolution)
    ys = np.linspace(low[1] - margin, high[1] + margin, resolution)
    with no_grad():
        outputs = [[numbers_in(model([a, b])) for a in xs.tolist()] for b in ys.tolist()]
    classes = len(outputs[0][0])
    if classes > 1:
        scores = np.array(outputs)
        for label in range(classes):  # each where it leads; at a border the lead is 0
            lead = scores[:, :, label] - np.delete(scores, label, axis=2).max(axis=2)
            if np.any(lead > 0.0):
                top = float(lead[np.isfinite(lead)].max(initial=0.0)) + 1.0
                axes.contourf(xs, ys, lead, [0.0, top], colors=[colour(label)], alpha=0.25)
    else:
        shares = np.array([[reading.share(output) for output in row] for row in outputs])
        levels = np.linspace(0.0, 1.0, 13).tolist()
        scale = colour_scale(COLOURS[0], "#ffffff", COLOURS[1])
        axes.contourf(xs, ys, shares, levels, cmap=scale, alpha=0.6)
        if np.any(shares < reading.border) and np.any(shares > reading.border):
            axes.contour(xs, ys, shares, [reading.border], colors="#202124", linewidths=1.5)
    exclusive = Reading()  # of each sample one colour, even where several classes are right
    labels = [exclusive.target_class(target, classes) for target in y]
    labels = [max(0, label) for label in labels]
    for label in sorted(set(labels)):
        points = np.array([row for row, own in zip(X, labels, strict=True) if own == label])
        axes.scatter(
            points[:, 0], points[:, 1], s=18, color=colour(label), edgecolor="white",
            linewidth=0.5, label=f"class {label}",
        )  # fmt: skip
    axes.set_aspect("equal")
    axes.legend(frameon=True, loc="best", fontsize=8)


def misread_images(
    images: Sequence[Sequence[float]],
    targets: Sequence[int],
    predictions: Sequence[int],
    *,
    most: int = 18,
) -> "Figure":
    """The square images that were misread, each with what it is and what it was read as."""
    import numpy as np

    images, most = as_rows(images, "images"), as_count("most", most)
    targets, predictions = as_rows(targets, "targets"), as_rows(predictions, "predictions")

    wrong = [i for i, target in enumerate(targets) if target != predictions[i]]
    shown = wrong[:most]
    columns = min(6, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    count = f"{len(wrong)} of {len(targets)} misread"
    figure = new_figure(max(4.0, 1.25 * columns), 0.6 + 1.5 * rows, f"Images: {count}")
    figure.suptitle(count if len(shown) == len(wrong) else f"{count}, the first {most}")
    for position, i in enumerate(shown):
        side = round(len(images[i]) ** 0.5)
        axes = figure.add_subplot(rows, columns, position + 1)
        axes.imshow(np.reshape(images[i], (side, side)), cmap="gray_r")
        axes.set_title(f"{targets[i]}, read as {predictions[i]}", fontsize=8)
        axes.set_axis_off()
    return figure


def function_and_derivatives(
    f: Callable[[Any], Any], low: float, high: float, order: int = 2, *, points: int = 401
) -> "Figure":
    """`f` of one Value beside its derivatives up to `order`, from `low` to `high`.

    Where `f` has no real value the curves have a gap. An interval or order that
    is none raises ValueError.

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


def loss_surface(surface: "LossSurface") -> "Figure":
    """The level sets of the loss in a plane through the parameters, and the training's path."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(5.1, 4.2, surface.description)
    axes = figure.add_subplot()
    losses = np.ma.masked_invalid(surface.losses)
    if losses.count():
        low, high = float(losses.min()), float(losses.max())
        wide = low > 0.0 and high > 20.0 * low
        levels = np.geomspace(low, high, 20) if wide else MaxNLocator(18).tick_values(low, high)
        norm = "log" if wide else "linear"
        filled = axes.contourf(
            surface.xs, surface.ys, losses, np.unique(levels), cmap="viridis_r", norm=norm
        )
        figure.colorbar(filled, ax=axes, label="loss", format="%.3g" if wide else None)
        axes.contour(
            surface.xs, surface.ys, losses, np.unique(levels), colors="white", linewidths=0.3
        )
    if surface.path:
        columns = list(zip(*surface.path, strict=True))
        axes.plot(*columns, color=COLOURS[1], linewidth=1.5, marker="o", markersize=3, label="path")
        for point, mark, label in ((0, "s", "start"), (-1, "*", "end")):
            axes.plot(
                *surface.path[point], mark, color=COLOURS[1], markersize=11,
                markeredgecolor="white", label=label,
            )  # fmt: skip
        axes.legend(fontsize=8)
    else:
        axes.plot(0.0, 0.0, "*", color=COLOURS[1], markersize=11, markeredgecolor="white")
    axes.set(xlabel=surface.names[0], ylabel=surface.names[1])
    return figure
