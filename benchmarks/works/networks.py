"""Networks of two layers with cross-entropy, a step: written once for every contender."""

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
import nn
from works.peers import jax_in_double, peer
from works.timing import Result, first_seconds, medians

BETAS, EPSILON = (0.9, 0.999), 1e-8


class Task:
    """A network ``inputs - hidden - classes`` with relu, a batch, and the rate of Adam."""

    def __init__(self, name: str, sizes: tuple[int, int, int], X: Any, y: Any) -> None:
        self.name, self.sizes, self.X, self.y = name, sizes, X, y
        self.one_hot = np.eye(sizes[2])[y]
        self.rate = 1e-9  # so small that all of them stay at the same place

    def model(self) -> nn.MLP:
        """The network, the same for all."""
        inputs, hidden, classes = self.sizes
        return nn.MLP(inputs, [hidden, classes], activation="relu", init="xavier", generator=1)

    def arrays(self) -> list[Any]:
        """Its parameters as matrices and vectors."""
        found = []
        for layer in self.model().layers:
            found.append(np.array([[w.data for w in neuron.w] for neuron in layer.neurons]))
            found.append(np.array([neuron.b.data for neuron in layer.neurons]))
        return found

    def chainrule(self) -> Callable[[], float]:
        """The loss of one example, compiled."""
        network = self.model()
        optimizer = nn.Adam(network.parameters(), self.rate)

        @autograd.compile
        def loss(x: Any, target: Any) -> Any:
            return -autograd.dot(autograd.log_softmax(network(x)), target)

        def step() -> float:
            optimizer.zero_grad()
            value = loss.batch_backward(self.X, self.one_hot)
            optimizer.step()
            return value

        return step

    def numpy(self) -> Callable[[], float]:
        """The same with matrices, derived by hand."""
        parameters = self.arrays()
        W1, b1, W2, b2 = parameters
        X, rows, y, n = self.X, np.arange(len(self.X)), self.y, len(self.X)
        means = [np.zeros_like(p) for p in parameters]
        squares = [np.zeros_like(p) for p in parameters]
        steps = 0

        def step() -> float:
            nonlocal steps
            steps += 1
            h = X @ W1.T
            h += b1
            np.maximum(h, 0.0, out=h)
            z = h @ W2.T
            z += b2
            z -= z.max(axis=1, keepdims=True)
            p = np.exp(z)
            total = p.sum(axis=1, keepdims=True)
            loss = (np.log(total[:, 0]) - z[rows, y]).mean()
            p /= total
            p[rows, y] -= 1.0
            p /= n
            d_h = p @ W2
            d_h *= h > 0.0
            slopes = [d_h.T @ X, d_h.sum(axis=0), p.T @ h, p.sum(axis=0)]
            scale = self.rate / (1.0 - BETAS[0] ** steps)
            root = np.sqrt(1.0 - BETAS[1] ** steps)
            for i, g in enumerate(slopes):
                means[i] *= BETAS[0]
                means[i] += (1.0 - BETAS[0]) * g
                squares[i] *= BETAS[1]
                squares[i] += (1.0 - BETAS[1]) * (g * g)
                parameters[i] -= scale * means[i] / (np.sqrt(squares[i]) / root + EPSILON)
            return float(loss)

        return step

    def jax(self) -> Callable[[], float] | None:
        """JAX: one jitted function."""
        jax = jax_in_double()
        if jax is None:
            return None
        jnp = jax.numpy
        X, T = jnp.asarray(self.X), jnp.asarray(self.one_hot)
        state: Any = (
            [jnp.asarray(p) for p in self.arrays()],
            [jnp.zeros_like(p) for p in self.arrays()],
            [jnp.zeros_like(p) for p in self.arrays()],
            0.0,
        )

        def loss(parameters: Any) -> Any:
            W1, b1, W2, b2 = parameters
            h = jnp.maximum(X @ W1.T + b1, 0.0)
            return -(jax.nn.log_softmax(h @ W2.T + b2) * T).sum(axis=1).mean()

        @jax.jit
        def update(state: Any) -> Any:
            parameters, means, squares, steps = state
            value, slopes = jax.value_and_grad(loss)(parameters)
            steps = steps + 1.0
            tree = jax.tree_util.tree_map
            means = tree(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, means, slopes)
            squares = tree(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g * g, squares, slopes)
            scale = self.rate / (1.0 - BETAS[0] ** steps)
            root = jnp.sqrt(1.0 - BETAS[1] ** steps)
            parameters = tree(
                lambda p, m, v: p - scale * m / (jnp.sqrt(v) / root + EPSILON),
                parameters, means, squares,
            )  # fmt: skip
            return value, (parameters, means, squares, steps)

        def step() -> float:
            nonlocal state
            value, state = update(state)
            return float(value.block_until_ready())

        return step

    def torch(self) -> Callable[[], float] | None:
        """PyTorch, eager, float64."""
        torch = peer("torch")
        if torch is None:
            return None
        torch.set_num_threads(1)
        X, y = torch.tensor(self.X), torch.tensor(self.y)
        parameters = [torch.tensor(p, requires_grad=True) for p in self.arrays()]
        optimizer = torch.optim.Adam(parameters, self.rate)

        def step() -> float:
            W1, b1, W2, b2 = parameters
            optimizer.zero_grad()
            h = torch.relu(X @ W1.T + b1)
            loss = torch.nn.functional.cross_entropy(h @ W2.T + b2, y)
            loss.backward()
            optimizer.step()
            return float(loss.item())

        return step

    def results(self, bounds: dict[str, float], *, first_bound: float = 0.5) -> list[Result]:
        """A step of each, and the first call against JAX's."""
        ours = self.chainrule()
        first = first_seconds(ours)
        theirs = self.jax()
        first_jax = first_seconds(theirs) if theirs else None
        made = {"chainrule": ours, "NumPy by hand": self.numpy(), "JAX jit": theirs}
        if "PyTorch" in bounds:
            made["PyTorch"] = self.torch()
        contenders = {name: step for name, step in made.items() if step is not None}
        losses = {name: step() for name, step in contenders.items()}
        worst = max(abs(loss / losses["chainrule"] - 1.0) for loss in losses.values())
        if not worst < 1e-5:
            raise SystemExit(f"the contenders do not compute the same: {losses}")
        found = [Result(f"{self.name}, a step", medians(contenders), bounds)]
        if first_jax:
            seconds = {"chainrule": first, "JAX jit": first_jax}
            found.append(Result(f"{self.name}, first call", seconds, {"JAX jit": first_bound}))
        return found
