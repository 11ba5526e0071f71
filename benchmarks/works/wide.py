"""MLP 784-128-10, batches of 64, a step with Adam: where matrix libraries are at home."""

import numpy as np

from works.networks import Task
from works.timing import Result

BOUNDS = {"NumPy by hand": 2.0, "JAX jit": 1.6}


def results(*, quick: bool) -> list[Result]:
    """A step against every peer; the numbers are drawn at random."""
    rng = np.random.default_rng(0)
    X, y = rng.random((64, 784)), rng.integers(0, 10, 64)
    return Task("784-128-10, batch 64, Adam", (784, 128, 10), X, y).results(BOUNDS)
