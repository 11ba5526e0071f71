"""What one `fit` does again and again: an epoch, an update, a validation."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import Value, no_grad, topological_order
from autograd.engines.numbers import float_of
from autograd.errors import AnomalyError, NumberError
from nn.arguments.numbers import without_values
from nn.arguments.settings import as_number
from nn.class_reading.reading import Reading
from nn.class_reading.which_reading import reading_of_predictions
from nn.clipping import clip_gradient_norm, gradient_norm
from nn.fitting.compiled_loss import CompiledLoss, Found
from nn.fitting.ownership import Ownership
from nn.fitting.samples import Samples
from nn.fitting.sharding import WorkerError
from nn.metrics import accuracy, judge_of
from nn.module import Module
from nn.optimizer import Optimizer
from nn.schedules import ByStep, Schedule

if TYPE_CHECKING:
    from nn.fitting.recorder import Recorder

Loss: TypeAlias = Callable[..., Any]
Metric: TypeAlias = Callable[[Sequence[Any], Sequence[Any]], Any]
Numbers: TypeAlias = dict[str, float]


class Trainer:
    """Trains one model with one loss and optimizer: an epoch, an update, a validation."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        *,
        clip_norm: float | None,
        metrics: Mapping[str, Metric],
        schedule: Schedule | None,
        threshold: float | None,
        compile: bool,
    ) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.clip_norm, self.metrics = clip_norm, metrics
        self.schedule, self.threshold = schedule, threshold
        self.compiled = CompiledLoss(model, loss) if compile else None
        self.recorder: Recorder | None = None
        self.targets: Sequence[Any] = ()  # all of them, to see what they are
        self.judge: Reading | None = None  # decided at the first batch; None in a regression
        # The same for the metric accuracy, which always has one.
        self.reading: Reading | None = None
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
        tally = Tally()
        bar.set_description(f"epoch {epoch + 1}", refresh=False)
        self.owner = self.owner.now()
        for number, batch in enumerate(batches):
            where = f"in epoch {epoch + 1}, batch {number + 1}"
            if number == 0 or isinstance(self.schedule, ByStep):
                self.set_rate(epoch)
            found = self.gradients(batch, where)
            self.update(found, batch, where)
            if self.compiled is not None and self.compiled.is_on:
                bar.set_description(f"epoch {epoch + 1}, compiled", refresh=False)
            tally.add(found.loss, found.norm, len(batch.X))
            if self.judge:
                tally.judge(self.judge, found.predictions, batch.y)
            if self.metrics:
                tally.see(found.predictions, batch.y)
            bar.set_postfix(tally.shown(), refresh=False)
            bar.update(len(batch.X))
        self.owner.check_epoch()
        entry = tally.entry() | {"learning_rate": self.optimizer.learning_rate}
        return entry, self.measured("", tally.predictions, tally.targets)

    def gradients(self, batch: Samples, where: str) -> Found:
        """The loss of one batch, and its gradients in the parameters.

        By a Program, where there is one: the first batch is computed with Values before it is
        traced, and so is one that does not go well.
        """
        computed = None
        compiled = self.compiled
        if compiled is not None and compiled.waits:
            compiled.watch()
            computed = self.with_values(batch, where)
            compiled.begin(batch, computed[0])
        failed = None
        if compiled is not None and compiled.shards is not None and compiled.terms is None:
            self.check_shards(compiled, failed)
        if compiled is not None and compiled.is_on:
            try:
                found = self.replayed(compiled, batch)
            except WorkerError as error:
                raise WorkerError(f"{where}: {error}") from error
            except Exception as error:  # noqa: BLE001 - with Values it says where, or it works
                found, failed = None, error
            if found is not None:
                return found
        if compiled is not None and compiled.shards is not None:
            self.check_shards(compiled, failed)
        loss, predictions = computed or self.with_values(batch, where)
        self.optimizer.zero_grad()
        loss.backward()
        if self.owner.is_looking:
            self.owner.check_reached(topological_order(loss))
        if compiled is not None and failed is not None:
            compiled.refuse(failed)
        return Found(float_of(loss), predictions, gradient_norm(self.optimizer.parameters))

    def check_shards(self, compiled: CompiledLoss, failed: Exception | None) -> None:
        """TypeError where workers cannot do what a batch needs; what is not finite is said here."""
        why = compiled.refused or (failed and str(failed))
        if why or compiled.terms is None:
            why = why or "the loss is none of nn, and only those are sums over samples"
            raise TypeError(
                f"fit(executor=...) trains by a Program of one sample, and there is none: {why}"
            )

    def replayed(self, compiled: CompiledLoss, batch: Samples) -> Found | None:
        """The same by a Program; None where something is not finite."""
        self.optimizer.zero_grad()
        found = compiled.gradients(batch, self.share(batch))
        norm = gradient_norm(self.optimizer.parameters)
        if found is None or not math.isfinite(norm):
            return None
        if self.owner.is_looking:
            self.owner.check_reached(compiled.leaves)
        return found._replace(norm=norm)

    def with_values(self, batch: Samples, where: str) -> tuple[Value, list[Any]]:
        """The loss and the predictions as Values."""
        predictions = [self.model(x) for x in batch.X]
        if not self.decided:
            self.decide(batch.X, predictions[0])
        loss = self.loss_of(batch, predictions)
        self.check_loss(loss, where)
        if not isinstance(loss, Value):
            raise TypeError(f"the loss gave {loss!r}: it must depend on the model's parameters")
        return loss, predictions

    def share(self, batch: Samples) -> float:
        """What a batch counts for beside others.

        Of weights the loss is the weighted mean, in which a batch of one sample would count
        like any other; so it is multiplied with this.
        """
        if not batch.weights:
            return 1.0
        return math.fsum(batch.weights) / len(batch.weights) / self.mean_weight

    def loss_of(self, batch: Samples, predictions: list[Any]) -> Any:
        """The loss of one batch."""
        if not batch.weights:
            return self.loss(predictions, batch.y)
        return self.share(batch) * self.loss(predictions, batch.y, sample_weight=batch.weights)

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

    def update(self, found: Found, batch: Samples, where: str) -> None:
        """One step of the optimizer, whose parameters have their gradients."""
        if not math.isfinite(found.norm):
            self.check_gradients(where)
        if self.clip_norm is not None:
            clip_gradient_norm(self.optimizer.parameters, self.clip_norm)

        def step() -> None:
            self.optimizer.step(lambda: self.loss_now(batch))

        try:
            if self.recorder is None:
                step()
            else:
                self.recorder.update(step)
        except AnomalyError as error:
            raise AnomalyError(f"{where}: {error}") from None
        self.steps, self.taken = self.steps + 1, self.taken + 1

    def loss_now(self, batch: Samples) -> Any:
        """The loss of one batch as the parameters are now."""
        if self.compiled is not None and self.compiled.is_on:
            loss = self.compiled.loss_of(batch, self.share(batch))
            if math.isfinite(loss):
                return loss
        return self.loss_of(batch, [self.model(x) for x in batch.X])

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
        given = None if self.compiled is None else self.compiled.predictions(samples.X)
        loss, share, predictions = judged(self.model, samples, self.loss, self.judge, given)
        entry = {"validation_loss": loss}
        if self.judge:
            entry["validation_accuracy"] = share
        return entry, self.measured(
            "validation_", list(map(without_values, predictions)), samples.y
        )

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


class Tally:
    """What the batches of one epoch add up to."""

    def __init__(self) -> None:
        self.samples, self.total = 0, 0.0
        self.norms: list[float] = []
        self.judged, self.rights, self.counted = False, 0, 0
        self.predictions: list[Any] = []  # for the metrics, as plain numbers
        self.targets: list[Any] = []

    def add(self, loss: float, norm: float, samples: int) -> None:
        """Enter the loss and the gradient norm of one batch."""
        self.samples += samples
        self.total += loss * samples
        self.norms.append(norm)

    def judge(self, judge: Reading, predictions: list[Any], targets: list[Any]) -> None:
        """Count what is right."""
        self.judged = True
        self.rights += sum(map(judge, predictions, targets))
        self.counted += sum(map(judge.counts, targets))

    def see(self, predictions: list[Any], targets: list[Any]) -> None:
        """Keep what the metrics want."""
        self.predictions.extend(map(without_values, predictions))
        self.targets.extend(targets)

    def shown(self) -> dict[str, str]:
        """Loss and accuracy so far, beside the progress bar."""
        shown = {"loss": f"{self.total / self.samples:.4f}"}
        if self.judged:
            shown["accuracy"] = f"{self.rights / max(1, self.counted):.1%}"
        return shown

    def entry(self) -> Numbers:
        """What the history keeps."""
        entry = {
            "loss": self.total / self.samples,
            "gradient_norm": sum(self.norms) / len(self.norms),
        }
        if self.judged:
            entry["accuracy"] = self.rights / max(1, self.counted)
        return entry


def judged(
    model: Module,
    samples: Samples,
    loss: Loss,
    judge: Reading | None,
    predictions: list[Any] | None = None,
) -> tuple[float, float, list[Any]]:
    """Loss, accuracy (nan where nothing is judged) and predictions, where those are not given."""
    with no_grad():
        predictions = predictions or [model(x) for x in samples.X]
        weighing = {"sample_weight": samples.weights} if samples.weights else {}
        total = float_of(loss(predictions, samples.y, **weighing))
    return total, judge.accuracy(predictions, samples.y) if judge else math.nan, predictions
