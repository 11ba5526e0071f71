"""Data sets by their defining curves and regions; batches and splits by what they must keep."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.errors import ShapeError
from nn import data

SETS = {
    "moons": data.moons,
    "circles": data.circles,
    "spiral": data.spiral,
    "xor": data.xor,
    "yin_yang": data.yin_yang,
}
CLASSES = {"moons": 2, "circles": 2, "spiral": 3, "xor": 2, "yin_yang": 3}


def point_set(X, y):
    return sorted(
        (label, *(round(x, 9) + 0.0 for x in row)) for row, label in zip(X, y, strict=True)
    )


@pytest.mark.parametrize("name", SETS)
def test_a_seed_reproduces_the_set(name):
    make = SETS[name]
    assert make(30, seed=4) == make(30, seed=4) == make(30, seed=random.Random(4))
    assert make(30, seed=4) != make(30, seed=5)
    assert make(30) != make(30)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("samples", [1, 2, 3, 10, 31])
def test_classes_are_balanced_plain_and_shuffled(name, samples):
    X, y = SETS[name](samples, seed=0)
    assert len(X) == len(y) == samples
    assert all(len(row) == 2 and all(type(x) is float for x in row) for row in X)
    assert all(type(label) is int for label in y)
    sizes = [y.count(label) for label in range(CLASSES[name])]
    assert sum(sizes) == samples
    assert max(sizes) - min(sizes) <= 1
    if samples == 31:
        assert y != sorted(y)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("seed", [None, 2])
def test_the_global_generator_is_not_touched(name, seed):
    random.seed(0)
    before = random.getstate()
    X, y = SETS[name](10, seed=seed)
    list(data.batches(X, y, 3, seed=seed))
    data.train_test_split(X, y, seed=seed)
    assert random.getstate() == before


@pytest.mark.parametrize("samples", [2, 20, 100])
def test_moons_are_those_of_scikit_learn(samples):
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.make_moons(samples, noise=0.0)
    assert point_set(*data.moons(samples, noise=0.0, seed=0)) == point_set(X.tolist(), y.tolist())


@pytest.mark.parametrize(("samples", "factor"), [(2, 0.5), (20, 0.5), (100, 0.25)])
def test_circles_are_those_of_scikit_learn(samples, factor):
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.make_circles(samples, noise=0.0, factor=factor)
    ours = data.circles(samples, noise=0.0, factor=factor, seed=0)
    assert point_set(*ours) == point_set(X.tolist(), y.tolist())


def test_the_arms_of_the_spiral_are_one_arm_turned():
    X, y = data.spiral(90, noise=0.0, seed=0, classes=3)
    arms = [
        sorted((row for row, own in zip(X, y, strict=True) if own == label), key=np.linalg.norm)
        for label in range(3)
    ]
    for label, arm in enumerate(arms):
        assert [math.hypot(*row) for row in arm] == pytest.approx([i / 29 for i in range(30)])
        turn = math.tau * label / 3  # of the angle from the vertical, as CS231n counts it
        for row, first in zip(arm[1:], arms[0][1:], strict=True):
            difference = math.atan2(*row) - math.atan2(*first) - turn
            assert math.cos(difference) == pytest.approx(1.0, abs=1e-12)
    angles = np.unwrap([math.atan2(*row) for row in arms[0][1:]])
    assert angles[-1] - angles[0] == pytest.approx(4.0 * 28 / 29)


@pytest.mark.parametrize("classes", [1, 2, 5])
def test_the_spiral_has_as_many_arms_as_asked_for(classes):
    _, y = data.spiral(50, seed=0, classes=classes)
    assert Counter(y) == dict.fromkeys(range(classes), 50 // classes)


def test_xor_is_class_1_where_the_signs_differ():
    X, y = data.xor(400, seed=0)
    for (x1, x2), label in zip(X, y, strict=True):
        assert label == (x1 * x2 < 0.0)
        assert 0.05 <= abs(x1) <= 1.0
        assert 0.05 <= abs(x2) <= 1.0
    quadrants = Counter((x1 > 0.0, x2 > 0.0) for x1, x2 in X)
    assert len(quadrants) == 4
    assert min(quadrants.values()) > 60


def kriener(x, y):
    """The class of a point by Kriener, Göltz & Petrovici: yang 0, yin 1, dot 2; centre (0, 0)."""
    to_right, to_left = math.hypot(x - 0.25, y), math.hypot(x + 0.25, y)
    if to_right < 0.1 or to_left < 0.1:
        return 2
    return int(to_left <= 0.25 or (y > 0.0 and to_right > 0.25))


def test_yin_yang_fills_a_circle_and_its_dots():
    X, y = data.yin_yang(600, seed=0)
    assert max(math.hypot(*row) for row in X) <= 0.5
    for (x1, x2), label in zip(X, y, strict=True):
        assert (label == 2) == (kriener(x1, x2) == 2)
    dots = [row for row, label in zip(X, y, strict=True) if label == 2]
    assert 80 < sum(x1 > 0.0 for x1, _ in dots) < 120  # both


def test_yin_yang_regions_are_those_of_the_paper():
    X, y = data.yin_yang(600, seed=0)
    wrong = [row for row, label in zip(X, y, strict=True) if kriener(*row) != label]
    assert len(wrong) == 0


@pytest.mark.parametrize("make", [data.moons, data.circles, data.spiral, data.xor])
def test_noise_moves_each_point_by_a_normal_distance(make):
    clean, clean_y = make(3000, noise=0.0, seed=1)
    blurred, blurred_y = make(3000, noise=0.2, seed=1)
    assert blurred_y == clean_y
    moves = np.subtract(blurred, clean)
    assert moves.std(axis=0) == pytest.approx(0.2, rel=0.05)
    assert moves.mean(axis=0) == pytest.approx(0.0, abs=0.02)
    assert np.mean(np.abs(moves) < 0.2) == pytest.approx(math.erf(1 / math.sqrt(2)), abs=0.02)
    assert np.corrcoef(moves.T)[0, 1] == pytest.approx(0.0, abs=0.06)


samples_and_size = st.tuples(st.integers(1, 60), st.integers(1, 70))


@given(samples_and_size, st.booleans(), st.integers())
def test_batches_keep_every_sample_with_its_target_exactly_once(counts, shuffle, seed):
    samples, size = counts
    X, y = list(range(samples)), [f"target {i}" for i in range(samples)]
    parts = list(data.batches(X, y, size, shuffle=shuffle, seed=seed))
    seen = [pair for xs, ys in parts for pair in zip(xs, ys, strict=True)]
    assert sorted(seen) == sorted(zip(X, y, strict=True))
    assert [len(xs) for xs, _ in parts[:-1]] == [size] * (len(parts) - 1)
    assert 1 <= len(parts[-1][0]) <= size
    if not shuffle:
        assert [x for x, _ in seen] == X


def test_batches_are_shuffled_anew_from_one_generator_and_alike_from_one_seed():
    X = list(range(50))
    generator = random.Random(1)
    first, second = (list(data.batches(X, X, 8, seed=generator)) for _ in range(2))
    assert first != second
    assert first == list(data.batches(X, X, 8, seed=1))
    assert first[0][0] != X[:8]
    assert list(data.batches(X, X, 8)) != list(data.batches(X, X, 8))


def test_batches_of_array_rows():
    X, y = np.arange(6.0).reshape(3, 2), np.array([5, 6, 7])
    (xs, ys), _ = data.batches(X, y, 2, shuffle=False)
    assert [row.tolist() for row in xs] == [[0.0, 1.0], [2.0, 3.0]]
    assert ys == [5, 6]


@given(st.integers(2, 60), st.integers(), st.data())
def test_a_split_is_disjoint_and_complete(samples, seed, drawn):
    held_out = drawn.draw(st.integers(1, samples - 1))
    X, y = list(range(samples)), [-i for i in range(samples)]
    X_train, X_test, y_train, y_test = data.train_test_split(X, y, held_out, seed)
    assert len(X_test) == held_out
    assert sorted(X_train + X_test) == X
    assert [-x for x in X_train + X_test] == y_train + y_test


@pytest.mark.parametrize(
    ("test", "held_out"), [(0.2, 20), (0.25, 25), (1, 1), (99, 99), (0.006, 1)]
)
def test_a_split_holds_out_the_share_or_the_number(test, held_out):
    X = list(range(100))
    X_train, X_test, _, _ = data.train_test_split(X, X, test, seed=0)
    assert (len(X_train), len(X_test)) == (100 - held_out, held_out)
    assert X_train != sorted(X_train) or len(X_train) == 1


def test_a_seed_reproduces_the_split():
    X = list(range(30))
    assert data.train_test_split(X, X, seed=3) == data.train_test_split(X, X, seed=3)
    assert data.train_test_split(X, X, seed=3) != data.train_test_split(X, X, seed=4)


@pytest.mark.parametrize("label", range(3))
def test_one_hot(label):
    expected = [0.0, 0.0, 0.0]
    expected[label] = 1.0
    assert data.one_hot(label, 3) == expected


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: data.moons(0), ShapeError, "samples must be at least 1, got 0"),
        (lambda: data.yin_yang(-3), ShapeError, "samples must be at least 1, got -3"),
        (lambda: data.xor(10, seed="a"), TypeError, "a seed is an int"),
        (lambda: data.batches([1, 2], [1], 1), ShapeError, "2 samples but 1 targets"),
        (lambda: data.batches([], [], 1), ShapeError, "no samples"),
        (lambda: data.batches([1], [1], 0), ShapeError, "at least one sample, got size 0"),
        (lambda: data.train_test_split([1, 2], [1]), ShapeError, "2 samples but 1 targets"),
        (lambda: data.train_test_split([1, 2], [1, 2], 0.0), ShapeError, "test=0.0 of 2 samples"),
        (lambda: data.train_test_split([1, 2], [1, 2], 1.0), ShapeError, "leaves one part empty"),
        (lambda: data.train_test_split([1, 2], [1, 2], 2), ShapeError, "test=2 of 2 samples"),
        (lambda: data.train_test_split([1, 2], [1, 2], -1), ShapeError, "leaves one part empty"),
        (lambda: data.one_hot(3, 3), ShapeError, "class 3 of 3: count from 0 to 2"),
        (lambda: data.one_hot(-1, 3), ShapeError, "class -1 of 3"),
        (lambda: data.one_hot(1.0, 3), TypeError, "label must be a whole number, got float 1.0"),
        (lambda: data.one_hot("a", 3), TypeError, "label must be a whole number, got 'a'"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(call, error, match):
    with pytest.raises(error, match=match):
        call()
