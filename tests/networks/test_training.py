"""fit and evaluate: against a loop in PyTorch, and by hand on a model of one weight."""

import functools
import math
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torch_peer import TorchMLP

import autograd
import nn
from autograd import Value
from autograd.errors import AnomalyError, ShapeError
from nn import schedules

LOGITS = nn.binary_cross_entropy_with_logits
LISTS = ("loss", "gradient_norm", "learning_rate", "seconds")
CLASS_LISTS = (*LISTS, "accuracy")
HELD_LISTS = (*CLASS_LISTS, "validation_loss", "validation_accuracy")


def numbers(model):
    return [p.data for p in model.parameters()]


def moons_fit(epochs=2, *, model_seed=0, samples=30, loss=LOGITS, **options):
    """A short training on moons; (model, history)."""
    X, y = nn.data.moons(samples, seed=0)
    model = nn.MLP(2, [6, 1], "tanh", generator=model_seed)
    optimizer = nn.Adam(model.parameters(), 0.03)
    options = {"batch_size": 8, "progress": False} | options
    return model, nn.fit(model, X, y, loss, optimizer, epochs, **options)


class Slope(nn.Module):
    """One weight times the input: with x = 1 and y = 0 the squared error is w**2."""

    def __init__(self, w):
        self.w = Value(w)

    def __call__(self, x):
        return self.w * x


def slope_fit(rates, **options):
    """Gradient descent on w**2 from w = 8; each epoch maps w to w * (1 - 2 * rate)."""
    model = Slope(8.0)
    history = nn.fit(
        model,
        [1.0],
        [0.0],
        nn.squared_error,
        nn.SGD(model.parameters(), 0.25),
        len(rates),
        schedule=rates.__getitem__,
        progress=False,
        **options,
    )
    return model.w.data, history


# --- against PyTorch -----------------------------------------------------------


@pytest.mark.parametrize("clip_norm", [None, 0.3])
@pytest.mark.parametrize(
    ("optimizer", "peer_name", "options", "peer_options"),
    [
        (nn.SGD, "SGD", {"momentum": 0.9}, {"momentum": 0.9}),
        (nn.Adam, "Adam", {"epsilon": 1e-6}, {"eps": 1e-6}),
    ],
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_two_epochs_are_those_of_a_loop_in_torch(
    outputs, optimizer, peer_name, options, peer_options, clip_norm
):
    torch = pytest.importorskip("torch")
    X, y = nn.data.spiral(40, seed=1, classes=max(2, outputs))
    model = nn.MLP(2, [5, outputs], "tanh", generator=2)
    peer = TorchMLP(model, "tanh")
    history = nn.fit(
        model,
        X,
        y,
        nn.cross_entropy if outputs > 1 else LOGITS,
        optimizer(model.parameters(), 0.05, **options),
        epochs=2,
        batch_size=16,
        clip_norm=clip_norm,
        seed=3,
        progress=False,
    )
    peer_optimizer = getattr(torch.optim, peer_name)(peer.parameters(), lr=0.05, **peer_options)
    generator = random.Random(3)
    for epoch in range(2):
        losses, rights, norms = [], 0, []
        for xs, ys in nn.data.batches(X, y, 16, seed=generator):
            out = peer(torch.tensor(xs, dtype=torch.float64))
            if outputs > 1:
                loss = torch.nn.functional.cross_entropy(out, torch.tensor(ys))
                rights += (out.argmax(1) == torch.tensor(ys)).sum().item()
            else:
                targets = torch.tensor(ys, dtype=torch.float64)
                loss = torch.nn.functional.binary_cross_entropy_with_logits(out[:, 0], targets)
                rights += ((out[:, 0] > 0) == (targets == 1)).sum().item()
            peer_optimizer.zero_grad()
            loss.backward()
            largest = math.inf if clip_norm is None else clip_norm
            norm = torch.nn.utils.clip_grad_norm_(peer.parameters(), largest)
            peer_optimizer.step()
            losses += [loss.item()] * len(xs)
            norms.append(norm.item())
        assert history.loss[epoch] == pytest.approx(sum(losses) / len(X), rel=1e-10)
        assert history.gradient_norm[epoch] == pytest.approx(sum(norms) / len(norms), rel=1e-10)
        assert history.accuracy[epoch] == rights / len(X)
    assert numbers(model) == pytest.approx(peer.numbers().copy(), rel=1e-10, abs=1e-13)


def test_evaluate_is_what_torch_computes_and_leaves_no_trace():
    torch = pytest.importorskip("torch")
    X, y = nn.data.spiral(30, seed=0)
    model = nn.MLP(2, [5, 3], "tanh", generator=0)
    before = numbers(model)
    out = TorchMLP(model, "tanh")(torch.tensor(X, dtype=torch.float64))
    loss, accuracy = nn.evaluate(model, X, y, nn.cross_entropy)
    expected = torch.nn.functional.cross_entropy(out, torch.tensor(y)).item()
    assert loss == pytest.approx(expected, rel=1e-12)
    assert accuracy == (out.argmax(1) == torch.tensor(y)).sum().item() / 30
    assert numbers(model) == before
    assert all(p.grad == 0.0 for p in model.parameters())


# --- it learns -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "sizes", "loss", "epochs"),
    [
        (nn.data.xor, [8, 1], LOGITS, 15),
        (nn.data.moons, [8, 1], LOGITS, 20),
        (nn.data.moons, [8, 2], nn.cross_entropy, 20),
    ],
)
def test_what_was_learned_holds_for_new_samples(make, sizes, loss, epochs):
    X, y = make(120, seed=0)
    model = nn.MLP(2, sizes, "tanh", generator=0)
    optimizer = nn.Adam(model.parameters(), 0.05)
    history = nn.fit(model, X, y, loss, optimizer, epochs, 16, progress=False)
    new_X, new_y = make(200, seed=1)
    assert nn.evaluate(model, new_X, new_y, loss)[1] >= 0.95
    assert history.accuracy[-1] >= 0.95
    assert history.loss[-1] < 0.5 * history.loss[0]


def test_a_hinge_classifier_learns_from_signs():
    X, y = nn.data.xor(80, seed=0)
    signs = [2 * label - 1 for label in y]
    model = nn.MLP(2, [8, 1], "tanh", generator=0)
    history = nn.fit(
        model, X, signs, nn.hinge, nn.Adam(model.parameters(), 0.05), 15, 16, progress=False
    )
    assert history.accuracy[-1] >= 0.95


def test_a_regression_learns_and_has_no_accuracy():
    X = [[x / 10.0] for x in range(-10, 11)]
    y = [math.sin(2.0 * x) for (x,) in X]
    model = nn.MLP(1, [6, 1], "tanh", generator=0)
    history = nn.fit(
        model,
        X,
        y,
        nn.squared_error,
        nn.Adam(model.parameters(), 0.05),
        60,
        8,
        validation=(X, y),
        progress=False,
    )
    assert history.validation_loss[-1] < 0.01
    assert history.accuracy == history.validation_accuracy == []
    loss, accuracy = nn.evaluate(model, X, y, nn.squared_error)
    assert loss == history.validation_loss[-1]
    assert math.isnan(accuracy)


def test_nudge_descent_trains_as_gradient_descent_does():
    X, y = nn.data.moons(12, seed=0)
    models = [nn.MLP(2, [3, 1], "tanh", generator=0) for _ in range(2)]
    histories = [
        nn.fit(model, X, y, LOGITS, optimizer(model.parameters(), 0.1), 2, 4, progress=False)
        for model, optimizer in zip(models, (nn.SGD, nn.NudgeDescent), strict=True)
    ]
    assert histories[1].loss == pytest.approx(histories[0].loss, rel=1e-3)
    assert numbers(models[1]) == pytest.approx(numbers(models[0]), rel=1e-3, abs=1e-4)
    assert numbers(models[0])[0] != nn.MLP(2, [3, 1], generator=0).parameters()[0].data


# --- history, validation, schedule ----------------------------------------------


@pytest.mark.parametrize(
    ("options", "filled"),
    [
        ({}, CLASS_LISTS),
        ({"validation": 0.2}, HELD_LISTS),
        ({"loss": lambda p, t: LOGITS(p, t)}, LISTS),
    ],
)
def test_history_has_an_entry_for_each_epoch_of_what_was_asked_for(options, filled):
    _, history = moons_fit(3, **options)
    for name in HELD_LISTS:
        assert len(getattr(history, name)) == (3 if name in filled else 0), name
    assert history.epochs == 3
    assert history.stopped == ""
    assert all(seconds > 0.0 for seconds in history.seconds)


def test_the_training_loss_is_the_mean_over_samples_not_over_batches():
    # A rate of 0: every sample costs what it costs, whatever its batch.
    model = Slope(1.0)
    y = [0.0, 0.0, 0.0, 0.0, 3.0]  # squared errors 1, 1, 1, 1, 4; batches of 4 and 1
    history = nn.fit(
        model, [1.0] * 5, y, nn.squared_error, nn.SGD([model.w], 0.0), 1, 4, progress=False
    )
    assert history.loss == [pytest.approx(8.0 / 5.0, rel=1e-15)]


def test_validation_as_a_tuple_is_judged_after_each_epoch():
    held = nn.data.moons(20, seed=9)
    model, history = moons_fit(validation=held)
    loss, accuracy = nn.evaluate(model, *held, LOGITS)
    assert (history.validation_loss[-1], history.validation_accuracy[-1]) == (loss, accuracy)
    _, without = moons_fit()
    assert history.loss == without.loss  # it takes no part in the training


def test_validation_as_a_share_holds_samples_out():
    seen = []

    def loss(predictions, targets):
        seen.append(len(targets))
        return LOGITS(predictions, targets)

    moons_fit(1, samples=30, validation=0.2, loss=loss, batch_size=100)
    assert seen == [24, 6]


def test_validation_samples_are_never_trained_on():
    X = [[float(i), 0.0] for i in range(20)]
    trained, judged = set(), set()

    class Spy(nn.Module):
        def __init__(self):
            self.w = Value(0.01)

        def __call__(self, x):
            out = self.w * x[0]
            (trained if out.requires_grad else judged).add(x[0])
            return out

    model = Spy()
    nn.fit(
        model,
        X,
        [0.0] * 20,
        nn.squared_error,
        nn.SGD([model.w]),
        3,
        4,
        validation=0.25,
        progress=False,
    )
    assert (len(trained), len(judged)) == (15, 5)
    assert trained.isdisjoint(judged)


def test_the_schedule_sets_the_rate_of_each_epoch():
    rates = [0.25, 0.0, 0.5, 0.5]
    w, history = slope_fit(rates)
    assert history.learning_rate == rates
    assert history.loss == [64.0, 16.0, 16.0, 0.0]
    assert w == 0.0


def test_without_a_schedule_the_rate_of_the_optimizer_stays():
    _, history = moons_fit(2)
    assert history.learning_rate == [0.03, 0.03]


def test_schedules_of_nn_fit_in():
    schedule = schedules.warm_up(schedules.cosine(0.1, 3), 2)
    _, history = moons_fit(4, schedule=schedule)
    assert history.learning_rate == [schedule(epoch) for epoch in range(4)]


def test_clip_norm_bounds_the_step_and_the_history_keeps_the_norm_before():
    w, history = slope_fit([1.0], clip_norm=0.5)
    assert w == pytest.approx(7.5, rel=1e-6)  # the gradient was 16
    assert history.gradient_norm == [16.0]


def test_a_schedule_by_step_sets_the_rate_of_each_update():
    rates = [0.25, 0.0, 0.5, 0.125, 0.25, 0.5]
    asked = []

    def rate(step):
        asked.append(step)
        return rates[step]

    model = Slope(8.0)
    history = nn.fit(
        model, [1.0] * 3, [0.0] * 3, nn.squared_error, nn.SGD([model.w]), 2, 1,
        schedule=schedules.by_step(rate), progress=False,
    )  # fmt: skip
    assert sorted(set(asked)) == list(range(6))
    assert history.learning_rate == [0.5, 0.5]  # the last of each epoch
    assert model.w.data == 8.0 * math.prod(1.0 - 2.0 * rate for rate in rates)


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        # At rate 1.25 w goes from 1 to -1.5 and 2.25, so the second loss is worse: a cut to 0.25.
        # Held out, the third is seen after w has halved; in training before, so a second cut.
        ({"validation": ([1.0], [0.0])}, [1.25, 1.25, 0.25, 0.25]),
        ({}, [1.25, 1.25, 0.25, 0.05]),
    ],
    ids=["validation", "training"],
)
def test_reduce_on_plateau_follows_the_loss(options, rates):
    schedule = schedules.ReduceOnPlateau(1.25, 0.2, patience=0)
    model = Slope(1.0)
    history = nn.fit(
        model, *HELD, nn.squared_error, nn.SGD([model.w]), 4, schedule=schedule, progress=False,
        **options,
    )  # fmt: skip
    assert history.learning_rate == pytest.approx(rates, rel=1e-15)


@pytest.mark.parametrize("rate", [math.nan, math.inf, -0.1, None, "fast", Value(0.1), True])
def test_a_schedule_that_gives_no_rate_is_refused_before_the_weights_are_ruined(rate):
    model = Slope(8.0)
    optimizer = nn.SGD([model.w], 0.25)
    for schedule, w, where in (
        (lambda epoch: rate, 8.0, "epoch 0"),
        (lambda epoch: 0.25 if epoch == 0 else rate, 4.0, "epoch 1"),
        (schedules.by_step(lambda step: rate), 4.0, "step 0"),
    ):
        with pytest.raises(ValueError, match=rf"the schedule gives for {where} must be .* got"):
            nn.fit(model, *HELD, nn.squared_error, optimizer, 3, schedule=schedule, progress=False)
        assert model.w.data == w


# --- metrics ---------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [LOGITS, lambda p, t: LOGITS(p, t), functools.partial(LOGITS)])
def test_metrics_are_those_of_the_whole_epoch_and_of_the_held_out_samples(loss):
    sklearn = pytest.importorskip("sklearn.metrics")
    seen = {}

    def f1(predictions, targets):
        seen.setdefault(len(targets), (predictions, targets))
        return sklearn.f1_score(targets, [p > 0.0 for p in predictions])

    metrics = {"f1": f1, "accuracy": nn.metrics.accuracy}
    _, history = moons_fit(3, loss=loss, metrics=metrics, validation=0.2, seed=5)
    assert set(history.metrics) == {"f1", "accuracy", "validation_f1", "validation_accuracy"}
    assert {len(series) for series in history.metrics.values()} == {3}
    if loss is LOGITS:
        assert history.metrics["accuracy"] == history.accuracy
        assert history.metrics["validation_accuracy"] == history.validation_accuracy
    assert set(seen) == {24, 6}
    assert all(type(p) is float for p in seen[24][0])
    assert "f1 " in repr(history)
    assert "validation_f1 " in repr(history)


def test_the_metric_accuracy_reads_predictions_as_the_training_does():
    # Logits that all lie between 0 and 1 mean class 1, though as probabilities these mean 0.
    model = nn.MLP(1, [1], init=lambda *_: 1.0)
    optimizer = nn.SGD(model.parameters(), 1e-9)
    history = nn.fit(
        model, [[0.1], [0.2], [0.3]], [1, 1, 0], LOGITS, optimizer, 1, progress=False,
        metrics={"accuracy": nn.metrics.accuracy}, validation=([[0.4]], [1]),
    )  # fmt: skip
    assert history.metrics == {"accuracy": [2 / 3], "validation_accuracy": [1.0]}
    assert (history.accuracy, history.validation_accuracy) == ([2 / 3], [1.0])


def test_metrics_change_nothing_of_the_training():
    plain, with_metrics = (
        moons_fit(3, metrics=metrics) for metrics in (None, {"accuracy": nn.metrics.accuracy})
    )
    assert plain[0].state_dict() == with_metrics[0].state_dict()
    assert plain[1].metrics == {}


def test_a_metric_of_many_outputs_sees_lists_of_numbers():
    X, y = nn.data.spiral(30, seed=0)
    model = nn.MLP(2, [3], generator=0)
    history = nn.fit(
        model, X, y, lambda p, t: nn.cross_entropy(p, t), nn.SGD(model.parameters(), 0.1), 2,
        metrics={"accuracy": nn.metrics.accuracy}, validation=(X, y), progress=False,
    )  # fmt: skip
    assert (
        history.metrics["validation_accuracy"][-1] == nn.evaluate(model, X, y, nn.cross_entropy)[1]
    )


# --- stopping ------------------------------------------------------------------

# Held-out losses w**2 after each epoch: 16, 4, 16, 64, 256; the best w is 2.
DOWN_AND_UP = [0.25, 0.25, 1.5, 1.5, 1.5]
HELD = ([1.0], [0.0])


@pytest.mark.parametrize(
    ("early_stopping", "epochs", "w"),
    [
        (nn.EarlyStopping(1), 3, 2.0),
        (nn.EarlyStopping(2), 4, 2.0),
        (2, 4, 2.0),
        (nn.EarlyStopping(2, restore=False), 4, 8.0),
        (nn.EarlyStopping(9), 5, 2.0),
        (nn.EarlyStopping(9, restore=False), 5, -16.0),
        (nn.EarlyStopping(1, margin=12.5), 2, 4.0),  # 16 to 4 is too little
        (nn.EarlyStopping(1, margin=11.5), 3, 2.0),
    ],
)
def test_early_stopping_waits_for_patience_and_restores_the_best(early_stopping, epochs, w):
    got, history = slope_fit(DOWN_AND_UP, validation=HELD, early_stopping=early_stopping)
    assert history.epochs == epochs
    assert history.stopped == ("early stopping" if epochs < len(DOWN_AND_UP) else "")
    assert history.validation_loss == [16.0, 4.0, 16.0, 64.0, 256.0][:epochs]
    assert got == w


def test_early_stopping_watches_the_training_loss_without_validation():
    _, history = slope_fit(DOWN_AND_UP, early_stopping=1)
    assert history.loss == [64.0, 16.0, 4.0, 16.0]
    assert history.stopped == "early stopping"


@pytest.mark.parametrize(
    ("early_stopping", "epochs"),
    [(None, 5), (False, 5), (np.False_, 5), (np.int64(1), 3), (True, 5), (np.True_, 5)],
    ids=repr,
)
def test_false_switches_early_stopping_off_and_true_on(early_stopping, epochs):
    w, history = slope_fit(DOWN_AND_UP, validation=HELD, early_stopping=early_stopping)
    assert history.epochs == epochs
    on = early_stopping is not None and early_stopping != 0
    assert w == (2.0 if on else -16.0)


class Judged(Slope):
    """A slope whose held-out losses are given, whatever its weight."""

    def __init__(self, losses):
        super().__init__(8.0)
        self.losses = iter(losses)

    def __call__(self, x):
        out = self.w * x
        return out if out.requires_grad else Value(math.sqrt(next(self.losses)))


NAN = math.nan


@pytest.mark.parametrize(
    ("losses", "epochs", "w"),
    [
        ([NAN, 4.0, 1.0, 4.0, 4.0], 5, 1.0),  # the first is not the best for ever
        ([NAN, NAN, 4.0, 4.0, 4.0], 2, 2.0),  # no best yet, two epochs waited: nothing to restore
        ([4.0, NAN, 1.0, NAN, NAN], 5, 1.0),
        ([math.inf, 4.0, NAN, 4.0], 4, 2.0),
    ],
)
def test_a_loss_that_is_nan_is_never_the_best(losses, epochs, w):
    model = Judged(losses)
    history = nn.fit(
        model, *HELD, nn.squared_error, nn.SGD([model.w], 0.25), len(losses),
        validation=HELD, early_stopping=2, progress=False,
    )  # fmt: skip
    assert history.epochs == epochs
    assert model.w.data == w


def test_the_best_of_a_losss_own_parameters_is_restored_too():
    scale = Value(1.0)
    model = Slope(8.0)
    states = []
    nn.fit(
        model, [1.0], [0.0], lambda p, t: nn.squared_error([scale * q for q in p], t),
        nn.SGD([model.w, scale], 0.02), 12, early_stopping=2, progress=False,
        schedule=lambda epoch: 0.005 if epoch < 4 else 0.05,
        callbacks=[lambda history, m: states.append((history.loss[-1], m.w.data, scale.data))],
    )  # fmt: skip
    best = min(states)
    assert (model.w.data, scale.data) == best[1:]
    assert best != states[-1]


def test_a_callback_that_returns_true_stops():
    w, history = slope_fit([0.25] * 5, callbacks=[lambda history, model: history.epochs == 2])
    assert (w, history.epochs, history.stopped) == (2.0, 2, "callback")


@pytest.mark.parametrize("answer", [True, np.True_, np.float64(1.0) < 2.0], ids=repr)
def test_numpys_true_stops_too(answer):
    _, history = slope_fit([0.25] * 3, callbacks=[lambda history, model: answer])
    assert (history.epochs, history.stopped) == (1, "callback")


def test_callbacks_none_means_none():
    assert slope_fit([0.25], callbacks=None)[1].epochs == 1


def test_callbacks_are_all_called_even_after_one_that_stops():
    calls = []

    def stop(history, model):
        return history.epochs == 3

    def watch(history, model):
        calls.append((history.epochs, model.w.data))

    slope_fit([0.25] * 5, callbacks=[stop, watch])
    assert calls == [(1, 4.0), (2, 2.0), (3, 1.0)]


@pytest.mark.parametrize("answer", [None, False, "yes", 1, 1.0, np.ones(2)], ids=repr)
def test_a_callback_that_returns_anything_but_true_does_not_stop(answer):
    _, history = slope_fit([0.25] * 3, callbacks=[lambda history, model: answer])
    assert (history.epochs, history.stopped) == (3, "")


def test_callbacks_may_come_from_a_generator():
    calls = []
    callbacks = (call for call in [lambda history, model: calls.append(history.epochs)])
    slope_fit([0.25] * 3, callbacks=callbacks)
    assert calls == [1, 2, 3]


def test_a_callback_that_stops_leaves_the_best_of_the_finished_epochs():
    # Stopped after the first epoch, with early stopping on: that epoch is the best there is.
    options = {"validation": HELD, "early_stopping": 3}
    w, history = slope_fit(DOWN_AND_UP, callbacks=[lambda history, model: True], **options)
    assert (history.epochs, history.stopped) == (1, "callback")
    assert w == 4.0


def interrupt(*_):
    raise KeyboardInterrupt


def interrupt_at(epoch):
    return lambda history, model: history.epochs == epoch and interrupt()


def test_ctrl_c_in_a_callback_ends_the_training_and_keeps_what_was_learned():
    w, history = slope_fit([0.25] * 5, callbacks=[interrupt_at(2)])
    assert (w, history.epochs, history.stopped) == (2.0, 2, "interrupted")


@pytest.mark.parametrize("early_stopping", [None, 3])
def test_ctrl_c_after_the_first_epoch_keeps_what_it_taught(early_stopping):
    w, history = slope_fit(
        DOWN_AND_UP, validation=HELD, early_stopping=early_stopping, callbacks=[interrupt_at(1)]
    )
    assert (history.epochs, history.stopped) == (1, "interrupted")
    assert w == 4.0


class Interrupted(nn.Module):
    """A slope whose call number `at` raises KeyboardInterrupt."""

    def __init__(self, at):
        self.w, self.left = Value(8.0), at

    def __call__(self, x):
        self.left -= 1
        if self.left == 0:
            interrupt()
        return self.w * x


@pytest.mark.parametrize(
    ("at", "epochs", "w"), [(1, 0, 8.0), (2, 0, 4.0), (3, 1, 2.0), (4, 1, 1.0)]
)
def test_ctrl_c_inside_the_model_keeps_the_steps_taken(at, epochs, w):
    model = Interrupted(at)  # two batches of one sample in each epoch
    history = nn.fit(
        model,
        [1.0, 1.0],
        [0.0, 0.0],
        nn.squared_error,
        nn.SGD([model.w], 0.25),
        9,
        1,
        progress=False,
    )
    assert (history.epochs, history.stopped) == (epochs, "interrupted")
    assert model.w.data == w
    assert len(history.loss) == len(history.seconds) == epochs


@pytest.mark.parametrize(
    ("at", "early_stopping", "w"), [(2, None, 4.0), (2, 3, 4.0), (4, None, 2.0)]
)
def test_ctrl_c_while_validating_keeps_the_steps_taken_and_lists_of_equal_length(
    at, early_stopping, w
):
    model = Interrupted(at)  # each epoch calls the model once to train, once to validate
    history = nn.fit(
        model,
        *HELD,
        nn.squared_error,
        nn.SGD([model.w], 0.25),
        9,
        validation=HELD,
        early_stopping=early_stopping,
        progress=False,
    )
    assert history.stopped == "interrupted"
    assert model.w.data == w
    lists = ("loss", "gradient_norm", "learning_rate", "validation_loss", "seconds")
    assert len({len(getattr(history, name)) for name in lists}) == 1


def test_training_goes_on_after_an_interruption():
    model = Slope(8.0)
    optimizer = nn.SGD([model.w], 0.25)
    for _ in range(2):
        nn.fit(
            model,
            *HELD,
            nn.squared_error,
            optimizer,
            9,
            callbacks=[interrupt_at(1)],
            progress=False,
        )
    assert model.w.data == 2.0


def test_a_loss_that_is_no_finite_number_raises():
    model = Slope(2.0)
    with pytest.raises(AnomalyError, match=r"loss became inf in epoch 1, batch 1.*learning rate"):
        nn.fit(model, [1e200], [0.0], nn.squared_error, nn.SGD([model.w]), progress=False)
    assert model.w.data == 2.0


class Root(nn.Module):
    """sqrt(w * w), whose derivative at 0 is infinity times 0."""

    def __init__(self, w):
        self.w, self.slope = Value(w), Value(1.0)

    def __call__(self, x):
        return autograd.sqrt(self.w * self.w) + self.slope * x


@pytest.mark.parametrize("clip_norm", [None, 1.0])
@pytest.mark.parametrize("make", [nn.SGD, nn.Adam])
def test_a_gradient_that_is_no_finite_number_is_refused_with_its_name(make, clip_norm):
    model = Root(0.0)
    optimizer = make(model.parameters(), 0.1)
    before = model.state_dict(), optimizer.state_dict()
    with pytest.raises(AnomalyError, match=r"gradient of w became nan in epoch 1, batch 1.*detect"):
        nn.fit(
            model, [1.0], [0.0], nn.squared_error, optimizer, clip_norm=clip_norm, progress=False
        )
    assert (model.state_dict(), optimizer.state_dict()) == before


def test_the_epoch_and_batch_are_those_of_the_gradient():
    model = Root(0.5)
    optimizer = nn.SGD(model.parameters(), 0.0)
    batches = iter(range(100))

    def loss(predictions, targets):
        if next(batches) == 5:
            model.w.data = 0.0
            predictions = [model(1.0)]
        return nn.squared_error(predictions, targets)

    with pytest.raises(AnomalyError, match="in epoch 2, batch 3"):
        nn.fit(model, [1.0] * 3, [0.0] * 3, loss, optimizer, 3, 1, progress=False)


def test_gradients_whose_norm_overflows_are_clipped_all_the_same():
    model = Slope(1.0)
    loss = lambda p, t: p[0] * 1.5e308 * t[0]  # noqa: E731
    optimizer = nn.SGD([model.w], 0.5)
    nn.fit(model, [1.0], [1.0], loss, optimizer, 1, clip_norm=1.0, progress=False)
    assert model.w.data == pytest.approx(0.5)


def test_a_step_beyond_floats_says_where_it_was():
    model = Slope(1.0)
    loss = lambda p, t: p[0] * 1.5e308  # noqa: E731
    optimizer = nn.SGD([model.w], 1e10)
    with pytest.raises(AnomalyError, match=r"in epoch 1, batch 1: the new number of .* is -inf"):
        nn.fit(model, [1.0], [1.0], loss, optimizer, progress=False)
    assert (model.w.data, optimizer.steps) == (1.0, 0)


def test_a_loss_that_grows_beyond_floats_is_put_down_to_the_rate():
    model = Slope(1.0)
    with pytest.raises(AnomalyError, match=r"became inf in epoch \d+, batch 1: lower the learning"):
        nn.fit(model, [1.0], [0.0], nn.squared_error, nn.SGD([model.w], 1e9), 99, progress=False)
    assert math.isfinite(model.w.data)


def test_an_anomaly_inside_fit_names_the_users_line():
    model, here = Root(0.0), __file__
    with autograd.detect_anomaly(), pytest.raises(AnomalyError, match=re.escape(here)) as caught:
        nn.fit(model, [1.0], [0.0], nn.squared_error, nn.SGD(model.parameters()), progress=False)
    lines = Path(here).read_text(encoding="utf-8").splitlines()
    number = int(re.search(rf"{re.escape(here)}:(\d+)", str(caught.value))[1])
    assert "autograd.sqrt(self.w * self.w)" in lines[number - 1]


def test_an_anomaly_in_a_layer_of_ours_names_the_call_of_fit():
    model = nn.MLP(1, [1], "exp" if "exp" in nn.layers.ACTIVATIONS else "relu", generator=0)
    model.layers[0].neurons[0].w[0].data = 1e308
    here = __file__
    with autograd.detect_anomaly(), pytest.raises(AnomalyError, match=re.escape(here)):
        nn.fit(model, [[1e10]], [0.0], nn.squared_error, nn.SGD(model.parameters()), progress=False)


# --- seeds, samples, progress ----------------------------------------------------


def test_a_seed_reproduces_the_training_to_the_bit():
    runs = [moons_fit(validation=0.2, seed=seed) for seed in (1, 1, 2)]
    weights = [numbers(model) for model, _ in runs]
    assert weights[0] == weights[1] != weights[2]
    assert runs[0][1].loss == runs[1][1].loss != runs[2][1].loss


def test_samples_that_are_refused_cost_the_generator_nothing():
    """NumPy's moves on when it gives the seed: the next try shuffles as this one would have."""
    seed, untouched = np.random.default_rng(0), np.random.default_rng(0)
    model = Slope(1.0)
    with pytest.raises(ValueError, match="y has nan in row 1"):
        nn.fit(
            model, [0.0, 1.0], [0.0, math.nan], nn.squared_error, nn.SGD([model.w]),
            seed=seed, progress=False,
        )  # fmt: skip
    assert seed.bytes(16) == untouched.bytes(16)


def test_epochs_are_shuffled_differently_from_each_other():
    orders = []

    def loss(predictions, targets):
        orders.append(list(targets))
        return nn.squared_error(predictions, targets)

    X = [float(i) for i in range(20)]
    model = Slope(0.0)
    nn.fit(model, X, X, loss, nn.SGD([model.w], 0.0), 2, 20, progress=False)
    assert sorted(orders[0]) == sorted(orders[1]) == X
    assert orders[0] != orders[1]


def test_the_global_generator_is_not_touched():
    random.seed(0)
    before = random.getstate()
    for seed in (0, None):
        moons_fit(1, validation=0.2, seed=seed)
    assert random.getstate() == before


def test_arrays_train_as_lists_do():
    X, y = nn.data.moons(20, seed=0)
    runs = []
    for samples, targets in ((X, y), (np.array(X), np.array(y)), (tuple(X), list(np.array(y)))):
        model = nn.MLP(2, [3, 1], generator=0)
        optimizer = nn.SGD(model.parameters(), 0.1)
        validation = (samples, targets)
        history = nn.fit(
            model, samples, targets, LOGITS, optimizer, 2, validation=validation, progress=False
        )
        runs.append((numbers(model), history.validation_accuracy))
    assert runs[0] == runs[1] == runs[2]


def test_one_progress_bar_for_the_whole_training(capsys):
    moons_fit(3, progress=True, samples=30)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    last = err.rstrip().rsplit("\r", 1)[-1]
    assert last.startswith("epoch 3, compiled: 100%")
    assert "90.0/90.0" in last
    assert "loss=" in last
    assert "accuracy=" in last


def test_no_progress_bar_without_progress(capsys):
    moons_fit(1)
    assert capsys.readouterr() == ("", "")


def test_repr_of_history():
    history = nn.History(loss=[0.5, 0.25], accuracy=[0.5, 1.0], stopped="callback")
    assert repr(history) == (
        "<History of 2 epochs, loss 0.2500, accuracy 1.0000, stopped: callback>"
    )
    assert repr(nn.History()) == "<History of 0 epochs>"


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, ShapeError, "a batch holds at least one sample, got size 0"),
        ({"y": [0.0]}, ShapeError, "2 samples but 1 targets"),
        ({"X": [], "y": []}, ShapeError, "no samples"),
        ({"validation": 1.0}, ShapeError, r"validation=1\.0 of \d+ samples leaves one part empty"),
        ({"validation": ([1.0, 2.0], [0.0])}, ShapeError, "validation: 2 samples but 1 targets"),
        ({"seed": "today"}, TypeError, "a seed is an int"),
        ({"seed": True}, TypeError, "a seed is an int.*got True"),
        ({"epochs": 1.0}, TypeError, r"epochs must be a whole number.*got float 1\.0"),
        ({"epochs": True}, TypeError, "epochs must be a whole number.*got True"),
        ({"epochs": None}, TypeError, "epochs must be a whole number"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number"),
        ({"model": None}, TypeError, "fit takes an nn.Module first, got None"),
        ({"model": nn.MLP}, TypeError, "got the class MLP: make one of it first"),
        ({"model": lambda x: x}, TypeError, r"got function <lambda>: subclass nn\.Module"),
        ({"optimizer": None}, TypeError, r"such as nn\.Adam\(model\.parameters\(\).*got None"),
        ({"optimizer": nn.Adam}, TypeError, "got the class Adam"),
        ({"optimizer": nn.squared_error}, TypeError, "got function squared_error"),
        ({"loss": None}, TypeError, r"such as nn\.squared_error, got None"),
        ({"loss": "mse"}, TypeError, "got str 'mse'"),
        ({"loss": lambda p, t: 3.0}, TypeError, "the loss gave 3.0: it must depend"),
        ({"loss": lambda p, t: p}, TypeError, "the loss gave a list, .* the mean"),
        ({"validation": math.nan}, ValueError, r"validation is \(X, y\) or a share.*got float nan"),
        ({"validation": -0.1}, ValueError, "validation is .* got float -0.1"),
        ({"validation": True}, TypeError, "validation is .* got bool True"),
        ({"validation": 1}, TypeError, "validation is .* got int 1"),
        ({"validation": "0.2"}, TypeError, "validation is .* got str"),
        ({"validation": ([1.0],)}, TypeError, "validation is .* got tuple"),
        ({"validation": (1.0, 2.0)}, TypeError, "validation X must be a sequence of rows"),
        ({"early_stopping": 1.5}, TypeError, "early_stopping is the number of epochs.*got 1.5"),
        ({"early_stopping": 0}, ValueError, "early_stopping must be at least 1, got 0"),
        ({"early_stopping": nn.EarlyStopping}, TypeError, "early_stopping is the number"),
        ({"clip_norm": 0.0}, ValueError, r"clip_norm must be positive, got 0\.0"),
        ({"clip_norm": math.nan}, ValueError, "clip_norm must be .* got nan"),
        ({"callbacks": print}, TypeError, r"write callbacks=\[print\]"),
        ({"callbacks": 3}, TypeError, "callbacks is a list of functions, got int 3"),
        ({"callbacks": [3]}, TypeError, r"callback\(history, model\), got int 3"),
        ({"metrics": [print]}, TypeError, "metrics are functions .* by name"),
        ({"metrics": {"a": 3}}, TypeError, "a metric is a name and a function, got 'a': int 3"),
        ({"metrics": {"a": lambda p, t: "x"}}, TypeError, r"metrics\['a'\] gave no number"),
        ({"schedule": 0.1}, TypeError, "schedule is a function from the epoch.*got float 0.1"),
        ({"schedule": schedules.cosine}, TypeError, r"schedules\.cosine makes a schedule: call it"),
        ({"progress": 0}, TypeError, "progress must be True or False, got int 0"),
        ({"record": "no"}, TypeError, "record must be True or False"),
        ({"X": np.array(5.0)}, TypeError, "X must be a sequence of rows"),
        ({"X": None}, TypeError, "X must be a sequence of rows.*got NoneType None"),
        (
            {"resume": True},
            ValueError,
            r"it has none: nn\.load\(path, model, optimizer=optimizer\)",
        ),
        ({"clip_norm": -1.0}, ValueError, "clip_norm must be"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(change, error, match):
    model = Slope(1.0)
    optimizer = nn.SGD([model.w])
    state = optimizer.state_dict()
    arguments = {
        "model": model,
        "X": [1.0, 2.0],
        "y": [0.0, 0.0],
        "loss": nn.squared_error,
        "optimizer": optimizer,
        "progress": False,
    }
    with pytest.raises(error, match=match):
        nn.fit(**(arguments | change))
    if "metrics" not in change:
        assert model.w.data == 1.0
        assert optimizer.state_dict() == state


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": np.int64(2)},
        {"batch_size": np.int32(8)},
        {"validation": np.float32(0.2)},
        {"clip_norm": np.float32(0.5)},
        {"seed": np.int64(0)},
        {"record": np.True_},
        {"early_stopping": np.int64(2)},
        {"batch_size": 10**30},
    ],
    ids=str,
)
def test_what_numpy_gives_is_taken(options):
    plain = {name: getattr(x, "item", lambda x=x: x)() for name, x in options.items()}
    epochs = {"epochs": 2}
    ours, expected = (moons_fit(**(epochs | given)) for given in (options, plain))
    assert ours[0].state_dict() == expected[0].state_dict()
    assert ours[1].loss == expected[1].loss


def test_the_metric_accuracy_reads_logits_as_logits_where_the_loss_is_a_lambda():
    """All outputs between 0 and 1: as probabilities 0.25 of them would be right, as logits 0.75."""
    model = nn.Neuron(1, "identity", init=lambda *_: 1.0)
    samples, y = [[0.1], [0.2], [0.3], [0.9]], [1, 1, 0, 1]
    logits = nn.binary_cross_entropy_with_logits
    for loss in (logits, lambda p, t: logits(p, t), functools.partial(logits, reduction="mean")):
        history = nn.fit(
            model, samples, y, loss, nn.SGD(model.parameters(), 0.0), 1, progress=False,
            metrics={"right": nn.metrics.accuracy}, validation=(samples, y),
        )  # fmt: skip
        found = (history.metrics["right"], history.metrics["validation_right"])
        assert found == ([0.75], [0.75])


def test_pictures_load_when_they_are_asked_for():
    code = """
import sys, nn
def loaded():
    rooms = ("nn.plots", "nn.pictures", "autograd.visual", "autograd.export", "matplotlib")
    return [name for name in sys.modules if name.startswith(rooms)]
X, y = nn.data.xor(8, seed=0)
model = nn.MLP(2, [2, 1], generator=0)
history = nn.fit(model, X, y, nn.squared_error, nn.SGD(model.parameters()), 2, progress=False)
assert loaded() == [] and "tqdm" not in sys.modules, loaded()
assert nn.plots is sys.modules["nn.plots"] and "nn.pictures.curves" in loaded()
assert nn.report is sys.modules["nn.pictures.reports"].report
assert "matplotlib" not in loaded()
from nn import *
assert animate_boundary is nn.animate_boundary
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, check=True)
