"""fit: the training loop, with everything one writes around it by hand."""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import Value, no_grad
from autograd._select import float_of
from autograd.errors import AnomalyError
from nn.data import batches, train_test_split
from nn.diagnostics import as_rows
from nn.init import Seed, as_generator
from nn.metrics import judge_of
from nn.module import Module
from nn.optim import Optimizer, clip_gradient_norm, gradient_norm
from nn.pairing import warn
from nn.reading import Reading, loss_is_unknown, targets_kind
from nn.recording import LayerHistory, Recorder
from nn.schedules import Schedule
from nn.watch import watching

if TYPE_CHECKING:
    from array import array

Loss: TypeAlias = Callable[[Any, Any], Any]
Callback: TypeAlias = Callable[["History", Module], Any]


@dataclass
class History:
    """What happened in each epoch; lists of equal length, empty where nothing was asked for.

    After ``fit(..., record=True)`` `layers` has the gradients and updates of each
    layer at the steps listed in `steps`, and `states` the numbers of
    ``model.parameters()`` before the training and after each epoch.
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

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.loss)

    def enter(self, record: dict[str, float], seconds: float) -> None:
        """Add one finished epoch."""
        for name, number in record.items():
            getattr(self, name).append(number)
        self.seconds.append(seconds)

    def __repr__(self) -> str:
        last = {
            name: getattr(self, name)[-1]
            for name in ("loss", "accuracy", "validation_loss", "validation_accuracy")
            if getattr(self, name)
        }
        shown = "".join(f", {name} {number:.4f}" for name, number in last.items())
        stopped = f", stopped: {self.stopped}" if self.stopped else ""
        return f"<History of {self.epochs} epochs{shown}{stopped}>"


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` epochs without a loss lower by `margin`; `restore` the best weights.

    Watches the validation loss, or the training loss without validation.
    """

    patience: int = 5
    margin: float = 0.0
    restore: bool = True


def fit(
    model: Module,
    X: Sequence[Any],
    y: Sequence[Any],
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 20,
    batch_size: int = 32,
    *,
    validation: tuple[Sequence[Any], Sequence[Any]] | float | None = None,
    schedule: Schedule | None = None,
    early_stopping: EarlyStopping | int | None = None,
    clip_norm: float | None = None,
    callbacks: Iterable[Callback] = (),
    seed: Seed = 0,
    progress: bool = True,
    record: bool = False,
    watch: bool = False,
    threshold: float | None = None,
) -> History:
    """Train `model` on samples `X` and targets `y`; returns the History.

    Args:
        model: called with one sample, gives one prediction.
        X: the samples: rows of a list or array.
        y: one target each, as `loss` wants them.
        loss: of a list of predictions and a list of targets, such as
            ``nn.cross_entropy``; the mean over the batch.
        optimizer: made with ``model.parameters()``.
        epochs: passes over all samples.
        batch_size: samples per update; the last batch of an epoch may be shorter.
        validation: ``(X, y)``, or the share of the samples to hold out.
        schedule: the learning rate of each epoch; without it the optimizer's stays.
        early_stopping: an EarlyStopping, or its patience in epochs.
        clip_norm: the largest gradient norm let through.
        callbacks: called as ``callback(history, model)`` after each epoch; one
            that returns True stops the training.
        seed: of the shuffling and of the held-out samples.
        progress: whether to show a progress bar.
        record: whether the history also keeps the gradients and updates of each
            layer, about five times an epoch, and the parameters after each epoch.
        watch: whether to show, in a notebook, pictures that follow the training;
            implies `record`.
        threshold: the number above which a single output means class 1, where
            neither the loss nor the model's output says it.

    Where the loss and the output say which class is meant (see `nn.reading`), there
    is an accuracy, too. Ctrl-C (or Jupyter's stop button)
    ends the training, not the program: what was learned stays in the model and
    ``history.stopped`` is "interrupted". A loss that is nan or infinite raises
    AnomalyError.

    >>> import nn
    >>> X, y = nn.data.moons(40, seed=0)
    >>> model = nn.MLP(2, [8, 1], generator=0)
    >>> history = nn.fit(model, X, y, nn.binary_cross_entropy_with_logits,
    ...                  nn.Adam(model.parameters(), 0.05), epochs=30, progress=False)
    >>> history.loss[-1] < history.loss[0]
    True

    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs!r}")
    generator = as_generator(seed)
    X, y = as_rows(X), as_rows(y)
    if isinstance(validation, float):
        X, held_X, y, held_y = train_test_split(X, y, validation, generator)
        validation = held_X, held_y
    elif validation is not None and (not isinstance(validation, tuple) or len(validation) != 2):
        raise TypeError(f"validation is (X, y) or a share such as 0.2, got {validation!r}")
    record = record or watch
    if isinstance(early_stopping, int):
        early_stopping = EarlyStopping(early_stopping)
    callbacks = list(callbacks)
    best, best_epoch, best_state = math.inf, 0, model.state_dict()
    history = History()
    steps_in_epoch = -(-len(X) // max(1, batch_size))
    recorder = Recorder(model, history, steps_in_epoch, epochs) if record else None
    run = _Run(model, loss, optimizer, clip_norm, recorder, y, threshold)
    with watching(history, model, X, y, lambda: run.judge, watch=watch) as pictures:
        with _bar(epochs, len(X), progress) as bar:
            try:
                for epoch in range(epochs):
                    started = time.perf_counter()
                    if schedule is not None:
                        optimizer.learning_rate = schedule(epoch)
                    entry = run.epoch(batches(X, y, batch_size, seed=generator), bar, epoch)
                    if validation is not None:
                        entry |= run.validation(*validation)
                    history.enter(entry, time.perf_counter() - started)
                    if recorder is not None:
                        recorder.end_epoch()
                    if early_stopping is not None:
                        watched = (history.validation_loss or history.loss)[-1]
                        if watched < best - early_stopping.margin or epoch == 0:
                            best, best_epoch, best_state = watched, epoch, model.state_dict()
                        elif epoch - best_epoch >= early_stopping.patience:
                            history.stopped = "early stopping"
                    # A list, so that every callback is called even when one stops the training.
                    answers = [callback(history, model) for callback in callbacks]
                    if any(answer is True for answer in answers):
                        history.stopped = "callback"
                    if history.stopped:
                        break
                    pictures.update()
            except KeyboardInterrupt:
                history.stopped = "interrupted"
        restoring = early_stopping is not None and early_stopping.restore
        if restoring and history.epochs and history.stopped != "interrupted":
            model.load_state_dict(best_state)
    return history


def evaluate(
    model: Module,
    X: Sequence[Any],
    y: Sequence[Any],
    loss: Loss,
    *,
    threshold: float | None = None,
) -> tuple[float, float]:
    """The loss and the accuracy (nan for a regression) of `model` on samples, without training.

    `threshold` is the number above which a single output means class 1, where
    neither the loss nor the model's output says it.
    """
    X, y = as_rows(X), as_rows(y)
    judge = judge_of(loss, model, X, y, threshold)
    if judge is None and loss_is_unknown(loss) and targets_kind(y) == "two":
        warn(
            "no accuracy: neither the loss nor the output says which numbers mean class 1; give "
            "evaluate(..., threshold=0.0) for logits, 0.5 for probabilities"
        )
    return _judged(model, X, y, loss, judge)


def _judged(
    model: Module, X: Sequence[Any], y: Sequence[Any], loss: Loss, judge: Reading | None
) -> tuple[float, float]:
    with no_grad():
        predictions = [model(x) for x in X]
        total = float_of(loss(predictions, y))
    if judge is None:
        return total, math.nan
    counted = sum(map(judge.counts, y))
    return total, sum(map(judge, predictions, y)) / counted if counted else math.nan


class _Run:
    """What stays the same over the epochs of one fit."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        clip_norm: float | None,
        recorder: Recorder | None,
        y: Sequence[Any],
        threshold: float | None,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.clip_norm, self.recorder = clip_norm, recorder
        self.y, self.threshold = y, threshold
        self.judge: Reading | None = None  # decided at the first batch
        self.decided = False

    def epoch(self, batches: Iterable[Any], bar: Any, epoch: int) -> dict[str, float]:
        """One pass over the batches, and what to enter into the history."""
        samples, total, rights, judged, norms = 0, 0.0, 0, 0, []
        bar.set_description(f"epoch {epoch + 1}", refresh=False)
        for X, y in batches:
            predictions = [self.model(x) for x in X]
            if not self.decided:
                self.judge = judge_of(
                    self.loss, self.model, X, self.y, self.threshold, predictions[0]
                )
                self.decided = True
            loss = self.loss(predictions, y)
            if not math.isfinite(float_of(loss)):
                raise AnomalyError(
                    f"the loss became {float_of(loss)!r} in epoch {epoch + 1}: lower the learning "
                    "rate or set clip_norm; autograd.detect_anomaly() finds where it began"
                )
            norms.append(self.update(loss, X, y))
            samples += len(X)
            total += float_of(loss) * len(X)
            if self.judge:
                rights += sum(map(self.judge, predictions, y))
                judged += sum(map(self.judge.counts, y))
            shown = {"loss": f"{total / samples:.4f}"}
            if self.judge:
                shown["accuracy"] = f"{rights / max(1, judged):.1%}"
            bar.set_postfix(shown, refresh=False)
            bar.update(len(X))
        record = {
            "loss": total / samples,
            "gradient_norm": sum(norms) / len(norms),
            "learning_rate": self.optimizer.learning_rate,
        }
        return record | ({"accuracy": rights / max(1, judged)} if self.judge else {})

    def update(self, loss: Any, X: list[Any], y: list[Any]) -> float:
        """Backward and one step of the optimizer; returns the gradient norm."""
        if not isinstance(loss, Value):
            raise TypeError(f"the loss gave {loss!r}: it must depend on the model's parameters")
        self.optimizer.zero_grad()
        loss.backward()
        parameters = self.optimizer.parameters
        if self.clip_norm is None:
            norm = gradient_norm(parameters)
        else:
            norm = clip_gradient_norm(parameters, self.clip_norm)

        def step() -> None:
            self.optimizer.step(lambda: self.loss([self.model(x) for x in X], y))

        if self.recorder is None:
            step()
        else:
            self.recorder.update(step)
        return norm

    def validation(self, X: Sequence[Any], y: Sequence[Any]) -> dict[str, float]:
        """The loss and accuracy on held-out samples, for the history."""
        loss, accuracy = _judged(self.model, as_rows(X), as_rows(y), self.loss, self.judge)
        return {"validation_loss": loss} | ({"validation_accuracy": accuracy} if self.judge else {})


def _bar(epochs: int, samples: int, progress: bool) -> Any:
    with warnings.catch_warnings(action="ignore"):  # of tqdm, where ipywidgets are missing
        tqdm = import_module("tqdm.auto" if progress else "tqdm").tqdm
    return tqdm(
        total=epochs * samples,
        disable=not progress,
        desc="training",
        unit=" samples",
        unit_scale=True,
        dynamic_ncols=True,
    )
