"""What `fit` is given, read and checked before anything is changed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from autograd.errors import ShapeError
from nn import schedules
from nn.arguments.settings import SettingError, as_number, as_switch
from nn.history import History
from nn.module import Module

Callback: TypeAlias = Callable[[History, Module], Any]


def check_parts(model: Any, loss: Any, optimizer: Any) -> None:
    """TypeError unless these are a model, a loss and an optimizer, in this order."""
    if isinstance(model, type):
        raise TypeError(f"fit takes a model, got the class {model.__name__}: make one of it first")
    if not isinstance(model, Module):
        raise TypeError(
            f"fit takes an nn.Module first, got {kind_of(model)}: subclass nn.Module, so that its "
            "parameters can be found"
        )
    if not callable(loss) or isinstance(loss, type):
        raise TypeError(
            f"the loss is a function of predictions and targets, such as nn.squared_error, "
            f"got {kind_of(loss)}"
        )
    wanted = ("parameters", "learning_rate", "step", "zero_grad")
    if isinstance(optimizer, type) or not all(hasattr(optimizer, name) for name in wanted):
        raise TypeError(
            "fit takes an optimizer of the model's parameters, such as "
            f"nn.Adam(model.parameters(), 0.01), got {kind_of(optimizer)}"
        )


def read_validation(given: Any) -> tuple[Any, Any] | float | None:
    """A pair of samples and targets as given, or the share to hold out; TypeError for all else."""
    if given is None or (isinstance(given, tuple) and len(given) == 2):
        return given
    wrong = f"validation is (X, y) or a share such as 0.2, got {kind_of(given)}"
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


def read_clip_norm(given: Any) -> float | None:
    """A positive number, or None; SettingError for all else."""
    return None if given is None else as_number("clip_norm", given, positive=True)


def read_schedule(given: Any) -> Any:
    """A function of the epoch, or None; TypeError for all else."""
    if given is not None and (not callable(given) or isinstance(given, type)):
        raise TypeError(
            "schedule is a function from the epoch to the learning rate, such as "
            f"nn.schedules.cosine(0.1, epochs=20), got {kind_of(given)}"
        )
    if given is not None and vars(schedules).get(name_of(given)) is given:
        raise TypeError(f"schedules.{name_of(given)} makes a schedule: call it with its numbers")
    return given


def read_callbacks(given: Any) -> list[Callback]:
    """A list of functions; None means none, TypeError for all else."""
    if given is None:
        return []
    if callable(given) and not isinstance(given, Iterable):
        raise TypeError(f"callbacks is a list of functions: write callbacks=[{name_of(given)}]")
    if not isinstance(given, Iterable) or isinstance(given, str | dict):
        raise TypeError(f"callbacks is a list of functions, got {kind_of(given)}")
    callbacks = list(given)
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(
                f"a callback is called as callback(history, model), got {kind_of(callback)}"
            )
    return callbacks


def read_metrics(given: Any) -> dict[str, Callable[[Sequence[Any], Sequence[Any]], Any]]:
    """Functions by name; None means none, TypeError for all else."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise TypeError(
            "metrics are functions of predictions and targets by name, such as "
            f'{{"accuracy": nn.metrics.accuracy}}, got {kind_of(given)}'
        )
    for name, metric in given.items():
        if not isinstance(name, str) or not callable(metric):
            raise TypeError(f"a metric is a name and a function, got {name!r}: {kind_of(metric)}")
        if not name:
            raise ShapeError("a metric needs a name, got ''")
    return dict(given)


def kind_of(given: Any) -> str:
    """What was given, in a few words."""
    if given is None:
        return "None"
    if isinstance(given, type):
        return f"the class {given.__name__}: make one of it"
    if callable(given):
        return f"{type(given).__name__} {name_of(given)}"
    shown = " ".join(repr(given).split())
    return f"{type(given).__name__} {shown:.60}"


def name_of(function: Any) -> str:
    """What a function is called in a message."""
    return getattr(function, "__name__", "f")
