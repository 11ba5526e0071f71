"""The formulas that people read give the numbers that the rules give, for every operation."""

import ast
import math
import random

import pytest
from reference import is_sequence_rule

from autograd import ops
from autograd.calculus.formula import formula_for
from autograd.calculus.readable import partial_at, partial_in_cases, value_at
from autograd.errors import FormulaError

RULES = {rule.__name__: rule for rule in ops.TABLE}
SCALAR = [name for name, rule in RULES.items() if not is_sequence_rule(rule)]
SEQUENCE = [name for name in RULES if name not in SCALAR]

# What a formula means, without the rules: the functions of `math` and two definitions.
MEANINGS = {
    **vars(math),
    "math": math,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)),
    "softplus": lambda x: math.log(1.0 + math.exp(x)),
    "ndtr": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "sinc": lambda x: math.sin(math.pi * x) / (math.pi * x),
    "prod": lambda *x: math.prod(x),
    "PI": math.pi,
    "LN2": math.log(2.0),
    "LN10": math.log(10.0),
    "SQRT2": math.sqrt(2.0),
    "SQRTPI": math.sqrt(math.pi),
    "SQRT2PI": math.sqrt(2.0 * math.pi),
}


def computed(expression, **numbers):
    tree = ast.fix_missing_locations(ast.Expression(expression))
    return eval(compile(tree, "", "eval"), {**MEANINGS, **numbers})  # noqa: S307


def names(count):
    return [ast.Name(f"x{i}", ast.Load()) for i in range(count)]


def points(rule, count, seed=0):
    """Operands within the domain of a rule, not so large that its exponentials leave floats."""
    generator = random.Random(seed)
    domains = ops.TABLE[rule].domain
    for _ in range(12):
        ends = [domains[min(i, len(domains) - 1)] for i in range(count)]
        yield [generator.uniform(max(low, -20.0), min(high, 20.0)) for low, high in ends]


@pytest.mark.parametrize("name", SCALAR)
def test_the_formula_at_a_point_gives_the_partial(name):
    rule = RULES[name]
    count = len(formula_for(rule).operands)
    for point in points(rule, count):
        out, *partials = rule(*point)
        given = {f"x{i}": number for i, number in enumerate(point)}
        for position, partial in enumerate(partials):
            formula = partial_at(rule, position, point, names(count), ast.Name("out", ast.Load()))
            assert not any(isinstance(node, ast.IfExp) for node in ast.walk(formula))
            assert computed(formula, out=out, **given) == pytest.approx(
                partial, rel=1e-9, abs=1e-12
            )


@pytest.mark.parametrize("name", SCALAR)
def test_the_formula_in_cases_gives_the_partial_everywhere(name):
    rule = RULES[name]
    operands = formula_for(rule).operands
    for point in [*points(rule, len(operands)), *kinks(rule, len(operands))]:
        out, *partials = rule(*point)
        given = dict(zip(operands, point, strict=True))
        for position, partial in enumerate(partials):
            found = computed(partial_in_cases(rule, position), out=out, **given)
            assert found == pytest.approx(partial, rel=1e-9, abs=1e-12, nan_ok=True)


def kinks(rule, count):
    """Ties, zeros and ends of domains, where the rule accepts them."""
    for point in ([0.0] * count, [1.0] * count, [-1.0] * count, [2.0, 2.0, 3.0][:count]):
        try:
            rule(*point)
        except (ArithmeticError, ValueError):
            continue
        if rule is not ops.logsigmoid:
            yield point


@pytest.mark.parametrize("name", SEQUENCE)
@pytest.mark.parametrize("count", [2, 4, 6])
def test_the_formula_of_a_sequence_gives_the_partial(name, count):
    rule = RULES[name]
    for point in [*points(rule, count), [1.0] * count, [0.0] * count]:
        out, *partials = rule(*point)
        given = {f"x{i}": number for i, number in enumerate(point)}
        for position, partial in enumerate(partials):
            formula = partial_at(rule, position, point, names(count), ast.Name("out", ast.Load()))
            assert computed(formula, out=out, **given) == pytest.approx(
                partial, rel=1e-9, abs=1e-12
            )


@pytest.mark.parametrize(
    ("name", "position", "wanted"),
    [
        ("add", 0, "1"),
        ("sub", 1, "-1"),
        ("mul", 0, "y"),
        ("div", 1, "-(out / y)"),
        ("tanh", 0, "1 - out ** 2"),
        ("sigmoid", 0, "out * (1 - out)"),
        ("softplus", 0, "sigmoid(x)"),
        ("logsigmoid", 0, "sigmoid(-x)"),
        ("exp", 0, "out"),
        ("log", 0, "1 / x"),
        ("log2", 0, "1 / (x * LN2)"),
        ("sqrt", 0, "1 / (2 * out) if out else math.inf"),
        ("erf", 0, "2 * exp(-x ** 2) / SQRTPI"),
        ("atanh", 0, "1 / (1 - x ** 2)"),
        ("acosh", 0, "1 / sqrt(x ** 2 - 1) if sqrt(x ** 2 - 1) else math.inf"),
        ("atan2", 0, "x / (x ** 2 + y ** 2) if hypot(x, y) else math.nan"),
        ("silu", 0, "sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))"),
        ("relu", 0, "0 if x <= 0 else 1"),
        ("abs", 0, "1 if x > 0 else -1 if x < 0 else 0"),
        ("maximum", 0, "1 if x > y else 0 if x < y else 0.5"),
    ],
)
def test_formulas_are_those_of_textbooks(name, position, wanted):
    assert ast.unparse(partial_in_cases(RULES[name], position)) == wanted


@pytest.mark.parametrize(
    ("name", "position", "wanted"),
    [
        ("sum", 2, "1"),
        ("mean", 0, "1 / 3"),
        ("prod", 1, "x0 * x2"),
        ("norm", 0, "x0 / out"),
        ("max", 1, "0"),
        ("max", 2, "1"),
        ("logsumexp", 0, "exp(x0 - out)"),
    ],
)
def test_formulas_of_sequences(name, position, wanted):
    out = ast.Name("out", ast.Load())
    found = partial_at(RULES[name], position, [1.0, -2.0, 3.0], names(3), out)
    assert ast.unparse(found) == wanted


def test_numbers_that_stand_for_operands_are_folded():
    given = [ast.Name("x", ast.Load()), ast.Constant(2.0)]
    square = partial_at(ops.pow, 0, [3.0, 2.0], given, ast.Name("out", ast.Load()))
    assert ast.unparse(square) == "2 * x"


def test_the_side_taken_is_the_one_of_the_numbers():
    out = ast.Name("out", ast.Load())
    sides = [ast.unparse(partial_at(ops.elu, 0, [x, 1.0], names(2), out)) for x in (1.0, -1.0)]
    assert sides == ["1", "x1 * exp(x0)"]


def test_a_rule_of_ones_own_is_read_too():
    def bent(x, y):
        e = math.exp(-x)
        return e * y if x > 0.0 else y, -e * y if x > 0.0 else 0.0, e if x > 0.0 else 1.0

    found = partial_at(bent, 0, [1.0, 2.0], names(2), ast.Name("out", ast.Load()))
    assert ast.unparse(found) == "-(exp(-x0) * x1)"
    assert ast.unparse(partial_in_cases(bent, 0)) == "-(exp(-x) * y) if x > 0 else 0"
    assert ast.unparse(value_at(bent, [-1.0, 2.0], names(2))) == "x1"


def test_a_sequence_has_no_cases():
    with pytest.raises(FormulaError, match="ask for the partial at its operands"):
        partial_in_cases(ops.sum, 0)


def given_twice(x):
    x = 2.0 * x
    t = x
    x = x * x
    return x, 4.0 * t


def result_of_math(x):
    a, b = math.exp(x)
    return a, b


def test_only_the_last_step_of_a_name_is_the_value():
    # `apply` takes such a rule, though `op` does not: x is 2x first, and only then the value.
    partial = partial_at(given_twice, 0, [1.5], names(1), ast.Name("out", ast.Load()))
    assert computed(partial, x0=1.5, out=9.0) == 12.0 == given_twice(1.5)[1]


def test_a_function_of_math_has_no_results_to_take_apart():
    with pytest.raises(FormulaError, match=r"math\.exp is no rule of autograd\.ops"):
        partial_in_cases(result_of_math, 0)
