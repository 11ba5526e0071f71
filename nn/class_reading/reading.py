"""One way to read predictions: what number means which class, and which are right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import autograd
from autograd.engines.numbers import float_of
from autograd.errors import ShapeError
from nn.arguments.numbers import LABELS, numbers_in
from nn.arguments.rows import opened


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
        if type(target) is int:
            return target != self.ignored
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
