"""A function beside its derivatives, by the formulas of school."""

import math

import pytest
from rendering import rendered

import autograd
from nn import plots

np = pytest.importorskip("numpy")


def test_a_function_and_its_derivatives_are_the_school_formulas():
    figure = plots.function_and_derivatives(autograd.tanh, -2.0, 3.0, points=11)
    lines = figure.axes[0].get_lines()[:3]
    xs = np.linspace(-2.0, 3.0, 11)
    t = np.tanh(xs)
    for line, expected in zip(lines, (t, 1 - t**2, -2 * t * (1 - t**2)), strict=True):
        assert line.get_xdata() == pytest.approx(xs)
        assert line.get_ydata() == pytest.approx(expected, rel=1e-12)
    assert [line.get_label() for line in lines] == ["tanh(x)", "tanh'(x)", "tanh''(x)"]
    assert rendered(figure)


def test_derivatives_of_a_polynomial_of_ones_own():
    figure = plots.function_and_derivatives(lambda x: x**4, -1.0, 2.0, order=5, points=4)
    lines = figure.axes[0].get_lines()
    xs = [-1.0, 0.0, 1.0, 2.0]
    for n, factor in enumerate((1, 4, 12, 24, 24)):
        assert lines[n].get_ydata() == pytest.approx([factor * x ** (4 - n) for x in xs])
    assert list(lines[5].get_ydata()) == [0.0] * 4
    assert [lines[n].get_label() for n in (0, 3, 4)] == ["f(x)", "f'''(x)", "f^(4)(x)"]
    assert rendered(figure)


def test_outside_its_domain_a_function_has_a_gap_and_its_pole_stays_out_of_sight():
    figure = plots.function_and_derivatives(autograd.log, -1.0, 3.0)
    line = figure.axes[0].get_lines()[0]
    defined = [math.isfinite(number) for number in line.get_ydata()]
    assert defined == [x > 0.0 for x in line.get_xdata()]
    assert figure.axes[0].get_ylim()[0] > -100.0  # log''(0.01) is -10,000
    assert rendered(figure)


def test_nowhere_defined_is_an_empty_picture():
    assert rendered(plots.function_and_derivatives(autograd.log, -2.0, -1.0))


@pytest.mark.parametrize(
    ("low", "high", "order", "match"),
    [
        (1.0, 1.0, 2, "from low up to high"),
        (0.0, math.inf, 2, "from low up to high"),
        (math.nan, 1.0, 2, "from low up to high"),
        (0.0, 1.0, -1, "order counts derivatives from 0 up, got -1"),
    ],
)
def test_an_interval_or_order_that_is_none_is_refused(low, high, order, match):
    with pytest.raises(ValueError, match=match):
        plots.function_and_derivatives(autograd.exp, low, high, order)
