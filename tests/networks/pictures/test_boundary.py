"""The decision boundary: which colour is where, and where the line."""

import math

import pytest
from rendering import QuadContourSet, contours, png, rendered

import nn
from nn import plots

np = pytest.importorskip("numpy")


CORNERS = [[1.0, 1.0], [-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]


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
