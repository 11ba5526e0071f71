"""The calculus against mpmath: generated from `ops.TABLE`, and by hand where it has edges."""

import ast
import functools
import inspect
import itertools
import math
import random
import re
from pathlib import Path

import pytest
import reference
from reference import error, identical, is_sequence_rule, same

import autograd
from autograd import errors, ops

POINTS = 60
TOLERANCE = 1e-13
FEWER_DIGITS = {"gelu": 5e-13}  # far to the left erfc makes much of the rounding of x / SQRT2
RULES = {rule.__name__: rule for rule in ops.TABLE}
INF, NAN = math.inf, math.nan
TINY = 5e-324  # the smallest positive float

# The only absolute slack there is, by operation, for partials.
SLACK = {
    "logaddexp": TINY,
    "logsumexp": TINY,  # e**-1400 is a true partial, but no float is that small
}


def operand_counts(rule):
    if rule is ops.dot:
        return (2, 4)
    return (2, 3, 4, 5) if is_sequence_rule(rule) else (rule.__code__.co_argcount,)


@functools.cache
def points(name):
    """Operands inside the domain of an operation: seeded samples and all of its corners."""
    rng = random.Random(name)
    found = []
    for count in operand_counts(RULES[name]):
        domain = ops.TABLE[RULES[name]].domain
        domain = [*domain, *domain[-1:] * count][:count]
        found += [tuple(rng.uniform(*ends) for ends in domain) for _ in range(POINTS)]
        found += itertools.product(*domain)
    return found


EVERY_OPERAND = [
    pytest.param(name, position, id=f"{name}-{position}")
    for name, rule in RULES.items()
    for position in range(operand_counts(rule)[-1])
]

# --- inside the domains ----------------------------------------------------------


def test_every_operation_has_a_reference():
    assert set(reference.REFERENCE) == set(RULES)
    assert set(reference.PARTIALS) <= set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_value_agrees_with_mpmath(name):
    wrong = [
        (operands, got, float(expected))
        for operands in points(name)
        for got, expected in [(RULES[name](*operands)[0], reference.true_value(name, operands))]
        if error(got, expected) > FEWER_DIGITS.get(name, TOLERANCE)
    ]
    assert wrong == []


@pytest.mark.parametrize(("name", "position"), EVERY_OPERAND)
def test_partial_agrees_with_mpmath(name, position):
    wrong = []
    for operands in points(name):
        if position < len(operands):
            got = RULES[name](*operands)[1 + position]
            expected = reference.true_partial(name, operands, position)
            if error(got, expected, SLACK.get(name, 0.0)) > TOLERANCE:
                wrong.append((operands, got, float(expected)))
    assert wrong == []


@pytest.mark.parametrize("name", RULES)
def test_engine_passes_on_exactly_what_the_rule_says(engine, name):
    for operands in points(name):
        leaves = [engine.Value(x) for x in operands]
        node = engine.apply(RULES[name], *leaves)
        node.backward()
        expected = RULES[name](*operands)
        assert node.op == name
        assert all(map(identical, (node.data, *node.partials), expected))
        assert [leaf.grad for leaf in leaves] == list(expected[1:])


# --- kinks, extremes and limits, by hand -----------------------------------------

SIGMOID_1 = 1 / (1 + math.exp(-1))

EDGES = [
    # name, operands, value, partials: first the kinks, one row or more for each in the table
    ("pow", (0.0, 0.5), 0.0, (INF, 0.0)),
    ("pow", (0.0, 1e-3), 0.0, (INF, 0.0)),
    ("abs", (0.0,), 0.0, (0.0,)),
    ("abs", (-0.0,), 0.0, (0.0,)),
    ("sign", (0.0,), 0.0, (0.0,)),
    ("sign", (-3.0,), -1.0, (0.0,)),
    ("sign", (TINY,), 1.0, (0.0,)),
    ("sqrt", (0.0,), 0.0, (INF,)),
    ("cbrt", (0.0,), 0.0, (INF,)),
    ("asin", (1.0,), math.pi / 2, (INF,)),
    ("asin", (-1.0,), -math.pi / 2, (INF,)),
    ("acos", (1.0,), 0.0, (-INF,)),
    ("acos", (-1.0,), math.pi, (-INF,)),
    ("atan2", (0.0, 0.0), 0.0, (NAN, NAN)),
    ("acosh", (1.0,), 0.0, (INF,)),
    ("relu", (0.0,), 0.0, (0.0,)),
    ("relu", (-0.0,), 0.0, (0.0,)),
    ("relu", (TINY,), TINY, (1.0,)),
    ("leaky_relu", (0.0, 0.1), 0.0, (0.1, 0.0)),
    ("elu", (0.0, 0.7), 0.0, (0.7, 0.0)),
    ("hypot", (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("maximum", (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("minimum", (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("maximum", (0.0, -0.0), 0.0, (0.5, 0.5)),
    ("hardtanh", (-1.0, -1.0, 2.0), -1.0, (0.0, 1.0, 0.0)),
    ("hardtanh", (2.0, -1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
    ("xlogy", (0.0, 0.0), 0.0, (-INF, 0.0)),
    ("logaddexp", (-INF, -INF), -INF, (0.5, 0.5)),
    ("logaddexp", (INF, INF), INF, (0.5, 0.5)),
    ("entropy", (0.0, 1.0), 0.0, (INF, -1.0)),
    ("clip", (-1.0, -1.0, 2.0), -1.0, (1.0, 0.0, 0.0)),
    ("clip", (2.0, -1.0, 2.0), 2.0, (1.0, 0.0, 0.0)),
    ("floor", (3.0,), 3.0, (0.0,)),
    ("floor", (-0.5,), -1.0, (0.0,)),
    ("ceil", (3.0,), 3.0, (0.0,)),
    ("ceil", (2.5,), 3.0, (0.0,)),
    ("fmod", (6.0, 3.0), 0.0, (1.0, -2.0)),
    ("fmod", (-7.0, 3.0), -1.0, (1.0, 2.0)),
    ("fmod", (7.0, -3.0), 1.0, (1.0, 2.0)),
    ("mod", (6.0, 3.0), 0.0, (1.0, -2.0)),
    ("mod", (-7.0, 3.0), 2.0, (1.0, 3.0)),
    ("mod", (7.0, -3.0), -2.0, (1.0, 3.0)),
    ("mod", (1.0, 0.1), 1.0 % 0.1, (1.0, -9.0)),
    ("floordiv", (-7.0, 3.0), -3.0, (0.0, 0.0)),
    ("floordiv", (1.0, 0.1), 9.0, (0.0, 0.0)),
    ("norm", (0.0, 0.0, 0.0), 0.0, (0.0, 0.0, 0.0)),
    ("max", (1.0, 3.0, 3.0), 3.0, (0.0, 0.5, 0.5)),
    ("max", (3.0, 3.0, 3.0, 3.0), 3.0, (0.25, 0.25, 0.25, 0.25)),
    ("min", (1.0, 1.0, 3.0), 1.0, (0.5, 0.5, 0.0)),
    # powers: the corners of x**y
    ("pow", (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("pow", (0.0, 1.0), 0.0, (1.0, 0.0)),
    ("pow", (0.0, 2.0), 0.0, (0.0, 0.0)),
    ("pow", (-2.0, 3.0), -8.0, (12.0, NAN)),
    ("pow", (-2.0, -3.0), -0.125, (-0.1875, NAN)),
    ("pow", (-2.0, 1.0), -2.0, (1.0, NAN)),
    ("pow", (-2.0, 0.0), 1.0, (0.0, NAN)),
    ("pow", (5.0, 0.0), 1.0, (0.0, math.log(5.0))),
    ("pow", (1.0, 300.0), 1.0, (300.0, 0.0)),
    ("pow", (1e-200, 1.5), 1e-300, (1.5e-100, 1e-300 * math.log(1e-200))),
    (
        "pow",
        (1e-320, 0.5),
        math.sqrt(1e-320),
        (0.5 / math.sqrt(1e-320), math.sqrt(1e-320) * math.log(1e-320)),
    ),
    ("pow", (1e-200, -1.5), 1e300, (-INF, 1e300 * math.log(1e-200))),
    ("pow", (1e200, -2.0), 0.0, (0.0, 0.0)),
    ("pow", (1e154, 2.0), 1e308, (2e154, INF)),
    # clip as NumPy has it, with the ends crossed: the upper one wins
    ("clip", (5.0, 3.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    ("clip", (0.0, 3.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    ("clip", (2.0, 3.0, 1.0), 1.0, (0.0, 0.0, 1.0)),
    ("clip", (-9.0, -1.0, 2.0), -1.0, (0.0, 1.0, 0.0)),
    ("clip", (9.0, -1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
    # a condition is a number: zero or not
    ("where", (0.0, 5.0, 7.0), 7.0, (0.0, 0.0, 1.0)),
    ("where", (-0.1, 5.0, 7.0), 5.0, (0.0, 1.0, 0.0)),
    # zeros that are exact
    ("xlogy", (0.0, TINY), 0.0, (-1074 * math.log(2.0), 0.0)),
    ("xlogy", (0.0, 7.0), 0.0, (math.log(7.0), 0.0)),
    ("xlogy", (0.0, INF), 0.0, (INF, 0.0)),
    ("xlogy", (-0.0, 0.0), 0.0, (-INF, 0.0)),
    ("xlogy", (3.0, 1.0), 0.0, (0.0, 3.0)),
    ("entropy", (1.0,), 0.0, (-1.0,)),
    ("entropy", (0.25,) * 4, math.log(4.0), (math.log(4.0) - 1.0,) * 4),
    ("entropy", (0.0, 0.0), 0.0, (INF, INF)),
    ("entropy", (1.0 - 2.0**-53,), 2.0**-53, (-1.0 + 2.0**-53,)),
    ("logit", (0.5,), 0.0, (4.0,)),
    ("logit", (0.5 + 2.0**-53,), 2.0**-51, (4.0,)),
    ("logit", (0.5 - 2.0**-54,), -(2.0**-52), (4.0,)),
    ("logit", (1.0 - 2.0**-53,), 53 * math.log(2.0), (2.0**53,)),
    ("logit", (TINY,), -1074 * math.log(2.0), (INF,)),
    ("sinc", (0.0,), 1.0, (0.0,)),
    ("sinc", (TINY,), 1.0, (-1.5e-323,)),
    ("sinc", (3.0,), 0.0, (-1 / 3,)),
    ("sinc", (-4.0,), 0.0, (-0.25,)),
    ("sinc", (2.0**52 + 1.0,), 0.0, (-1 / (2.0**52 + 1.0),)),
    ("sinc", (1e300,), 0.0, (1e-300,)),
    ("sinc", (0.5,), 2 / math.pi, (-4 / math.pi,)),
    ("sinc", (-1e10 - 0.5,), 1 / math.pi / (1e10 + 0.5), (1 / math.pi / (1e10 + 0.5) ** 2,)),
    ("mish", (0.0,), 0.0, (0.6,)),
    ("softsign", (0.0,), 0.0, (1.0,)),
    ("hardtanh", (0.0, -1.0, 1.0), 0.0, (1.0, 0.0, 0.0)),
    ("ndtr", (0.0,), 0.5, (1 / math.sqrt(2 * math.pi),)),
    ("log_ndtr", (0.0,), -math.log(2.0), (math.sqrt(2 / math.pi),)),
    # far out: no overflow, no cancellation
    ("logaddexp", (1000.0, 1000.0), 1000.0 + math.log(2.0), (0.5, 0.5)),
    ("logaddexp", (1000.0, -1000.0), 1000.0, (1.0, 0.0)),
    ("logaddexp", (0.0, -40.0), 4.248354255291589e-18, (1.0, 4.248354255291589e-18)),
    ("logaddexp", (-INF, 3.0), 3.0, (0.0, 1.0)),
    ("logaddexp", (INF, -INF), INF, (1.0, 0.0)),
    ("logaddexp", (1.7e308, -1.7e308), 1.7e308, (1.0, 0.0)),
    ("logaddexp", (1.0, NAN), NAN, (NAN, NAN)),
    ("logaddexp", (NAN, INF), NAN, (NAN, NAN)),
    ("ndtr", (40.0,), 1.0, (0.0,)),
    ("ndtr", (-40.0,), 0.0, (0.0,)),
    ("ndtr", (-INF,), 0.0, (0.0,)),
    ("ndtr", (INF,), 1.0, (0.0,)),
    ("ndtr", (-1e200,), 0.0, (0.0,)),
    ("log_ndtr", (40.0,), 0.0, (0.0,)),
    ("log_ndtr", (INF,), 0.0, (0.0,)),
    ("log_ndtr", (-INF,), -INF, (INF,)),
    ("log_ndtr", (-1e150,), -5e299, (1e150,)),
    ("log_ndtr", (-1e200,), -INF, (1e200,)),
    ("mish", (1000.0,), 1000.0, (1.0,)),
    ("mish", (-1000.0,), 0.0, (0.0,)),
    ("mish", (-744.0,), -744.0 * 1e-323, (-743.0 * 1e-323,)),
    ("softsign", (1e200,), 1.0, (0.0,)),
    ("softsign", (-1e100,), -1.0, (1e-200,)),
    ("softsign", (INF,), 1.0, (0.0,)),
    ("softsign", (-INF,), -1.0, (0.0,)),
    ("hardtanh", (9.0, -1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
    ("hardtanh", (-INF, -1.0, 2.0), -1.0, (0.0, 1.0, 0.0)),
    ("sigmoid", (1000.0,), 1.0, (0.0,)),
    ("sigmoid", (-1000.0,), 0.0, (0.0,)),
    ("sigmoid", (0.0,), 0.5, (0.25,)),
    ("sigmoid", (40.0,), 1.0, (math.exp(-40.0),)),
    ("softplus", (1000.0,), 1000.0, (1.0,)),
    ("softplus", (-1000.0,), 0.0, (0.0,)),
    ("softplus", (-40.0,), math.exp(-40.0), (math.exp(-40.0),)),
    ("softplus", (0.0,), math.log(2.0), (0.5,)),
    ("logsigmoid", (-1000.0,), -1000.0, (1.0,)),
    ("logsigmoid", (1000.0,), 0.0, (0.0,)),
    ("logsigmoid", (40.0,), -math.exp(-40.0), (math.exp(-40.0),)),
    ("silu", (1000.0,), 1000.0, (1.0,)),
    ("silu", (-1000.0,), 0.0, (0.0,)),
    ("silu", (1.0,), SIGMOID_1, (SIGMOID_1 + SIGMOID_1 * (1 - SIGMOID_1),)),
    ("gelu", (40.0,), 40.0, (1.0,)),
    ("gelu", (-40.0,), 0.0, (0.0,)),
    ("gelu", (1e200,), 1e200, (1.0,)),
    ("gelu", (-1e200,), 0.0, (0.0,)),
    ("elu", (-1000.0, 2.0), -2.0, (0.0, -1.0)),
    ("elu", (1000.0, 2.0), 1000.0, (1.0, 0.0)),
    ("leaky_relu", (-3.0, 0.1), -0.3, (0.1, -3.0)),
    ("expm1", (-1000.0,), -1.0, (0.0,)),
    ("expm1", (1e-20,), 1e-20, (1.0,)),
    ("log1p", (1e-20,), 1e-20, (1.0,)),
    ("erf", (30.0,), 1.0, (0.0,)),
    ("erfc", (30.0,), 0.0, (0.0,)),
    ("erfc", (-30.0,), 2.0, (0.0,)),
    ("atan", (1e200,), math.pi / 2, (0.0,)),
    ("asinh", (1e200,), math.log(2e200), (1e-200,)),
    ("asinh", (-1e200,), -math.log(2e200), (1e-200,)),
    ("acosh", (1e200,), math.log(2e200), (1e-200,)),
    ("hypot", (3e200, 4e200), 5e200, (0.6, 0.8)),
    ("hypot", (3e-200, -4e-200), 5e-200, (0.6, -0.8)),
    ("norm", (3e200, 0.0, -4e200), 5e200, (0.6, 0.0, -0.8)),
    ("norm", (-7.0,), 7.0, (-1.0,)),
    ("atan2", (1e200, 1e200), math.pi / 4, (5e-201, -5e-201)),
    ("atan2", (1e-200, 1e-200), math.pi / 4, (5e199, -5e199)),
    ("atan2", (0.0, -1.0), math.pi, (-1.0, 0.0)),
    ("atan2", (-2.0, 0.0), -math.pi / 2, (0.0, 0.5)),
    ("square", (1e200,), INF, (2e200,)),
    ("mul", (1e200, -1e200), -INF, (-1e200, 1e200)),
    ("add", (1e308, 1e308), INF, (1.0, 1.0)),
    ("div", (1.0, 1e-200), 1e200, (1e200, -INF)),
    ("logsumexp", (1000.0, 1000.0), 1000.0 + math.log(2.0), (0.5, 0.5)),
    ("logsumexp", (-1000.0, -1000.0), -1000.0 + math.log(2.0), (0.5, 0.5)),
    ("logsumexp", (1000.0, -1000.0), 1000.0, (1.0, 0.0)),
    ("logsumexp", (3.0,), 3.0, (1.0,)),
    ("logsumexp", (-INF, 0.0), 0.0, (0.0, 1.0)),
    ("logsumexp", (-INF, 5.0, 5.0, -INF), 5.0 + math.log(2.0), (0.0, 0.5, 0.5, 0.0)),
    ("logsumexp", (-INF, -INF), -INF, (0.5, 0.5)),
    ("logsumexp", (-INF,), -INF, (1.0,)),
    ("logsumexp", (0.0, -40.0), 4.248354255291589e-18, (1.0, 4.248354255291589e-18)),
    ("prod", (0.0, 3.0, 5.0), 0.0, (15.0, 0.0, 0.0)),
    ("prod", (0.0, 0.0, 5.0), 0.0, (0.0, 0.0, 0.0)),
    ("prod", (7.0,), 7.0, (1.0,)),
    ("mean", (7.0,), 7.0, (1.0,)),
    ("dot", (), 0.0, ()),
    # saturated: 1 - out * out would have rounded to 0 from |x| > 19.1 on
    ("tanh", (19.5,), 1.0, (4 * math.exp(-39.0),)),
    ("tanh", (-20.0,), -1.0, (4 * math.exp(-40.0),)),
    ("tanh", (1000.0,), 1.0, (0.0,)),
    ("tanh", (-1000.0,), -1.0, (0.0,)),
    # subnormal numbers
    ("sqrt", (TINY,), 2.0**-537, (2.0**536,)),
    ("cbrt", (2.0**-1074,), 2.0**-358, (2.0**716 / 3,)),
    ("exp", (-744.0,), 1e-323, (1e-323,)),
    ("softplus", (-744.0,), 1e-323, (1e-323,)),
    ("log", (TINY,), -1074 * math.log(2.0), (INF,)),
    ("hypot", (TINY, 0.0), TINY, (1.0, 0.0)),
    ("div", (TINY, 2.0**-1074), 1.0, (INF, -INF)),
    ("mul", (TINY, 0.25), 0.0, (0.25, TINY)),
    ("tanh", (TINY,), TINY, (1.0,)),
    ("sin", (TINY,), TINY, (1.0,)),
    ("expm1", (TINY,), TINY, (1.0,)),
    ("asinh", (TINY,), TINY, (1.0,)),
    ("atan2", (TINY, 1.0), TINY, (1.0, -TINY)),
    ("maximum", (TINY, 0.0), TINY, (1.0, 0.0)),
    # infinite operands
    ("maximum", (INF, -INF), INF, (1.0, 0.0)),
    ("max", (-INF, INF, 0.0), INF, (0.0, 1.0, 0.0)),
    ("tanh", (INF,), 1.0, (0.0,)),
    ("exp", (-INF,), 0.0, (0.0,)),
    ("atan", (-INF,), -math.pi / 2, (0.0,)),
    ("sigmoid", (-INF,), 0.0, (0.0,)),
]


@pytest.mark.parametrize(
    ("name", "operands", "value", "partials"),
    [pytest.param(*row, id=f"{row[0]}{row[1]}") for row in EDGES],
)
def test_edges(name, operands, value, partials):
    got = RULES[name](*operands)
    assert got == pytest.approx((value, *partials), rel=1e-15, abs=0.0, nan_ok=True)


@pytest.mark.parametrize(("name", "operands"), [row[:2] for row in EDGES if row[1]])
def test_engine_does_at_the_edges_what_the_rule_says(engine, name, operands):
    node = engine.apply(RULES[name], *operands)
    expected = RULES[name](*operands)
    assert len(node.partials) == len(operands)
    assert all(map(identical, (node.data, *node.partials), expected))


@pytest.mark.parametrize("name", [rule.__name__ for rule, facts in ops.TABLE.items() if facts.said])
def test_what_the_player_says_has_its_operands_once(name):
    facts = ops.TABLE[RULES[name]]
    operands = re.findall(r"\[?([xy])\]?", facts.said)
    assert operands == ["x", "y"][: RULES[name].__code__.co_argcount or len(operands)]
    assert re.fullmatch(r"[^xy\[\]]*(x|\[x\])[^xy\[\]]*((y|\[y\])[^xy\[\]]*)?", facts.said)


def test_where_fewer_digits_are_right_the_table_says_so():
    assert set(FEWER_DIGITS) <= {rule.__name__ for rule, facts in ops.TABLE.items() if facts.digits}
    assert "5e-13" in autograd.gelu.__doc__


def test_every_kink_in_the_table_has_an_edge_case():
    kinked = {rule.__name__ for rule, facts in ops.TABLE.items() if facts.kink}
    assert kinked <= {name for name, *_ in EDGES}


NAN_GOES_THROUGH = [
    (name, operands)
    for name, rule in RULES.items()
    if name not in ("clip", "hardtanh", "where", "floor", "ceil")
    for operands in itertools.product(
        *((NAN, x) for x in (0.5, 0.25, 0.75)[: operand_counts(rule)[0]])
    )
    if NAN in operands
    # Not of the side that leaky_relu and elu do not take.
    and (name, operands) not in [("leaky_relu", (0.5, NAN)), ("elu", (0.5, NAN))]
]


@pytest.mark.parametrize(("name", "operands"), NAN_GOES_THROUGH)
def test_nan_goes_through(name, operands):
    assert math.isnan(RULES[name](*operands)[0])


@pytest.mark.parametrize("others", [(1.0,), (INF,), (-INF,), (1000.0, 2.0)])
@pytest.mark.parametrize("name", ["maximum", "minimum", "max", "min", "sum", "logsumexp"])
def test_nan_wins_over_any_other_operand(name, others):
    if is_sequence_rule(RULES[name]) or len(others) == 1:
        for operands in itertools.permutations((NAN, *others)):
            assert math.isnan(RULES[name](*operands)[0])


@pytest.mark.parametrize("operands", [(INF, 0.0), (INF, 1000.0), (1000.0, INF, -INF), (INF, INF)])
def test_logsumexp_of_an_infinity_is_infinite(operands):
    assert ops.logsumexp(*operands)[0] == INF


def test_where_lets_no_nan_through_from_the_side_not_taken():
    assert ops.where(1.0, 2.0, NAN)[0] == 2.0
    assert ops.where(0.0, NAN, 2.0)[0] == 2.0


def test_clip_is_numpys_whatever_the_order_of_the_ends():
    np = pytest.importorskip("numpy")
    for x, low, high in itertools.product((-INF, -2.0, 1.0, 1.5, 2.0, 7.0, INF, NAN), repeat=3):
        if not (math.isnan(low) or math.isnan(high)):
            assert same(ops.clip(x, low, high)[0], float(np.clip(x, low, high)))


@pytest.mark.parametrize("operands", [(5.0, NAN, 6.0), (5.0, 4.0, NAN), (NAN, 1.0, 2.0)])
def test_clip_passes_nan_on_from_each_operand(operands):
    assert math.isnan(ops.clip(*operands)[0])
    assert math.isnan(ops.hardtanh(*operands)[0])


def test_xlogy_of_a_nan_is_no_zero():
    assert math.isnan(ops.xlogy(0.0, NAN)[0])


@pytest.mark.parametrize(("name", "direct"), [("sum", 1.0), ("mean", 0.1)])
def test_sums_add_plainly_from_left_to_right(name, direct):
    """Ten times 0.1 plainly is 0.9999999999999999; compensated, as since Python 3.12, it is 1."""
    out = RULES[name](*[0.1] * 10)[0]
    assert out == 0.9999999999999999 / (10 if name == "mean" else 1)
    assert out != direct


# --- refusals --------------------------------------------------------------------

REFUSALS = [
    ("div", (1.0, 0.0), ZeroDivisionError),
    ("div", (0.0, 0.0), ZeroDivisionError),
    ("div", (1.0, -0.0), ZeroDivisionError),
    ("pow", (0.0, -1.0), ZeroDivisionError),
    ("pow", (0.0, -0.5), ZeroDivisionError),
    ("pow", (-8.0, 1 / 3), ValueError),
    ("pow", (-1.0, 0.5), ValueError),
    ("pow", (10.0, 400.0), OverflowError),
    ("pow", (-10.0, 401.0), OverflowError),
    ("pow", (0.5, -1080.0), OverflowError),
    ("sqrt", (-1.0,), ValueError),
    ("sqrt", (-TINY,), ValueError),
    ("exp", (1000.0,), OverflowError),
    ("exp2", (1024.0,), OverflowError),
    ("expm1", (1000.0,), OverflowError),
    ("log", (-1.0,), ValueError),
    ("log", (0.0,), ValueError),
    ("log2", (0.0,), ValueError),
    ("log10", (0.0,), ValueError),
    ("log1p", (-1.0,), ValueError),
    ("log1p", (-2.0,), ValueError),
    ("xlogy", (2.0, 0.0), ValueError),
    ("xlogy", (0.0, -1.0), ValueError),
    ("logit", (0.0,), ValueError),
    ("logit", (1.0,), ValueError),
    ("logit", (-0.5,), ValueError),
    ("logit", (1.5,), ValueError),
    ("sinc", (INF,), ValueError),
    ("entropy", (0.5, -0.5), ValueError),
    ("sin", (INF,), ValueError),
    ("cos", (-INF,), ValueError),
    ("tan", (INF,), ValueError),
    ("asin", (1.5,), ValueError),
    ("asin", (-1.0000000000000002,), ValueError),
    ("acos", (-1.5,), ValueError),
    ("sinh", (1000.0,), OverflowError),
    ("cosh", (-1000.0,), OverflowError),
    ("acosh", (0.5,), ValueError),
    ("acosh", (-2.0,), ValueError),
    ("atanh", (1.0,), ValueError),
    ("atanh", (-1.0,), ValueError),
    ("atanh", (2.0,), ValueError),
    ("fmod", (1.0, 0.0), ValueError),
    ("fmod", (INF, 1.0), ValueError),
    ("mod", (1.0, 0.0), ZeroDivisionError),
    ("floordiv", (1.0, 0.0), ZeroDivisionError),
    ("floor", (NAN,), ValueError),
    ("floor", (INF,), OverflowError),
    ("ceil", (-INF,), OverflowError),
    ("max", (), ValueError),
    ("min", (), ValueError),
    ("mean", (), ZeroDivisionError),
]
OURS = {
    ZeroDivisionError: errors.DivisionError,
    ValueError: errors.DomainError,
    OverflowError: errors.RangeError,
}


@pytest.mark.parametrize(("name", "operands", "builtin"), REFUSALS)
def test_refusals_are_those_of_python(engine, name, operands, builtin):
    with pytest.raises(builtin):
        RULES[name](*operands)
    with pytest.raises(OURS[builtin], match=f"^{name}"):
        engine.apply(RULES[name], *map(engine.Value, operands))


# --- how rules are written -------------------------------------------------------

STRAIGHT_LINE = (
    ast.Name,
    ast.Constant,
    ast.Attribute,
    ast.Tuple,
    ast.BinOp,
    ast.UnaryOp,
    ast.IfExp,
    ast.Call,
    ast.Compare,
    ast.operator,
    ast.unaryop,
    ast.expr_context,
    (ast.Lt, ast.LtE, ast.Gt, ast.GtE),  # == would compare Values by identity
)


def not_straight(source):
    """What in the source of a function is not an assignment, a return or plain arithmetic."""
    (function,) = ast.parse(source).body
    *before, last = function.body
    parts = [part for statement in function.body for part in list(ast.walk(statement))[1:]]
    return (
        [line for line in before if not isinstance(line, ast.Assign)]
        + [line for line in [last] if not isinstance(line, ast.Return)]
        + [part for part in parts if not isinstance(part, STRAIGHT_LINE)]
    )


@pytest.mark.parametrize("name", [n for n, rule in RULES.items() if not is_sequence_rule(rule)])
def test_scalar_rules_are_straight_line(name):
    assert not_straight(inspect.getsource(RULES[name])) == []


@pytest.mark.parametrize(
    "body",
    [
        "if x > 0: return x, 1.0\n    return 0.0, 0.0",
        "return x, 1.0 if x == 0 else 0.0",
        "return x, 1.0 if x != 0 else 0.0",
        "while x > 1: x = x - 1\n    return x, 1.0",
        "for _ in range(3): x = x * x\n    return x, 1.0",
        "return [a for a in (x, 1.0)]",
        "x += 1.0\n    return x, 1.0",
        "return x, 1.0\n    out = x",
        "return (lambda a: a)(x), 1.0",
    ],
)
def test_the_straight_line_check_finds_what_it_must(body):
    assert not_straight(f"def rule(x):\n    {body}") != []


def test_the_two_files_a_newcomer_reads_stay_short():
    """Lines with something on them, of rules and engine; parts and facts are looked up."""
    folder = Path(ops.__file__).parent
    rules, parts, facts = re.split(
        "# --- (?:parts|what is not calculus)", (folder / "ops.py").read_text(encoding="utf-8")
    )
    engine = (folder / "value.py").read_text(encoding="utf-8")
    read = [line for line in (rules + engine).splitlines() if line.strip()]
    assert len(read) < 600
    assert "def logsumexp(" in rules
    assert "def reciprocal(" in parts
    assert "class Facts(" in facts
