"""Module: how parameters are found, named, reset, saved and loaded."""

import copy
import html as html_module
import math
import re

import numpy as np
import pytest
from small_models import Holder, Line

import nn
from autograd import Value, no_grad
from autograd.errors import NumberError, ShapeError
from nn import MLP, Module


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


def cells(html):
    return [html_module.unescape(cell) for cell in re.findall(r"<td[^>]*>([^<]*)</td>", html)]


def test_a_model_shows_its_parts_in_a_notebook():
    model = nn.MLP(3, [4, 1], activation="tanh", output="sigmoid", generator=0)
    assert cells(model._repr_html_()) == [
        "layers.0", "Layer(3 -> 4 tanh)", "16",
        "layers.1", "Layer(4 -> 1 sigmoid)", "5",
        "all", "", "21",
    ]  # fmt: skip


def test_a_model_of_ones_own_shows_its_attributes():
    class Mine(nn.Module):
        def __init__(self):
            self.slope, self.tables = Value(1.0), {"<a>": [Value(1.0), Value(2.0)]}
            self.inner = nn.Neuron(2, "tanh", generator=0)

        def extra_repr(self):
            return "<b>"

    html = Mine()._repr_html_()
    assert "<b>" not in html
    assert cells(html)[::3] == ["slope", "tables", "inner", "all"]
    assert cells(html)[2::3] == ["1", "2", "3", "6"]


def test_a_history_shows_its_series_in_a_notebook():
    history = nn.History(loss=[0.5, 0.25, 0.3], accuracy=[0.5, 1.0, 1.0], seconds=[1.0, 1.0, 0.5])
    history.metrics["gap"] = [3.0, 2.0, 1.0]
    html = history._repr_html_()
    assert "3 epochs in 2.5 s" in html
    assert cells(html) == [
        "loss", "0.5000", "0.3000", "0.2500 (2)",
        "accuracy", "0.5000", "1.0000", "1.0000 (2)",
        "gap", "3.0000", "1.0000", "",
    ]  # fmt: skip
