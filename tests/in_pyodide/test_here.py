"""What only Pyodide can show: graphs deeper than its stack, and a training without processes."""

import sys

import pytest

import autograd
import nn
from autograd import Value

if sys.platform != "emscripten":
    pytest.skip("these run in Pyodide: see test_in_pyodide.py", allow_module_level=True)


def chain(depth, kind=Value):
    x = kind(1.0)
    out = x
    for _ in range(depth):
        out = out + 1.0
    return x, out


def test_this_is_the_pure_engine():
    assert autograd.engine == "pure"
    assert sys.version_info[:2] == (3, 14)


@pytest.mark.parametrize("depth", [3_000, 100_000])
def test_deep_graphs_are_differentiated_and_freed(depth):
    x, out = chain(depth)
    out.backward()
    assert x.grad == 1.0
    del out
    assert (x.grad, x.parents) == (1.0, ())


class Counted(Value):
    """A subclass with a `__del__` of its own."""

    gone = 0

    def __del__(self):
        Counted.gone += 1


def test_deep_graphs_of_a_subclass_are_freed():
    _, out = chain(3_000, Counted)
    del out
    assert Counted.gone == 3_000


def test_a_training_learns_and_the_model_is_saved(tmp_path):
    X, y = nn.data.xor(40, seed=0)
    model = nn.MLP(2, [8, 1], activation="tanh", init="xavier", generator=0)
    loss = nn.binary_cross_entropy_with_logits
    optimizer = nn.Adam(model.parameters(), 0.05)
    history = nn.fit(model, X, y, loss, optimizer, epochs=30, progress=False)
    assert history.accuracy[-1] > 0.9
    assert "tqdm" not in sys.modules
    nn.save(model, tmp_path / "xor.json")
    assert nn.load(tmp_path / "xor.json").state_dict() == model.state_dict()


def test_a_picture_that_needs_matplotlib_says_so():
    with pytest.raises(ImportError, match="pictures of training need matplotlib"):
        nn.plots.training_curves(nn.History(loss=[1.0]))


def test_a_graph_and_a_network_are_drawn_without_it():
    x = Value(0.5, "x")
    assert "<svg" in autograd.draw(x.tanh()).svg
    assert "<svg" in nn.network(nn.MLP(2, [3, 1], generator=0)).svg
