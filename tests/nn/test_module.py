"""Module: how parameters are found, named, reset, saved and loaded."""

import copy
import functools
import math
import re
import sys
import threading
import warnings

import numpy as np
import pytest

import autograd
from autograd import Value, no_grad
from autograd.engines.numbers import float_of
from autograd.errors import GraphError, NumberError, ShapeError
from nn import MLP, Module, Neuron, functional_call
from nn.arguments.messages import PACKAGES


class Holder(Module):
    """Holds what it is given as attributes."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_parameters_are_found_in_everything_that_holds_them():
    a, b, c, d, e, f = (Value(float(i)) for i in range(6))
    model = Holder(
        plain=a,
        listed=[b, 1.0, [c]],
        paired=(d, "text", None),
        mapped={"x": e, 3: {"deep": f}},
    )
    assert model.named_parameters() == [
        ("plain", a),
        ("listed.0", b),
        ("listed.2.0", c),
        ("paired.0", d),
        ("mapped.x", e),
        ("mapped.3.deep", f),
    ]
    assert model.parameters() == [a, b, c, d, e, f]


def test_parameters_of_nested_modules_have_paths():
    w, b = Value(1.0), Value(2.0)
    model = Holder(body=[Holder(w=w)], head=Holder(inner=Holder(b=b)))
    assert model.named_parameters() == [("body.0.w", w), ("head.inner.b", b)]


def test_a_shared_parameter_counts_once_under_its_first_path():
    shared, other = Value(1.0), Value(2.0)
    model = Holder(encoder=Holder(w=shared), decoder=Holder(w=shared, b=other), again=[shared])
    assert model.named_parameters() == [("encoder.w", shared), ("decoder.b", other)]


def test_a_shared_module_counts_once():
    part = Holder(w=Value(1.0))
    assert len(Holder(first=part, second=part).parameters()) == 1


def test_two_parameters_of_the_same_number_both_count():
    assert len(Holder(a=Value(1.0), b=Value(1.0)).parameters()) == 2


def test_cycles_end_and_own_parameters_keep_their_short_paths():
    child = Holder(w=Value(1.0))
    parent = Holder(child=child, v=Value(2.0))
    child.parent = parent
    loop = [parent]
    loop.append(loop)
    parent.loop = loop
    assert [name for name, _ in parent.named_parameters()] == ["child.w", "v"]


def test_results_are_no_parameters():
    w = Value(2.0)
    model = Holder(w=w, cached=w * 3.0, outputs=[w + 1.0])
    assert model.parameters() == [w]


def test_frozen_parameters_count():
    frozen = Value(2.0, requires_grad=False)
    model = Holder(frozen=frozen, w=Value(1.0))
    assert frozen in model.parameters()
    assert model.state_dict() == {"frozen": 2.0, "w": 1.0}


def test_a_module_without_parameters():
    model = Holder(size=3, name="none")
    assert model.parameters() == []
    assert model.state_dict() == {}
    model.load_state_dict({})
    assert repr(model) == "Holder(0 parameters)"


def test_zero_grad_resets_all():
    a, b = Value(2.0), Value(3.0)
    model = Holder(a=a, more={"b": b})
    (a * b).backward()
    assert (a.grad, b.grad) == (3.0, 2.0)
    model.zero_grad()
    assert (a.grad, b.grad) == (0.0, 0.0)


def test_state_goes_round():
    model = Holder(a=Value(1.5), parts=[Holder(b=Value(-0.0))])
    state = model.state_dict()
    assert state == {"a": 1.5, "parts.0.b": 0.0}
    model.a.data, model.parts[0].b.data = 9.0, 9.0
    assert state["a"] == 1.5  # a copy
    a, b = model.parameters()
    model.load_state_dict(state)
    assert (model.a.data, model.parts[0].b.data) == (1.5, -0.0)
    assert math.copysign(1.0, model.parts[0].b.data) == -1.0
    assert model.parameters() == [a, b]  # the same Values, so an optimizer goes on


@pytest.mark.parametrize(
    ("state", "error", "match"),
    [
        ({"a": 9.0}, ShapeError, "Holder with 2 parameters: b missing, none unknown"),
        ({"a": 9.0, "b": 9.0, "c": 1.0}, ShapeError, "none missing, c unknown"),
        ({"x": 9.0, "y": 9.0}, ShapeError, "a, b missing, x, y unknown"),
        ({}, ShapeError, "a, b missing"),
        ({"a": 9.0, "b": "9"}, NumberError, "str '9'"),
        ({"a": 9.0, "b": None}, NumberError, "NoneType"),
        ({"a": 9.0, "b": Value(1.0)}, NumberError, r"use \.data"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state, error, match):
    model = Holder(a=Value(1.0), b=Value(2.0))
    with pytest.raises(error, match=match):
        model.load_state_dict(state)
    assert model.state_dict() == {"a": 1.0, "b": 2.0}


def test_the_message_about_many_paths_stays_short():
    model = Holder(w=[Value(0.0) for _ in range(1000)])
    with pytest.raises(ShapeError, match=r"w\.0, w\.1, w\.2 and 997 more missing"):
        model.load_state_dict({})


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (Holder(a=Value(1.0)), "Holder(1 parameter)"),
        (Holder(a=Value(1.0), b=Value(1.0)), "Holder(2 parameters)"),
    ],
)
def test_repr_counts(model, shown):
    assert repr(model) == shown


def test_extra_repr_is_shown():
    class Named(Holder):
        def extra_repr(self):
            return "a -> b"

    assert repr(Named(w=Value(1.0))) == "Named(a -> b, 1 parameter)"


def test_code_in_the_style_of_micrograd_that_overrides_parameters():
    class Neuron(Module):
        def __init__(self):
            self.w, self.b = [Value(1.0), Value(2.0)], Value(3.0)

        def __call__(self, x):
            return sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)

        def parameters(self):
            return [*self.w, self.b]

    neuron = Neuron()
    neuron([4.0, 5.0]).backward()
    assert [p.grad for p in neuron.parameters()] == [4.0, 5.0, 1.0]
    neuron.zero_grad()
    assert [p.grad for p in neuron.parameters()] == [0.0, 0.0, 0.0]
    assert repr(neuron) == "Neuron(3 parameters)"


def test_overridden_parameters_decide_what_is_reset():
    class Partial(Holder):
        def parameters(self):
            return [self.a]

    model = Partial(a=Value(1.0), b=Value(2.0))
    (model.a * model.b).backward()
    model.zero_grad()
    assert (model.a.grad, model.b.grad) == (0.0, 1.0)


# --- functional_call -------------------------------------------------------------------


class Line(Module):
    """slope * x + offset"""

    def __init__(self):
        self.slope, self.offset = Value(2.0, "slope"), Value(1.0, "offset")

    def __call__(self, x, times=1.0):
        return times * (self.slope * x + self.offset)


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


# --- parameters that an update loses ----------------------------------------------------------


def updated(neuron, kind):
    """An update as a textbook prints it; each loses parameters."""
    if kind == "attribute":
        neuron.b = neuron.b - 0.1
    elif kind == "in place":
        neuron.b -= 0.1
    elif kind == "list":
        neuron.w = [w - 0.1 * w.grad for w in neuron.w]
    elif kind == "element":
        neuron.w[0] = neuron.w[0] - 0.1
    elif kind == "no_grad":
        with no_grad():
            neuron.b -= 0.1
    elif kind == "list, no_grad":
        with no_grad():
            neuron.w = [w - 0.1 * w.grad for w in neuron.w]
    elif kind == "number":
        neuron.b = neuron.b.data - 0.1 * neuron.b.grad
    elif kind == "list of numbers":
        neuron.w = [w.data - 0.1 * w.grad for w in neuron.w]
    elif kind == "number in a list":
        neuron.w[0] = neuron.w[0].data - 0.1 * neuron.w[0].grad
    elif kind == "array":
        neuron.w = np.array(neuron.w) - 0.1
    elif kind == "array of numbers":
        neuron.w = np.array([w.data - 0.1 * w.grad for w in neuron.w])


KINDS = [
    "attribute", "in place", "list", "element", "no_grad", "list, no_grad", "number",
    "list of numbers", "number in a list", "array", "array of numbers",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_that_loses_parameters_is_warned_of(kind):
    model = MLP(2, [3, 1], generator=0)
    assert len(model.parameters()) == 13
    with warnings.catch_warnings(record=True, action="always") as caught:
        updated(model.layers[0].neurons[1], kind)
        model.parameters()
    assert caught
    for warning in caught:
        assert re.search(r"held a parameter.*p\.data -= learning_rate", str(warning.message))
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("before", [True, False])
def test_a_lost_element_of_a_model_of_ones_own_is_found(before):
    model = Holder(w=[Value(1.0), Value(2.0)], named={"b": Value(3.0)})
    if before:
        assert len(model.parameters()) == 3
        model.w[1] = model.w[1] * 0.9
        model.named["b"] = model.named["b"] * 0.9
        with pytest.warns(UserWarning, match=r"Holder: w\.1, named\.b held a parameter"):
            assert len(model.parameters()) == 1
    else:
        with pytest.warns(UserWarning, match=r"Holder\.w held a parameter"):
            model.w = [w * 0.9 for w in model.w]


def test_an_element_replaced_under_no_grad_is_found():
    model = Holder(w=[Value(1.0), Value(2.0)])
    model.parameters()
    with no_grad():
        model.w[1] = model.w[1] - 0.1
    with pytest.warns(UserWarning, match=r"w\.1 held a parameter.*under no_grad"):
        model.parameters()


def test_what_is_no_loss_is_not_warned_of():
    model = MLP(2, [3, 1], generator=0)
    with warnings.catch_warnings(action="error"):
        model([0.1, 0.2]).backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        model.last = model([0.1, 0.2])  # results may be kept
        model.last = model([0.3, 0.2])
        model.outputs = [model([0.1, 0.2])]
        model.outputs.append(model.last)
        with no_grad():
            model.mean = Value(0.0, requires_grad=False)
            model.mean = model.mean * 0.9 + 0.1
        other = MLP(2, [3, 1], generator=0)
        other.parameters()
        other.layers[0].neurons[0].b = None  # a neuron without a bias
        del other.layers[0].neurons[2]
        other.parameters()
        neuron = model.layers[0].neurons[0]
        neuron.b = Value(1.0)  # another parameter
        neuron.w = [Value(0.5), Value(0.5)]
        model.parameters()
        neuron.b = Value(1.0, requires_grad=False)  # frozen on purpose
        neuron.w[0].requires_grad = False
        neuron.activation = autograd.tanh
        assert len(model.parameters()) == 14  # with the mean
        repr(model)
        functional_call(model, [p * 1.0 for p in model.parameters()], [0.1, 0.2])


def test_a_deep_copy_starts_with_gradients_at_zero_and_shares_nothing():
    model = MLP(2, [3, 1], "tanh", generator=0)
    seen = []
    for p in model.parameters():
        p.register_hook(seen.append)
    model([1.0, 2.0]).backward()
    before = len(seen)
    twin = copy.deepcopy(model)
    assert any(p.grad for p in model.parameters())
    assert {p.grad for p in twin.parameters()} == {0.0}
    assert (twin.state_dict(), repr(twin)) == (model.state_dict(), repr(model))
    assert not {*map(id, twin.parameters())} & {*map(id, model.parameters())}
    twin([1.0, 2.0]).backward()
    assert len(seen) == before
    twin.parameters()[0].data = 9.0
    assert model.parameters()[0].data != 9.0


def test_a_deep_copy_keeps_what_is_shared_and_goes_round_cycles():
    shared = Value(1.0)
    model = Holder(a=shared, more=[shared, {"b": shared}], kind="x")
    model.me = model
    twin = copy.deepcopy(model)
    assert twin.me is twin
    assert twin.a is twin.more[0] is twin.more[1]["b"] is not shared


# --- predictions --------------------------------------------------------------------------------


def test_predict_gives_plain_numbers_by_row():
    model = MLP(2, [3, 1], "tanh", generator=0)
    rows = [[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]]
    expected = [model(row).data for row in rows]
    assert model.predict(rows) == expected
    assert {type(number) for number in model.predict(rows)} == {float}
    assert model.predict(np.array(rows)) == model.predict(map(tuple, rows)) == expected
    pandas = pytest.importorskip("pandas")
    assert model.predict(pandas.DataFrame(rows, index=[2, 0, 1])) == expected
    assert model.predict([]) == []
    several = MLP(2, [3], generator=0)
    assert several.predict(rows[:1]) == [[out.data for out in several(rows[0])]]


@pytest.mark.parametrize(
    ("output", "numbers", "expected"),
    [
        ("sigmoid", [-0.1, 0.1, 3.0], [0, 1, 1]),  # the sigmoid is above 0.5 above 0
        ("identity", [-0.1, 0.1, 3.0], [0, 1, 1]),
        ("tanh", [-0.1, 0.1, 3.0], [0, 1, 1]),
    ],
)
def test_predict_classes_of_one_output(output, numbers, expected):
    model = MLP(1, [1], output=output, init=lambda *_: 1.0)
    assert model.predict_classes([[number] for number in numbers]) == expected
    assert model.predict_classes([[0.1], [5.0]], threshold=0.9) == [0, 1]


def test_predict_classes_of_several_outputs_and_of_models_of_ones_own():
    assert MLP(1, [3], output="softmax", generator=0).predict_classes([[0.0]]) == [0]
    model = Line()
    assert model.predict_classes([-1.0, 1.0]) == [0, 1]  # 2 x + 1: -1 and 3

    class Squashed(Line):
        def __call__(self, x):
            return super().__call__(x).sigmoid()

    with no_grad():
        assert Squashed().predict_classes([-1.0, 1.0]) == [0, 1]
    for number, shown in ((math.nan, "nan has no class"), ("a", "row 1")):
        with pytest.raises((ValueError, TypeError), match=shown):
            Squashed().predict_classes([0.0, number])


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (3.0, TypeError, "X must be a sequence of rows, one for each sample, got float 3.0"),
        ([0.5, -1.0], TypeError, r"row 0: .*write predict\(\[x\]\)"),
        ([[0.5, 1.0], [1.0]], ShapeError, "row 1: this MLP takes 2 inputs, got 1"),
    ],
)
def test_predict_says_which_row_is_wrong(X, error, match):
    with pytest.raises(error, match=match):
        MLP(2, [1]).predict(X)


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
