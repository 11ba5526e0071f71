"""A weight that is replaced, or a model that is resized, is seen at the next call."""

import sys
import types

import pytest

import autograd
import nn
from autograd import Value

NOW = {"model": Value(2.0)}
HERE = Value(2.0)


class Slotted:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w


class Callable:
    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        return self.w * x


def in_a_list():
    held = [Value(2.0)]
    return lambda x: held[0] * x, lambda w: held.__setitem__(0, w)


def in_a_nested_dict():
    held = {"a": [{"b": (Value(2.0),)}]}
    return lambda x: held["a"][0]["b"][0] * x, lambda w: held["a"][0].update(b=(w,))


def in_a_cell():
    held = Value(2.0)

    def replace(w):
        nonlocal held
        held = w

    return lambda x: held * x, replace


def in_a_global():
    def replace(w):
        globals()["HERE"] = w

    replace(Value(2.0))
    return lambda x: HERE * x, replace


def in_a_global_container():
    NOW["model"] = Value(2.0)
    return lambda x: NOW["model"] * x, lambda w: NOW.update(model=w)


def in_a_module():
    module = types.ModuleType("somewhere")
    module.w = Value(2.0)
    sys.modules["somewhere"] = module
    space = {"somewhere": module}
    exec("def function(x): return somewhere.w * x", space)  # noqa: S102 - our own text
    return space["function"], lambda w: setattr(module, "w", w)


def in_slots():
    held = Slotted(Value(2.0))
    return lambda x: held.w * x, lambda w: setattr(held, "w", w)


def in_a_callable_object():
    held = Callable(Value(2.0))
    return held, lambda w: setattr(held, "w", w)


def in_a_default():
    held = [Value(2.0)]

    def function(x, ws=held):
        return ws[0] * x

    return function, lambda w: held.__setitem__(0, w)


def in_a_helper():
    held = [Value(2.0)]

    def helper(x):
        return held[0] * x

    return lambda x: helper(x), lambda w: held.__setitem__(0, w)


def in_a_dict_of_the_same_size():
    held = {"a": Value(2.0), "b": Value(9.0)}

    def replace(w):
        del held["a"]
        held["a"] = w

    return lambda x: held["a"] * x, replace


PLACES = [each for name, each in list(globals().items()) if name.startswith("in_")]


@pytest.mark.parametrize("place", PLACES, ids=lambda each: each.__name__)
def test_what_is_replaced_is_seen(place):
    function, replace = place()
    program = autograd.compile(function)
    assert program(3.0) == 6.0
    assert program(3.0) == 6.0
    new = Value(5.0)
    replace(new)
    assert program(3.0) == 15.0
    program.backward(3.0)
    assert new.grad == 3.0


@pytest.mark.parametrize("place", PLACES, ids=lambda each: each.__name__)
def test_what_stays_is_not_traced_again(place):
    function, _ = place()
    traces = []

    def counted(x):
        traces.append(1)
        return function(x)

    program = autograd.compile(counted)
    for x in (1.0, 2.0, 3.0):
        program(x)
    assert len(traces) == 1


def test_models_are_changed_and_resized():
    model = nn.MLP(2, [3, 1], activation="tanh", generator=0)
    program = autograd.compile(lambda x: model(x))
    x = [0.3, -0.4]

    def agrees():
        return program(x) == pytest.approx(model(x).data, rel=1e-12)

    assert agrees()
    model.layers[0].neurons[1].w[0] = Value(5.0)
    assert agrees()
    model.layers[0].neurons[2].b = Value(-3.0)
    assert agrees()
    model.layers[1] = nn.Layer(3, 1, generator=5)
    assert agrees()
    model.layers.insert(1, nn.Layer(3, 3, "relu", generator=6))
    assert agrees()
    model = nn.MLP(2, [8, 8, 1], generator=7)
    assert agrees()
    model.load_state_dict(nn.MLP(2, [8, 8, 1], generator=8).state_dict())
    assert agrees()
