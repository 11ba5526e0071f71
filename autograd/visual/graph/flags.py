"""What deserves a mark in a picture: numbers that mislead or spoil training."""

import math
from collections.abc import Sequence

from autograd.engines.select import Value
from autograd.support.provenance import is_up_to_date

# Relative to the gradient of the root: about ten sigmoids in a row, each at most 1/4, reach it.
VANISHING, EXPLODING = 1e-6, 1e6

MEANING = {
    "not finite": "not finite: nan or infinite",
    "out of date": "out of date: computed from other data than its operands hold now",
    "exploding": "exploding: |gradient| over a million times the root's",
    "vanishing": "vanishing: |gradient| under a millionth of the root's",
    "no gradient": "no gradient: it is exactly 0",
    "saturated": "saturated: its slope is under a hundredth of its steepest",
    "off": "off: its local derivatives are 0, so it passes nothing on",
}
# The steepest slope of what goes flat on both sides.
STEEPEST = {"tanh": 1.0, "sigmoid": 0.25, "softsign": 1.0, "erf": 2.0 / math.sqrt(math.pi)}
SATURATED = 0.01  # of it


def flag_of(members: Sequence[Value], root: Value) -> str:
    """The key of `MEANING` that holds for a box of `members`, the worst first; "" for none.

    A group has no gradient, or a vanishing one, when all of its parameters have. A ReLU
    whose input is not positive is off, whatever its own gradient. Nothing here is called
    dead: that is a unit that is off for all samples, and a graph may hold only one.
    """
    if any(not (math.isfinite(value.data) and math.isfinite(value.grad)) for value in members):
        return "not finite"
    if not all(map(is_up_to_date, members)):
        return "out of date"
    scale = abs(root.grad) if root.grad and math.isfinite(root.grad) else 1.0
    reached = [value for value in members if value.requires_grad and is_reached(value)]
    if not reached:
        return ""
    # Of a group, its parameters tell; what merely flows through it may be large or small.
    parameters = [value for value in reached if not value.parents]
    sizes = [abs(value.grad) / scale for value in parameters or reached]
    largest = max(sizes)
    if largest > EXPLODING:
        return "exploding"
    if largest == 0.0:
        return "no gradient"
    if len(members) == 1 and _is_saturated(members[0]):
        return "saturated"
    if len(members) == 1 and _passes_nothing_on(members[0]):
        return "off"
    return "vanishing" if largest < VANISHING else ""


def is_reached(value: Value) -> bool:
    """Whether a backward pass has given `value` a gradient; assigning one counts."""
    return bool(value._reached or value.grad)


def _is_saturated(value: Value) -> bool:
    steepest = STEEPEST.get(value.op)
    return steepest is not None and abs(value.partials[0]) < SATURATED * steepest


def _passes_nothing_on(value: Value) -> bool:
    partials = [
        partial
        for parent, partial in zip(value.parents, value.partials, strict=True)
        if parent.requires_grad
    ]
    return bool(partials) and not any(partials)
