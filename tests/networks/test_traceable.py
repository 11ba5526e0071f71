"""Everything public in `nn` that computes: traced once, replayed elsewhere, the same as eager.

The points and classes of the replays are others than those of the trace, so that a condition
that looked at a number while tracing would show. The replay is the one by the rules.
"""

import functools
import random

import pytest

import autograd
import nn
from autograd import Value
from autograd.errors import ShapeError, TracingError
from autograd.programs import stepwise
from autograd.programs.tracing_calls import traced
from autograd.support.structures import flatten
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS

WEIGHTS = [0.5, 2.0, 1.25]


def normal(rng):
    return rng.choice([rng.gauss(0.0, 2.0), 0.0])


def zero_or_2(rng):
    return rng.choice([0.0, 2.0])


def share(rng):
    return rng.choice([rng.uniform(0.0, 1.0), 0.0, 1.0])


def open_share(rng):
    return rng.uniform(0.01, 0.99)


def sign(rng):
    return rng.choice([-1.0, 1.0])


def class_of_3(rng):
    return rng.randrange(3)


def class_or_ignored(rng):
    return rng.choice([0, 1, 2, -100])


def second_ignored(rng):
    return rng.choice([0, 1, 2])


def one_hot(rng):
    row = [0.0, 0.0, 0.0]
    row[rng.randrange(3)] = 1.0
    return row


def scores(rng):
    return rng.choice([[rng.gauss(0.0, 3.0) for _ in range(3)], [1.0, 1.0, -1.0], [0.0] * 3])


def probabilities(rng):
    return autograd.softmax([rng.gauss(0.0, 1.0) for _ in range(3)])


def log_probabilities(rng):
    return autograd.log_softmax([rng.gauss(0.0, 1.0) for _ in range(3)])


# The loss, what it is called with, how to draw a prediction, a target.
ELEMENTWISE = {
    "squared_error": (nn.squared_error, normal, normal),
    "absolute_error": (nn.absolute_error, normal, normal),
    "huber": (nn.huber, normal, normal),
    "huber of 2": (functools.partial(nn.huber, delta=2.0), normal, zero_or_2),
    "hinge": (nn.hinge, normal, sign),
    "binary_cross_entropy": (nn.binary_cross_entropy, open_share, share),
    "binary_cross_entropy_with_logits": (nn.binary_cross_entropy_with_logits, normal, share),
    "with pos_weight": (
        functools.partial(nn.binary_cross_entropy_with_logits, pos_weight=3.0), normal, share,
    ),
}  # fmt: skip
OF_CLASSES = {
    "cross_entropy": (nn.cross_entropy, scores),
    "categorical_cross_entropy": (nn.categorical_cross_entropy, probabilities),
    "negative_log_likelihood": (nn.negative_log_likelihood, log_probabilities),
    "multiclass_hinge": (nn.multiclass_hinge, scores),
}
TARGETS = {
    "index": (class_of_3, {}),
    "index or ignored": (class_or_ignored, {}),
    "index, 1 ignored": (second_ignored, {"ignore_index": 1}),
    "index, weights": (class_or_ignored, {"weight": WEIGHTS}),
    "index, smoothing": (class_or_ignored, {"label_smoothing": 0.1}),
    "index, both": (class_of_3, {"weight": WEIGHTS, "label_smoothing": 0.1}),
    "one-hot": (one_hot, {}),
    "one-hot, weights": (one_hot, {"weight": WEIGHTS}),
    "soft": (probabilities, {}),
    "soft, both": (probabilities, {"weight": WEIGHTS, "label_smoothing": 0.1}),
}


def check(function, draw, rounds=30, parameters=()):
    """`function` of what `draw` gives: replays elsewhere agree with eager, gradients too."""
    rng = random.Random(0)
    first = draw(rng)
    found = traced(function, first, {})
    for _ in range(rounds):
        given = draw(rng)
        leaves, rebuild = flatten(list(given))
        for check_of_row, columns in found.checks:
            check_of_row(*[float(leaves[column]) for column in columns])
        values = [Value(float(leaf)) for leaf in leaves]
        predictions = flatten(given[0])[0]
        # Eager code takes the targets as numbers, the class indices as ints.
        out = function(*rebuild(values[: len(predictions)] + leaves[len(predictions) :]))
        roots = flatten(out)[0]
        upstream = [rng.gauss(0.0, 1.0) for _ in roots]
        autograd.zero_grad(parameters)
        total = autograd.dot(upstream, roots)
        if isinstance(total, Value) and total.requires_grad:
            total.backward()
        result, by_leaves, by_inputs = stepwise.value_and_gradients(
            found.tape, [leaf.data for leaf in found.leaves], list(map(float, leaves)), upstream
        )
        assert result == pytest.approx([float(f"{root:.17g}") for root in roots], 1e-12, 1e-15)
        wanted = [value.grad for value in values[: len(predictions)]]
        assert list(by_inputs)[: len(wanted)] == pytest.approx(wanted, 1e-12, 1e-15)
        assert list(by_leaves) == pytest.approx([p.grad for p in found.leaves], 1e-12, 1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_losses_of_elements(name, reduction):
    loss, prediction, target = ELEMENTWISE[name]

    def draw(rng):
        return [prediction(rng) for _ in range(3)], [target(rng) for _ in range(3)]

    check(functools.partial(loss, reduction=reduction), draw)
    check(loss, lambda rng: (prediction(rng), target(rng)))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_weights_of_samples_as_inputs(name):
    loss, prediction, target = ELEMENTWISE[name]

    def weighted(predictions, targets, weights):
        return loss(predictions, targets, sample_weight=weights)

    def draw(rng):
        weights = [rng.choice([0.0, 1.0, 2.5]), 0.5]
        return [prediction(rng) for _ in range(2)], [target(rng) for _ in range(2)], weights

    check(weighted, draw)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", OF_CLASSES)
def test_losses_of_classes(name, kind):
    (loss, prediction), (target, options) = OF_CLASSES[name], TARGETS[kind]
    if name in ("negative_log_likelihood", "multiclass_hinge"):
        options = {key: given for key, given in options.items() if key != "label_smoothing"}
    if name == "multiclass_hinge" and kind.startswith("soft"):
        target = one_hot
    loss = functools.partial(loss, **options)

    def draw(rng):
        return [prediction(rng) for _ in range(3)], [
            *[target(rng) for _ in range(2)],
            one_target(rng),
        ]

    def one_target(rng):  # that counts, or there is no mean
        drawn = target(rng)
        while drawn in (-100, options.get("ignore_index", -100)):
            drawn = target(rng)
        return drawn

    check(loss, draw)
    check(loss, lambda rng: (prediction(rng), target(rng)))
    check(functools.partial(loss, reduction="none"), draw)

    def weighted(predictions, targets, weights):
        return loss(predictions, targets, sample_weight=weights)

    check(weighted, lambda rng: (*draw(rng), [rng.choice([0.0, 1.0, 3.0]), 0.25, 1.0]))


def test_every_loss_is_here():
    losses = {
        name
        for name in nn.__all__
        if getattr(getattr(nn, name), "__module__", "").endswith("losses")
    }
    assert losses == {name for name in (*ELEMENTWISE, *OF_CLASSES) if hasattr(nn, name)}


@pytest.mark.parametrize("name", [*ACTIVATIONS, *LAYER_ACTIVATIONS])
def test_layers_and_models(name):
    hidden = nn.MLP(2, [3, 2], activation=name, generator=0)
    last = nn.MLP(2, [3, 2], activation="tanh", output=name, generator=1)
    layer = nn.Layer(2, 3, name, generator=2)
    models = [hidden, last, layer]
    if name in ACTIVATIONS:
        models.append(nn.Neuron(2, name, generator=3))
    for model in models:
        check(
            model, lambda rng: ([rng.gauss(0.0, 1.0), normal(rng)],), 20, model.parameters(),
        )  # fmt: skip


def test_a_functional_call():
    model = nn.MLP(2, [3, 1], "relu", generator=0)

    def call(parameters, x):
        return nn.functional_call(model, parameters, x)

    def draw(rng):
        return [rng.gauss(0.0, 1.0) for _ in model.parameters()], [1.0, -2.0]

    check(call, draw)
    assert [p.data for p in model.parameters()] == [
        p.data for p in nn.MLP(2, [3, 1], "relu", generator=0).parameters()
    ]


def test_what_reads_a_prediction_is_refused():
    model = nn.MLP(2, [3, 2], generator=0)
    weights = model.parameters()
    readers = {
        "accuracy": lambda x: nn.metrics.accuracy([model(x)], [0]),
        "confusion_matrix": lambda x: nn.metrics.confusion_matrix([model(x)], [0])[0][0],
        "is_right": lambda x: nn.metrics.is_right(model(x), 0),
        "predicted_class": lambda x: nn.metrics.predicted_class(model(x)),
        "predict": lambda x: model.predict([x]),
        "predict_classes": lambda x: model.predict_classes([x]),
        "gradient_norm": lambda x: nn.gradient_norm(weights),
        "clip_gradient_norm": lambda x: nn.clip_gradient_norm(weights, 1.0),
        "clip_gradient_value": lambda x: nn.clip_gradient_value(weights, 1.0),
        "step": lambda x: nn.SGD(weights, 0.1).step(),
        "state_dict": lambda x: list(model.state_dict().values()),
        "diagnose": lambda x: nn.diagnose(model, [x], [0], nn.cross_entropy).loss,
        "fit": lambda x: nn.fit(model, [x], [0], nn.cross_entropy, nn.SGD(weights, 0.1)).loss,
    }
    before = [p.data for p in weights]
    for name, reader in readers.items():
        with pytest.raises(TracingError):
            pytest.fail(f"{name} gave {autograd.compile(reader)([1.0, 2.0])}")
    assert [p.data for p in weights] == before


def test_probabilities_that_nobody_can_check_are_refused():
    w = Value(1.0)
    for made in (lambda x: w * x, lambda x: w):
        with pytest.raises(TracingError, match="takes numbers between 0 and 1"):
            autograd.compile(lambda x, made=made: nn.binary_cross_entropy(made(x), 1.0))(0.5)
    with pytest.raises(TracingError, match="probabilities that sum to 1"):
        autograd.compile(lambda x: nn.categorical_cross_entropy([w * x, 1.0 - w * x], 0))(0.5)
    with pytest.raises(TracingError, match="probabilities that sum to 1"):
        autograd.compile(lambda x: nn.categorical_cross_entropy([w.exp(), x.exp()], 0))(0.5)
    with pytest.raises(ValueError, match=r"a probability lies between 0 and 1, got 1.5.*row 1"):
        autograd.compile(nn.binary_cross_entropy).batch([0.5, 1.5], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"sum to 1, got \[0.5, 0.4\]"):
        autograd.compile(nn.categorical_cross_entropy)([0.5, 0.4], 1)


def test_targets_are_checked_in_every_row():
    @autograd.compile
    def loss(scores, target):
        return nn.cross_entropy(scores, target)

    rows = [[1.0, 2.0, 0.0]] * 3
    with pytest.raises(ShapeError, match=r"class 3 of 3: count from 0 to 2 \(row 1\)"):
        loss.batch(rows, [0, 3, 1])
    with pytest.raises(TypeError, match="a class target is an int"):
        loss.batch(rows, [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"hinge takes targets -1 and 1, got 0.*row 2"):
        autograd.compile(nn.hinge).batch([1.0, 2.0, 3.0], [1.0, -1.0, 0.0])
    with pytest.raises(ValueError, match=r"a target lies between 0 and 1, got 2 \(row 0\)"):
        autograd.compile(nn.binary_cross_entropy_with_logits).batch([1.0, 2.0], [2.0, 0.0])
    with pytest.raises(ValueError, match=r"sum to 1, got \[1, 1, 0\].*row 1"):
        loss.batch(rows[:2], [[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match=r"a class index or a one-hot row, got \[0, 0, 0\]"):
        autograd.compile(nn.multiclass_hinge)(rows[0], [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match=r"a weight is a number from 0 up, got -1\.0"):
        autograd.compile(lambda p, w: nn.squared_error([p], [1.0], sample_weight=[w]))(1.0, -1.0)
