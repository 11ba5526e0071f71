"""The images of a data set that a model misread."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nn.arguments.rows import as_rows
from nn.arguments.settings import as_count
from nn.pictures.figure import load_matplotlib, new_figure

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
