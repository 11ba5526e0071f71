"""Losses: values and gradients against torch.nn.functional and mpmath, extremes by hand."""

import math
import random

import mpmath
import numpy as np
import pytest
from reference import mp

import autograd
import nn
from autograd import Value
from autograd.errors import NumberError, ShapeError

REDUCTIONS = ("mean", "sum", "none")


def torch_functional():
    return pytest.importorskip("torch").nn.functional


def torch_hinge(scores, targets, reduction):
    terms = pytest.importorskip("torch").relu(1.0 - targets * scores)
    return terms if reduction == "none" else getattr(terms, reduction)()


def named(name, **options):
    def loss(predictions, targets, reduction):
        return getattr(torch_functional(), name)(
            predictions, targets, reduction=reduction, **options
        )

    return loss


def normal(rng):
    return rng.gauss(0.0, 1.5)


def wide(rng):
    return rng.gauss(0.0, 4.0)


def share(rng):
    return rng.uniform(0.02, 0.98)


def hard(rng):
    return rng.choice((0.0, 1.0))


def sign(rng):
    return rng.choice((-1.0, 1.0))


# Ours, the same in torch, how to draw one prediction and one target.
ELEMENTWISE = {
    "squared_error": (nn.squared_error, named("mse_loss"), normal, normal),
    "absolute_error": (nn.absolute_error, named("l1_loss"), normal, normal),
    "huber": (nn.huber, named("huber_loss"), normal, normal),
    "huber 0.3": (
        lambda p, t, reduction: nn.huber(p, t, reduction, delta=0.3),
        named("huber_loss", delta=0.3),
        normal,
        normal,
    ),
    "hinge": (nn.hinge, torch_hinge, normal, sign),
    "binary": (nn.binary_cross_entropy, named("binary_cross_entropy"), share, share),
    "binary, hard": (
        nn.binary_cross_entropy,
        named("binary_cross_entropy"),
        share,
        hard,
    ),
    "logits": (
        nn.binary_cross_entropy_with_logits,
        named("binary_cross_entropy_with_logits"),
        wide,
        share,
    ),
    "logits, hard": (
        nn.binary_cross_entropy_with_logits,
        named("binary_cross_entropy_with_logits"),
        wide,
        hard,
    ),
}


def nested(shape, make):
    """Nested lists of `shape` filled by `make`; the bare thing for ()."""
    return [nested(shape[1:], make) for _ in range(shape[0])] if shape else make()


def mapped(function, *things):
    """`function` of the corresponding leaves of nested lists, in the same nesting."""
    if isinstance(things[0], list):
        return [mapped(function, *parts) for parts in zip(*things, strict=True)]
    return function(*things)


def flat(thing):
    return [x for part in thing for x in flat(part)] if isinstance(thing, list) else [thing]


def shape_of(thing):
    return list(map(shape_of, thing)) if isinstance(thing, list) else ()


def compared(ours, theirs, predictions, targets, reduction, torch_targets=None):
    """Assert that values and gradients agree; a loss without reduction is weighted, then summed."""
    torch = pytest.importorskip("torch")
    values = mapped(Value, predictions)
    peer = torch.tensor(predictions, dtype=torch.float64, requires_grad=True)
    if torch_targets is None:
        torch_targets = torch.tensor(targets, dtype=torch.float64)
    got, expected = (
        ours(values, targets, reduction=reduction),
        theirs(peer, torch_targets, reduction),
    )
    expected_numbers = expected.tolist()
    assert shape_of(got) == shape_of(expected_numbers)
    for x, y in zip(flat(got), flat(expected_numbers), strict=True):
        assert x.data == pytest.approx(y, rel=1e-12, abs=1e-15)
    weights = [1.0 + 0.5 * i for i in range(len(flat(got)))]
    sum(weight * x for weight, x in zip(weights, flat(got), strict=True)).backward()
    (expected.flatten() * torch.tensor(weights, dtype=torch.float64)).sum().backward()
    for x, y in zip(flat(values), flat(peer.grad.tolist()), strict=True):
        assert x.grad == pytest.approx(y, rel=1e-12, abs=1e-15)
    assert any(x.grad != 0.0 for x in flat(values))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (5, 3), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_losses_are_those_of_torch(name, shape, reduction):
    ours, theirs, prediction, target = ELEMENTWISE[name]
    rng = random.Random(1)
    predictions = nested(shape, lambda: prediction(rng))
    targets = nested(shape, lambda: target(rng))
    compared(ours, theirs, predictions, targets, reduction)


def soft(rng, classes):
    weights = [rng.random() for _ in range(classes)]
    return [weight / sum(weights) for weight in weights]


def log_probabilities(rng, classes):
    return [math.log(p) for p in soft(rng, classes)]


def logits(rng, classes):
    return [rng.gauss(0.0, 3.0) for _ in range(classes)]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("batch", [None, 1, 6])
@pytest.mark.parametrize(
    ("ours", "name", "scores"),
    [
        (nn.cross_entropy, "cross_entropy", logits),
        (nn.negative_log_likelihood, "nll_loss", log_probabilities),
    ],
)
def test_class_index_losses_are_those_of_torch(ours, name, scores, batch, reduction):
    torch = pytest.importorskip("torch")
    rng = random.Random(2)
    rows = [scores(rng, 4) for _ in range(batch or 1)]
    targets = [rng.randrange(4) for _ in rows]
    if batch is None:
        rows, targets = rows[0], targets[0]
    compared(ours, named(name), rows, targets, reduction, torch.tensor(targets))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("batch", [None, 6])
def test_cross_entropy_of_soft_targets_is_that_of_torch(batch, reduction):
    rng = random.Random(3)
    rows = [logits(rng, 4) for _ in range(batch or 1)]
    targets = [soft(rng, 4) for _ in rows]
    if batch is None:
        rows, targets = rows[0], targets[0]
    compared(nn.cross_entropy, named("cross_entropy"), rows, targets, reduction)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.negative_log_likelihood])
def test_an_index_and_its_one_hot_weights_give_the_same(loss):
    scores = [[0.3, -1.2, 2.0], [-0.5, -0.1, -2.2]]
    by_index, by_weights = mapped(Value, scores), mapped(Value, scores)
    first = loss(by_index, [2, 0])
    second = loss(by_weights, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    first.backward()
    second.backward()
    assert first.data == pytest.approx(second.data, rel=1e-14)
    for x, y in zip(flat(by_index), flat(by_weights), strict=True):
        assert x.grad == pytest.approx(y.grad, rel=1e-14)


def test_mixed_batch_of_an_index_and_weights():
    losses = nn.cross_entropy([[0.0, 0.0], [0.0, 0.0]], [1, [0.5, 0.5]], "none")
    assert losses == pytest.approx([math.log(2.0)] * 2, rel=1e-15)


@pytest.mark.parametrize(
    ("loss", "predictions", "targets", "expected"),
    [
        (nn.squared_error, [1.0, 2.0, -1.0], [0.0, 4.0, 2.0], [1.0, 4.0, 9.0]),
        (nn.absolute_error, [1.0, 2.0, -1.0], [0.0, 4.0, -1.0], [1.0, 2.0, 0.0]),
        (nn.huber, [0.5, -1.0, 3.0], [0.0, 0.0, 0.0], [0.125, 0.5, 2.5]),
        (nn.hinge, [2.0, 0.25, -1.0, 1.0], [1, 1, 1, -1], [0.0, 0.75, 2.0, 2.0]),
        (nn.binary_cross_entropy, [0.5, 0.25], [1, 0], [math.log(2.0), math.log(4.0 / 3.0)]),
        (nn.binary_cross_entropy_with_logits, [0.0, 0.0], [0.0, 0.3], [math.log(2.0)] * 2),
        (nn.cross_entropy, [[0.0, math.log(3.0)], [5.0, 5.0]], [0, 1], [math.log(4), math.log(2)]),
        (nn.negative_log_likelihood, [[-0.5, -2.0], [-3.0, -0.25]], [1, 1], [2.0, 0.25]),
        (nn.negative_log_likelihood, [[-0.5, -2.0]], [[0.5, 0.25]], [0.75]),
    ],
)
def test_losses_by_hand_on_plain_numbers(loss, predictions, targets, expected):
    losses = loss(predictions, targets, reduction="none")
    assert all(type(x) is float for x in losses)
    assert losses == pytest.approx(expected, rel=1e-14, abs=0.0)
    assert loss(predictions, targets, reduction="sum") == pytest.approx(sum(expected), rel=1e-14)
    mean = sum(expected) / len(expected)
    assert loss(predictions, targets) == pytest.approx(mean, rel=1e-14)
    assert loss(predictions, targets, reduction="mean") == loss(predictions, targets)


@pytest.mark.parametrize(
    ("logit", "target", "expected", "slope"),
    [
        (1000.0, 1.0, 0.0, 0.0),
        (1000.0, 0.0, 1000.0, 1.0),
        (-1000.0, 1.0, 1000.0, -1.0),
        (-1000.0, 0.0, 0.0, 0.0),
        (1000.0, 0.25, 750.0, 0.75),
        (-1000.0, 0.25, 250.0, -0.25),
    ],
)
def test_binary_cross_entropy_of_extreme_logits(logit, target, expected, slope):
    x = Value(logit)
    loss = nn.binary_cross_entropy_with_logits(x, target)
    loss.backward()
    assert (loss.data, x.grad) == (expected, slope)


@pytest.mark.parametrize("logit", [-80.0, -40.0, 40.0, 80.0, 700.0])
def test_binary_cross_entropy_keeps_its_digits_where_the_sigmoid_saturates(logit):
    x = Value(logit)
    target = 1.0 if logit > 0.0 else 0.0
    loss = nn.binary_cross_entropy_with_logits(x, target)
    loss.backward()
    with mpmath.workdps(50):
        small = mpmath.exp(-abs(logit))  # of the wrong class
        assert loss.data == pytest.approx(float(mpmath.log1p(small)), rel=1e-14)
        expected = float(-mpmath.sign(logit) * small / (1 + small))
        assert x.grad == pytest.approx(expected, rel=1e-14)


EDGES = [
    (0.0, 0.0, 0.0),
    (1.0, 1.0, 0.0),
    (0.0, 1.0, 100.0),
    (1.0, 0.0, 100.0),
    (0.0, 0.25, 25.0),
    (1.0, 0.25, 75.0),
    (1e-60, 1.0, 100.0),
    (1e-20, 1.0, 20.0 * math.log(10.0)),
]


@pytest.mark.parametrize(("probability", "target", "expected"), EDGES)
def test_logarithms_of_binary_cross_entropy_stop_at_minus_100(probability, target, expected):
    p = Value(probability)
    loss = nn.binary_cross_entropy(p, target)
    loss.backward()
    assert loss.data == pytest.approx(expected, rel=1e-14, abs=0.0)
    assert math.isfinite(p.grad)


def test_logarithms_of_binary_cross_entropy_stop_where_those_of_torch_do():
    torch = pytest.importorskip("torch")
    for probability, target, _ in EDGES:
        pair = [torch.tensor(x, dtype=torch.float64) for x in (probability, target)]
        expected = torch_functional().binary_cross_entropy(*pair).item()
        assert nn.binary_cross_entropy(probability, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("target", "expected", "slopes"),
    [
        (0, 0.0, [0.0, 0.0, 0.0]),
        (1, 2000.0, [1.0, -1.0, 0.0]),
        (2, 1000.0, [1.0, 0.0, -1.0]),
        ([0.5, 0.25, 0.25], 750.0, [0.5, -0.25, -0.25]),
    ],
)
def test_cross_entropy_of_extreme_logits(target, expected, slopes):
    x = [Value(1000.0), Value(-1000.0), Value(0.0)]
    loss = nn.cross_entropy(x, target)
    loss.backward()
    assert loss.data == expected
    assert [v.grad for v in x] == pytest.approx(slopes, abs=1e-15)


def test_classes_of_probability_zero_that_are_no_target_cost_nothing():
    assert nn.negative_log_likelihood([-math.inf, 0.0], [0.0, 1.0]) == 0.0
    assert nn.negative_log_likelihood([-math.inf, 0.0], 1) == 0.0


@pytest.mark.parametrize(
    ("loss", "kink", "target"),
    [(nn.absolute_error, 2.0, 2.0), (nn.huber, 2.0, 2.0), (nn.hinge, 1.0, 1.0)],
)
def test_gradient_at_the_kink_is_zero(loss, kink, target):
    x = Value(kink)
    out = loss(x, target)
    out.backward()
    assert (out.data, x.grad) == (0.0, 0.0)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_huber_meets_its_line_at_delta(side):
    x = Value(side * 2.0)
    loss = nn.huber(x, 0.0, delta=2.0)
    loss.backward()
    assert (loss.data, x.grad) == (2.0, side * 2.0)


@pytest.mark.parametrize(
    ("loss", "predictions", "targets"),
    [
        (nn.squared_error, np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])),
        (nn.binary_cross_entropy_with_logits, np.array([0.5, -0.5]), np.array([1, 0])),
        (nn.cross_entropy, np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([1, 0])),
        (nn.cross_entropy, np.array([1.0, 2.0]), np.int64(1)),
        (nn.cross_entropy, np.array([1.0, 2.0]), np.array([0.25, 0.75])),
    ],
)
def test_arrays_give_the_same_as_lists(loss, predictions, targets):
    assert loss(predictions, targets) == loss(predictions.tolist(), targets.tolist())


def test_losses_mix_values_and_numbers():
    x = Value(3.0)
    loss = nn.squared_error([x, 1.0], [1.0, 1.0])
    loss.backward()
    assert (loss.data, x.grad) == (2.0, 2.0)


@pytest.mark.parametrize(
    ("loss", "predictions", "number"),
    [
        (nn.squared_error, [0.2, 0.4], 0.5),
        (nn.absolute_error, [0.2, 0.4], 0.5),
        (nn.huber, [0.2, 0.4], 0.5),
        (nn.hinge, [0.2, 0.4], 1.0),
        (nn.binary_cross_entropy, [0.2, 0.4], 0.5),
        (nn.binary_cross_entropy_with_logits, [0.2, 0.4], 0.5),
        (nn.cross_entropy, [0.2, 0.4], 0.5),
        (nn.negative_log_likelihood, [0.2, 0.4], 0.5),
    ],
)
def test_targets_get_no_gradient(loss, predictions, number):
    targets = [Value(number), Value(number)]
    values = [Value(p) for p in predictions]
    loss(values, targets).backward()
    assert any(v.grad != 0.0 for v in values)
    assert [t.grad for t in targets] == [0.0, 0.0]


EVERY = [
    (nn.squared_error, [1.0], [1.0]),
    (nn.absolute_error, 1.0, 1.0),
    (nn.huber, [1.0], [1.0]),
    (nn.hinge, [1.0], [1.0]),
    (nn.binary_cross_entropy, [[0.5]], [[1.0]]),
    (nn.binary_cross_entropy_with_logits, [1.0], [1.0]),
    (nn.cross_entropy, [[1.0, 2.0]], [0]),
    (nn.negative_log_likelihood, [1.0, 2.0], 0),
]


@pytest.mark.parametrize(("loss", "predictions", "targets"), EVERY)
def test_an_unknown_reduction_names_the_known_ones(loss, predictions, targets):
    with pytest.raises(
        ValueError, match="reduction must be 'mean', 'sum' or 'none', got 'average'"
    ):
        loss(predictions, targets, reduction="average")


@pytest.mark.parametrize(("loss", "predictions", "targets"), EVERY)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_no_predictions_are_an_error_or_cost_nothing(loss, predictions, targets, reduction):
    if loss in (nn.cross_entropy, nn.negative_log_likelihood) or reduction == "mean":
        with pytest.raises(ShapeError):
            loss([], [], reduction=reduction)
    else:
        assert loss([], [], reduction=reduction) == (0.0 if reduction == "sum" else [])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: nn.squared_error([1.0, 2.0], [1.0]), ShapeError, "2 predictions for 1 targets"),
        (lambda: nn.squared_error(1.0, [1.0]), ShapeError, "differ in shape: 1.0 against 1 el"),
        (lambda: nn.squared_error([[1.0]], [1.0]), ShapeError, "1 elements against 1.0"),
        (lambda: nn.squared_error([[1.0], [2.0]], [[1.0], [2.0, 3.0]]), ShapeError, "1 predictio"),
        (lambda: nn.squared_error([1.0], [None]), NumberError, "NoneType"),
        (lambda: nn.huber(1.0, 1.0, delta=0.0), ValueError, "delta must be positive, got 0.0"),
        (lambda: nn.huber(1.0, 1.0, delta=math.nan), ValueError, "delta must be positive"),
        (lambda: nn.hinge([1.0], [0]), ValueError, "hinge takes targets -1 and 1, got 0"),
        (lambda: nn.binary_cross_entropy(1.1, 1), ValueError, "probability lies between.*got 1.1"),
        (lambda: nn.binary_cross_entropy(math.nan, 1), ValueError, "probability lies between"),
        (lambda: nn.binary_cross_entropy(0.5, -1), ValueError, "target lies between .* got -1"),
        (
            lambda: nn.binary_cross_entropy_with_logits(0.5, 2),
            ValueError,
            "target lies between 0 and 1, got 2",
        ),
        (lambda: nn.cross_entropy([1.0, 2.0], 2), ShapeError, "class 2 of 2: count from 0 to 1"),
        (lambda: nn.cross_entropy([1.0, 2.0], -1), ShapeError, "class -1 of 2"),
        (lambda: nn.cross_entropy([1.0, 2.0], 1.0), TypeError, "int or one weight per class"),
        (lambda: nn.cross_entropy([1.0, 2.0], [1.0]), ShapeError, "1 target weights for 2 cla"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], [[1.0]]), ShapeError, "1 target weights for 2"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], [0, 1]), ShapeError, "1 predictions for 2 tar"),
        (lambda: nn.cross_entropy([[1.0], [2.0]], 0), ShapeError, "2 predictions for 1 targets"),
        (lambda: nn.negative_log_likelihood([-1.0], 3), ShapeError, "class 3 of 1"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(call, error, match):
    with pytest.raises(error, match=match):
        call()


# --- far apart: what is left of 1 after the taken class is e**-40 ----------------------------

TAIL = 4.248354255291589e-18  # e**-40 / (1 + e**-40), and log1p(e**-40), in 50 digits by mpmath


@pytest.mark.parametrize(
    "loss",
    [
        lambda logits: nn.cross_entropy(logits, 0),
        lambda logits: nn.cross_entropy(logits, [1.0, 0.0]),
        lambda logits: nn.negative_log_likelihood(autograd.log_softmax(logits), 0),
        lambda logits: -autograd.log(autograd.softmax(logits)[0]) * 1.0,
    ],
)
@pytest.mark.parametrize("shift", [0.0, -700.0])
def test_the_complement_of_a_sure_class_keeps_its_digits(loss, shift):
    logits = [Value(40.0 + shift), Value(shift)]
    out = loss(logits)
    if out.data:  # the logarithm of a probability that has rounded to 1 is 0
        assert out.data == pytest.approx(TAIL, rel=1e-14)
    out.backward()
    assert [x.grad for x in logits] == pytest.approx([-TAIL, TAIL], rel=1e-14)


def test_its_second_derivative_too():
    hessian = autograd.hessian(lambda x: nn.cross_entropy(x, 0))([40.0, 0.0])
    assert hessian[0] == pytest.approx([TAIL, -TAIL], rel=1e-13)
    assert hessian[1] == pytest.approx([-TAIL, TAIL], rel=1e-13)


def test_of_many_classes_each_gradient_is_its_probability():
    logits = [3.0, -60.0, 45.0, 2.0]
    slopes = autograd.grad(lambda x: nn.cross_entropy(x, 2))(logits)
    expected = [float(mp.exp(x - 45)) for x in logits]
    total = float(mp.fsum(mp.exp(x - 45) for x in logits))
    expected[2] = -sum(x for i, x in enumerate(expected) if i != 2)
    assert slopes == pytest.approx([x / total for x in expected], rel=1e-13)
