"""Pictures that follow a training in a notebook, and cost it next to nothing."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from nn.class_reading.reading import Reading
from nn.class_reading.which_reading import default_reading
from nn.module import Module
from nn.pictures.boundary import draw_boundary, in_the_plane
from nn.pictures.curves import draw_curve
from nn.pictures.figure import load_matplotlib, new_figure, png
from nn.pictures.layers import draw_gradients, draw_update_ratios

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn.history import History

SHARE = 0.045  # of the training time that drawing may take; recording takes as much again
FIRST = 0.3  # seconds, what a picture is taken to cost before one was drawn
GRID = 24  # points along each side of the decision boundary


class Pictures:
    """Draws whenever the time spent drawing, this time included, stays within `SHARE`.

    `draw` makes the picture and `show` puts it in the place of the last one.
    """

    def __init__(
        self,
        draw: Callable[[], bytes],
        show: Callable[[bytes], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.draw, self.show, self.clock = draw, show, clock
        self.started, self.spent, self.last = clock(), 0.0, FIRST

    def update(self) -> None:
        """Draw if there is time for it; the time of the last picture is set aside."""
        training = self.clock() - self.started - self.spent
        if self.spent + 2.0 * self.last <= SHARE * training:
            self.finish()

    def finish(self) -> None:
        """Draw in any case."""
        before = self.clock()
        self.show(self.draw())
        self.last = self.clock() - before
        self.spent += self.last


@contextmanager
def watching(
    history: "History",
    model: Module,
    X: Sequence[Any],
    y: Sequence[Any],
    judge: Callable[[], Reading | None],
) -> Iterator[Pictures | None]:
    """The pictures of one training, the last of them drawn at its end; none outside a notebook.

    `judge` gives how predictions are read, None in a regression.
    """
    if not in_notebook():
        print("watch=True shows pictures in a notebook; here is none", file=sys.stderr)
        yield None
    else:
        load_matplotlib()  # before the clock runs
        samples = (X, y) if in_the_plane(X) else None

        def draw() -> bytes:
            reading = judge()  # known from the first batch on
            shown = (*samples, reading) if samples and reading else None
            return png(overview(history, model, shown), 1)

        pictures = Pictures(draw, _display())
        try:
            yield pictures
        finally:
            if history.epochs:
                pictures.finish()


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def overview(history: "History", model: Module, samples: Any = None) -> "Figure":
    """Loss, accuracy, decision boundary, updates and gradients.

    `samples` in the plane are X, y, and, if it is known, how predictions are read.
    """
    names = ["loss", "accuracy"] if history.accuracy else ["loss"]
    panels: list[Callable[[Any], None]] = [partial(_curve, history, name) for name in names]
    if samples is not None:
        X, y, *known = samples
        how = known[0] if known else default_reading(model, X, y)
        panels.append(lambda axes: draw_boundary(axes, model, X, y, GRID, how))
    panels += [
        lambda axes: draw_gradients(axes, history),
        lambda axes: draw_update_ratios(axes, history),
    ]
    columns = 3 if len(panels) > 4 else 2
    rows = -(-len(panels) // columns)
    # Without a layout that adapts, which would take half of the time.
    figure = new_figure(4.2 * columns, 3.1 * rows, f"Training: {history!r}", layout=None)
    figure.subplots_adjust(0.07, 0.08, 0.88, 0.94, 0.3, 0.36)
    for position, draw in enumerate(panels):
        draw(figure.add_subplot(rows, columns, position + 1))
    return figure


def _curve(history: "History", name: str, axes: Any) -> None:
    draw_curve(axes, history, name)


def _display() -> Callable[[bytes], None]:
    """Shows a PNG below the cell, each in the place of the one before."""
    from IPython import display

    show_new: Any = display.display
    handle = show_new({"text/plain": "training ..."}, raw=True, display_id=True)

    def show(content: bytes) -> None:
        bundle = {"image/png": content, "text/plain": "pictures of the training"}
        handle.update(bundle, raw=True)

    return show
