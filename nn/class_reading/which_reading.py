"""How predictions are read: the one place that decides what number means which class.

The loss says it where it is a class loss: above 0 for scores and logits, above
0.5 for probabilities, the largest of several outputs. Where it does not (a
squared error, a function of your own) the output says it: what a sigmoid made
is a probability, what a tanh made lies around 0, if the targets are classes
too. Where neither does, nothing is guessed: there is no reading, unless a
`threshold` is given.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from autograd import Value
from nn import class_losses, losses
from nn.arguments.numbers import numbers_in
from nn.arguments.settings import as_number
from nn.class_reading.output_origins import output_of, what_made
from nn.class_reading.reading import BOUNDED, Reading
from nn.class_reading.target_kinds import targets_kind, without_brackets
from nn.loss_parts.class_targets import IGNORED

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
    loss, options = unwrapped(loss)
    kind = targets_kind(without_brackets(y))
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
    if unwrapped(loss)[0] in REGRESSIONS:
        return Reading(0.5, "probability")
    return Reading()


def reading_of_predictions(
    predictions: Sequence[Any], targets: Sequence[Any], threshold: float | None = None
) -> Reading:
    """How to read predictions whose model is not at hand.

    Values tell what made them. Of plain numbers, those that all lie between 0 and 1
    are probabilities, unless a target is -1; others are scores.
    """
    kind, threshold = targets_kind(without_brackets(targets)), as_threshold(threshold)
    rows = [numbers_in(prediction) for prediction in predictions]
    each = kind in ("several", "several signs") and len(rows[0]) > 1
    made_by = what_made(predictions[0])
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


def unwrapped(loss: Any) -> tuple[Any, dict[str, Any]]:
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
    known = unwrapped(loss)[0]
    return not (known in LARGEST_WINS or known in SCALES or known in REGRESSIONS)
