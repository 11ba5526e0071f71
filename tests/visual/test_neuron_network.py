"""The reverse network of the books: neurons that amplify, weights transposed."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

import nn
from autograd import Value, errors, reverse_network
from autograd.visual.explanation.neuron_network import layers_of
from autograd.visual.naming import Naming


def network(sizes=(2, 2, 2), activation="sigmoid", output="sigmoid"):
    model = nn.MLP(2, list(sizes), activation, output, generator=3)
    out = model([1.0, -0.5])
    return model, nn.squared_error(out, [0.5] * len(out) if isinstance(out, list) else 0.5)


@pytest.mark.parametrize("sizes", [(1,), (2, 1), (3, 2, 2), (10, 10, 2)])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
def test_each_neuron_amplifies_what_the_next_layer_sends_back(sizes, activation):
    _, loss = network(sizes, activation, activation)
    layers = layers_of(loss, Naming(loss))
    assert [len(layer) for layer in layers] == list(sizes)
    for layer, after in pairwise(layers):
        for neuron in layer:
            arriving = sum(
                later.delta * weight.data
                for later in after
                for value, weight in later.weights
                if value is neuron.a
            )
            assert neuron.delta == pytest.approx(neuron.slope * arriving, rel=1e-12)


def test_deltas_are_the_gradients_of_biases_and_slopes_the_textbooks():
    model, loss = network()
    layers = layers_of(loss, Naming(loss))
    loss.backward()
    for layer, made in zip(layers, model.layers, strict=True):
        for neuron, own in zip(layer, made.neurons, strict=True):
            assert neuron.delta == pytest.approx(own.b.grad, rel=1e-14)
            a = neuron.a.data
            assert neuron.slope == pytest.approx(a * (1.0 - a), rel=1e-14)
            assert [weight for _, weight in neuron.weights] == own.w


def test_the_picture_says_every_number_and_its_name():
    _, loss = network()
    found = reverse_network(loss, {"C": loss}, level="neuron")
    picture = found.draw(theme="light")
    tree = ET.fromstring(picture.svg)  # noqa: S314 - our own
    texts = [text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")]
    for neuron in (n for layer in layers_of(loss, Naming(loss)) for n in layer):
        assert f"{neuron.delta:.3g}".replace("-", "−") in texts
        assert f"{neuron.a.data:.3g}".replace("-", "−") in texts
    assert {"∂C/∂z₀,₁ =", "∂C/∂z₁,₀ =", "∂C/∂z₂,₁", "a₂,₀", "forward →", "← reverse"} <= set(texts)
    assert "image/svg+xml" not in found._repr_mimebundle_() or picture.svg
    assert list(found.gradients) == list(reverse_network(loss).gradients)


def test_hostile_names_are_inert(tmp_path):
    model, loss = network()
    x = [Value(1.0, "<b>&"), Value(2.0, "]]>")]
    loss = nn.squared_error(model(x), [0.0, 0.0])
    path = reverse_network(loss, {"<script>": loss}, level="neuron").draw().save(tmp_path / "x.svg")
    ET.parse(path)  # noqa: S314 - our own
    assert "<script>" not in path.read_text(encoding="utf-8")


def test_what_cannot_be_drawn_says_what_can():
    x = Value(1.0)
    with pytest.raises(errors.GraphError, match=r"nn\.MLP"):
        reverse_network(x * 2.0, level="neuron")
    model, _ = network((2, 1))
    two = nn.squared_error([model([0.0, 1.0]), model([1.0, 1.0])], [0.0, 1.0])
    with pytest.raises(errors.GraphError, match="one sample"):
        reverse_network(two, level="neuron")
    _, wide = network((11, 1))
    with pytest.raises(errors.GraphError, match="11 neurons"):
        reverse_network(wide, level="neuron")
    with pytest.raises(ValueError, match="level"):
        reverse_network(x * 2.0, level="layer")
