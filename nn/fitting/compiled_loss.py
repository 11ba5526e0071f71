"""The batches of a training by a Program: the loss is traced once, and replayed without Values.

Nothing else changes by it. Where a replay meets an error, or gives a number that is not
finite, the batch is done again with Values, which say what and where it is.
"""

import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd
from autograd import Value, no_grad, topological_order
from autograd.engines.numbers import as_value, float_of
from autograd.programs.tracing_calls import traced
from autograd.support import modes
from autograd.support.structures import flatten
from nn.arguments.rows import opened
from nn.class_losses import multiclass_hinge
from nn.class_reading.which_reading import LARGEST_WINS, unwrapped
from nn.fitting.lasting_state import LastingState
from nn.fitting.samples import Samples, is_ours

if TYPE_CHECKING:
    from nn.fitting.sharding import Shards

MOST_OPERATIONS = 300_000  # of a batch that is traced as a whole


class Found(NamedTuple):
    """The loss of a batch, and what the model predicts, as plain numbers."""

    loss: float
    predictions: list[Any]
    norm: float = math.nan  # of the gradients


class CompiledLoss:
    """The loss of a batch by a Program, with its gradients; `refused` says why there is none.

    The loss of `nn` is the mean, or the sum, of those of single samples: one of them is
    traced, and every sample is a row. Of another function a whole batch is one row.
    """

    def __init__(self, model: Any, loss: Callable[..., Any]) -> None:
        self.model, self.loss = model, loss
        self.terms = Terms.of(loss)
        self.refused = ""
        self.program: Any = None
        self.shards: Shards | None = None  # that do the batches, where they are not done here
        self._predict: Any = None  # the Program of the model alone; False where there is none
        self._before: LastingState | None = None
        self._tries = 0
        self._first: Samples | None = None  # what is traced to see whether the model changes
        self._seen: Any = None

    def watch(self) -> None:
        """Remember what lasts, before a batch is done with Values."""
        if self.waits:
            self._before = LastingState(self.model, self.loss)

    def begin(self, batch: Samples, loss: Value) -> None:
        """Trace what computes the `loss` of `batch`, which was done with Values after `watch`.

        A first call may make what all others read. If the second changes something, too, no
        call is like another.
        """
        if not self.waits or self._before is None:
            return
        self._tries += 1
        changed = self._before.what_changed()
        if changed and self._tries > 1:
            self.refused = f"a call of the model or the loss changes what lasts: {changed}"
        elif self.terms is None and len(topological_order(loss)) > MOST_OPERATIONS:
            self.refused = f"a batch has more than {MOST_OPERATIONS:,} operations"
        elif not changed:
            self._first = Samples(batch.X[:2], batch.y[:2])
            self.look_again()

    @property
    def waits(self) -> bool:
        """Whether batches are still done with Values, to be looked at."""
        return self.program is None and not self.refused

    def look_again(self) -> None:
        """Trace anew where the model does not compute as before, after a callback, say."""
        if self.refused or self._first is None:
            return
        try:
            now = self._trace(self._first)
            if now == self._seen:
                return
            if self._trace(self._first) != now:
                self.refused = "no call of the model and the loss computes what the last one did"
                return
            self._seen, self._predict = now, None
            self.program = autograd.compile(self._function())
        except Exception as error:  # noqa: BLE001 - with Values it may work all the same
            self.refuse(error)

    def refuse(self, error: Exception) -> None:
        """Compile no more, because of `error`."""
        self.refused = str(error) or type(error).__name__

    @property
    def is_on(self) -> bool:
        """Whether batches are replayed now: not while each node is to be looked at."""
        return self.program is not None and not self.refused and not modes.current.get().anomaly

    @property
    def leaves(self) -> list[Value]:
        """What the last batch was computed from."""
        return self.program.parameters  # type: ignore[no-any-return]

    def gradients(self, batch: Samples, share: float) -> Found | None:
        """Loss and predictions; `share` times the gradient of the loss goes to the parameters.

        None where it is not finite. An error of the replay is raised.
        """
        if self.shards is None:
            return self._found(batch, share, self.program.batch_with_backward)
        shards, program = self.shards, self.program
        return self._found(batch, share, lambda X, y, weights: shards.run(program, X, y, weights))

    def loss_of(self, batch: Samples, share: float) -> float:
        """The loss alone, `share` times."""
        found = self._found(batch, share, lambda X, y, weights: self.program.batch(X, y))
        return math.nan if found is None else found.loss

    def predictions(self, X: Sequence[Any]) -> list[Any]:
        """What the model gives for each of `X`, as Values without a gradient."""
        with no_grad():
            computed = None
            if self.is_on and self._predict is None:
                before = LastingState(self.model)
                computed = [self.model(x) for x in X]
                self._predict = not before.what_changed() and autograd.compile(self.model)
            found = self._replayed(X)
            if computed is not None and found is not None and not _are_close(found, computed):
                # It may do something else without gradients, which a trace is not.
                self._predict, found = False, None
            return found or computed or [self.model(x) for x in X]

    def _replayed(self, X: Sequence[Any]) -> list[Any] | None:
        if not self.is_on or not self._predict:
            return None
        try:
            with warnings.catch_warnings(action="ignore"):
                return list(map(_as_values, self._predict.batch(X)))
        except Exception:  # noqa: BLE001 - with Values it says what it is
            self._predict = False
            return None

    def _function(self) -> Callable[..., Any]:
        if self.terms is None:
            return batch_function(self.model, self.loss)
        return sample_function(self.model, self.loss, self.terms.reduction)

    def _trace(self, batch: Samples) -> tuple[Any, list[Value]]:
        """What a batch computes, to be compared."""
        with warnings.catch_warnings(action="ignore"):  # they came with Values
            found = traced(batch_function(self.model, self.loss), (batch.X, batch.y), {})
        return found.tape, found.leaves

    def _found(self, batch: Samples, share: float, replay: Callable[..., Any]) -> Found | None:
        X, y, weights = [batch.X], [batch.y], [share]
        if self.terms is not None:
            X, (y, weights) = batch.X, self.terms.of_batch(batch, share)
        with warnings.catch_warnings(action="ignore"):
            results = replay(X, y, weights=weights)
        loss = math.fsum(weight * loss for weight, (loss, _) in zip(weights, results, strict=True))
        if not math.isfinite(loss):
            return None
        predictions = [prediction for _, prediction in results]
        return Found(loss, predictions if self.terms is not None else predictions[0])


def batch_function(model: Any, loss: Callable[..., Any]) -> Callable[..., Any]:
    """The loss of a batch, and its predictions."""
    # A function of its own: what a Program looks through for parameters is what it leads to.

    def of_batch(X: Sequence[Any], y: Sequence[Any]) -> tuple[Any, list[Any]]:
        predictions = [model(x) for x in X]
        return loss(predictions, y), predictions

    return of_batch


def sample_function(model: Any, loss: Callable[..., Any], reduction: str) -> Callable[..., Any]:
    """The loss of one sample, and its prediction."""

    def of_sample(x: Any, target: Any) -> tuple[Any, Any]:
        prediction = model(x)
        return loss([prediction], [target], reduction=reduction), prediction

    return of_sample


class Terms(NamedTuple):
    """A loss of `nn` as a sum of losses of single samples, each with a weight."""

    function: Callable[..., Any]
    mean: bool
    class_weights: list[float]  # none where all count alike

    @property
    def classes(self) -> bool:
        """Whether the targets are classes that exclude each other."""
        return self.function in LARGEST_WINS

    @property
    def reduction(self) -> str:
        """Of the loss of one sample: with the weight of its class, the mean has it in the sum."""
        return "mean" if self.mean and not self.classes else "sum"

    @classmethod
    def of(cls, loss: Callable[..., Any]) -> "Terms | None":
        """None for one that is none of `nn`, or that is weighted in ways of its own."""
        if not is_ours(loss):
            return None
        function, options = unwrapped(loss)
        reduction = options.get("reduction", "mean")
        if "sample_weight" in options or reduction not in ("mean", "sum"):
            return None
        weights = opened(options.get("weight") or [])
        if any(isinstance(number, Value) for number in weights):
            return None
        return cls(function, reduction == "mean", list(map(float, weights)))

    def of_batch(self, batch: Samples, share: float) -> tuple[list[Any], list[float]]:
        """The targets as numbers, and what the loss of each sample is multiplied with."""
        targets = list(map(self._numbers, batch.y))
        weights = list(batch.weights) or [1.0] * len(targets)
        if not self.mean:
            return targets, [share * weight for weight in weights]
        norms = list(map(operator.mul, weights, map(self._class_weight, targets)))
        total = math.fsum(norms)
        return targets, [share * weight / total for weight in weights]

    def _numbers(self, target: Any) -> Any:
        target = opened(target)
        if isinstance(target, list):
            return list(map(_numbers, target))
        return operator.index(target) if self.classes else float(target)

    def _class_weight(self, target: list[float] | int) -> float:
        if not self.class_weights:
            return 1.0
        if not isinstance(target, list):
            return self.class_weights[target]
        if self.function is not multiclass_hinge:
            return 1.0
        return math.fsum(map(operator.mul, self.class_weights, target))


def _are_close(found: list[Any], computed: list[Any]) -> bool:
    pairs = zip(flatten(found)[0], flatten(computed)[0], strict=True)
    return all(math.isclose(float_of(a), float_of(b), rel_tol=1e-9, abs_tol=1e-9) for a, b in pairs)


def _as_values(prediction: Any) -> Any:
    leaves, rebuild = flatten(prediction)
    return rebuild(list(map(as_value, leaves)))


def _numbers(target: Any) -> Any:
    target = opened(target)
    return list(map(_numbers, target)) if isinstance(target, list) else float(target)
