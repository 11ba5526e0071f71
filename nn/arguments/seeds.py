"""Seeds: what randomness is asked for with, and the generator made of it."""

import math
from random import Random
from typing import Any, TypeAlias

from nn.arguments.settings import as_count

Seed: TypeAlias = Any  # an int, a random.Random, a generator of NumPy, or None for a fresh one


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
