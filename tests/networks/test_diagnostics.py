"""diagnose: against PyTorch's hooks and by hand; and that it only looks."""

import math

import pytest
from torch_peer import TorchMLP

import nn
from autograd import Value
from autograd.errors import GraphError, ShapeError
from nn.diagnostics import layers_of

LOGITS = nn.binary_cross_entropy_with_logits


def neuron_of(weights, bias, activation):
    """A neuron with these numbers."""
    neuron = nn.Neuron(len(weights), activation)
    for w, number in zip(neuron.w, weights, strict=True):
        w.data = number
    neuron.b.data = bias
    return neuron


# --- against PyTorch -----------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_numbers_of_each_layer_are_those_of_torch_hooks(activation):
    torch = pytest.importorskip("torch")
    X, y = nn.data.spiral(30, seed=0)
    model = nn.MLP(2, [6, 5, 3], activation, generator=1)
    peer = TorchMLP(model, activation)
    hidden = torch.tensor(X, dtype=torch.float64)
    outputs = []
    for position, (weight, bias) in enumerate(peer.layers):
        hidden = hidden @ weight.T + bias
        if position < 2:
            hidden = getattr(torch, activation)(hidden)
        hidden.retain_grad()
        outputs.append(hidden)
    loss = torch.nn.functional.cross_entropy(hidden, torch.tensor(y))
    loss.backward()
    found = nn.diagnose(model, X, y, nn.cross_entropy)
    assert found.loss == pytest.approx(loss.item(), rel=1e-12)
    assert found.samples == 30
    assert [layer.name for layer in found.layers] == ["layers.0", "layers.1", "layers.2"]
    for position, layer in enumerate(found.layers):
        weight, bias = peer.layers[position]
        gradients = torch.cat([weight.grad, bias.grad[:, None]], 1)
        expected = outputs[position].detach().T
        for ours, theirs in (
            (layer.gradients, gradients.flatten()),
            (sum(layer.outputs, ()), expected.flatten()),
            (sum(layer.output_gradients, ()), outputs[position].grad.T.flatten()),
        ):
            assert ours == pytest.approx(theirs.tolist(), rel=1e-9, abs=1e-15)
        assert layer.mean_gradient == pytest.approx(gradients.abs().mean().item(), rel=1e-9)
        assert layer.max_gradient == pytest.approx(gradients.abs().max().item(), rel=1e-9)
        if position == 2:
            assert (layer.saturated, layer.flat, layer.dead) == (None, (), [])
            continue
        flat = {
            "tanh": expected.abs() > 0.97,
            "sigmoid": (expected - 0.5).abs() > 0.485,
            "relu": expected == 0.0,
        }[activation].double()
        assert layer.flat == pytest.approx(flat.mean(1).tolist())
        assert layer.saturated == pytest.approx(flat.mean().item())
        assert layer.dead == (flat.mean(1) == 1.0).nonzero().flatten().tolist()


# --- by hand -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "inputs", "share"),
    [
        ("hardtanh", [1.0, 0.99, -1.0, -0.99], 0.5),
        ("tanh", [2.0, 2.2, -2.0, -2.2], 0.5),  # tanh(2) = 0.964, tanh(2.2) = 0.976
        ("sigmoid", [4.0, 4.4, -4.0, -4.4], 0.5),  # sigmoid(x) = (1 + tanh(x / 2)) / 2
        ("relu", [-1.0, 0.0, 1e-9, 3.0], 0.5),
        ("relu", [-1.0, -2.0], 1.0),
        ("leaky_relu", [-1.0, 1.0], None),
        ("identity", [0.0], None),
    ],
)
def test_saturated_is_where_the_activation_is_flat(activation, inputs, share):
    neuron = neuron_of([1.0], 0.0, activation)
    X, y = [[x] for x in inputs], [0.0] * len(inputs)
    (layer,) = nn.diagnose(neuron, X, y, nn.squared_error).layers
    assert layer.saturated == share
    assert layer.dead == ([0] if share == 1.0 else [])
    assert layer.activation == activation


def test_one_linear_neuron_by_hand():
    # (2x - 1)**2 at x = 1 and x = 2: the outputs are 1 and 3, the mean of the squares 5.
    neuron = neuron_of([2.0], -1.0, "identity")
    found = nn.diagnose(neuron, [[1.0], [2.0]], [0.0, 0.0], nn.squared_error)
    (layer,) = found.layers
    assert found.loss == 5.0
    assert layer.name == "neuron"
    assert layer.parameters == (2.0, -1.0)
    assert layer.outputs == ((1.0, 3.0),)
    assert layer.output_gradients == ((1.0, 3.0),)
    assert layer.gradients == (7.0, 4.0)
    assert (layer.mean_gradient, layer.max_gradient) == (5.5, 7.0)


def test_the_table_says_it_all():
    neuron = neuron_of([1.0], 0.0, "relu")
    shown = repr(nn.diagnose(neuron, [[-1.0]], [1.0], nn.squared_error))
    assert shown.splitlines() == [
        "loss 1 on 1 sample",
        "layer   units   mean |gradient|  max |gradient|  saturated  dead",
        "neuron  1 relu         0.00e+00        0.00e+00       100%     1",
    ]


def test_a_loss_that_is_not_finite_is_shown_as_it_is():
    neuron = neuron_of([math.inf], 0.0, "identity")
    found = nn.diagnose(neuron, [[1.0]], [0.0], nn.squared_error)
    assert found.loss == math.inf
    assert math.isinf(found.layers[0].max_gradient)


# --- which layers there are ----------------------------------------------------


class Pair(nn.Module):
    """Two networks, one neuron used twice, and numbers of its own."""

    def __init__(self):
        self.encoder = nn.MLP(2, [3, 2], "tanh", generator=0)
        self.decoder = nn.MLP(2, [1], generator=1)
        self.head = nn.Neuron(1, "tanh", generator=2)
        self.table = {"rows": [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]}
        self.scale = Value(0.5)
        self.unused = nn.Neuron(1, "relu", generator=3)

    def __call__(self, x):
        out = self.head([self.decoder(self.encoder(x))])
        return self.head([out]) * self.scale + self.table["rows"][0][1]


def test_layers_are_found_in_any_module():
    model = Pair()
    layers = {layer.name: layer for layer in layers_of(model)}
    assert {name: (layer.summary, len(layer.parameters)) for name, layer in layers.items()} == {
        "encoder.layers.0": ("3 tanh", 9),
        "encoder.layers.1": ("2 identity", 8),
        "decoder.layers.0": ("1 identity", 3),
        "head": ("1 tanh", 2),
        "table.rows": ("4 parameters", 4),
        "scale": ("1 parameter", 1),
        "unused": ("1 relu", 2),
    }
    together = [p for layer in layers.values() for p in layer.parameters]
    assert together == model.parameters()
    assert len(layers["encoder.layers.0"].weights) == 6
    assert len(layers["table.rows"].weights) == 4


def test_layers_outside_an_mlp_and_their_outputs():
    found = nn.diagnose(Pair(), [[1.0, 2.0], [0.0, 1.0]], [0.0, 1.0], nn.squared_error)
    layers = {layer.name: layer for layer in found.layers}
    assert len(layers["head"].outputs[0]) == 4  # called twice for each sample
    assert [len(unit) for unit in layers["encoder.layers.0"].outputs] == [2, 2, 2]
    for name in ("table.rows", "scale", "unused"):
        assert (layers[name].outputs, layers[name].saturated, layers[name].dead) == ((), None, [])
    assert layers["unused"].max_gradient == 0.0
    assert layers["table.rows"].gradients[1] != 0.0


@pytest.mark.parametrize(
    ("model", "name"),
    [(nn.Neuron(2), "neuron"), (nn.Layer(2, 3), "layer"), (Pair().head, "neuron")],
)
def test_a_layer_alone_has_the_name_of_its_kind(model, name):
    assert [layer.name for layer in layers_of(model)] == [name]


# --- it only looks -------------------------------------------------------------


def traces(model):
    """All that diagnose could leave behind."""
    activations = [neuron.activation for layer in model.layers for neuron in layer.neurons]
    return [(p.data, p.grad, p._reached) for p in model.parameters()], activations


def test_parameters_gradients_and_activations_stay_as_they_were():
    X, y = nn.data.moons(20, seed=0)
    model = nn.MLP(2, [4, 1], "relu", generator=0)
    fresh = traces(model)
    nn.diagnose(model, X, y, LOGITS)
    assert traces(model) == fresh
    LOGITS([model(x) for x in X], y).backward()
    model.parameters()[0].grad = 7.5
    before = traces(model)
    first = nn.diagnose(model, X, y, LOGITS)
    assert traces(model) == before
    assert nn.diagnose(model, X, y, LOGITS) == first


def test_inputs_that_are_values_keep_their_gradient_too():
    x = Value(2.0)
    x.grad = 3.0
    neuron = neuron_of([1.0], 0.0, "tanh")
    nn.diagnose(neuron, [[x]], [0.0], nn.squared_error)
    assert x.grad == 3.0


def test_nothing_is_left_behind_when_the_loss_raises():
    model = nn.MLP(2, [4, 1], generator=0)
    before = traces(model)
    with pytest.raises(ValueError, match="hinge takes"):
        nn.diagnose(model, [[1.0, 2.0]], [0.5], nn.hinge)
    with pytest.raises(TypeError, match="must depend on the model's parameters"):
        nn.diagnose(model, [[1.0, 2.0]], [0.5], lambda predictions, targets: 1.0)
    with pytest.raises(GraphError, match="requires a gradient"):
        nn.diagnose(model, [[1.0, 2.0]], [0.5], lambda predictions, targets: Value(1.0).detach())
    assert traces(model) == before


@pytest.mark.parametrize(("X", "y"), [([], []), ([[1.0, 2.0]], []), ([[1.0, 2.0]], [0, 1])])
def test_samples_and_targets_must_fit(X, y):
    with pytest.raises(ShapeError, match="one target for each sample"):
        nn.diagnose(nn.MLP(2, [1]), X, y, LOGITS)


def test_the_outputs_of_a_softmax_layer_are_its_probabilities():
    X, y = nn.data.spiral(30, seed=0)
    model = nn.MLP(2, [8, 3], "tanh", "softmax", generator=0)
    before = [layer.activation for layer in model.layers]
    found = nn.diagnose(model, X, y, nn.categorical_cross_entropy)
    assert [layer.activation for layer in model.layers] == before
    hidden, last = found.layers
    assert (hidden.activation, last.activation, last.summary) == ("tanh", "softmax", "3 softmax")
    assert list(zip(*last.outputs, strict=True)) == list(map(tuple, model.predict(X)))
    # d loss / d p of the mean of -log p[y]: -1 / (30 p) at the target, 0 elsewhere.
    for sample, label in enumerate(y):
        for unit in range(3):
            slope = -1.0 / (30.0 * last.outputs[unit][sample]) if unit == label else 0.0
            assert last.output_gradients[unit][sample] == pytest.approx(slope, rel=1e-12)
    assert [layer.activation for layer in found.layers] == ["tanh", "softmax"]


def test_a_sure_softmax_is_flat_but_not_dead():
    model = nn.MLP(1, [2], output="softmax", init=lambda *_: 0.0)
    model.layers[0].neurons[0].b.data = 9.0  # probabilities 0.9999, 0.0001
    found = nn.diagnose(model, [[0.0], [1.0]], [0, 0], nn.categorical_cross_entropy)
    [layer] = found.layers
    assert (layer.flat, layer.saturated, layer.dead) == ((1.0, 1.0), 1.0, [])


def test_an_activation_without_a_hash_is_looked_at(tmp_path):
    class Slope:
        def __call__(self, x):
            return 2.0 * x

        def __eq__(self, other):
            return isinstance(other, Slope)

        __hash__ = None

    model = nn.MLP(1, [2, 1], Slope(), generator=0)
    found = nn.diagnose(model, [[1.0]], [0.0], nn.squared_error)
    assert found.layers[0].saturated is None
    nn.save(model, tmp_path / "model.json")
    assert "custom" in repr(model)
