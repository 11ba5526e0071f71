"""Early stopping: when a training ends by itself, and which weights it keeps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd import Value
from autograd.support.arguments import as_float
from nn.arguments.settings import SettingKindError, as_count, as_flag, as_number, as_switch
from nn.optimizer import StateError


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` epochs without a loss lower by `margin`; `restore` the best weights.

    Watches the validation loss, or the training loss without validation. A loss
    that is nan or infinite is never the best.
    """

    patience: int = 5
    margin: float = 0.0
    restore: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "patience", as_count("patience", self.patience))
        object.__setattr__(self, "margin", as_number("margin", self.margin))
        object.__setattr__(self, "restore", as_flag("restore", self.restore))


def as_early_stopping(given: Any) -> EarlyStopping | None:
    """None and False switch it off, True on; an int is the patience."""
    if given is None or isinstance(given, EarlyStopping):
        return given
    switch = as_switch(given)
    if switch is not None:
        return EarlyStopping() if switch else None
    try:
        return EarlyStopping(as_count("early_stopping", given))
    except SettingKindError:
        raise SettingKindError(
            "early_stopping is the number of epochs to wait, such as 5, or an EarlyStopping, "
            f"True or False, got {given!r}"
        ) from None


def stopper_of(given: Any, parameters: Sequence[Value]) -> "Stopper | None":
    """What follows one training of `parameters`, as `given` to `fit` asks; None for none."""
    rule = as_early_stopping(given)
    return None if rule is None else Stopper(rule, parameters)


class Stopper:
    """Follows one training: the best loss so far, its weights, and how long ago it was."""

    def __init__(self, rule: EarlyStopping, parameters: Sequence[Value]) -> None:
        self.rule, self.parameters = rule, parameters
        self.best, self.waited = math.inf, 0
        self.kept: list[float] | None = None  # the numbers of the parameters at the best loss
        self.last: list[float] | None = None  # those at the end, where `kept` were put back

    def observe(self, loss: float) -> bool:
        """Enter the loss of one epoch; whether to stop after it."""
        if loss < self.best - self.rule.margin:
            self.best, self.waited = loss, 0
            self.kept = self._numbers()
        else:
            self.waited += 1
        return self.waited >= self.rule.patience

    def restore(self) -> None:
        """Put back the best weights, if there was a best epoch and the rule wants it."""
        if self.rule.restore and self.kept is not None:
            self.last = self._numbers()
            self._set(self.kept)

    def state_dict(self) -> dict[str, Any]:
        """What going on needs."""
        return {"best": self.best, "waited": self.waited, "kept": self.kept, "last": self.last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`: also with the weights that were put aside for the best ones.

        An error for what is no such state; nothing is changed then.
        """
        if not isinstance(state, dict) or set(state) != set(self.state_dict()):
            raise StateError("the state of an early stopping has best, waited, kept, last")
        best, waited = as_float(state["best"]), as_count("waited", state["waited"], 0)
        kept, last = self._read("kept", state["kept"]), self._read("last", state["last"])
        self.best, self.waited, self.kept = best, waited, kept
        if last is not None and self._numbers() == self.kept:
            self._set(last)

    def _read(self, name: str, numbers: Any) -> list[float] | None:
        """One number for each parameter, or None; StateError for all else."""
        if numbers is None:
            return None
        if not isinstance(numbers, list) or len(numbers) != len(self.parameters):
            raise StateError(f"{name} of an early stopping has {len(self.parameters)} numbers here")
        return list(map(as_float, numbers))

    def _numbers(self) -> list[float]:
        return [parameter.data for parameter in self.parameters]

    def _set(self, numbers: Sequence[float]) -> None:
        for parameter, number in zip(self.parameters, numbers, strict=True):
            parameter.data = number
