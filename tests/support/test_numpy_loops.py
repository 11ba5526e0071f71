"""What NumPy does with arrays that hold Values: every ufunc, every reduction, every helper.

Truth is NumPy itself on arrays of floats: results are equal, gradients those of nudging.
"""

import math
import subprocess
import sys
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import errors
from autograd.support import numpy_loops, numpy_support

UFUNCS = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
CORE = getattr(np, "_core", None) or np.core
UFUNCS["clip"] = CORE.umath.clip


def words(text):
    return text.split()


# What comes of a ufunc on Values, sorted into four kinds; together they are all ufuncs.
UNARY = words("""
    absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil cos cosh deg2rad degrees exp
    exp2 expm1 fabs floor log log10 log1p log2 negative rad2deg radians reciprocal rint sign sin
    sinh sqrt square tan tanh trunc positive conjugate
""")
BINARY = words("""
    add arctan2 copysign divide float_power fmax fmin fmod heaviside hypot logaddexp logaddexp2
    maximum minimum multiply power subtract
""")
TRUTHS = words("equal greater greater_equal less less_equal not_equal")
BY_PYTHON = words("logical_and logical_not logical_or matmul matvec vecdot vecmat")
OPERATORS_OF_VALUE = words("floor_divide remainder")  # what // and % do is the engine's business
REFUSED = words("""
    bitwise_and bitwise_count bitwise_or bitwise_xor divmod frexp gcd invert isfinite isinf isnan
    isnat lcm ldexp left_shift logical_xor modf nextafter right_shift signbit spacing
""")
DIVISORS = {"gcd": [2.0, 2.0], "lcm": [12.0, 12.0]}  # of 6 and 4
STEPS = {"ceil", "floor", "rint", "trunc", "sign", "heaviside"}


def test_every_ufunc_is_in_one_of_the_tables():
    tables = [*UNARY, *BINARY, *TRUTHS, *BY_PYTHON, *OPERATORS_OF_VALUE, *REFUSED, "clip"]
    assert len(tables) == len(set(tables))
    assert set(UFUNCS) <= set(tables)


def objects(*elements):
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array


def values(engine, numbers):
    """An array of Values, of the shape of `numbers`."""
    return objects(*map(engine.Value, np.ravel(numbers).tolist())).reshape(np.shape(numbers))


def numbers_of(results):
    """Plain numbers in an array, for Values and numbers in one."""
    results = np.asarray(results)
    flat = [x.data if hasattr(x, "backward") else x for x in results.ravel().tolist()]
    return np.array(flat, dtype=float).reshape(results.shape)


def close(got, expected, tolerance=1e-14):
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def check_gradients(function, leaves, numbers, results, tolerance=1e-7):
    """Compare the gradients of the weighted sum of `results` with nudging `function` of floats."""
    weights = 1.0 + 0.25 * np.arange(np.size(numbers_of(results)))

    def total(x):
        return float(np.dot(np.ravel(np.asarray(function(x), dtype=float)), weights))

    terms = [
        weight * result
        for weight, result in zip(weights, np.ravel(np.asarray(results)), strict=True)
        if hasattr(result, "backward")
    ]
    sum(terms[1:], terms[0]).backward()
    step = 1e-5
    for place, leaf in enumerate(leaves.ravel()):
        nudge = np.zeros(leaves.size)
        nudge[place] = step
        nudge = nudge.reshape(leaves.shape)
        slope = (total(numbers + nudge) - total(numbers - nudge)) / (2.0 * step)
        assert leaf.grad == pytest.approx(slope, rel=tolerance, abs=tolerance)


def inside(name):
    """Four numbers in the domain, on no kink and on no jump."""
    numbers = np.array([[0.25, 0.75], [0.625, 0.125]])
    if name in ("arccosh", "power", "float_power"):
        return numbers + 1.25
    positive = name in ("log", "log2", "log10", "sqrt", "cbrt", "reciprocal")
    return numbers if positive else numbers * [[1.0, -1.0], [-1.0, 1.0]]


# --- by element --------------------------------------------------------------------


@pytest.mark.parametrize("name", UNARY)
def test_a_ufunc_of_an_array(engine, name):
    ufunc, numbers = UFUNCS[name], inside(name)
    leaves = values(engine, numbers)
    results = ufunc(leaves)
    assert {type(x) for x in results.ravel()} == {engine.Value}
    close(numbers_of(results), ufunc(numbers))
    check_gradients(ufunc, leaves, numbers, results)


@pytest.mark.parametrize("name", UNARY)
def test_a_ufunc_of_values_among_numbers(engine, name):
    """As np.where(A > 0, A, 0.0) makes them: NumPy's own numbers and Python's."""
    ufunc, numbers = UFUNCS[name], inside(name).ravel()
    leaf = engine.Value(numbers[0])
    mixed = objects(leaf, float(numbers[1]), np.float64(numbers[2]), np.float32(0.5), 1)
    if name == "arccosh":
        mixed[3:] = np.float32(1.5), 1
    if name in ("arctanh", "reciprocal"):
        mixed[4] = 0.5
    results = ufunc(mixed)
    assert [type(x) is engine.Value for x in results] == [True, False, False, False, False]
    rest = numbers_of(mixed).tolist()
    close(numbers_of(results), ufunc(np.array(rest)))
    assert results[0].requires_grad


def operands_of(engine, name, numbers):
    """A Value, arrays and numbers on either side: (operands, the same in floats, leaves)."""
    other = np.array([[1.5, 0.4375], [0.3, 2.375]])
    x, y = values(engine, numbers), values(engine, other)
    yield (x, y), lambda a: (a, other), x, numbers
    yield (x, y), lambda a: (numbers, a), y, other
    x = values(engine, numbers)
    yield (x, other), lambda a: (a, other), x, numbers
    x = values(engine, numbers)
    yield (x, 1.5), lambda a: (a, 1.5), x, numbers
    y = values(engine, other)
    yield (1.25, y), lambda a: (1.25, a), y, other
    y = values(engine, other)
    yield (numbers, y), lambda a: (numbers, a), y, other
    y = values(engine, other[:1])
    yield (np.array(numbers, dtype=object), y), lambda a: (numbers, a), y, other[:1]
    x = values(engine, [1.125])
    yield (x[0], other), lambda a: (a, other), x, np.array([1.125])
    y = values(engine, [1.125])
    yield (numbers, y[0]), lambda a: (numbers, a), y, np.array([1.125])
    x, box = values(engine, [1.125]), np.empty((), dtype=object)
    box[()] = x[0]
    yield (box, other), lambda a: (a, other), x, np.array([1.125])


@pytest.mark.parametrize("name", BINARY)
def test_a_ufunc_of_two_operands_on_either_side(engine, name):
    ufunc = UFUNCS[name]
    for given, in_floats, leaves, numbers in operands_of(engine, name, inside(name)):
        for leaf in leaves.ravel():
            leaf.zero_grad()
        results = ufunc(*given)
        assert {type(x) for x in results.ravel()} == {engine.Value}
        close(numbers_of(results), ufunc(*in_floats(numbers)))
        check_gradients(lambda a, f=in_floats: ufunc(*f(a)), leaves, numbers, results)


@pytest.mark.parametrize("name", TRUTHS)
def test_comparisons_give_truth_values(engine, name):
    left, right = values(engine, [1.0, 2.0, 3.0]), values(engine, [2.5, 1.5, 0.5])
    expected = UFUNCS[name](np.array([1.0, 2.0, 3.0]), np.array([2.5, 1.5, 0.5]))
    assert UFUNCS[name](left, right).dtype == bool
    assert UFUNCS[name](left, right).tolist() == expected.tolist()
    assert UFUNCS[name](left, np.array([2.5, 1.5, 0.5])).tolist() == expected.tolist()


@pytest.mark.parametrize("name", [name for name in REFUSED if name in UFUNCS])
def test_what_has_no_meaning_is_refused(engine, name):
    ufunc, array = UFUNCS[name], values(engine, [1.0, 2.0])
    if np.__version__.startswith("1.") and name in DIVISORS:  # by %, as of any objects
        found = ufunc(values(engine, [6.0, 4.0]), values(engine, [4.0, 6.0]))
        assert [abs(x.data) for x in found] == DIVISORS[name]
        return
    with pytest.raises((TypeError, AttributeError)):
        ufunc(*[array] * ufunc.nin)


@pytest.mark.parametrize("name", ["modf", "nextafter", "ldexp", "spacing", "divmod"])
def test_refusals_beside_a_value_say_what_to_write(engine, name):
    ufunc = UFUNCS[name]
    with pytest.raises(TypeError, match=f"^ufunc '{name}' has no rule for Values: write it with"):
        ufunc(*[engine.Value(1.0)] * ufunc.nin)


def test_the_clip_of_an_array(engine):
    numbers = np.array([[-2.0, -0.5], [0.25, 3.0]])
    for low, high in [(-1.0, 1.0), (-1, 1), (None, 1.0), (-1.0, None), (np.full(2, -1.0), 1)]:
        leaves = values(engine, numbers)
        results = np.clip(leaves, low, high)
        assert {type(x) for x in results.ravel()} == {engine.Value}
        close(numbers_of(results), np.clip(numbers, low, high))
        check_gradients(lambda a, s=(low, high): np.clip(a, *s), leaves, numbers, results)
    low = values(engine, [0.5])
    results = np.clip(values(engine, numbers), low[0], 1.0)
    check_gradients(lambda a: np.clip(numbers, a, 1.0), low, np.array([0.5]), results)


# --- the rules: nan, ties, steps -------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [np.maximum, np.minimum, lambda x, y: np.clip(x, y, 5.0), lambda x, y: np.clip(x, -5.0, y)],
)
def test_nan_is_not_dropped(engine, function):
    nan, one = engine.Value(math.nan), engine.Value(1.0)
    with np.errstate(invalid="ignore"):
        for x, y in [(nan, one), (one, nan), (nan, 1.0), (one, math.nan), (math.nan, one)]:
            [result] = function(objects(x), y)
            assert type(result) is engine.Value
            assert math.isnan(result.data)


@pytest.mark.parametrize("function", [np.max, np.min, np.ptp])
@pytest.mark.parametrize("place", range(3))
def test_nan_is_not_dropped_by_reductions(engine, function, place):
    array = values(engine, [1.0, 2.0, 3.0])
    array[place] = engine.Value(math.nan)
    with np.errstate(invalid="ignore"):
        assert math.isnan(function(array).data)


def test_fmax_and_fmin_ignore_nan(engine):
    array = values(engine, [math.nan, 2.0, -3.0])
    with np.errstate(invalid="ignore"):
        assert np.fmax.reduce(array).data == 2.0
        assert np.fmin.reduce(array).data == -3.0
        assert numbers_of(np.fmax(array, 1.0)).tolist() == [1.0, 2.0, 1.0]


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.fmax, np.fmin])
@pytest.mark.parametrize("other", [1.0, 1, np.float64(1.0), "a Value"])
def test_ties_split_evenly(engine, ufunc, other):
    x, y = engine.Value(1.0), engine.Value(1.0)
    [result] = ufunc(objects(x), y if other == "a Value" else other)
    result.backward()
    assert x.grad == 0.5
    assert y.grad == (0.5 if other == "a Value" else 0.0)


# The share of each element that is the largest, worked by hand: one over how many there are.
TIES = [
    [1.0, 1.0],
    [1.0, 1.0, 1.0],
    [1.0, 0.0, 1.0, 1.0, 0.5, 1.0],
    [0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0],
    [3.0, 1.0, 1.0, 3.0],
]


@pytest.mark.parametrize("numbers", TIES)
@pytest.mark.parametrize(
    "function", [np.max, lambda array: array.max(), np.amax, np.nanmax, lambda a: -np.min(-a)]
)
def test_ties_of_several_split_evenly_in_reductions(engine, function, numbers):
    array = values(engine, numbers)
    out = function(array)
    out.backward()
    count = numbers.count(max(numbers))
    expected = [1.0 / count if x == max(numbers) else 0.0 for x in numbers]
    assert out.data == max(numbers)
    assert [x.grad for x in array] == pytest.approx(expected, rel=1e-15, abs=0)


def test_ties_of_several_along_an_axis(engine):
    array = values(engine, [[1.0, 1.0], [1.0, 2.0], [1.0, 2.0]])
    for out in np.max(array, axis=0):
        out.backward()
    grads = [[x.grad for x in row] for row in array]
    assert np.array(grads) == pytest.approx(np.array([[1 / 3, 0], [1 / 3, 1 / 2], [1 / 3, 1 / 2]]))


def test_ties_have_higher_derivatives():
    hessian = autograd.hessian(lambda x: np.max(np.array(x)) ** 2)([1.0, 1.0, 1.0])
    assert np.array(hessian) == pytest.approx(np.full((3, 3), 2 / 9), rel=1e-14)


def test_a_chain_of_maximum_is_no_reduction(engine):
    x, y, z = (engine.Value(1.0) for _ in range(3))
    inner = np.maximum(objects(x), y)
    [out] = np.maximum(inner, z)
    out.backward()
    assert (x.grad, y.grad, z.grad, inner[0].grad) == (0.25, 0.25, 0.5, 0.5)


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "rint", "sign"])
def test_steps_stay_values_of_gradient_zero(engine, name):
    numbers = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.51, 1e17]
    array = values(engine, numbers)
    results = UFUNCS[name](array)
    assert numbers_of(results).tolist() == UFUNCS[name](np.array(numbers)).tolist()
    sum(results[1:], results[0]).backward()
    assert [x.grad for x in array] == [0.0] * 8
    assert all(x._reached for x in array)


def test_no_plain_number_comes_out_of_a_choice(engine):
    array = values(engine, [-1.0, 2.0])
    for result in [*np.maximum(array, 0), *np.clip(array, 0, 1), *np.sign(array)]:
        assert type(result) is engine.Value
    assert type(np.max(objects(array[0], 0, 5))) is engine.Value


def test_refusals_are_those_of_the_rule(engine):
    with pytest.raises(errors.DomainError, match=r"^log\(w=-1\.0\): no real value there"):
        np.log(objects(engine.Value(1.0), engine.Value(-1.0, "w")))
    with pytest.raises(errors.RangeError, match=r"^exp\(1000\.0\)"):
        np.exp(objects(engine.Value(1.0), 1000.0))
    with pytest.raises(errors.NumberError, match="str"):
        np.hypot(objects(engine.Value(1.0)), objects("a"))
    with pytest.raises(TypeError):
        np.exp(objects(engine.Value(1.0), "a"))


# --- how NumPy walks ------------------------------------------------------------------


def test_strides_where_and_out(engine):
    numbers = np.arange(12.0).reshape(3, 4) / 8.0 - 0.625
    leaves = values(engine, numbers)
    for view in [lambda a: a.T, lambda a: a[::-1, ::2], lambda a: a[:, 1], lambda a: a[1:2, None]]:
        close(numbers_of(np.exp(view(leaves))), np.exp(view(numbers)))
        close(
            numbers_of(np.maximum(view(leaves), view(leaves)[:1])),
            np.maximum(view(numbers), view(numbers)[:1]),
        )
    out = np.full((3, 4), "untouched", dtype=object)
    assert np.tanh(leaves, out=out, where=numbers > 0.0) is out
    assert [x == "untouched" for x in out.ravel()] == (numbers <= 0.0).ravel().tolist()
    again = leaves.copy()
    np.maximum(again, 0.0, out=again)
    close(numbers_of(again), np.maximum(numbers, 0.0))
    again += 1.0
    again *= leaves
    close(numbers_of(again), (np.maximum(numbers, 0.0) + 1.0) * numbers)


def test_reduce_accumulate_outer_and_at(engine):
    numbers = np.array([0.5, -1.25, 2.0, 0.75])
    for ufunc in (np.maximum, np.minimum, np.fmax, np.hypot, np.logaddexp):
        for method in (
            lambda a, f=ufunc: f.reduce(a),
            lambda a, f=ufunc: f.accumulate(a),
            lambda a, f=ufunc: f.outer(a, [1.0, 3.0]),
            lambda a, f=ufunc: f.reduce(np.reshape(a, (2, 2)), axis=1),
            lambda a, f=ufunc: f.reduce(np.reshape(a, (2, 2)), axis=None, keepdims=True),
        ):
            leaves = values(engine, numbers)
            results = method(leaves)
            close(numbers_of(results), method(numbers))
            check_gradients(method, leaves, numbers, results)
    array = values(engine, numbers)
    np.maximum.at(array, [1, 1], [0.25, -7.0])
    assert numbers_of(array).tolist() == [0.5, 0.25, 2.0, 0.75]


def test_empty_arrays(engine):
    empty = np.empty((0, 2), dtype=object)
    assert np.exp(empty).shape == np.maximum(empty, 1.0).shape == (0, 2)
    with pytest.raises(ValueError, match="zero-size"):
        np.max(empty)


def test_boxes_of_no_dimensions(engine):
    x, y = engine.Value(3.0), engine.Value(4.0)
    box = np.where(True, y, x)
    assert box.shape == ()
    for out, data in [
        (x * box, 12.0),
        (box * x, 12.0),
        (x - box, -1.0),
        (box - x, 1.0),
        (x**box, 81.0),
        (np.maximum(x, box), 4.0),
        (np.hypot(box, x), 5.0),
        (np.exp(box), math.exp(4.0)),
        (autograd.exp(box), math.exp(4.0)) if engine.Value is autograd.Value else (box + 0.0, 4.0),
        (np.float32(2) * box, 8.0),
    ]:
        assert type(out) is engine.Value
        assert out.data == data
    y.zero_grad()
    (x * box).backward()
    assert (x.grad, y.grad) == (4.0, 3.0)


def test_references_are_counted_right(engine):
    leaf, other = engine.Value(0.5), 0.25 + len(sys.argv)  # a float that nobody else holds
    array = objects(*[leaf, other] * 50)
    before = sys.getrefcount(leaf), sys.getrefcount(other)
    for _ in range(10):
        np.exp(array)
        np.maximum(array, 0.0)
        np.max(array)
        np.clip(array, 0.0, array)
        np.maximum.accumulate(array)
        with pytest.raises(errors.DomainError):
            np.arccosh(array)
        with pytest.raises(TypeError):
            np.hypot(array, "a")
    assert (sys.getrefcount(leaf), sys.getrefcount(other)) == before


# --- reductions and helpers ---------------------------------------------------------------


def square_of(a):
    return np.reshape(a, (2, 2))


HELPERS = {
    "sum": np.sum,
    "sum along an axis": lambda a: np.sum(square_of(a), axis=1, keepdims=True),
    "prod": np.prod,
    "mean": np.mean,
    "average": lambda a: np.average(a, weights=[1.0, 2.0, 3.0, 4.0]),
    "std": np.std,
    "std along an axis": lambda a: np.std(square_of(a), axis=0, ddof=1),
    "var": np.var,
    "max": np.max,
    "max where": lambda a: np.max(a, where=[True, True, False, True], initial=-9.0),
    "min": np.min,
    "ptp": np.ptp,
    "sort": np.sort,
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "diff": np.diff,
    "dot": lambda a: np.dot(a, a[::-1]),
    "vdot": lambda a: np.vdot(a, [1.0, 2.0, 3.0, 4.0]),
    "inner": lambda a: np.inner(a, a),
    "outer": lambda a: np.outer(a, a),
    "matmul": lambda a: square_of(a) @ square_of(a),
    "einsum": lambda a: np.einsum("ij,jk->ik", square_of(a), square_of(a)),
    "einsum optimised": lambda a: np.einsum("ij,jk,kl->il", *[square_of(a)] * 3, optimize=True),
    "einsum with numbers": lambda a: np.einsum("ij,j->i", square_of(a), np.array([1.0, 2.0])),
    "tensordot": lambda a: np.tensordot(square_of(a), square_of(a)),
    "trace": lambda a: np.trace(square_of(a)),
    "norm": np.linalg.norm,
    "norm 1": lambda a: np.linalg.norm(a, 1),
    "norm inf": lambda a: np.linalg.norm(a, np.inf),
    "norm along an axis": lambda a: np.linalg.norm(square_of(a), axis=1),
    "norm of a matrix": lambda a: np.linalg.norm(square_of(a), "fro"),
    "matrix_power": lambda a: np.linalg.matrix_power(square_of(a), 3),
    "round": lambda a: np.round(a * 1.12, 1) + a,
    "fix": lambda a: np.fix(a * 1.12) + a,
    "where": lambda a: np.exp(np.where(a > 0, a, 0.0)),
    "select": lambda a: np.select([a > 1, a > 0], [a, a * 2], 0.0),
    "piecewise": lambda a: np.piecewise(a, [a < 0, a >= 0], [lambda t: -t, lambda t: t * t]),
    "polyval of coefficients": lambda a: np.polyval(a, 2.0),
    "polyval at points": lambda a: np.polyval([1.0, 2.0, 3.0], a),
    "polyval at one point": lambda a: np.polyval([1.0, 2.0, 3.0], a[0]) + np.sum(a),
    "median": np.median,
    "median of three": lambda a: np.median(a[:3]),
    "nansum": np.nansum,
    "nanmean": np.nanmean,
    "nanmax": np.nanmax,
    "nanmin": np.nanmin,
    "nanstd": np.nanstd,
    "cross": lambda a: np.cross(a[:3], [1.0, 2.0, 3.0]),
    "kron": lambda a: np.kron(a, [1.0, 2.0]),
    "convolve": lambda a: np.convolve(a, [1.0, 2.0]),
    "concatenate": lambda a: np.concatenate([a, [1.0]]),
    "logaddexp": lambda a: np.logaddexp.reduce(a),
    "sinc": np.sinc,
    "tile": lambda a: np.tile(a, 2),
    "vectorize": lambda a: np.vectorize(lambda t: t * 2.0)(a),
    "matrix": lambda a: np.asarray(np.matrix(square_of(a)) * np.matrix(square_of(a))),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_of_an_array(engine, name):
    function, numbers = HELPERS[name], np.array([0.5, -1.25, 2.0, 0.75])
    leaves = values(engine, numbers)
    results = function(leaves)
    close(numbers_of(results), function(numbers), 1e-14)
    check_gradients(function, leaves, numbers, results)


# They go by numbers, convert to floats, or ask for what a Value has not: none of it in silence.
LOUD = {
    "interp": lambda a: np.interp(0.5, [0, 1, 2, 3], a),
    "isclose": lambda a: np.isclose(a, a),
    "allclose": lambda a: np.allclose(a, a),
    "astype": lambda a: a.astype(float),
    "asarray": lambda a: np.asarray(a, dtype=float),
    "into floats": lambda a: np.ones(4).__setitem__(0, a[0]),
    "added to floats": lambda a: np.add(np.ones(4), a, out=np.ones(4)),
    "det": lambda a: np.linalg.det(square_of(a)),
    "solve": lambda a: np.linalg.solve(square_of(a), [1.0, 2.0]),
    "fft": np.fft.fft,
    "sum in floats": lambda a: np.sum(a, dtype=float),
    "gradient": np.gradient,
    "norm 3": lambda a: np.linalg.norm(a, 3),
    "polyfit": lambda a: np.polyfit([1.0, 2.0, 3.0, 4.0], a, 1),
    "max of a masked array": lambda a: np.ma.array(a, mask=[0, 1, 0, 0]).max(),
}


@pytest.mark.parametrize("name", LOUD)
def test_what_cannot_keep_the_graph_raises(engine, name):
    with pytest.raises((TypeError, AttributeError)):
        LOUD[name](values(engine, [0.5, -1.25, 2.0, 0.75]))


def test_indices_and_counts_go_by_number(engine):
    numbers = np.array([0.5, -1.25, 2.0, 0.75])
    array = values(engine, numbers)
    for function in (np.argmax, np.argmin, np.argsort, np.nonzero, np.count_nonzero):
        np.testing.assert_array_equal(function(array), function(numbers))


# --- arrays without a Value, and other kinds of objects ------------------------------------

OTHERS = """
import sys, warnings
from decimal import Decimal
from fractions import Fraction
import numpy as np

warnings.simplefilter("ignore")
core = getattr(np, "_core", None) or np.core
ufuncs = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
ufuncs["clip"] = core.umath.clip

class Own:
    def exp(self): return "own exp"
    def arctan2(self, other): return ("own arctan2", other)

def array(*elements):
    made = np.empty(len(elements), dtype=object)
    made[:] = elements
    return made

samples = [
    array(3, 1, 2), array(Fraction(1, 2), Fraction(3, 4)), array(Decimal("0.5"), Decimal("0.25")),
    array("b", "a"), array(None, 1), array(1 + 2j, 3j), array([1, 2], [3]), array(Own(), Own()),
    array(), np.array([0.5, 0.25]), np.array([1, 2]), np.array(["a"]), np.array([True, False]),
    np.array([0.5, np.nan], dtype=np.float32), np.array(["2020-01-01"], dtype="datetime64[D]"),
]

def outcome(call):
    try:
        result = call()
    except Exception as error:
        return type(error).__name__, str(error)
    kind = result.dtype if isinstance(result, np.ndarray) else type(result)
    return str(kind), [type(x) for x in np.ravel(result)], repr(result).replace("0x", "")

def everything():
    for name, ufunc in sorted(ufuncs.items()):
        for number, sample in enumerate(samples):
            yield name, number, outcome(lambda: ufunc(*[sample] * ufunc.nin))
            if ufunc.nin == 2:
                yield name, number, outcome(lambda: ufunc.reduce(sample))
    for function in (np.max, np.min, np.ptp, np.round, np.median, lambda a: np.clip(a, a, a)):
        for number, sample in enumerate(samples):
            yield "helper", number, outcome(lambda: function(sample))

before = list(everything())
import autograd
after = list(everything())
REFUSALS = ("TypeError", "AttributeError")
NEW = ("copysign", "float_power", "heaviside", "logaddexp", "logaddexp2")
PLAIN, EMPTY = 0, 8
changed = []
for (name, number, was), (_, _, now) in zip(before, after, strict=True):
    # What is meant to differ: plain numbers in an array of objects are computed, not refused.
    meant = was[0] in REFUSALS and (number == PLAIN or (number == EMPTY and name in NEW))
    if was != now and not meant:
        changed.append((name, was, now))
print(len(before), changed)
"""


def run(code, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(autograd.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("pure", ["0", "1"])
def test_arrays_without_a_value_are_as_they_were(pure):
    done = run(OTHERS, AUTOGRAD_PURE=pure)
    assert done.stderr == ""
    count, changed = done.stdout.split(maxsplit=1)
    assert int(count) > 1900
    assert changed.strip() == "[]"


def test_numbers_beside_foreign_objects(engine):
    assert np.maximum(objects(3, Fraction(1, 2), Decimal(5)), 1).tolist() == [3, 1, Decimal(5)]
    assert np.exp(objects(Decimal(0), 0.0)).tolist() == [Decimal(1), 1.0]
    with pytest.raises(errors.NumberError, match="Decimal"):
        np.maximum(objects(engine.Value(1.0)), Decimal(5))


# --- putting the loops in place -----------------------------------------------------------

CHECK = """
import warnings
warnings.simplefilter("error")
{imports}
array = np.empty(1, dtype=object)
array[0] = Value(1.0)  # NumPy asks the Value nothing
result = np.maximum(array, 1)[0]
print(type(result) is Value, result.partials)
"""


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize(
    "imports",
    [
        "from autograd import Value\nimport numpy as np",
        "import numpy as np\nfrom autograd import Value",
        "from autograd import Value\nfrom numpy import linalg\nimport numpy as np",
        (
            "import threading\nfrom autograd import Value\nload = lambda: __import__('numpy')\n"
            "t = threading.Thread(target=load); t.start(); t.join()\nimport numpy as np"
        ),
    ],
)
def test_it_is_in_place_in_either_order_of_import(imports, pure):
    done = run(CHECK.format(imports=imports), AUTOGRAD_PURE=pure)
    assert (done.stderr, done.stdout.strip()) == ("", "True (0.5, 0.5)")


def test_import_of_autograd_does_not_load_numpy_and_leaves_the_finders_alone():
    code = """
import sys
finders = list(sys.meta_path)
import autograd
assert "numpy" not in sys.modules and "ctypes" not in sys.modules
watching, *others, former = sys.meta_path
assert others == finders and type(former).__module__ == "autograd.support.former_names"
import json.tool
import numpy
assert sys.meta_path == [*finders, former]
assert numpy.__spec__.loader.get_filename("numpy") == numpy.__file__
print("good")
"""
    done = run(code)
    assert (done.stderr, done.stdout) == ("", "good\n")


def test_numpy_that_is_missing_is_missing_still(tmp_path):
    code = """
import sys
sys.path[:] = [p for p in sys.path if "site-packages" not in p]
import autograd
for _ in range(2):
    try:
        import numpy
    except ModuleNotFoundError as error:
        print(error)
"""
    done = run(code)
    assert done.stdout.splitlines() == ["No module named 'numpy'"] * 2


def snapshot():
    """The loops of every ufunc, as NumPy has them."""
    return {
        name: bytes(numpy_loops._Head.from_address(id(ufunc)).loops)
        for name, ufunc in UFUNCS.items()
    }


def test_other_pythons_are_left_alone(monkeypatch):
    before = snapshot()
    monkeypatch.setattr(numpy_loops, "_kept", [])
    monkeypatch.setattr(sys.implementation, "name", "other")
    with pytest.warns(
        RuntimeWarning, match=r"loops cannot be replaced under other\); use autograd"
    ):
        numpy_loops.install(np)
    assert snapshot() == before


def test_the_elements_may_be_of_a_subclass():
    class Own:
        pass

    class Further(Own):
        pass

    appliers = type(numpy_support.appliers)({Own: len, int: None})
    assert appliers[Further] is len
    assert Further in appliers  # found once
    assert appliers[int] is appliers[bool] is appliers[str] is None


def test_it_is_done_once():
    before = snapshot()
    numpy_loops.install(np)
    assert snapshot() == before


@pytest.mark.parametrize("name", ["_checked_head", "_try_out", "_with_our_loop"])
def test_a_numpy_that_is_not_as_expected_stays_as_it_is_and_is_named(monkeypatch, name):
    """The fault comes at the last ufunc: those before it have been changed by then."""
    original = getattr(numpy_loops, name)

    def refuse(np, ufunc, *rest):
        if ufunc.__name__ == "trunc":
            raise RuntimeError("np.trunc is laid out in another way")
        return original(np, ufunc, *rest)

    before = snapshot()
    monkeypatch.setattr(numpy_loops, "_kept", kept := [])
    monkeypatch.setattr(numpy_loops, name, refuse)
    with pytest.warns(RuntimeWarning, match=r"np\.maximum.*trunc is laid out.*autograd\.maximum"):
        numpy_loops.install(np)
    assert snapshot() == before
    numpy_loops_kept_alive.append(kept)


numpy_loops_kept_alive = []


def test_the_layout_is_compared_with_what_python_sees():
    class Other:
        nin = nout = nargs = ntypes = 7
        __name__ = "other"
        types = ()

    with pytest.raises(RuntimeError, match=r"np\.other is laid out in another way"):
        numpy_loops._checked_head(np, Other())


def test_no_warning_comes_of_good_numbers(engine):
    array = values(engine, [0.5, -1.25, 2.0, 0.75])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for function in (np.exp, np.tanh, np.max, np.sign, np.floor, np.std, np.arctan):
            function(array)
