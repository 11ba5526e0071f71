"""What values are called: the user's variables, their labels, their places in lists."""

import pytest

from autograd import Value
from autograd.visual.names import names_of


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
