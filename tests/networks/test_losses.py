"""Losses: values and gradients against torch.nn.functional and mpmath, extremes by hand."""

import functools
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
        functools.partial(nn.huber, delta=0.3),
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


# --- targets and weights that require a gradient -------------------------------------------


def compared_by_targets(ours, theirs, predictions, targets):
    """Assert that the gradients by both arguments are those of torch."""
    torch = pytest.importorskip("torch")
    values, wanted = mapped(Value, predictions), mapped(Value, targets)
    peers = [
        torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        for numbers in (predictions, targets)
    ]
    got, expected = ours(values, wanted, reduction="mean"), theirs(*peers, "mean")
    assert got.data == pytest.approx(expected.item(), rel=1e-12)
    got.backward()
    expected.backward()
    for mine, peer in zip((values, wanted), peers, strict=True):
        gradients = [v.grad for v in flat(mine)]
        assert gradients == pytest.approx(flat(peer.grad.tolist()), rel=1e-12, abs=1e-15)
        assert any(gradients)


@pytest.mark.parametrize("shape", [(6,), (3, 2)], ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_targets_that_require_a_gradient_get_that_of_torch(name, shape):
    ours, theirs, prediction, target = ELEMENTWISE[name]
    rng = random.Random(5)
    predictions = nested(shape, lambda: prediction(rng))
    compared_by_targets(ours, theirs, predictions, nested(shape, lambda: target(rng)))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("batch", [None, 5])
def test_soft_targets_that_require_a_gradient_get_that_of_torch(batch, smoothing):
    rng = random.Random(6)
    rows, targets = ([make(rng, 4) for _ in range(batch or 1)] for make in (logits, soft))
    if batch is None:
        rows, targets = rows[0], targets[0]
    compared_by_targets(
        functools.partial(nn.cross_entropy, label_smoothing=smoothing),
        named("cross_entropy", label_smoothing=smoothing),
        rows,
        targets,
    )


@pytest.mark.parametrize("logit", [-700.0, -30.0, -1e-9, 0.0, 1e-9, 0.3, 30.0, 700.0])
@pytest.mark.parametrize("number", [0.0, 0.25, 1.0])
def test_binary_targets_keep_their_digits(logit, number):
    # d/dt of -(t log sigmoid(x) + (1 - t) log sigmoid(-x)) is -x, d/dx is sigmoid(x) - t.
    x, t = Value(logit), Value(number)
    loss = nn.binary_cross_entropy_with_logits(x, t)
    loss.backward()
    assert t.grad == -logit
    with mpmath.workdps(400):
        exact = mpmath.log1p(mpmath.exp(-abs(logit)))
        exact += max(logit, 0.0) - mpmath.mpf(number) * logit
        slope = 1 / (1 + mpmath.exp(-mpmath.mpf(logit))) - number
        assert loss.data == pytest.approx(float(exact), rel=1e-14)
        assert x.grad == pytest.approx(float(slope), rel=1e-14, abs=1e-16)


@pytest.mark.parametrize("kind", ["computed", "leaf"])
def test_a_target_made_by_another_model_passes_its_gradient_on(kind):
    w = Value(3.0)
    target = 2.0 * w if kind == "computed" else w
    nn.squared_error(Value(1.0), target).backward()
    assert w.grad == (2.0 * 5.0 * 2.0 if kind == "computed" else 2.0 * 2.0)


def test_targets_without_gradient_are_numbers():
    target = Value(4.0, requires_grad=False)
    x = Value(1.0)
    loss = nn.squared_error([x], [target])
    assert (loss.data, target in autograd.topological_order(loss)) == (9.0, False)
    with autograd.no_grad():
        assert nn.squared_error(1.0, Value(4.0)).data == 9.0


def test_a_class_index_has_no_derivative_and_says_so():
    with pytest.raises(TypeError, match="a class index has no derivative"):
        nn.cross_entropy([1.0, 2.0], Value(1.0))


@pytest.mark.parametrize("name", ["weight", "sample_weight"])
def test_weights_that_require_a_gradient_get_theirs(name):
    # The mean is sum(w l) / sum(w): its derivative by w_i is (l_i - mean) / sum(w).
    rows, targets, numbers = [[0.3, -1.0], [2.0, 0.5]], [0, 1], [0.5, 2.0]
    weights = list(map(Value, numbers))
    nn.cross_entropy(rows, targets, **{name: weights}).backward()
    losses = nn.cross_entropy(rows, targets, "none")
    mean = sum(w * loss for w, loss in zip(numbers, losses, strict=True)) / sum(numbers)
    expected = [(loss - mean) / sum(numbers) for loss in losses]
    assert [w.grad for w in weights] == pytest.approx(expected, rel=1e-13)


# --- weights, ignored targets, smoothing ---------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["index", "ignored", "soft"])
def test_options_of_cross_entropy_are_those_of_torch(kind, weighted, smoothing, reduction):
    torch = pytest.importorskip("torch")
    rng = random.Random(7)
    rows = [logits(rng, 4) for _ in range(6)]
    targets = [rng.randrange(4) for _ in rows]
    options = {"label_smoothing": smoothing}
    torch_options = dict(options)
    if weighted:
        options["weight"] = [0.5, 2.0, 1.0, 3.0]
        torch_options["weight"] = torch.tensor(options["weight"], dtype=torch.float64)
    if kind == "ignored":
        targets[1] = targets[4] = options["ignore_index"] = torch_options["ignore_index"] = 2
    if kind == "soft":
        targets = [soft(rng, 4) for _ in rows]
    ours = functools.partial(nn.cross_entropy, **options)
    torch_targets = None if kind == "soft" else torch.tensor(targets)
    theirs = named("cross_entropy", **torch_options)
    compared(ours, theirs, rows, targets, reduction, torch_targets)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_options_of_nll_are_those_of_torch(reduction):
    torch = pytest.importorskip("torch")
    rng = random.Random(8)
    rows, weight = [log_probabilities(rng, 3) for _ in range(5)], [0.5, 2.0, 1.0]
    targets = [0, -100, 2, 1, 0]
    compared(
        functools.partial(nn.negative_log_likelihood, weight=weight),
        named("nll_loss", weight=torch.tensor(weight, dtype=torch.float64)),
        rows, targets, reduction, torch.tensor(targets),
    )  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["squared_error", "absolute_error", "huber"])
def test_sample_weights_are_those_of_torch(name, reduction):
    torch = pytest.importorskip("torch")
    ours, _, prediction, target = ELEMENTWISE[name]
    torch_name = {"squared_error": "mse_loss", "absolute_error": "l1_loss"}.get(name, "huber_loss")
    rng = random.Random(9)
    predictions = nested((4, 3), lambda: prediction(rng))
    targets = nested((4, 3), lambda: target(rng))
    weights = nested((4, 3), lambda: rng.uniform(0.0, 2.0))
    peer_weights = torch.tensor(weights, dtype=torch.float64)

    def theirs(peer, peer_targets, reduction):
        loss = named(torch_name, weight=peer_weights)
        if reduction == "mean":  # that of huber_loss leaves the weights out of the divisor
            return loss(peer, peer_targets, "sum") / peer_weights.sum()
        return loss(peer, peer_targets, reduction)

    compared(
        functools.partial(ours, sample_weight=weights), theirs, predictions, targets, reduction
    )


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_sample_of_weight_two_counts_as_two_and_of_zero_as_none(name):
    loss, _, prediction, target = ELEMENTWISE[name]
    rng = random.Random(10)
    rows = nested((3, 2), lambda: prediction(rng))
    targets = nested((3, 2), lambda: target(rng))
    weighted = loss(rows, targets, sample_weight=[2, 0, 1])
    twice = loss([rows[0], rows[0], rows[2]], [targets[0], targets[0], targets[2]])
    assert weighted == pytest.approx(twice, rel=1e-14)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.multiclass_hinge])
def test_a_row_of_weight_two_counts_as_two_and_of_zero_as_none(loss):
    rows, targets = [[0.3, -1.0, 0.2], [2.0, 0.5, 1.0], [0.0, 1.0, 3.0]], [0, 1, 1]
    twice = loss([rows[0], rows[0], rows[2]], [0, 0, 1])
    assert loss(rows, targets, sample_weight=[2, 0, 1]) == pytest.approx(twice, rel=1e-14)
    total = loss(rows, targets, "sum", sample_weight=[2, 0, 1])
    assert total == pytest.approx(3.0 * twice, rel=1e-14)


def test_what_has_weight_zero_may_be_infinite():
    assert nn.squared_error([math.inf, 1.0], [0.0, 3.0], sample_weight=[0.0, 1.0]) == 4.0


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_weight_of_the_positive_class_is_that_of_torch(factor, reduction):
    torch = pytest.importorskip("torch")
    rng = random.Random(11)
    rows, targets = [wide(rng) for _ in range(6)], [0.0, 1.0, 1.0, 0.25, 0.75, 0.0]
    theirs = named("binary_cross_entropy_with_logits", pos_weight=torch.tensor(factor))
    ours = functools.partial(nn.binary_cross_entropy_with_logits, pos_weight=factor)
    compared(ours, theirs, rows, targets, reduction)


# --- probabilities --------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("kind", ["index", "soft"])
def test_categorical_cross_entropy_is_nll_of_the_logarithms(kind, reduction):
    torch = pytest.importorskip("torch")
    rng = random.Random(12)
    rows = [soft(rng, 4) for _ in range(5)]
    targets = [rng.randrange(4) for _ in rows] if kind == "index" else [soft(rng, 4) for _ in rows]

    def theirs(peer, peer_targets, reduction):
        if kind == "index":
            return torch_functional().nll_loss(peer.log(), peer_targets, reduction=reduction)
        losses = -(peer.log() * peer_targets).sum(dim=1)
        return losses if reduction == "none" else getattr(losses, reduction)()

    torch_targets = torch.tensor(targets) if kind == "index" else None
    compared(nn.categorical_cross_entropy, theirs, rows, targets, reduction, torch_targets)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"weight": [1.0, 2.0, 0.5]}])
def test_both_ways_from_logits_to_the_loss_agree(options):
    rows, targets = [[2.0, 1.0, 0.1], [-1.0, 0.5, 4.0]], [0, 1]
    first, second = mapped(Value, rows), mapped(Value, rows)
    direct = nn.cross_entropy(first, targets, **options)
    by_softmax = nn.categorical_cross_entropy(
        list(map(autograd.softmax, second)), targets, **options
    )
    direct.backward()
    by_softmax.backward()
    assert by_softmax.data == pytest.approx(direct.data, rel=1e-13)
    for x, y in zip(flat(first), flat(second), strict=True):
        assert x.grad == pytest.approx(y.grad, rel=1e-12, abs=1e-15)


def test_the_known_example_of_softmax_once_and_twice():
    # softmax([2, 1, 0.1]) = [0.659, 0.242, 0.099]: -log 0.659 = 0.417; once more: 0.802.
    probabilities = autograd.softmax([2.0, 1.0, 0.1])
    assert nn.categorical_cross_entropy(probabilities, 0) == pytest.approx(0.4170300162778335)
    with pytest.warns(UserWarning, match=r"logits, and these are probabilities.*categorical"):
        assert nn.cross_entropy(probabilities, 0) == pytest.approx(0.802, abs=5e-4)


def test_a_certain_wrong_softmax_costs_100_and_nothing_is_nan():
    p = autograd.softmax([Value(1000.0), Value(0.0)])
    loss = nn.categorical_cross_entropy(p, 1)
    loss.backward()
    assert loss.data == pytest.approx(100.0, rel=1e-14)
    assert math.isfinite(p[0].grad)
    assert nn.categorical_cross_entropy([1.0, 0.0], 0) == 0.0
    assert nn.categorical_cross_entropy([1.0, 0.0], [1.0, 0.0]) == 0.0


def by_hand(logits):
    exponentials = [autograd.exp(x) for x in logits]
    return [e / sum(exponentials) for e in exponentials]


@pytest.mark.parametrize("softmax", [autograd.softmax, by_hand])
@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.negative_log_likelihood])
def test_probabilities_where_logits_belong_are_warned_of_at_the_callers_line(loss, softmax):
    rows = [softmax(list(map(Value, row))) for row in ([2.0, 1.0, 0.1], [0.0, 5.0, 1.0])]
    for batch, targets in ((rows, [0, 1]), (rows[0], 0), (mapped(lambda v: v.data, rows), [0, 1])):
        with pytest.warns(UserWarning, match="probabilities") as caught:
            loss(batch, targets)
        assert [warning.filename for warning in caught] == [__file__]


def test_a_sigmoid_where_a_logit_belongs_is_warned_of():
    x = [Value(0.3), Value(-1.0)]
    with pytest.warns(UserWarning, match=r"made by a sigmoid: use nn.binary_cross_entropy"):
        nn.binary_cross_entropy_with_logits([v.sigmoid() for v in x], [1, 0])
    nn.binary_cross_entropy([v.sigmoid() for v in x], [1, 0])
    nn.binary_cross_entropy_with_logits(x, [1, 0])


def test_logits_that_look_a_little_like_probabilities_pass_in_silence():
    nn.cross_entropy([Value(0.3), Value(0.7)], 0)  # parameters
    nn.cross_entropy([0.5, 0.5], 0)  # equal: the softmax of them is the same
    nn.cross_entropy([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    nn.cross_entropy([[0.2, 0.8], [1.3, 0.1]], [0, 1])
    nn.cross_entropy([0.2 * Value(1.0) + 0.1, 0.7 * Value(1.0)], 0)
    nn.cross_entropy(autograd.log_softmax([2.0, 1.0, 0.1]), 0)
    nn.negative_log_likelihood(autograd.log_softmax([2.0, 1.0, 0.1]), 0)


# --- the SVM loss -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "target", "expected"),
    [
        # CS231n, lecture 3: cat, car, frog; 2.9 + 0 + 12.9, mean 5.27.
        ([3.2, 5.1, -1.7], 0, 2.9),
        ([1.3, 4.9, 2.0], 1, 0.0),
        ([2.2, 2.5, -3.1], 2, 12.9),
        ([13.0, -7.0, 11.0], 0, 0.0),  # the notes: max(0, -7 - 13 + 10) + max(0, 11 - 13 + 10) = 8
    ],
)
def test_multiclass_hinge_of_the_course(scores, target, expected):
    assert nn.multiclass_hinge(scores, target) == pytest.approx(expected, abs=1e-12)
    one_hot = nn.data.one_hot(target, 3)
    assert nn.multiclass_hinge(scores, one_hot) == nn.multiclass_hinge(scores, target)


def test_multiclass_hinge_of_the_notes_with_margin_ten():
    assert nn.multiclass_hinge([13.0, -7.0, 11.0], 0, margin=10.0) == 8.0


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("margin", [1.0, 0.4])
def test_multiclass_hinge_is_that_of_torch_times_the_classes(margin, reduction):
    torch = pytest.importorskip("torch")
    rng = random.Random(13)
    rows = [logits(rng, 5) for _ in range(6)]
    targets = [rng.randrange(5) for _ in rows]

    def theirs(peer, peer_targets, reduction):
        return 5.0 * named("multi_margin_loss", margin=margin)(peer, peer_targets, reduction)

    ours = functools.partial(nn.multiclass_hinge, margin=margin)
    compared(ours, theirs, rows, targets, reduction, torch.tensor(targets))


EVERY = [
    (nn.squared_error, [1.0], [1.0]),
    (nn.absolute_error, 1.0, 1.0),
    (nn.huber, [1.0], [1.0]),
    (nn.hinge, [1.0], [1.0]),
    (nn.binary_cross_entropy, [[0.5]], [[1.0]]),
    (nn.binary_cross_entropy_with_logits, [1.0], [1.0]),
    (nn.cross_entropy, [[1.0, 2.0]], [0]),
    (nn.negative_log_likelihood, [1.0, 2.0], 0),
    (nn.categorical_cross_entropy, [[0.25, 0.75]], [0]),
    (nn.multiclass_hinge, [[1.0, 2.0]], [0]),
]
CLASS_LOSSES = (
    nn.cross_entropy,
    nn.negative_log_likelihood,
    nn.categorical_cross_entropy,
    nn.multiclass_hinge,
)


@pytest.mark.parametrize(("loss", "predictions", "targets"), EVERY)
def test_an_unknown_reduction_names_the_known_ones(loss, predictions, targets):
    with pytest.raises(
        ValueError, match="reduction must be 'mean', 'sum' or 'none', got 'average'"
    ):
        loss(predictions, targets, reduction="average")


@pytest.mark.parametrize(("loss", "predictions", "targets"), EVERY)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_no_predictions_are_an_error_or_cost_nothing(loss, predictions, targets, reduction):
    if loss in CLASS_LOSSES or reduction == "mean":
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
        # What was meant, and what to write.
        (lambda: nn.squared_error([0.1, 0.2], [1, "a"]), NumberError, "row 1: .*'a': number the l"),
        (lambda: nn.hinge([0.5], ["no"]), NumberError, "'no': number the labels"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], ["cat"]), TypeError, "row 0: .*'cat': number the"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], [1.0]), TypeError, "row 0: .* write 1, or int"),
        (lambda: nn.cross_entropy([[1.0, 2.0]] * 3, [0, 1, 2]), ShapeError, "row 2: class 2 of 2"),
        (lambda: nn.cross_entropy([[1.0, 2.0]], [[1]]), ShapeError, r"write 1 instead of \[1\]"),
        (lambda: nn.cross_entropy([[1.0], [2.0]], [0, 0]), ShapeError, "one output for each class"),
        (lambda: nn.cross_entropy(1.0, 0), ShapeError, "nn.binary_cross_entropy_with_logits"),
        (lambda: nn.cross_entropy([0.1, 0.2, 0.3], [0, 1, 1]), ValueError, "model with one output"),
        (
            lambda: nn.cross_entropy([[1.0, 2.0], [1.0]], [0, 0]),
            ShapeError,
            "row 1 has 1 scores, r",
        ),
        (lambda: nn.cross_entropy([[1.0, 2.0], 3.0], [0, 0]), ShapeError, "row 1 is 3.0"),
        (lambda: nn.multiclass_hinge([1.0, 2.0], [0.5, 0.5]), ValueError, "one-hot row"),
        (lambda: nn.multiclass_hinge([1.0, 2.0], 0, margin=0.0), ValueError, "margin must be pos"),
        (lambda: nn.squared_error([0.1, 0.2], [[0], [1]]), ShapeError, "row 0: .*for .t. in y"),
        (lambda: nn.squared_error([[0.1]], [0]), ShapeError, "row 0: .* brackets: .p for .p. in p"),
        (
            lambda: nn.squared_error([[0.1, 0.2]], [0]),
            ShapeError,
            "one output, or a target for eac",
        ),
        (lambda: nn.squared_error([0.1], [[0, 1]]), ShapeError, "has one output: give it 2"),
        (lambda: nn.squared_error([None], [0]), NumberError, "does the model's __call__ return"),
        (lambda: nn.squared_error([], []), ShapeError, "an empty batch has no mean"),
        (lambda: nn.squared_error({0: 1.0}, [1.0]), TypeError, "predictions is a dict, which has"),
        (lambda: nn.squared_error([[1.0, 2.0]], [[1.0, "b"]]), NumberError, "row 0: element 1: "),
        (lambda: nn.binary_cross_entropy([0.5, 1.5], [1, 1]), ValueError, "row 1: .*with_logits"),
        (lambda: nn.binary_cross_entropy([0.5], [-1]), ValueError, "of -1 and 1 make 0 and 1"),
        (lambda: nn.hinge([0.5, 0.5], [1, 0]), ValueError, "row 1: .*for 0 write -1"),
        (
            lambda: nn.categorical_cross_entropy([[2.0, -1.0]], [0]),
            ValueError,
            'row 0: .*output="softmax"; for logits use nn.cross_entropy',
        ),
        (
            lambda: nn.categorical_cross_entropy([0.9, 0.8], 0),
            ValueError,
            "sum to 1, got .0.9, 0.8.",
        ),
        (lambda: nn.huber(1.0, 1.0, delta="1"), TypeError, "delta must be positive, got '1'"),
        (lambda: nn.squared_error(1.0, 1.0, None), ValueError, "got None"),
        (lambda: nn.squared_error(1.0, 1.0, ["mean"]), ValueError, "reduction must be"),
        (lambda: nn.cross_entropy([1.0, 2.0], 0, label_smoothing=1.5), ValueError, "from 0 to 1"),
        (
            lambda: nn.cross_entropy([[1.0, 2.0]], [0], weight=[1.0]),
            ShapeError,
            "1 numbers for 2 c",
        ),
        (
            lambda: nn.cross_entropy([[1.0, 2.0]], [0], weight=2.0),
            ShapeError,
            "one number for each",
        ),
        (lambda: nn.cross_entropy([[1.0, 2.0]], [-100]), ShapeError, "every sample is ignored"),
        (
            lambda: nn.cross_entropy([[1.0, 2.0]], [0], sample_weight=[1.0, 2.0]),
            ShapeError,
            "one weight for each of 1 samples",
        ),
        (lambda: nn.squared_error([1.0], [2.0], sample_weight=[-1.0]), ValueError, "from 0 up"),
        (lambda: nn.squared_error([1.0], [2.0], sample_weight=1.0), ShapeError, "for each sample"),
        (
            lambda: nn.squared_error([1.0, 2.0], [2.0, 2.0], sample_weight=[1.0]),
            ShapeError,
            "1 sample weights for 2 pred",
        ),
        (
            lambda: nn.binary_cross_entropy_with_logits(0.5, 1, pos_weight=0.0),
            ValueError,
            "pos_weight must be positive",
        ),
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


# --- what holds the rows --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pandas", "polars", "torch", "generator", "tuple", "object"])
def test_targets_are_read_by_position(kind):
    numbers = [0.0, 4.0, 1.0]
    if kind == "pandas":
        targets = pytest.importorskip("pandas").Series(numbers, index=[2, 0, 1])
    elif kind == "polars":
        targets = pytest.importorskip("polars").Series(numbers)
    elif kind == "torch":
        targets = pytest.importorskip("torch").tensor(numbers)
    elif kind == "object":
        targets = np.array(list(map(Value, numbers)), dtype=object)
    else:
        targets = (number for number in numbers) if kind == "generator" else tuple(numbers)
    predictions = (Value(number) for number in [1.0, 2.0, -1.0])
    terms = nn.squared_error(predictions, targets, reduction="none")
    assert [term.data for term in terms] == [1.0, 4.0, 4.0]


@pytest.mark.parametrize("kind", ["pandas", "polars", "torch"])
def test_rows_of_tables_are_rows(kind):
    rows = [[1.0, 2.0], [0.0, 1.0], [3.0, 1.0]]
    if kind == "torch":
        table = pytest.importorskip("torch").tensor(rows)
    elif kind == "pandas":
        table = pytest.importorskip("pandas").DataFrame(rows, index=[5, 3, 4], columns=["a", "b"])
    else:
        table = pytest.importorskip("polars").DataFrame(rows, schema=["a", "b"], orient="row")
    targets = [0, 1, 1]
    assert nn.cross_entropy(table, targets) == nn.cross_entropy(rows, targets)
    assert nn.squared_error(rows, table) == 0.0


def test_a_tensor_that_requires_a_gradient_is_not_detached_in_silence():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"detach\(\)"):
        nn.squared_error([1.0], torch.tensor([1.0], requires_grad=True))
