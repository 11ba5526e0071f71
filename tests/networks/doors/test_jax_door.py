"""Models as functions and pytrees of JAX."""

import pytest

import autograd
import nn
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS

np = pytest.importorskip("numpy")
jax = pytest.importorskip("jax")
X = np.random.default_rng(0).normal(size=(6, 3)) * 3.0


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("kind", [*ACTIVATIONS, *LAYER_ACTIVATIONS])
def test_every_activation(kind):
    model = nn.MLP(3, [4, 2], kind, kind, generator=0)
    apply, parameters = nn.to_jax(model)
    np.testing.assert_allclose(apply(parameters, X), model.predict(X), rtol=1e-11, atol=1e-13)
    [W, b] = model.layers[0].matrix()
    assert np.array_equal(parameters[0]["weight"], W)
    assert np.array_equal(parameters[0]["bias"], b)
    assert parameters[0]["weight"].dtype == "float64"


def test_it_is_compiled_mapped_and_differentiated_as_any_function():
    model = nn.MLP(3, [4, 1], "tanh", generator=0)
    apply, parameters = nn.to_jax(model)
    wanted = np.array(model.predict(X))[:, None]
    np.testing.assert_allclose(jax.jit(apply)(parameters, X), wanted, rtol=1e-12)
    mapped = jax.vmap(apply, (None, 0))(parameters, X)
    np.testing.assert_allclose(mapped, wanted, rtol=1e-12)
    slopes = jax.grad(lambda given: (apply(given, X) ** 2).sum())(parameters)
    ours = sum((model(row) ** 2 for row in X), start=autograd.Value(0.0))
    ours.backward()
    for layer, found in zip(model.layers, slopes, strict=True):
        W, b = layer.matrix(gradients=True)
        np.testing.assert_allclose(found["weight"], W, rtol=1e-11)
        np.testing.assert_allclose(found["bias"], b, rtol=1e-11)


def test_numbers_come_back_to_the_bit():
    model, other = nn.MLP(3, [4, 1], generator=0), nn.MLP(3, [4, 1], generator=1)
    _, parameters = nn.to_jax(model)
    for layer, given in zip(other.layers, parameters, strict=True):
        layer.set_matrix(np.asarray(given["weight"]), np.asarray(given["bias"]))
    assert other.state_dict() == model.state_dict()


def test_float32_is_asked_for_and_not_slipped_in():
    model = nn.MLP(2, [1])
    with jax.enable_x64(False):
        with pytest.raises(ValueError, match="jax_enable_x64"):
            nn.to_jax(model)
        apply, parameters = nn.to_jax(model, dtype="float32")
        assert apply(parameters, np.zeros((1, 2), "float32")).dtype == "float32"
    with pytest.raises(ValueError, match="dtype is"):
        nn.to_jax(model, dtype="float16")


def test_what_is_no_chain_of_layers_is_refused():
    with pytest.raises(nn.ConversionError, match=r"got function.*program.to_jax"):
        nn.to_jax(lambda x: x)
