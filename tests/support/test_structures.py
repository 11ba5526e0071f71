"""Trees: nested structures are taken apart and put together again."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.errors import ShapeError
from autograd.support.structures import flatten, flatten_like


class Point(NamedTuple):
    x: object
    y: object


trees = st.recursive(
    st.floats(allow_nan=False) | st.none() | st.text(max_size=2),
    lambda tree: (
        st.lists(tree, max_size=3)
        | st.tuples(tree, tree)
        | st.builds(Point, tree, tree)
        | st.dictionaries(st.text(max_size=2), tree, max_size=3)
    ),
    max_leaves=12,
)


def is_same(a, b):
    """Equal, the types of all parts included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(is_same, a, b))
    return a == b


@given(trees)
def test_a_tree_put_together_again_is_the_tree(tree):
    leaves, rebuild = flatten(tree)
    assert is_same(rebuild(leaves), tree)
    assert not any(isinstance(leaf, list | tuple | dict) for leaf in leaves)


@given(trees)
def test_other_leaves_take_the_places_in_order(tree):
    leaves, rebuild = flatten(tree)
    numbered, _ = flatten(rebuild(list(range(len(leaves)))))
    assert numbered == list(range(len(leaves)))


def test_values_and_all_else_are_leaves():
    x = Value(1.0)
    leaves, _ = flatten([x, {1.0}, "ab", range(2)])
    assert leaves == [x, {1.0}, "ab", range(2)]


def test_named_tuples_stay_what_they_are():
    leaves, rebuild = flatten(Point(1.0, [2.0, 3.0]))
    assert leaves == [1.0, 2.0, 3.0]
    assert rebuild("abc") == Point("a", ["b", "c"])
    assert type(rebuild("abc")) is Point


def test_dicts_keep_their_order_and_keys_of_any_kind():
    leaves, rebuild = flatten(OrderedDict([("b", 1.0), (2, 2.0), (None, 3.0)]))
    assert leaves == [1.0, 2.0, 3.0]
    assert list(rebuild("xyz").items()) == [("b", "x"), (2, "y"), (None, "z")]


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_keep_their_shape(order):
    array = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], order=order)
    leaves, rebuild = flatten({"w": array, "b": 7.0})
    assert leaves == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    new = rebuild([10.0 * x for x in leaves])
    assert new["w"].dtype == np.float64
    assert np.array_equal(new["w"], 10.0 * array)
    assert new["b"] == 70.0


def test_values_in_an_array_make_an_array_of_objects():
    _, rebuild = flatten(np.zeros((2, 2)))
    values = [Value(float(i)) for i in range(4)]
    made = rebuild(values)
    assert made.shape == (2, 2)
    assert made.dtype == object
    assert made[1, 0] is values[2]
    rows = rebuild([[1.0, 2.0]] * 4)  # a leaf may become a list
    assert rows.shape == (2, 2)
    assert rows[0, 1] == [1.0, 2.0]


def test_an_array_of_one_number_is_a_leaf_and_one_of_none_a_branch():
    number, empty = np.array(2.0), np.zeros((0, 3))
    assert flatten(number)[0] == [number]
    leaves, rebuild = flatten(empty)
    assert leaves == []
    assert rebuild([]).shape == (0, 3)


@pytest.mark.parametrize("empty", [[], (), {}, [[], {}], ((), [()])])
def test_nothing_is_a_tree_too(empty):
    leaves, rebuild = flatten(empty)
    assert leaves == []
    assert is_same(rebuild([]), empty)


def endless(make):
    inner = [1.0]
    tree = make(inner)
    inner.append(tree)
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        endless(lambda inner: inner),
        endless(lambda inner: (inner,)),
        endless(lambda inner: {"a": inner}),
        endless(lambda inner: [2.0, {"a": (inner, inner)}]),
    ],
    ids=["list", "tuple", "dict", "all of them"],
)
def test_what_holds_itself_is_refused(tree):
    for attempt in (
        lambda: flatten(tree),
        lambda: flatten_like(tree, tree, "numbers"),
        lambda: flatten_like([1.0, 2.0], tree, "numbers"),
        lambda: autograd.grad(lambda x: 1.0)(tree),
        lambda: autograd.hessian(lambda x: 1.0)(tree),
        lambda: autograd.jacobian(lambda x: tree)(1.0),
        lambda: autograd.vjp(lambda x: x, tree),
        lambda: autograd.jvp(lambda x: x, (1.0,), (tree,)),
        lambda: autograd.gradient(Value(1.0) * 2.0, tree),
    ):
        with pytest.raises(ShapeError, match="over 100 levels of lists in lists: if one holds"):
            attempt()


def test_what_is_merely_deep_is_not():
    tree = 1.0
    for _ in range(100):
        tree = [tree]
    leaves, rebuild = flatten(tree)
    assert (leaves, rebuild(leaves)) == ([1.0], tree)
