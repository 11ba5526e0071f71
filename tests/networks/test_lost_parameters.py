"""Parameters that an update loses are warned of, and nothing else is."""

import re
import warnings

import numpy as np
import pytest
from small_models import Holder

import autograd
from autograd import Value, no_grad
from nn import MLP, functional_call


def updated(neuron, kind):
    """An update as a textbook prints it; each loses parameters."""
    if kind == "attribute":
        neuron.b = neuron.b - 0.1
    elif kind == "in place":
        neuron.b -= 0.1
    elif kind == "list":
        neuron.w = [w - 0.1 * w.grad for w in neuron.w]
    elif kind == "element":
        neuron.w[0] = neuron.w[0] - 0.1
    elif kind == "no_grad":
        with no_grad():
            neuron.b -= 0.1
    elif kind == "list, no_grad":
        with no_grad():
            neuron.w = [w - 0.1 * w.grad for w in neuron.w]
    elif kind == "number":
        neuron.b = neuron.b.data - 0.1 * neuron.b.grad
    elif kind == "list of numbers":
        neuron.w = [w.data - 0.1 * w.grad for w in neuron.w]
    elif kind == "number in a list":
        neuron.w[0] = neuron.w[0].data - 0.1 * neuron.w[0].grad
    elif kind == "array":
        neuron.w = np.array(neuron.w) - 0.1
    elif kind == "array of numbers":
        neuron.w = np.array([w.data - 0.1 * w.grad for w in neuron.w])


KINDS = [
    "attribute", "in place", "list", "element", "no_grad", "list, no_grad", "number",
    "list of numbers", "number in a list", "array", "array of numbers",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_that_loses_parameters_is_warned_of(kind):
    model = MLP(2, [3, 1], generator=0)
    assert len(model.parameters()) == 13
    with warnings.catch_warnings(record=True, action="always") as caught:
        updated(model.layers[0].neurons[1], kind)
        model.parameters()
    assert caught
    for warning in caught:
        assert re.search(r"held a parameter.*p\.data -= learning_rate", str(warning.message))
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("before", [True, False])
def test_a_lost_element_of_a_model_of_ones_own_is_found(before):
    model = Holder(w=[Value(1.0), Value(2.0)], named={"b": Value(3.0)})
    if before:
        assert len(model.parameters()) == 3
        model.w[1] = model.w[1] * 0.9
        model.named["b"] = model.named["b"] * 0.9
        with pytest.warns(UserWarning, match=r"Holder: w\.1, named\.b held a parameter"):
            assert len(model.parameters()) == 1
    else:
        with pytest.warns(UserWarning, match=r"Holder\.w held a parameter"):
            model.w = [w * 0.9 for w in model.w]


def test_an_element_replaced_under_no_grad_is_found():
    model = Holder(w=[Value(1.0), Value(2.0)])
    model.parameters()
    with no_grad():
        model.w[1] = model.w[1] - 0.1
    with pytest.warns(UserWarning, match=r"w\.1 held a parameter.*under no_grad"):
        model.parameters()


def test_what_is_no_loss_is_not_warned_of():
    model = MLP(2, [3, 1], generator=0)
    with warnings.catch_warnings(action="error"):
        model([0.1, 0.2]).backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        model.last = model([0.1, 0.2])  # results may be kept
        model.last = model([0.3, 0.2])
        model.outputs = [model([0.1, 0.2])]
        model.outputs.append(model.last)
        with no_grad():
            model.mean = Value(0.0, requires_grad=False)
            model.mean = model.mean * 0.9 + 0.1
        other = MLP(2, [3, 1], generator=0)
        other.parameters()
        other.layers[0].neurons[0].b = None  # a neuron without a bias
        del other.layers[0].neurons[2]
        other.parameters()
        neuron = model.layers[0].neurons[0]
        neuron.b = Value(1.0)  # another parameter
        neuron.w = [Value(0.5), Value(0.5)]
        model.parameters()
        neuron.b = Value(1.0, requires_grad=False)  # frozen on purpose
        neuron.w[0].requires_grad = False
        neuron.activation = autograd.tanh
        assert len(model.parameters()) == 14  # with the mean
        repr(model)
        functional_call(model, [p * 1.0 for p in model.parameters()], [0.1, 0.2])
