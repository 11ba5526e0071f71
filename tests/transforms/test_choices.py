"""Nothing passes to the side that a choice has not taken, whatever its slope there.

The right values are those of the side taken alone. The other side has a slope of inf
(sqrt at 0) or nan (atan2 at the origin), which times 0 would be nan.
"""

import math
import pickle

import pytest

import autograd
from autograd import Value, apply, errors

INF = math.inf


def endless(x):
    return autograd.sqrt(x)


def lost(x):
    return autograd.atan2(x, x)


# As functions of x at 0, and their derivative there, the second one being 0.
CHOICES = {
    "where": (lambda x, side: autograd.where(x > 0.5, side(x), 3.0 * x), 3.0),
    "where, the other side": (lambda x, side: autograd.where(x < 0.5, 3.0 * x, side(x)), 3.0),
    "where, in its condition": (lambda x, side: autograd.where(side(x), 4.0, 5.0 * x), 5.0),
    "where, nested": (
        lambda x, side: autograd.where(x > 0.5, autograd.where(x < 1.0, side(x), x), x + 1.0),
        1.0,
    ),
    "maximum": (lambda x, side: autograd.maximum(side(x) - 1.0, 3.0 * x), 3.0),
    "minimum": (lambda x, side: autograd.minimum(3.0 * x, side(x) + 1.0), 3.0),
    "max": (lambda x, side: autograd.max([side(x) - 1.0, 3.0 * x, side(x) - 2.0]), 3.0),
    "min": (lambda x, side: autograd.min([side(x) + 1.0, 3.0 * x]), 3.0),
    "clip": (lambda x, side: autograd.clip(side(x) - 5.0, -1.0, 1.0), 0.0),
    "clip, an end": (lambda x, side: autograd.clip(2.0 * x, side(x) - 9.0, side(x) + 9.0), 2.0),
    "relu": (lambda x, side: autograd.relu(side(x) - 1.0) + x, 1.0),
    "leaky_relu": (lambda x, side: autograd.leaky_relu(x + 1.0, side(x)), 1.0),
    "elu": (lambda x, side: autograd.elu(x + 1.0, side(x)), 1.0),
    "floor": (lambda x, side: autograd.floor(side(x) + 0.5) + x, 1.0),
    "ceil": (lambda x, side: autograd.ceil(side(x) + 0.5) + x, 1.0),
    "sign": (lambda x, side: autograd.sign(side(x) + 0.5) * x, 1.0),
    "fmod": (lambda x, side: autograd.fmod(x + 0.5, side(x) + 1.0), 1.0),
    "deep below": (
        lambda x, side: autograd.where(0.0, autograd.exp(autograd.sin(side(x)) * 2.0), x),
        1.0,
    ),
    "by an edge taken too": (
        lambda x, side: autograd.where(0.0, side(x), x) + x,
        2.0,
    ),
}
EVERY = pytest.mark.parametrize("side", [endless, lost])
EACH = pytest.mark.parametrize("name", CHOICES)


@EACH
@EVERY
def test_in_every_transform(name, side):
    choose, slope = CHOICES[name]

    def function(x):
        return choose(x, side)

    assert autograd.grad(function)(0.0) == slope
    assert autograd.jvp(function, (0.0,), (1.0,))[1] == slope
    assert autograd.jacobian(lambda x: [function(x), x])(0.0) == [slope, 1.0]
    assert autograd.vjp(function, 0.0)[1](2.0) == (2.0 * slope,)
    for n, expected in ((1, slope), (2, 0.0), (3, 0.0)):
        assert autograd.derivative(function, n)(0.0) == expected
    assert autograd.hessian(function)(0.0) == 0.0
    assert autograd.hvp(function, (0.0,), (1.0,)) == (0.0,)
    assert autograd.grad(autograd.grad(function))(0.0) == 0.0
    assert autograd.jacobian(autograd.grad(function))(0.0) == 0.0
    # forward over reverse, reverse over forward, forward over forward
    assert autograd.jvp(autograd.grad(function), (0.0,), (1.0,))[1] == 0.0
    along = lambda x: autograd.jvp(function, (x,), (1.0,))[1]  # noqa: E731
    assert autograd.grad(along)(0.0) == 0.0
    assert autograd.jvp(along, (0.0,), (1.0,))[1] == 0.0


@EACH
@EVERY
def test_backward_and_create_graph(name, side):
    choose, slope = CHOICES[name]
    x = Value(0.0)
    choose(x, side).backward()
    assert x.grad == slope
    found = autograd.gradient(choose(x, side), x, create_graph=True)
    assert found.data == slope
    x.zero_grad()
    (found * 3.0 + x * x).backward()  # whatever the gradient depends on
    assert x.grad == 0.0


def test_a_node_restored_from_a_pickle_chooses_too():
    x = Value(0.0)
    out = autograd.where(0.0, autograd.sqrt(x), 1.0) + autograd.relu(autograd.sqrt(x) - 1.0)
    restored = pickle.loads(pickle.dumps(out))
    restored.backward()
    [leaf] = [v for v in autograd.topological_order(restored) if v.requires_grad and not v.parents]
    assert leaf.grad == 0.0


def test_anomaly_detection_has_nothing_to_say():
    with autograd.detect_anomaly():
        x = Value(0.0)
        autograd.where(0.0, autograd.sqrt(x), 1.0).backward()
    assert x.grad == 0.0


# --- and no other zero hides a nan ---------------------------------------------------------

UNDEFINED = {
    "sqrt(x)**2": lambda x: autograd.sqrt(x) ** 2,
    "sqrt(x*x)": lambda x: autograd.sqrt(x * x),
    "0 * sqrt(x)": lambda x: 0.0 * autograd.sqrt(x),
    "square(sqrt(x))": lambda x: autograd.square(autograd.sqrt(x)),
    "cos(sqrt(x))": lambda x: autograd.cos(autograd.sqrt(x)),
    "abs(sqrt(x))": lambda x: autograd.abs(autograd.sqrt(x)),
    "taken": lambda x: autograd.where(1.0, autograd.sqrt(x) ** 2, 1.0),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_a_zero_that_is_no_choice_stays_nan(name):
    function = UNDEFINED[name]
    assert math.isnan(autograd.grad(function)(0.0))
    assert math.isnan(autograd.jvp(function, (0.0,), (1.0,))[1])
    x = Value(0.0)
    function(x).backward()
    assert math.isnan(x.grad)


def test_a_rule_of_ones_own_by_the_name_of_a_choice_is_none():
    def relu(x):
        return x * x, 2.0 * x

    out = apply(relu, autograd.sqrt(x := Value(0.0)))
    out.backward()
    assert math.isnan(x.grad)


def test_what_is_not_reached_depends_on_nothing_else():
    """A gradient that is all sides not taken is 0, and can be differentiated like others."""
    x = Value(-3.0)
    slope = autograd.gradient(autograd.relu(x), x, create_graph=True)
    assert slope.data == 0.0
    assert autograd.gradient(slope, x) == 0.0


def test_a_transform_too_passes_a_node_made_by_hand_that_is_not_taken():
    function = lambda x: autograd.where(x > 5.0, Value(4.0, (x,)), x**3)  # noqa: E731
    assert autograd.grad(function)(2.0) == 12.0
    assert autograd.grad(autograd.grad(function))(2.0) == 12.0
    with pytest.raises(errors.GraphError, match="made by hand"):
        autograd.grad(function)(6.0)
