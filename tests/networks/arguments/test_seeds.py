"""Seeds of every kind, and what is none."""

import random

import numpy as np
import pytest

import nn
from nn.arguments.seeds import as_generator


def test_seeds():
    generator = random.Random(3)
    assert as_generator(generator) is generator
    assert as_generator(3).random() == random.Random(3).random()
    assert as_generator(None).random() != as_generator(None).random()


def test_seeds_of_numpy():
    assert as_generator(np.int64(3)).random() == random.Random(3).random()
    for make in (np.random.default_rng, np.random.RandomState):
        first, second = (as_generator(make(7)).random() for _ in range(2))
        assert first == second
        generator = make(7)
        drawn = [as_generator(generator).random() for _ in range(3)]
        assert drawn[0] == first
        assert len(set(drawn)) == 3  # it moves on


def test_the_generators_of_numpy_shuffle_and_start_models():
    X = list(range(20))
    for make in (np.random.default_rng, np.random.RandomState):
        orders = [next(nn.data.batches(X, X, 20, seed=make(1)))[0] for _ in range(2)]
        assert orders[0] == orders[1] != X
        models = [nn.MLP(2, [2], generator=make(1)).state_dict() for _ in range(2)]
        assert models[0] == models[1]


@pytest.mark.parametrize("seed", ["3", 3.0, [3], True, np.True_, np.float64(3.0), np.random])
def test_a_seed_of_another_kind_is_an_error(seed):
    with pytest.raises(TypeError, match=r"a seed is an int, .* of NumPy or None, got"):
        as_generator(seed)
