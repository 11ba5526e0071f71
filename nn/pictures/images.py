"""Images: what a model misread, which classes it confuses, and what its first layer looks for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.errors import ShapeError
from nn.arguments.rows import as_rows
from nn.arguments.settings import as_count
from nn.diagnostics import layers_of
from nn.metrics import confusion_matrix
from nn.module import Module
from nn.pictures.figure import COLOURS, colour_scale, load_matplotlib, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def misread_images(
    images: Sequence[Sequence[float]],
    targets: Sequence[int],
    predictions: Sequence[int],
    *,
    most: int = 18,
) -> "Figure":
    """The square images that were misread, each with what it is and what it was read as."""
    load_matplotlib()
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


def confusion(
    predictions: Sequence[Any], targets: Sequence[Any], threshold: float | None = None
) -> "Figure":
    """`nn.metrics.confusion_matrix` as a picture: what was right is pale, mistakes stand out."""
    return draw_confusion(confusion_matrix(predictions, targets, threshold))


def draw_confusion(table: list[list[int]]) -> "Figure":
    """How often each class (row) was read as each (column)."""
    count = len(table)
    wrong = sum(map(sum, table)) - sum(table[k][k] for k in range(count))
    alt = f"Confusion matrix of {count} classes, {wrong} of {sum(map(sum, table))} misread"
    figure = new_figure(1.6 + 0.36 * count, 1.2 + 0.36 * count, alt)
    axes = figure.add_subplot()
    mistakes = [[0 if i == k else n for k, n in enumerate(row)] for i, row in enumerate(table)]
    top = max(1, *map(max, mistakes))
    axes.imshow(mistakes, cmap=colour_scale("#ffffff", COLOURS[1], COLOURS[1]), vmax=2 * top)
    for meant, row in enumerate(table):
        for found, number in enumerate(row):
            if number:
                weight = "bold" if meant == found else "normal"
                axes.text(found, meant, f"{number}", ha="center", va="center", fontsize=8,
                          fontweight=weight)  # fmt: skip
    axes.set(xlabel="read as", ylabel="is", xticks=range(count), yticks=range(count))
    axes.tick_params(length=0, labelsize=8)
    return figure


def weight_images(model: Module, *, most: int = 32) -> "Figure":
    """What each neuron of the first layer looks for: its weights as a square image.

    Blue is negative, orange positive, white 0; all on one scale. ShapeError where the inputs
    are no square number.
    """
    import numpy as np

    layers = layers_of(model)
    neurons = layers[0].neurons if layers else []
    inputs = len(neurons[0].w) if neurons else 0
    side = round(inputs**0.5)
    if not neurons or side * side != inputs or side < 2:
        raise ShapeError(
            f"weight_images shows a first layer over a square image, and this has {inputs} inputs"
        )
    shown = neurons[: as_count("most", most)]
    largest = max(abs(w.data) for neuron in shown for w in neuron.w) or 1.0
    columns = min(8, len(shown))
    rows = -(-len(shown) // columns)
    said = f"{len(shown)} of {len(neurons)} neurons" if len(shown) < len(neurons) else "neurons"
    alt = f"Weights of {said} of the first layer, between -{largest:.3g} and {largest:.3g}"
    figure = new_figure(max(4.0, 0.95 * columns), 0.5 + 0.95 * rows, alt)
    figure.suptitle(f"weights, from \N{MINUS SIGN}{largest:.3g} to {largest:.3g}", fontsize=10)
    scale = colour_scale("#2166ac", "#ffffff", "#b35806")
    for position, neuron in enumerate(shown):
        axes = figure.add_subplot(rows, columns, position + 1)
        weights = np.reshape([w.data for w in neuron.w], (side, side))
        axes.imshow(weights, cmap=scale, vmin=-largest, vmax=largest)
        axes.set_axis_off()
    return figure
