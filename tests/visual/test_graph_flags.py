"""Which numbers and gradients deserve a mark, on graphs worked by hand."""

import math

import pytest

from autograd import Value, scope
from autograd.visual.graph.flags import EXPLODING, MEANING, VANISHING, flag_of, is_reached
from autograd.visual.graph.model import Show, graph_of


def flags_in(root, **options):
    boxes = graph_of(root, Show(**options)).boxes
    return {box.label or box.op: box.flag for box in boxes if not box.constant}


def with_gradient(gradient, factor=1.0):
    """x in x * gradient, after a backward pass that began with `factor`."""
    x = Value(1.0, "x")
    out = x * gradient
    out.backward(factor)
    return x, out


def test_a_healthy_graph_has_no_flags():
    assert set(flags_in(with_gradient(-0.5)[1]).values()) == {""}


def test_nothing_is_flagged_before_backward():
    assert set(flags_in((Value(1.0) * 0.0).relu()).values()) == {""}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite(number):
    assert flags_in(Value(number, "x"))["x"] == "not finite"
    x = Value(1.0, "x")
    x.grad = number
    assert flags_in(x)["x"] == "not finite"


@pytest.mark.parametrize("scale", [1.0, 1e-3, -1e8])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sizes_are_relative_to_the_root(scale, sign):
    for gradient, expected in [
        (2.0 * VANISHING, ""), (0.5 * VANISHING, "vanishing"), (0.5 * EXPLODING, ""),
        (2.0 * EXPLODING, "exploding"), (0.0, "no gradient"),
    ]:  # fmt: skip
        x, out = with_gradient(sign * gradient, scale)
        assert flag_of([x], out) == expected


@pytest.mark.parametrize(
    ("squash", "edge"),
    # Where the slope is a hundredth of the steepest, by hand: tanh' = 1 - tanh², sigmoid' =
    # s (1 - s), softsign' = 1 / (1 + |x|)², and erf' = exp(-x²) of the steepest.
    [("tanh", math.atanh(math.sqrt(0.99))), ("softsign", 9.0), ("erf", math.sqrt(math.log(100.0))),
     ("sigmoid", math.log((1.0 + math.sqrt(0.99)) / (1.0 - math.sqrt(0.99))))],
)  # fmt: skip
def test_a_unit_is_saturated_where_its_slope_is_a_hundredth(squash, edge):
    for x, expected in [(edge + 0.01, "saturated"), (-edge - 0.01, "saturated"), (edge - 0.01, "")]:
        out = getattr(Value(x, "x"), squash)() + 0.0
        out.backward()
        [unit] = [box.flag for box in graph_of(out).boxes if box.op == squash]
        assert unit == expected
    flat = Value(1000.0, "x").tanh()
    flat.backward()
    assert flags_in(flat) == {"x": "no gradient", "tanh": "saturated"}


def test_a_relu_that_is_off_has_a_gradient_and_what_lies_below_it_has_none():
    x, y = Value(-1.0, "x"), Value(2.0, "y")
    out = x.relu() + y
    out.backward()
    assert flags_in(out) == {"x": "no gradient", "ReLU": "off", "y": "", "+": ""}
    on = y.relu() + x
    on.backward()
    assert flags_in(on)["ReLU"] == ""


def test_what_is_off_and_gets_no_gradient_itself_is_said_to_have_none():
    x = Value(-1.0, "x")
    out = x.relu() * Value(0.0, "y")  # the gradient of the ReLU is y = 0
    out.backward()
    assert flags_in(out)["ReLU"] == "no gradient"


def test_constants_are_never_without_gradient():
    out = Value(0.0, "x") * 3.0
    out.backward()
    assert flag_of([out.parents[1]], out) == ""


def test_a_group_is_as_bad_as_its_best_parameter():
    with scope("group"):
        dead, alive = Value(0.0), Value(1.0)
        inside = (dead * 0.0) + alive
    out = inside * 1.0
    out.backward()
    assert flag_of([dead, alive, inside], out) == ""
    assert flag_of([dead, inside], out) == "no gradient"  # its only parameter
    alive.grad = math.nan
    assert flag_of([dead, alive, inside], out) == "not finite"


@pytest.mark.parametrize("edit", [5.0, -1.0])
def test_what_does_not_follow_from_its_operands_is_out_of_date(edit):
    x, zero = Value(2.0, "x"), Value(0.0, "zero")
    root = x.log() * zero
    assert set(flags_in(root).values()) == {""}
    x.data = edit  # log(-1) is refused
    assert flags_in(root) == {"x": "", "zero": "", "log": "out of date", "*": ""}
    x.data = 2.0
    zero.data = -0.0
    assert set(flags_in(root).values()) == {""}


def test_a_group_is_out_of_date_with_one_of_its_values():
    with scope("group"):
        x = Value(2.0)
        inside = x * x
    x.data = 3.0
    assert flag_of([x, inside], inside) == "out of date"


def test_every_flag_has_a_meaning_and_a_colour():
    from autograd.visual.themes import THEMES

    for theme in THEMES.values():
        assert theme.flags.keys() == MEANING.keys()


def test_reached_is_reached_or_assigned():
    x, _ = with_gradient(0.0)
    assert (is_reached(x), is_reached(Value(1.0))) == (True, False)
    x.zero_grad()
    assert not is_reached(x)
    x.grad = 2.0
    assert is_reached(x)
