"""GradBench's log-sum-exp of 40,000 numbers: value and gradient, against JAX jit."""

from typing import Any

import numpy as np

import autograd
from works.peers import jax_in_double
from works.timing import Result, first_seconds, medians

COUNT = 40_000


def results(*, quick: bool) -> list[Any]:
    """A call of each, after a look at whether they compute the same."""
    x = np.random.default_rng(0).normal(size=COUNT)
    program = autograd.compile(autograd.logsumexp)
    first = first_seconds(lambda: program.value_and_gradient(x))
    contenders = {"chainrule": lambda: program.value_and_gradient(x)}
    found: list[Any] = []
    jax = jax_in_double()
    if jax is not None:
        call = jax.jit(jax.value_and_grad(jax.scipy.special.logsumexp))
        points = jax.numpy.asarray(x)
        first_jax = first_seconds(lambda: jax.block_until_ready(call(points)))
        contenders["JAX jit"] = lambda: jax.block_until_ready(call(points))
        value, slopes = program.value_and_gradient(x)
        other, others = call(points)
        if not (np.isclose(value, float(other)) and np.allclose(slopes, np.asarray(others))):
            raise SystemExit("the contenders do not compute the same")
        seconds = {"chainrule": first, "JAX jit": first_jax}
        found.append(Result("log-sum-exp of 40,000, first call", seconds, {"JAX jit": 0.5}))
    found.insert(0, Result("log-sum-exp of 40,000", medians(contenders), {"JAX jit": 1.5}))
    return found
