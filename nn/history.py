"""What `fit` writes down: one entry for each finished epoch."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array


@dataclass
class LayerHistory:
    """One layer at each recorded step: its gradients, and how far the update moved its weights.

    `update_ratio` is the standard deviation of the update over that of the
    weights, about 1e-3 where the learning rate suits (Karpathy, "Building
    makemore", part 3); nan where all weights are equal.
    """

    summary: str
    mean_gradient: list[float] = field(default_factory=list)
    max_gradient: list[float] = field(default_factory=list)
    update_ratio: list[float] = field(default_factory=list)


@dataclass
class History:
    """What happened in each epoch; lists of equal length, empty where nothing was asked for.

    `metrics` has one list for each name in ``fit(..., metrics={name: function})``, and
    one for "validation_" and the name where samples are held out. After ``fit(...,
    record=True)`` `layers` has the gradients and updates of each layer at the steps
    listed in `steps`, and `states` the numbers of ``model.parameters()`` before the
    training and after each epoch. `compiled` says whether batches were replayed by a
    Program; where that was refused, `not_compiled` says why.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""  # "", "early stopping", "callback" or "interrupted"
    layers: dict[str, LayerHistory] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)
    states: "list[array[float]]" = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    compiled: bool = False
    not_compiled: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.loss)

    def enter(self, record: dict[str, float], metrics: dict[str, float], seconds: float) -> None:
        """Add one finished epoch."""
        for name, number in record.items():
            getattr(self, name).append(number)
        for name, number in metrics.items():
            self.metrics.setdefault(name, []).append(number)
        self.seconds.append(seconds)

    def _series(self) -> dict[str, list[float]]:
        names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
        return {name: getattr(self, name) for name in names} | self.metrics

    def _repr_html_(self) -> str:
        """For a notebook: every series in its first and last epoch, and where it was best."""
        from autograd.visual.page import table

        rows = []
        for name, numbers in self._series().items():
            if not numbers:
                continue
            best = max(numbers) if name.endswith("accuracy") else min(numbers)
            # Of a metric nobody says which way is better.
            found = "" if name in self.metrics else f"{best:.4f} ({numbers.index(best) + 1})"
            rows.append((name, f"{numbers[0]:.4f}", f"{numbers[-1]:.4f}", found))
        ended = f", stopped: {self.stopped}" if self.stopped else ""
        caption = f"{self.epochs} epochs in {sum(self.seconds):.3g} s{ended}"
        return table(caption, ("", "first", "last", "best (epoch)"), rows)

    def __repr__(self) -> str:
        series = self._series()
        last = {name: numbers[-1] for name, numbers in series.items() if numbers}
        shown = "".join(f", {name} {number:.4f}" for name, number in last.items())
        stopped = f", stopped: {self.stopped}" if self.stopped else ""
        return f"<History of {self.epochs} epochs{shown}{stopped}>"
