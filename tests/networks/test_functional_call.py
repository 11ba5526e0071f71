"""functional_call: a model with other parameters than its own, and afterwards as it was."""

import functools
import math
import sys
import threading

import pytest
from small_models import Holder, Line

import autograd
from autograd import Value, no_grad
from autograd.engines.numbers import float_of
from autograd.errors import GraphError, ShapeError
from nn import MLP, Module, Neuron, functional_call
from nn.arguments.messages import PACKAGES


def test_functional_call_takes_numbers_and_values_in_order_or_by_path():
    line, slope = Line(), Value(5.0)
    assert functional_call(line, [3.0, 4.0], 10.0) == 34.0
    assert functional_call(line, (3.0, 4.0), 10.0, times=2.0) == 68.0
    assert functional_call(line, {"offset": 4.0, "slope": 3.0}, 10.0) == 34.0
    out = functional_call(line, [slope, 0.0], 10.0)
    out.backward()
    assert (out.data, slope.grad) == (50.0, 10.0)


def test_functional_call_leaves_the_model_as_it_is():
    line = Line()
    slope, offset = line.parameters()
    functional_call(line, [Value(3.0), Value(4.0)], 10.0).backward()
    assert line.parameters() == [slope, offset]
    assert (slope.data, slope.grad, offset.data, offset.grad) == (2.0, 0.0, 1.0, 0.0)
    assert line(10.0).data == 21.0


class Cached(Module):
    """x times the square of its parameter, which it computes once."""

    def __init__(self, how):
        self.w, self.how, self.kept, self.table = Value(2.0), how, None, {}

    @functools.cached_property
    def square(self):
        return self.w * self.w

    def __call__(self, x):
        if self.how == "cached_property":
            return self.square * x
        if self.how == "attribute":
            if self.kept is None:
                self.kept = self.w * self.w
            return self.kept * x
        if "square" not in self.table:
            self.table["square"] = self.w * self.w
        return self.table["square"] * x


@pytest.mark.parametrize("how", ["cached_property", "attribute", "dict"])
def test_functional_call_leaves_no_result_behind_for_the_next_call(how):
    model = Cached(how)
    before = dict(vars(model))
    assert functional_call(model, [5.0], 3.0) == 75.0
    assert functional_call(model, [7.0], 3.0) == 147.0
    for number in (3.0, 4.0):
        given = Value(number)
        functional_call(model, [given], 3.0).backward()
        assert given.grad == 6.0 * number  # d 3 w**2 / d w
    assert autograd.hessian(lambda w: functional_call(model, w, 3.0))([4.0]) == [[6.0]]
    with pytest.raises(TypeError):
        functional_call(model, [5.0], "three", 3.0)
    assert (vars(model), model.table) == (before, {})
    model(1.0)
    with pytest.raises(GraphError, match="a value computed earlier"):  # of its own parameter
        functional_call(model, [Value(5.0)], 3.0)


def test_functional_call_with_the_models_own_parameters_is_a_call():
    model = MLP(2, [3, 1], "tanh", generator=0)
    x = [0.5, -1.0]
    assert functional_call(model, model.parameters(), x).data == model(x).data
    assert functional_call(model, model.state_dict(), x).data == model(x).data


def test_shared_parameters_are_replaced_everywhere():
    shared = Value(2.0)
    model = Holder(a=shared, more=[shared, {"b": shared}])
    Holder.__call__ = lambda self: self.a + self.more[0] * 10.0 + self.more[1]["b"] * 100.0
    try:
        assert functional_call(model, [3.0]) == 333.0
    finally:
        del Holder.__call__


def test_gradients_and_hessians_by_parameters():
    neuron = Neuron(2, "tanh", generator=0)
    x, point = [0.5, -1.0], [0.1, 0.2, 0.3]

    def out(parameters):
        return functional_call(neuron, parameters, x)

    t = math.tanh(0.5 * 0.1 - 0.2 + 0.3)
    inputs = [0.5, -1.0, 1.0]
    assert autograd.grad(out)(point) == pytest.approx([(1 - t * t) * i for i in inputs], rel=1e-14)
    second = -2.0 * t * (1 - t * t)
    for row, i in zip(autograd.hessian(out)(point), inputs, strict=True):
        assert row == pytest.approx([second * i * j for j in inputs], rel=1e-14)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ([1.0], "1 parameters for a model of 2"),
        ([1.0, 2.0, 3.0], "3 parameters for a model of 2"),
        ([], "0 parameters for a model of 2"),
        ({"slope": 1.0}, "offset missing"),
        ({"slope": 1.0, "offset": 1.0, "x": 1.0}, "x unknown"),
    ],
)
def test_functional_call_refuses_parameters_that_do_not_fit(parameters, match):
    with pytest.raises(ShapeError, match=match):
        functional_call(Line(), parameters, 1.0)


def test_a_model_that_keeps_a_large_graph_can_be_called():
    line = Line()
    line.last_output = autograd.sum([Value(float(i)) * 2.0 for i in range(500)])
    assert functional_call(line, [3.0, 4.0], 10.0) == 34.0


# --- functional_call: parameters behind other things than attributes ------------------------


class Hidden(Module):
    """w * x, by way of what `kind` says; right is 10 for w = 5 and x = 2."""

    def __init__(self, kind):
        w = self.w = Value(2.0, "w")
        self.deep = {"w": [w]}
        self.f = {
            "bound method": self.times,
            "lambda over self": lambda x: self.w * x,
            "lambda over the Value": lambda x: w * x,
            "default": lambda x, w=w: w * x,
            "keyword default": self.keyword(w),
            "partial": functools.partial(lambda w, x: w * x, w),
            "partial, by name": functools.partial(lambda x, w: w * x, w=w),
            "partial of a bound method": functools.partial(Hidden.times, self),
            "closure in a closure": self.calling(lambda x: w * x),
            "over a container": self.first_of(self.deep["w"]),
            "over a tuple": self.first_of((w,)),
            "method of the Value": w.maximum,
            "layer": Holder(w=w),
        }[kind]
        self.kind = kind

    @staticmethod
    def keyword(w):
        return lambda x, *, by=w: by * x

    @staticmethod
    def calling(inner):
        return lambda x: inner(x)

    @staticmethod
    def first_of(held):
        return lambda x: held[0] * x

    def times(self, x):
        return self.w * x

    def __call__(self, x):
        if self.kind == "method of the Value":  # max(w, 0) = w
            return self.f(0.0) * x
        return self.f.w * x if self.kind == "layer" else self.f(x)


HIDDEN = [
    "bound method", "lambda over self", "lambda over the Value", "default", "keyword default",
    "partial", "partial, by name", "partial of a bound method", "closure in a closure",
    "over a container", "over a tuple", "method of the Value", "layer",
]  # fmt: skip


@pytest.mark.parametrize("kind", HIDDEN)
def test_functional_call_reaches_what_hides(kind):
    model, given = Hidden(kind), Value(5.0)
    own, before = model.w, model.f
    out = functional_call(model, [given], 2.0)
    out.backward()
    assert (out.data, given.grad, own.grad) == (10.0, 2.0, 0.0)
    out = functional_call(model, [5.0], 2.0)
    assert getattr(out, "data", out) == 10.0
    with no_grad():
        assert functional_call(model, [Value(5.0)], 2.0).data == 10.0
    hessian = autograd.hessian(lambda p: functional_call(model, p, 2.0) ** 2)([5.0])
    assert hessian == [[8.0]]  # (2 w)**2
    assert (own.data, model.w, model.f) == (2.0, own, before)
    assert (model(2.0).data, model.parameters()) == (4.0, [own])


HELD = Value(2.0)


class Helper:
    """No Module: nothing looks into it."""

    def __init__(self, w):
        self.w = w


class Unseen(Module):
    """Reaches its parameter in a way that cannot be followed."""

    def __init__(self, kind):
        self.w, self.kind = HELD, kind
        self.helper, self.earlier = Helper(self.w), self.w * 3.0

    def __call__(self, x):
        if self.kind == "global":
            return [{"out": HELD * x}]
        return self.helper.w * x if self.kind == "object" else self.earlier * x


@pytest.mark.parametrize("kind", ["global", "object", "earlier"])
def test_functional_call_says_what_it_cannot_reach(kind):
    model = Unseen(kind)
    for given in (5.0, Value(5.0)):
        with pytest.raises(GraphError, match=r"Unseen reached w in a way .* cannot follow"):
            functional_call(model, [given], 2.0)
    assert (HELD.data, model.w) == (2.0, HELD)
    assert functional_call(model, [HELD], 2.0) is not None  # its own: nothing is missed


def test_without_a_graph_the_numbers_are_right_even_so():
    model = Unseen("global")
    with no_grad():
        [out] = functional_call(model, [5.0], 2.0)
    assert out["out"].data == 10.0


def test_inputs_and_parameters_may_come_from_the_model_itself():
    # A step of gradient descent inside: w - 0.1 * 2 w = 0.8 w, with x = w: out = 0.8 w**2 + 0.8.
    model = Line()
    fast = [p - 0.1 * 2.0 * p for p in model.parameters()]
    out = functional_call(model, fast, model.slope)
    out.backward()
    assert out.data == pytest.approx(0.8 * 4.0 + 0.8, rel=1e-15)
    assert model.slope.grad == pytest.approx(2.0 * 0.8 * 2.0, rel=1e-15)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_functional_call_restores_the_model_when_it_raises(error):
    class Failing(Hidden):
        def __call__(self, x):
            raise error

    model = Failing("partial")
    own, before = model.w, model.f
    with pytest.raises(error):
        functional_call(model, [Value(5.0)], 2.0)
    assert (own.data, model.w, model.f, model.parameters()) == (2.0, own, before, [own])


def test_ctrl_c_at_any_line_leaves_the_model_as_it_was():
    model, given = Hidden("lambda over self"), Value(5.0)
    own, before = model.w, model.f
    interrupted = True
    line = 0
    while interrupted:
        line += 1
        left = line

        def count(frame, event, argument):
            nonlocal left
            if event == "line" and frame.f_code.co_filename.startswith(PACKAGES):
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
            return count

        earlier = sys.gettrace()
        sys.settrace(count)
        try:
            functional_call(model, [given], 2.0)
            interrupted = False
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(earlier)
        assert (own.data, model.w, model.f) == (2.0, own, before), line
        assert model.parameters() == [own], line
    assert line > 50


def test_functional_call_inside_functional_call():
    class Outer(Module):
        def __init__(self):
            self.line = Line()

        def __call__(self, x):
            inner = functional_call(self.line, [10.0, 0.0], x)  # 10 x
            again = functional_call(self, [0.0, 0.5], 1.0) if x != 1.0 else 0.0
            return self.line(x) + inner + again

    model = Outer()
    slope = Value(3.0)
    # 3 * 2 + 4, and 10 * 2, and of the call within: 0 * 1 + 0.5 + 10 * 1.
    out = functional_call(model, [slope, 4.0], 2.0)
    out.backward()
    assert (out.data, slope.grad) == (10.0 + 20.0 + 10.5, 2.0)
    assert model.state_dict() == {"line.slope": 2.0, "line.offset": 1.0}


def test_a_model_that_asks_for_its_parameters_gets_the_given_ones():
    class Penalised(Line):
        def __call__(self, x):
            return super().__call__(x) + sum(p * p for p in self.parameters())

    base = Value(1.0)
    out = functional_call(Penalised(), [base * 3.0, base * 4.0], 10.0)
    assert out.data == 34.0 + 9.0 + 16.0


def test_a_model_that_computes_lazily_computes_with_the_given_ones():
    class Lazy(Line):
        def __call__(self, xs):
            return (self.slope * x for x in xs)

    given = Value(5.0)
    outs = list(functional_call(Lazy(), [given, 0.0], [1.0, 2.0]))
    assert [out.data for out in outs] == [5.0, 10.0]


def test_calls_from_several_threads_take_turns():
    model = MLP(1, [3, 1], "tanh", generator=0)
    state, numbers = model.state_dict(), [0.1, 0.2, 0.3, 0.4]
    wanted = [functional_call(model, [c] * 10, [1.0]).data for c in numbers]
    found = {}

    def work(c):
        found[c] = {functional_call(model, [c] * 10, [1.0]).data for _ in range(50)}

    threads = [threading.Thread(target=work, args=(c,)) for c in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[c] for c in numbers] == [{number} for number in wanted]
    assert model.state_dict() == state


class Kept(Module):
    """Keeps a method of its parameter."""

    def __init__(self, name):
        self.w = Value(2.0)
        self.method = getattr(self.w, name)

    def __call__(self, x):
        return self.method(x) * self.w


@pytest.mark.parametrize(
    ("name", "expected"),
    [("__mul__", 75.0), ("__add__", 40.0), ("__sub__", 10.0), ("__rsub__", -10.0)],
)
def test_functional_call_goes_through_methods_of_operators(name, expected):
    model = Kept(name)
    assert float_of(functional_call(model, [5.0], 3.0)) == expected
    second = {"__mul__": 6.0, "__add__": 2.0, "__sub__": 2.0, "__rsub__": -2.0}[name]
    assert autograd.hessian(lambda w: functional_call(model, w, 3.0))([5.0]) == [[second]]
