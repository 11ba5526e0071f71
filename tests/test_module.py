"""Module: how parameters are found, named, reset, saved and loaded."""

import math

import pytest

import autograd
from autograd import Value
from autograd.errors import NumberError, ShapeError
from nn import MLP, Module, Neuron, functional_call


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
