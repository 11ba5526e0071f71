"""What one `fit` does again and again: an epoch, an update, a validation."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import Value, no_grad
from autograd.engines.numbers import float_of
from autograd.errors import AnomalyError, NumberError
from nn.clipping import clip_gradient_norm, gradient_norm
from nn.metrics import accuracy, judge_of
from nn.module import Module
from nn.ownership import Ownership
from nn.reading import Reading, reading_of_predictions
from nn.samples import Samples
from nn.schedules import ByStep, Schedule
from nn.settings import as_number

if TYPE_CHECKING:
    from nn.optimizer import Optimizer
    from nn.recording import Recorder

Loss: TypeAlias = Callable[..., Any]
Metric: TypeAlias = Callable[[Sequence[Any], Sequence[Any]], Any]
Numbers: TypeAlias = dict[str, float]


class Run:
    """What stays the same over the epochs of one fit."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: "Optimizer",
        clip_norm: float | None,
        metrics: Mapping[str, Metric],
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.clip_norm, self.metrics = clip_norm, metrics
        self.recorder: Recorder | None = None
        self.schedule: Schedule | None = None
        self.targets: Sequence[Any] = ()  # all of them, to see what they are
        self.threshold: float | None = None
        self.judge: Reading | None = None  # decided at the first batch
        self.reading: Reading | None = (
            None  # the same for the metric accuracy, which always has one
        )
        self.decided = False
        self.mean_weight = 1.0
        self.owner = Ownership(model, optimizer)
        own = model.parameters()
        known = set(map(id, own))
        self.trained = [*own, *(p for p in optimizer.parameters if id(p) not in known)]
        self.steps, self.taken = 0, 0  # in all, and in this fit

    def train_on(self, samples: Samples, steps: int) -> None:
        """What all samples have in common; `steps` were done before."""
        self.steps, self.targets = steps, samples.y
        if samples.weights:
            self.mean_weight = math.fsum(samples.weights) / len(samples.weights)

    def set_rate(self, epoch: int) -> None:
        """Ask the schedule, if there is one, for the learning rate; SettingError if it is none."""
        if self.schedule is None:
            return
        if isinstance(self.schedule, ByStep):
            rate, what = self.schedule(self.steps), f"step {self.steps}"
        else:
            rate, what = self.schedule(epoch), f"epoch {epoch}"
        self.optimizer.learning_rate = as_number(
            f"the learning rate that the schedule gives for {what}", rate
        )

    def epoch(self, batches: Iterable[Samples], bar: Any, epoch: int) -> tuple[Numbers, Numbers]:
        """One pass over the batches; numbers and metrics to enter into the history."""
        samples, total, rights, counted, norms = 0, 0.0, 0, 0, []
        seen: tuple[list[Any], list[Any]] = [], []
        bar.set_description(f"epoch {epoch + 1}", refresh=False)
        self.owner = self.owner.now()
        for number, batch in enumerate(batches):
            X, y, _ = batch
            where = f"in epoch {epoch + 1}, batch {number + 1}"
            if number == 0 or isinstance(self.schedule, ByStep):
                self.set_rate(epoch)
            predictions = [self.model(x) for x in X]
            if not self.decided:
                self.decide(X, predictions[0])
            loss = self.loss_of(batch, predictions)
            self.check_loss(loss, where)
            norms.append(self.update(loss, batch, where))
            samples += len(X)
            total += float_of(loss) * len(X)
            if self.judge:
                rights += sum(map(self.judge, predictions, y))
                counted += sum(map(self.judge.counts, y))
            if self.metrics:
                seen[0].extend(map(_plain, predictions))
                seen[1].extend(y)
            shown = {"loss": f"{total / samples:.4f}"}
            if self.judge:
                shown["accuracy"] = f"{rights / max(1, counted):.1%}"
            bar.set_postfix(shown, refresh=False)
            bar.update(len(X))
        self.owner.check_epoch()
        record = {
            "loss": total / samples,
            "gradient_norm": sum(norms) / len(norms),
            "learning_rate": self.optimizer.learning_rate,
        }
        if self.judge:
            record["accuracy"] = rights / max(1, counted)
        return record, self.measured("", *seen)

    def loss_of(self, batch: Samples, predictions: list[Any]) -> Any:
        """The loss of one batch.

        Of weights the loss is the weighted mean, in which a batch of one sample would count
        like any other; so it is multiplied with what the batch counts for beside others.
        """
        if not batch.weights:
            return self.loss(predictions, batch.y)
        share = math.fsum(batch.weights) / len(batch.weights) / self.mean_weight
        return share * self.loss(predictions, batch.y, sample_weight=batch.weights)

    def decide(self, X: Sequence[Any], prediction: Any) -> None:
        """How predictions are read, once for all epochs: by the loss, the output, the targets."""
        self.judge = judge_of(self.loss, self.model, X, self.targets, self.threshold, prediction)
        self.reading = self.judge
        if self.judge is None and accuracy in self.metrics.values():
            self.reading = reading_of_predictions([prediction], self.targets)
        self.decided = True

    def check_loss(self, loss: Any, where: str) -> None:
        """AnomalyError for a loss that is no finite number, with what is most likely its cause."""
        try:
            number = float_of(loss)
        except NumberError:
            kind = type(loss).__name__
            raise TypeError(
                f"the loss gave a {kind}, and training needs one Value: the mean over the batch"
            ) from None
        if math.isfinite(number):
            return
        if self.taken == 0:
            raise AnomalyError(
                f"the loss became {number!r} {where}, before the first update, so the learning "
                "rate is not to blame: scale X and y down, or look for a logarithm of 0; "
                "autograd.detect_anomaly() finds where it began"
            )
        raise AnomalyError(
            f"the loss became {number!r} {where}: lower the learning rate or set clip_norm; "
            "autograd.detect_anomaly() finds where it began"
        )

    def update(self, loss: Any, batch: Samples, where: str) -> float:
        """Backward and one step of the optimizer; returns the gradient norm."""
        if not isinstance(loss, Value):
            raise TypeError(f"the loss gave {loss!r}: it must depend on the model's parameters")
        self.optimizer.zero_grad()
        loss.backward()
        self.owner.check_reached()
        parameters = self.optimizer.parameters
        norm = gradient_norm(parameters)
        if not math.isfinite(norm):
            self.check_gradients(where)
        if self.clip_norm is not None:
            clip_gradient_norm(parameters, self.clip_norm)

        def step() -> None:
            self.optimizer.step(lambda: self.loss_of(batch, [self.model(x) for x in batch.X]))

        try:
            if self.recorder is None:
                step()
            else:
                self.recorder.update(step)
        except AnomalyError as error:
            raise AnomalyError(f"{where}: {error}") from None
        self.steps, self.taken = self.steps + 1, self.taken + 1
        return norm

    def check_gradients(self, where: str) -> None:
        """AnomalyError that names the first gradient that is no finite number."""
        for parameter in self.optimizer.parameters:
            if not math.isfinite(parameter.grad):
                raise AnomalyError(
                    f"the gradient of {self.owner.name(parameter)} became {parameter.grad!r} "
                    f"{where}, where it is {parameter.data!r}; no parameter was changed. A "
                    "derivative is infinite or undefined there, as that of sqrt at 0: "
                    "autograd.detect_anomaly() names the line"
                )

    def validation(self, samples: Samples) -> tuple[Numbers, Numbers]:
        """Loss, accuracy and metrics on held-out samples, for the history."""
        loss, share, predictions = judged(self.model, samples, self.loss, self.judge)
        entry = {"validation_loss": loss}
        if self.judge:
            entry["validation_accuracy"] = share
        return entry, self.measured("validation_", list(map(_plain, predictions)), samples.y)

    def measured(self, prefix: str, predictions: list[Any], targets: list[Any]) -> Numbers:
        """Every metric of `predictions`, which are plain numbers, by its name after `prefix`."""
        found = {}
        for name, given in self.metrics.items():
            # Numbers alone do not say what they are: 0.3 may be a logit or a probability.
            metric = self.reading.accuracy if given is accuracy and self.reading else given
            try:
                found[prefix + name] = float_of(metric(predictions, targets))
            except NumberError as error:
                raise NumberError(f"metrics[{name!r}] gave no number: {error}") from None
        return found


def _plain(prediction: Any) -> Any:
    """`prediction` with numbers for its Values."""
    if isinstance(prediction, Value):
        return prediction.data
    if isinstance(prediction, list | tuple) or hasattr(prediction, "__iter__"):
        return [_plain(part) for part in prediction]
    return prediction


def judged(
    model: Module, samples: Samples, loss: Loss, judge: Reading | None
) -> tuple[float, float, list[Any]]:
    """Loss, accuracy (nan where nothing is judged) and predictions."""
    with no_grad():
        predictions = [model(x) for x in samples.X]
        weighing = {"sample_weight": samples.weights} if samples.weights else {}
        total = float_of(loss(predictions, samples.y, **weighing))
    return total, judge.accuracy(predictions, samples.y) if judge else math.nan, predictions
