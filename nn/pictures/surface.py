"""The loss in a plane through the parameters of a network (Li et al., 2018, arXiv:1712.09913)."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import no_grad
from autograd.engines.numbers import float_of
from autograd.errors import ChainruleError, ShapeError
from nn.arguments.rows import as_rows
from nn.arguments.seeds import Seed, as_generator
from nn.arguments.settings import as_count
from nn.diagnostics import layers_of
from nn.module import Module
from nn.pictures.figure import load_matplotlib

if TYPE_CHECKING:
    from nn.history import History

Direction = list[float]
MOST_STATES = 200  # of a path, evenly spaced: more points are not told apart


@dataclass(frozen=True)
class LossSurface:
    """``losses[row][column]`` at ``parameters + xs[column] * first + ys[row] * second``.

    The centre (0, 0) is the model as it is. `path` holds the training's points
    in the plane: where it stood, or, out of the plane, the nearest point. A loss
    that cannot be computed is nan.
    """

    xs: list[float]
    ys: list[float]
    losses: list[list[float]]
    path: list[tuple[float, float]]
    names: tuple[str, str]

    @property
    def description(self) -> str:
        """The surface in words."""
        finite = [loss for row in self.losses for loss in row if math.isfinite(loss)]
        if not finite:
            return "Loss surface: no loss could be computed"
        along = f", with a path of {len(self.path)} points" if self.path else ""
        return f"Loss surface from {min(finite):.3g} to {max(finite):.3g}{along}"


def loss_surface(
    model: Module,
    X: Sequence[Any],
    y: Sequence[Any],
    loss: Callable[[Any, Any], Any],
    history: "History | None" = None,
    *,
    directions: tuple[Sequence[float], Sequence[float]] | str | None = None,
    resolution: int = 21,
    seed: Seed = 0,
) -> LossSurface:
    """The loss on samples `X` and targets `y` in a plane through the parameters of `model`.

    Args:
        model: stands in the centre; afterwards its parameters are as before.
        X: the samples; a few hundred are enough.
        y: one target each.
        loss: as for ``nn.fit``.
        history: of ``nn.fit(..., record=True)``, whose path is to be shown.
        directions: "pca", the two in which the path spreads most (the default with a
            `history`); "random", as long as the weights of each neuron, 0 for
            biases (the default without); or two of your own, a number for each of
            ``model.parameters()``.
        resolution: points along each side; the loss is computed resolution**2 times.
        seed: of the random directions.

    The plane reaches around the whole path; unless its directions are "pca", at
    least from -1 to 1. A history without recorded path, directions of another
    length or on one line raise ShapeError.

    >>> import nn
    >>> model = nn.MLP(2, [3, 1], generator=0)
    >>> surface = loss_surface(model, [[1.0, 2.0]], [0.5], nn.squared_error, resolution=5)
    >>> surface.losses[2][2] == nn.squared_error(model([1.0, 2.0]), 0.5).data
    True

    """
    resolution = as_count("resolution, the points along a side,", resolution, 2)
    parameters = model.parameters()
    centre = [parameter.data for parameter in parameters]
    offsets = _offsets(history, centre)
    if directions is None:
        directions = "random" if history is None else "pca"
    first, second, names = _plane(model, offsets, directions, seed)
    path = _in_the_plane(offsets, first, second)
    follows_path = isinstance(directions, str) and directions == "pca"
    around = path if follows_path else [*path, (-1.0, -1.0), (1.0, 1.0)]
    xs, ys = (_ticks(list(column), resolution) for column in zip(*around, strict=True))
    X, y = as_rows(X, "X"), as_rows(y, "y")

    def moved_loss(a: float, b: float) -> float:
        for parameter, c, u, v in zip(parameters, centre, first, second, strict=True):
            parameter.data = c + a * u + b * v
        try:
            return float_of(loss([model(x) for x in X], y))
        except (ChainruleError, ArithmeticError):  # too large, or outside a domain
            return math.nan

    try:
        with no_grad():
            losses = [[moved_loss(a, b) for a in xs] for b in ys]
    finally:
        for parameter, number in zip(parameters, centre, strict=True):
            parameter.data = number
    return LossSurface(xs, ys, losses, path, names)


def _offsets(history: "History | None", centre: Direction) -> list[Direction]:
    """The states of the history, the last among them, as seen from the centre."""
    if history is None:
        return []
    if not history.states:
        raise ShapeError("the history has no path: train with nn.fit(..., record=True)")
    if len(history.states[0]) != len(centre):
        raise ShapeError(
            f"the history is of {len(history.states[0])} parameters, the model has {len(centre)}"
        )
    step = -(-len(history.states) // MOST_STATES)
    states = [*history.states[:-1:step], history.states[-1]]
    return [[a - b for a, b in zip(state, centre, strict=True)] for state in states]


def _plane(
    model: Module, offsets: list[Direction], directions: Any, seed: Seed
) -> tuple[Direction, Direction, tuple[str, str]]:
    """Two directions and their names."""
    if not isinstance(directions, str):
        return (*_given(directions, len(model.parameters())), ("direction 1", "direction 2"))
    if directions == "pca":
        return _principal(offsets)
    if directions != "random":
        raise ValueError(f"directions are 'pca', 'random' or two lists, got {directions!r}")
    generator = as_generator(seed)
    first, second = (_filter_normalised(model, generator) for _ in range(2))
    return first, second, ("random direction 1", "random direction 2")


def _filter_normalised(model: Module, generator: random.Random) -> Direction:
    """Random, but for each neuron as long as its weights: else scale would look like sharpness."""
    numbers = dict.fromkeys(model.parameters(), 0.0)
    for layer in layers_of(model):
        for weights in [neuron.w for neuron in layer.neurons] or [layer.weights]:
            noise = [generator.gauss(0.0, 1.0) for _ in weights]
            scale = math.hypot(*[w.data for w in weights]) / (math.hypot(*noise) or 1.0)
            for weight, number in zip(weights, noise, strict=True):
                numbers[weight] = number * scale
    return list(numbers.values())


def _principal(offsets: list[Direction]) -> tuple[Direction, Direction, tuple[str, str]]:
    """The two directions that keep most of the path from its end, and their share of it."""
    load_matplotlib()  # which brings NumPy
    import numpy as np

    if len(offsets) < 3 or len(offsets[0]) < 2 or not np.any(offsets):
        raise ShapeError(
            "two directions of a path take 2 epochs and 2 parameters at least, and steps that are "
            "not 0; or directions='random'"
        )
    _, lengths, rows = np.linalg.svd(np.array(offsets), full_matrices=False)
    shares = lengths**2 / np.sum(lengths**2)
    names = (f"component 1 ({shares[0]:.0%} of the path)", f"component 2 ({shares[1]:.0%})")
    return rows[0].tolist(), rows[1].tolist(), names


def _given(directions: Any, parameters: int) -> tuple[Direction, Direction]:
    if len(directions) != 2:
        raise ShapeError(f"a plane has two directions, got {len(directions)}")
    first, second = (list(map(float, direction)) for direction in directions)
    for direction in (first, second):
        if len(direction) != parameters:
            raise ShapeError(f"a direction has {parameters} numbers here, got {len(direction)}")
    return first, second


def _in_the_plane(
    offsets: list[Direction], first: Direction, second: Direction
) -> list[tuple[float, float]]:
    """Of each offset the nearest point in the plane: least squares, by the normal equations."""
    if not offsets:
        return []

    def dot(u: Direction, v: Direction) -> float:
        return sum(a * b for a, b in zip(u, v, strict=True))

    a, b, c = dot(first, first), dot(first, second), dot(second, second)
    determinant = a * c - b * b
    if not determinant > 1e-12 * a * c:
        raise ShapeError("the two directions lie on one line: a plane takes two that do not")
    points = []
    for offset in offsets:
        p, q = dot(offset, first), dot(offset, second)
        points.append(((c * p - b * q) / determinant, (a * q - b * p) / determinant))
    return points


def _ticks(points: list[float], resolution: int) -> list[float]:
    """Evenly spaced over `points` and a margin."""
    low, high = min(points), max(points)
    margin = 0.15 * (high - low) or 1.0
    step = (high - low + 2.0 * margin) / (resolution - 1)
    return [low - margin + step * i for i in range(resolution)]
