"""Initial weights: bounds and spreads by formula, by sample, and against torch.nn.init."""

import math
import random
import statistics

import numpy as np
import pytest

from nn import init
from nn.arguments import seeds

FANS = [(2, 16), (64, 32), (32, 1)]
SAMPLES = 20_000

UNIFORM = {
    "uniform": lambda fan_in, fan_out: 1.0,
    "xavier": lambda fan_in, fan_out: math.sqrt(6.0 / (fan_in + fan_out)),
    "xavier_uniform": lambda fan_in, fan_out: math.sqrt(6.0 / (fan_in + fan_out)),
    "kaiming": lambda fan_in, fan_out: math.sqrt(6.0 / fan_in),
    "kaiming_uniform": lambda fan_in, fan_out: math.sqrt(6.0 / fan_in),
}
NORMAL = {
    "xavier_normal": lambda fan_in, fan_out: math.sqrt(2.0 / (fan_in + fan_out)),
    "kaiming_normal": lambda fan_in, fan_out: math.sqrt(2.0 / fan_in),
}


def sampled(name, fan_in, fan_out):
    generator = random.Random(0)
    return [init.as_initializer(name)(fan_in, fan_out, generator) for _ in range(SAMPLES)]


def test_every_initializer_has_its_formula_here():
    assert set(init.INITIALIZERS) == set(UNIFORM) | set(NORMAL)


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_weights_fill_their_bounds_evenly(name, fan_in, fan_out):
    bound = UNIFORM[name](fan_in, fan_out)
    weights = sampled(name, fan_in, fan_out)
    assert -bound <= min(weights) < -0.999 * bound
    assert 0.999 * bound < max(weights) <= bound
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.02 * bound)
    assert statistics.pstdev(weights) == pytest.approx(bound / math.sqrt(3.0), rel=0.02)


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@pytest.mark.parametrize("name", NORMAL)
def test_normal_weights_have_their_spread(name, fan_in, fan_out):
    deviation = NORMAL[name](fan_in, fan_out)
    weights = sampled(name, fan_in, fan_out)
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.02 * deviation)
    assert statistics.pstdev(weights) == pytest.approx(deviation, rel=0.02)
    within_one = sum(abs(w) < deviation for w in weights) / SAMPLES
    assert within_one == pytest.approx(math.erf(1.0 / math.sqrt(2.0)), abs=0.01)  # bell-shaped


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@pytest.mark.parametrize(
    "name", ["xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"]
)
def test_spread_is_that_of_torch(name, fan_in, fan_out):
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(0)
    options = {"nonlinearity": "relu"} if name.startswith("kaiming") else {}
    weights = torch.empty(fan_out, fan_in, dtype=torch.float64)
    peers = []
    while len(peers) < SAMPLES:
        getattr(torch.nn.init, f"{name}_")(weights, generator=generator, **options)
        peers += weights.flatten().tolist()
    ours = sampled(name, fan_in, fan_out)
    assert statistics.pstdev(ours) == pytest.approx(statistics.pstdev(peers), rel=0.03)
    if "uniform" in name:
        assert max(map(abs, ours)) == pytest.approx(max(map(abs, peers)), rel=1e-3)


def test_a_function_passes_as_it_is():
    def constant(fan_in, fan_out, generator):
        return 0.1

    assert init.as_initializer(constant) is constant


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"init 'glorot' is none of uniform, xavier, .*kaiming"):
        init.as_initializer("glorot")


@pytest.mark.parametrize("wrong", ["xavierr", [1], {"a": 1}, np.array([1.0]), None])
def test_what_is_no_initializer_is_refused_with_the_names(wrong):
    with pytest.raises(ValueError, match="is none of uniform, xavier"):
        init.as_initializer(wrong)


def test_what_reads_seeds_is_found_where_it_was():
    assert init.as_generator is seeds.as_generator
    assert init.Seed is seeds.Seed
