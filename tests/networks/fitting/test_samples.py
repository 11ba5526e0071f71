"""Weights of samples in a training: what they count for, and which are refused."""

import functools
import math

import numpy as np
import pytest

import nn
from autograd import Value
from autograd.errors import ShapeError
from nn.arguments.rows import RowsError

X, Y = [[0.5], [-1.0], [2.0], [1.5]], [1.0, 0.0, 3.0, -1.0]
WEIGHTS = [1.0, 0.5, 2.0, 0.25]


class Slope(nn.Module):
    def __init__(self):
        self.w = Value(0.7)

    def __call__(self, x):
        return self.w * x[0]


def trained(X, y, batch_size, *, loss=nn.squared_error, epochs=1, make=nn.SGD, **options):
    model = Slope()
    optimizer = make(model.parameters(), 0.1)
    history = nn.fit(model, X, y, loss, optimizer, epochs, batch_size, progress=False, **options)
    return model.w.data, history


def test_one_step_of_all_samples_is_that_of_the_weighted_mean_by_hand():
    w, history = trained(X, Y, 4, sample_weight=WEIGHTS)
    rows = [(k, x, y) for k, [x], y in zip(WEIGHTS, X, Y, strict=True)]
    slope = sum(k * 2.0 * (0.7 * x - y) * x for k, x, y in rows) / sum(WEIGHTS)
    loss = sum(k * (0.7 * x - y) ** 2 for k, x, y in rows) / sum(WEIGHTS)
    assert w == pytest.approx(0.7 - 0.1 * slope, rel=1e-14)
    assert history.loss == [pytest.approx(loss, rel=1e-14)]


def test_the_loss_of_one_epoch_is_the_weighted_mean_over_all_samples_in_any_batches():
    def loss(batch_size):
        return trained(X, Y, batch_size, sample_weight=WEIGHTS, make=still)[1].loss

    def still(parameters, rate):
        return nn.SGD(parameters, rate * 1e-300)

    # 1 * 0.65**2 + 0.5 * 0.7**2 + 2 * 1.6**2 + 0.25 * 2.05**2 over 3.75
    for batch_size in (1, 2, 3, 4):
        assert loss(batch_size) == [pytest.approx(1.8235, rel=1e-14)]
    evaluated, _ = nn.evaluate(Slope(), X, Y, nn.squared_error, sample_weight=WEIGHTS)
    assert evaluated == pytest.approx(1.8235, rel=1e-14)


def test_in_batches_of_one_the_weight_multiplies_the_step():
    w, _ = trained([[1.0]] * 2, [0.0] * 2, 1, sample_weight=[3.0, 1.0], seed=0)
    # A step takes 0.1 * (weight / mean weight 2) * 2 w: in either order the same product.
    assert w == pytest.approx(0.7 * (1.0 - 0.3) * (1.0 - 0.1), rel=1e-14)


@pytest.mark.parametrize("make", [nn.SGD, nn.Adam, nn.NudgeDescent])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_equal_weights_change_nothing(batch_size, make):
    plain = trained(X, Y, batch_size, make=make, epochs=3)
    weighed = trained(X, Y, batch_size, make=make, epochs=3, sample_weight=[4.0] * 4)
    assert weighed[0] == pytest.approx(plain[0], rel=1e-12)
    assert weighed[1].loss == pytest.approx(plain[1].loss, rel=1e-12)


def test_samples_of_weight_0_are_left_out_whatever_they_hold():
    left = trained([[0.5], [2.0]], [1.0, 3.0], 1, epochs=2)
    wild = trained([[0.5], [1e200], [2.0]], [1.0, 1.0, 3.0], 1, epochs=2, sample_weight=[1, 0, 1])
    assert wild[0] == left[0]
    assert wild[1].loss == left[1].loss


def test_weights_go_with_their_samples_when_some_are_held_out():
    marks = [float(n) for n in range(1, 11)]
    X, y = [[mark] for mark in marks], [0.0] * 10
    _, history = trained(
        X, y, 3, sample_weight=marks, validation=0.4, make=lambda p, _: nn.SGD(p, 1e-300), seed=3
    )
    held = nn.data.train_test_split(X, y, 0.4, 3)[1]
    squares = sum(mark * (0.7 * mark) ** 2 for [mark] in held) / sum(mark for [mark] in held)
    assert history.validation_loss == [pytest.approx(squares, rel=1e-14)]


@pytest.mark.parametrize(
    "loss", [nn.cross_entropy, functools.partial(nn.cross_entropy, weight=[1.0, 2.0])]
)
def test_a_doubled_weight_is_a_sample_given_twice(loss):
    samples, y = nn.data.moons(10, seed=0)

    def numbers(X, y, **options):
        model = nn.MLP(2, [2], generator=0)
        optimizer = nn.SGD(model.parameters(), 0.5)
        history = nn.fit(model, X, y, loss, optimizer, 2, 100, progress=False, **options)
        return [*model.state_dict().values(), *history.loss]

    twice = numbers([*samples, samples[0]], [*y, y[0]])
    assert numbers(samples, y, sample_weight=[2.0] + [1.0] * 9) == pytest.approx(twice, rel=1e-12)


def test_a_training_with_weights_goes_on_to_the_bit():
    def start():
        model = nn.MLP(1, [2, 1], "tanh", generator=0)
        return model, nn.Adam(model.parameters(), 0.1)

    def train(model, optimizer, epochs, **options):
        nn.fit(
            model, X, Y, nn.squared_error, optimizer, epochs, 2, sample_weight=np.array(WEIGHTS),
            validation=0.25, early_stopping=9, progress=False, **options,
        )  # fmt: skip

    whole, parts = start(), start()
    train(*whole, 4)
    train(*parts, 2)
    train(*parts, 2, resume=True)
    assert parts[0].state_dict() == whole[0].state_dict()


@pytest.mark.parametrize("ignored", [-100, 7])
def test_ignored_targets_are_left_out_so_that_no_batch_is_made_of_them_alone(ignored):
    samples, y = nn.data.moons(12, seed=0)
    loss = functools.partial(nn.cross_entropy, ignore_index=ignored)

    def numbers(X, y, held):
        model = nn.MLP(2, [2], generator=0)
        optimizer = nn.SGD(model.parameters(), 0.5)
        targets_seen = []

        def seen(predictions, targets):
            targets_seen.append(targets)
            return 0.0

        history = nn.fit(
            model, X, y, loss, optimizer, 2, 1, progress=False, validation=held,
            metrics={"seen": seen},
        )  # fmt: skip
        return model.state_dict(), history.loss, history.validation_loss, targets_seen

    gaps = [ignored] * 5 + y[5:]
    assert numbers(samples, gaps, (samples, gaps)) == numbers(
        samples[5:], y[5:], (samples[5:], y[5:])
    )
    with pytest.raises(ShapeError, match="no sample counts"):
        numbers(samples, y, (samples, [ignored] * 12))


@pytest.mark.parametrize(
    ("weights", "error", "match"),
    [
        ([1.0], ShapeError, "1 sample weights for 4 samples: one for each"),
        (2.0, RowsError, "sample_weight must be a sequence of rows"),
        ([1.0, -1.0, 1.0, 1.0], ValueError, "sample_weight of row 1 must be a number from 0 up"),
        ([1.0, 1.0, math.nan, 1.0], ValueError, "sample_weight of row 2 must.*got nan"),
        ([1.0, 1.0, math.inf, 1.0], ValueError, "sample_weight of row 2 must.*got inf"),
        (["a"] * 4, TypeError, "sample_weight of row 0 must be a number"),
        ([0.0] * 4, ValueError, "no sample counts: each has an ignored target or weight 0"),
    ],
)
def test_what_is_no_weight_is_refused_before_anything_is_trained(weights, error, match):
    model = Slope()
    with pytest.raises(error, match=match):
        nn.fit(
            model, X, Y, nn.squared_error, nn.SGD(model.parameters(), 0.1), progress=False,
            sample_weight=weights,
        )  # fmt: skip
    assert model.w.data == 0.7


def test_a_loss_of_ones_own_and_another_reduction_take_no_weights():
    def own(predictions, targets):
        return nn.squared_error(predictions, targets)

    with pytest.raises(TypeError, match="the losses of nn, got function own: weigh the samples in"):
        trained(X, Y, 4, loss=own, sample_weight=WEIGHTS)
    summed = functools.partial(nn.squared_error, reduction="sum")
    with pytest.raises(ValueError, match="reduction='mean'"):
        trained(X, Y, 4, loss=summed, sample_weight=WEIGHTS)
