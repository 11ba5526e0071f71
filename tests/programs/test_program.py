"""`autograd.compile` as users meet it: calls, batches, gradients, and what is refused."""

import functools
import gc
import math
import threading
import weakref
from itertools import pairwise
from typing import NamedTuple

import pytest

import autograd
import nn
from autograd import Value, errors

np = pytest.importorskip("numpy")


def test_the_four_calls_of_a_loss():
    w, b = Value(2.0), Value(1.0)

    @autograd.compile
    def loss(x, y):
        return (w * x + b - y) ** 2

    assert loss(3.0, 5.0) == 4.0
    assert type(loss(3.0, 5.0)) is float
    assert loss.backward(3.0, 5.0) == 4.0
    assert (w.grad, b.grad) == (12.0, 4.0)
    assert loss.backward(3.0, 5.0) == 4.0
    assert (w.grad, b.grad) == (24.0, 8.0)  # they add up
    assert loss.batch([3.0, 1.0], [5.0, 0.0]) == [4.0, 9.0]
    w.zero_grad()
    b.zero_grad()
    assert loss.batch_backward([3.0, 1.0], [5.0, 0.0]) == 6.5
    assert (w.grad, b.grad) == (9.0, 5.0)
    assert loss.batch_backward([3.0, 1.0], [5.0, 0.0], reduction="sum") == 13.0
    assert (w.grad, b.grad) == (27.0, 15.0)


def test_parameters_are_read_at_every_call():
    w = Value(2.0)
    double = autograd.compile(lambda x: w * x)
    assert double(3.0) == 6.0
    w.data = 5.0
    assert double(3.0) == 15.0
    frozen = Value(4.0, requires_grad=False)
    product = autograd.compile(lambda x: w * frozen * x)
    assert product.backward(1.0) == 20.0
    assert (w.grad, frozen.grad) == (4.0, 0.0)
    frozen.requires_grad, w.requires_grad = True, False
    product.backward(1.0)
    assert (w.grad, frozen.grad) == (4.0, 5.0)


class Point(NamedTuple):
    x: float
    y: float


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (lambda p: p.x * p.y, (Point(2.0, 3.0),)),
        (lambda d: {"sum": d["a"] + d["b"][0], "same": d["a"]}, ({"a": 1.0, "b": [2.0]},)),
        (lambda x: [x[1], x[0], x[0] * x[1], 7.0], ([1.0, 2.0],)),
        (lambda x, *, scale=2.0: x * scale, (3.0,)),
        (lambda x, y=4: x * y, (3,)),
        (lambda rows: [[a * a for a in row] for row in rows], ([[1.0, 2.0], [3.0]],)),
        (lambda x: (x, (x + 1.0, [x])), (1.5,)),
        (lambda x: 3.0, (1.5,)),
        (lambda x: [], (1.5,)),
    ],
)
def test_structures_of_arguments_and_results(function, given):
    program = autograd.compile(function)
    for _ in range(2):
        assert program(*given) == function(*given)


def test_arrays_in_and_out():
    weights = np.array([Value(0.5), Value(-1.0)], dtype=object)
    program = autograd.compile(lambda x: weights @ x)
    assert program(np.array([2.0, 3.0])) == -2.0
    assert program.batch(np.array([[2.0, 3.0], [0.0, 1.0]])).tolist() == [-2.0, -1.0]
    halves = autograd.compile(lambda x: x * 0.5)
    result = halves(np.array([[1.0, 2.0]]))
    assert type(result) is np.ndarray
    assert result.tolist() == [[0.5, 1.0]]
    assert halves.batch(np.ones((3, 2), dtype=np.float32)).shape == (3, 2)
    assert halves.batch(np.arange(4)).tolist() == [0.0, 0.5, 1.0, 1.5]


def test_settings_belong_to_the_structure():
    def layer(x, kind, twice=False):
        y = x.tanh() if kind == "tanh" else x.exp()
        return y * 2.0 if twice else y

    program = autograd.compile(layer)
    assert program(0.5, "tanh") == math.tanh(0.5)
    assert program(0.5, "exp") == math.exp(0.5)
    assert program(0.5, "exp", twice=True) == 2.0 * math.exp(0.5)
    assert program(0.5, "exp", twice=False) == math.exp(0.5)


def test_another_structure_is_another_trace():
    traces = []

    @autograd.compile
    def total(x):
        traces.append(len(x))
        return autograd.sum(x)

    assert [total([1.0, 2.0]), total([3.0, 4.0]), total([1.0, 2.0, 3.0])] == [3.0, 7.0, 6.0]
    assert traces == [2, 3]
    assert total((1.0, 2.0)) == 3.0
    assert traces == [2, 3, 2]


def test_methods_have_a_program_for_each_object_and_keep_none_alive():
    class Scale:
        def __init__(self, by):
            self.by = Value(by)

        @autograd.compile
        def loss(self, x):
            return self.by * x

    two, three = Scale(2.0), Scale(3.0)
    assert (two.loss(5.0), three.loss(5.0)) == (10.0, 15.0)
    assert two.loss.backward(5.0) == 10.0
    assert (two.by.grad, three.by.grad) == (5.0, 0.0)
    two.by = Value(7.0)
    assert two.loss(5.0) == 35.0
    gone = weakref.ref(three)
    del three
    gc.collect()
    assert gone() is None


def test_what_can_be_compiled():
    model = nn.MLP(2, [3, 1], generator=0)
    assert autograd.compile(model)([0.1, 0.2]) == pytest.approx(model([0.1, 0.2]).data, rel=1e-12)
    w = Value(3.0)
    product = functools.partial(lambda a, x: a * x, w)
    assert autograd.compile(product)(2.0) == 6.0
    program = autograd.compile(product)
    assert autograd.compile(program) is program
    with pytest.raises(TypeError, match="compile takes a function"):
        autograd.compile(3.0)


def test_with_values_it_is_the_plain_function():
    w = Value(2.0)
    square = autograd.compile(lambda x: w * x * x)
    x = Value(3.0)
    y = square(x) + 1.0
    y.backward()
    assert (y.data, x.grad, w.grad) == (19.0, 12.0, 9.0)
    outer = autograd.compile(lambda a: square(a) * 2.0)
    assert outer(3.0) == 36.0
    with pytest.raises(TypeError, match="takes numbers"):
        square.backward(x)


def test_what_was_computed_before_the_trace_passes_its_gradient_on():
    w = Value(3.0)
    squared = w * w
    program = autograd.compile(lambda x: squared * x)
    assert program.backward(2.0) == 18.0
    assert w.grad == 12.0
    assert program.batch_backward([2.0, 4.0]) == 27.0
    assert w.grad == 12.0 + 18.0


def test_hooks_of_parameters_run():
    w, seen = Value(3.0), []
    program = autograd.compile(lambda x: w * x)
    program(1.0)
    with w.register_hook(lambda gradient: seen.append(gradient) or 10.0):
        program.backward(2.0)
    assert (seen, w.grad) == ([2.0], 10.0)
    program.backward(2.0)
    assert w.grad == 12.0


def test_gradients_by_inputs():
    program = autograd.compile(lambda x, k: x["a"] * x["b"] + k)
    assert program.value_and_gradient({"a": 3.0, "b": 4.0}, 1.0) == (13.0, {"a": 4.0, "b": 3.0})
    value, slope = autograd.compile(lambda x: autograd.dot(x, x)).value_and_gradient(
        np.array([1.0, 2.0])
    )
    assert (value, type(slope), slope.tolist()) == (5.0, np.ndarray, [2.0, 4.0])
    with pytest.raises(TypeError, match="gave 2 numbers"):
        autograd.compile(lambda x: [x, x]).value_and_gradient(1.0)


def test_scipy_minimises_with_it():
    optimize = pytest.importorskip("scipy.optimize")

    def rosenbrock(x):
        return autograd.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])

    program, start = autograd.compile(rosenbrock), np.array([1.3, 0.7, 0.8, 1.9])
    found = optimize.minimize(program.value_and_gradient, start, jac=True, method="BFGS")
    assert np.allclose(found.x, 1.0, atol=1e-5)
    exact = optimize.minimize(
        program.value_and_gradient, start, jac=True, hess=autograd.hessian(program),
        method="trust-exact",
    )  # fmt: skip
    assert np.allclose(exact.x, 1.0, atol=1e-5)
    residuals = autograd.compile(lambda x: [10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]])
    fitted = optimize.least_squares(
        residuals, np.array([-1.2, 1.0]), jac=autograd.jacobian(residuals)
    )
    assert np.allclose(fitted.x, 1.0)


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        (lambda x, w: x if x > 0.0 else w, "a comparison of an input 'x'"),
        (lambda x, w: x * 2.0 if w >= x else w, "a comparison of a parameter 'w'"),
        (lambda x, w: w * max(x, w), "a comparison"),
        (lambda x, w: x or w, r"bool\(\) of an input"),
        (lambda x, w: x * float(x), r"float\(\)"),
        (lambda x, w: x * x.data, ".data of an input 'x'"),
        (lambda x, w: x * x.item(), ".data"),
        (lambda x, w: x * round(x * 2.0), ".data of a result of mul"),
        (lambda x, w: x * w.data, ".data of a parameter 'w'"),
        (lambda x, w: x * w.grad, ".grad of a parameter 'w'"),
        (lambda x, w: x * (x == 1.0), "a comparison"),
        (lambda x, w: sorted([x, w])[1], "a comparison"),
        (lambda x, w: x * (x.detach() if autograd.isnan(x) else 1.0), ".data"),
        (lambda x, w: [x][int(x)], r"float\(\)"),
    ],
)
def test_what_would_be_baked_in_is_refused_with_its_line(choice, what):
    w = Value(2.0, "w")

    def function(x):
        return choice(x, w)

    with pytest.raises(errors.TracingError, match=what) as caught:
        autograd.compile(function)(3.0)
    assert "test_program.py:" in str(caught.value)
    assert "without autograd.compile" in str(caught.value)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: setattr(w, "data", 1.0),
        lambda w: setattr(w, "grad", 1.0),
        lambda w: w.zero_grad(),
        lambda w: autograd.zero_grad([w]),
        lambda w: (w * 2.0).backward(),
    ],
)
def test_what_a_replay_would_not_repeat_is_refused(change):
    w = Value(2.0)

    def function(x):
        change(w)
        return w * x

    with pytest.raises(errors.TracingError, match="replayed without its Values"):
        autograd.compile(function)(3.0)
    w.data = 4.0  # and nothing is left behind
    assert w * 2.0 == 8.0


def test_detached_numbers_are_recomputed_without_a_gradient():
    w = Value(2.0)

    def function(x):
        with autograd.no_grad():
            fixed = w * x
        return fixed * x + x.detach() * w

    program = autograd.compile(function)
    program(1.0)
    for x in (3.0, -2.0):
        leaf = Value(x)
        w.zero_grad()
        expected = function(leaf)
        expected.backward()
        by_w = w.grad
        w.zero_grad()
        assert program.backward(x) == expected.data
        assert w.grad == by_w
        assert program.value_and_gradient(x)[1] == leaf.grad


@pytest.mark.parametrize("call", ["backward", "batch_backward"])
def test_after_an_error_nothing_has_changed(call):
    w = Value(2.0)
    program = autograd.compile(lambda x: autograd.log(w * x))
    w.grad = 5.0
    given = -1.0 if call == "backward" else [1.0] * 17 + [-1.0]
    where = r"log\(-2.0\).*domain of log$" if call == "backward" else r"\(row 17\)$"
    with pytest.raises(errors.DomainError, match=where):
        getattr(program, call)(given)
    assert (w.data, w.grad) == (2.0, 5.0)


def test_numbers_that_are_not_finite_say_where():
    program = autograd.compile(lambda x, y: x[0] * x[1] + y)
    X, y = [[1.0, 2.0], [3.0, math.nan]], [1.0, 2.0]
    with pytest.raises(ValueError, match="row 1, column 1 is nan"):
        program.batch(X, y)
    with pytest.raises(ValueError, match="row 0, column 2 is inf"):
        program.batch_backward(np.ones((2, 2)), np.array([math.inf, 1.0]))
    with pytest.raises(ValueError, match="input 1 is -inf"):
        program([1.0, -math.inf], 1.0)


def test_rows_must_be_alike():
    program = autograd.compile(lambda x, y: x[0] + y)
    with pytest.raises(errors.ShapeError, match="row 1 of argument 0 has 1 numbers, row 0 has 2"):
        program.batch([[1.0, 2.0], [1.0]], [1.0, 2.0])
    with pytest.raises(errors.ShapeError, match=r"\[2, 3\] rows"):
        program.batch([[1.0], [2.0]], [1.0, 2.0, 3.0])
    with pytest.raises(errors.ShapeError, match="no rows"):
        program.batch([], [])
    with pytest.raises(TypeError, match="one item for each row"):
        program.batch(3.0, [1.0])
    with pytest.raises(TypeError, match="at least one argument"):
        program.batch()
    with pytest.raises(errors.NumberError, match="can be hashed"):
        program({1, 2}, 3.0)


def test_options_are_checked():
    w = Value(1.0)
    program = autograd.compile(lambda x: w * x)
    with pytest.raises(ValueError, match='"mean" or "sum"'):
        program.batch_backward([1.0], reduction="none")
    with pytest.raises(ValueError, match="threads"):
        program.batch([1.0], threads=0)
    with pytest.raises(errors.GraphError, match="requires a gradient"):
        autograd.compile(lambda x: x * 2.0).backward(1.0)
    with pytest.raises(TypeError, match="gave 2 numbers"):
        autograd.compile(lambda x: [w * x, x]).batch_backward([1.0])
    with pytest.raises(TypeError, match="gave a str"):
        autograd.compile(lambda x: "text")(1.0)
    with pytest.raises(errors.GraphError, match="no tape yet"):
        _ = autograd.compile(lambda x: x).tape


def test_batches_of_every_size_and_any_number_of_threads():
    model = nn.MLP(3, [7, 1], activation="tanh", generator=0)
    program = autograd.compile(lambda x, y: nn.squared_error(model(x), y))
    rng = np.random.default_rng(0)
    for count in (1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 1000):
        X, y = rng.normal(size=(count, 3)), rng.normal(size=count)
        rows = [nn.squared_error(model(x), t) for x, t in zip(X.tolist(), y.tolist(), strict=True)]
        autograd.mean(rows).backward()
        wanted = [p.grad for p in model.parameters()]
        assert program.batch(X, y) == pytest.approx([row.data for row in rows], rel=1e-12)
        found = {}
        for threads in (1, 2, 3):
            for p in model.parameters():
                p.zero_grad()
            value = program.batch_backward(X, y, threads=threads)
            found[threads] = [p.grad for p in model.parameters()]
            assert value == pytest.approx(sum(row.data for row in rows) / count, rel=1e-12)
            assert found[threads] == pytest.approx(wanted, rel=1e-11, abs=1e-14)
        for p in model.parameters():
            p.zero_grad()
        program.batch_backward(X, y, threads=3)
        assert [p.grad for p in model.parameters()] == found[3]  # the same to the last bit
        for p in model.parameters():
            p.zero_grad()


def test_several_threads_may_call_it():
    w = Value(2.0)
    program = autograd.compile(lambda x: autograd.tanh(w * x))
    results = []

    def work():
        results.extend(program(0.1 * i) == math.tanh(2.0 * (0.1 * i)) for i in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(results) == 800
    assert all(results)


def test_the_tape_prints_what_is_computed():
    w = Value(2.0, "w")
    program = autograd.compile(lambda x: autograd.sum([w * x[0], w * x[1], 3.0 * w]))
    program([1.0, 2.0])
    assert str(program.tape).splitlines()[:9] == [
        "as traced: 4 instructions, 4 results (3 mul, 1 sum)",
        "  inputs     x[0], x[1]",
        "  leaves     w",
        "  constants  3.0",
        "  v0 = mul(w, x[0])",
        "  v1 = mul(w, x[1])",
        "  v2 = mul(3.0, w)",
        "  v3 = sum(v0..v2)",
        "  output     v3",
    ]
    assert "1 instruction, 1 result (1 dot)" in str(program.tape)
    assert max(map(len, str(program.tape).splitlines())) <= 100


def test_repr_and_signature_are_those_of_the_function():
    @autograd.compile
    def loss(x):
        """What it costs."""
        return x

    assert (loss.__name__, loss.__doc__) == ("loss", "What it costs.")
    assert repr(loss) == "<Program loss, 0 traced>"
    loss(1.0)
    assert repr(loss) == "<Program loss, 1 traced>"
