"""What a model predicts where in the plane, under its samples."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd import no_grad
from autograd.errors import ShapeError
from nn.arguments.numbers import numbers_in
from nn.arguments.rows import as_rows, check_finite, same_length
from nn.arguments.settings import as_count
from nn.class_reading.reading import Reading
from nn.class_reading.which_reading import default_reading
from nn.module import Module
from nn.pictures.figure import COLOURS, colour, colour_scale, load_matplotlib, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    X, y = samples_in_the_plane(X, y)
    resolution = as_count("resolution", resolution, 2)
    reading = default_reading(model, X, y, loss, threshold)
    alt = f"What the model predicts where in the plane, under {len(X)} samples"
    figure = new_figure(*boundary_size(X), alt)
    draw_boundary(figure.add_subplot(), model, X, y, resolution, reading)
    return figure


def samples_in_the_plane(X: Any, y: Any) -> tuple[list[Any], list[Any]]:
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


def in_the_plane(X: Sequence[Any]) -> bool:
    """Whether every sample is a point of two coordinates."""
    return all(hasattr(x, "__len__") and len(x) == 2 for x in X)


def boundary_size(X: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Inches of a figure in the shape of the samples and their margin."""
    load_matplotlib()
    import numpy as np

    width, height = (np.ptp(X, axis=0) + 0.24 * np.ptp(X, axis=0).max()).tolist()
    return 5.6, 0.4 + 4.6 * min(2.0, max(0.5, height / width))


def draw_boundary(
    axes: "Axes",
    model: Module,
    X: Sequence[Sequence[float]],
    y: Sequence[Any],
    resolution: int,
    reading: Reading,
) -> None:
    """The predictions of `model` on a grid around the samples, and these."""
    classes = _draw_predictions(axes, model, X, resolution, reading)
    _draw_samples(axes, X, y, classes)
    axes.set_aspect("equal")
    # Beside the samples, of which it would hide some.
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)


def _draw_predictions(
    axes: "Axes", model: Module, X: Sequence[Sequence[float]], resolution: int, reading: Reading
) -> int:
    """The grid, coloured; returns how many outputs the model has."""
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
    return classes


def _draw_samples(
    axes: "Axes", X: Sequence[Sequence[float]], y: Sequence[Any], classes: int
) -> None:
    import numpy as np

    exclusive = Reading()  # of each sample one colour, even where several classes are right
    labels = [exclusive.target_class(target, classes) for target in y]
    labels = [max(0, label) for label in labels]
    for label in sorted(set(labels)):
        points = np.array([row for row, own in zip(X, labels, strict=True) if own == label])
        axes.scatter(
            points[:, 0], points[:, 1], s=24, color=colour(label), edgecolor="white",
            linewidth=0.7, label=f"class {label}",
        )  # fmt: skip
