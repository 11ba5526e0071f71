"""A formula said to hold for all numbers gives the partial wherever the operands move to."""

import ast
import itertools
import math
import random

import pytest
from reference import is_sequence_rule

from autograd import functions, ops
from autograd.calculus.case_free import partial_everywhere
from autograd.calculus.formula import formula_for
from autograd.calculus.simplify import constant
from autograd.errors import FormulaError

OUT = ast.Name("out", ast.Load())
# What a formula means: functions of `math` wherever it has them, and the constants of rules.
MEANINGS = {
    **vars(functions),
    **vars(math),
    "math": math,
    "prod": lambda *x: math.prod(x),
    **{name: number for name, number in vars(ops).items() if type(number) is float},
}


def names(count):
    return [ast.Name(f"x{i}", ast.Load()) for i in range(count)]


def computed(expression, out, numbers):
    tree = ast.fix_missing_locations(ast.Expression(expression))
    given = {"out": out} | {f"x{i}": number for i, number in enumerate(numbers)}
    return eval(compile(tree, "", "eval"), MEANINGS | given)  # noqa: S307 - our own formula


def domains(rule):
    """The domain of every operand."""
    count = 4 if is_sequence_rule(rule) else len(formula_for(rule).operands)
    given = ops.TABLE[rule].domain
    return [given[min(i, len(given) - 1)] for i in range(count)]


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_one_formula_is_the_partial_wherever_the_operands_go(rule):
    generator = random.Random(0)
    ranges = domains(rule)
    # Which operands are given as numbers, and so stay where they are.
    for fixed in itertools.product((False, True), repeat=len(ranges)):
        start = [generator.uniform(*ends) for ends in ranges]
        operands = [
            constant(x) if stays else name
            for stays, x, name in zip(fixed, start, names(len(start)), strict=True)
        ]
        for position in range(len(ranges)):
            found = partial_everywhere(rule, position, start, operands, OUT)
            for _ in range(6 if found is not None else 0):
                point = [
                    x if stays else generator.uniform(*ends)
                    for stays, x, ends in zip(fixed, start, ranges, strict=True)
                ]
                out, *partials = rule(*point)
                assert computed(found, out, point) == pytest.approx(
                    partials[position], rel=1e-9, abs=1e-12
                )


@pytest.mark.parametrize(
    ("rule", "position", "given", "wanted"),
    [
        (ops.mul, 0, ["x", "y"], "y"),
        (ops.tanh, 0, ["x"], "1 - out ** 2"),
        (ops.sqrt, 0, ["x"], "1 / (2 * out)"),  # at 0 it is said to be inf
        (ops.pow, 0, ["x", 2.0], "2 * x"),
        (ops.pow, 0, ["x", 1.0], "1"),
        (ops.pow, 1, [2.0, "y"], "out * log(2)"),
        (ops.leaky_relu, 1, [3.0, "y"], "0"),
        (ops.clip, 0, [0.5, 0.0, 1.0], "1"),
        (ops.dot, 1, ["a", "b", "c", "d"], "d"),
        (ops.mean, 1, ["a", "b", "c"], "1 / 3"),
    ],
)
def test_numbers_decide_what_operands_leave_open(rule, position, given, wanted):
    numbers = [3.0 if isinstance(x, str) else x for x in given]
    operands = [ast.Name(x, ast.Load()) if isinstance(x, str) else constant(x) for x in given]
    found = partial_everywhere(rule, position, numbers, operands, OUT)
    assert ast.unparse(found) == wanted


@pytest.mark.parametrize(
    ("rule", "position", "count"),
    [(ops.relu, 0, 1), (ops.abs, 0, 1), (ops.pow, 0, 2), (ops.maximum, 0, 2), (ops.max, 1, 3),
     (ops.norm, 0, 2), (ops.logsumexp, 0, 3)],
)  # fmt: skip
def test_what_has_cases_has_no_one_formula(rule, position, count):
    assert partial_everywhere(rule, position, [3.0] * count, names(count), OUT) is None


def test_a_product_with_zero_decides_nothing():
    def bent(x, y):
        return (x if x * y > -1.0 else y), 1.0 if x * y > -1.0 else 0.0, 0.0

    zero, two = constant(0.0), constant(2.0)
    assert partial_everywhere(bent, 0, [0.0, 2.0], [zero, *names(1)], OUT) is None  # y may be inf
    assert ast.unparse(partial_everywhere(bent, 0, [0.0, 2.0], [zero, two], OUT)) == "1"


def test_a_rule_without_a_formula_is_refused():
    with pytest.raises(FormulaError, match="rule <lambda>"):
        partial_everywhere(eval("lambda x: (x, 1.0)"), 0, [1.0], names(1), OUT)  # noqa: S307
