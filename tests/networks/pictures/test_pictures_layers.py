"""Pictures of layers: that their lines, bars and cells hold the numbers."""

import math

import pytest

import nn
from nn import plots
from nn.diagnostics import Diagnostics, LayerDiagnostics
from nn.history import LayerHistory

np = pytest.importorskip("numpy")
pytest.importorskip("matplotlib")

TANH = LayerDiagnostics(
    "layers.0",
    "2 tanh",
    "tanh",
    parameters=(1.0, 2.0, 3.0),
    gradients=(0.1, -0.3, 0.2),
    outputs=((0.0, 0.5, 0.99, -0.98), (0.99, 0.99, -0.99, 0.98)),
    output_gradients=((1.0, -1.0, 2.0, 0.0), (0.5, 0.5, 0.5, 0.5)),
    flat=(0.5, 1.0),
)
LINEAR = LayerDiagnostics(
    "layers.1", "1 identity", "identity", (1.0,), (0.01,), ((1.0, math.inf),), ((0.5, 0.25),)
)
BARE = LayerDiagnostics("table", "1 parameter", "", (1.0,), (0.0,))
DIAGNOSTICS = Diagnostics(0.5, 4, (TANH, LINEAR, BARE))


def texts(axes):
    return [text.get_text() for text in axes.texts]


def rendered(figure):
    return figure._repr_png_().startswith(b"\x89PNG")


def test_gradient_flow_holds_mean_and_largest_on_a_log_scale():
    figure = plots.gradient_flow(DIAGNOSTICS)
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    nan = pytest.approx(math.nan, nan_ok=True)
    assert list(lines["mean"].get_xdata()) == [pytest.approx(math.log10(0.2)), -2.0, nan]
    assert list(lines["largest"].get_xdata()) == [pytest.approx(math.log10(0.3)), -2.0, nan]
    assert list(lines["mean"].get_ydata()) == [0, 1, 2]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        "layers.0 · 2 tanh",
        "layers.1 · 1 identity",
        "table · 1 parameter",
    ]
    low, high = axes.get_ylim()
    assert low > high  # the input on top
    assert texts(axes) == ["no gradient"]
    assert rendered(figure)


def counts(axes):
    """The areas of the drawn steps, in counts, by colour."""
    found = {}
    for patch in axes.patches:
        corners = patch.get_xy()
        width = np.ptp(corners[:, 0]) / 30
        xs, ys = corners[:, 0], corners[:, 1]
        area = abs(np.dot(xs, np.roll(ys, 1)) - np.dot(ys, np.roll(xs, 1))) / 2.0
        found[patch.get_facecolor()] = round(area / width)
    return list(found.values())


def test_activation_histograms_count_all_outputs_and_colour_the_saturated():
    figure = plots.activation_histograms(DIAGNOSTICS)
    tanh, linear = figure.axes
    assert sorted(counts(tanh)) == [2, 6]
    assert tanh.get_title().splitlines()[0] == "layers.0 · 2 tanh"
    assert tanh.get_xlabel() == "75% saturated"
    assert linear.get_xlabel() == ""
    assert linear.get_title().splitlines()[1] == "mean 1, std 0, 1 not finite"
    assert rendered(figure)


def test_gradient_histograms_are_of_the_outputs_gradients():
    figure = plots.gradient_histograms(DIAGNOSTICS)
    numbers = [1.0, -1.0, 2.0, 0.0, 0.5, 0.5, 0.5, 0.5]
    expected = f"mean {np.mean(numbers):.2g}, std {np.std(numbers):.2g}"
    assert figure.axes[0].get_title().splitlines()[1] == expected
    assert figure.axes[0].get_yscale() == "symlog"
    assert rendered(figure)


def test_histograms_of_no_neurons_are_refused():
    with pytest.raises(ValueError, match=r"no activations to show.*nn\.Neuron"):
        plots.activation_histograms(Diagnostics(0.5, 4, (BARE,)))


@pytest.mark.parametrize("outputs", [(math.nan,), (1e308, -1e308), (1e17, 1e17), (0.0,), (3.0,)])
def test_a_network_that_ran_away_can_still_be_looked_at(outputs):
    gradients = (math.nan,)
    layer = LayerDiagnostics("layers.0", "1 tanh", "tanh", (1.0,), gradients, (outputs,),
                             (outputs,), (0.0,))  # fmt: skip
    found = Diagnostics(math.nan, len(outputs), (layer,))
    for picture in (plots.activation_histograms, plots.gradient_histograms, plots.gradient_flow):
        assert rendered(picture(found))
    lost = sum(not abs(number) < 1e100 for number in outputs)
    title = plots.activation_histograms(found).axes[0].get_title()
    assert title.endswith(f", {lost} not finite") is bool(lost)


def test_saturation_has_a_cell_for_each_unit_and_a_cross_on_the_dead():
    figure = plots.saturation(DIAGNOSTICS)
    axes = figure.axes[0]
    (mesh,) = axes.collections
    assert mesh.get_array().tolist() == [[0.5, 1.0]]
    (crosses,) = axes.get_lines()
    assert list(crosses.get_xdata()) == [0.75]
    assert texts(axes) == ["75%, 1 of 2 dead"]
    assert "1 dead" in figure.alt
    assert rendered(figure)


def test_saturation_where_nothing_can_saturate_says_so():
    figure = plots.saturation(Diagnostics(0.5, 4, (LINEAR,)))
    assert texts(figure.axes[0]) == ["no layer here can saturate or die"]
    assert rendered(figure)


def recorded(ratios, gradients=None):
    """A history of one layer."""
    layer = LayerHistory("2 tanh", gradients or ratios, ratios, ratios)
    return nn.History(layers={"layers.0": layer}, steps=list(range(1, len(ratios) + 1)))


def test_update_ratios_are_logarithms_beside_the_guide():
    figure = plots.update_ratios(recorded([1e-2, 1e-3, 0.0, math.nan]))
    line, guide = figure.axes[0].get_lines()
    assert list(line.get_xdata()) == [1, 2, 3, 4]
    shown = list(line.get_ydata())
    assert shown[:2] == [-2.0, -3.0]
    assert all(map(math.isnan, shown[2:]))
    assert list(guide.get_ydata()) == [-3.0, -3.0]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["layers.0"]
    assert rendered(figure)


def test_gradients_over_steps_are_the_means():
    figure = plots.gradients_over_steps(recorded([1.0, 1.0], [1e-4, 1e-5]))
    assert list(figure.axes[0].get_lines()[0].get_ydata()) == [-4.0, -5.0]
    assert rendered(figure)


def test_long_series_are_drawn_by_the_medians_of_their_stretches():
    exponents = [float(i % 3) for i in range(600)]  # every stretch of three is 0, 1, 2
    figure = plots.update_ratios(recorded([10.0**e for e in exponents]))
    line = figure.axes[0].get_lines()[0]
    assert list(line.get_ydata()) == [1.0] * 200
    assert list(line.get_xdata()) == [float(step) for step in range(2, 600, 3)]


def test_a_single_step_is_a_visible_point():
    figure = plots.update_ratios(recorded([1e-3]))
    assert figure.axes[0].get_lines()[0].get_marker() == "o"
    assert list(figure.axes[0].get_xticks()) == [1]


@pytest.mark.parametrize("picture", [plots.update_ratios, plots.gradients_over_steps])
def test_a_history_without_records_says_how_to_get_them(picture):
    with pytest.raises(ValueError, match="record=True"):
        picture(nn.History(loss=[1.0]))


def test_names_are_drawn_as_they_are_and_never_as_formulas():
    layer = LayerDiagnostics(r"$\frac$ <b>\x1b", "1 tanh", "tanh", (1.0,), (1.0,), ((0.5,),),
                             ((0.5,),), (0.0,))  # fmt: skip
    found = Diagnostics(0.5, 1, (layer,))
    history = nn.History(layers={"$x$\x00": LayerHistory("", [1.0], [1.0], [1.0])}, steps=[1])
    for figure in (
        plots.gradient_flow(found), plots.activation_histograms(found), plots.saturation(found),
        plots.update_ratios(history),
    ):  # fmt: skip
        assert rendered(figure)
