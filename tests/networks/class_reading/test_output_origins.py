"""A sigmoid is seen in whichever way it is written, and nothing else taken for one."""

import pytest
from own_models import Own, by_hand

import autograd
import nn
from nn import metrics
from nn.class_reading.output_origins import output_of

X = [[-2.0], [-0.5], [0.5], [2.0]]
BITS = [0, 0, 0, 1]  # of the model below all but the third are right


def exp_over_one_plus_exp(x):
    power = x.exp()
    return power / (1 + power)


BY_HAND = {
    "1 / (1 + exp(-x))": by_hand,
    "1 / (exp(-x) + 1)": lambda x: 1 / ((-x).exp() + 1),
    "(1 + exp(-x))**-1": lambda x: (1 + (-x).exp()) ** -1,
    "exp(x) / (1 + exp(x))": exp_over_one_plus_exp,
    "exp(x) / (exp(x) + 1), twice": lambda x: x.exp() / (x.exp() + 1),
    "1 - sigmoid(-x)": lambda x: 1 - (-x).sigmoid(),
    "1 - by hand": lambda x: 1 - by_hand(-x),
    "(1 + tanh(x)) / 2": lambda x: (1 + x.tanh()) / 2,
    "(tanh(x) + 1) * 0.5": lambda x: (x.tanh() + 1) * 0.5,
    "0.5 * (tanh(x) + 1)": lambda x: 0.5 * (x.tanh() + 1),
    "0.5 + 0.5 * tanh(x)": lambda x: 0.5 + 0.5 * x.tanh(),
    "tanh(x) / 2 + 0.5": lambda x: x.tanh() / 2 + 0.5,
    "exp(logsigmoid(x))": lambda x: x.logsigmoid().exp(),
    "ndtr(x)": lambda x: x.ndtr(),
    "clip(sigmoid(x), ...)": lambda x: autograd.clip(x.sigmoid(), 1e-7, 1 - 1e-7),
}


NO_SIGMOID = {
    "1 / (2 + exp(-x))": lambda x: 1 / (2 + (-x).exp()),
    "2 / (1 + exp(-x))": lambda x: 2 / (1 + (-x).exp()),
    "exp(x) / (1 + exp(2 x))": lambda x: x.exp() / (1 + (2 * x).exp()),
    "(1 + exp(-x))**-2": lambda x: (1 + (-x).exp()) ** -2,
    "2 - sigmoid(x)": lambda x: 2 - x.sigmoid(),
    "clip(x, -1, 1)": lambda x: autograd.clip(x, -1, 1),
    "(2 + tanh(x)) / 2": lambda x: (2 + x.tanh()) / 2,
    "1 + 0.5 * tanh(x)": lambda x: 1 + 0.5 * x.tanh(),
    "x + 0.5": lambda x: x + 0.5,
    "x / 2": lambda x: x / 2,
}


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("loss", [nn.squared_error, lambda p, t: nn.binary_cross_entropy(p, t)])
def test_a_sigmoid_is_seen_in_whichever_way_it_is_written(name, loss):
    model = Own(BY_HAND[name])
    assert nn.evaluate(model, X, BITS, loss)[1] == 0.75
    assert metrics.accuracy([model(x) for x in X], BITS) == 0.75
    assert model.predict_classes(X) == [0, 0, 1, 1]


@pytest.mark.parametrize("name", NO_SIGMOID)
def test_what_is_no_sigmoid_is_not_taken_for_one(name):
    assert output_of(Own(NO_SIGMOID[name]), X) == ("", 1)
