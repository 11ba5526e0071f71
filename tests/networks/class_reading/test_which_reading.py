"""How predictions are read: by loss, by output, by targets; everywhere the same."""

import functools
import math

import pytest
from own_models import Own, by_hand

import autograd
import nn
from autograd import Value, no_grad
from autograd.errors import ShapeError
from nn import metrics

X = [[-2.0], [-0.5], [0.5], [2.0]]  # the models below are right but for the third
BITS, SIGNS = [0, 0, 0, 1], [-1, -1, -1, 1]
ONE_HOT = [[1, 0], [1, 0], [1, 0], [0, 1]]
SIGN_ROWS = [[1, -1], [1, -1], [1, -1], [-1, 1]]


def one(output):
    """One output that rises with x and passes the middle at 0."""
    return nn.MLP(1, [1], output=output, init=lambda *_: 1.0)


def two(output):
    """Two outputs: the first falls with x, the second rises."""
    model = nn.MLP(1, [2], output=output, init=lambda *_: 1.0)
    model.layers[0].neurons[0].w[0].data = -1.0
    return model


@pytest.mark.parametrize("loss", [nn.squared_error, nn.binary_cross_entropy])
def test_a_layer_of_one_neuron_and_targets_in_brackets_go_together(loss):
    model, y = nn.Layer(1, 1, "sigmoid", init=lambda *_: 1.0), [[bit] for bit in BITS]
    assert nn.evaluate(model, X, y, loss)[1] == 0.75
    assert metrics.accuracy([model(x) for x in X], y) == 0.75
    assert metrics.confusion_matrix(model.predict(X), y) == [[2, 1], [0, 1]]
    optimizer = nn.SGD(model.parameters(), 1e-9)
    assert nn.fit(model, X, y, loss, optimizer, 1, progress=False).accuracy == [0.75]


CASES = {
    "sigmoid, bce": (one("sigmoid"), BITS, nn.binary_cross_entropy),
    "sigmoid, squared": (one("sigmoid"), BITS, nn.squared_error),
    "sigmoid, absolute": (one("sigmoid"), BITS, nn.absolute_error),
    "sigmoid, huber": (one("sigmoid"), BITS, nn.huber),
    "sigmoid, lambda": (one("sigmoid"), BITS, lambda p, t: nn.squared_error(p, t)),
    "logits": (one("identity"), BITS, nn.binary_cross_entropy_with_logits),
    "tanh, squared": (one("tanh"), SIGNS, nn.squared_error),
    "tanh, hinge": (one("tanh"), SIGNS, nn.hinge),
    "hinge": (one("identity"), SIGNS, nn.hinge),
    "identity, signs": (one("identity"), SIGNS, nn.squared_error),
    "hinge by hand": (
        one("identity"), SIGNS,
        lambda p, y: autograd.mean([autograd.relu(1.0 - t * s) for s, t in zip(p, y, strict=True)]),
    ),
    "cross_entropy": (two("identity"), BITS, nn.cross_entropy),
    "nll": (two("log_softmax"), BITS, nn.negative_log_likelihood),
    "softmax": (two("softmax"), BITS, nn.categorical_cross_entropy),
    "SVM": (two("identity"), BITS, nn.multiclass_hinge),
    "cross_entropy, lambda": (two("identity"), BITS, lambda p, t: nn.cross_entropy(p, t)),
    "cross_entropy, one-hot": (two("identity"), ONE_HOT, nn.cross_entropy),
    "sigmoids, squared, one-hot": (two("sigmoid"), ONE_HOT, nn.squared_error),
    "softmax, squared, one-hot": (two("softmax"), ONE_HOT, nn.squared_error),
    "tanhs, squared, one-hot": (two("tanh"), SIGN_ROWS, nn.squared_error),
    "sigmoids, bce, one-hot": (two("sigmoid"), ONE_HOT, nn.binary_cross_entropy),
    "partial": (one("sigmoid"), BITS, functools.partial(nn.binary_cross_entropy, reduction="mean")),
    "partial of a partial": (
        two("identity"), BITS,
        functools.partial(functools.partial(nn.cross_entropy, label_smoothing=0.1), weight=[1, 2]),
    ),
    "own, sigmoid": (Own(Value.sigmoid), BITS, nn.squared_error),
    "own, sigmoid by hand": (Own(by_hand), BITS, nn.squared_error),
    "own, tanh": (Own(Value.tanh), SIGNS, nn.absolute_error),
    "own, bce": (Own(by_hand), BITS, nn.binary_cross_entropy),
    "an activation of one's own": (
        nn.MLP(1, [1], output=lambda x: x.sigmoid(), init=lambda *_: 1.0), BITS, nn.squared_error,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_three_of_four_are_right_wherever_one_asks(name):
    model, y, loss = CASES[name]
    assert metrics.judge_of(loss, model, X, y) is not None
    assert nn.evaluate(model, X, y, loss)[1] == 0.75
    with no_grad():
        assert nn.evaluate(model, X, y, loss)[1] == 0.75
    predictions = [model(x) for x in X]
    assert metrics.accuracy(predictions, y) == 0.75
    expected = [[2, 1], [0, 1]]
    assert metrics.confusion_matrix(predictions, y) == expected
    if "by hand" not in name or "own" not in name:
        assert model.predict_classes(X) == [0, 0, 1, 1]
    optimizer = nn.SGD(model.parameters(), 1e-9)
    history = nn.fit(model, X, y, loss, optimizer, 1, progress=False, validation=(X, y))
    assert (history.accuracy, history.validation_accuracy) == ([0.75], [0.75])


@pytest.mark.parametrize("numbers", [True, False])
def test_four_right_answers_of_a_probability_model_are_four(numbers):
    values = [Value(x).sigmoid() for x in (3.0, 0.2, -0.2, -3.0)]
    predictions = [v.data for v in values] if numbers else values
    assert metrics.accuracy(predictions, [1, 1, 0, 0]) == 1.0
    with no_grad():
        assert metrics.accuracy([Value(x).sigmoid() for x in (3.0, -0.2)], [1, 0]) == 1.0


@pytest.mark.parametrize(
    ("predictions", "y", "threshold", "expected"),
    [
        ([0.3, 0.9], [0, 1], None, 1.0),  # plain numbers from 0 to 1
        ([0.3, 0.9], [0, 1], 0.0, 0.5),
        ([0.3, 0.9], [1, 1], 0.2, 1.0),
        ([0.3, 1.2], [1, 1], None, 1.0),  # scores
        ([0.3, -0.9], [1, -1], None, 1.0),
        ([0.3, 0.9], [1, -1], None, 0.5),
        ([2.0 * Value(0.15), 2.0 * Value(0.3)], [1, 1], None, 1.0),  # computed, but by no sigmoid
        ([[0.9, 0.2, 0.8], [0.1, 0.2, 0.7]], [[1, 0, 1], [0, 1, 1]], None, 0.5),  # each for itself
        ([[0.9], [0.2]], [1, 0], None, 1.0),
    ],
)
def test_accuracy_of_predictions_alone(predictions, y, threshold, expected):
    assert metrics.accuracy(predictions, y, threshold) == expected


def test_rows_of_several_labels_are_right_if_all_are():
    model, y = two("sigmoid"), [[1, 0], [1, 1], [0, 1], [0, 0]]
    for loss in (nn.binary_cross_entropy, nn.squared_error):
        # At x = 0.5 the first output is below a half, the second above; at 2.0 too: one of four.
        assert nn.evaluate(model, X, y, loss)[1] == 0.5
        assert metrics.accuracy(model.predict(X), y) == 0.5


@pytest.mark.parametrize(
    ("model", "y", "loss"),
    [
        (one("identity"), BITS, nn.squared_error),  # may be a regression
        (one("sigmoid"), [0.1, 0.2, 0.3, 0.9], nn.squared_error),
        (one("relu"), [1, 2, 3, 4], nn.absolute_error),
        (two("identity"), [[0.5, 1.0]] * 4, nn.squared_error),
    ],
)
def test_where_nothing_says_it_there_is_no_reading(model, y, loss):
    assert metrics.judge_of(loss, model, X, y) is None
    assert math.isnan(nn.evaluate(model, X, y, loss)[1])
    history = nn.fit(model, X, y, loss, nn.SGD(model.parameters(), 1e-9), 1, progress=False)
    assert history.accuracy == []


def test_a_threshold_says_it():
    model = one("identity")  # -2, -0.5, 0.5, 2
    assert nn.evaluate(model, X, BITS, nn.squared_error, threshold=0.5)[1] == 1.0
    assert nn.evaluate(one("sigmoid"), X, BITS, nn.binary_cross_entropy, threshold=0.7)[1] == 1.0
    history = nn.fit(
        model, X, BITS, nn.squared_error, nn.SGD(model.parameters(), 1e-9), 1, progress=False,
        threshold=0.6,
    )  # fmt: skip
    assert history.accuracy == [1.0]
    for wrong in (math.nan, True, math.inf):
        with pytest.raises(ValueError, match="threshold must be a finite number"):
            nn.evaluate(model, X, BITS, nn.squared_error, threshold=wrong)


def test_an_unknown_loss_of_classes_without_accuracy_is_said():
    with pytest.warns(UserWarning, match=r"threshold=0\.0\) for logits, 0\.5 for probabilities"):
        nn.evaluate(one("identity"), X, BITS, lambda p, t: nn.squared_error(p, t))


def test_ignored_targets_are_not_judged():
    model, y = two("identity"), [0, -100, 0, 1]  # right, ignored, wrong, right
    assert nn.evaluate(model, X, y, nn.cross_entropy)[1] == pytest.approx(2 / 3)
    loss = functools.partial(nn.cross_entropy, ignore_index=1)
    assert nn.evaluate(model, X, BITS, loss)[1] == pytest.approx(2 / 3)
    history = nn.fit(
        model, X, y, nn.cross_entropy, nn.SGD(model.parameters(), 1e-9), 1, progress=False
    )
    assert history.accuracy == [pytest.approx(2 / 3)]


def test_fit_calls_the_model_no_more_often_than_there_are_samples():
    calls = []

    class Counted(Own):
        def __call__(self, x):
            calls.append(x)
            return super().__call__(x)

    model = Counted(Value.sigmoid)
    optimizer = nn.SGD(model.parameters(), 0.1)
    history = nn.fit(model, X, BITS, nn.squared_error, optimizer, 2, progress=False)
    assert (len(calls), len(history.accuracy)) == (2 * len(X), 2)


def test_a_nan_is_never_right():
    judge = metrics.judge_of(nn.binary_cross_entropy_with_logits)
    assert judge(math.nan, 0) is False
    assert metrics.judge_of(nn.cross_entropy)([math.nan, 1.0], 1) is False
    with pytest.raises(ValueError, match="row 1: a prediction that is nan"):
        metrics.accuracy([1.0, math.nan], [1, 0])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: metrics.accuracy([0.1, 0.9], [[0], [1]]), ShapeError, r"row 0: .*for .t. in y"),
        (lambda: metrics.accuracy([0.1, 0.9], ["a", "b"]), TypeError, "number the labels"),
        (lambda: metrics.accuracy([[0.1, 0.9]], [[1, 0, 0]]), ShapeError, "3 target weights for 2"),
        (lambda: metrics.accuracy(0.5, 1), TypeError, "predictions come as a sequence"),
        (lambda: metrics.confusion_matrix([[0.1, 0.9]], [-1]), ShapeError, "count from 0 to 1"),
        (
            lambda: metrics.confusion_matrix([[0.9, 0.8]], [[1, 1]]),
            ShapeError,
            "do not exclude each other",
        ),
    ],
)
def test_what_cannot_be_judged_says_why(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_confusion_matrix_is_that_of_scikit_learn():
    peer = pytest.importorskip("sklearn.metrics")
    y, found = [0, 1, 2, 2, 1, 0, 2], [0, 2, 2, 1, 1, 0, 2]
    rows = [nn.data.one_hot(label, 3) for label in found]
    assert metrics.confusion_matrix(rows, y) == peer.confusion_matrix(y, found).tolist()


def test_the_report_and_the_film_read_as_the_loss_says():
    samples, y = nn.data.moons(12, seed=0)
    model = nn.MLP(2, [1], output="sigmoid", generator=0)
    loss, optimizer = nn.squared_error, nn.SGD(model.parameters(), 0.1)
    history = nn.fit(model, samples, y, loss, optimizer, 2, progress=False, record=True)
    film = nn.animate_boundary(model, samples, y, history, frames=2, resolution=8)
    told = nn.animate_boundary(model, samples, y, history, frames=2, resolution=8, loss=loss)
    assert film.frames == told.frames
    other = nn.animate_boundary(model, samples, y, history, frames=2, resolution=8, threshold=0.9)
    assert film.frames != other.frames
    assert "What the model predicts where" in nn.report(history, model, samples, y, loss).html
