"""The comparison with PyTorch."""

import math
import random
import sys

import pytest

import autograd
from autograd import Value, apply, ops
from autograd.checking.torch_comparison import Comparison, Row, compare_torch
from autograd.errors import ChainruleError, GraphError, PackageMissingError

torch = pytest.importorskip("torch")


def test_both_columns_are_shown():
    x, y = Value(2.0, "x"), Value(0.3, "y")
    comparison = compare_torch(lambda x, y: (x * y).tanh() + x, [x, y])
    assert comparison
    lines = str(comparison).splitlines()
    assert lines[0] == "all 3 numbers agree"
    assert lines[1].split() == ["chainrule", "PyTorch", "difference"]
    value, by_x, by_y = (line.split() for line in lines[2:])
    theirs = torch.tensor([2.0, 0.3], dtype=torch.float64, requires_grad=True)
    out = (theirs[0] * theirs[1]).tanh() + theirs[0]
    out.backward()
    assert (value[0], float(value[2])) == ("value", out.item())
    assert (by_x[1], float(by_x[3])) == ("x", theirs.grad[0].item())
    assert (by_y[1], float(by_y[3])) == ("y", theirs.grad[1].item())
    assert (x.grad, y.grad) == (0.0, 0.0)


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation_agrees(rule):
    rng = random.Random(rule.__name__)
    domain = ops.TABLE[rule].domain
    for _ in range(20):
        count = rule.__code__.co_argcount or 4
        ends = [*domain, *domain[-1:] * count][:count]
        inputs = [rng.uniform(low, high) for low, high in ends]
        comparison = compare_torch(lambda *x: apply(rule, *x), inputs)
        assert comparison, comparison


@pytest.mark.parametrize(
    ("name", "inputs"),
    [("relu", [0.0]), ("abs", [0.0]), ("elu", [0.0, 0.5]), ("maximum", [2.0, 2.0]),
     ("clip", [-1.0, -1.0, 2.0]), ("elu", [800.0, 0.5]), ("sqrt", [0.0]), ("max", [1.0, 3.0, 3.0])],
)  # fmt: skip
def test_kinks_agree(name, inputs):
    assert compare_torch(lambda *x: apply(getattr(ops, name), *x), inputs)


def test_a_loss_over_parameters_and_nested_inputs():
    w = [Value(0.5, "w0"), Value(-1.0, "w1")]
    captured = compare_torch(lambda: autograd.softmax([w[0], w[1] * 2.0])[0].log(), w)
    assert [row.name for row in captured.rows] == ["value", "d/d w0", "d/d w1"]
    nested = compare_torch(
        lambda x, p: autograd.logsumexp([x * p["w"][0], p["w"][1]]), [2.0, {"w": w}]
    )
    assert [row.name for row in nested.rows] == ["value", "d/d 0", "d/d w0", "d/d w1"]
    assert captured
    assert nested


def test_a_wrong_derivative_is_shown():
    def wrong_square(x):
        return x * x, 3.0 * x

    comparison = compare_torch(
        lambda x, y: apply(wrong_square, x) * y,
        [2.0, 5.0],
        counterparts={"wrong_square": lambda x: x * x},
    )
    assert not comparison
    assert [(row.name, row.ours, row.theirs) for row in comparison.different] == [
        ("d/d 0", 30.0, 20.0)
    ]
    assert str(comparison).startswith("1 of 3 numbers differs by more than 1e-10 (relative)")
    assert str(comparison).count("<-- differs") == 1


def test_an_operation_that_pytorch_lacks_is_refused():
    def soft_step(x):
        return x / (1.0 + abs(x)), 1.0 / (1.0 + abs(x)) ** 2

    def f(x):
        return apply(soft_step, x)

    with pytest.raises(GraphError, match=r"soft_step.*counterparts=\{'soft_step': function\}"):
        compare_torch(f, [0.5])
    counterparts = {"soft_step": torch.nn.functional.softsign}
    assert compare_torch(f, [0.5], counterparts=counterparts)


def test_gradients_inside_a_function_are_computed_by_pytorch_too():
    def penalty(x, y):
        out = (x * x + y).tanh() + (x * y).sigmoid() * x**3
        slopes = autograd.gradient(out, [x, y], create_graph=True)
        return out + autograd.dot(slopes, slopes)

    comparison = compare_torch(penalty, [0.7, -0.4])
    assert comparison, comparison

    x = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(-0.4, dtype=torch.float64, requires_grad=True)
    out = (x * x + y).tanh() + (x * y).sigmoid() * x**3
    slopes = torch.autograd.grad(out, [x, y], create_graph=True)
    whole = out + slopes[0] ** 2 + slopes[1] ** 2
    whole.backward()
    theirs = [row.theirs for row in comparison.rows]
    assert theirs == pytest.approx([whole.item(), x.grad.item(), y.grad.item()], rel=1e-13)


def test_an_operand_that_is_there_twice_is_two_operands():
    def slope(x):
        return autograd.gradient(x**x, x, create_graph=True)

    comparison = compare_torch(slope, [1.7])
    assert comparison, comparison
    assert comparison.rows[0].theirs == pytest.approx(1.7**1.7 * (1.0 + math.log(1.7)), rel=1e-14)


def test_functions_that_do_not_depend_on_their_inputs():
    constant = compare_torch(lambda x: 3.0, [1.0])
    assert [(row.ours, row.theirs) for row in constant.rows] == [(3.0, 3.0), (0.0, 0.0)]
    unused = compare_torch(lambda x, y: x * 2.0, [1.0, 4.0])
    assert [(row.ours, row.theirs) for row in unused.rows[1:]] == [(2.0, 2.0), (0.0, 0.0)]
    assert compare_torch(lambda x: x, [1.0]).rows[1] == Row("d/d 0", 1.0, 1.0, 1.0, 2.0**-50)


def test_rounding_is_relative_to_the_contributions():
    cancelling = compare_torch(lambda x: x * 1e6 - x * 999_999.0, [2.0]).rows[1]
    assert (cancelling.ours, cancelling.size) == (1.0, 1_999_999.0)
    assert Row("x", 1.0, 1.0 + 1e-5, size=1e6).agrees(1e-10)
    assert not Row("x", 1.0, 1.0 + 1e-5).agrees(1e-10)


def test_infinite_partials_forgive_nothing():
    upright = compare_torch(lambda x: x.sqrt(), [0.0]).rows[1]
    assert upright.ours == math.inf
    assert upright.slack < 1e-14
    assert compare_torch(lambda x: (x * 0.0).sqrt(), [1.0]).rows[1].size == 0.0


def test_no_digits_are_lost_in_pytorchs_thresholds():
    assert compare_torch(autograd.softplus, [20.5], tolerance=1e-14)


def test_torch_no_grad_does_not_matter():
    with torch.no_grad():
        assert compare_torch(lambda x: x * x, [3.0]).rows[1].theirs == 6.0


def test_without_torch_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(PackageMissingError, match="pip install torch") as caught:
        compare_torch(lambda x: x, [1.0])
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, ChainruleError)


@pytest.mark.parametrize(
    ("ours", "theirs", "shown"),
    [(1.0, 1.0, "0"), (math.nan, math.nan, "0"), (math.inf, math.inf, "0"),
     (1.0, 1.0 + 2.0**-52, "1 ulp"), (1.0, 1.0 + 2.0**-45, "128 ulp"), (1.0, 2.0, "5.0e-01"),
     (math.nan, 1.0, "inf"), (math.inf, 1.0, "inf")],
)  # fmt: skip
def test_the_difference_is_readable(ours, theirs, shown):
    row = Row("x", ours, theirs)
    assert row.distance == shown
    assert row.agrees(1e-10) is (shown == "0" or "ulp" in shown)


def test_a_long_table_shows_what_differs_first():
    rows = [Row(f"d/d w{i}", 1.0, 1.0 + (i == 40)) for i in range(50)]
    lines = str(Comparison(tuple(rows), 1e-10)).splitlines()
    assert lines[2].split()[:2] == ["d/d", "w40"]
    assert lines[-1] == "... and 30 more"
