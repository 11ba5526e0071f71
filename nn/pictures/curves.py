"""The loss and the accuracy over the epochs."""

from typing import TYPE_CHECKING

from nn.pictures.figure import COLOURS, count_in_integers, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.history import History


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
            epochs[: len(validation)], validation, color=COLOURS[1], marker=mark, label="validation"
        )
        axes.legend(frameon=False)
    count_in_integers(axes, epochs)
    style(axes, name, "epoch")
