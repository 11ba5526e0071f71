"""How predictions are read: the one place that decides what number means which class.

The loss says it where it is a class loss: above 0 for scores and logits, above
0.5 for probabilities, the largest of several outputs. Where it does not (a
squared error, a function of your own) the output says it: what a sigmoid made
is a probability, what a tanh made lies around 0, if the targets are classes
too. Where neither does, nothing is guessed: there is no reading, unless a
`threshold` is given.
"""

import contextvars
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import autograd
from autograd import Value
from autograd.engines.numbers import float_of
from autograd.errors import ShapeError
from autograd.support import modes
from nn import class_losses, losses
from nn.pairing import IGNORED, LABELS
from nn.rows import opened
from nn.settings import as_number

LARGEST_WINS = (
    class_losses.cross_entropy,
    class_losses.negative_log_likelihood,
    class_losses.categorical_cross_entropy,
    class_losses.multiclass_hinge,
)
# What one output is on the scale of a class loss: its name, and the number above which it is 1.
SCALES = {
    losses.binary_cross_entropy: ("probability", 0.5),
    losses.binary_cross_entropy_with_logits: ("logit", 0.0),
    losses.hinge: ("logit", 0.0),
}
REGRESSIONS = (losses.squared_error, losses.absolute_error, losses.huber)


@dataclass(frozen=True)
class Reading:
    """One way to read predictions; called with a prediction and its target, whether it is right.

    Of several outputs the largest counts, or with `each` every one by the
    `threshold`. `scale` is "probability", "logit" or "tanh": how one output
    is coloured. Targets equal to `ignored` count for nothing.
    """

    threshold: float = 0.0
    scale: str = "logit"
    each: bool = False
    ignored: int | None = None

    def predicted_class(self, prediction: Any) -> Any:
        """The class, or with `each` a tuple of 0 and 1; ValueError for a nan, which is none."""
        numbers = numbers_in(prediction)
        if any(map(math.isnan, numbers)):
            raise ValueError(f"a prediction that is nan has no class, got {prediction!r}")
        return self._class_of(numbers)

    def target_class(self, target: Any, outputs: int = 1) -> Any:
        """The class that a target means beside so many outputs, in the form of `predicted_class`.

        An index, -1 or 1, a probability, or one weight for each class.
        """
        target = opened(target)
        if isinstance(target, str | bytes):
            raise TypeError(f"a target is a number, got {target!r}: {LABELS}")
        if not isinstance(target, list):
            if self.each and outputs > 1:
                raise ShapeError(f"one target {target!r} for {outputs} outputs, each for itself")
            return int(float_of(target)) if outputs > 1 else int(float_of(target) > 0.5)
        if outputs == 1 and len(target) == 1:  # in brackets, as what a layer of one neuron gives
            return self.target_class(target[0])
        if outputs == 1:
            raise ShapeError(f"one output for the target {target!r}: write one number for each")
        numbers = list(map(float_of, target))
        if len(numbers) != outputs:
            raise ShapeError(f"{len(numbers)} target weights for {outputs} outputs")
        if self.each:
            return tuple(int(number > 0.5) for number in numbers)
        return numbers.index(max(numbers))

    def counts(self, target: Any) -> bool:
        """Whether `target` is to be judged."""
        if self.ignored is None or hasattr(target, "__len__"):
            return True
        return float_of(target) != self.ignored

    def __call__(self, prediction: Any, target: Any) -> bool:
        """Whether the predicted class is the target; never for a nan, or an ignored target."""
        if not self.counts(target):
            return False
        numbers = numbers_in(prediction)
        meant = self.target_class(target, len(numbers))
        return not any(map(math.isnan, numbers)) and bool(self._class_of(numbers) == meant)

    def accuracy(self, predictions: Sequence[Any], targets: Sequence[Any]) -> float:
        """The share that is right of those that count; nan if none does."""
        counted = sum(map(self.counts, targets))
        return sum(map(self, predictions, targets)) / counted if counted else math.nan

    def _class_of(self, numbers: list[float]) -> Any:
        if len(numbers) == 1:
            return int(numbers[0] > self.threshold)
        if self.each:
            return tuple(int(number > self.threshold) for number in numbers)
        return numbers.index(max(numbers))

    def share(self, prediction: Any) -> float:
        """One output between 0 and 1, for a colour: the probability of class 1."""
        [number] = numbers_in(prediction)
        if self.scale == "logit":
            return autograd.sigmoid(number)
        share = 0.5 + 0.5 * number if self.scale == "tanh" else number
        return min(1.0, max(0.0, share)) if not math.isnan(share) else share

    @property
    def border(self) -> float:
        """The share at the threshold."""
        return self.share(self.threshold)


BOUNDED = {"sigmoid": Reading(0.5, "probability"), "tanh": Reading(0.0, "tanh")}


def reading_of(
    loss: Callable[..., Any] | None,
    model: Callable[[Any], Any] | None = None,
    X: Sequence[Any] = (),
    y: Sequence[Any] = (),
    threshold: float | None = None,
    prediction: Any = None,
) -> Reading | None:
    """How to read what `model` predicts of samples `X` where `loss` is minimised; None if unknown.

    Partials of a loss are looked through. Where the loss does not say it and the targets
    are classes, what made a `prediction` does; without one, a model that is no MLP is
    called once, with the first sample.
    """
    threshold = as_threshold(threshold)
    loss, options = _unwrapped(loss)
    kind = targets_kind(_without_brackets(y))
    each = kind in ("several", "several signs")
    if loss in LARGEST_WINS:
        return Reading(ignored=options.get("ignore_index", IGNORED))
    if loss in SCALES and threshold is None:
        scale, border = SCALES[loss]
        asked = loss is losses.hinge and model is not None
        made_by = output_of(model, X, prediction)[0] if asked else ""
        return Reading(border, "tanh" if made_by == "tanh" else scale, each)
    if model is None or (not kind and threshold is None):
        return None
    made_by, count = output_of(model, X, prediction)
    if threshold is not None:
        known = SCALES[loss][0] if loss in SCALES else _scale(made_by, threshold)
        return Reading(threshold, known, each)
    return _by_output(made_by, count, kind)


def default_reading(
    model: Callable[[Any], Any],
    X: Sequence[Any],
    y: Sequence[Any] = (),
    loss: Callable[..., Any] | None = None,
    threshold: float | None = None,
) -> Reading:
    """As `reading_of`, but where nothing says how, one output is a logit.

    Under a squared error or the like the border lies half way between the targets 0 and 1.
    """
    found = reading_of(loss, model, X, y, threshold)
    if found is not None:
        return found
    made_by, count = output_of(model, X)
    if count > 1:
        return Reading()
    if made_by in BOUNDED:
        return BOUNDED[made_by]
    if _unwrapped(loss)[0] in REGRESSIONS:
        return Reading(0.5, "probability")
    return Reading()


def reading_of_predictions(
    predictions: Sequence[Any], targets: Sequence[Any], threshold: float | None = None
) -> Reading:
    """How to read predictions whose model is not at hand.

    Values tell what made them. Of plain numbers, those that all lie between 0 and 1
    are probabilities, unless a target is -1; others are scores.
    """
    kind, threshold = targets_kind(_without_brackets(targets)), as_threshold(threshold)
    rows = [numbers_in(prediction) for prediction in predictions]
    each = kind in ("several", "several signs") and len(rows[0]) > 1
    made_by = _made_by(predictions[0])
    if threshold is not None:
        return Reading(threshold, _scale(made_by, threshold), each)
    if len(rows[0]) > 1 and not each:
        return Reading()
    if made_by in BOUNDED:
        found = _by_output(made_by, 1, kind) or BOUNDED[made_by]
        return replace(found, each=each)
    computed = isinstance(predictions[0], Value) and predictions[0].op
    shares = all(0.0 <= number <= 1.0 for row in rows for number in row)
    if shares and not computed and kind not in ("signs", "several signs"):
        return Reading(0.5, "probability", each)
    return Reading(0.0, "logit", each)


def _by_output(made_by: str, count: int, kind: str) -> Reading | None:
    """What the output and the kind of the targets say together."""
    if count > 1:
        if kind in ("classes", "two", "one-hot"):
            return Reading()
        if kind == "several" and made_by == "sigmoid":
            return Reading(0.5, "probability", each=True)
        return Reading(0.0, "tanh", each=True) if kind == "several signs" else None
    if kind == "signs" or (kind == "ones" and made_by == "tanh"):
        return Reading(0.0, "tanh")
    if kind in ("two", "ones") and made_by == "sigmoid":
        return BOUNDED["sigmoid"]
    return Reading(0.5, "tanh") if kind == "two" and made_by == "tanh" else None


def _scale(made_by: str, threshold: float) -> str:
    if made_by in ("sigmoid", "softmax"):
        return "probability"
    if made_by == "tanh":
        return "tanh"
    return "probability" if 0.0 < threshold < 1.0 else "logit"


def as_threshold(given: Any) -> float | None:
    """The number above which an output is 1, or None; SettingError for all else."""
    return None if given is None else as_number("threshold", given, least=-math.inf)


def _unwrapped(loss: Any) -> tuple[Any, dict[str, Any]]:
    """The function behind partials and wrappers, and the keywords it is given."""
    options: dict[str, Any] = {}
    while True:
        if isinstance(loss, functools.partial):
            options = {**loss.keywords, **options}
            loss = loss.func
        elif hasattr(loss, "__wrapped__"):
            loss = loss.__wrapped__
        else:
            return loss if getattr(loss, "__hash__", None) else None, options


def loss_is_unknown(loss: Callable[..., Any]) -> bool:
    """Whether `loss` is none of those of `nn`, whatever partial it stands in."""
    known = _unwrapped(loss)[0]
    return not (known in LARGEST_WINS or known in SCALES or known in REGRESSIONS)


def targets_kind(y: Sequence[Any]) -> str:
    """What all the targets are, in one word; "" where they are no classes.

    "two" are 0 and 1, "signs" -1 and 1, "ones" only 1, "classes" ints from 0 up; of rows
    "one-hot", or "several" and "several signs" where the classes do not exclude each other.
    """
    try:
        rows = [_plain(opened(target)) for target in y]
    except TypeError:  # texts, say
        return ""
    if not rows:
        return ""
    # Not with all() and any(): a generator that is left early can swallow a Ctrl-C.
    lists = [row for row in rows if isinstance(row, list)]
    if lists:
        several = len(lists) == len(rows) and min(map(len, lists)) > 1
        return _rows_kind(lists) if several else ""
    numbers = set(rows)
    if numbers <= {0.0, 1.0}:
        return "ones" if numbers == {1.0} else "two"
    if numbers <= {-1.0, 1.0}:
        return "signs"
    return "classes" if all(n >= 0.0 and float(n).is_integer() for n in numbers) else ""


def _without_brackets(y: Sequence[Any]) -> Sequence[Any]:
    """`y`, of rows of one target each the targets."""
    rows = list(map(opened, y))
    for row in rows:
        if not isinstance(row, list) or len(row) != 1:
            return y
    return [row[0] for row in rows]


def _rows_kind(rows: list[list[float]]) -> str:
    numbers = {number for row in rows for number in row}
    if all(row.count(1.0) == 1 for row in rows) and (
        numbers <= {0.0, 1.0} or numbers <= {-1.0, 1.0}
    ):
        return "one-hot"
    if numbers <= {0.0, 1.0}:
        return "several"
    return "several signs" if numbers <= {-1.0, 1.0} else ""


def _plain(target: Any) -> Any:
    return list(map(float_of, target)) if isinstance(target, list) else float_of(target)


def output_of(
    model: Callable[[Any], Any] | None, X: Sequence[Any], prediction: Any = None
) -> tuple[str, int]:
    """What makes the output of `model`, in one word or "", and how many outputs there are."""
    known = _layers_output(model)
    if known is not None:
        return known
    if prediction is None:
        if model is None or len(X) == 0:
            return "", 1
        context = contextvars.copy_context()  # it must be seen being made, also in no_grad
        prediction = context.run(_recorded, model, X[0])
    return _made_by(prediction), len(numbers_in(prediction))


def _recorded(model: Callable[[Any], Any], x: Any) -> Any:
    modes.current.set(modes.current.get()._replace(recording=True))
    return model(x)


def _layers_output(model: Any) -> tuple[str, int] | None:
    """The same of an MLP of ours, without calling it; None of any other model."""
    from nn.layers import MLP, Layer, Neuron

    if isinstance(model, MLP) and type(model).__call__ is MLP.__call__ and model.layers:
        model = model.layers[-1]
    if not isinstance(model, Layer) or type(model).__call__ is not Layer.__call__:
        return None
    name = model.activation_name
    if not all(type(neuron).__call__ is Neuron.__call__ for neuron in model.neurons):
        return None
    return (name, len(model.neurons)) if name in KNOWN else None


KNOWN = ("identity", "sigmoid", "tanh", "softmax", "log_softmax", "relu", "softplus")


def _made_by(prediction: Any) -> str:
    """What made a prediction, from its graph."""
    values = prediction if isinstance(prediction, list | tuple) else [prediction]
    if not values or not all(isinstance(value, Value) for value in values):
        return ""
    shapes = {_shape(value) for value in values}
    if len(shapes) == 1 and shapes <= {"sigmoid", "tanh"}:
        return shapes.pop()
    names = {value.op for value in values}
    if len(values) > 1 and names <= {"exp", "div", "mul"}:
        return "softmax" if abs(sum(value.data for value in values) - 1.0) < 1e-6 else ""
    return ""


def _shape(value: Value) -> str:
    """What a value is, in whichever way it is written: "sigmoid" or "tanh", or "" for others.

    A sigmoid is also what is clipped to between 0 and 1, exp(logsigmoid(x)), the
    complement of a sigmoid, (1 + tanh(x)) / 2, 1 / (1 + exp(-x)) and exp(x) / (1 + exp(x)).
    """
    op: str = value.op
    if op in ("sigmoid", "tanh"):
        return op
    if value.op == "clip" and _low_and_high(value):
        return "sigmoid"
    if value.op == "exp" and value.parents[0].op == "logsigmoid":
        return "sigmoid"
    if _is_complement(value) or _is_half_of_tanh(value) or _is_ratio_of_exp(value):
        return "sigmoid"
    return ""


def _number(value: Value) -> float | None:
    """The number of a constant, None of all that needs a gradient."""
    return None if value.requires_grad or value.parents else value.data


def _low_and_high(value: Value) -> bool:
    numbers = [_number(parent) for parent in value.parents[1:]]
    return all(number is not None and 0.0 <= number <= 1.0 for number in numbers)


def _is_complement(value: Value) -> bool:
    """Whether this is 1 - sigmoid."""
    if value.op != "sub":
        return False
    one, share = value.parents
    return _number(one) == 1.0 and _shape(share) == "sigmoid"


def _is_half_of_tanh(value: Value) -> bool:
    """Whether this is (1 + tanh(x)) / 2, the number before or behind, or 0.5 + 0.5 * tanh(x)."""
    if value.op == "add":
        half, rest = _number_and_rest(value)
        return half == 0.5 and _is_half(rest, "tanh")
    if value.op not in ("div", "mul"):
        return False
    rest = next((parent for parent in value.parents if parent.op == "add"), value)
    one, tanh = _number_and_rest(rest)
    return _is_half(value, "add") and one == 1.0 and tanh is not None and tanh.op == "tanh"


def _is_half(value: Value | None, op: str) -> bool:
    """Whether this is half of something that `op` made."""
    if value is None or value.op not in ("div", "mul"):
        return False
    if value.op == "div":
        return value.parents[0].op == op and _number(value.parents[1]) == 2.0
    half, rest = _number_and_rest(value)
    return half == 0.5 and rest is not None and rest.op == op


def _is_ratio_of_exp(value: Value) -> bool:
    """Whether this is 1 / (1 + exp(-x)), (1 + exp(-x))**-1 or exp(x) / (1 + exp(x))."""
    if value.op not in ("div", "pow"):
        return False
    above, below = value.parents
    if value.op == "pow":
        if _number(below) != -1.0:
            return False
        below = above
    one, power = _number_and_rest(below) if below.op == "add" else (None, None)
    if one != 1.0 or power is None or power.op != "exp":
        return False
    return value.op == "pow" or _number(above) == 1.0 or _same(above, power)


def _same(exp: Value, other: Value) -> bool:
    """Whether both are exp of one thing, computed once or twice."""
    return exp is other or (exp.op == "exp" and exp.parents[0] is other.parents[0])


def _number_and_rest(value: Value) -> tuple[float | None, Value | None]:
    """Of two operands the constant one and the other."""
    if len(value.parents) == 2:
        for constant, rest in (value.parents, value.parents[::-1]):
            if _number(constant) is not None:
                return _number(constant), rest
    return None, None


def numbers_in(prediction: Any) -> list[float]:
    """The outputs of one prediction as plain numbers."""
    prediction = opened(prediction)
    if isinstance(prediction, list):
        return list(map(float_of, prediction))
    return [float_of(prediction)]
