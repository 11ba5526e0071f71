"""The loss surface as level sets, with the path of the training."""

import math

import pytest
from rendering import contours, rendered

import nn
from nn import plots

np = pytest.importorskip("numpy")


def surface(losses, path=()):
    return nn.LossSurface([-1.0, 0.0, 1.0], [-2.0, 2.0], losses, list(path), ("a", "b"))


def test_the_surface_holds_the_losses_and_the_path():
    path = [(-1.0, -2.0), (0.5, 1.0), (0.0, 0.0)]
    figure = plots.loss_surface(surface([[3.0, 2.0, 2.5], [1.0, 1.5, 2.0]], path))
    axes = figure.axes[0]
    filled = contours(axes)[0]
    assert filled.zmin == 1.0
    assert filled.zmax == 3.0
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert list(zip(*lines["path"].get_data(), strict=True)) == path
    assert [list(lines[end].get_xdata()) for end in ("start", "end")] == [[-1.0], [0.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    assert figure.alt == "Loss surface from 1 to 3, with a path of 3 points"
    assert rendered(figure)


def test_a_wide_range_of_losses_has_levels_by_factors():
    figure = plots.loss_surface(surface([[1e-3, 1.0, 10.0], [1e3, 1.0, 1.0]]))
    levels = np.array(contours(figure.axes[0])[0].levels)
    assert levels[1:] / levels[:-1] == pytest.approx(levels[1] / levels[0])
    assert rendered(figure)


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_losses_that_are_not_finite_are_gaps(odd):
    assert rendered(plots.loss_surface(surface([[odd, 2.0, 1.0], [1.0, 1.5, 2.0]])))
    assert rendered(plots.loss_surface(surface([[odd] * 3] * 2)))
    assert rendered(plots.loss_surface(surface([[1.0] * 3] * 2)))
