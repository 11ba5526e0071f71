"""GradBench's mixture of Gaussians (of ADBench) with a Wishart prior, against PyTorch and JAX.

Of K components each has a weight (a softmax of `alphas`), a mean, and the Cholesky factor of its
inverse covariance: below the diagonal as it is, the logarithms of the diagonal apart.
"""

import math
from typing import Any

import numpy as np

import autograd
from works.peers import jax_in_double, peer
from works.timing import Result, first_seconds, medians

COUNT, DIMENSIONS, COMPONENTS = 1000, 10, 5
GAMMA, DEGREES = 1.0, 0  # of the Wishart prior


def constant() -> float:
    """What depends on no parameter: of the densities, and of the prior for every component."""
    d, n = DIMENSIONS, DIMENSIONS + DEGREES + 1
    gammas = sum(math.lgamma(0.5 * (n - j)) for j in range(d))
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + gammas
    prior = n * d * (math.log(GAMMA) - 0.5 * math.log(2.0)) - log_gamma
    return -COUNT * d * 0.5 * math.log(2.0 * math.pi) - COMPONENTS * prior


def parameters() -> tuple[Any, Any, Any, Any, Any]:
    """Points, and alphas, means, logarithms of the diagonals and what is below them."""
    rng = np.random.default_rng(0)
    d, k = DIMENSIONS, COMPONENTS
    return (
        rng.normal(size=(COUNT, d)), rng.normal(size=k), rng.uniform(size=(k, d)),
        rng.normal(size=(k, d)) * 0.3, rng.normal(size=(k, d * (d - 1) // 2)) * 0.3,
    )  # fmt: skip


def chainrule_call() -> Any:
    """The objective of one point, compiled; called on all of them it gives value and gradient."""
    X, *arrays = parameters()
    alphas, means, logs, lower = [_values(array) for array in arrays]
    leaves = [*alphas, *_flat(means), *_flat(logs), *_flat(lower)]

    @autograd.compile
    def objective(x: Any) -> Any:
        terms, squares = [], []
        for alpha, mean, log, below in zip(alphas, means, logs, lower, strict=True):
            diagonal = [autograd.exp(q) for q in log]
            off = [a - b for a, b in zip(x, mean, strict=True)]
            turned = []
            for i in range(DIMENSIONS):
                row = below[i * (i - 1) // 2 : i * (i + 1) // 2]
                turned.append(autograd.dot([*row, diagonal[i]], off[: i + 1]))
            terms.append(alpha + autograd.sum(log) - 0.5 * autograd.dot(turned, turned))
            squares.append(autograd.dot([*diagonal, *below], [*diagonal, *below]))
        prior = 0.5 * GAMMA**2 * autograd.sum(squares) - DEGREES * autograd.sum(_flat(logs))
        return autograd.logsumexp(terms) - autograd.logsumexp(alphas) + prior * (1.0 / COUNT)

    def call() -> tuple[float, Any]:
        autograd.zero_grad(leaves)
        value = objective.batch_backward(X, reduction="sum") + constant()
        return value, leaves

    return call


def _values(array: Any) -> list[Any]:
    if array.ndim == 1:
        return [autograd.Value(number) for number in array.tolist()]
    return [_values(row) for row in array]


def _flat(rows: list[list[Any]]) -> list[Any]:
    return [item for row in rows for item in row]


def objective_of_arrays(xp: Any, logsumexp: Any, X: Any, arrays: Any) -> Any:
    """The same for the arrays that JAX and PyTorch have."""
    alphas, means, logs, lower = arrays
    d = DIMENSIONS
    diagonal = xp.exp(logs)
    off = X[:, None, :] - means[None, :, :]
    rows = [diagonal[:, i] * off[:, :, i] for i in range(d)]
    for i in range(1, d):
        row = lower[:, i * (i - 1) // 2 : i * (i + 1) // 2]
        rows[i] = rows[i] + (row[None, :, :] * off[:, :, :i]).sum(-1)
    squares = sum(row * row for row in rows)
    terms = alphas[None, :] + logs.sum(-1)[None, :] - 0.5 * squares
    prior = 0.5 * GAMMA**2 * ((diagonal**2).sum() + (lower**2).sum()) - DEGREES * logs.sum()
    return logsumexp(terms, 1).sum() - len(X) * logsumexp(alphas, 0) + prior + constant()


def results(*, quick: bool) -> list[Any]:
    """A call of each, after a look at whether they compute the same."""
    X, *arrays = parameters()
    ours = chainrule_call()
    first = first_seconds(ours)
    value, leaves = ours()
    slopes = np.array([leaf.grad for leaf in leaves])
    contenders: dict[str, Any] = {"chainrule": ours}
    work, found = f"mixture of {COMPONENTS} Gaussians, {COUNT:,} points", []
    jax, torch = jax_in_double(), peer("torch")

    def agree(other: float, others: Any) -> None:
        gradient = np.concatenate([np.asarray(each).ravel() for each in others])
        if not (np.isclose(value, other) and np.allclose(slopes, gradient)):
            raise SystemExit("the contenders do not compute the same")

    if jax is not None:
        points, at = jax.numpy.asarray(X), [jax.numpy.asarray(array) for array in arrays]

        def of_jax(at: Any) -> Any:
            return objective_of_arrays(jax.numpy, jax.scipy.special.logsumexp, points, at)

        call = jax.jit(jax.value_and_grad(of_jax))
        seconds = {
            "chainrule": first,
            "JAX jit": first_seconds(lambda: jax.block_until_ready(call(at))),
        }
        found.append(Result(f"{work}, first call", seconds, {"JAX jit": 0.5}))
        contenders["JAX jit"] = lambda: jax.block_until_ready(call(at))
        other, others = call(at)
        agree(float(other), others)
    if torch is not None:
        torch.set_num_threads(1)
        tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
        X_torch = torch.tensor(X)

        def in_torch() -> Any:
            for tensor in tensors:
                tensor.grad = None
            out = objective_of_arrays(torch, torch.logsumexp, X_torch, tensors)
            out.backward()
            return out.item(), [tensor.grad.numpy() for tensor in tensors]

        agree(*in_torch())
        contenders["PyTorch"] = in_torch
    return [Result(work, medians(contenders), {"PyTorch": 1.0}), *found]
