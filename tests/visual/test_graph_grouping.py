"""Which values share a box, for each way to collapse, and how "auto" finds a legible one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, scope, topological_order
from autograd.errors import GraphError
from autograd.visual.graph.chains import ENDS, LONGEST
from autograd.visual.graph.grouping import (
    LEGIBLE,
    MOST_BOXES,
    MOST_EDGES,
    closed_scope,
    group,
    group_by_open_scopes,
    open_scopes,
)


def scoped(path):
    """A Value made in the scope `path`."""
    value = Value(1.0)
    value.scope = path
    return value


def named(grouping):
    return {one.scope: len(one.members) for one in grouping.groups if one.name}


@pytest.fixture(scope="module")
def network():
    """The values of an MLP(2, [3, 1]) at numbers: 2 inputs, 3 neurons of 6, one of 6."""
    return topological_order(nn.MLP(2, [3, 1], generator=0)([1.0, 2.0]))


# --- one choice ---------------------------------------------------------------------


def test_nothing_is_collapsed(network):
    grouping = group(network, None)
    assert [one.members for one in grouping.groups] == [(i,) for i in range(26)]
    assert {(one.name, one.scope) for one in grouping.groups} == {("", "")}


def test_by_neuron(network):
    neurons = [f"mlp/layer0/neuron{i}" for i in range(3)]
    expected = dict.fromkeys([*neurons, "mlp/layer1/neuron0"], 6)
    assert named(group(network, "neuron")) == named(group(network, 3)) == expected


def test_by_layer(network):
    expected = {"mlp/layer0": 18, "mlp/layer1": 6}
    assert named(group(network, "layer")) == named(group(network, 2)) == expected


def test_by_the_outermost_scope(network):
    assert named(group(network, "mlp")) == named(group(network, 1)) == {"mlp": 24}


def test_names_leave_out_what_all_share(network):
    names = [one.name for one in group(network, "neuron").groups if one.name]
    assert sorted(names) == [*(f"layer0/neuron{i}" for i in range(3)), "layer1/neuron0"]
    assert [one.name for one in group(network, 1).groups if one.name] == ["mlp"]


def test_edges_between_boxes_count_operands(network):
    grouping = group(network, "layer")
    names = [one.name or network[one.members[0]].data for one in grouping.groups]
    edges = {(names[tail], names[head]): n for (tail, head), n in grouping.edges.items()}
    # Each of 3 neurons reads both inputs; the output neuron reads 3.
    assert edges == {(1.0, "layer0"): 3, (2.0, "layer0"): 3, ("layer0", "layer1"): 3}


def test_repeated_operands_are_counted():
    x = Value(2.0)
    assert group(topological_order(x * x)).edges == {(0, 1): 2}


def test_only_scopes_of_that_name_are_closed():
    order = [scoped("layer0"), scoped("layer0"), scoped("layers"), scoped("layers"), scoped("a")]
    assert named(group(order, "layer")) == {"layer0": 2}
    assert named(group(order, "layers")) == {"layers": 2}


def test_a_scope_with_one_value_is_not_a_box_of_its_own():
    assert named(group([scoped("layer0"), scoped("layer1")], "layer")) == {}


def test_shallower_scopes_stay_open():
    order = [scoped("mlp"), scoped("mlp"), scoped("mlp/layer0"), scoped("mlp/layer0")]
    assert named(group(order, 2)) == {"mlp/layer0": 2}


@pytest.mark.parametrize("collapse", [0, -1, True, 1.5, [1], b"layer"])
def test_other_choices_are_refused(network, collapse):
    with pytest.raises(ValueError, match="'auto', None"):
        group(network, collapse)


def test_a_name_that_no_scope_has_is_refused(network):
    with pytest.raises(
        ValueError, match=r"collapse='block', but the scopes are 'mlp', .* and 3 more"
    ):
        group(network, "block")
    with pytest.raises(ValueError, match="no value was made in a scope"):
        group([Value(1.0)], "layer")


# --- open scopes ---------------------------------------------------------------------


def test_a_value_lies_in_the_outermost_closed_scope():
    assert closed_scope("mlp/layer0/neuron1", {"mlp"}) == "mlp/layer0"
    assert closed_scope("mlp/layer0/neuron1", {"mlp/layer0"}) == "mlp"
    assert closed_scope("mlp/layer0", {"mlp", "mlp/layer0"}) == ""
    assert closed_scope("", ()) == ""


def test_opening_one_layer_shows_its_neurons(network):
    assert named(group_by_open_scopes(network, {"mlp", "mlp/layer0"})) == {
        "mlp/layer1": 6,
        **{f"mlp/layer0/neuron{i}": 6 for i in range(3)},
    }


PATHS = st.lists(st.sampled_from("abc"), max_size=3).map("/".join)


@given(st.lists(PATHS, min_size=1, max_size=20), st.sets(PATHS))
def test_every_value_is_in_one_box_and_boxes_hold_one_closed_scope(paths, opened):
    order = [scoped(path) for path in paths]
    grouping = group_by_open_scopes(order, opened)
    assert sorted(m for one in grouping.groups for m in one.members) == list(range(len(order)))
    for one in grouping.groups:
        if len(one.members) > 1:
            assert one.scope not in opened
            assert all(f"{paths[m]}/".startswith(f"{one.scope}/") for m in one.members)


def test_depth_closes_that_level_only():
    order = [scoped("a/b/c")]
    assert open_scopes(order, 2) == {"a", "a/b/c"}
    assert open_scopes(order, None) == {"a", "a/b", "a/b/c"}


# --- auto ----------------------------------------------------------------------------


def chain(length):
    value = Value(0.0)
    for _ in range(length - 1):
        value = -value
    return topological_order(value)


def star(size):
    return topological_order(autograd.sum([Value(0.0) for _ in range(size - 1)]))


def test_auto_collapses_nothing_while_that_is_legible():
    assert len(group(star(LEGIBLE)).groups) == LEGIBLE
    with scope("deep"):
        order = star(LEGIBLE)
    assert len(group(order).groups) == LEGIBLE


def test_auto_leaves_out_the_middle_of_a_long_chain():
    order = chain(LONGEST + 1)  # a leaf, and as many steps as are drawn
    assert len(group(order).groups) == LONGEST + 1
    groups = group(chain(LONGEST + 2)).groups
    steps = LONGEST + 1 - 2 * ENDS
    assert [(one.name, len(one.members)) for one in groups if one.name] == [
        (f"… {steps} more steps …", steps)
    ]
    assert len(groups) == 2 + 2 * ENDS
    assert len(group(chain(5000)).groups) == 2 + 2 * ENDS
    assert len(group(order, None).groups) == len(order)  # all of it, when asked for


def test_leaves_that_only_the_middle_reads_are_left_out_with_it():
    x, shared = Value(2.0), Value(3.0)
    out = x
    for step in range(40):
        out = out * (shared if step % 2 else Value(1.0))
    order = topological_order(out)
    groups = group(order).groups
    [middle] = [one for one in groups if one.name]
    members = [order[member] for member in middle.members]
    assert shared not in members
    assert x not in members
    assert len([value for value in members if value.parents]) == 40 - 2 * ENDS
    assert len([value for value in members if not value.parents]) == (40 - 2 * ENDS) // 2
    assert sum(len(one.members) for one in groups) == len(order)


def test_a_value_that_is_read_elsewhere_ends_a_chain():
    out = start = Value(1.0)
    steps = []
    for _ in range(24):
        out = out.tanh()
        steps.append(out)
    order = topological_order(out + steps[11] * start)
    assert not [one for one in group(order).groups if one.name]  # 12 and 12 steps


def test_auto_refuses_what_has_no_scopes():
    with pytest.raises(GraphError, match=r"with autograd\.scope") as refused:
        group(star(LEGIBLE + 1))
    assert f"{LEGIBLE + 1} values cannot be drawn" in str(refused.value)


@pytest.mark.parametrize(
    ("sizes", "depth"), [([8, 8, 1], 3), ([16, 16, 1], 2), ([2] * 40, 2), ([2] * 100, 1)]
)
def test_auto_takes_the_deepest_level_that_is_legible(sizes, depth):
    out = nn.MLP(2, sizes, generator=0)([1.0, 2.0])
    out = sum(out) if isinstance(out, list) else out
    grouping = group(topological_order(out))
    assert {one.scope.count("/") + 1 for one in grouping.groups if one.scope} == {depth}


def test_auto_puts_inputs_together():
    out = nn.MLP(64, [4, 1], generator=0)([0.5] * 64)
    grouping = group(topological_order(out))
    boxes = {one.name: len(one.members) for one in grouping.groups}
    assert boxes["inputs"] == 64
    assert boxes["layer0/neuron0"] == 64 + 1 + 3


def test_auto_puts_a_batch_into_few_boxes():
    model = nn.MLP(2, [4, 1], "tanh", generator=0)
    loss = sum((model([i, -i]) - 1.0) ** 2 for i in range(100))
    loss.label = "loss"
    order = topological_order(loss)
    grouping = group(order)
    boxes = {one.name: one for one in grouping.groups}
    assert set(boxes) == {
        "inputs",
        "loss",
        *(f"layer0/neuron{i}" for i in range(4)),
        "layer1/neuron0",
    }
    assert order[boxes["loss"].members[-1]] is loss
    assert all(not order[m].parents for m in boxes["inputs"].members)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 30), st.integers(1, 6))
def test_auto_is_always_legible(inputs, width, samples, outputs):
    model = nn.MLP(inputs, [width, outputs + 1], generator=0)
    loss = sum(nn.cross_entropy(model([0.1 * i] * inputs), 0) for i in range(samples))
    order = topological_order(loss)
    grouping = group(order)
    assert len(grouping.groups) <= (LEGIBLE if len(order) <= LEGIBLE else MOST_BOXES)
    assert len(grouping.edges) <= max(MOST_EDGES, 3 * LEGIBLE)
    assert sum(len(one.members) for one in grouping.groups) == len(order)
