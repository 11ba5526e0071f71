"""Models in PyTorch and back: every activation, every bit, and what is refused."""

import math

import pytest

import autograd
import nn
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
X = np.random.default_rng(0).normal(size=(6, 3)) * 3.0
KINDS = [*ACTIVATIONS, *LAYER_ACTIVATIONS]


@pytest.mark.parametrize("output", KINDS)
@pytest.mark.parametrize("activation", KINDS)
def test_it_computes_the_same_and_comes_back_to_the_bit(activation, output):
    model = nn.MLP(3, [4, 4, 2], activation, output, generator=0)
    module = nn.to_torch(model)
    found = module(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-11, atol=1e-13)
    again = nn.from_torch(module)
    assert again.state_dict() == model.state_dict()
    assert again.predict(X) == model.predict(X)
    assert repr(again) == repr(model)
    assert nn.from_torch(nn.to_torch(again)).state_dict() == model.state_dict()


def test_it_learns_the_same():
    """Gradients of the same loss, by PyTorch and by us."""
    model = nn.MLP(3, [5, 2], "silu", generator=0)
    module = nn.to_torch(model)
    loss = module(torch.tensor(X)).square().sum()
    loss.backward()
    ours = sum((out * out for row in X for out in model(row)), start=autograd.Value(0.0))
    ours.backward()
    for layer, linear in zip(model.layers, [module.layers[0], module.layers[2]], strict=True):
        W, b = layer.matrix(gradients=True)
        np.testing.assert_allclose(linear.weight.grad, W, rtol=1e-11)
        np.testing.assert_allclose(linear.bias.grad, b, rtol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float16", torch.bfloat16])
def test_other_dtypes_come_back_as_they_are(dtype):
    model = nn.MLP(3, [4, 1], "tanh", generator=0)
    module = nn.to_torch(model, dtype=dtype)
    again = nn.from_torch(module)
    wanted = torch.tensor(list(model.state_dict().values()), dtype=torch.float64)
    kept = wanted.to(module.layers[0].weight.dtype).double().tolist()
    assert list(again.state_dict().values()) == kept
    assert nn.from_torch(nn.to_torch(again, dtype=dtype)).state_dict() == again.state_dict()


def test_numbers_that_are_no_numbers_and_signs_of_zero_are_kept():
    model = nn.MLP(1, [3])
    model.layers[0].set_matrix([[math.nan], [-0.0], [5e-324]], [math.inf, -math.inf, -0.0])
    again = nn.from_torch(nn.to_torch(model))
    assert repr(again.state_dict()) == repr(model.state_dict())


def test_a_layer_and_a_neuron_go_out_too():
    layer, neuron = nn.Layer(3, 2, "gelu", generator=0), nn.Neuron(3, "mish", generator=0)
    for model in (layer, neuron):
        module = nn.to_torch(model)
        found = module(torch.tensor(X)).detach().numpy()
        np.testing.assert_allclose(found, np.array(model.predict(X)).reshape(6, -1), rtol=1e-11)
        assert nn.from_torch(module)(X[0].tolist())


def test_frozen_parameters_are_frozen_on_both_sides():
    model = nn.MLP(2, [2, 1], generator=0)
    for neuron in model.layers[0].neurons:
        for weight in neuron.w:
            weight.requires_grad = False
    module = nn.to_torch(model)
    assert [p.requires_grad for p in module.parameters()] == [False, True, True, True]
    again = nn.from_torch(module)
    assert [p.requires_grad for p in again.parameters()] == [
        p.requires_grad for p in model.parameters()
    ]
    model.layers[1].neurons[0].w[0].requires_grad = False
    with pytest.raises(nn.ConversionError, match="layer 1 some parameters are frozen"):
        nn.to_torch(model)
    nn.to_jax(model, dtype="float32")  # where nothing is frozen


def test_torch_draws_no_numbers_for_it():
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    nn.to_torch(nn.MLP(2, [3, 1]))
    assert torch.equal(torch.rand(3), wanted)


def sequence(*parts):
    return torch.nn.Sequential(*parts)


def test_from_nested_sequences_without_bias_and_dropout_in_eval():
    module = sequence(
        sequence(torch.nn.Linear(3, 4, bias=False), torch.nn.Dropout(0.5), torch.nn.ReLU()),
        torch.nn.Identity(),
        torch.nn.Linear(4, 2),
        torch.nn.Softmax(dim=1),
    ).double()
    with pytest.raises(nn.ConversionError, match=r"Dropout at 0\.1 .* call module.eval"):
        nn.from_torch(module)
    model = nn.from_torch(module.eval())
    found = module(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(model.predict(X), found, rtol=1e-12)
    assert {p.data for n in model.layers[0].neurons for p in [n.b]} == {0.0}
    assert not any(n.b.requires_grad for n in model.layers[0].neurons)


class Own(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 1)

    def forward(self, x):
        return self.linear(x) ** 2


def hooked():
    module = torch.nn.Linear(2, 1)
    module.register_forward_hook(lambda *_: None)
    return module


LINEAR = torch.nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sequence(LINEAR, torch.nn.BatchNorm1d(2)), "BatchNorm1d at 1 is no layer"),
        (lambda: sequence(torch.nn.Conv1d(1, 1, 1)), "Conv1d at 0 is no layer"),
        (lambda: sequence(LINEAR, torch.nn.SELU()), "SELU at 1 is no layer"),
        (Own, "Own at the top has a forward of its own"),
        (lambda: sequence(LINEAR, torch.nn.LeakyReLU(0.2)), "negative_slope=0.2"),
        (lambda: sequence(LINEAR, torch.nn.GELU("tanh")), "approximate='tanh'"),
        (lambda: sequence(LINEAR, torch.nn.Softmax(dim=0)), "dim=0"),
        (lambda: sequence(LINEAR, torch.nn.Tanh(), torch.nn.ReLU()), "ReLU at 2 follows tanh"),
        (lambda: sequence(torch.nn.Tanh(), LINEAR), "Tanh at 0 follows no Linear"),
        (lambda: sequence(LINEAR, torch.nn.Linear(3, 1)), "2 outputs meets one that takes 3"),
        (lambda: sequence(), "no Linear"),
        (hooked, "forward hook"),
        (lambda: torch.nn.Linear(2, 1, dtype=torch.complex64), "complex64"),
        (lambda: torch.nn.Linear(2, 1, device="meta"), "meta"),
        (lambda: [1.0], "got list"),
    ],
)
def test_what_nn_has_not_is_refused_by_name(make, said):
    with pytest.raises(nn.ConversionError, match=said.replace("(", r"\(")):
        nn.from_torch(make())


def test_a_softmax_of_one_output_is_refused():
    with pytest.raises(autograd.errors.ShapeError, match="softmax of one output"):
        nn.from_torch(sequence(torch.nn.Linear(2, 1), torch.nn.Softmax(dim=-1)))


def test_what_is_no_dtype_and_what_does_not_fit_one():
    model = nn.MLP(1, [1])
    for wrong in ("int8", torch.int64, 3):
        with pytest.raises(ValueError, match="dtype is one of float64"):
            nn.to_torch(model, dtype=wrong)
    model.layers[0].set_matrix([[1e200]], [0.0])
    with pytest.raises(autograd.errors.RangeError, match=r"1e\+200 does not fit torch.float32"):
        nn.to_torch(model, dtype="float32")
