"""The matrix of a layer's parameters, and how a large one is made small."""

import math

from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, draw, scope
from autograd.visual.graph.heatmap import MOST_CELLS, heat_maps, shrunk


def layer_members(outputs):
    with scope("layer0"):
        layer = nn.Layer(2, outputs, "identity", generator=0)
        for position, neuron in enumerate(layer.neurons):
            neuron.w[0].data, neuron.w[1].data, neuron.b.data = position, -position, 0.5
    return layer.parameters()


def test_a_row_for_each_neuron_in_their_order():
    """neuron10 after neuron9, whatever the order of the members."""
    members = layer_members(12)
    parameters, gradients = heat_maps([*members[18:], *members[:18]], "layer0")
    assert parameters.rows == tuple((float(i), float(-i), 0.5) for i in range(12))
    assert gradients.rows == ((None, None, None),) * 12


def test_gradients_after_backward():
    w, b = (Value(1.0) for _ in "wb")
    w.scope = b.scope = "layer0/neuron0"
    (w * -3.0).backward()
    parameters, gradients = heat_maps([w, b], "layer0")
    assert (parameters.rows, gradients.rows) == (((1.0, 1.0),), ((-3.0, None),))


def test_no_map_without_parameters_or_for_several_layers_or_one_neuron():
    x = Value(1.0, requires_grad=False)
    x.scope = "layer0/neuron0"
    assert heat_maps([x], "layer0") is None
    assert heat_maps([], "layer0") is None
    parameters = nn.MLP(2, [2, 1], generator=0).parameters()
    assert heat_maps(parameters, "mlp") is None
    assert heat_maps(parameters[:3], "mlp/layer0/neuron0") is None


def test_a_small_matrix_stays_as_it_is():
    assert shrunk([[1.0, 2.0], [3.0]]).rows == ((1.0, 2.0), (3.0,))
    assert shrunk([[1.0]]).block == (1, 1)


def test_a_block_shows_its_number_of_largest_magnitude():
    rows = [[0.0] * 50 for _ in range(64)]
    rows[0][1], rows[1][0], rows[63][49] = 2.0, -5.0, 7.0
    found = shrunk(rows)
    assert found.block == (2, 2)
    assert (len(found.rows), len(found.rows[0])) == (32, 25)
    assert (found.rows[0][0], found.rows[31][24], found.rows[10][10]) == (-5.0, 7.0, 0.0)


def test_nan_is_not_hidden_in_a_block():
    rows = [[1.0] * 64]
    rows[0][3] = math.nan
    assert math.isnan(shrunk(rows).rows[0][1])


@given(st.integers(1, 200), st.integers(1, 200))
def test_no_map_is_larger_than_allowed_and_nothing_is_lost(height, width):
    rows = [[1.0] * width for _ in range(height)]
    rows[-1][-1] = -9.0
    found = shrunk(rows)
    assert len(found.rows) <= MOST_CELLS
    assert {len(row) for row in found.rows} <= set(range(1, MOST_CELLS + 1))
    assert found.rows[-1][-1] == -9.0
    assert found.block[0] * len(found.rows) >= height
    assert found.block[1] * len(found.rows[0]) >= width


def test_the_scale_stands_below_the_map():
    model = nn.MLP(2, [3, 1], activation="tanh", generator=0)
    loss = nn.squared_error(model([0.5, -1.0]), 1.0)
    loss.backward()
    svg = draw(loss, collapse="layer", layout="layered").svg
    weights = [abs(p.data) for p in model.layers[0].parameters()]
    slopes = [abs(p.grad) for p in model.layers[0].parameters()]
    assert f"parameters ±{max(weights):.2g}" in svg
    assert f"gradients ±{max(slopes):.2g}" in svg
