"""NumPy on either side of a Value."""

import math

import numpy as np
import pytest

from autograd import detect_anomaly, errors, ops

SCALARS = [np.float64(2), np.float32(2), np.float16(2), np.int64(2), np.int8(2), np.array(2.0)]
SCALARS_IDS = [f"{type(x).__name__}-{x.dtype}" for x in SCALARS]


def objects(*values):
    """An array that holds Values."""
    return np.array(values, dtype=object)


# --- scalars ---------------------------------------------------------------------


@pytest.mark.parametrize("number", SCALARS, ids=SCALARS_IDS)
def test_numpy_scalars_on_both_sides_of_operators(engine, number):
    v = engine.Value(3.0)
    for out, data, gradient in [
        (v + number, 5.0, 1.0),
        (number + v, 5.0, 1.0),
        (v - number, 1.0, 1.0),
        (number - v, -1.0, -1.0),
        (v * number, 6.0, 2.0),
        (number * v, 6.0, 2.0),
        (v / number, 1.5, 0.5),
        (number / v, 2 / 3, -2 / 9),
        (v**number, 9.0, 6.0),
        (number**v, 8.0, 8 * math.log(2)),
    ]:
        assert type(out) is engine.Value
        v.zero_grad()
        out.backward()
        assert (out.data, v.grad) == pytest.approx((data, gradient), rel=1e-15, abs=0)


@pytest.mark.parametrize("number", SCALARS, ids=SCALARS_IDS)
def test_numpy_scalars_compare_by_value(engine, number):
    v = engine.Value(3.0)
    assert number < v
    assert v > number
    assert not number >= v
    assert not v <= number
    assert not v == number  # noqa: SIM201
    assert not number == v  # noqa: SIM201


@pytest.mark.parametrize("number", SCALARS, ids=SCALARS_IDS)
def test_numpy_scalars_are_data(engine, number):
    v = engine.Value(number)
    assert type(v.data) is float
    assert v.data == 2.0
    v.data = number
    v.grad = number
    assert (type(v.data), type(v.grad)) == (float, float)


def test_arrays_are_no_data(engine):
    for array in (np.array([1, 2]), np.array([1.0]), np.zeros((0,)), np.zeros((2, 2))):
        with pytest.raises(TypeError, match="one Value per element"):
            engine.Value(array)


# --- ufuncs on a Value -----------------------------------------------------------

UNARY = {
    "abs": np.abs,
    "neg": np.negative,
    "sign": np.sign,
    "square": np.square,
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "floor": np.floor,
    "ceil": np.ceil,
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.power,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "fmod": np.fmod,
    "mod": np.mod,
    "floordiv": np.floor_divide,
    "logaddexp": np.logaddexp,
}


def operand(name):
    return 1.75 if name == "acosh" else 0.75


@pytest.mark.parametrize("name", UNARY)
def test_a_ufunc_of_a_value_is_the_operation(engine, name):
    v = engine.Value(operand(name))
    out = UNARY[name](v)
    assert type(out) is engine.Value
    assert (out.op, out.parents) == (name, (v,))
    assert out.data == pytest.approx(float(UNARY[name](v.data)), rel=1e-15, abs=0)


@pytest.mark.parametrize("name", BINARY)
def test_a_ufunc_of_a_value_and_a_number_is_the_operation(engine, name):
    v = engine.Value(0.75)
    for operands in [(v, 2.5), (2.5, v), (v, v), (v, np.float64(2.5)), (np.array(2.5), v)]:
        out = BINARY[name](*operands)
        numbers = [x.data if x is v else float(x) for x in operands]
        assert type(out) is engine.Value
        assert out.op == name
        assert out.data == pytest.approx(float(BINARY[name](*numbers)), rel=1e-15, abs=0)


def test_other_names_of_ufuncs(engine):
    v = engine.Value(-0.75)
    assert np.absolute(v).op == np.fabs(v).op == "abs"
    assert np.true_divide(v, 2.0).op == "div"
    assert np.float_power(2.0, v).op == "pow"
    assert np.reciprocal(v).data == -1 / 0.75


def test_fmax_and_fmin_ignore_nan_as_numpys_do(engine):
    v, nan = engine.Value(0.75), engine.Value(math.nan)
    assert (np.fmax(v, 2.5).data, np.fmin(v, 2.5).data) == (2.5, 0.75)
    for out in (np.fmax(v, nan), np.fmin(nan, v)):
        assert out.data == 0.75


def test_ufuncs_refuse_as_the_operation_does(engine):
    with pytest.raises(errors.DomainError, match=r"^log\(x=-1\.0\)"):
        np.log(engine.Value(-1.0, "x"))


@pytest.mark.parametrize("ufunc", [np.modf, np.frexp, np.spacing, np.isnat])
def test_ufuncs_without_an_operation_are_refused(engine, ufunc):
    with pytest.raises(TypeError):
        ufunc(engine.Value(1.0))


@pytest.mark.parametrize("ufunc", [np.isnan, np.isinf, np.isfinite, np.signbit])
@pytest.mark.parametrize("number", [1.0, -0.0, math.nan, math.inf, -math.inf])
def test_ufuncs_that_ask_about_a_value_answer_for_its_number(engine, ufunc, number):
    answer = ufunc(engine.Value(number))
    assert type(answer) is bool
    assert answer == ufunc(number)


def test_clip_stays_in_the_graph(engine):
    v = engine.Value(0.5)
    out = np.clip(v, -1.0, 1.0)
    out.backward()
    assert (out.data, v.grad) == (0.5, 1.0)
    for low, high, data in [(None, 1.0, 0.5), (0.75, None, 0.75)]:
        assert np.clip(v, low, high).data == data
    clipped = np.clip(engine.Value(3.0), -1.0, 1.0)
    assert type(clipped) is engine.Value
    assert clipped.data == 1.0


# --- arrays of Values ------------------------------------------------------------


def test_an_array_of_values_keeps_them(engine):
    v, w = engine.Value(1.0), engine.Value(2.0)
    array = np.array([v, w])
    assert array.dtype == object
    assert array[0] is v
    with pytest.raises(errors.DetachError):
        np.array([v, w], dtype=float)


def test_arrays_of_values_add_multiply_and_contract(engine):
    v, w = engine.Value(2.0), engine.Value(-3.0)
    array, numbers = objects(v, w), np.array([10.0, 0.5])
    for out, expected in [
        (array + array, [4.0, -6.0]),
        (array + numbers, [12.0, -2.5]),
        (numbers - array, [8.0, 3.5]),
        (array * numbers, [20.0, -1.5]),
        (numbers / array, [5.0, -0.5 / 3]),
        (array**2, [4.0, 9.0]),
        (-array, [-2.0, 3.0]),
        (abs(array), [2.0, 3.0]),
    ]:
        assert [value.data for value in out] == expected
    product = array @ numbers
    product.backward()
    assert (product.data, v.grad, w.grad) == (18.5, 10.0, 0.5)
    assert (numbers @ array).data == 18.5
    assert np.sum(array).data == -1.0
    assert np.mean(array).data == -0.5
    assert np.prod(array).data == -6.0
    assert np.linalg.norm(array).data == pytest.approx(math.sqrt(13.0), rel=1e-15, abs=0)


def test_a_matrix_of_values_times_a_vector(engine):
    rows = [[engine.Value(float(3 * i + j)) for j in range(3)] for i in range(2)]
    x = [engine.Value(k) for k in (1.0, -1.0, 2.0)]
    out = np.array(rows) @ np.array(x)
    assert [value.data for value in out] == [3.0, 9.0]
    sum(out).backward()
    assert [value.grad for value in x] == [3.0, 5.0, 7.0]
    assert [[value.grad for value in row] for row in rows] == [[1.0, -1.0, 2.0]] * 2


@pytest.mark.parametrize("on_the_left", [True, False])
def test_a_value_beside_an_array_goes_to_every_element(engine, on_the_left):
    v = engine.Value(3.0)
    numbers = np.array([[1.0, 2.0], [4.0, 5.0]])
    out = v * numbers if on_the_left else numbers * v
    assert out.shape == (2, 2)
    assert [[value.data for value in row] for row in out] == [[3.0, 6.0], [12.0, 15.0]]
    sum(out.flat).backward()
    assert v.grad == 12.0


def test_comparisons_of_arrays_go_by_element(engine):
    v, w = engine.Value(2.0), engine.Value(-3.0)
    assert (objects(v, w) > 0).tolist() == [True, False]
    assert (v < np.array([1.0, 3.0])).tolist() == [False, True]
    assert np.argmax(objects(v, w)) == 0
    assert np.sort(objects(v, w)).tolist() == [w, v]
    assert np.max(objects(v, w)).parents == (v, w)


@pytest.mark.parametrize("name", UNARY)
def test_a_ufunc_of_an_array_goes_by_element(engine, name):
    v, w = engine.Value(operand(name)), engine.Value(operand(name) + 0.125)
    out = UNARY[name](objects(v, w))
    expected = UNARY[name](np.array([v.data, w.data]))
    assert [type(value) for value in out] == [engine.Value] * 2
    assert [value.data for value in out] == pytest.approx(expected, rel=1e-15, abs=0)
    assert len(engine.topological_order(out[0])) > 1


@pytest.mark.parametrize("name", BINARY)
def test_a_ufunc_of_two_arrays_goes_by_element(engine, name):
    v, w = engine.Value(0.75), engine.Value(1.25)
    out = BINARY[name](objects(v, w), objects(w, v))
    expected = BINARY[name](np.array([0.75, 1.25]), np.array([1.25, 0.75]))
    assert [value.data for value in out] == pytest.approx(expected, rel=1e-15, abs=0)
    mixed = BINARY[name](objects(v, w), 1.5)
    assert [value.data for value in mixed] == pytest.approx(
        BINARY[name](np.array([0.75, 1.25]), 1.5), rel=1e-15, abs=0
    )


def test_maximum_and_minimum_of_arrays_are_the_rules(engine):
    v, w = engine.Value(0.75), engine.Value(1.25)
    for out in np.maximum(objects(v, w), objects(w, v)):
        assert (out.op, out.data) == ("maximum", 1.25)
        assert set(out.parents) == {v, w}
    assert [out.op for out in np.minimum(objects(v, w), 1.0)] == ["minimum"] * 2


def test_out_is_numpys(engine):
    v = engine.Value(3.0)
    out = np.empty(2, dtype=object)
    assert np.multiply(v, np.array([1.0, 2.0]), out=out) is out
    assert [value.data for value in out] == [3.0, 6.0]
    box = np.empty((), dtype=object)
    np.multiply(v, 2.0, out=box)
    assert box[()].data == 6.0


def test_reduce_and_outer_are_numpys(engine):
    v, w = engine.Value(2.0), engine.Value(-3.0)
    assert np.add.reduce(objects(v, w)).data == -1.0
    assert np.multiply.accumulate(objects(v, w))[1].data == -6.0
    assert np.multiply.outer(v, np.array([1.0, 2.0]))[1].data == 4.0


@pytest.mark.parametrize("function", [np.exp, np.max, np.mean, lambda array: array.std()])
def test_detect_anomaly_names_the_users_line(engine, function):
    array = objects(engine.Value(math.inf), engine.Value(1.0))
    with (
        detect_anomaly(),
        np.errstate(invalid="ignore"),
        pytest.raises(errors.AnomalyError, match=r"made at .*test_numpy_support\.py:\d+$"),
    ):
        function(array)


def test_every_rule_with_a_ufunc_is_covered():
    named = {
        rule.__name__
        for rule in ops.TABLE
        if isinstance(getattr(np, rule.__name__, None), np.ufunc)
    }
    assert named <= set(UNARY) | set(BINARY)
