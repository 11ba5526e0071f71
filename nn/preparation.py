"""What `fit` is given, read and checked before anything is changed."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from autograd import no_grad
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError, ShapeError
from nn import schedules
from nn.metrics import judge_of
from nn.module import Module
from nn.reading import loss_is_unknown
from nn.rows import DataError, as_rows, check_finite, check_no_text, same_length
from nn.samples import Samples
from nn.settings import SettingError, as_number, as_switch


def check_parts(model: Any, loss: Any, optimizer: Any) -> None:
    """TypeError unless these are a model, a loss and an optimizer, in this order."""
    if isinstance(model, type):
        raise TypeError(f"fit takes a model, got the class {model.__name__}: make one of it first")
    if not isinstance(model, Module):
        raise TypeError(
            f"fit takes an nn.Module first, got {_kind(model)}: subclass nn.Module, so that its "
            "parameters can be found"
        )
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            f"the loss is a function of predictions and targets, such as nn.squared_error, "
            f"got {_kind(loss)}"
        )
    wanted = ("parameters", "learning_rate", "step", "zero_grad")
    if isinstance(optimizer, type) or not all(hasattr(optimizer, name) for name in wanted):
        raise TypeError(
            "fit takes an optimizer of the model's parameters, such as "
            f"nn.Adam(model.parameters(), 0.01), got {_kind(optimizer)}"
        )


def read_samples(
    model: Module, X: Any, y: Any, loss: Callable[..., Any], what: str = ""
) -> Samples:
    """X and y as rows of equal number, without nan, infinities, gaps or, where none can be, texts.

    A loss of your own may know what a nan among the targets means: where it gives a
    finite number for all the samples, they pass.
    """
    X, y = as_rows(X, f"{what}X"), as_rows(y, f"{what}y")
    same_length(X, y, what and f"{what.strip()}: ")
    check_finite(X, f"{what}X")
    if type(model).__module__ == "nn.layers":
        check_no_text(X, f"{what}X", "make numbers of it, float(...) or one column per category")
    try:
        check_finite(y, f"{what}y")
    except DataError:
        if is_ours(loss) or not _is_finite(model, X, y, loss):
            raise
    if is_ours(loss):
        check_no_text(
            y,
            f"{what}y",
            "number the classes: classes = sorted(set(y)), [classes.index(c) for c in y]",
        )
    return Samples(X, y)


def counting(samples: Samples, sample_weight: Any, loss: Callable[..., Any]) -> Samples:
    """`samples` with their weights, without those that count for nothing.

    These have the weight 0, or a target that `loss` ignores: no batch is made of them alone.
    """
    weights = _weights(sample_weight, samples, loss)
    judge = judge_of(loss) if is_ours(loss) else None  # knows what is ignored
    X, y = samples.X, samples.y
    rows = [
        row
        for row in range(len(X))
        if (judge is None or judge.counts(y[row])) and (not weights or weights[row])
    ]
    if not rows:
        raise ShapeError("no sample counts: each has an ignored target or weight 0")
    if len(rows) < len(X):
        X, y = [X[row] for row in rows], [y[row] for row in rows]
        weights = [weights[row] for row in rows] if weights else weights
    return Samples(X, y, weights)


def _weights(given: Any, samples: Samples, loss: Callable[..., Any]) -> list[float]:
    """One finite weight from 0 up for each of the samples; none where none are given.

    TypeError for a loss that is none of `nn`: only of those it is known what weights do.
    """
    if given is None:
        return []
    if not is_ours(loss):
        raise TypeError(
            f"sample_weight goes with the losses of nn, got {_kind(loss)}: weigh the samples in "
            "your loss, with the weights beside the targets in y"
        )
    if isinstance(loss, partial) and loss.keywords.get("reduction", "mean") != "mean":
        raise SettingError("sample_weight goes with reduction='mean': leave the reduction out")
    weights = as_rows(given, "sample_weight")
    if len(weights) != len(samples.X):
        raise ShapeError(
            f"{len(weights)} sample weights for {len(samples.X)} samples: one for each sample"
        )
    return [as_number(f"sample_weight of row {row}", w) for row, w in enumerate(weights)]


def read_held(model: Module, validation: Any, loss: Callable[..., Any]) -> Samples | None:
    """The samples to judge by, where they are given as a pair."""
    if not isinstance(validation, tuple):
        return None
    X, y = validation
    return counting(read_samples(model, X, y, loss, "validation "), None, loss)


def _is_finite(model: Module, X: list[Any], y: list[Any], loss: Callable[..., Any]) -> bool:
    try:
        with no_grad():
            return math.isfinite(float_of(loss([model(x) for x in X], y)))
    except (ChainruleError, ValueError, TypeError, ArithmeticError):
        return False


def is_ours(loss: Callable[..., Any]) -> bool:
    """Whether `loss` is one of `nn`, or a partial of one."""
    while isinstance(loss, partial):
        loss = loss.func
    # What wraps one of ours may do more than it.
    return not hasattr(loss, "__wrapped__") and not loss_is_unknown(loss)


def read_validation(given: Any) -> tuple[Any, Any] | float | None:
    """A pair of samples and targets as given, or the share to hold out; TypeError for all else."""
    if given is None or (isinstance(given, tuple) and len(given) == 2):
        return given
    wrong = f"validation is (X, y) or a share such as 0.2, got {_kind(given)}"
    whole = isinstance(given, int) or as_switch(given) is not None
    if isinstance(given, tuple | list | str) or whole or hasattr(given, "__len__"):
        raise TypeError(wrong)
    try:
        share = as_number("validation", given)
    except SettingError as error:
        if isinstance(error, TypeError):
            raise TypeError(wrong) from None
        raise SettingError(wrong) from None
    return share


def read_schedule(given: Any) -> Any:
    """A function of the epoch, or None; TypeError for all else."""
    if given is not None and (not callable(given) or isinstance(given, type)):
        raise TypeError(
            "schedule is a function from the epoch to the learning rate, such as "
            f"nn.schedules.cosine(0.1, epochs=20), got {_kind(given)}"
        )
    if given is not None and vars(schedules).get(_name(given)) is given:
        raise TypeError(f"schedules.{_name(given)} makes a schedule: call it with its numbers")
    return given


def read_callbacks(given: Any) -> list[Callable[..., Any]]:
    """A list of functions; None means none, TypeError for all else."""
    if given is None:
        return []
    if callable(given) and not isinstance(given, Iterable):
        raise TypeError(f"callbacks is a list of functions: write callbacks=[{_name(given)}]")
    if not isinstance(given, Iterable) or isinstance(given, str | dict):
        raise TypeError(f"callbacks is a list of functions, got {_kind(given)}")
    callbacks = list(given)
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(
                f"a callback is called as callback(history, model), got {_kind(callback)}"
            )
    return callbacks


def read_metrics(given: Any) -> dict[str, Callable[[Sequence[Any], Sequence[Any]], Any]]:
    """Functions by name; None means none, TypeError for all else."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise TypeError(
            "metrics are functions of predictions and targets by name, such as "
            f'{{"accuracy": nn.metrics.accuracy}}, got {_kind(given)}'
        )
    for name, metric in given.items():
        if not isinstance(name, str) or not callable(metric):
            raise TypeError(f"a metric is a name and a function, got {name!r}: {_kind(metric)}")
        if not name:
            raise ShapeError("a metric needs a name, got ''")
    return dict(given)


def _name(function: Any) -> str:
    return getattr(function, "__name__", "f")


def _kind(given: Any) -> str:
    """What was given, in a few words."""
    if given is None:
        return "None"
    if isinstance(given, type):
        return f"the class {given.__name__}: make one of it"
    if callable(given):
        return f"{type(given).__name__} {_name(given)}"
    shown = " ".join(repr(given).split())
    return f"{type(given).__name__} {shown:.60}"
