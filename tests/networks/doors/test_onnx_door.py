"""Models in ONNX, computed by ONNX Runtime."""

import pytest

import autograd
import nn
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS

np = pytest.importorskip("numpy")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
X = np.random.default_rng(0).normal(size=(6, 3)) * 3.0
KINDS = [*ACTIVATIONS, *LAYER_ACTIVATIONS]


def run(given, X):
    session = runtime.InferenceSession(given, providers=["CPUExecutionProvider"])
    return session.run(["Y"], {"X": X})[0]


@pytest.mark.parametrize("output", KINDS)
@pytest.mark.parametrize("activation", KINDS)
def test_every_activation_in_both_dtypes(activation, output, tmp_path):
    model = nn.MLP(3, [4, 4, 2], activation, output, generator=0)
    wanted = model.predict(X)
    path = tmp_path / "model.onnx"
    nn.to_onnx(model, path)
    found = run(str(path), X.astype("float32"))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    if "gelu" in (activation, output):
        with pytest.raises(autograd.errors.GraphError, match="gelu has no float64"):
            nn.to_onnx(model, dtype="float64")
        return
    made = nn.to_onnx(model, dtype="float64")
    found = run(made.SerializeToString(), X)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


def test_the_weights_are_in_it_by_name_and_to_the_bit():
    model = nn.MLP(2, [3, 1], generator=0)
    made = nn.to_onnx(model, dtype="float64")
    found = {each.name: onnx.numpy_helper.to_array(each) for each in made.graph.initializer}
    assert list(found) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    for position, layer in enumerate(model.layers):
        W, b = layer.matrix()
        assert np.array_equal(found[f"layers.{position}.weight"], W)
        assert np.array_equal(found[f"layers.{position}.bias"], b)


def test_layers_and_neurons_go_out_too():
    for model in (nn.Layer(3, 2, "elu", generator=0), nn.Neuron(3, "tanh", generator=0)):
        made = nn.to_onnx(model, dtype="float64")
        wanted = np.array(model.predict(X)).reshape(6, -1)
        np.testing.assert_allclose(run(made.SerializeToString(), X), wanted, rtol=1e-11)


def test_what_does_not_fit_is_refused_and_writes_nothing(tmp_path):
    model = nn.MLP(1, [1])
    model.layers[0].set_matrix([[1e200]], [0.0])
    path = tmp_path / "model.onnx"
    with pytest.raises(autograd.errors.RangeError, match="does not fit float32"):
        nn.to_onnx(model, path)
    with pytest.raises(ValueError, match='dtype is "float32" or "float64"'):
        nn.to_onnx(model, path, dtype="int8")
    with pytest.raises(TypeError, match="name of a file"):
        nn.to_onnx(model, 3)
    assert not path.exists()


def test_numbers_that_float32_cannot_tell_are_found_out():
    model = nn.MLP(1, [2, 1], "identity")
    model.layers[0].set_matrix([[1.0], [1.0]], [1e9, 1e9])
    model.layers[1].set_matrix([[1.0, -1.0]], [0.0])
    model.layers[0].neurons[1].b.data = 1e9 + 1.0
    with pytest.raises(nn.ConversionError, match="ONNX Runtime computes"):
        nn.to_onnx(model)
    nn.to_onnx(model, dtype="float64")
