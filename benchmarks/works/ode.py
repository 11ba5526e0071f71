"""GradBench's ordinary differential equation: Runge-Kutta in many dimensions, against JAX jit.

``y' = (x[0], x[1] y[0], x[2] y[1], ...)`` from 0 over a time of 2, in 10 steps of the fourth
order; wanted are the last of the n numbers and its gradient by all x.
"""

from typing import Any

import numpy as np

import autograd
from works.peers import jax_in_double, peer
from works.timing import Result, first_seconds, medians

COUNT, STEPS, TIME = 1000, 10, 2.0


def last_of_scalars(x: list[Any]) -> Any:
    """The last number, written with scalars."""
    h = TIME / STEPS

    def slope(y: list[Any]) -> list[Any]:
        return [x[0], *[a * b for a, b in zip(x[1:], y, strict=False)]]

    y: list[Any] = [0.0] * len(x)
    for _ in range(STEPS):
        k1 = slope(y)
        k2 = slope([a + h / 2 * b for a, b in zip(y, k1, strict=True)])
        k3 = slope([a + h / 2 * b for a, b in zip(y, k2, strict=True)])
        k4 = slope([a + h * b for a, b in zip(y, k3, strict=True)])
        y = [
            a + h / 6 * (p + 2.0 * q + 2.0 * r + s)
            for a, p, q, r, s in zip(y, k1, k2, k3, k4, strict=True)
        ]
    return y[-1]


def last_of_arrays(xp: Any, x: Any, zeros: Any) -> Any:
    """The same for the arrays of NumPy's kind that JAX and PyTorch have."""
    h = TIME / STEPS

    def slope(y: Any) -> Any:
        return xp.concatenate([x[:1], x[1:] * y[:-1]])

    y = zeros
    for _ in range(STEPS):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y[-1]


def results(*, quick: bool) -> list[Any]:
    """A call of each, after a look at whether they compute the same; n of 20 and of 1,000."""
    return [*compared(20), *compared(COUNT)]


def compared(n: int) -> list[Any]:
    """The lines for n dimensions: in 20 of them every number counts."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, size=n)
    program = autograd.compile(last_of_scalars)
    first = first_seconds(lambda: program.value_and_gradient(x))
    contenders: dict[str, Any] = {"chainrule": lambda: program.value_and_gradient(x)}
    value, slopes = program.value_and_gradient(x)
    work, found = f"an equation of {n:,} dimensions", []
    jax, torch = jax_in_double(), peer("torch")
    if jax is not None:
        xp, zeros = jax.numpy, jax.numpy.zeros(n)
        call = jax.jit(jax.value_and_grad(lambda x: last_of_arrays(xp, x, zeros)))
        points = xp.asarray(x)
        seconds = {
            "chainrule": first,
            "JAX jit": first_seconds(lambda: jax.block_until_ready(call(points))),
        }
        contenders["JAX jit"] = lambda: jax.block_until_ready(call(points))
        other, others = call(points)
        if not (np.isclose(value, float(other)) and np.allclose(slopes, np.asarray(others))):
            raise SystemExit("the contenders do not compute the same")
        found.append(Result(f"{work}, first call", seconds, {"JAX jit": 0.5}))
    if torch is not None:
        torch.set_num_threads(1)
        leaf = torch.tensor(x, requires_grad=True)

        def in_torch() -> Any:
            leaf.grad = None
            last = last_of_arrays(torch, leaf, torch.zeros(n, dtype=torch.float64))
            last.backward()
            return last.item(), leaf.grad

        if not np.allclose(slopes, in_torch()[1].numpy()):
            raise SystemExit("the contenders do not compute the same")
        contenders["PyTorch"] = in_torch
    return [Result(work, medians(contenders), {"JAX jit": 1.5}), *found]
