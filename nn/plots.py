"""Pictures of training with matplotlib (the extra ``plot``); each gives a Figure."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import no_grad, sigmoid
from autograd.gradcheck import float_of
from nn.metrics import predicted_class
from nn.module import Module
from nn.training import History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito's palette: told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")


def training_curves(history: History) -> "Figure":
    """Loss (and accuracy, where there is one) over the epochs, training and validation."""
    from matplotlib.ticker import MaxNLocator

    panels = [("loss", history.loss, history.validation_loss)]
    if history.accuracy:
        panels.append(("accuracy", history.accuracy, history.validation_accuracy))
    figure = _figure(4.5 * len(panels), 3.4)
    for position, (name, training, validation) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), position + 1)
        epochs = range(1, len(training) + 1)
        mark = "o" if len(training) == 1 else None
        axes.plot(epochs, training, color=COLOURS[0], marker=mark, label="training")
        if validation:
            axes.plot(
                epochs[: len(validation)], validation, color=COLOURS[1], marker=mark, label="test"
            )
            axes.legend(frameon=False)
        axes.set(xlabel="epoch", title=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def decision_boundary(
    model: Module, X: Sequence[Sequence[float]], y: Sequence[int], *, resolution: int = 60
) -> "Figure":
    """The plane coloured by the class `model` predicts, under the samples.

    `resolution` is the number of grid points along each side. A single output is
    read as a logit: the colour shows its sigmoid, the line where it is 0.
    """
    import numpy as np

    low, high = np.min(X, axis=0), np.max(X, axis=0)
    margin = 0.12 * float((high - low).max())
    xs = np.linspace(low[0] - margin, high[0] + margin, resolution)
    ys = np.linspace(low[1] - margin, high[1] + margin, resolution)
    with no_grad():
        outputs = [[model([a, b]) for a in xs.tolist()] for b in ys.tolist()]
    labels = sorted({max(0, label) for label in y})  # hinge's -1 is class 0
    width, height = (high - low + 2.0 * margin).tolist()
    figure = _figure(5.0, 0.4 + 4.6 * min(2.0, max(0.5, height / width)))
    axes = figure.add_subplot()
    if hasattr(outputs[0][0], "__len__"):
        classes = len(outputs[0][0])
        heights = [[predicted_class(output) for output in row] for row in outputs]
        levels = [level - 0.5 for level in range(classes + 1)]
        colours = [_colour(label) for label in range(classes)]
        axes.contourf(xs, ys, heights, levels, colors=colours, alpha=0.25)
    else:
        scores = np.array([[sigmoid(float_of(output)) for output in row] for row in outputs])
        levels = np.linspace(0.0, 1.0, 13).tolist()
        axes.contourf(xs, ys, scores, levels, cmap=_two_colours(), alpha=0.6)
        if scores.min() < 0.5 < scores.max():
            axes.contour(xs, ys, scores, [0.5], colors="#202124", linewidths=1.5)
    for label in labels:
        points = np.array([row for row, own in zip(X, y, strict=True) if max(0, own) == label])
        axes.scatter(
            points[:, 0], points[:, 1], s=18, color=_colour(label), edgecolor="white",
            linewidth=0.5, label=f"class {label}",
        )  # fmt: skip
    axes.set_aspect("equal")
    axes.legend(frameon=True, loc="best", fontsize=8)
    return figure


def misread_images(
    images: Sequence[Sequence[float]],
    targets: Sequence[int],
    predictions: Sequence[int],
    *,
    most: int = 18,
) -> "Figure":
    """The square images that were misread, each with what it is and what it was read as."""
    import numpy as np

    wrong = [i for i, target in enumerate(targets) if target != predictions[i]]
    shown = wrong[:most]
    columns = min(6, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    figure = _figure(max(4.0, 1.25 * columns), 0.6 + 1.5 * rows)
    count = f"{len(wrong)} of {len(targets)} misread"
    figure.suptitle(count if len(shown) == len(wrong) else f"{count}, the first {most}")
    for position, i in enumerate(shown):
        side = round(len(images[i]) ** 0.5)
        axes = figure.add_subplot(rows, columns, position + 1)
        axes.imshow(np.reshape(images[i], (side, side)), cmap="gray_r")
        axes.set_title(f"{targets[i]}, read as {predictions[i]}", fontsize=8)
        axes.set_axis_off()
    return figure


def _figure(width: float, height: float) -> "Figure":
    # Without pyplot: no window, no global state, nothing to close.
    from matplotlib.figure import Figure

    class Picture(Figure):
        """A figure that shows itself in a notebook."""

        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return Picture(figsize=(width, height), dpi=120, layout="constrained")


def _colour(label: int) -> str:
    return COLOURS[label % len(COLOURS)]


def _two_colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("two", [COLOURS[0], "#ffffff", COLOURS[1]])
