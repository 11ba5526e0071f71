"""Own operations: eager, at every order, forward, drawn, printed, checked; or refused at once."""

import copy
import gc
import importlib.util
import itertools
import math
import pickle
import textwrap
import weakref

import pytest

import autograd
from autograd import Value, derivative, grad, gradient, hessian, hvp, jacobian, jvp, op, ops
from autograd.errors import (
    ChainruleError,
    DivisionError,
    FormulaError,
    GradcheckError,
    GraphError,
    NumberError,
)

LIMIT, tanh, _total = 2.0, ops.tanh, ops._total


@op
def soft_ratio(x):
    """X over one plus its size."""
    below = 1.0 + math.fabs(x)
    return x / below, 1.0 / (below * below)


@op
def scaled_square(x, scale=2.0):
    return scale * x * x, 2.0 * scale * x, x * x


@op
def squares(*x):
    return _total([a * a for a in x]), *[2.0 * a for a in x]


@op
def gate(x):
    """Built on a rule of ours."""
    out, slope = tanh(x)
    return x * out * LIMIT, LIMIT * (out + x * slope)


numbers_of_modules = itertools.count()


@pytest.fixture
def defined(tmp_path):
    """A function that defines a rule with op, in a file, as its source must be readable."""

    def define(body, head="x"):
        body = textwrap.indent(textwrap.dedent(body), "    ")
        source = (
            "import math\nimport autograd\nfrom autograd import ops\n"
            "from autograd.ops import tanh, logsumexp, hypot, _total, exp as wrong_name\n"
            f"LIMIT, TEXT, FLAG = 2.0, 'a', True\n@autograd.op\ndef rule({head}):\n{body}\n"
        )
        path = tmp_path / f"rules_{next(numbers_of_modules)}.py"
        path.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.rule

    return define


# --- what they do ----------------------------------------------------------------------------


def test_numbers_give_numbers_and_values_values():
    assert soft_ratio(1.0) == 0.5
    assert type(soft_ratio(1)) is float
    x = Value(1.0, "x")
    y = soft_ratio(x)
    y.backward()
    assert (y.data, y.op, y.parents, y.partials, x.grad) == (0.5, "soft_ratio", (x,), (0.25,), 0.25)


def test_a_rule_that_gives_an_integer_gives_a_float(defined):
    rule = defined("return math.floor(x), 0.0")
    assert type(rule(1.5)) is float


def test_on_both_engines(engine):
    x = engine.Value(-3.0)
    y = engine.apply(soft_ratio.rule, x)
    y.backward()
    assert (y.data, y.op, x.grad) == (-0.75, "soft_ratio", 1 / 16)


def test_every_order():
    # x / (1 + x): n! (-1)^(n + 1) / (1 + x)^(n + 1)
    for n in range(1, 7):
        expected = math.factorial(n) * (-1) ** (n + 1) / 3.0 ** (n + 1)
        assert derivative(soft_ratio, n)(2.0) == pytest.approx(expected, rel=1e-12, abs=0)
    assert grad(grad(soft_ratio))(2.0) == pytest.approx(-2 / 27, rel=1e-12, abs=0)


def test_forward_mode_and_second_order():
    assert jvp(soft_ratio, (1.0,), (2.0,)) == (0.5, 0.5)
    assert hvp(soft_ratio, (1.0,), (2.0,)) == (-0.5,)
    assert hessian(scaled_square, (0, 1))(3.0, 4.0) == ((8.0, 6.0), (6.0, 0.0))
    assert jacobian(grad(scaled_square, (0, 1)), (0, 1))(3.0, 4.0) == ((8.0, 6.0), (6.0, 0.0))


def test_a_rule_may_call_rules_and_name_numbers():
    x, t = 0.7, math.tanh(0.7)
    slope = 1 - t * t
    assert gate(x) == 2.0 * x * t
    second = 2.0 * (2.0 * slope - 2.0 * x * t * slope)
    assert derivative(gate, 2)(x) == pytest.approx(second, rel=1e-14, abs=0)
    assert hvp(gate, (x,), (1.0,))[0] == pytest.approx(second, rel=1e-14, abs=0)


def test_a_rule_of_a_sequence():
    assert squares([1.0, 2.0]) == 5.0
    assert grad(squares)([1.0, 2.0]) == [2.0, 4.0]
    assert hessian(squares)([1.0, 2.0]) == [[2.0, 0.0], [0.0, 2.0]]
    assert jacobian(grad(squares))([1.0, 2.0]) == [[2.0, 0.0], [0.0, 2.0]]
    assert squares(Value(float(i)) for i in range(3)).data == 5.0
    assert bool(squares.check(-2, 2))


def test_defaults_and_names():
    assert (scaled_square(3.0), scaled_square(3.0, 1.0), scaled_square(3.0, scale=1.0)) == (
        18.0, 9.0, 9.0)  # fmt: skip
    assert scaled_square(x=3.0) == 18.0
    scale = Value(5.0)
    assert gradient(scaled_square(Value(3.0), scale=scale), scale) == 9.0


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: soft_ratio("a"), NumberError),
        (lambda: soft_ratio(None), NumberError),
        (lambda: soft_ratio(), TypeError),
        (lambda: soft_ratio(1.0, 2.0), TypeError),
        (lambda: soft_ratio(Value(1.0), 2.0), TypeError),
        (lambda: scaled_square(1.0, 2.0, 3.0), TypeError),
        (lambda: scaled_square(1.0, size=2.0), TypeError),
        (lambda: squares(1.0), TypeError),
        (lambda: squares([1.0], [2.0]), TypeError),
        (lambda: squares(), TypeError),
        (lambda: squares([1.0], scale=2.0), TypeError),
        (lambda: squares(["a"]), NumberError),
    ],
)
def test_wrong_calls_are_refused(call, error):
    with pytest.raises(error):
        call()


def test_what_math_refuses_is_named(defined):
    inverse = defined("return 1.0 / x, -1.0 / (x * x)")
    for zero in (0.0, Value(0.0, "z")):
        with pytest.raises(DivisionError, match=r"rule\(.*division by zero"):
            inverse(zero)


def test_they_are_drawn_with_their_name():
    x = Value(1.0, "x")
    assert "soft_ratio" in autograd.draw(soft_ratio(x)).svg
    slope = gradient(soft_ratio(x), x, create_graph=True)
    assert "soft_ratio\N{PRIME}" in autograd.draw(slope).svg
    by_scale = gradient(scaled_square(Value(1.0), x), x, create_graph=True)
    assert "scaled_square" in autograd.draw(by_scale).svg


def test_they_print_as_c_and_javascript():
    from autograd.export.c_printer import c_function

    assert "rule_soft_ratio(double x" in c_function(soft_ratio.formula, {}, ())
    javascript = pytest.importorskip("autograd.export.javascript_printer")
    assert "soft_ratio" in javascript.javascript_function(soft_ratio.formula, {}, ())


def test_they_say_what_they_are():
    assert repr(soft_ratio) == "<operation soft_ratio(x)>"
    assert repr(scaled_square) == "<operation scaled_square(x, scale=2.0)>"
    assert (soft_ratio.__name__, soft_ratio.__doc__) == ("soft_ratio", "X over one plus its size.")
    assert soft_ratio.formula.operands == ("x",)


def test_copies_are_the_operation_itself():
    assert copy.deepcopy(soft_ratio) is copy.copy(soft_ratio) is soft_ratio
    assert pickle.loads(pickle.dumps(soft_ratio)) is soft_ratio


def test_a_deep_copy_of_a_node_can_be_differentiated_twice():
    out = copy.deepcopy(soft_ratio(Value(1.0)) * 2.0)
    [x] = out.parents[0].parents
    out.backward()
    assert x.grad == 0.5
    assert gradient(gradient(out, x, create_graph=True), x) == -0.5


def test_a_pickle_knows_the_gradient_but_no_more():
    out = pickle.loads(pickle.dumps(soft_ratio(Value(1.0)) * 2.0))
    [x] = out.parents[0].parents
    assert (out.parents[0].op, gradient(out, x)) == ("soft_ratio", 0.5)
    with pytest.raises(GraphError, match=r"rule of soft_ratio.*@autograd\.op"):
        gradient(out, x, create_graph=True)


def test_a_pickled_derivative_of_our_own_rules_can_be_differentiated():
    x = Value(0.5)
    slope = gradient(x.tanh(), x, create_graph=True)
    twin = pickle.loads(pickle.dumps(slope))
    assert gradient(twin, twin.parents[0]) == gradient(slope, x)
    again = gradient(twin, twin.parents[0], create_graph=True)
    assert again.data == gradient(slope, x)


def test_a_rule_of_the_same_name_is_not_taken_for_ours():
    def square(x):  # a plain rule, without op
        return x * x * x, 3.0 * x * x

    def cubed(x):
        return autograd.apply(square, x)

    assert grad(cubed)(2.0) == 12.0
    assert grad(grad(cubed))(2.0) == 12.0
    assert hvp(cubed, (2.0,), (1.0,)) == (12.0,)
    assert hessian(cubed)(3.0) == 18.0


# --- names in a rule are its own -------------------------------------------------------------

SINES = {
    "sin_x": "sin_x = math.sin(x)\nreturn sin_x, math.cos(x)",
    "cos_x": "cos_x = math.cos(x)\nreturn math.sin(x), cos_x",
    "sin": "sin = math.sin(x)\nreturn sin, math.cos(x)",
    "cos": "cos = math.cos(x)\nreturn math.sin(x), cos",
    "both": "sin_x = math.sin(x)\ncos_x = math.cos(x)\nreturn sin_x, cos_x",
    "rule_x": "rule_x = math.cos(x)\nreturn math.sin(x), rule_x",
    "x_x": "x_x = x * 1.0\nreturn math.sin(x_x), math.cos(x_x)",
    "mul": "mul = 1.0 * x\nreturn math.sin(mul), math.cos(mul)",
    "math": "out = math.sin(x)\nmath_x = math.cos(x)\nreturn out, math_x",
    "_": "_ = math.cos(x)\nreturn math.sin(x), _",
    "out in a partial": "out = math.cos(x)\nreturn 1.0 * math.sin(x), out * 1.0",
    "out": "out = x\nreturn math.sin(out), math.cos(out)",
    "neg and sub": "neg, sub = x, 0.0\nreturn math.sin(neg - sub), math.cos(neg)",
}


@pytest.mark.parametrize("what", SINES)
def test_steps_may_have_any_name(defined, what):
    """Each is sin."""
    rule = defined(SINES[what])
    expected = [math.sin(0.7), math.cos(0.7), -math.sin(0.7), -math.cos(0.7), math.sin(0.7)]
    found = [derivative(rule, n)(0.7) for n in range(5)]
    assert found == pytest.approx(expected, rel=1e-12, abs=0)
    assert hvp(rule, (0.7,), (1.0,))[0] == pytest.approx(-math.sin(0.7), rel=1e-12, abs=0)


@pytest.mark.parametrize("name", ["exp", "exp_x", "x_x", "self", "mul", "_total"])
def test_operands_may_have_any_name(defined, name):
    rule = defined(f"e = math.exp(x)\nreturn e * {name}, e * {name}, e", head=f"x, {name}")
    e = math.exp(0.5)
    expected = ((2.0 * e, e), (e, 0.0))
    for found in (hessian(rule, (0, 1))(0.5, 2.0), jacobian(grad(rule, (0, 1)), (0, 1))(0.5, 2.0)):
        assert [*found[0], *found[1]] == pytest.approx([*expected[0], *expected[1]], rel=1e-14)


def test_a_name_given_twice_means_the_last_or_is_refused(defined):
    try:
        rule = defined("a = x * x\nb = a\na = a * x\nreturn a, 3.0 * b")
    except FormulaError:
        return
    assert [derivative(rule, n)(0.5) for n in range(4)] == [0.125, 0.75, 3.0, 6.0]


def test_an_operand_set_anew_means_the_last_or_is_refused(defined):
    try:
        rule = defined("slope = 2.0 * x\nx = x * x\nreturn x, slope")
    except FormulaError:
        return
    assert [derivative(rule, n)(0.5) for n in range(4)] == [0.25, 1.0, 2.0, 0.0]


# --- what is refused at definition ----------------------------------------------------------------

REFUSED = {
    "two partials": ("return x, 1.0, 2.0", "2 partials for 1 operands"),
    "no partial": ("return (x,)", "0 partials for 1 operands"),
    "no tuple": ("return x", "ends with one return"),
    "a loop": ("for i in range(3): x = x * x\nreturn x, 1.0", "assignments and one return"),
    "a list": ("return math.prod([x]), 1.0", "no List"),
    "an unknown name": ("return x * UNKNOWN, 1.0", "UNKNOWN"),
    "a text": ("return x * TEXT, 1.0", "TEXT"),
    "a flag": ("return x * FLAG, 1.0", "FLAG"),
    "another module": ("return x * ops.LN2, ops.LN2", "ops.LN2"),
    "an unknown function of math": ("return math.gamma(x), 1.0", "math.gamma"),
    "a function as a number": ("return x * math.exp, 1.0", "math.exp"),
    "abs": ("return abs(x), 1.0", "math.fabs"),
    "max": ("return max(x, 0.0), 1.0", "a conditional"),
    "itself": ("a, b = rule(x)\nreturn a, b", "rule"),
    "too many results": ("a, b, c = tanh(x)\nreturn a, b", "2 results, not 3"),
    "too few results": ("a, b = hypot(x, x)\nreturn a, b", "3 results, not 2"),
    "a reserved name": ("a__b = x\nreturn a__b, 1.0", "a__b"),
    "a comparison as a number": ("return x * (x > 0.0), 1.0 * (x > 0.0)", "x > 0.0"),
    "a rule of a sequence": ("a, b = logsumexp(x)\nreturn a, b", "logsumexp"),
    "a keyword": ("return math.exp(x=x), 1.0", "keyword"),
    # Found only when called, if at all, before:
    "no number as partial": ("return x, None", "None"),
    "a text as partial": ("return x, 'a'", "'a'"),
    "an imaginary partial": ("return x, 1j", "1j"),
    "all results as one": ("out = tanh(x)\nreturn out, 1.0", "tanh"),
    "too many operands": ("a, b = tanh(x, x)\nreturn a, b", "tanh"),
    "too many operands of math": ("return x, math.exp(x, x)", "math.exp"),
    "too few operands of math": ("return x, math.exp()", "math.exp"),
    "a logarithm to a base": ("return x, math.log(x, 10.0)", "math.log"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_followed_is_refused_at_definition(defined, what):
    body, match = REFUSED[what]
    with pytest.raises(FormulaError, match=match):
        defined(body)


REFUSED_SEQUENCES = {
    "a single partial": ("return _total(x), 1.0", "partials"),
    "no partial": ("return (_total(x),)", "partials"),
    "an unknown function": ("return _total([unknown(a) for a in x]), *x", "unknown"),
    "an unknown function of math": ("return _total([math.gamma(a) for a in x]), *x", "gamma"),
    "an unknown name": ("return _total(x) * UNKNOWN, *[UNKNOWN for a in x]", "UNKNOWN"),
}


@pytest.mark.parametrize("what", REFUSED_SEQUENCES)
def test_what_cannot_be_followed_of_a_sequence_is_refused(defined, what):
    body, match = REFUSED_SEQUENCES[what]
    with pytest.raises(FormulaError, match=match):
        defined(body, head="*x")


@pytest.mark.parametrize("head", ["x, *, y", "x, **y", "y, *x", ""])
def test_operands_that_cannot_be_followed_are_refused(defined, head):
    with pytest.raises(FormulaError, match="rule"):
        defined("return 1.0, 1.0" if head else "return (1.0,)", head=head)


def test_what_is_no_function_defined_with_def():
    for thing in (math.sin, 3.0, Value, soft_ratio, None):
        with pytest.raises(TypeError, match="op takes a function defined with def"):
            op(thing)
    with pytest.raises(FormulaError, match="def"):
        op(lambda x: (x, 1.0))
    found = {}
    exec("def rule(x):\n    return x, 1.0", found)  # noqa: S102 - our own
    with pytest.raises(FormulaError, match="source of rule rule cannot be read"):
        op(found["rule"])


def test_every_refusal_is_one_of_ours():
    assert issubclass(FormulaError, ChainruleError)
    assert issubclass(FormulaError, ValueError)


# --- check -------------------------------------------------------------------------------------


def test_check_passes_what_is_right():
    assert soft_ratio.check(-2, 2)
    assert gate.check(-2, 2, samples=10, seed=3)
    assert scaled_square.check((-2, 2), (0.5, 1))
    assert len(scaled_square.check(-1, 1, samples=7).entries) == 14


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("return x * x, -2.0 * x", "x"),  # a wrong sign
        ("return x * x, x", "x"),  # a missing factor
        ("return x * y, x, y", "x, y"),  # the wrong way round
        ("return x * y, y, 1.001 * x", "x, y"),  # a little
        ("return _total([a * a for a in x]), *x", "*x"),
    ],
)
def test_check_finds_what_is_wrong(defined, body, head):
    rule = defined(body, head)
    with pytest.raises(GradcheckError, match="check of rule") as caught:
        rule.check(-2, 2)
    assert "wrong" in str(caught.value)
    assert not rule.check(-2, 2, raise_exception=False)


@pytest.mark.parametrize("ranges", [(), (1,), ([-1, 1],), ("a", "b"), ((1, 2), (3, 4)), (1, 2, 3)])
def test_check_says_what_it_takes(ranges):
    with pytest.raises(TypeError, match=r"soft_ratio.check\(-2, 2\)"):
        soft_ratio.check(*ranges)


@pytest.mark.parametrize("samples", [0, -1])
def test_check_of_nothing_is_refused(samples):
    with pytest.raises(ValueError, match="samples"):
        soft_ratio.check(-2, 2, samples=samples)


# --- what a review found -------------------------------------------------------------------------

FACTOR = 2.0


def test_derived_rules_read_the_numbers_that_the_rule_reads(monkeypatch):
    @op
    def scaled(x):
        return FACTOR * x * x, 2.0 * FACTOR * x

    assert derivative(scaled, 2)(1.0) == 4.0
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert (scaled(1.0), derivative(scaled)(1.0), derivative(scaled, 2)(1.0)) == (3.0, 6.0, 6.0)


def test_derived_rules_read_the_nonlocals_that_the_rule_reads():
    factor = 2.0

    @op
    def scaled(x):
        return factor * x * x, 2.0 * factor * x

    assert derivative(scaled, 2)(1.0) == 4.0
    factor = 3.0
    assert (scaled(1.0), derivative(scaled)(1.0), derivative(scaled, 2)(1.0)) == (3.0, 6.0, 6.0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            (
                "positive = [2.0 * a if a > 0.0 else 0.0 for a in x]\n"
                "return _total([a * a for a in x if a > 0.0]), *positive"
            ),
            [[2.0, 0.0], [0.0, 0.0]],
        ),
        ("a = 1.0 * len(x)\nreturn a * _total([1.0 * a for a in x]), *[a for b in x]", None),
        (
            "n = len(x) // 2\nreturn n * _total([a * a for a in x]), *[2.0 * n * a for a in x]",
            [[2.0, 0.0], [0.0, 2.0]],
        ),
    ],
)
def test_sequences_with_filters_steps_and_lengths(defined, body, expected):
    rule = defined(body, head="*x")
    found = hessian(rule)([3.0, -2.0])
    assert found == (expected or [[0.0, 0.0], [0.0, 0.0]])
    assert jacobian(grad(rule))([3.0, -2.0]) == found


def test_rules_by_another_name_are_refused(defined):
    with pytest.raises(FormulaError, match="wrong_name"):
        defined("a, b = wrong_name(x)\nreturn a, b")


def test_rules_that_are_gone_leave_nothing_behind(quick_collections):
    alive = []
    for _ in range(5):

        @op
        def cube(x):
            return x * x * x, 3.0 * x * x

        assert derivative(cube, 3)(2.0) == 6.0
        alive.append(weakref.ref(cube.rule))
    del cube
    gc.collect()
    assert [reference() for reference in alive] == [None] * 5


def test_high_orders_come_at_once():
    assert derivative(autograd.sigmoid, 8)(0.0) == 0.0
    assert derivative(lambda x: 1.0 / x, 8)(1.0) == pytest.approx(40320.0, rel=1e-12)


# --- import math inside of a rule -----------------------------------------------------------


@op
def logistic(x):
    """An operation that brings its own math."""
    import math

    e = math.exp(-x)
    return 1.0 / (1.0 + e), e / (1.0 + e) ** 2


def test_a_rule_may_import_math_itself():
    s = 1.0 / (1.0 + math.exp(-0.5))
    x = Value(0.5)
    out = logistic(x)
    out.backward()
    assert (logistic(0.5), out.data) == (s, s)
    assert x.grad == pytest.approx(s * (1.0 - s), rel=1e-14)
    # sigmoid'' = s (1 - s) (1 - 2 s)
    second = s * (1.0 - s) * (1.0 - 2.0 * s)
    assert derivative(logistic, 2)(0.5) == pytest.approx(second, rel=1e-13)
    assert jvp(logistic, (0.5,), (1.0,))[1] == pytest.approx(x.grad, rel=1e-14)
    assert logistic.check(-2, 2)
    assert "exp" in autograd.latex(logistic(x)) or "logistic" in autograd.latex(logistic(x))


@pytest.mark.parametrize(
    "line", ["import math as m", "from math import exp", "import numpy as np", "import math, sys"]
)
def test_other_imports_inside_of_a_rule_say_what_to_write(defined, line):
    with pytest.raises(FormulaError, match=r"imports nothing but math: write `import math`"):
        defined(f"""
            {line}
            return x * x, 2.0 * x
        """)
