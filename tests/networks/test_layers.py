"""Neuron, Layer and MLP: against PyTorch with the same weights, and by hand."""

import copy
import math
import pickle
import random

import numpy as np
import pytest
from torch_peer import TorchMLP

import autograd
import nn
from autograd import Value, no_grad, scope, topological_order
from autograd.errors import NumberError, ShapeError
from nn.layers import ACTIVATIONS


@pytest.mark.parametrize("output", ["identity", "tanh"])
@pytest.mark.parametrize("sizes", [[4, 3, 2], [1, 2], [5, 1], [1]], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_and_all_gradients_are_those_of_torch(activation, sizes, output):
    model = nn.MLP(3, sizes, activation, output, init="xavier_normal", generator=7)
    for i, bias in enumerate(p for name, p in model.named_parameters() if name.endswith(".b")):
        bias.data = 0.1 * (-1) ** i
    peer = TorchMLP(model, activation, output)
    numbers = [0.6, -1.3, 2.1]
    x, peer_x = [Value(number) for number in numbers], peer.tensor(numbers)
    out, peer_out = model(x), peer(peer_x)
    outs = out if sizes[-1] > 1 else [out]
    assert [y.data for y in outs] == pytest.approx(peer_out.tolist(), rel=1e-12, abs=1e-15)
    sum((k + 1.0) * y * y for k, y in enumerate(outs)).backward()
    sum((k + 1.0) * y * y for k, y in enumerate(peer_out)).backward()
    gradients = [p.grad for p in model.parameters()]
    assert gradients == pytest.approx(peer.gradients(), rel=1e-12, abs=1e-15)
    assert [v.grad for v in x] == pytest.approx(peer_x.grad.tolist(), rel=1e-12, abs=1e-15)
    assert any(gradients)


@pytest.mark.parametrize("output", ["softmax", "log_softmax"])
def test_softmax_of_the_outputs_is_that_of_torch(output):
    torch = pytest.importorskip("torch")
    model = nn.MLP(3, [4, 3], "tanh", output, init="xavier_normal", generator=7)
    peer = TorchMLP(model, "tanh", "identity")
    numbers = [0.6, -1.3, 2.1]
    out = model(numbers)
    peer_out = getattr(torch, output)(peer(peer.tensor(numbers)), dim=0)
    assert [y.data for y in out] == pytest.approx(peer_out.tolist(), rel=1e-12)
    sum((k + 1.0) * y * y for k, y in enumerate(out)).backward()
    sum((k + 1.0) * y * y for k, y in enumerate(peer_out)).backward()
    gradients = [p.grad for p in model.parameters()]
    assert gradients == pytest.approx(peer.gradients(), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("given", ["softmax", autograd.softmax])
def test_softmax_is_an_activation_of_a_layer(given):
    model = nn.MLP(2, [3, 4], given, given, generator=0)
    assert repr(model) == "MLP(2 -> 3 softmax -> 4 softmax, 25 parameters)"
    out = model([0.5, -1.0])
    assert sum(y.data for y in out) == pytest.approx(1.0, rel=1e-14)
    assert [y.scope for y in out] == ["mlp/layer1/softmax(logits)"] * 4
    assert repr(model.layers[1]) == "Layer(3 -> 4 softmax, 16 parameters)"
    logits = [neuron(model.layers[0]([0.5, -1.0])) for neuron in model.layers[1].neurons]
    assert [y.data for y in out] == autograd.softmax([y.data for y in logits])


def test_a_softmax_model_trains_and_its_copy_and_file_are_the_same(tmp_path):
    X, y = nn.data.spiral(30, seed=0)
    model = nn.MLP(2, [8, 3], "tanh", "softmax", generator=0)
    optimizer = nn.Adam(model.parameters(), 0.05)
    history = nn.fit(model, X, y, nn.categorical_cross_entropy, optimizer, 5, progress=False)
    assert history.loss[-1] < history.loss[0]
    loaded = nn.load(nn.save(model, tmp_path / "model.json"))
    for other in (loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(other) == repr(model)
        assert other.predict(X) == model.predict(X)


def test_neuron_by_hand():
    neuron = nn.Neuron(2, "tanh")
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -2.0, 0.25
    out = neuron([3.0, 1.0])
    out.backward()
    slope = 1.0 - math.tanh(-0.25) ** 2
    assert out.data == pytest.approx(math.tanh(-0.25), rel=1e-15)
    assert [w.grad for w in neuron.w] == pytest.approx([3.0 * slope, slope], rel=1e-15)
    assert neuron.b.grad == pytest.approx(slope, rel=1e-15)


def test_layer_gives_one_output_per_neuron_in_order():
    layer = nn.Layer(1, 3, "identity")
    for k, neuron in enumerate(layer.neurons):
        neuron.w[0].data, neuron.b.data = float(k), 10.0 * k
    assert [y.data for y in layer([2.0])] == [0.0, 12.0, 24.0]


def test_a_layer_of_one_neuron_still_gives_a_list():
    (out,) = nn.Layer(2, 1)([1.0, 2.0])
    assert isinstance(out, Value)


def test_only_a_single_last_neuron_unwraps():
    assert isinstance(nn.MLP(2, [3, 1])([1.0, 2.0]), Value)
    outs = nn.MLP(2, [1, 3])([1.0, 2.0])
    assert isinstance(outs, list)
    assert len(outs) == 3


def test_names_of_micrograd():
    model = nn.MLP(3, [4, 4, 1])
    assert len(model.layers) == 3
    assert [len(layer.neurons) for layer in model.layers] == [4, 4, 1]
    neuron = model.layers[1].neurons[2]
    assert len(neuron.w) == 4
    assert isinstance(neuron.b, Value)
    assert len(model.parameters()) == 4 * (3 + 1) + 4 * (4 + 1) + (4 + 1)
    model([2.0, 3.0, -1.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert not any(p.grad for p in model.parameters())


def test_the_lectures_training_loop_learns_its_four_samples():
    # Karpathy, "The spelled-out intro to neural networks and backpropagation".
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    model = nn.MLP(3, [4, 4, 1], "tanh", "tanh", generator=1)
    for _ in range(200):
        predictions = [model(x) for x in xs]
        loss = sum((out - y) ** 2 for y, out in zip(ys, predictions, strict=True))
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data += -0.05 * p.grad
    assert loss.data < 0.1
    assert [out.data > 0.0 for out in predictions] == [True, False, False, True]


INPUTS = {
    "tuple": tuple,
    "iterator": iter,
    "array": np.array,
    "row of an array": lambda row: np.array([row, row])[1],
    "float32": lambda row: np.array(row, dtype=np.float32),
    "values": lambda row: list(map(Value, row)),
    "array of values": lambda row: np.array(list(map(Value, row)), dtype=object),
    "mixed": lambda row: [row[0], Value(row[1]), np.float64(row[2])],
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize(
    "model", [nn.MLP(3, [4, 1], "tanh"), nn.Layer(3, 1, "tanh"), nn.Neuron(3, "tanh")], ids=repr
)
def test_any_sequence_of_numbers_and_values_is_an_input(model, kind):
    row = [0.5, -1.0, 2.0]  # exact as float32, too
    out, expected = (
        result[0] if isinstance(result, list) else result
        for result in (model(INPUTS[kind](row)), model(row))
    )
    assert out.data == expected.data


def test_integers_are_numbers():
    model = nn.MLP(2, [3, 1], generator=0)
    assert model([1, -2]).data == model([1.0, -2.0]).data


def test_inputs_that_are_numbers_become_one_constant_each():
    model = nn.MLP(2, [5, 1])
    numbers = [v for v in topological_order(model([0.25, 4.0])) if not v.requires_grad]
    assert sorted(v.data for v in numbers) == [0.25, 4.0]


@pytest.mark.parametrize(
    ("model", "reader"),
    [(nn.MLP(3, [2]), "MLP"), (nn.Layer(3, 2), "layer"), (nn.Neuron(3), "neuron")],
)
@pytest.mark.parametrize("length", [0, 2, 4])
def test_a_wrong_number_of_inputs_is_an_error_with_both_numbers(model, reader, length):
    with pytest.raises(ShapeError, match=f"this {reader} takes 3 inputs, got {length}") as caught:
        model([1.0] * length)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("x", [1.0, None, Value(1.0)], ids=str)
def test_an_input_that_is_no_sequence_is_an_error_that_says_so(x):
    with pytest.raises(TypeError, match="this MLP takes one sequence"):
        nn.MLP(1, [1])(x)


def test_an_input_that_is_no_number_is_an_error():
    with pytest.raises(NumberError, match="'a'"):
        nn.MLP(1, [1])("a")


@pytest.mark.parametrize("init", ["uniform", "xavier", "kaiming_normal"])
def test_a_seed_reproduces_the_weights(init):
    def weights(generator):
        return nn.MLP(2, [3, 2], init=init, generator=generator).state_dict()

    assert weights(5) == weights(5) == weights(random.Random(5))
    assert weights(5) != weights(6)
    assert weights(None) != weights(None)


def test_the_neurons_of_a_seeded_layer_differ():
    layer = nn.Layer(2, 5, generator=0)
    assert len({neuron.w[0].data for neuron in layer.neurons}) == 5


def test_a_generator_goes_on_from_model_to_model():
    generator = random.Random(5)
    first, second = (nn.Neuron(2, generator=generator).state_dict() for _ in range(2))
    assert first != second


@pytest.mark.parametrize("generator", [None, 3, random.Random(3)], ids=["none", "int", "random"])
@pytest.mark.parametrize("init", nn.init.INITIALIZERS)
def test_the_global_generator_is_neither_used_nor_touched(init, generator):
    random.seed(1)
    before = random.getstate()
    first = nn.MLP(2, [2], init=init, generator=generator).state_dict()
    assert random.getstate() == before
    if generator is None:
        random.seed(1)
        assert nn.MLP(2, [2], init=init).state_dict() != first


def test_weights_start_different_and_biases_at_zero():
    model = nn.MLP(4, [8, 8, 2], generator=0)
    named = model.named_parameters()
    weights = [p.data for name, p in named if ".w." in name]
    assert len(set(weights)) == len(weights) == 4 * 8 + 8 * 8 + 8 * 2
    assert all(-1.0 <= w <= 1.0 for w in weights)
    assert {p.data for name, p in named if name.endswith(".b")} == {0.0}


def test_initializer_sees_the_fans_of_each_layer():
    fans = []

    def init(fan_in, fan_out, generator):
        fans.append((fan_in, fan_out))
        return 0.5

    model = nn.MLP(3, [4, 2], init=init)
    assert fans == [(3, 4)] * 12 + [(4, 2)] * 8
    assert {p.data for name, p in model.named_parameters() if ".w." in name} == {0.5}


def test_scopes_of_parameters_and_results():
    model = nn.MLP(2, [4, 2])
    assert model.layers[0].neurons[3].w[1].scope == "mlp/layer0/neuron3"
    assert model.layers[0].neurons[3].b.scope == "mlp/layer0/neuron3"
    outs = model([1.0, 2.0])
    assert [y.scope for y in outs] == ["mlp/layer1/neuron0", "mlp/layer1/neuron1"]
    made = {v.scope for v in topological_order(outs[1]) if v.parents}
    assert made == {f"mlp/layer0/neuron{i}" for i in range(4)} | {"mlp/layer1/neuron1"}
    with scope("teacher"):
        assert model([1.0, 2.0])[0].scope == "teacher/mlp/layer1/neuron0"
    assert Value(1.0).scope == ""


def test_labels_of_parameters():
    neuron = nn.Neuron(3)
    assert [p.label for p in neuron.parameters()] == ["w0", "w1", "w2", "b"]


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (nn.Neuron(2), "Neuron(2 inputs, relu, 3 parameters)"),
        (nn.Neuron(1, "identity"), "Neuron(1 inputs, identity, 2 parameters)"),
        (nn.Layer(2, 3, "tanh"), "Layer(2 -> 3 tanh, 9 parameters)"),
        (nn.MLP(1, [1]), "MLP(1 -> 1 identity, 2 parameters)"),
        (
            nn.MLP(2, [3, 4], "gelu", "sigmoid"),
            "MLP(2 -> 3 gelu -> 4 sigmoid, 25 parameters)",
        ),
        (nn.Neuron(2, Value.sin), "Neuron(2 inputs, sin, 3 parameters)"),
    ],
)
def test_repr_shows_sizes_activations_and_the_count(model, shown):
    assert repr(model) == shown


def test_a_neuron_with_a_call_of_its_own_is_called():
    class Constant(nn.Neuron):
        def __call__(self, x):
            return Value(7.0)

    model = nn.MLP(2, [2, 2])
    model.layers[1].neurons[0] = Constant(2)
    assert model([1.0, 2.0])[0].data == 7.0
    assert model.layers[1]([1.0, 2.0])[0].data == 7.0


def test_a_layer_with_a_call_of_its_own_is_called():
    class Doubled(nn.Layer):
        def __call__(self, x):
            return [2.0 * out for out in super().__call__(x)]

    model = nn.MLP(2, [2, 2], generator=0)
    plain = [out.data for out in model([1.0, 2.0])]
    doubled = Doubled(2, 2, "identity")
    doubled.neurons = model.layers[1].neurons
    model.layers[1] = doubled
    assert [out.data for out in model([1.0, 2.0])] == pytest.approx([2.0 * x for x in plain])


def test_a_function_is_an_activation():
    model = nn.MLP(1, [2, 1], lambda x: 2.0 * x, Value.exp)
    for p in model.parameters():
        p.data = 1.0
    # Hidden: 2 * (3 + 1), twice; output: exp(8 + 8 + 1).
    assert model([3.0]).data == pytest.approx(math.exp(17.0), rel=1e-15)


def test_without_grad_the_numbers_are_the_same_and_there_is_no_graph():
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    with no_grad():
        out = model([0.1, 0.2])
    assert out.parents == ()
    assert out.data == model([0.1, 0.2]).data


@pytest.mark.parametrize(
    "sizes", [(3, 1), np.array([3, 1]), range(3, 0, -2), iter([3, 1])], ids=type
)
def test_sizes_come_in_any_sequence(sizes):
    assert repr(nn.MLP(np.int64(2), sizes)) == repr(nn.MLP(2, [3, 1]))


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: nn.MLP(0, [1]), ShapeError, "inputs must be a positive int, got 0"),
        (lambda: nn.MLP(2.0, [1]), ShapeError, "inputs must be a positive int, got 2.0"),
        (lambda: nn.MLP(True, [1]), ShapeError, "inputs must be a positive int, got True"),
        (lambda: nn.MLP(2, []), ShapeError, "at least one layer"),
        (lambda: nn.MLP(2, [3, 0]), ShapeError, "a layer size must be a positive int, got 0"),
        (lambda: nn.MLP(2, [3, -1]), ShapeError, "got -1"),
        (lambda: nn.MLP(2, [3, "1"]), ShapeError, "got '1'"),
        (lambda: nn.MLP(2, 3), TypeError, "sizes takes one sequence"),
        (lambda: nn.MLP(2, [3, 1], "reul"), ValueError, "'reul' is none of identity, relu"),
        (lambda: nn.MLP(2, [1], output="x"), ValueError, "activation 'x' is none of"),
        (lambda: nn.MLP(2, [1], init="he"), ValueError, "init 'he' is none of uniform, xavier"),
        (lambda: nn.MLP(2, [1], generator="0"), TypeError, "a seed is an int.*got str '0'"),
        (lambda: nn.Layer(0, 1), ShapeError, "inputs must be a positive int"),
        (lambda: nn.Layer(1, 0), ShapeError, "outputs must be a positive int"),
        (lambda: nn.Neuron(-1), ShapeError, "inputs must be a positive int, got -1"),
        (lambda: nn.Neuron(1, None), ValueError, "activation None is none of"),
        (lambda: nn.Neuron(1, None), ValueError, 'for none write "identity"'),
        (lambda: nn.MLP(2, 3, 1), TypeError, r"got 3: write MLP\(2, \[3, 1\]\)"),
        (lambda: nn.MLP(2, 3), TypeError, r"write MLP\(2, \[3\]\)"),
        (lambda: nn.MLP(2, 3, 4, 1), TypeError, r"write MLP\(2, \[3, 4, 1\]\)"),
        (lambda: nn.MLP(2, np.int64(3)), TypeError, r"write MLP\(2, \[3\]\)"),
        (lambda: nn.MLP(2, []), ShapeError, r"MLP\(2, \[1\]\)"),
        (lambda: nn.Neuron(2, fan_out=0), ShapeError, "fan_out must be a positive int, got 0"),
        (lambda: nn.Neuron("2"), ShapeError, "inputs must be a positive int, got '2'"),
        (lambda: nn.Neuron(2.0), ShapeError, "got 2.0: write 2"),
        (lambda: nn.Neuron(np.True_), ShapeError, "inputs must be a positive int"),
        (lambda: nn.Neuron(2, ["relu"]), ValueError, r"activation \['relu'\] is none of"),
        (lambda: nn.Neuron(2, {}), ValueError, "nor a function"),
        (lambda: nn.Neuron(2, 0.5), ValueError, "activation 0.5 is none of"),
        (lambda: nn.Neuron(2, np.zeros(2)), ValueError, "nor a function"),
        (lambda: nn.Neuron(2, "ReLU"), ValueError, 'write "relu"'),
        (lambda: nn.Neuron(2, "linear"), ValueError, 'for none write "identity"'),
        (lambda: nn.Neuron(2, nn.Neuron), TypeError, "activation is the class Neuron"),
        (lambda: nn.MLP(2, [3, 1], nn.Neuron), TypeError, "activation is the class Neuron"),
        (lambda: nn.Neuron(2, "softmax"), ValueError, r'Layer\(2, 3, "softmax"\)'),
        (lambda: nn.MLP(2, [3, 1], output="softmax"), ShapeError, 'or take "sigmoid"'),
        (lambda: nn.Layer(2, 1, "log_softmax"), ShapeError, "one output for each class"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("rows", [[[1.0, 2.0], [3.0, 4.0]], np.array([[1.0, 2.0], [3.0, 4.0]])])
def test_a_model_called_with_many_rows_says_what_to_write(rows):
    with pytest.raises(NumberError, match=r"takes one row.*model\.predict\(X\)"):
        nn.MLP(2, [3, 1])(rows)


def test_neurons_can_be_taken_out_and_put_in():
    layer = nn.Layer(2, 3, "tanh", generator=0)
    all_three = [out.data for out in layer([0.5, -1.0])]
    taken = layer.neurons.pop(1)
    assert [out.data for out in layer([0.5, -1.0])] == [all_three[0], all_three[2]]
    layer.neurons.append(taken)
    assert [out.data for out in layer([0.5, -1.0])] == [all_three[0], all_three[2], all_three[1]]


def test_a_layer_is_a_matrix_and_a_vector():
    layer = nn.Layer(3, 2, "identity", generator=0)
    W, b = layer.matrix()
    assert (W.shape, b.shape, W.dtype) == ((2, 3), (2,), np.float64)
    x = np.array([0.5, -1.0, 2.0])
    assert np.allclose(W @ x + b, [out.data for out in layer(x)], rtol=1e-15)
    W[0, 0] = 99.0  # a copy
    assert layer.neurons[0].w[0].data != 99.0
    out = layer(x)
    (out[0] * 3.0 + out[1]).backward()
    by_W, by_b = layer.matrix(gradients=True)
    assert np.array_equal(by_W, np.outer([3.0, 1.0], x))
    assert by_b.tolist() == [3.0, 1.0]


def test_a_matrix_and_a_vector_set_a_layer():
    layer = nn.Layer(3, 2, generator=0)
    wanted = np.arange(6.0).reshape(2, 3), np.array([7.0, 8.0])
    layer.set_matrix(*wanted)
    assert all(map(np.array_equal, layer.matrix(), wanted))
    for wrong in (
        ([[1.0, 2.0]], [1.0]),
        ([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0]),
        ([[1.0, 2.0, 3.0], [4.0, 5.0]], [1.0, 2.0]),
        (np.zeros((2, 3)), [1.0]),
    ):
        with pytest.raises(ShapeError, match=r"takes weights of shape \(2, 3\) and 2 biases"):
            layer.set_matrix(*wrong)
    with pytest.raises(NumberError):
        layer.set_matrix([[1.0, 2.0, "x"], [1.0, 2.0, 3.0]], [1.0, 2.0])
    assert all(map(np.array_equal, layer.matrix(), wanted))
    layer.neurons[1].w.pop()
    with pytest.raises(ShapeError, match="no matrix"):
        layer.matrix()
    with pytest.raises(ShapeError, match="no matrix"):
        layer.set_matrix(*wanted)
