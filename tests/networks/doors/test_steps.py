"""What a model is made of for other programs, and what is refused by name."""

import pytest

import autograd
import nn
from autograd import Value
from nn.doors.steps import Step, model_of, steps_of


def test_a_model_is_matrices_and_activations():
    model = nn.MLP(2, [3, 2], "tanh", "softmax", generator=0)
    first, last = steps_of(model, "to_torch")
    assert first.weights == [[w.data for w in n.w] for n in model.layers[0].neurons]
    assert first.biases == [n.b.data for n in model.layers[0].neurons]
    assert (first.activation, first.together) == ("tanh", "")
    assert last.activations == ["softmax"]


def test_both_activations_of_a_layer_are_kept():
    layer = nn.Layer(2, 2, "tanh", generator=0)
    layer.activation = autograd.softmax
    [step] = steps_of(layer, "to_torch")
    assert step.activations == ["tanh", "softmax"]
    again = model_of([step])
    assert again.predict([[0.3, -0.4]]) == layer.predict([[0.3, -0.4]])


def test_a_model_of_steps_has_the_names_and_scopes_of_any_mlp():
    model = model_of([Step([[1.0, 2.0]], [3.0], "relu"), Step([[4.0]], [5.0])])
    like = nn.MLP(2, [1, 1])
    assert list(model.state_dict()) == list(like.state_dict())
    assert model([1.0, 1.0]).data == 4.0 * 6.0 + 5.0
    scopes = [[p.scope for p in each.parameters()] for each in (model, like)]
    assert scopes[0] == scopes[1]


class Line(nn.Module):
    def __init__(self):
        self.slope = Value(2.0)

    def __call__(self, x):
        return self.slope * x[0]


class Doubled(nn.MLP):
    def __call__(self, x):
        return super().__call__([2.0 * a for a in x])


class Odd(nn.Neuron):
    def __call__(self, x):
        return super().__call__(x) * 2.0


def other_neuron():
    model = nn.MLP(2, [2, 1])
    model.layers[0].neurons[1] = Odd(2)
    return model


def shared():
    model = nn.MLP(2, [2, 1])
    model.layers[0].neurons[1].w[0] = model.layers[0].neurons[0].w[0]
    return model


def mixed():
    model = nn.MLP(2, [2, 1], "tanh")
    model.layers[0].neurons[1].activation = autograd.sigmoid
    return model


def empty():
    model = nn.MLP(2, [2, 1])
    model.layers.clear()
    return model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Line, "got Line; compile it: program = autograd.compile"),
        (lambda: nn.MLP, "got the class MLP"),
        (lambda: 3, "got int"),
        (lambda: Doubled(2, [1]), "got Doubled; compile it"),
        (other_neuron, "Odd has a __call__ of its own"),
        (shared, "two neurons share a parameter"),
        (mixed, "layer 0 have different activations, sigmoid, tanh"),
        (lambda: nn.MLP(2, [1], output=autograd.sin), "layer 0 has the activation sin"),
        (lambda: nn.MLP(2, [1], output=lambda x: 2.0 * x), "<lambda>, a function of your own"),
        (empty, "no layers"),
    ],
)
@pytest.mark.parametrize("door", [nn.to_torch, nn.to_onnx])
def test_what_is_no_chain_of_layers_is_refused_by_name(make, said, door):
    for package in ("torch", "onnx"):
        pytest.importorskip(package)
    with pytest.raises(nn.ConversionError, match=said.replace("(", r"\(")):
        door(make())


def test_a_computed_weight_is_refused():
    pytest.importorskip("torch")
    model = nn.MLP(2, [1])
    with pytest.warns(UserWarning, match="computed"):
        model.layers[0].neurons[0].b = Value(1.0) * 2.0
    with pytest.raises(nn.ConversionError, match="computed from other Values"):
        nn.to_torch(model)


def test_a_package_that_is_missing_is_named(monkeypatch):
    import sys

    model = nn.MLP(2, [1])
    for name, door in (("torch", nn.to_torch), ("onnx", nn.to_onnx), ("jax", nn.to_jax)):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(autograd.errors.PackageMissingError, match=f"pip install {name}"):
            door(model)
