"""Second derivatives where a first one is chosen at a kink: the limit, or nan, no wrong number.

The right values are those of the same functions written without the kink: norm(v)**2 is x² + y².
"""

import math

import pytest

import autograd
from autograd import Value, abs, hypot, max, maximum, min, minimum, norm
from autograd.transforms import limits_at_kinks as limits

NAN = math.nan

HESSIANS = {
    "norm**2": (lambda v: norm(v) ** 2, [[2, 0], [0, 2]]),
    "norm**3": (lambda v: norm(v) ** 3, [[0, 0], [0, 0]]),
    "norm**4": (lambda v: norm(v) ** 4, [[0, 0], [0, 0]]),
    "norm*norm": (lambda v: norm(v) * norm(v), [[2, 0], [0, 2]]),
    "hypot**2": (lambda v: hypot(v[0], v[1]) ** 2, [[2, 0], [0, 2]]),
    "1-cos(norm)": (lambda v: 1.0 - autograd.cos(norm(v)), [[1, 0], [0, 1]]),
    "exp(norm**2)": (lambda v: autograd.exp(norm(v) ** 2), [[2, 0], [0, 2]]),
    "log(1+hypot**2)": (lambda v: autograd.log(1.0 + hypot(v[0], v[1]) ** 2), [[2, 0], [0, 2]]),
    "abs**2": (lambda v: abs(v[0]) ** 2 + v[1], [[2, 0], [0, 0]]),
    "abs*abs": (lambda v: abs(v[0]) * abs(v[0]) * 3.0, [[6, 0], [0, 0]]),
    "square(abs)": (lambda v: autograd.square(abs(v[0] - v[1])), [[2, -2], [-2, 2]]),
    "maximum": (lambda v: maximum(v[0], -v[0]) ** 2, [[2, 0], [0, 0]]),
    "minimum": (lambda v: minimum(v[0], -v[0]) ** 2, [[2, 0], [0, 0]]),
    "max": (lambda v: max([v[0], -v[0], 2.0 * v[0], -2.0 * v[0]]) ** 2, [[8, 0], [0, 0]]),
    "min": (lambda v: min([v[0], -v[0]]) ** 2, [[2, 0], [0, 0]]),
    "straight": (lambda v: abs(v[0]) + maximum(v[1], 2.0 * v[1]), [[0, 0], [0, 0]]),
    "and a smooth part": (lambda v: abs(v[0]) + (v[0] - 3.0) ** 4, [[108, 0], [0, 0]]),
    "scaled": (lambda v: 1e-20 * norm(v) ** 2, [[2e-20, 0], [0, 2e-20]]),
    "large": (lambda v: norm([1e3 * v[0], v[1]]) ** 2, [[2e6, 0], [0, 2]]),
    # no limit: these differ from side to side, or have none
    "norm": (norm, [[NAN, NAN], [NAN, NAN]]),
    "a cone on a bowl": (lambda v: norm(v) + v[0] ** 2, [[NAN, NAN], [NAN, NAN]]),
    "abs(x)*y": (lambda v: abs(v[0]) * v[1], [[0, NAN], [NAN, 0]]),
    "abs(x)*abs(y)": (lambda v: abs(v[0]) * abs(v[1]), [[0, NAN], [NAN, 0]]),
    "abs(x)*x": (lambda v: abs(v[0]) * v[0] + v[1], [[NAN, 0], [0, 0]]),
    "maximum**2": (lambda v: maximum(v[0], 2.0 * v[0]) ** 2, [[NAN, 0], [0, 0]]),
    "abs(x)**1.5": (lambda v: abs(v[0]) ** 1.5, [[NAN, 0], [0, 0]]),
}


def flat(rows):
    return [x for row in rows for x in row]


@pytest.mark.parametrize("name", HESSIANS)
def test_hessians_at_the_origin(name):
    function, expected = HESSIANS[name]
    expected = flat(expected)
    wanted = pytest.approx(expected, rel=1e-9, abs=0.0, nan_ok=True)
    assert flat(autograd.hessian(function)([0.0, 0.0])) == wanted
    by_hvp = [autograd.hvp(function, ([0.0, 0.0],), (e,))[0] for e in ([1.0, 0.0], [0.0, 1.0])]
    assert flat(by_hvp) == wanted
    assert flat(autograd.jacobian(autograd.grad(function))([0.0, 0.0])) == wanted


def test_elsewhere_on_the_line():
    for center in (3.0, 0.3, -1e5, 1e-3):
        second = autograd.derivative(lambda x, c=center: abs(x - c) ** 2 + x**3, 2)(center)
        assert second == pytest.approx(2.0 + 6.0 * center, rel=1e-9)


SECOND = [
    (abs, 0.0),
    (lambda x: abs(x) ** 2, 2.0),
    (lambda x: abs(x) * abs(x), 2.0),
    (lambda x: abs(x) ** 3, 0.0),
    (lambda x: maximum(x, -x) ** 2, 2.0),
    (lambda x: norm([x, x]) ** 2, 4.0),
    (lambda x: 1.0 - autograd.cos(hypot(x, 2.0 * x)), 5.0),
    (lambda x: autograd.relu(x) + abs(x), 0.0),
    (lambda x: abs(x) * x, NAN),
    (lambda x: abs(2.0 * x - x) + maximum(x, 3.0 * x), 0.0),
    (lambda x: abs(x**2 - x), NAN),  # -2 and 2, and the chosen slope is 0
]


@pytest.mark.parametrize(("function", "expected"), SECOND)
def test_second_derivatives_in_every_nesting(function, expected):
    along = lambda x: autograd.jvp(function, (x,), (1.0,))[1]  # noqa: E731
    found = [
        autograd.derivative(function, 2)(0.0),
        autograd.hessian(function)(0.0),
        autograd.hvp(function, (0.0,), (1.0,))[0],
        autograd.grad(autograd.grad(function))(0.0),
        autograd.value_and_grad(autograd.grad(function))(0.0)[1],
        autograd.jacobian(autograd.grad(function))(0.0),
        autograd.jvp(autograd.grad(function), (0.0,), (1.0,))[1],
        autograd.grad(along)(0.0),
        autograd.jvp(along, (0.0,), (1.0,))[1],
    ]
    assert found == pytest.approx([expected] * len(found), rel=1e-9, abs=0.0, nan_ok=True)


def test_third_and_fourth_derivatives():
    assert autograd.derivative(lambda x: abs(x) ** 4, 4)(0.0) == pytest.approx(24.0, rel=1e-9)
    assert autograd.derivative(lambda x: abs(x) ** 4, 3)(0.0) == 0.0
    assert math.isnan(autograd.derivative(lambda x: abs(x) ** 3, 3)(0.0))  # -6 and 6


def test_where_the_function_ends_the_limit_is_of_the_side_that_is_there():
    def function(x):
        return abs(x) ** 2 * autograd.sqrt(x + 4.0 + 0.0 * autograd.log(x + 1e-300))

    # x² √(4 + x): 2 √4 at 0, of which only the right has values
    assert autograd.derivative(function, 2)(0.0) == pytest.approx(4.0, rel=1e-9)


def test_constants_come_back_as_constants_and_arrays_as_arrays():
    np = pytest.importorskip("numpy")
    found = autograd.hessian(lambda v: norm(list(v)) ** 2)(np.zeros(2))
    assert found[0].tolist() == pytest.approx([2.0, 0.0])
    x = Value(0.0, requires_grad=False)
    second = autograd.derivative(lambda x: abs(x) ** 2, 2)(x)
    assert isinstance(second, Value)
    assert second.data == 2.0


# --- piecewise straight networks and penalties stay as they are -----------------------------


def test_the_hessian_of_a_relu_network_at_its_kinks_is_that_of_the_side_taken():
    def network(w):
        hidden = [autograd.relu(w[0]), autograd.relu(w[1] - 1.0), autograd.leaky_relu(w[0])]
        return autograd.square(autograd.sum(hidden) - 2.0) + autograd.clip(w[1], -1.0, 1.0)

    # at (0, 1) both relus give the constant side, leaky_relu its slope: 2 · 0.01²
    found = flat(autograd.hessian(network)([0.0, 1.0]))
    assert found == pytest.approx([2e-4, 0.0, 0.0, 0.0], rel=1e-12)


def test_a_penalty_of_absolute_weights_leaves_a_gradient_penalty_finite():
    """Its own weight is a number, so the slope beside the kink is constant: no nan."""
    w = Value(0.0)
    loss = (w - 3.0) ** 2 + 0.1 * abs(w) + 0.2 * maximum(w, -w)
    [slope] = autograd.gradient(loss, [w], create_graph=True)
    (slope * slope).backward()
    assert w.grad == pytest.approx(2.0 * -6.0 * 2.0)


def test_a_graph_of_a_product_with_itself_says_nan():
    w = Value(0.0)
    [slope] = autograd.gradient(abs(w) ** 2, [w], create_graph=True)
    assert math.isnan(autograd.gradient(slope, w))
    v = [Value(0.0), Value(0.0)]
    slopes = autograd.gradient(norm(v) ** 2, v, create_graph=True)
    assert [x.data for x in slopes] == [0.0, 0.0]
    assert math.isnan(autograd.gradient(slopes[0], v[0]))


# --- logsumexp of nothing but -inf: the other kink without a limit ----------------------------


def test_logsumexp_of_all_minus_infinity_splits_evenly(engine):
    leaves = [engine.Value(-math.inf) for _ in range(4)]
    out = engine.apply(autograd.ops.logsumexp, *leaves)
    out.backward()
    assert out.data == -math.inf
    assert [leaf.grad for leaf in leaves] == [0.25] * 4


def test_a_dead_inner_logsumexp_takes_no_part():
    def function(v):
        return autograd.logsumexp([autograd.logsumexp(v[:2]), v[2], v[3]])

    point = [-math.inf, -math.inf, 1.0, 1.0]
    assert autograd.grad(function)(point) == [0.0, 0.0, 0.5, 0.5]
    expected = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.25, -0.25, 0, 0, -0.25, 0.25]
    assert flat(autograd.hessian(function)(point)) == expected
    assert flat(autograd.jacobian(autograd.grad(function))(point)) == expected


ONE_SIDED = {  # of order two at 0; each is a constant times sqrt(x), or 2 * asin(sqrt(x / 2))
    "sqrt": autograd.sqrt,
    "**": lambda x: x**0.5,
    "2 sqrt": lambda x: 2.0 * autograd.sqrt(x),
    "sqrt 2": lambda x: autograd.sqrt(x) * 2.0,
    "2 **": lambda x: 2.0 * x**0.5 + x * x,
    "sqrt / 2": lambda x: autograd.sqrt(x) / 2.0,
    "sqrt(x / 3)": lambda x: autograd.sqrt(x / 3.0),
    "sqrt(3 x)": lambda x: autograd.sqrt(3.0 * x),
    "constant": lambda x: Value(3.0, requires_grad=False) * autograd.sqrt(x),
    "dot": lambda x: autograd.dot([2.0, 1.0], [autograd.sqrt(x), x]),
    "sum": lambda x: autograd.sum([autograd.sqrt(x), x]),
    "mean": lambda x: autograd.mean([autograd.sqrt(x), x]),
    "prod": lambda x: autograd.prod([2.0, autograd.sqrt(x), 3.0]),
    "max": lambda x: autograd.max([autograd.sqrt(x), -1.0, x - 1.0]),
    "maximum": lambda x: maximum(autograd.sqrt(x), -1.0),
    "where": lambda x: autograd.where(True, autograd.sqrt(x), 1.0),
    "clip": lambda x: autograd.clip(autograd.sqrt(x), -1.0, 1.0),
    "relu": lambda x: autograd.relu(autograd.sqrt(x) + 1.0),
    "elu": lambda x: autograd.elu(autograd.sqrt(x) + 1.0),
    "leaky": lambda x: autograd.leaky_relu(autograd.sqrt(x) - 1.0),
    "acos": lambda x: 2.0 * autograd.acos(1.0 - x),
    "acosh": lambda x: autograd.acosh(1.0 + x) / 2.0,
}


@pytest.mark.parametrize("name", ONE_SIDED)
def test_what_stays_the_same_leaves_an_infinite_second_derivative_as_it_is(name):
    """A constant times sqrt(x) has the second derivative of -1/4 x**-1.5: -inf from the right."""
    function = ONE_SIDED[name]
    assert autograd.hessian(function)(0.0) == -math.inf
    assert autograd.hvp(function, (0.0,), (1.0,)) == (-math.inf,)
    assert autograd.derivative(function, 2)(0.0) == -math.inf
    assert autograd.grad(autograd.grad(function))(0.0) == -math.inf
    assert autograd.jvp(autograd.grad(function), (0.0,), (1.0,))[1] == -math.inf
    tangent = lambda x: autograd.jvp(function, (x,), (1.0,))[1]  # noqa: E731
    assert autograd.grad(tangent)(0.0) == autograd.jvp(tangent, (0.0,), (1.0,))[1] == -math.inf
    both = autograd.hessian(lambda v: function(v[0]) + v[1] ** 2)([0.0, 1.0])
    assert both == [[-math.inf, 0.0], [0.0, 2.0]]


def test_a_change_that_is_0_only_here_leaves_nan():
    """6 (sqrt(x) + y) / (2 sqrt(x)) tends to 3 at (0, 0), along y = 0, and elsewhere from there."""
    rows = autograd.hessian(lambda v: (autograd.sqrt(v[0]) + v[1]) ** 3)([0.0, 0.0])
    assert math.isnan(rows[0][1])
    assert math.isnan(rows[1][0])


def test_a_pull_back_through_a_kink_is_the_limit_too():
    """The function pulled back is the gradient of x², 2x."""
    value, pull_back = autograd.vjp(autograd.grad(lambda x: abs(x) ** 2), 0.0)
    assert (value, pull_back(1.0), pull_back(3.0)) == (0.0, (2.0,), (6.0,))


def test_limits_at_values_are_values_of_unknown_derivative():
    """norm(v)**2 is x² + y², of Hessian 2 I; what a limit depends on is not known: nan, not 0."""
    x, y = Value(0.0), Value(0.0)
    rows = autograd.hessian(lambda v: norm(v) ** 2)([x, y])
    assert [[entry.data for entry in row] for row in rows] == [[2.0, 0.0], [0.0, 2.0]]
    assert rows[0][0].requires_grad
    rows[0][0].backward()
    assert math.isnan(x.grad)


def test_limits_with_a_factor_from_outside_are_values():
    """The second derivative of a² x² is 2 a²."""
    a = Value(3.0)
    assert autograd.hessian(lambda x: abs(x) ** 2 * a**2)(0.0).data == pytest.approx(18.0, rel=1e-9)
    nested = autograd.grad(lambda b: autograd.hessian(lambda x: abs(x) ** 2 * b**2)(0.0))(3.0)
    assert math.isnan(nested)  # and not 0; the true one is 12
    along = autograd.grad(lambda b: autograd.hessian(lambda x: abs(x) ** 2 * 3.0)(b))(0.0)
    assert along == 0.0


def test_a_limit_looks_no_further_than_the_function_did(monkeypatch):
    """What came before the arguments is not sorted to find a kink: the cost is the function's."""
    sorted_nodes = []
    order = limits.topological_order
    monkeypatch.setattr(
        limits,
        "topological_order",
        lambda *given: sorted_nodes.extend(found := order(*given)) or found,
    )
    counts = []
    for steps in (10, 1000):
        x = Value(1.0)
        for _ in range(steps):
            x = x * 1.0
        sorted_nodes.clear()
        second = autograd.hessian(lambda t: abs(t) ** 2 * x)(0.0)  # noqa: B023
        assert second.data == 2.0
        counts.append(len(sorted_nodes))
    assert 0 < counts[0] == counts[1]


def test_kinks_at_the_largest_numbers():
    """The larger of two numbers is straight on both sides of the tie, wherever that is."""
    for tie in (1.0, 1e308, -1e308):
        rows = autograd.hessian(lambda v: max(v))([tie, tie])
        assert rows == [[0.0, 0.0], [0.0, 0.0]]
