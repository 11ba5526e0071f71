"""What ``fit(..., record=True)`` writes down while the network trains."""

import math
from array import array
from collections.abc import Callable
from operator import sub

from autograd import Value
from nn.diagnostics import largest, layers_of, mean, standard_deviation
from nn.history import History, LayerHistory
from nn.module import Module

STEPS_AN_EPOCH, STEPS = 2, 400  # recorded at most: enough for a curve, too few to slow training


class Recorder:
    """Enters into `history` what happens at up to two steps of each epoch."""

    def __init__(self, model: Module, history: History, steps_in_epoch: int, epochs: int) -> None:
        self.history = history
        self.every = max(
            1, -(-steps_in_epoch // STEPS_AN_EPOCH), -(-steps_in_epoch * epochs // STEPS)
        )
        self.parameters = model.parameters()
        self.groups = layers_of(model)
        self.taken = 0
        history.layers.update({group.name: LayerHistory(group.summary) for group in self.groups})
        self.end_epoch()

    def end_epoch(self) -> None:
        """Enter where the parameters are."""
        self.history.states.append(array("d", _numbers(self.parameters)))

    def update(self, step: Callable[[], None]) -> None:
        """Run one `step` of the optimizer, and every so often enter what it did."""
        self.taken += 1
        if (self.taken - 1) % self.every:
            step()
            return
        before = [_numbers(group.weights) for group in self.groups]
        step()
        for group, weights in zip(self.groups, before, strict=True):
            gradients = [abs(parameter.grad) for parameter in group.parameters]
            layer = self.history.layers[group.name]
            layer.mean_gradient.append(mean(gradients))
            layer.max_gradient.append(largest(gradients))
            layer.update_ratio.append(_update_ratio(weights, _numbers(group.weights)))
        self.history.steps.append(self.taken)


def _numbers(values: list[Value]) -> list[float]:
    return [value.data for value in values]


def _update_ratio(before: list[float], after: list[float]) -> float:
    spread = standard_deviation(before)
    return standard_deviation(list(map(sub, after, before))) / spread if spread else math.nan
