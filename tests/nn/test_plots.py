"""Pictures of training: what the axes hold, and that it renders."""

import io
import math
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn
from nn import plots

np = pytest.importorskip("numpy")
QuadContourSet = pytest.importorskip("matplotlib.contour").QuadContourSet


def png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def rendered(figure):
    """Whether `figure` renders to a PNG of its size."""
    content = png(figure)
    width, height = (int(side * figure.dpi) for side in figure.get_size_inches())
    got = [int.from_bytes(content[i : i + 4], "big") for i in (16, 20)]
    return content.startswith(b"\x89PNG\r\n\x1a\n") and got == [width, height]


def linear(rows, biases):
    """An MLP of one linear layer with these weights."""
    model = nn.MLP(2, [len(rows)])
    for neuron, row, bias in zip(model.layers[0].neurons, rows, biases, strict=True):
        neuron.b.data = bias
        for w, number in zip(neuron.w, row, strict=True):
            w.data = number
    return model


def points(axes):
    """The samples drawn for each label of the legend."""
    drawn = {}
    for collection in axes.collections:
        if not isinstance(collection, QuadContourSet):
            offsets = collection.get_offsets().tolist()
            drawn[collection.get_label()] = sorted(map(tuple, offsets))
    return drawn


def contours(axes):
    return [c for c in axes.collections if isinstance(c, QuadContourSet)]


CORNERS = [[1.0, 1.0], [-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]


# --- training_curves ---------------------------------------------------------------


def test_curves_of_a_classification():
    history = nn.History(
        loss=[0.9, 0.5, 0.3],
        accuracy=[0.5, 0.75, 1.0],
        validation_loss=[1.0, 0.6, 0.7],
        validation_accuracy=[0.25, 0.5, 0.5],
    )
    figure = plots.training_curves(history)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    expected = [
        [history.loss, history.validation_loss],
        [history.accuracy, history.validation_accuracy],
    ]
    for axes, (training, validation) in zip(figure.axes, expected, strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert list(lines) == ["training", "test"]
        assert list(lines["training"].get_ydata()) == training
        assert list(lines["test"].get_ydata()) == validation
        assert list(lines["training"].get_xdata()) == [1, 2, 3]
        assert list(lines["test"].get_xdata()) == [1, 2, 3]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "test"]
        assert axes.get_xlabel() == "epoch"
        assert all(tick == int(tick) for tick in axes.get_xticks())
    assert rendered(figure)


def test_curves_of_a_regression_are_one_panel_without_legend():
    figure = plots.training_curves(nn.History(loss=[3.0, 1.0]))
    (axes,) = figure.axes
    assert axes.get_title() == "loss"
    assert len(axes.get_lines()) == 1
    assert axes.get_legend() is None
    assert rendered(figure)


def test_a_single_epoch_is_a_visible_point():
    figure = plots.training_curves(nn.History(loss=[3.0]))
    assert figure.axes[0].get_lines()[0].get_marker() == "o"
    assert rendered(figure)


def test_curves_of_an_interrupted_validation():
    history = nn.History(loss=[3.0, 1.0], validation_loss=[2.0])
    _, held_out = plots.training_curves(history).axes[0].get_lines()
    assert (list(held_out.get_xdata()), list(held_out.get_ydata())) == ([1], [2.0])


def test_curves_before_the_first_epoch_render():
    assert rendered(plots.training_curves(nn.History()))


# --- decision_boundary -------------------------------------------------------------


def test_the_boundary_of_one_logit_is_where_it_is_zero():
    # The logit is x1 - 0.5: class 1 on the right of 0.5.
    model = linear([[1.0, 0.0]], [-0.5])
    figure = plots.decision_boundary(model, CORNERS, [1, 0, 0, 1], resolution=21)
    (axes,) = figure.axes
    filled, line = contours(axes)
    assert list(line.levels) == [0.5]
    (path,) = line.get_paths()
    assert path.vertices[:, 0] == pytest.approx(0.5, abs=0.01)
    low, high = path.vertices[:, 1].min(), path.vertices[:, 1].max()
    assert (low, high) == (pytest.approx(-1.24), pytest.approx(1.24))
    assert filled.levels[0] == 0.0
    assert filled.levels[-1] == 1.0
    assert rendered(figure)


def colour_at(figure, x, y):
    """The colour of the picture at a point of its axes, as three shares."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    column, row = figure.axes[0].transData.transform((x, y))
    pixels = np.asarray(canvas.buffer_rgba())
    return pixels[pixels.shape[0] - 1 - int(row), int(column), :3] / 255.0


def test_each_side_has_the_colour_of_its_class():
    from matplotlib.colors import to_rgb

    model = linear([[5.0, 0.0]], [0.0])
    figure = plots.decision_boundary(model, CORNERS, [1, 0, 0, 1], resolution=15)
    for label, x in ((0, -0.9), (1, 0.9)):
        got = colour_at(figure, x, 0.3)
        own, other = (math.dist(got, to_rgb(plots.COLOURS[k])) for k in (label, 1 - label))
        assert own < other


def test_classes_that_are_not_neighbours_have_no_third_between_them():
    # Where outputs 0 and 2 meet, output 1 is far below: no strip of its colour there.
    model = linear([[4.0, 0.0], [0.0, 0.0], [-4.0, 0.0]], [0.0, -50.0, 0.0])
    figure = plots.decision_boundary(model, CORNERS, [2, 2, 0, 0], resolution=11)
    assert len(contours(figure.axes[0])) == 2


def one_output(output, weights, bias):
    """A model of two inputs: the output of a neuron with these numbers."""
    model = nn.MLP(2, [1], output=output)
    for parameter, number in zip(model.parameters(), [*weights, bias], strict=True):
        parameter.data = number
    return model


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "identity"])
def test_the_line_is_where_the_output_says(output):
    # 4 x1 - 2 is 0 at x1 = 0.5: sigmoid 0.5, tanh 0, and as a logit 0.
    y = [-1, 1, -1, 1] if output == "tanh" else [0, 1, 0, 1]
    figure = plots.decision_boundary(one_output(output, [4.0, 0.0], -2.0), CORNERS, y)
    _, line = contours(figure.axes[0])
    [path] = line.get_paths()
    assert path.vertices[:, 0] == pytest.approx(0.5, abs=0.01)
    for label, x in ((0, -0.9), (1, 1.1)):
        got = colour_at(figure, x, 0.3)
        assert got == pytest.approx(colour_at(figure, x, -0.3))
        assert bool(got[2] > got[0]) is (label == 0)  # blue, or orange


def test_a_threshold_moves_the_line():
    model = one_output("sigmoid", [4.0, 0.0], -2.0)
    figure = plots.decision_boundary(model, CORNERS, [0, 1, 0, 1], threshold=0.8)
    _, line = contours(figure.axes[0])
    [path] = line.get_paths()
    expected = (2.0 + math.log(4.0)) / 4.0  # sigmoid(log 4) = 0.8
    assert path.vertices[:, 0] == pytest.approx(expected, abs=0.01)


def test_a_squared_error_on_0_and_1_has_its_line_half_way():
    model = one_output("identity", [1.0, 0.0], 0.0)
    figure = plots.decision_boundary(model, CORNERS, [0, 1, 0, 1], loss=nn.squared_error)
    _, line = contours(figure.axes[0])
    [path] = line.get_paths()
    assert path.vertices[:, 0] == pytest.approx(0.5, abs=0.01)


def test_one_hot_targets_are_classes():
    model = nn.MLP(2, [3], output="softmax", generator=0)
    y = [2, 1, 0, 1]
    figures = [
        plots.decision_boundary(model, CORNERS, targets, resolution=9)
        for targets in (y, [nn.data.one_hot(label, 3) for label in y])
    ]
    assert png(figures[0]) == png(figures[1])


def test_samples_are_drawn_by_class_with_a_legend():
    figure = plots.decision_boundary(linear([[1.0, 0.0]], [0.0]), CORNERS, [1, 0, 0, 1])
    assert points(figure.axes[0]) == {
        "class 0": [(-1.0, -1.0), (-1.0, 1.0)],
        "class 1": [(1.0, -1.0), (1.0, 1.0)],
    }
    texts = figure.axes[0].get_legend().get_texts()
    assert [text.get_text() for text in texts] == ["class 0", "class 1"]


def test_regions_of_many_logits_are_their_largest():
    model = linear([[1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]], [0.0, 0.0, 0.7])
    X = [*CORNERS, [0.1, 0.1]]
    figure = plots.decision_boundary(model, X, [0, 1, 2, 2, 2], resolution=41)
    regions = contours(figure.axes[0])  # each where one class leads
    assert len(regions) == 3
    for point, region in (((0.9, 0.9), 0), ((-0.9, -0.9), 1), ((0.1, -0.1), 2), ((-0.9, 0.9), 2)):
        inside = [
            any(path.contains_point(point) for path in filled.get_paths()) for filled in regions
        ]
        assert inside == [k == region for k in range(3)]
    assert rendered(figure)


def test_the_boundary_leaves_no_trace_in_the_model():
    model = nn.MLP(2, [3, 1], generator=0)
    before = model.state_dict()
    plots.decision_boundary(model, CORNERS, [1, 0, 0, 1], resolution=5)
    assert model.state_dict() == before
    assert all(p.grad == 0.0 for p in model.parameters())


def test_arrays_are_drawn_as_lists_are():
    model = linear([[1.0, 0.0]], [0.0])
    figures = [
        plots.decision_boundary(model, X, y, resolution=9)
        for X, y in ((CORNERS, [1, 0, 0, 1]), (np.array(CORNERS), np.array([1, 0, 0, 1])))
    ]
    assert png(figures[0]) == png(figures[1])


@pytest.mark.parametrize("bias", [50.0, -50.0, 0.0])
def test_a_model_that_predicts_one_class_everywhere_is_drawn_without_a_warning(bias):
    for rows in ([[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]):
        model = linear(rows, [bias] + [0.0] * (len(rows) - 1))
        assert rendered(plots.decision_boundary(model, CORNERS, [1, 0, 0, 1], resolution=5))


@pytest.mark.parametrize(
    ("outputs", "y", "labels"),
    [
        (1, [1, 1, 1, 1], {"class 1"}),
        (1, [0, 0, 0, 0], {"class 0"}),
        (3, [0, 2, 2, 2], {"class 0", "class 2"}),
        (3, [2, 2, 2, 2], {"class 2"}),
        (3, [0, 0, 1, 1], {"class 0", "class 1"}),
    ],
)
def test_samples_may_lack_a_class(outputs, y, labels):
    model = nn.MLP(2, [outputs], generator=0)
    figure = plots.decision_boundary(model, CORNERS, y, resolution=5)
    drawn = points(figure.axes[0])
    assert {label for label, dots in drawn.items() if dots} == labels
    assert rendered(figure)


def test_a_class_that_no_sample_has_is_coloured_all_the_same():
    # The model says class 2 everywhere; the samples know only of classes 0 and 1.
    model = linear([[0.0, 0.0]] * 3, [0.0, 0.0, 9.0])
    figure = plots.decision_boundary(model, CORNERS, [0, 0, 1, 1], resolution=5)
    (filled,) = contours(figure.axes[0])
    assert sum(len(path.vertices) for path in filled.get_paths()) > 0


def test_targets_of_hinge_are_drawn_as_two_classes():
    figure = plots.decision_boundary(
        linear([[1.0, 0.0]], [0.0]), CORNERS, [1, -1, -1, 1], resolution=5
    )
    assert sorted(dots for dots in points(figure.axes[0]).values() if dots) == [
        [(-1.0, -1.0), (-1.0, 1.0)],
        [(1.0, -1.0), (1.0, 1.0)],
    ]


def test_more_classes_than_colours_are_drawn():
    X, y = nn.data.spiral(36, seed=0, classes=12)
    assert rendered(plots.decision_boundary(nn.MLP(2, [12], generator=0), X, y, resolution=9))


# --- misread_images ----------------------------------------------------------------

IMAGES = [[float(i + 4 * k) for i in range(4)] for k in range(30)]  # 2 by 2


def test_misread_images_show_what_was_read_as_what():
    figure = plots.misread_images(IMAGES[:4], [3, 5, 7, 9], [3, 6, 7, 1])
    assert figure.get_suptitle() == "2 of 4 misread"
    assert [axes.get_title() for axes in figure.axes] == ["5, read as 6", "9, read as 1"]
    shown = [axes.get_images()[0].get_array().tolist() for axes in figure.axes]
    assert shown == [[[4.0, 5.0], [6.0, 7.0]], [[12.0, 13.0], [14.0, 15.0]]]
    assert rendered(figure)


@pytest.mark.parametrize(
    ("wrong", "most", "shown", "title"),
    [
        (30, 18, 18, "30 of 30 misread, the first 18"),
        (18, 18, 18, "18 of 30 misread"),
        (7, 3, 3, "7 of 30 misread, the first 3"),
        (1, 18, 1, "1 of 30 misread"),
        (0, 18, 0, "0 of 30 misread"),
    ],
)
def test_misread_images_count_all_and_show_the_first(wrong, most, shown, title):
    predictions = [1] * wrong + [0] * (30 - wrong)
    figure = plots.misread_images(IMAGES, [0] * 30, predictions, most=most)
    assert len(figure.axes) == shown
    assert figure.get_suptitle() == title
    assert rendered(figure)


# --- matplotlib --------------------------------------------------------------------


def test_matplotlib_loads_when_a_picture_is_made_and_pyplot_never(tmp_path):
    code = (
        "import sys, nn, nn.plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "nn.plots.training_curves(nn.History(loss=[1.0])).savefig(sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "curves.png")]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
    assert (tmp_path / "curves.png").exists()


# --- function_and_derivatives ------------------------------------------------------


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


# --- loss_surface ------------------------------------------------------------------


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


def test_without_matplotlib_a_picture_says_how_to_get_it():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import nn\n"
        "try:\n"
        "    nn.plots.training_curves(nn.History(loss=[1.0]))\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip().endswith("pip install 'chainrule[plot]'")


@pytest.mark.parametrize(
    ("samples", "match"),
    [
        ([[1.0, 2.0, 3.0]], "samples of two numbers; row 0 has 3"),
        ([1.0], "samples of two numbers; row 0 has 1"),
        ([[1.0, math.nan]], "X has nan in row 0, column 1"),
        ([[1.0, 2.0], [3.0, 4.0]], "2 samples but 1 targets"),
    ],
)
def test_a_boundary_of_samples_outside_the_plane_says_which(samples, match):
    model = nn.MLP(3, [1], generator=0)
    with pytest.raises(ValueError, match=match):
        plots.decision_boundary(model, samples, [0])
