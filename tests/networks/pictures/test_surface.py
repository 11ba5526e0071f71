"""The loss surface: against NumPy, and that the model stays as it was."""

import math

import numpy as np
import pytest

import nn
from autograd import Value
from autograd.errors import ShapeError

X, y = nn.data.moons(12, seed=0)
LOGITS = nn.binary_cross_entropy_with_logits


@pytest.fixture
def trained():
    """A model of two layers and the history of four recorded epochs."""
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    optimizer = nn.Adam(model.parameters(), 0.1)
    return model, nn.fit(model, X, y, LOGITS, optimizer, 4, 4, record=True, progress=False)


def loss_at(parameters):
    """The loss of the model of `trained` with these 13 numbers, in NumPy."""
    hidden, last = np.reshape(parameters[:9], (3, 3)), np.asarray(parameters[9:])
    outputs = np.tanh(np.array(X) @ hidden[:, :2].T + hidden[:, 2]) @ last[:3] + last[3]
    return np.mean(np.logaddexp(0.0, outputs) - np.array(y) * outputs)


def numbers(model):
    return np.array([p.data for p in model.parameters()])


def test_losses_are_those_of_numpy_at_every_point(trained):
    model, history = trained
    first, second = np.linspace(-1.0, 2.0, 13), np.cos(np.arange(13.0))
    surface = nn.loss_surface(
        model, X, y, LOGITS, history, directions=(first, second), resolution=5
    )
    for j, b in enumerate(surface.ys):
        for i, a in enumerate(surface.xs):
            expected = loss_at(numbers(model) + a * first + b * second)
            assert surface.losses[j][i] == pytest.approx(expected, rel=1e-12)
    assert surface.names == ("direction 1", "direction 2")


def test_the_path_is_the_least_squares_projection(trained):
    model, history = trained
    directions = np.array([np.linspace(-1.0, 2.0, 13), np.cos(np.arange(13.0))])
    surface = nn.loss_surface(model, X, y, LOGITS, history, directions=directions, resolution=2)
    offsets = np.array(history.states) - numbers(model)
    expected, *_ = np.linalg.lstsq(directions.T, offsets.T, rcond=None)
    assert np.array(surface.path) == pytest.approx(expected.T, rel=1e-9, abs=1e-12)
    assert surface.path[-1] == (0.0, 0.0)


def test_principal_directions_are_the_leading_eigenvectors(trained):
    model, history = trained
    surface = nn.loss_surface(model, X, y, LOGITS, history, resolution=3)
    offsets = np.array(history.states) - numbers(model)
    sizes, vectors = np.linalg.eigh(offsets.T @ offsets)
    expected = offsets @ vectors[:, [-1, -2]]
    path = np.array(surface.path)
    for axis in (0, 1):  # up to the sign
        assert np.abs(path[:, axis]) == pytest.approx(np.abs(expected[:, axis]), abs=1e-9)
    shares = sizes[[-1, -2]] / sizes.sum()
    assert surface.names == (
        f"component 1 ({shares[0]:.0%} of the path)",
        f"component 2 ({shares[1]:.0%})",
    )
    for ticks, points in ((surface.xs, path[:, 0]), (surface.ys, path[:, 1])):
        assert ticks[0] < min(points)
        assert ticks[-1] > max(points)
        assert np.diff(ticks) == pytest.approx(ticks[1] - ticks[0])


def test_random_directions_are_as_long_as_the_weights_of_each_neuron():
    # The loss of a linear model without data: what the parameters are, so that we can see them.
    model = nn.MLP(2, [2], generator=0)
    for neuron, w in zip(model.layers[0].neurons, ([3.0, 4.0], [0.0, 2.0]), strict=True):
        for weight, number in zip(neuron.w, w, strict=True):
            weight.data = number
    before, seen = numbers(model), []

    def loss(predictions, targets):
        seen.append(numbers(model))
        return Value(0.0)

    surface = nn.loss_surface(model, [[1.0, 1.0]], [0.0], loss, resolution=3)
    at = {
        (a, b): seen[j * 3 + i] - before
        for j, b in enumerate(surface.ys)
        for i, a in enumerate(surface.xs)
    }
    first, second = (
        at[point] / surface.xs[2] for point in ((surface.xs[2], 0), (0, surface.ys[2]))
    )
    for direction in (first, second):
        assert np.hypot(*direction[:2]) == pytest.approx(5.0)
        assert np.hypot(*direction[3:5]) == pytest.approx(2.0)
        assert direction[[2, 5]].tolist() == [0.0, 0.0]  # biases
    assert abs(np.dot(first, second)) < 0.99 * np.dot(first, first)
    assert surface.path == []
    assert surface.xs[0] <= -1.0
    assert surface.xs[-1] >= 1.0


def test_of_a_long_path_every_so_manieth_point_and_the_last_are_kept(trained):
    model, history = trained
    states = [np.array(history.states[-1]) + i for i in range(449, -1, -1)]
    directions = (np.ones(13), np.arange(13.0))
    long = nn.History(states=states)
    surface = nn.loss_surface(model, X, y, LOGITS, long, directions=directions, resolution=2)
    assert [round(a) for a, _ in surface.path] == [*range(449, 0, -3), 0]


def test_a_seed_gives_the_same_surface(trained):
    model, _ = trained
    surfaces = [nn.loss_surface(model, X, y, LOGITS, resolution=3, seed=s) for s in (1, 1, 2)]
    assert surfaces[0] == surfaces[1] != surfaces[2]


def test_the_model_stays_as_it_was_even_when_the_loss_raises(trained):
    model, history = trained
    before = [(p.data, p.grad, p._reached) for p in model.parameters()]
    nn.loss_surface(model, X, y, LOGITS, history, resolution=3)
    with pytest.raises(KeyError):
        nn.loss_surface(model, X, y, lambda predictions, targets: {}["loss"], resolution=3)
    assert [(p.data, p.grad, p._reached) for p in model.parameters()] == before


def test_a_loss_out_of_its_domain_is_nan():
    neuron = nn.Neuron(1, "identity", generator=0)
    neuron.w[0].data = 0.5
    surface = nn.loss_surface(
        neuron, [[1.0]], [0.0], lambda p, t: p[0].log(), directions=([1, 0], [0, 1]), resolution=3
    )
    assert math.isnan(surface.losses[0][0])
    assert surface.losses[1][1] == pytest.approx(math.log(0.5))
    assert "to" in surface.description


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"resolution": 1}, ValueError, "at least 2"),
        ({"directions": "up"}, ValueError, "'pca', 'random' or two lists"),
        ({"directions": "pca"}, ShapeError, "take 2 epochs and 2 parameters at least"),
        ({"directions": ([1.0], [2.0])}, ShapeError, "13 numbers here, got 1"),
        ({"directions": ([1.0] * 13, [2.0] * 13), "path": True}, ShapeError, "on one line"),
        ({"history": nn.History()}, ShapeError, "record=True"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(trained, options, error, match):
    model, history = trained
    if options.pop("path", False):
        options = options | {"history": history}
    with pytest.raises(error, match=match):
        nn.loss_surface(model, X, y, LOGITS, **options)


def test_a_history_of_another_model_is_refused(trained):
    _, history = trained
    with pytest.raises(ShapeError, match="the history is of 13 parameters, the model has 3"):
        nn.loss_surface(nn.MLP(2, [1]), X, y, LOGITS, history)
