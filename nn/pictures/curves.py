"""The loss and the accuracy over the epochs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nn.pictures.figure import COLOURS, count_in_integers, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.history import History


SMOOTHED_FROM = 30  # epochs: a shorter curve is read as it is
SMOOTHED_OVER = 15  # of the epochs one in so many, on either side


def smoothed(numbers: Sequence[float]) -> Sequence[float]:
    """The mean of each number with its neighbours; the same list where there are few.

    Towards the ends there are fewer neighbours, as many on either side, so that the first and the
    last stay as they are.

    >>> smoothed([1.0, 2.0])
    [1.0, 2.0]
    """
    if len(numbers) < SMOOTHED_FROM:
        return numbers
    found = []
    for place in range(len(numbers)):
        reach = min(len(numbers) // SMOOTHED_OVER, place, len(numbers) - 1 - place)
        around = numbers[place - reach : place + reach + 1]
        found.append(sum(around) / len(around))
    return found


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
    series = [("training", training)] + ([("validation", validation)] if validation else [])
    for colour, (label, numbers) in zip(COLOURS, series, strict=False):
        shown = smoothed(numbers)
        if shown is not numbers:  # as it was, behind
            axes.plot(epochs[: len(numbers)], numbers, color=colour, alpha=0.3, linewidth=0.9)
        axes.plot(epochs[: len(numbers)], shown, color=colour, marker=mark, label=label)
    if validation:
        axes.legend(frameon=False)
    count_in_integers(axes, epochs)
    style(axes, name, "epoch")
