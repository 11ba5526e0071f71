"""How weights start: a function of fan-in, fan-out and a generator gives one weight.

Fan-in is the number of inputs of a neuron, fan-out the number of neurons in
its layer. Formulas: Glorot & Bengio 2010 (Xavier), He et al. 2015 (Kaiming);
the same bounds as ``torch.nn.init``.
"""

import math
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from nn.settings import as_count

Initializer: TypeAlias = Callable[[int, int, Random], float]
Seed: TypeAlias = Any  # an int, a random.Random, a generator of NumPy, or None for a fresh one


def uniform(fan_in: int, fan_out: int, generator: Random) -> float:
    """Between -1 and 1, whatever the size of the layer."""
    return generator.uniform(-1.0, 1.0)


def xavier_uniform(fan_in: int, fan_out: int, generator: Random) -> float:
    """Between plus and minus sqrt(6 / (fan_in + fan_out)): for tanh and sigmoid."""
    bound = math.sqrt(6.0 / (fan_in + fan_out))
    return generator.uniform(-bound, bound)


def xavier_normal(fan_in: int, fan_out: int, generator: Random) -> float:
    """Normal with standard deviation sqrt(2 / (fan_in + fan_out)): for tanh and sigmoid."""
    return generator.gauss(0.0, math.sqrt(2.0 / (fan_in + fan_out)))


def kaiming_uniform(fan_in: int, fan_out: int, generator: Random) -> float:
    """Between plus and minus sqrt(6 / fan_in): for relu."""
    bound = math.sqrt(6.0 / fan_in)
    return generator.uniform(-bound, bound)


def kaiming_normal(fan_in: int, fan_out: int, generator: Random) -> float:
    """Normal with standard deviation sqrt(2 / fan_in): for relu."""
    return generator.gauss(0.0, math.sqrt(2.0 / fan_in))


INITIALIZERS: dict[str, Initializer] = {
    "uniform": uniform,
    "xavier": xavier_uniform,
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "kaiming": kaiming_uniform,
    "kaiming_uniform": kaiming_uniform,
    "kaiming_normal": kaiming_normal,
}


def as_initializer(init: str | Initializer) -> Initializer:
    """The initializer of that name; a function passes as it is. ValueError lists the names."""
    if callable(init):
        return init
    if not isinstance(init, str) or init not in INITIALIZERS:
        raise ValueError(f"init {init!r} is none of {', '.join(INITIALIZERS)}, nor a function")
    return INITIALIZERS[init]


def as_generator(seed: Any) -> Random:
    """A generator as given, made from an int, or freshly seeded; never the global one.

    One of NumPy's (Generator or RandomState) gives the seed, and moves on by that.
    """
    if isinstance(seed, Random):
        return seed
    if seed is None:
        return Random()
    kind = type(seed).__name__
    if kind in ("Generator", "RandomState") and type(seed).__module__.startswith("numpy"):
        return Random(int.from_bytes(seed.bytes(16), "little"))
    try:
        return Random(as_count("seed", seed, -math.inf))
    except TypeError:
        shown = f"{seed!r}" if isinstance(seed, bool) else f"{kind} {seed!r}"
        raise TypeError(
            f"a seed is an int, a random.Random, a generator of NumPy or None, got {shown}"
        ) from None
