"""What values are called: the user's variables, their labels, their places in lists."""

import pytest

import nn
from autograd import Value, scope, topological_order
from autograd.visual.naming import names_of


def test_variables_come_before_labels_and_labels_before_places():
    variable, labelled, placed, nameless = (
        Value(1.0, "own"),
        Value(2.0, "w0"),
        Value(3.0),
        Value(4.0),
    )
    names = {"params": [variable, labelled, placed], "x": variable}
    found = names_of([variable, labelled, placed, nameless], names)
    assert found == {variable: "x", labelled: "w0", placed: "params[2]"}


def test_without_names_there_are_the_labels():
    x, y = Value(1.0, "x"), Value(2.0)
    assert names_of([x, y]) == {x: "x"}


def test_the_first_name_counts():
    x = Value(1.0)
    assert names_of([x], {"a": x, "b": x}) == {x: "a"}
    assert names_of([x], {"a": [x], "b": [x]}) == {x: "a[0]"}


def network_names(**names):
    model = nn.MLP(2, [3, 1], generator=0)
    loss = model([1.0, 2.0])
    found = names_of(topological_order(loss), {name: pick(model) for name, pick in names.items()})
    return {(value.scope, value.label): name for value, name in found.items()}


def test_what_several_neurons_call_the_same_is_told_apart_by_layer_and_neuron():
    found = network_names()
    assert found["mlp/layer0/neuron2", "w1"] == "w₀,₂,₁"
    assert found["mlp/layer0/neuron0", "b"] == "b₀,₀"
    assert found["mlp/layer1/neuron0", "w2"] == "w₁,₀,₂"  # the only w2, named as its neighbours
    assert len(set(found.values())) == len(found) == 13


def test_a_variable_stays_as_the_user_calls_it():
    found = network_names(bias=lambda model: model.layers[0].neurons[0].b)
    assert found["mlp/layer0/neuron0", "b"] == "bias"
    assert found["mlp/layer0/neuron1", "b"] == "b₀,₁"


def test_one_neuron_needs_no_indices():
    out = nn.MLP(2, [1], generator=0)([1.0, 2.0])
    assert sorted(names_of(topological_order(out)).values()) == ["b", "w0", "w1"]


@pytest.mark.parametrize(
    ("scopes", "label", "expected"),
    [
        (("encoder", "decoder"), "w", ["encoder.w", "decoder.w"]),
        (("block1/dense", "block2/dense"), "alpha", ["α₁", "α₂"]),
        (("block1", "block2"), "the bias", ["block1.the bias", "block2.the bias"]),
        (("left1", "right1"), "w", ["left1.w", "right1.w"]),  # the index 1 does not tell
        (("a1", "a1"), "w", ["w", "w"]),  # nor does anything else
    ],
)
def test_labels_that_scopes_share(scopes, label, expected):
    values = []
    for path in scopes:
        with scope(path):
            values.append(Value(1.0, label))
    outside = Value(1.0, "x")
    assert [*names_of([*values, outside]).values()] == [*expected, "x"]


def test_lists_in_lists_tuples_and_dicts():
    values = [Value(float(i)) for i in range(4)]
    names = {"w": [[values[0]], (values[1],)], "d": {"bias": values[2], 3: [values[3]]}}
    assert [*names_of(values, names).values()] == ["w[0][0]", "w[1][0]", "d['bias']", "d[3][0]"]


def test_arrays_of_values():
    np = pytest.importorskip("numpy")
    values = [Value(1.0), Value(2.0)]
    array = np.array([values], dtype=object)
    assert [*names_of(values, {"a": array, "numbers": np.ones(3)}).values()] == [
        "a[0][0]",
        "a[0][1]",
    ]


def test_what_python_and_ipython_keep_for_themselves_is_left_out():
    x = Value(1.0)
    names = {"_": x, "__name__": x, "_12": x, "Out": {12: x}, "In": [x], 3: x}
    assert names_of([x], names) == {}


def test_a_list_that_holds_itself_ends():
    x = Value(1.0)
    endless = [x]
    endless.append(endless)
    assert names_of([x], {"endless": endless}) == {x: "endless[0]"}


def test_everything_else_is_passed_over():
    x = Value(1.0)
    assert names_of([x], {"f": print, "n": 1, "s": "text", "set": {x}, "x": x}) == {x: "x"}


def test_many_lists_that_hold_each_other_end_soon():
    """Each container is looked into once a level: walking every way would take 300^4 steps."""
    x = Value(1.0)
    endless = [x]
    endless += [endless] * 300
    tree = {"again": endless}
    tree |= {f"k{i}": tree for i in range(300)}
    assert names_of([x], {"tree": tree}) == {x: "tree['again'][0]"}


@pytest.mark.parametrize("name", ["\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"])
def test_two_spellings_are_one_name(name):
    x = Value(1.0)
    assert names_of([x], {name: x}) == {x: "\N{GREEK SMALL LETTER MU}"}
    assert names_of([x], {"x²": x}) == {x: "x²"}


def test_an_empty_name_names_nothing():
    x, y = Value(1.0, "x"), Value(2.0)
    assert names_of([x, y], {"": x, "y": y}) == {x: "x", y: "y"}
