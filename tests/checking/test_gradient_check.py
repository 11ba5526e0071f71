"""The check of derivatives: right ones pass, planted mistakes are found, kinks are named."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import is_sequence_rule

import autograd
from autograd import Value, apply, gradcheck, ops
from autograd.checking.extrapolation import Slope
from autograd.checking.gradient_check import Entry, GradcheckReport, gradgradcheck
from autograd.errors import DomainError, GradcheckError, GraphError


def wrong_square(x):
    return x * x, 3.0 * x  # should be 2 x


def circuit(x, y, z):
    return (x + y) * z


def of_rule(rule):
    return lambda *operands: apply(rule, *operands)


def found(rule, *inputs):
    """Whether gradcheck finds a mistake in `rule` at `inputs`."""
    report = gradcheck(of_rule(rule), inputs, raise_exception=False)
    return not report


# --- right gradients -------------------------------------------------------------


def test_right_gradients_pass():
    report = gradcheck(circuit, [-2.0, 5.0, -4.0])
    assert report
    assert [entry.analytic for entry in report.entries] == [-4.0, -4.0, 3.0]
    assert [entry.numeric for entry in report.entries] == pytest.approx([-4.0, -4.0, 3.0])
    assert str(report).startswith("all 3 gradients agree\n")


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=2))
def test_numerical_and_analytic_gradients_agree(numbers):
    def f(x, y):
        return (x * y).sin() + autograd.softplus(x - y)

    assert gradcheck(f, numbers, tolerance=1e-9)


def operands_of(rule, rng):
    """Operands inside the domain of `rule`, at its ends, or whole numbers, where kinks are."""
    count = 4 if is_sequence_rule(rule) else rule.__code__.co_argcount
    domain = ops.TABLE[rule].domain
    ends = [*domain, *domain[-1:] * count][:count]
    choose = rng.choice(
        [
            rng.uniform,
            lambda low, high: rng.choice([low, high]),
            lambda low, high: float(math.ceil(rng.uniform(low, high - 1.0))),
        ]
    )
    return [min(max(choose(low, high), low), high) for low, high in ends]


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation_passes_everywhere(rule):
    """Kinks, jumps, ties and edges included."""
    rng = random.Random(rule.__name__)
    for _ in range(25):
        assert gradcheck(of_rule(rule), operands_of(rule, rng))


def test_a_constant_function_passes():
    assert gradcheck(lambda x: 3.0, [1.0])
    assert gradcheck(lambda x: Value(3.0), [1.0])


def test_the_identity_passes():
    assert gradcheck(lambda x: x, [1.0]).entries[0].analytic == 1.0


def test_nested_inputs_are_named_by_their_place():
    def f(x, w):
        return x * w["a"][0] + w["a"][1] ** 2

    report = gradcheck(f, [2.0, {"a": [3.0, Value(4.0, "v")]}])
    assert [(e.name, e.analytic) for e in report.entries] == [
        ("0", 3.0), ("1['a'][0]", 2.0), ("v", 8.0)]  # fmt: skip


def test_names_tell_the_scope():
    with autograd.scope("mlp/layer0"):
        w = Value(2.0, "w")
    assert gradcheck(lambda: w * w, [w]).entries[0].name == "mlp/layer0/w"


def test_inputs_that_require_no_gradient_are_not_checked():
    constant = Value(3.0, requires_grad=False)
    assert [e.name for e in gradcheck(lambda x, y: x * y, [2.0, constant]).entries] == ["0"]
    for nothing in ([constant], []):
        with pytest.raises(GraphError, match="no input requires a gradient"):
            gradcheck(lambda *x: 1.0, nothing)


def test_under_no_grad_there_is_nothing_to_check():
    for check in (gradcheck, gradgradcheck):
        with autograd.no_grad(), pytest.raises(GraphError, match="outside"):
            check(lambda x: x * x, [1.0])


# --- planted mistakes ------------------------------------------------------------


def test_a_wrong_gradient_is_caught_and_shown():
    def loss(x, y):
        return apply(wrong_square, x) * y

    inputs = [Value(2.0, "x"), Value(5.0, "y")]
    with pytest.raises(
        GradcheckError, match="gradcheck of loss: 1 of 2 gradients is off"
    ) as caught:
        gradcheck(loss, inputs)
    wrong = next(line for line in str(caught.value).splitlines() if "<-- wrong" in line)
    assert wrong.split()[:4] == ["x", "2", "30", "20"]  # 3 x y where 2 x y is right
    report = gradcheck(loss, inputs, raise_exception=False)
    assert not report
    assert [entry.name for entry in report.wrong] == ["x"]
    assert report.entries[0].error == pytest.approx(1 / 3, rel=1e-9, abs=0)


def test_a_wrong_sign_is_found():
    def cos(x):
        return math.cos(x), math.sin(x)

    assert found(cos, 1.0)
    assert not found(cos, 0.0)  # where the sign does not matter


@pytest.mark.parametrize("factor", [2.0, 1.001, 1.0 + 1e-6, 0.0])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_missing_factor_is_found_whatever_the_size_of_the_gradient(factor, scale):
    def scaled_sine(x):
        return scale * math.sin(x), factor * scale * math.cos(x)

    assert found(scaled_sine, 1.0)


def sum_of_squares_by_hand(accumulate):
    """A rule with x's derivative from a little engine of its own: x * x + x * x, by a loop."""

    def rule(x):
        leaf = Value(x)
        square, other = leaf * leaf, leaf * leaf
        out = square + other
        grads = dict.fromkeys([leaf, square, other], 0.0) | {out: 1.0}
        for node in reversed(autograd.topological_order(out)):
            contributions = node.local_gradient(grads[node])
            for parent, contribution in zip(node.parents, contributions, strict=True):
                grads[parent] = (grads[parent] if accumulate else 0.0) + contribution
        return out.data, grads[leaf]

    return rule


def test_a_forgotten_accumulation_is_found():
    assert found(sum_of_squares_by_hand(accumulate=False), 3.0)
    assert not found(sum_of_squares_by_hand(accumulate=True), 3.0)


@pytest.mark.skipif(autograd.engine != "pure", reason="the compiled Value cannot be patched")
def test_a_forgotten_accumulation_in_the_engine_is_found(monkeypatch):
    def overwriting(self):
        for parent, partial in zip(self.parents, self.partials, strict=True):
            parent._grad = self._grad * partial

    monkeypatch.setattr(Value, "_backward", overwriting)
    assert gradcheck(lambda x: (x * 2.0).tanh(), [0.5])
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x + x, [0.5])


def relu_with(left, at_zero, right):
    """ReLU, with these derivatives."""
    return lambda x: (max(x, 0.0), left if x < 0.0 else right if x > 0.0 else at_zero)


@pytest.mark.parametrize("distance", [1.0, 1e-3, 1e-6, 1e-9, 1e-30])
def test_the_slope_of_the_wrong_side_is_found_however_near_the_kink(distance):
    right, swapped = relu_with(0.0, 0.0, 1.0), relu_with(1.0, 0.0, 0.0)
    for x in (-distance, distance):
        assert not found(right, x)
        assert found(swapped, x)
    assert found(relu_with(1.0, 0.0, 1.0), -distance)
    assert found(relu_with(0.0, 0.0, 0.0), distance)


@pytest.mark.parametrize(
    ("at_zero", "wrong"), [(0.0, False), (0.5, False), (1.0, False), (-0.01, True), (1.01, True)]
)
def test_at_a_kink_only_slopes_between_the_sides_pass(at_zero, wrong):
    report = gradcheck(of_rule(relu_with(0.0, at_zero, 1.0)), [0.0], raise_exception=False)
    assert [entry.slope.kind for entry in report.entries] == ["kink"]
    assert bool(report.wrong) is wrong
    assert ("<-- wrong (kink)" in str(report)) is wrong
    assert ("0 to 1" in str(report)) is True


def test_an_infinite_slope_must_be_infinite():
    def finite_sqrt(x):
        return math.sqrt(x), 0.5 / math.sqrt(x) if x else 0.0

    assert not found(ops.sqrt, 0.0)
    assert found(finite_sqrt, 0.0)


def test_at_a_jump_the_slope_of_the_sides_counts():
    def steep_floor(x):
        return math.floor(x), 1.0

    assert not found(ops.floor, 2.0)
    assert found(steep_floor, 2.0)


def test_a_gradient_that_is_nan_is_wrong():
    def rule(x):
        return x, math.nan

    with pytest.raises(GradcheckError, match="nan"):
        gradcheck(of_rule(rule), [1.0])


def test_a_detached_input_is_caught():
    """A number taken out of the graph by .data."""
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x * x.data, [3.0])
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: 2.0 * x.data, [3.0])


def test_tolerance_decides():
    def nearly(x):
        return x * x, 2.001 * x

    assert gradcheck(of_rule(nearly), [3.0], tolerance=1e-2)
    with pytest.raises(GradcheckError):
        gradcheck(of_rule(nearly), [3.0], tolerance=1e-5)


def test_a_function_of_chance_is_refused():
    rng = random.Random(0)
    with pytest.raises(GradcheckError, match="fix its random numbers"):
        gradcheck(lambda x: x * rng.random(), [1.0])


def test_inputs_where_the_function_is_not_finite_are_refused():
    with pytest.raises(DomainError, match="choose some where it is finite"):
        gradcheck(lambda x: x * math.inf, [1.0])
    with pytest.raises(DomainError, match="log"):
        gradcheck(autograd.log, [-1.0])


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_wrong_calls_are_refused(check):
    with pytest.raises(TypeError, match=r"circuit.*takes neither 2 inputs nor none"):
        check(circuit, [1.0, 2.0])
    with pytest.raises(TypeError, match="one sequence"):
        check(circuit, 1.0)
    with pytest.raises(ValueError, match="step must be a positive number"):
        check(circuit, [1.0, 2.0, 3.0], step=-1.0)


# --- what a check leaves behind --------------------------------------------------


def test_gradients_and_data_are_put_back():
    w, b = Value(0.5), Value(-1.0)
    between = w * 4.0
    between.backward()
    assert gradcheck(lambda: (between + w * 3.0 + b) ** 2, [b])
    assert gradcheck(lambda: (w * 3.0 + b) ** 2, [w, b])
    assert (w.grad, b.grad, w.data, b.data) == (4.0, 0.0, 0.5, -1.0)
    assert between.grad == 1.0


def test_gradients_are_put_back_after_an_error_too():
    w = Value(0.5)
    w.grad = 4.0
    with pytest.raises(GradcheckError):
        gradcheck(lambda: apply(wrong_square, w), [w])
    with pytest.raises(DomainError):
        gradcheck(lambda: autograd.log(w - 0.5 - 1e-9), [w])
    assert (w.grad, w.data) == (4.0, 0.5)


# --- second derivatives ----------------------------------------------------------


def test_right_second_derivatives_pass():
    report = gradgradcheck(lambda x, y: x * x * y, [3.0, 5.0])
    assert [(entry.name, entry.analytic) for entry in report.entries] == [
        ("0, 0", 10.0),
        ("0, 1", 6.0),
        ("1, 0", 6.0),
        ("1, 1", 0.0),
    ]
    assert [e.numeric for e in report.entries] == pytest.approx([10.0, 6.0, 6.0, 0.0], abs=1e-9)
    assert str(report).startswith("all 4 second derivatives agree\n")


def test_second_derivatives_of_a_loss_over_parameters_pass():
    w, b = Value(0.5, "w"), Value(-0.3, "b")
    w.grad = 7.0
    report = gradgradcheck(lambda: ((w * 1.5 + b).tanh() - 0.2) ** 2, [w, b])
    assert [entry.name for entry in report.entries] == ["w, w", "w, b", "b, w", "b, b"]
    assert (w.grad, b.grad, w.data, b.data) == (7.0, 0.0, 0.5, -0.3)


def test_a_linear_and_a_constant_function_have_no_second_derivative():
    for function in (lambda x, y: 2.0 * x - y, lambda x, y: 3.0, lambda x, y: y):
        assert [e.analytic for e in gradgradcheck(function, [1.0, 2.0]).entries] == [0.0] * 4


def tangent_of_square(x):
    """x * x and its first derivative, but by the tangent at the number x.data: it is straight."""
    return 2.0 * x * x.data - x.data**2


def test_a_wrong_second_derivative_is_found():
    assert gradcheck(tangent_of_square, [1.5])
    with pytest.raises(
        GradcheckError, match="gradgradcheck of tangent_of_square: 1 of 1 second derivatives is off"
    ):
        gradgradcheck(tangent_of_square, [1.5])
    [wrong] = gradgradcheck(tangent_of_square, [1.5], raise_exception=False).wrong
    assert (wrong.analytic, wrong.numeric) == (0.0, pytest.approx(2.0))


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_second_derivatives_of_every_operation_pass(rule):
    rng = random.Random(rule.__name__)
    domain = ops.TABLE[rule].domain
    for _ in range(3):
        count = rule.__code__.co_argcount or 3 + (rule is ops.dot)
        ends = [*domain, *domain[-1:] * count][:count]
        inputs = [low + (high - low) * rng.uniform(0.1, 0.9) for low, high in ends]
        assert gradgradcheck(of_rule(rule), inputs)


# --- the report ------------------------------------------------------------------


def entry(name, analytic, numeric, uncertainty=0.0, kind="smooth"):
    return Entry(name, 1.0, analytic, Slope(kind, numeric, numeric, uncertainty))


@pytest.mark.parametrize(
    ("analytic", "numeric", "expected"),
    [(100.0, 101.0, 1 / 101), (-200.0, 100.0, 1.5), (1e-3, 2e-3, 0.5), (5.0, 5.0, 0.0),
     (math.inf, math.inf, 0.0), (math.inf, 1.0, math.inf), (math.nan, 1.0, math.inf)],
)  # fmt: skip
def test_the_error_is_relative_to_the_larger(analytic, numeric, expected):
    assert entry("x", analytic, numeric).error == pytest.approx(expected, rel=1e-12, abs=0)


def test_what_nudging_cannot_tell_is_forgiven_and_said():
    unclear = entry("x", 1e-12, 3e-12, uncertainty=1e-11)
    assert unclear.agrees(1e-8)
    assert "within the rounding" in str(GradcheckReport((unclear,), 1e-8))
    assert not entry("x", 1e-12, 3e-12, uncertainty=1e-12).agrees(1e-8)


def test_the_table_is_worst_first_and_short():
    entries = [entry(f"x{i}", 1.0, 1.0 + i / 1000) for i in range(25)]
    entries[7] = entry("unknown", math.nan, 1.0)
    text = str(GradcheckReport(tuple(entries), 1e-6))
    lines = text.splitlines()
    assert lines[0].startswith("24 of 25 gradients are off by more than 1e-06")
    assert lines[2].split()[0] == "unknown"
    assert [line.split()[0] for line in lines[3:6]] == ["x24", "x23", "x22"]
    assert lines[-1] == "... and 15 more, no worse than these"
    assert len(lines) == 13


def test_a_wrong_entry_comes_before_one_that_is_only_unclear():
    unclear = entry("unclear", 1e-12, 3e-12, uncertainty=1e-11)
    lines = str(GradcheckReport((unclear, entry("off", 1.0, 1.001)), 1e-8)).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["off", "unclear"]


def test_one_derivative_is_no_plural():
    assert str(gradcheck(lambda x: x, [1.0])).splitlines()[0] == "the gradient agrees"
    [verdict, *_] = str(gradgradcheck(lambda x: x * x, [1.0])).splitlines()
    assert verdict == "the second derivative agrees"


def test_the_verdict_counts_what_is_special():
    report = gradcheck(lambda x, y, z, u: x.relu() + y.floor() + z.sqrt() + u, [0.0, 2.0, 0.0, 1.0])
    verdict = "all 4 gradients agree (1 at a kink, 1 at a jump, 1 one-sided)"
    assert str(report).splitlines()[0] == verdict
    assert repr(report) == str(report)


def test_long_names_keep_their_end():
    text = str(GradcheckReport((entry("a" * 100 + "/w1", 1.0, 1.0),), 1e-8))
    assert "...aaa" in text
    assert "aaa/w1 " in text
    assert max(map(len, text.splitlines())) < 100
