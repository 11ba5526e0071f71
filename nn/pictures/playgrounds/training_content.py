"""What the page knows of a training: samples, targets, loss and optimiser."""

import math
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

from autograd import ops
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError, FormulaError, ShapeError
from autograd.export.javascript_printer import rules_script
from nn.arguments.numbers import numbers_in
from nn.arguments.rows import as_rows, check_finite, opened, same_length
from nn.class_reading.which_reading import reading_of, unwrapped
from nn.layers import MLP
from nn.optimizer import Optimizer, ParametersError
from nn.pictures.playgrounds.reading_models import parameters_of, told_of_model
from nn.pictures.playgrounds.tapes import Tapes, Told

MOST_SAMPLES = 2000


class TrainingKindError(ChainruleError, TypeError):
    """A loss or an optimizer that no page can follow."""


def content_of(
    model: MLP, X: Any, y: Any, loss: Callable[..., Any], optimizer: Optimizer
) -> tuple[Told, str]:
    """All that the page is told, and the JavaScript of the rules and updates that it calls.

    Model and optimizer stay as they are.
    """
    tapes = Tapes()
    samples, targets = read_samples(model, X, y)
    told = told_of_model(model, tapes)
    told |= _told_of_samples(model, samples, targets, loss, tapes)
    told |= _told_of_loss(model, samples, targets, loss, tapes)
    told |= _told_of_optimizer(model, optimizer, tapes)
    return told | {"sequences": tapes.sequences}, _script(tapes, optimizer)


def read_samples(model: MLP, X: Any, y: Any) -> tuple[list[Any], list[Any]]:
    """Rows and targets, as many of each as are looked at well."""
    samples, targets = as_rows(X, "X"), as_rows(y, "y")
    same_length(samples, targets)
    check_finite(samples, "X")
    check_finite(targets, "y")
    if len(samples) > MOST_SAMPLES:
        raise ShapeError(
            f"{len(samples)} samples are too many to be seen: a playground shows at most "
            f"{MOST_SAMPLES}, such as X[:500], y[:500]"
        )
    model(opened(samples[0]))  # which says what is wrong with a row
    return samples, list(map(opened, targets))


def _told_of_samples(
    model: MLP, X: list[Any], y: list[Any], loss: Callable[..., Any], tapes: Tapes
) -> Told:
    reading = reading_of(loss, model, X, y)
    outputs = len(model.layers[-1].neurons)
    told: Told = {
        "X": [list(map(float_of, opened(row))) for row in X],
        "y": [numbers_in(target) for target in y],
        "reading": None,
        "classes": None,
    }
    if reading is not None and not reading.each:
        if not all(map(reading.counts, y)):
            raise ShapeError("some targets are ignored by the loss: leave those samples out")
        if reading.scale == "logit":
            tapes.rules["sigmoid"] = ops.sigmoid  # a logit is coloured by its probability
        told["reading"] = {"threshold": reading.threshold, "scale": reading.scale}
        told["classes"] = [reading.target_class(target, outputs) for target in y]
    return told


def _told_of_loss(
    model: MLP, X: list[Any], y: list[Any], loss: Callable[..., Any], tapes: Tapes
) -> Told:
    predictions = model.predict(X)
    name = getattr(unwrapped(loss)[0], "__name__", "loss")
    reduction = _reduction(loss, predictions, y)

    def of_one(prediction: Any, target: Any) -> Any:
        return loss([prediction], [target])

    target = y[0] if isinstance(y[0], list) else float_of(y[0])
    tape = tapes.of(of_one, predictions[0], target)
    return {"loss": tape, "reduction": reduction, "lossName": name.replace("_", " ")}


def _reduction(loss: Callable[..., Any], predictions: list[Any], y: Sequence[Any]) -> str:
    """Whether the loss of a batch is the mean or the sum of those of its samples."""
    _, options = unwrapped(loss)
    weighted = [name for name in ("weight", "sample_weight") if options.get(name) is not None]
    singles = [float_of(_one(loss([p], [t]))) for p, t in zip(predictions, y, strict=True)]
    counts = sorted({len(y), min(2, len(y)), min(3, len(y)), (len(y) + 1) // 2})
    for reduction in ("mean", "sum"):
        rule = getattr(ops, reduction)
        if not weighted and all(
            _close(float_of(_one(loss(predictions[:n], list(y[:n])))), rule(*singles[:n])[0])
            for n in counts
        ):
            return reduction
    why = f"it has {weighted[0]}" if weighted else "of these samples it is neither"
    raise TrainingKindError(
        "the page trains with a loss that is the mean or the sum of the losses of single samples, "
        f"such as nn.squared_error; {why}"
    )


def _one(loss: Any) -> Any:
    if isinstance(loss, list | tuple):
        raise TrainingKindError(
            "the loss of a batch is one number, got one for each sample: leave reduction='none' out"
        )
    return loss


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def _told_of_optimizer(model: MLP, optimizer: Optimizer, tapes: Tapes) -> Told:
    _check_optimizer(optimizer)
    parameters = parameters_of(model)
    places = {id(parameter): place for place, parameter in enumerate(optimizer.parameters)}
    known = set(map(id, parameters))
    if not places.keys() <= known:
        raise ParametersError(
            f"the optimizer's parameters are not those of the model: make it anew, "
            f"nn.{type(optimizer).__name__}(model.parameters(), ...)"
        )
    trained = [p.requires_grad and id(p) in places for p in parameters]

    def settings(rate: Any, steps: Any) -> list[Any]:
        """What the optimizer gives its formula at a step, computed from Values."""
        double = copy(optimizer)
        vars(double).update(learning_rate=rate, steps=steps)
        return [s if hasattr(s, "parents") else float(s) for s in double.settings()]

    state = [
        [numbers[places[id(p)]] if id(p) in places else 0.0 for p in parameters]
        for numbers in optimizer.state
    ]
    return {
        "trained": trained,
        "optimizer": {
            "name": type(optimizer).__name__,
            "formula": optimizer.formula.__name__,
            "memory": optimizer.memory,
            "settings": tapes.of(settings, optimizer.learning_rate, float(optimizer.steps + 1)),
            "steps": optimizer.steps,
            "rate": optimizer.learning_rate,
            "state": state,
        },
    }


def _check_optimizer(optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        kind = optimizer.__name__ if isinstance(optimizer, type) else type(optimizer).__name__
        what = "the class " if isinstance(optimizer, type) else ""
        raise TrainingKindError(
            "playground takes an optimizer of the model's parameters, such as "
            f"nn.Adam(model.parameters(), 0.01), got {what}{kind}"
        )
    if getattr(optimizer, "formula", None) is None or type(optimizer).step is not Optimizer.step:
        raise TrainingKindError(
            f"{type(optimizer).__name__} steps in a way of its own, not by a formula as those in "
            "nn.updates: take nn.SGD, nn.Adam or another of those"
        )


def _script(tapes: Tapes, optimizer: Optimizer) -> str:
    """The rules of the tapes, and the formula of the optimizer, as JavaScript."""
    formula = optimizer.formula
    if formula.__name__ in tapes.rules:
        raise FormulaError(f"the formula {formula.__name__} is called as an operation: rename it")
    script = rules_script([*tapes.rules.values(), formula])
    # One printer for both: a formula gives the new number and what to remember.
    return f"{script}const updates = {{ {formula.__name__}: rules.{formula.__name__} }};\n"
