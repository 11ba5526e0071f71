"""How a Value behaves among Python's numbers: operators, comparisons, conversions."""

import cmath
import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import is_sequence_rule, same

import autograd
from autograd import errors, ops

BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}
FINITE = st.floats(-1e3, 1e3)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("number", [2, 2.0, True, Fraction(5, 2)])
def test_operators_take_numbers_on_both_sides(engine, name, number):
    v = engine.Value(3.0)
    left, right = BINARY[name](number, v), BINARY[name](v, number)
    assert left.data == BINARY[name](float(number), 3.0)
    assert right.data == BINARY[name](3.0, float(number))
    assert (left.op, right.op) == (name, name)
    assert left.parents[1] is v
    assert right.parents[0] is v


@given(FINITE, FINITE)
def test_operators_compute_what_floats_compute(engine, x, y):
    v, w = engine.Value(x), engine.Value(y)
    assert (v + w).data == x + y
    assert (v - w).data == x - y
    assert (v * w).data == x * y
    assert (-v).data == -x
    assert abs(v).data == abs(x)
    if y:
        assert (v / w).data == x / y


@pytest.mark.parametrize(
    ("function", "gradients"),
    [
        (lambda v, w: v**w, (3 * 2.0**2, 8 * math.log(2.0))),
        (lambda v, w: v**3, (12.0, 0.0)),
        (lambda v, w: v**-1, (-0.25, 0.0)),
        (lambda v, w: v**0.5, (0.5 / math.sqrt(2.0), 0.0)),
        (lambda v, w: 2**w, (0.0, 8 * math.log(2.0))),
        (lambda v, w: v**w * v, (4 * 2.0**3, 16 * math.log(2.0))),
        (lambda v, w: 1 / v - w, (-0.25, -1.0)),
        (lambda v, w: 1 - v / w, (-1 / 3, 2 / 9)),
        (lambda v, w: -(v * w), (-3.0, -2.0)),
        (lambda v, w: abs(-v) + abs(w), (1.0, 1.0)),
        (lambda v, w: sum([v, w, v]), (2.0, 1.0)),
    ],
)
def test_gradients_of_expressions_at_2_and_3(engine, function, gradients):
    v, w = engine.Value(2.0), engine.Value(3.0)
    function(v, w).backward()
    assert (v.grad, w.grad) == pytest.approx(gradients, rel=1e-15, abs=0)


def test_a_negative_base_takes_whole_exponents_only(engine):
    v = engine.Value(-2.0)
    (v**3).backward()
    assert v.grad == 12.0
    with pytest.raises(ValueError, match="pow"):
        v**0.5


def test_an_augmented_assignment_makes_a_new_node(engine):
    x = out = engine.Value(3.0)
    out += 1.0
    out *= x
    out -= x
    out /= 2.0
    out **= 2.0
    assert x.data == 3.0
    out.backward()
    assert out.data == 4.5**2
    assert x.grad == 2 * 4.5 * 3.0  # ((x + 1) x - x)/2 = x**2 / 2


@pytest.mark.parametrize("name", [*BINARY, "mod", "floordiv", "matmul"])
@pytest.mark.parametrize("other", ["2", None, [2.0], {}, 2j, b"2", Decimal(2), object()])
def test_operators_refuse_what_is_no_real_number(engine, name, other):
    apply = BINARY.get(name) or getattr(operator, name)
    with pytest.raises(TypeError):
        apply(engine.Value(3.0), other)
    if (name, type(other)) not in [("mod", str), ("mod", bytes)]:  # "2" % v formats a text
        with pytest.raises(TypeError):
            apply(other, engine.Value(3.0))


def test_another_type_may_take_over_an_operator(engine):
    class Tensor:
        def __radd__(self, other):
            return ("radd", other)

    v = engine.Value(3.0)
    assert v + Tensor() == ("radd", v)


def test_pow_modulo_is_refused(engine):
    with pytest.raises(TypeError):
        pow(engine.Value(3.0), 2, 5)


def test_plus_sign(engine):
    v = engine.Value(-3.0)
    out = +v
    out.backward()
    assert (out.data, v.grad) == (-3.0, 1.0)


# --- comparisons -----------------------------------------------------------------

ORDERINGS = [operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("compare", ORDERINGS)
@pytest.mark.parametrize("x", [-1.0, 0.0, 2.0, math.inf, math.nan])
@pytest.mark.parametrize("y", [-1, 2.0, True, Fraction(1, 2), math.nan])
def test_comparisons_go_by_value(engine, compare, x, y):
    assert compare(engine.Value(x), y) is compare(x, y)
    assert compare(y, engine.Value(x)) is compare(y, x)
    assert compare(engine.Value(x), engine.Value(y)) is compare(x, float(y))


@pytest.mark.parametrize("compare", ORDERINGS)
@pytest.mark.parametrize("other", ["1", None, 1j, [1.0]])
def test_comparisons_with_what_is_no_number_are_refused(engine, compare, other):
    with pytest.raises(TypeError):
        compare(engine.Value(1.0), other)


def test_sorted_max_and_min_go_by_value(engine):
    a, b, c = engine.Value(3.0), engine.Value(-1.0), engine.Value(2.0)
    assert sorted([a, b, c]) == [b, c, a]
    assert max(a, b, c) is a
    assert min(a, b, c) is b
    assert sorted([a, b, c], reverse=True) == [a, c, b]


def test_two_values_are_equal_by_identity_as_their_hash_is(engine):
    a, b = engine.Value(1.0), engine.Value(1.0)
    assert a == a  # noqa: PLR0124
    assert a != b
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert [a, b].index(b) == 1
    assert b not in [a, 2.0]
    assert hash(a) == object.__hash__(a)


NUMBERS = [
    *(2, 2.0, True, Fraction(2), Fraction(1, 3), Decimal(2), 2 + 0j, 2 + 1j, 2**53 + 1, 10**400),
    *(math.inf, math.nan, np.float64(2.0), np.float32(0.5), np.int64(2), np.bool_(True)),
    *(np.array(2.0), np.longdouble(2.0)),
]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("x", [2.0, 1.0, 0.1, 2.0**53, math.inf, math.nan, 1 / 3])
def test_a_value_equals_a_number_as_its_number_does(engine, x, number):
    v, truth = engine.Value(x), bool(x == number)
    assert (v == number) is truth
    assert (v != number) is not truth
    assert bool(number == v) is truth
    assert bool(number != v) is not truth
    assert (number in [v, v]) is truth


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.longdouble, np.array])
def test_numpy_numbers_stand_on_either_side_of_a_comparison(engine, kind):
    for number in (1, 2, 3):
        x, v = kind(number), engine.Value(2.0)
        assert [x < v, x <= v, x > v, x >= v] == [
            *(number < 2, number <= 2, number > 2, number >= 2)
        ]
        assert [v < x, v <= x, v > x, v >= x] == [
            *(number > 2, number >= 2, number < 2, number <= 2)
        ]


@pytest.mark.parametrize("other", ["1.0", None, [1.0], (), object()])
def test_a_value_equals_nothing_else(engine, other):
    assert not engine.Value(1.0) == other  # noqa: SIM201
    assert engine.Value(1.0) != other
    assert not other == engine.Value(1.0)  # noqa: SIM201
    assert engine.Value(1.0).__eq__(other) is NotImplemented


def test_arrays_of_values_compare_element_by_element(engine):
    array = np.array([engine.Value(1.0), engine.Value(2.0)])
    assert (array == 2.0).tolist() == [False, True]
    assert (array != 2.0).tolist() == [True, False]
    assert (engine.Value(2.0) == np.array([1.0, 2.0])).tolist() == [False, True]


def test_a_branch_of_a_function_taken_by_number():
    """grad(lambda x: x*2 if x == 1 else x*5) at 1 is 2, worked by hand."""
    function = autograd.grad(lambda x: x * 2 if x == 1.0 else x * 5)
    assert (function(1.0), function(1.5)) == (2.0, 5.0)


# --- modulo ------------------------------------------------------------------------


@pytest.mark.parametrize("x", [7.5, -7.5, 1.0, 6.0, -6.0, 0.0, -0.0, 1e300])
@pytest.mark.parametrize("y", [2.0, -2.0, 0.1, -3.0, math.inf])
def test_modulo_and_floor_division_are_those_of_python(engine, x, y):
    v, w = engine.Value(x), engine.Value(y)
    for out, rest in ((v % w, x % y), (v % y, x % y), (x % w, x % y)):
        out.backward()
        assert same(out.data, rest)
    assert [(v // w).data, (v // y).data, (x // w).data] == [x // y] * 3
    assert (v.grad, w.grad) == (2.0, -2.0 * (x // y))
    assert divmod(v, w)[0].data == x // y


def test_modulo_by_zero_is_a_division_by_zero(engine):
    for work in (lambda: engine.Value(1.0) % 0.0, lambda: engine.Value(1.0) // 0):
        with pytest.raises(ZeroDivisionError, match=r"\(1\.0, 0\.0\)"):
            work()


def test_second_derivatives_of_modulo():
    """(x**2 mod y): d/dx = 2x, d2/dx2 = 2, and floor(x**2 / y) is constant between jumps."""
    matrix = autograd.hessian(lambda v: v[0] * v[0] % v[1])([2.2, 3.0])
    assert matrix == [[2.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -2.5, 1e-300, math.inf, math.nan])
def test_truth_is_that_of_the_number(engine, x):
    assert bool(engine.Value(x)) is bool(x)


# --- conversions -----------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [float, int, math.trunc, math.tanh, math.floor, math.isnan, complex, cmath.exp, "%.4f".__mod__],
)
def test_a_silent_detach_is_refused_and_told_the_way_out(engine, convert):
    with pytest.raises(errors.DetachError, match=r"v\.data.*v\.tanh\(\)"):
        convert(engine.Value(3.0))


@pytest.mark.parametrize("convert", [int, operator.index, math.trunc, len, iter, range, list])
def test_no_conversion_to_an_integer_or_a_sequence(engine, convert):
    with pytest.raises(TypeError):
        convert(engine.Value(3.0))


@pytest.mark.parametrize("x", [2.5, -3.5, 1e10 / 3, 0.0])
def test_round_is_that_of_the_number(engine, x):
    assert round(engine.Value(x)) == round(x)
    assert isinstance(round(engine.Value(x)), int)
    assert round(engine.Value(x), 2) == round(x, 2)
    assert isinstance(round(engine.Value(x), 2), float)
    assert round(engine.Value(x), -1) == round(x, -1)


@pytest.mark.parametrize("specification", [".3f", "8.2e", "+g", "%", "010.4f", "<9"])
def test_format_is_that_of_the_number(engine, specification):
    assert format(engine.Value(-1234.5678), specification) == format(-1234.5678, specification)


def test_an_unknown_format_is_refused(engine):
    with pytest.raises(ValueError, match="format"):
        f"{engine.Value(1.0):.3q}"


def test_repr_shows_data_gradient_and_label(engine):
    x = engine.Value(2, "x")
    assert repr(x) == str(x) == f"{x}" == "Value(data=2.0, grad=0.0, label='x')"
    out = x * x
    out.backward()
    assert repr(x) == "Value(data=2.0, grad=4.0, label='x')"
    assert repr(out) == "Value(data=4.0, grad=1.0)"


@pytest.mark.parametrize(
    "number", [3, 2.5, True, Fraction(1, 3), -0.0, math.inf, math.nan, 10**300]
)
def test_data_is_the_float_of_the_number(engine, number):
    data = engine.Value(number).data
    assert type(data) is float
    assert same(data, float(number))
    assert math.copysign(1.0, data) == math.copysign(1.0, number)


@pytest.mark.parametrize("other", ["1.0", None, 1j, [1.0], (1.0,), {}, b"1", Decimal(1)])
def test_what_is_no_real_number_is_refused_and_shown(engine, other):
    with pytest.raises(errors.NumberError) as caught:
        engine.Value(other)
    assert repr(other) in str(caught.value)
    assert type(other).__name__ in str(caught.value)


def test_a_value_in_a_value_is_refused_and_told_the_way_out(engine):
    with pytest.raises(errors.NumberError, match=r"\.data"):
        engine.Value(engine.Value(1.0))


def test_an_integer_too_large_for_a_float_is_refused(engine):
    with pytest.raises(errors.RangeError):
        engine.Value(10**400)
    with pytest.raises(errors.RangeError):
        engine.Value(1.0) + 10**400


# --- methods ---------------------------------------------------------------------

SCALAR = {rule.__name__: rule for rule in ops.TABLE if not is_sequence_rule(rule)}
METHODS = sorted(set(SCALAR) - {"add", "sub", "mul", "div", "neg", "where"})


@pytest.mark.parametrize("name", METHODS)
def test_a_method_applies_the_operation_of_its_name(engine, name):
    rule = SCALAR[name]
    first, *others = [sum(ends) / 2 for ends in ops.TABLE[rule].domain]
    others += others[-1:] * (rule.__code__.co_argcount - 1 - len(others))
    others += [first] * (rule.__code__.co_argcount - 1 - len(others))
    v = engine.Value(first)
    out = getattr(v, name)(*others)
    assert out.op == name
    assert out.parents[0] is v
    assert out.data == rule(first, *others)[0]


@pytest.mark.parametrize("name", ["sin", "cos", "tan", "sinh", "cosh", "tanh"])
def test_inverse_functions_have_numpys_names_too(engine, name):
    v = engine.Value(0.5) if name != "cosh" else engine.Value(1.5)
    assert getattr(v, f"arc{name}")().data == getattr(math, f"a{name}")(v.data)


def test_arctan2_has_numpys_name_too(engine):
    assert engine.Value(1.0).arctan2(-2.0).data == math.atan2(1.0, -2.0)


def test_methods_take_operands_by_name_and_fill_in_defaults(engine):
    v, low = engine.Value(-3.0), engine.Value(-1.0)
    out = v.clip(high=1.0, low=low)
    out.backward()
    assert (out.data, v.grad, low.grad) == (-1.0, 0.0, 1.0)
    assert v.leaky_relu().data == pytest.approx(-0.03, rel=1e-15, abs=0)
    assert v.leaky_relu(slope=0.5).data == -1.5
    assert v.elu().data == math.expm1(-3.0)
    assert v.elu(2.0).data == 2.0 * math.expm1(-3.0)
    with pytest.raises(TypeError, match="high"):
        v.clip(0.0)
    with pytest.raises(TypeError, match="height"):
        v.clip(0.0, 1.0, height=1.0)
