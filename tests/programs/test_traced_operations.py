"""Everything public is traced at one point and right at others: no choice is baked in."""

import math
import operator
import random

import pytest

import autograd
from autograd import Value, errors, ops
from autograd.programs import stepwise
from autograd.programs.tracing_calls import traced


def trial(function, points, *, first=None):
    """`function` of a list of Values, traced at the first point, compared with eager at all."""
    tape = traced(function, (list(first or points[0]),), {}).tape
    for x in points:
        leaves = [Value(number) for number in x]
        try:
            out = function(leaves)
        except (ValueError, ArithmeticError) as error:
            with pytest.raises(type(error)):
                stepwise.forward(tape, [], x)
            continue
        out = out if isinstance(out, Value) else Value(out, requires_grad=False)
        if out.requires_grad:
            out.backward()
        values, _, slopes = stepwise.value_and_gradients(tape, [], x, [1.0])
        assert same([out.data], values), (x, out, values)
        assert same([leaf.grad for leaf in leaves], slopes), (x, leaves, slopes)


def same(wanted, found):
    return all(
        a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-13 * max(1.0, abs(a))
        for a, b in zip(wanted, found, strict=True)
    )


def points_for(rule, count=25):
    """Operands where the rule is defined, and where it has an edge."""
    rng = random.Random(rule.__name__)
    domain = ops.TABLE[rule].domain
    many = ops.takes_sequence(rule)
    width = 4 if many else rule.__code__.co_argcount
    spans = [domain[0] if many else domain[min(k, len(domain) - 1)] for k in range(width)]
    found = [[rng.uniform(*span) for span in spans] for _ in range(count)]
    edges = [0.0, 1.0, -1.0, *spans[0]]
    found += [[rng.choice(edges) for _ in spans] for _ in range(count)]
    return [[max(-1e300, min(1e300, x)) for x in point] for point in found]


def function_of(rule):
    function = getattr(autograd, rule.__name__)
    if rule is ops.dot:
        return lambda x: function(x[:2], x[2:])
    return function if ops.takes_sequence(rule) else lambda x: function(*x)


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation(rule):
    trial(function_of(rule), points_for(rule))


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_the_gradient_of_every_operation(rule):
    """Where it is smooth: at kinks eager code takes limits, for which a tape has no numbers."""
    gradient = autograd.grad(function_of(rule))
    points = points_for(rule)[:25]
    tape = traced(gradient, (points[0],), {}).tape
    for x in points:
        wanted = gradient(x)
        found = stepwise.forward(tape, [], x)
        numbers = [found[slot] for slot in tape.outputs]
        assert all(
            math.isclose(a, b, rel_tol=1e-11, abs_tol=1e-12)
            for a, b in zip(wanted, numbers, strict=True)
        ), (x, wanted, numbers)


OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "**": operator.pow, "%": operator.mod, "//": operator.floordiv,
    "divmod": lambda a, b: divmod(a, b)[0] + divmod(a, b)[1],
    "unary": lambda a, b: -a + abs(b) + (+a),
}  # fmt: skip
PAIRS = [[2.5, 1.5], [-2.5, 1.5], [0.5, -3.0], [3.0, 3.0], [1.0, 2.0]]


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator(name):
    apply = OPERATORS[name]
    points = [p for p in PAIRS if name != "**" or p[0] > 0.0]
    trial(lambda x: apply(x[0], x[1]), points)
    trial(lambda x: apply(x[0], 2.0) + apply(3.0, x[1]), points)


SEVERAL = {
    "softmax": lambda x: autograd.dot(autograd.softmax(x), [1.0, -2.0, 3.0, 0.5]),
    "log_softmax": lambda x: autograd.dot(autograd.log_softmax(x), [1.0, -2.0, 3.0, 0.5]),
    "detached": lambda x: x[0].detach() * x[1] + autograd.max(x).detach() * x[2],
    "sum of a generator": lambda x: sum(a * a for a in x),
    "methods": lambda x: x[0].tanh() * x[1].relu() + x[2].sin().exp(),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_what_is_made_of_several(name):
    rng = random.Random(0)
    points = [[rng.gauss(0.0, 2.0) for _ in range(4)] for _ in range(20)]
    points += [[rng.choice([0.0, 1.0, -1.0]) for _ in range(4)] for _ in range(20)]
    trial(SEVERAL[name], points)


def test_numpy_on_values():
    np = pytest.importorskip("numpy")
    rng = random.Random(0)
    points = [[rng.choice([0.0, 1.0, rng.gauss(0.0, 2.0)]) for _ in range(4)] for _ in range(30)]
    matrix = np.array([[1.0, -2.0], [0.5, 3.0]])
    for function in (
        lambda x: np.sum(np.tanh(np.array(x, dtype=object) * 2.0)),
        lambda x: (matrix @ np.array(x[:2], dtype=object))[1] * x[3],
        lambda x: np.maximum(x[0], x[1]) + np.minimum(x[2], 0.5) + np.exp(x[3]),
        lambda x: np.float64(2.0) * x[0] + x[1] * np.float32(0.5),
        lambda x: np.clip(np.array(x, dtype=object), -1.0, 1.0).sum(),
    ):
        try:
            trial(function, points)
        except errors.TracingError:
            continue  # said, and not baked in


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_questions_about_a_number_have_no_answer_in_a_trace(name):
    with pytest.raises(errors.TracingError):
        traced(lambda x: x if getattr(autograd, name)(x) else x + 1.0, (1.0,), {})
