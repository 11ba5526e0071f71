"""Parameters gathered into tensors by their paths."""

import nn
from autograd import Value
from nn.model_files.tensors import gathered


def test_a_network_is_a_matrix_and_a_vector_for_each_layer():
    model = nn.MLP(2, [3, 1])
    found = gathered(model.state_dict())
    assert {name: tensor.shape for name, tensor in found.items()} == {
        "layers.0.weight": (3, 2), "layers.0.bias": (3,),
        "layers.1.weight": (1, 3), "layers.1.bias": (1,),
    }  # fmt: skip
    assert found["layers.0.weight"].paths[3] == "layers.0.neurons.1.w.1"
    assert found["layers.0.bias"].paths[2] == "layers.0.neurons.2.b"
    assert sorted(path for tensor in found.values() for path in tensor.paths) == sorted(
        model.state_dict()
    )


def test_lists_are_tensors_where_they_are_filled():
    names = ["table.0.0", "table.0.1", "table.1.0", "table.1.1", "row.0", "row.2", "scale", "0"]
    found = {name: tensor.shape for name, tensor in gathered(names).items()}
    assert found == {"table": (2, 2), "row.0": (), "row.2": (), "scale": (), "0": ()}


def test_a_name_that_is_taken_is_not_given_twice():
    names = ["layer.neurons.0.w.0", "layer.neurons.0.b", "layer.weight"]
    found = gathered(names)
    assert sorted(path for tensor in found.values() for path in tensor.paths) == sorted(names)
    assert found["layer.weight"].paths == ("layer.weight",)


def test_ragged_rows_stand_alone():
    model = nn.MLP(2, [2])
    model.layers[0].neurons[1].w.append(Value(3.0))
    found = gathered(model.state_dict())
    assert found["layers.0.neurons.1.w.2"].shape == ()
    assert found["layers.0.bias"].shape == (2,)
