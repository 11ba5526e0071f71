"""Small data sets and what feeds them to a model; seeded, and made of plain lists.

A `seed` is an int, a ``random.Random``, a generator of NumPy (which then moves on), or
None for fresh randomness. Each data set gives ``(X, y)``: a list of [x1, x2] and a list
of class numbers.
"""

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, TypeAlias, TypeVar

from autograd.errors import ShapeError
from nn.arguments.rows import in_rows, same_length
from nn.arguments.seeds import Seed, as_generator
from nn.arguments.settings import (
    SettingError,
    SettingKindError,
    as_count,
    as_flag,
    as_number,
    as_switch,
)

DataSet: TypeAlias = tuple[list[list[float]], list[int]]
X = TypeVar("X")
Y = TypeVar("Y")


def moons(samples: int = 100, noise: float = 0.1, seed: Seed = None) -> DataSet:
    """Two interleaving half circles; the same curves as scikit-learn's ``make_moons``.

    >>> X, y = moons(4, noise=0.0, seed=0)
    >>> sorted(y)
    [0, 0, 1, 1]
    """

    def point(label: int, position: int, count: int, random: Random) -> list[float]:
        angle = math.pi * position / max(1, count - 1)
        if label == 0:
            return [math.cos(angle), math.sin(angle)]
        return [1.0 - math.cos(angle), 0.5 - math.sin(angle)]

    return _made(point, 2, samples, noise, seed)


def circles(
    samples: int = 100, noise: float = 0.1, seed: Seed = None, factor: float = 0.5
) -> DataSet:
    """A large circle (class 0) around one `factor` times its size (class 1)."""
    factor = as_number("factor", factor)

    def point(label: int, position: int, count: int, random: Random) -> list[float]:
        radius, angle = factor if label else 1.0, math.tau * position / count
        return [radius * math.cos(angle), radius * math.sin(angle)]

    return _made(point, 2, samples, noise, seed)


def spiral(samples: int = 150, noise: float = 0.05, seed: Seed = None, classes: int = 3) -> DataSet:
    """One arm for each of `classes`, all winding out from the middle (CS231n)."""

    def point(label: int, position: int, count: int, random: Random) -> list[float]:
        radius = position / max(1, count - 1)
        angle = math.tau * label / classes + 4.0 * radius
        return [radius * math.sin(angle), radius * math.cos(angle)]

    return _made(point, as_count("classes", classes, error=ShapeError), samples, noise, seed)


def xor(samples: int = 100, noise: float = 0.0, seed: Seed = None) -> DataSet:
    """A square between -1 and 1; class 1 where the signs of x1 and x2 differ."""

    def point(label: int, position: int, count: int, random: Random) -> list[float]:
        x1, x2 = random.uniform(0.05, 1.0), random.uniform(0.05, 1.0)
        sign = random.choice((-1.0, 1.0))
        return [sign * x1, -sign * x2 if label else sign * x2]

    return _made(point, 2, samples, noise, seed)


def yin_yang(samples: int = 150, seed: Seed = None) -> DataSet:
    """The halves (classes 0 and 1) and the dots (class 2) of a yin-yang sign of radius 0.5.

    Kriener, Göltz & Petrovici, *The Yin-Yang dataset*, 2022, with equal classes.
    """
    random = as_generator(seed)
    rows: list[list[float]] = []
    labels = [position % 3 for position in range(_positive(samples))]
    for label in labels:
        while True:
            x1, x2 = random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5)
            if math.hypot(x1, x2) <= 0.5 and _yin_yang_class(x1, x2) == label:
                rows.append([x1, x2])
                break
    return _shuffled(rows, labels, random)


def _yin_yang_class(x1: float, x2: float) -> int:
    to_right, to_left = math.hypot(x1 - 0.25, x2), math.hypot(x1 + 0.25, x2)
    if min(to_right, to_left) < 0.1:
        return 2
    return int(to_left <= 0.25 or (to_right > 0.25 and x2 > 0.0))


def batches(
    X: Sequence[X], y: Sequence[Y], size: int, *, shuffle: bool = True, seed: Seed = None
) -> Iterator[tuple[list[X], list[Y]]]:
    """The samples in batches of `size`; the last one may be shorter, none is dropped.

    >>> [xs for xs, ys in batches([1, 2, 3], [0, 1, 0], 2, shuffle=False)]
    [[1, 2], [3]]
    """
    X, y = in_rows(X, "X"), in_rows(y, "y")
    same_length(X, y)
    size = as_batch_size("size", size)
    order = list(range(len(X)))
    if as_flag("shuffle", shuffle):
        as_generator(seed).shuffle(order)
    return _parts(X, y, order, size)


def as_batch_size(name: str, size: Any) -> int:
    """How many samples a batch holds, from 1 up; ShapeError below."""
    number = as_count(name, size, -math.inf)
    if number < 1:
        raise ShapeError(f"a batch holds at least one sample, got size {number}")
    return number


def _parts(X: Any, y: Any, order: list[int], size: int) -> Iterator[tuple[list[Any], list[Any]]]:
    for start in range(0, len(order), size):
        part = order[start : start + size]
        yield [X[position] for position in part], [y[position] for position in part]


def train_test_split(
    X: Sequence[X], y: Sequence[Y], test: float = 0.2, seed: Seed = None
) -> tuple[list[X], list[X], list[Y], list[Y]]:
    """X_train, X_test, y_train, y_test, with the share `test` (or so many samples) held out."""
    X, y = in_rows(X, "X"), in_rows(y, "y")
    same_length(X, y)
    held_out = _held_out(test, len(X))
    if not 0 < held_out < len(X):
        raise ShapeError(f"test={test!r} of {len(X)} samples leaves one part empty")
    order = list(range(len(X)))
    as_generator(seed).shuffle(order)
    kept, held = order[held_out:], order[:held_out]
    return [X[i] for i in kept], [X[i] for i in held], [y[i] for i in kept], [y[i] for i in held]


def _held_out(test: Any, samples: int) -> int:
    """How many of `samples` the share or the number `test` means."""
    try:
        return as_count("test", test, -math.inf)
    except SettingKindError:
        if as_switch(test) is not None:
            raise
    try:
        return round(as_number("test", test, least=-math.inf) * samples)
    except SettingError:
        raise SettingError(
            f"test is a share such as 0.2, or a number of samples, got {test!r}"
        ) from None


def one_hot(label: int, classes: int) -> list[float]:
    """`classes` numbers, 1.0 at `label` and 0.0 elsewhere.

    >>> one_hot(2, 4)
    [0.0, 0.0, 1.0, 0.0]
    """
    classes = as_count("classes", classes, error=ShapeError)
    label = as_count("label", label, -math.inf)
    if not 0 <= label < classes:
        raise ShapeError(f"class {label} of {classes}: count from 0 to {classes - 1}")
    return [1.0 if position == label else 0.0 for position in range(classes)]


def _made(point: Any, classes: int, samples: int, noise: float, seed: Seed) -> DataSet:
    """`samples` points, as even over the classes as can be, blurred by `noise` and shuffled."""
    samples, noise = _positive(samples), as_number("noise", noise)
    random = as_generator(seed)
    rows: list[list[float]] = []
    labels: list[int] = []
    for label in range(classes):
        count = len(range(label, samples, classes))
        for position in range(count):
            clean = point(label, position, count, random)
            rows.append([x + random.gauss(0.0, noise) for x in clean])
            labels.append(label)
    return _shuffled(rows, labels, random)


def _shuffled(rows: list[list[float]], labels: list[int], random: Random) -> DataSet:
    order = list(range(len(rows)))
    random.shuffle(order)
    return [rows[position] for position in order], [labels[position] for position in order]


def _positive(samples: int) -> int:
    return as_count("samples", samples, error=ShapeError)
