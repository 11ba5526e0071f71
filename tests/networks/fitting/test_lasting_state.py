"""What lasts from call to call is seen to change, wherever a function keeps it."""

import functools
import itertools
import random

import numpy as np
import pytest

import nn
from autograd import Value
from nn.fitting.lasting_state import LastingState

count = 0


def counting():
    global count  # noqa: PLW0603 - what is tested
    count += 1


def closure():
    calls = []
    return lambda: calls.append(0)


def with_default(calls=[]):  # noqa: B006 - what is tested
    calls.append(0)


class Counting(nn.Module):
    def __init__(self):
        self.w, self.calls = Value(1.0), {"all": 0}

    def __call__(self):
        self.calls["all"] += 1
        return self.w


class Nested(nn.Module):
    def __init__(self):
        self.inner = [Counting()]

    def __call__(self):
        return self.inner[0]()


class OfTheClass:
    made = 0

    def __call__(self):
        type(self).calls.append(0)

    def method(self):
        self.made += 1


OfTheClass.calls = []
CHANGING = {
    "a global": counting,
    "a closure": closure(),
    "a default": with_default,
    "an attribute": Counting(),
    "below it": Nested(),
    "a partial": functools.partial(lambda calls: calls.append(0), []),
    "a method": OfTheClass().method,
    "a set": functools.partial(lambda seen: seen.add(random.getrandbits(64)), set()),
    "an iterator": functools.partial(next, iter(range(9))),
    "random": random.random,
    "a generator": random.Random(0).random,
    "of the system": random.SystemRandom().random,
    "NumPy's": np.random.default_rng(0).random,
    "NumPy's old one": lambda: np.random.rand(),  # noqa: NPY002 - what is tested
    "another old one": np.random.RandomState(0).rand,
}


@pytest.mark.parametrize("name", CHANGING)
def test_a_change_is_seen(name):
    function = CHANGING[name]
    before = LastingState(function)
    function()
    assert before.what_changed()


def test_what_stays_is_no_change():
    model = nn.MLP(2, [3, 1], generator=0)
    rng = random.Random(0)
    before = LastingState(model, nn.squared_error, rng, itertools.count)
    nn.squared_error([model([1.0, 2.0])], [0.0]).backward()
    nn.SGD(model.parameters(), 0.1).step()
    assert before.what_changed() == ""


def test_it_names_what_changed():
    model = Counting()
    before = LastingState(model)
    model.w = Value(2.0)
    assert before.what_changed() == "Counting.w"
    before = LastingState(counting)
    counting()
    assert before.what_changed() == "what counting refers to"
