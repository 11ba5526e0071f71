"""How weights start: a function of fan-in, fan-out and a generator gives one weight.

Fan-in is the number of inputs of a neuron, fan-out the number of neurons in
its layer. Formulas: Glorot & Bengio 2010 (Xavier), He et al. 2015 (Kaiming);
the same bounds as ``torch.nn.init``.
"""

import math
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from nn.arguments.seeds import Seed, as_generator  # noqa: F401 - they stood here

Initializer: TypeAlias = Callable[[int, int, Random], float]


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
