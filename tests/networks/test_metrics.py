"""Accuracy against scikit-learn, and what counts as right by hand."""

import random

import numpy as np
import pytest

import nn
from autograd import Value
from autograd.errors import ShapeError
from nn import metrics


@pytest.mark.parametrize(
    ("prediction", "threshold", "expected"),
    [
        ([0.1, 2.0, -1.0], 0.0, 1),
        ([Value(3.0), Value(-1.0)], 0.0, 0),
        (np.array([0.1, 0.2, 0.9]), 0.0, 2),
        ([1.0, 1.0], 0.0, 0),
        ([-2.0], 0.0, 0),
        (0.1, 0.0, 1),
        (-0.1, 0.0, 0),
        (0.0, 0.0, 0),
        (Value(0.4), 0.5, 0),
        (Value(0.6), 0.5, 1),
        (np.float64(0.6), 0.5, 1),
        (2, 0.5, 1),
    ],
)
def test_predicted_class(prediction, threshold, expected):
    assert metrics.predicted_class(prediction, threshold) == expected


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([0.0, 1.0], 1, True),
        ([0.0, 1.0], 0, False),
        ([0.0, 1.0], [0.2, 0.8], True),
        ([0.0, 1.0], [1.0, 0.0], False),
        (2.0, 1, True),
        (2.0, -1, False),
        (-2.0, -1, True),
        (-2.0, 0, True),
        (-2.0, 1.0, False),
        (2.0, True, True),
        ([0.0, 1.0], np.int64(1), True),
    ],
)
def test_is_right(prediction, target, expected):
    assert metrics.is_right(prediction, target) is expected


@pytest.mark.parametrize(("logit", "expected"), [(3.0, True), (-3.0, False)])
def test_a_soft_binary_target_means_its_nearer_class(logit, expected):
    # binary_cross_entropy_with_logits takes targets between 0 and 1, as in label smoothing.
    judge = metrics.judge_of(nn.binary_cross_entropy_with_logits)
    assert judge(logit, 0.9) is expected
    assert judge(logit, 0.1) is not expected


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_accuracy_of_many_outputs_is_that_of_scikit_learn(classes):
    peer = pytest.importorskip("sklearn.metrics")
    rng = random.Random(classes)
    predictions = [[rng.gauss(0.0, 1.0) for _ in range(classes)] for _ in range(97)]
    targets = [rng.randrange(classes) for _ in predictions]
    expected = peer.accuracy_score(targets, np.argmax(predictions, axis=1))
    assert 0.0 < expected < 1.0
    assert metrics.accuracy(predictions, targets) == pytest.approx(expected, rel=1e-15)
    values = [list(map(Value, row)) for row in predictions]
    assert metrics.accuracy(values, targets) == pytest.approx(expected, rel=1e-15)
    weights = [nn.data.one_hot(target, classes) for target in targets]
    assert metrics.accuracy(predictions, weights) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("threshold", [-0.5, 0.0, 0.5])
def test_accuracy_of_one_output_is_that_of_scikit_learn(threshold):
    peer = pytest.importorskip("sklearn.metrics")
    rng = random.Random(0)
    scores = [rng.gauss(0.0, 1.0) for _ in range(97)]
    targets = [rng.randrange(2) for _ in scores]
    expected = peer.accuracy_score(targets, np.array(scores) > threshold)
    assert metrics.accuracy(scores, targets, threshold) == pytest.approx(expected, rel=1e-15)
    signs = [2 * target - 1 for target in targets]
    assert metrics.accuracy(scores, signs, threshold) == pytest.approx(expected, rel=1e-15)


def test_accuracy_takes_arrays():
    predictions, targets = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0])
    assert metrics.accuracy(predictions, targets) == 0.5


@pytest.mark.parametrize(("predictions", "targets"), [([], []), ([1.0], []), ([1.0], [0, 1])])
def test_accuracy_of_nothing_or_of_unequal_lengths_is_an_error(predictions, targets):
    with pytest.raises(ShapeError, match=f"{len(predictions)} predictions for {len(targets)}"):
        metrics.accuracy(predictions, targets)


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "right"),
    [
        (nn.cross_entropy, [0.0, 1.0], 1, True),
        (nn.negative_log_likelihood, [-0.1, -3.0], 1, False),
        (nn.hinge, -0.2, -1, True),
        (nn.hinge, 0.2, -1, False),
        (nn.binary_cross_entropy_with_logits, 0.2, 1, True),
        (nn.binary_cross_entropy_with_logits, -0.2, 1, False),
        (nn.binary_cross_entropy, 0.4, 1, False),
        (nn.binary_cross_entropy, 0.6, 1, True),
    ],
)
def test_class_losses_have_a_judge_with_the_right_threshold(loss, prediction, target, right):
    assert metrics.judge_of(loss)(prediction, target) is right


@pytest.mark.parametrize(
    "loss", [nn.squared_error, nn.absolute_error, nn.huber, lambda predictions, targets: 0.0]
)
def test_regressions_and_unknown_losses_have_no_judge(loss):
    assert metrics.judge_of(loss) is None
