"""`vectorize`: elements one by one, broadcast, with partial derivatives; tables by row."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import errors

np = pytest.importorskip("numpy")


def bent(x, y):
    return autograd.tanh(x) * y + x * x


@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=6),
    st.lists(st.floats(-3, 3), min_size=1, max_size=6),
)
def test_elements_and_partials_are_those_of_single_numbers(xs, ys):
    found = autograd.vectorize(bent)
    X, Y = np.array(xs)[:, None], np.array(ys)
    values = found(X, Y)
    again, (by_x, by_y) = found.value_and_gradient(X, Y)
    assert values.shape == again.shape == by_x.shape == by_y.shape == (len(xs), len(ys))
    for i, x in enumerate(xs):
        for k, y in enumerate(ys):
            assert values[i, k] == again[i, k] == pytest.approx(math.tanh(x) * y + x * x)
            assert by_x[i, k] == pytest.approx((1 - math.tanh(x) ** 2) * y + 2 * x, abs=1e-12)
            assert by_y[i, k] == pytest.approx(math.tanh(x), abs=1e-12)


def test_single_numbers_and_nothing():
    found = autograd.vectorize(bent)
    assert found(0.5, 2.0) == pytest.approx(math.tanh(0.5) * 2.0 + 0.25)
    assert found(0.5, 2.0).shape == ()
    assert found(np.empty((0, 3)), 1.0).shape == (0, 3)
    assert found.__name__ == "bent"
    with pytest.raises(ValueError, match="broadcast"):
        found([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="at least one"):
        found()
    with pytest.raises(errors.TracingError):
        autograd.vectorize(lambda x: x if x > 0 else -x)([1.0])


def test_a_row_of_derivatives_for_each_row():
    program = autograd.compile(lambda x, y: x[0] * x[1] + y)
    values, slopes = program.batch_value_and_gradient([[2.0, 3.0], [4.0, 5.0]], [1.0, 1.0])
    assert values.tolist() == [7.0, 21.0]
    assert slopes.tolist() == [[3.0, 2.0, 1.0], [5.0, 4.0, 1.0]]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_go_by_row(library):
    frames = pytest.importorskip(library)
    table = frames.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "c": [True, False]})
    program = autograd.compile(lambda row: row[0] * row[1] + row[2])
    assert program.batch(table).tolist() == [4.0, 8.0]
    two = autograd.compile(lambda a, b: a * b)
    assert two.batch(table["a"], table["b"]).tolist() == [3.0, 8.0]
    assert two.batch(a=table["a"], b=table["b"]).tolist() == [3.0, 8.0]
    model = nn.MLP(3, [1], generator=0)
    assert model.predict(table) == model.predict([[1.0, 3.0, 1.0], [2.0, 4.0, 0.0]])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_without_numbers_is_named(library):
    frames = pytest.importorskip(library)
    table = frames.DataFrame({"a": [1.0, 2.0], "colour": ["red", "blue"]})
    with pytest.raises(errors.NumberError, match="column 'colour' of argument 0"):
        autograd.compile(lambda row: row[0]).batch(table)
    with pytest.raises(errors.NumberError, match="argument 0 holds"):
        autograd.compile(lambda x: x).batch(table["colour"])
    with pytest.raises(ValueError, match="column 'colour' of X"):
        nn.MLP(2, [1]).predict(table)
    gaps = frames.DataFrame({"a": [1.0, None]})
    with pytest.raises(ValueError, match="row 1"):
        autograd.compile(lambda row: row[0]).batch(gaps)
