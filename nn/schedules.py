"""Learning-rate schedules: a schedule is a function from the epoch (from 0) to a rate.

`by_step` makes one that counts the updates instead. A schedule with a method
``observe(loss)`` is told the loss of each epoch (of the validation, where there is
one), and one with ``state_dict()`` and ``load_state_dict(state)`` is saved with the
optimizer: `ReduceOnPlateau` has all three.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from autograd.support.arguments import as_float
from nn.arguments.settings import SettingKindError, as_count, as_number
from nn.optimizer import StateError

Schedule: TypeAlias = Callable[[int], float]


def constant(learning_rate: float) -> Schedule:
    """The same rate in every epoch."""
    learning_rate = _rate(learning_rate)
    return lambda epoch: learning_rate


def step(learning_rate: float, every: int, factor: float = 0.1) -> Schedule:
    """Times `factor` after `every` epochs, and again."""
    learning_rate, factor = _rate(learning_rate), as_number("factor", factor)
    every = as_count("every", every)
    return lambda epoch: learning_rate * factor ** (epoch // every)


def exponential(learning_rate: float, factor: float) -> Schedule:
    """Times `factor` after each epoch."""
    learning_rate, factor = _rate(learning_rate), as_number("factor", factor)
    return lambda epoch: learning_rate * factor**epoch


def cosine(learning_rate: float, epochs: int, smallest: float = 0.0) -> Schedule:
    """Half a cosine from `learning_rate` down to `smallest`, reached after `epochs` and kept.

    Loshchilov & Hutter, *SGDR*, 2017, equation 5, without restarts.

    >>> rate = cosine(1.0, epochs=4)
    >>> [round(rate(epoch), 3) for epoch in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    learning_rate, smallest = _rate(learning_rate), as_number("smallest", smallest)
    epochs = as_count("epochs", epochs)

    def schedule(epoch: int) -> float:
        turn = math.cos(math.pi * min(epoch, epochs) / epochs)
        return smallest + (learning_rate - smallest) * (1.0 + turn) / 2.0

    return schedule


def linear(learning_rate: float, final: float, epochs: int) -> Schedule:
    """A straight line from `learning_rate` to `final`, reached after `epochs` and kept."""
    learning_rate, final = _rate(learning_rate), as_number("final", final)
    epochs = as_count("epochs", epochs)
    return lambda epoch: learning_rate + (final - learning_rate) * min(epoch, epochs) / epochs


def warm_up(schedule: Schedule, epochs: int) -> Schedule:
    """`schedule`, after `epochs` that rise to its first rate in equal steps.

    >>> rate = warm_up(constant(0.4), epochs=4)
    >>> [round(rate(epoch), 2) for epoch in range(6)]
    [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]
    """
    schedule, epochs = _plain("warm_up", schedule), as_count("epochs", epochs)

    def warmed(epoch: int) -> float:
        if epoch < epochs:
            return schedule(0) * (epoch + 1) / epochs
        return schedule(epoch - epochs)

    return warmed


class ByStep:
    """A schedule that `fit` asks before every update; see `by_step`."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def __call__(self, step: int) -> float:
        """The rate of the update number `step`, counted from 0."""
        return self.schedule(step)


def by_step(schedule: Schedule) -> ByStep:
    """`schedule` counted in updates instead of epochs: ``fit`` then sets the rate at each of them.

    The history has the last rate of each epoch.

    >>> rate = by_step(linear(0.1, 0.0, epochs=1000))  # over 1000 updates
    >>> round(rate(500), 3)
    0.05
    """
    return ByStep(_plain("by_step", schedule))


class ReduceOnPlateau:
    """Times `factor` when the loss has not fallen for more than `patience` epochs.

    The loss has fallen when it is below ``(1 - threshold)`` times the lowest so far;
    after a cut, `cooldown` epochs do not count. The rate stays at `smallest` or above.
    As ``torch.optim.lr_scheduler.ReduceLROnPlateau``. `fit` calls `observe` with the
    validation loss, or the training loss without validation.

    >>> rate = ReduceOnPlateau(0.1, patience=0)
    >>> rate.observe(1.0), rate.observe(1.0)
    (None, None)
    >>> round(rate(2), 4)
    0.01
    """

    def __init__(
        self,
        learning_rate: float,
        factor: float = 0.1,
        patience: int = 10,
        *,
        threshold: float = 1e-4,
        cooldown: int = 0,
        smallest: float = 0.0,
    ) -> None:
        self.learning_rate = _rate(learning_rate)
        self.factor = as_number("factor", factor)
        if self.factor >= 1.0:
            raise ValueError(f"factor must be below 1, got {factor!r}: the rate is to fall")
        self.patience = as_count("patience", patience, 0)
        self.threshold = as_number("threshold", threshold)
        self.cooldown = as_count("cooldown", cooldown, 0)
        self.smallest = as_number("smallest", smallest)
        self.best, self.waited, self.cooling = math.inf, 0, 0

    def __call__(self, epoch: int) -> float:
        """The rate as it is now, whatever the epoch."""
        return self.learning_rate

    def observe(self, loss: float) -> None:
        """Enter the loss of one epoch, and cut the rate if it is time."""
        if loss < self.best * (1.0 - self.threshold):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.cooling:
            self.cooling -= 1
            self.waited = 0
        if self.waited > self.patience:
            lower = max(self.learning_rate * self.factor, self.smallest)
            if self.learning_rate - lower > 1e-8:  # less is no change, as in PyTorch
                self.learning_rate = lower
            self.cooling, self.waited = self.cooldown, 0

    def state_dict(self) -> dict[str, Any]:
        """The rate, and what `observe` has seen."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; ValueError or TypeError for anything else."""
        if not isinstance(state, dict) or set(state) != set(vars(self)):
            raise StateError(f"the state of a ReduceOnPlateau has {', '.join(vars(self))}")
        seen = ("best", "waited", "cooling")
        fresh = ReduceOnPlateau(**{name: state[name] for name in state if name not in seen})
        fresh.best = as_float(state["best"])
        fresh.waited = as_count("waited", state["waited"], 0)
        fresh.cooling = as_count("cooling", state["cooling"], 0)
        vars(self).update(vars(fresh))


def _rate(learning_rate: Any) -> float:
    return as_number("learning_rate", learning_rate)


def _plain(where: str, schedule: Any) -> Schedule:
    """`schedule` if it is a function of a count alone."""
    if isinstance(schedule, ByStep):
        raise SettingKindError(f"write by_step({where}(...)): by_step goes outermost")
    if hasattr(schedule, "observe"):
        kind = type(schedule).__name__
        raise SettingKindError(
            f"{where} takes a function of the epoch, got {kind}, which follows the loss"
        )
    if not callable(schedule):
        raise SettingKindError(f"{where} takes a schedule, such as constant(0.1), got {schedule!r}")
    function: Schedule = schedule
    return function
