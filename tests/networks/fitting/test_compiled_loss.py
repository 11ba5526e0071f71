"""`fit` by a Program: the same training as with Values, and Values where a replay would not do."""

import functools
import math
import random
import time

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from autograd.errors import AnomalyError, ShapeError

MOONS = nn.data.moons(40, seed=0)
WEIGHTS = [0.5, 2.0, 1.25]


def three_classes(rows=30, seed=0):
    rng = random.Random(seed)
    X = [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(rows)]
    return X, [(x[0] > 0.3) + (x[1] > 0.0) for x in X]


def one_hot(y):
    return [[float(t == k) for k in range(3)] for t in y]


def soft(y):
    return [[0.8 if t == k else 0.1 for k in range(3)] for t in y]


def same(target):
    return target


def signs(y):
    return [2 * t - 1 for t in y]


def regression(y):
    return [[t + 0.5, -t, 2.0 * t] for t in y]


def own(predictions, targets):
    return nn.cross_entropy(predictions, targets) + 0.01 * autograd.mean(
        [score * score for row in predictions for score in row]
    )


def spread(predictions, targets):
    """A loss that is no mean over samples."""
    error = nn.squared_error(predictions, targets)
    return error + 0.1 * autograd.norm([p for row in predictions for p in row])


# The loss, the output of the model, what becomes of the class numbers.
BINARY = {
    "logits": (nn.binary_cross_entropy_with_logits, "identity", same),
    "pos_weight": (
        functools.partial(nn.binary_cross_entropy_with_logits, pos_weight=2.0), "identity", same,
    ),
    "sigmoid": (nn.binary_cross_entropy, "sigmoid", same),
    "hinge": (nn.hinge, "tanh", signs),
    "squared": (nn.squared_error, "tanh", same),
    "sum": (functools.partial(nn.absolute_error, reduction="sum"), "identity", same),
    "huber": (functools.partial(nn.huber, delta=0.5), "identity", same),
    "bool": (nn.binary_cross_entropy_with_logits, "identity", lambda y: np.array(y) > 0),
}  # fmt: skip
OF_THREE = {
    "index": (nn.cross_entropy, "identity", same),
    "int64": (nn.cross_entropy, "identity", np.array),
    "one-hot": (nn.cross_entropy, "identity", one_hot),
    "soft": (functools.partial(nn.cross_entropy, label_smoothing=0.1), "identity", soft),
    "weighted": (functools.partial(nn.cross_entropy, weight=WEIGHTS), "identity", same),
    "weighted, smooth": (
        functools.partial(nn.cross_entropy, weight=WEIGHTS, label_smoothing=0.2), "identity", same,
    ),
    "weighted, soft": (functools.partial(nn.cross_entropy, weight=WEIGHTS), "identity", soft),
    "ignored": (functools.partial(nn.cross_entropy, ignore_index=1), "identity", same),
    "sum": (
        functools.partial(nn.cross_entropy, weight=WEIGHTS, reduction="sum"), "identity", same,
    ),
    "softmax": (nn.categorical_cross_entropy, "softmax", same),
    "log_softmax": (
        functools.partial(nn.negative_log_likelihood, weight=WEIGHTS), "log_softmax", same,
    ),
    "hinge": (functools.partial(nn.multiclass_hinge, weight=WEIGHTS), "identity", same),
    "hinge, one-hot": (functools.partial(nn.multiclass_hinge, weight=WEIGHTS), "identity", one_hot),
    "weights are Values": (
        functools.partial(nn.cross_entropy, weight=list(map(Value, WEIGHTS))), "identity", same,
    ),
    "own": (own, "identity", same),
    "several outputs": (nn.squared_error, "tanh", regression),
    "no mean": (spread, "tanh", regression),
}  # fmt: skip
OPTIONS = {
    "plain": {},
    "ragged": {"batch_size": 7},
    "validation": {"validation": 0.25, "early_stopping": nn.EarlyStopping(2)},
    "clipped": {"clip_norm": 0.1, "record": True},
    "schedule": {"schedule": nn.schedules.by_step(nn.schedules.cosine(0.05, 30))},
    "metrics": {"metrics": {"mean": lambda p, t: float(np.mean(p))}},
}


def histories(make, X, y, loss, optimizer=nn.Adam, **options):
    """The trained numbers, and the history, with and without a Program."""
    found = []
    for compiled in (True, False):
        model = make()
        history = nn.fit(
            model, X, y, loss, optimizer(model.parameters(), 0.02), 4, progress=False,
            **({"batch_size": 8} | options), compile=compiled,
        )  # fmt: skip
        assert history.compiled == compiled, history.not_compiled
        found.append((list(model.state_dict().values()), history))
    return found


def numbers_of(history):
    """All numbers of a history by name."""
    found = {name: getattr(history, name) for name in SERIES}
    found |= history.metrics
    found |= {name: layer.mean_gradient for name, layer in history.layers.items()}
    return found | {str(epoch): list(state) for epoch, state in enumerate(history.states)}


SERIES = (
    "loss", "accuracy", "gradient_norm", "learning_rate", "validation_loss",
    "validation_accuracy", "steps",
)  # fmt: skip


def assert_alike(found):
    (numbers, replayed), (wanted, computed) = found
    assert numbers == pytest.approx(wanted, 1e-11, 1e-13)
    assert replayed.stopped == computed.stopped
    replayed, computed = numbers_of(replayed), numbers_of(computed)
    assert replayed.keys() == computed.keys()
    for name, expected in computed.items():
        assert replayed[name] == pytest.approx(expected, 1e-11, 1e-13), name


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", BINARY)
def test_one_output(name, options):
    loss, output, targets = BINARY[name]
    X, y = MOONS
    assert_alike(
        histories(
            lambda: nn.MLP(2, [4, 1], "tanh", output, generator=1),
            X,
            targets(y),
            loss,
            **OPTIONS[options],
        )
    )  # fmt: skip


@pytest.mark.parametrize("options", ["plain", "ragged", "validation"])
@pytest.mark.parametrize("name", OF_THREE)
def test_three_outputs(name, options):
    loss, output, targets = OF_THREE[name]
    X, y = three_classes()
    assert_alike(
        histories(
            lambda: nn.MLP(2, [4, 3], "tanh", output, generator=1),
            X,
            targets(y),
            loss,
            **OPTIONS[options],
        )
    )  # fmt: skip


@pytest.mark.parametrize("name", ["index", "weighted", "soft", "hinge, one-hot"])
def test_sample_weights(name):
    loss, output, targets = OF_THREE[name]
    X, y = three_classes()
    rng = random.Random(0)
    weights = [rng.choice([0.0, 0.5, 1.0, 3.0]) for _ in X]
    assert_alike(
        histories(
            lambda: nn.MLP(2, [4, 3], "tanh", output, generator=1),
            X,
            targets(y),
            loss,
            sample_weight=weights,
            validation=0.2,
        )
    )  # fmt: skip


@pytest.mark.parametrize("optimizer", [nn.SGD, nn.RMSProp, nn.AdamW, nn.NudgeDescent])
def test_optimisers(optimizer):
    found = histories(
        lambda: nn.MLP(2, [3, 1], "tanh", generator=1), *MOONS, BINARY["logits"][0], optimizer
    )
    if optimizer is nn.NudgeDescent:  # divides rounding by its nudge
        assert found[0][0] == pytest.approx(found[1][0], 1e-8)
    else:
        assert_alike(found)


def test_the_parameters_of_a_loss_are_trained_too():
    def make():
        scale = Value(0.5)

        def loss(predictions, targets):
            return nn.squared_error([scale * p for p in predictions], targets) + scale * scale

        model = nn.Neuron(2, "tanh", generator=0)
        return model, loss, scale

    numbers = []
    for compiled in (True, False):
        model, loss, scale = make()
        optimizer = nn.SGD([*model.parameters(), scale], 0.1)
        history = nn.fit(model, *MOONS, loss, optimizer, 3, progress=False, compile=compiled)
        assert history.compiled == compiled
        numbers.append([p.data for p in optimizer.parameters])
    assert numbers[0] == pytest.approx(numbers[1], 1e-12)
    assert numbers[0][-1] != 0.5


class Line(nn.Module):
    """A line, with what a test does at each call."""

    def __init__(self, factor=lambda: 1.0):
        self.w, self.b, self.factor = Value(0.5), Value(0.0), factor

    def __call__(self, x):
        return self.factor() * self.w * x[0] + self.b


def trained(model, epochs=3, loss=nn.squared_error, **options):
    return nn.fit(
        model, *MOONS, loss, nn.SGD(model.parameters(), 0.1), epochs, 8, progress=False, **options
    )


def test_random_numbers_are_drawn_at_every_call():
    own, numpys = random.Random(0), np.random.default_rng(0)
    sources = [
        random.random,
        own.random,
        numpys.random,
        np.random.rand,
        random.SystemRandom().random,
    ]
    for source in sources:
        history = trained(Line(lambda source=source: 1.0 + (source() < 0.5)))
        assert not history.compiled
        assert history.not_compiled, source


def test_what_counts_or_remembers_is_called_every_time():
    calls = []
    model = Line(lambda: calls.append(0) or 1.0)
    history = trained(model, 2)
    assert len(calls) == 2 * len(MOONS[0])
    assert "changes what lasts: a list" in history.not_compiled

    class Counting(Line):
        def __call__(self, x):
            self.calls = vars(self).get("calls", 0) + 1
            return super().__call__(x)

    model = Counting()
    history = trained(model, 2)
    assert model.calls == 2 * len(MOONS[0])
    assert history.not_compiled.endswith("Counting.calls")


def test_what_is_made_at_the_first_call_is_no_obstacle():
    class Lazy(Line):
        def __call__(self, x):
            if not hasattr(self, "twice"):
                self.twice = 2.0
            return self.twice * super().__call__(x)

    assert trained(Lazy()).compiled


def test_a_look_at_a_number_is_refused_with_its_line():
    class Looking(Line):
        def __call__(self, x):
            out = super().__call__(x)
            return out if out > 0 else -out

    history = trained(Looking())
    assert not history.compiled
    assert history.not_compiled.startswith("a comparison of a result of add at ")
    assert "test_compiled_loss.py:" in history.not_compiled


def test_the_reason_is_said_once_beside_the_bar(capsys):
    class Looking(Line):
        def __call__(self, x):
            return super().__call__(x) * (1.0 if x[0] > 0 else 0.5)

    model = Looking()
    nn.fit(model, *MOONS, nn.squared_error, nn.SGD(model.parameters(), 0.1), 3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("trained with Values, not compiled: a comparison of an input") == 1
    nn.fit(model, *MOONS, nn.squared_error, nn.SGD(model.parameters(), 0.1), 3, progress=False)
    assert capsys.readouterr() == ("", "")


def test_what_a_callback_changes_is_seen():
    def train(compiled):
        model = Line()
        model.slope = 1.0
        model.factor = lambda: model.slope

        def callback(history, model):
            model.slope *= 0.5
            if history.epochs == 2:
                model.b.requires_grad = False
            if history.epochs == 4:
                model.b.requires_grad = True

        history = trained(model, 6, callbacks=[callback], compile=compiled)
        assert history.compiled == compiled
        return history.loss, list(model.state_dict().values())

    assert train(True)[0] == pytest.approx(train(False)[0], 1e-12)
    assert train(True)[1] == pytest.approx(train(False)[1], 1e-12)


def test_parameters_that_are_replaced_or_frozen_meanwhile():
    def train(compiled):
        model = nn.MLP(2, [3, 1], "tanh", generator=0)

        def callback(history, model):
            neuron = model.layers[0].neurons[0]
            neuron.w[0].requires_grad = not neuron.w[0].requires_grad

        trained(model, 4, callbacks=[callback], compile=compiled)
        return list(model.state_dict().values())

    assert train(True) == pytest.approx(train(False), 1e-12)


def test_hooks_of_parameters_run():
    def train(compiled):
        model = Line()
        model.w.register_hook(lambda gradient: 0.5 * gradient)
        trained(model, compile=compiled)
        return model.w.data

    assert train(True) == pytest.approx(train(False), 1e-12)
    assert train(True) != pytest.approx(trained(Line()) and 0.5)


def test_errors_are_those_of_values():
    X, y = [[float(i), 1.0] for i in range(16)], [0.0] * 15 + [2.0]
    model = nn.MLP(2, [1], generator=0)
    messages = []
    for compiled in (True, False):
        model = nn.MLP(2, [1], generator=0)
        with pytest.raises(ValueError, match="a target lies between 0 and 1, got 2") as caught:
            nn.fit(
                model, X, y, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), 0.01),
                3, 2, progress=False, compile=compiled,
            )  # fmt: skip
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    classes = [0, 1, 2] * 5 + [3]
    with pytest.raises(ShapeError, match="row 0: class 3 of 3"):
        nn.fit(
            model := nn.MLP(2, [3], generator=0), X, classes, nn.cross_entropy,
            nn.SGD(model.parameters(), 0.01), 3, 1, progress=False,
        )  # fmt: skip
    with pytest.raises(TypeError, match="a class target is an int"):
        nn.fit(
            model := nn.MLP(2, [3], generator=0), X, [*[0] * 15, 1.0], nn.cross_entropy,
            nn.SGD(model.parameters(), 0.01), 3, 1, progress=False,
        )  # fmt: skip


def test_probabilities_that_are_none_are_refused_in_every_batch():
    class Growing(nn.Module):
        def __init__(self):
            self.w = Value(0.5)

        def __call__(self, x):
            return self.w * x

    model = Growing()
    with pytest.raises(ValueError, match="a probability lies between 0 and 1, got 1"):
        nn.fit(
            model, [0.5, 1.0, 1.5], [1.0, 1.0, 1.0], nn.binary_cross_entropy,
            nn.SGD([model.w], 0.1), 20, 1, progress=False,
        )  # fmt: skip


def test_a_loss_that_becomes_infinite_says_where():
    model = Line()
    with pytest.raises(AnomalyError, match="the loss became inf in epoch"):
        nn.fit(
            model, [[1.0], [2.0]], [0.0, 0.0], nn.squared_error, nn.SGD(model.parameters(), 1e9),
            99, 1, progress=False,
        )  # fmt: skip


def test_detect_anomaly_looks_at_every_node():
    model = Line()
    with autograd.detect_anomaly():
        assert trained(model).loss == trained(Line(), compile=False).loss


def test_rows_of_different_lengths_are_trained_with_values():
    class Total(nn.Module):
        def __init__(self):
            self.w = Value(0.5)

        def __call__(self, x):
            return self.w * sum(x)

    X = [[1.0], [1.0, 2.0], [0.5], [0.25, 0.5]]
    model = Total()
    history = nn.fit(
        model, X, [1.0, 3.0, 0.5, 0.75], nn.squared_error, nn.SGD([model.w], 0.1), 60, 4,
        progress=False,
    )  # fmt: skip
    assert "all rows must be alike" in history.not_compiled
    assert math.isclose(model.w.data, 1.0, rel_tol=1e-3)


def test_it_is_faster():
    X, y = nn.data.moons(400, seed=0)
    seconds = []
    for compiled in (True, False):
        model = nn.MLP(2, [16, 16, 1], generator=0)
        history = nn.fit(
            model, X, y, BINARY["logits"][0], nn.Adam(model.parameters(), 0.01), 6,
            progress=False, compile=compiled,
        )  # fmt: skip
        seconds.append(min(history.seconds[1:]))
    assert seconds[0] < seconds[1]


def test_compile_is_a_switch():
    with pytest.raises(TypeError, match="compile"):
        trained(Line(), compile="yes")
    history = trained(Line(), compile=False)
    assert (history.compiled, history.not_compiled) == (False, "")


def test_a_second_training_is_the_first_to_the_bit():
    def train():
        model = nn.MLP(2, [4, 1], "tanh", generator=0)
        history = trained(model, validation=0.2)
        return history.loss, history.validation_loss, model.state_dict()

    started = time.perf_counter()
    assert train() == train()
    assert time.perf_counter() - started < 60.0
