"""Digits, 64-32-10, batches of 32, a step with Adam."""

import numpy as np

from works.networks import Task
from works.timing import Result

BOUNDS = {"NumPy by hand": 0.5, "PyTorch": 0.3, "JAX jit": 0.6}


def results(*, quick: bool) -> list[Result]:
    """A step against every peer."""
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    X, y = np.ascontiguousarray(images[:32] / 16.0), classes[:32]
    return Task("digits 64-32-10, batch 32, Adam", (64, 32, 10), X, y).results(BOUNDS)
