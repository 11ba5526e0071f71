"""Settings take what Python and NumPy give, and nothing that means something else."""

import math

import numpy as np
import pytest

import nn
from autograd import Value
from nn import data, schedules
from nn.arguments.settings import (
    SettingError,
    SettingKindError,
    as_count,
    as_flag,
    as_number,
    as_switch,
)

WHOLE = [3, np.int64(3), np.int8(3), np.uint32(3), np.array(3)]
REAL = [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5), np.array(0.5)]
SWITCHES = [True, np.True_, np.array(True)]


@pytest.mark.parametrize("given", WHOLE, ids=repr)
def test_a_count_is_a_whole_number_of_any_kind(given):
    assert as_count("n", given) == 3
    assert type(as_count("n", given)) is int
    assert as_number("x", given) == 3.0


@pytest.mark.parametrize("given", [*SWITCHES, 3.0, np.float64(3.0), "3", None, [3], np.ones(1)])
def test_a_count_is_nothing_else(given):
    with pytest.raises(SettingKindError, match="n must be a whole number from 1 up, got"):
        as_count("n", given)


@pytest.mark.parametrize("given", REAL, ids=repr)
def test_a_number_is_real_of_any_kind_and_becomes_a_float(given):
    assert as_number("x", given) == 0.5
    assert type(as_number("x", given)) is float


@pytest.mark.parametrize("given", [*SWITCHES, "1", None, [1.0], 1j, Value(1.0), np.ones(2)])
def test_a_number_is_nothing_else(given):
    with pytest.raises(SettingKindError, match="x must be a number from 0 up, got"):
        as_number("x", given)


@pytest.mark.parametrize("given", [-1.0, math.nan, math.inf, np.float32("nan"), 10**400])
def test_a_number_is_finite_and_in_its_range(given):
    with pytest.raises(SettingError, match="x must be a number from 0 up, got"):
        as_number("x", given)


def test_the_range_is_said():
    with pytest.raises(SettingError, match=r"x must be positive, got 0"):
        as_number("x", 0, positive=True)
    with pytest.raises(SettingError, match=r"x must be positive and finite, got inf"):
        as_number("x", math.inf, positive=True)
    with pytest.raises(SettingError, match=r"x must be a number from 0 to 1, got 2"):
        as_number("x", 2, most=1.0)
    with pytest.raises(SettingError, match=r"x must be a finite number, got nan"):
        as_number("x", math.nan, least=-math.inf)
    with pytest.raises(SettingError, match=r"n must be at least 2, got 1"):
        as_count("n", 1, 2)


@pytest.mark.parametrize("given", SWITCHES, ids=repr)
def test_a_flag_is_a_bool_of_any_kind(given):
    assert as_flag("f", given) is as_switch(given) is True


@pytest.mark.parametrize("given", [0, 1, 1.0, None, "yes", np.ones(2, bool), np.int64(1), []])
def test_a_flag_is_nothing_else(given):
    assert as_switch(given) is None
    with pytest.raises(SettingKindError, match="f must be True or False, got"):
        as_flag("f", given)


def test_the_bools_of_torch_are_switches_and_its_numbers_numbers():
    torch = pytest.importorskip("torch")
    assert as_switch(torch.tensor(1.0) < 2.0) is True
    assert as_number("x", torch.tensor(0.5)) == 0.5
    assert as_count("n", torch.tensor(3)) == 3


# --- where settings are read -----------------------------------------------------------

P = [Value(1.0)]


@pytest.mark.parametrize(
    "make",
    [
        lambda x: nn.SGD(P, x, momentum=x, weight_decay=x, dampening=x),
        lambda x: nn.AdaGrad(P, x, learning_rate_decay=x, weight_decay=x, epsilon=x),
        lambda x: nn.RMSProp(P, x, alpha=x, epsilon=x, weight_decay=x, momentum=x),
        lambda x: nn.Adam(P, x, betas=(x, x), epsilon=x, weight_decay=x),
        lambda x: nn.AdamW(P, x, betas=np.array([x, x]), epsilon=x),
        lambda x: nn.NudgeDescent(P, x, nudge=x),
        lambda x: schedules.constant(x),
        lambda x: schedules.step(x, 2, x),
        lambda x: schedules.exponential(x, x),
        lambda x: schedules.cosine(x, 3, x),
        lambda x: schedules.linear(x, x, 3),
        lambda x: schedules.ReduceOnPlateau(x, x, threshold=x, smallest=x),
        lambda x: nn.EarlyStopping(margin=x),
        lambda x: nn.clip_gradient_norm(P, x),
        lambda x: nn.clip_gradient_value(P, x),
        lambda x: data.moons(4, x, 0),
        lambda x: data.circles(4, x, 0, x),
        lambda x: data.train_test_split([1, 2, 3, 4], [1, 2, 3, 4], x, 0),
    ],
)
def test_numbers_of_numpy_are_taken_everywhere_and_bools_nowhere(make):
    for given in (np.float32(0.5), np.float64(0.5), np.array(0.5)):
        make(given)
    for given in SWITCHES:
        with pytest.raises(ValueError, match=r"got"):
            make(given)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: data.moons(n, seed=0),
        lambda n: data.yin_yang(n, seed=0),
        lambda n: data.spiral(9, seed=0, classes=n),
        lambda n: data.one_hot(0, n),
        lambda n: list(data.batches([1, 2], [1, 2], n)),
        lambda n: data.train_test_split([1, 2, 3, 4], [1, 2, 3, 4], n, 0),
        lambda n: schedules.step(0.1, n),
        lambda n: schedules.cosine(0.1, n),
        lambda n: schedules.linear(0.1, 0.0, n),
        lambda n: schedules.warm_up(schedules.constant(0.1), n),
        lambda n: schedules.ReduceOnPlateau(0.1, patience=n, cooldown=n),
        lambda n: nn.EarlyStopping(n),
    ],
)
def test_counts_of_numpy_are_taken_everywhere_and_bools_nowhere(make):
    for given in WHOLE:
        make(given)
    for given in (True, np.True_, "3", 1.5, math.nan, None):
        with pytest.raises(ValueError, match=r"must be|leaves one part empty|test is a share"):
            make(given)


@pytest.mark.parametrize(
    ("make", "read"),
    [
        (lambda f: nn.SGD(P, momentum=0.9, nesterov=f), lambda o: o.nesterov),
        (lambda f: nn.RMSProp(P, centered=f), lambda o: o.centered),
        (lambda f: nn.Adam(P, amsgrad=f), lambda o: o.amsgrad),
        (lambda f: nn.EarlyStopping(restore=f), lambda o: o.restore),
    ],
)
def test_flags_of_numpy_are_taken_and_ints_are_not(make, read):
    assert read(make(np.True_)) is True
    assert read(make(np.False_)) is False
    for given in (1, 0, "no", None):
        with pytest.raises(SettingKindError, match="must be True or False, got"):
            make(given)


def test_a_rate_of_numpy_trains_as_pythons_does():
    (one,), (other,) = ([Value(1.0)] for _ in range(2))
    one.grad = other.grad = 1.0
    nn.SGD([one], np.float32(0.1)).step()
    nn.SGD([other], float(np.float32(0.1))).step()
    assert one.data == other.data
    assert type(one.data) is float
