"""What fit(record=True) writes down: against NumPy on the states before and after each step."""

import itertools
import math

import numpy as np
import pytest

import nn
from autograd import Value

LOGITS = nn.binary_cross_entropy_with_logits


def fit(epochs, batch_size, model=None, make=nn.Adam, **options):
    X, y = nn.data.moons(24, seed=0)
    model = model or nn.MLP(2, [4, 1], "tanh", generator=0)
    optimizer = make(model.parameters(), 0.03)
    options = {"record": True, "progress": False} | options
    return model, nn.fit(model, X, y, LOGITS, optimizer, epochs, batch_size, **options)


@pytest.mark.parametrize("make", [nn.SGD, nn.Adam])
def test_one_step_an_epoch_is_the_change_between_two_states(make):
    model, history = fit(3, 24, make=make)
    assert history.steps == [1, 2, 3]
    assert len(history.states) == 4
    states = np.array(history.states)
    assert states[-1].tolist() == [p.data for p in model.parameters()]
    names = [name for name, _ in model.named_parameters()]
    for layer in range(2):
        weights = [
            i
            for i, name in enumerate(names)
            if name.startswith(f"layers.{layer}.") and ".w." in name
        ]
        expected = [
            np.std(after[weights] - before[weights]) / np.std(before[weights])
            for before, after in itertools.pairwise(states)
        ]
        ratio = history.layers[f"layers.{layer}"].update_ratio
        assert ratio == pytest.approx(expected, rel=1e-9)


def test_gradients_of_plain_descent_follow_from_the_states():
    _, history = fit(2, 24, make=nn.SGD)
    states = np.array(history.states)
    gradients = np.abs(states[:-1] - states[1:]) / 0.03
    for layer, part in (("layers.0", slice(0, 12)), ("layers.1", slice(12, 17))):
        recorded = history.layers[layer]
        assert recorded.mean_gradient == pytest.approx(gradients[:, part].mean(1), rel=1e-9)
        assert recorded.max_gradient == pytest.approx(gradients[:, part].max(1), rel=1e-9)


def test_long_trainings_record_fewer_steps():
    _, history = fit(300, 24)
    assert history.steps == list(range(1, 301))
    _, history = fit(900, 24)
    assert history.steps == list(range(1, 901, 3))


@pytest.mark.parametrize(
    ("batch_size", "steps"),
    [
        (24, [1, 2]),
        (12, [1, 2, 3, 4]),
        (6, [1, 3, 5, 7]),  # 4 an epoch: every second
        (1, [1, 13, 25, 37]),  # 24 an epoch: every twelfth
    ],
)
def test_two_steps_of_each_epoch_are_recorded(batch_size, steps):
    _, history = fit(2, batch_size)
    assert history.steps == steps
    for layer in history.layers.values():
        lengths = {len(layer.mean_gradient), len(layer.max_gradient), len(layer.update_ratio)}
        assert lengths == {len(steps)}
    assert {name: layer.summary for name, layer in history.layers.items()} == {
        "layers.0": "4 tanh",
        "layers.1": "1 identity",
    }


def test_recording_changes_nothing_of_the_training():
    runs = [fit(3, 5, record=record) for record in (False, True)]
    states = [model.state_dict() for model, _ in runs]
    assert states[0] == states[1]
    assert runs[0][1].loss == runs[1][1].loss
    assert (runs[0][1].layers, runs[0][1].steps, runs[0][1].states) == ({}, [], [])


class Weight(nn.Module):
    """One weight, without a spread to compare with."""

    def __init__(self):
        self.w = Value(1.0)

    def __call__(self, x):
        return self.w * x[0]


def test_the_ratio_to_equal_weights_is_nan():
    _, history = fit(1, 24, Weight())
    assert math.isnan(history.layers["w"].update_ratio[0])
    assert history.layers["w"].max_gradient[0] > 0.0


def test_an_interrupted_training_keeps_what_was_recorded():
    def interrupt(history, model):
        raise KeyboardInterrupt

    _, history = fit(5, 24, callbacks=[interrupt])
    assert history.stopped == "interrupted"
    assert history.steps == [1]
    assert len(history.states) == 2
