"""Two moons: MLP(2, [16, 16, 1]) with relu, hinge loss and L2, 100 samples, a step with SGD."""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
import nn
from works.peers import address, hand_written, jax_in_double, peer
from works.timing import Result, first_seconds, medians

ALPHA, RATE = 1e-4, 1e-6  # so small that all of them stay at the same place
BOUNDS = {
    "JAX jit": 0.5, "NumPy by hand": 0.25, "PyTorch eager": 0.06, "CasADi SX mapped": 0.06,
    "micrograd": 0.00004, "C by hand": 3.0,
}  # fmt: skip


def data() -> tuple[Any, Any]:
    """Points and targets of -1 and 1."""
    X, y = nn.data.moons(100, noise=0.1, seed=0)
    return np.array(X, dtype=float), np.array([2.0 * t - 1.0 for t in y])


def model() -> nn.MLP:
    """The network, the same for all."""
    return nn.MLP(2, [16, 16, 1], activation="relu", init="xavier", generator=1)


def chainrule_step() -> Callable[[], Any]:
    """The loss of one example, compiled; a step on all of them."""
    X, y = data()
    network = model()
    parameters = network.parameters()
    optimizer = nn.SGD(parameters, RATE)

    @autograd.compile
    def loss(x: Any, target: Any) -> Any:
        hinge = autograd.relu(1.0 - target * network(x))
        return hinge + ALPHA * autograd.dot(parameters, parameters)

    def step() -> float:
        optimizer.zero_grad()
        value = loss.batch_backward(X, y)
        optimizer.step()
        return value

    return step


def layers_of(network: nn.MLP) -> list[tuple[Any, Any]]:
    """Weights and biases as arrays."""
    return [
        (
            np.array([[w.data for w in neuron.w] for neuron in layer.neurons]),
            np.array([neuron.b.data for neuron in layer.neurons]),
        )
        for layer in network.layers
    ]


def numpy_step() -> Callable[[], Any]:
    """The same with matrices, derived by hand."""
    X, y = data()
    (W1, b1), (W2, b2), (W3, b3) = layers_of(model())
    n = len(X)

    def step() -> float:
        z1 = X @ W1.T + b1
        h1 = np.maximum(z1, 0.0)
        z2 = h1 @ W2.T + b2
        h2 = np.maximum(z2, 0.0)
        out = h2 @ W3[0] + b3[0]
        margin = 1.0 - y * out
        loss = np.maximum(margin, 0.0).sum() / n + ALPHA * sum(
            np.vdot(p, p) for p in (W1, b1, W2, b2, W3, b3)
        )
        d_out = np.where(margin > 0.0, -y / n, 0.0)
        d_W3, d_b3 = (d_out @ h2)[None, :], d_out.sum()
        d_z2 = np.where(z2 > 0.0, d_out[:, None] * W3, 0.0)
        d_W2, d_b2 = d_z2.T @ h1, d_z2.sum(axis=0)
        d_z1 = np.where(z1 > 0.0, d_z2 @ W2, 0.0)
        d_W1, d_b1 = d_z1.T @ X, d_z1.sum(axis=0)
        for p, d in ((W1, d_W1), (b1, d_b1), (W2, d_W2), (b2, d_b2), (W3, d_W3), (b3, d_b3)):
            p -= RATE * (d + 2.0 * ALPHA * p)  # noqa: PLW2901 - in place
        return float(loss)

    return step


def jax_step() -> Callable[[], Any] | None:
    """JAX: one jitted function from parameters to new ones."""
    jax = jax_in_double()
    if jax is None:
        return None
    jnp = jax.numpy
    X, y = map(jnp.asarray, data())
    parameters = [jnp.asarray(p) for layer in layers_of(model()) for p in layer]

    def loss(parameters: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        h1 = jnp.maximum(X @ W1.T + b1, 0.0)
        h2 = jnp.maximum(h1 @ W2.T + b2, 0.0)
        out = h2 @ W3[0] + b3[0]
        l2 = sum(jnp.vdot(p, p) for p in parameters)
        return jnp.maximum(1.0 - y * out, 0.0).mean() + ALPHA * l2

    @jax.jit
    def update(parameters: Any, X: Any, y: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(parameters, X, y)
        return value, [p - RATE * d for p, d in zip(parameters, slopes, strict=True)]

    def step() -> float:
        nonlocal parameters
        value, parameters = update(parameters, X, y)
        return float(value.block_until_ready())

    return step


def torch_step() -> Callable[[], Any] | None:
    """PyTorch, eager, float64."""
    torch = peer("torch")
    if torch is None:
        return None
    torch.set_num_threads(1)
    X, y = map(torch.tensor, data())
    parameters = [
        torch.tensor(p, requires_grad=True) for layer in layers_of(model()) for p in layer
    ]
    optimizer = torch.optim.SGD(parameters, RATE)

    def step() -> float:
        W1, b1, W2, b2, W3, b3 = parameters
        optimizer.zero_grad()
        h1 = torch.relu(X @ W1.T + b1)
        h2 = torch.relu(h1 @ W2.T + b2)
        out = h2 @ W3[0] + b3[0]
        loss = torch.relu(1.0 - y * out).mean()
        loss = loss + ALPHA * sum((p * p).sum() for p in parameters)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def casadi_step() -> Callable[[], Any] | None:
    """CasADi: the loss of one example in SX, its gradient, mapped over the samples."""
    casadi = peer("casadi")
    if casadi is None:
        return None
    X, y = data()
    layers = layers_of(model())
    flat = np.concatenate([p.ravel() for layer in layers for p in layer])
    symbols = casadi.SX.sym("p", len(flat))
    x, target = casadi.SX.sym("x", 2), casadi.SX.sym("y")
    at, h = 0, x
    for number, (W, b) in enumerate(layers):
        rows, columns = W.shape
        weights = casadi.reshape(symbols[at : at + W.size], columns, rows).T
        at += W.size
        h = weights @ h + symbols[at : at + b.size]
        at += b.size
        if number < 2:
            h = casadi.fmax(h, 0.0)
    loss = casadi.fmax(1.0 - target * h, 0.0)
    one = casadi.Function("one", [symbols, x, target], [loss, casadi.gradient(loss, symbols)])
    mapped = one.map("all", "serial", len(X), [0], [0, 1])
    points, targets = X.T.copy(), y[None, :].copy()

    def step() -> float:
        nonlocal flat
        value, slopes = mapped(flat, points, targets)
        total = float(value) / len(X) + ALPHA * float(flat @ flat)
        flat = flat - RATE * (np.asarray(slopes).ravel() / len(X) + 2.0 * ALPHA * flat)
        return total

    return step


def micrograd_step() -> Callable[[], Any] | None:
    """micrograd, as in its demo."""
    engine = peer("micrograd.engine")
    if engine is None:
        return None
    from micrograd.nn import MLP

    X, y = data()
    network = MLP(2, [16, 16, 1])
    for theirs, ours in zip(network.layers, model().layers, strict=True):
        for neuron, own in zip(theirs.neurons, ours.neurons, strict=True):
            neuron.b.data = own.b.data
            for w, number in zip(neuron.w, own.w, strict=True):
                w.data = number.data
    rows, targets = X.tolist(), y.tolist()

    def step() -> float:
        scores = [network([engine.Value(a) for a in row]) for row in rows]
        losses = [(1 + -t * s).relu() for t, s in zip(targets, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses))
        loss = loss + ALPHA * sum(p * p for p in network.parameters())
        network.zero_grad()
        loss.backward()
        for p in network.parameters():
            p.data -= RATE * p.grad
        return float(loss.data)

    return step


def c_step() -> Callable[[], Any] | None:
    """C written by hand for this network."""
    library = hand_written("moons", "-O3")
    if library is None:
        return None
    X, y = data()
    flat = np.array([p.data for p in model().parameters()])
    call = library.moons_step
    call.restype = ctypes.c_double
    given = (address(flat), address(X), address(y), ctypes.c_long(len(X)))
    settings = (ctypes.c_double(ALPHA), ctypes.c_double(RATE))

    def step(_kept: Any = (flat, X, y)) -> float:
        return float(call(*given, *settings))

    return step


def results(*, quick: bool) -> list[Result]:
    """The step against every peer, and the first call against JAX's."""
    ours = chainrule_step()
    first = first_seconds(ours)
    theirs = jax_step()
    first_jax = first_seconds(theirs) if theirs else None
    made = {
        "chainrule": ours,
        "JAX jit": theirs,
        "NumPy by hand": numpy_step(),
        "PyTorch eager": torch_step(),
        "CasADi SX mapped": casadi_step(),
        "C by hand": c_step(),
        "micrograd": None if quick else micrograd_step(),
    }
    contenders = {name: step for name, step in made.items() if step is not None}
    losses = {name: step() for name, step in contenders.items()}
    worst = max(abs(loss - losses["chainrule"]) for loss in losses.values())
    if not worst < 1e-5 * abs(losses["chainrule"]):
        raise SystemExit(f"the contenders do not compute the same: {losses}")
    found = [Result("two moons, a step", medians(contenders), BOUNDS)]
    if first_jax:
        found.append(
            Result(
                "two moons, first call",
                {"chainrule": first, "JAX jit": first_jax},
                {"JAX jit": 0.5},
            )
        )
    return found
