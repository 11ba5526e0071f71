"""The character GPT of ``benchmarks/gpt.py``: one document of 8 tokens, a step with Adam."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import gpt
import numpy as np

import autograd
import nn
from works.networks import BETAS, EPSILON
from works.timing import Result, medians

RATE = 1e-9  # so small that both stay at the same place
NAME = "default"  # 7 letters: with its end, 8 tokens to predict
TOKENS = [gpt.END, *(gpt.LETTERS.index(letter) for letter in NAME), gpt.END]
HEAD = gpt.WIDTH // gpt.HEADS


def loss_of(model: gpt.GPT) -> Callable[..., Any]:
    """The loss of one document as a function of one-hot rows: the token, and the one after it."""
    columns = list(zip(*model.tokens, strict=True))

    def loss(before: list[list[Any]], after: list[list[Any]]) -> Any:
        keys: list[Any] = []
        values: list[Any] = []
        losses = []
        for position, (token, target) in enumerate(zip(before, after, strict=True)):
            x = [
                autograd.dot(column, token) + place
                for column, place in zip(columns, model.positions[position], strict=True)
            ]
            residual = gpt.normed(x)
            x = gpt.normed(residual)
            query = gpt.linear(x, model.query)
            keys.append(gpt.linear(x, model.key))
            values.append(gpt.linear(x, model.value))
            attended: list[Any] = []
            for start in range(0, gpt.WIDTH, HEAD):
                part = slice(start, start + HEAD)
                scores = [gpt.inner(query[part], k[part]) * (1 / math.sqrt(HEAD)) for k in keys]
                weights = autograd.softmax(scores)
                attended += [
                    gpt.inner(weights, [v[start + column] for v in values])
                    for column in range(HEAD)
                ]
            attention = gpt.linear(attended, model.out)
            x = residual = [a + b for a, b in zip(attention, residual, strict=True)]
            hidden = [h.relu() for h in gpt.linear(gpt.normed(x), model.widen)]
            narrowed = gpt.linear(hidden, model.narrow)
            x = [a + b for a, b in zip(narrowed, residual, strict=True)]
            logs = autograd.log_softmax(gpt.linear(x, model.head))
            losses.append(-autograd.dot(target, logs))
        return autograd.mean(losses)

    return loss


def one_hot() -> tuple[Any, Any]:
    """The document: rows for the tokens, and for those after them."""
    rows = np.eye(len(gpt.LETTERS) + 1)[TOKENS]
    return rows[:-1].tolist(), rows[1:].tolist()


def chainrule_step() -> tuple[Callable[[], float], Any]:
    """The program, and the model."""
    model = gpt.GPT(autograd.Value)
    program = autograd.compile(loss_of(model))
    optimizer = nn.Adam(model.parameters, RATE)
    tokens, targets = map(np.array, one_hot())

    def step() -> float:
        optimizer.zero_grad()
        value = program.backward(tokens, targets)
        optimizer.step()
        return value

    return step, model


class ByHand:
    """The same model in NumPy, its gradient derived by hand."""

    NAMES = ("tokens", "positions", "query", "key", "value", "out", "widen", "narrow", "head")

    def __init__(self) -> None:
        model = gpt.GPT(float)
        shapes = {name: np.array(getattr(model, name)).shape for name in self.NAMES}
        size = sum(a * b for a, b in shapes.values())
        self.flat, self.slopes = np.zeros(size), np.zeros(size)
        self.p: dict[str, Any] = {}
        self.g: dict[str, Any] = {}
        at = 0
        for name, shape in shapes.items():
            stop = at + shape[0] * shape[1]
            self.p[name] = self.flat[at:stop].reshape(shape)
            self.g[name] = self.slopes[at:stop].reshape(shape)
            self.p[name][:] = getattr(model, name)
            at = stop
        self.means, self.squares, self.steps = np.zeros(size), np.zeros(size), 0
        self.before, self.after = np.array(TOKENS[:-1]), np.array(TOKENS[1:])
        count = len(self.before)
        self.rows = np.arange(count)
        self.future = np.triu(np.full((count, count), -np.inf), 1)

    def gradient(self) -> float:
        """The loss; its gradient is in `slopes`."""
        p, g, count = self.p, self.g, len(self.before)

        def heads(x: Any) -> Any:
            return x.reshape(count, gpt.HEADS, HEAD).transpose(1, 0, 2)

        x0 = p["tokens"][self.before] + p["positions"][:count]
        x1, s1 = _normed(x0)
        x2, s2 = _normed(x1)
        q, k, v = (heads(x2 @ p[name].T) for name in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) * (1 / math.sqrt(HEAD)) + self.future
        scores -= scores.max(axis=-1, keepdims=True)
        weights = np.exp(scores)
        weights /= weights.sum(axis=-1, keepdims=True)
        attended = (weights @ v).transpose(1, 0, 2).reshape(count, gpt.WIDTH)
        x3 = attended @ p["out"].T + x1
        x4, s4 = _normed(x3)
        hidden = np.maximum(x4 @ p["widen"].T, 0.0)
        x5 = hidden @ p["narrow"].T + x3
        z = x5 @ p["head"].T
        z -= z.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - z[self.rows, self.after]).mean()

        d = e / total
        d[self.rows, self.after] -= 1.0
        d /= count
        np.matmul(d.T, x5, out=g["head"])
        d5 = d @ p["head"]
        np.matmul(d5.T, hidden, out=g["narrow"])
        d_hidden = d5 @ p["narrow"]
        d_hidden *= hidden > 0.0
        np.matmul(d_hidden.T, x4, out=g["widen"])
        d3 = d5 + _back(d_hidden @ p["widen"], x3, s4)
        np.matmul(d3.T, attended, out=g["out"])
        d_attended = heads(d3 @ p["out"])
        d_weights = d_attended @ v.transpose(0, 2, 1)
        d_scores = weights * (d_weights - (d_weights * weights).sum(axis=-1, keepdims=True))
        d_scores *= 1 / math.sqrt(HEAD)
        d2 = np.zeros((count, gpt.WIDTH))
        parts = (
            ("query", d_scores @ k),
            ("key", d_scores.transpose(0, 2, 1) @ q),
            ("value", weights.transpose(0, 2, 1) @ d_attended),
        )
        for name, part in parts:
            flat = part.transpose(1, 0, 2).reshape(count, gpt.WIDTH)
            np.matmul(flat.T, x2, out=g[name])
            d2 += flat @ p[name]
        d1 = d3 + _back(d2, x1, s2)
        d0 = _back(d1, x0, s1)
        g["tokens"][:] = 0.0
        np.add.at(g["tokens"], self.before, d0)
        g["positions"][:] = 0.0
        g["positions"][:count] = d0
        return float(loss)

    def step(self) -> float:
        """One step of Adam."""
        loss = self.gradient()
        self.steps += 1
        self.means *= BETAS[0]
        self.means += (1.0 - BETAS[0]) * self.slopes
        self.squares *= BETAS[1]
        self.squares += (1.0 - BETAS[1]) * (self.slopes * self.slopes)
        scale = RATE / (1.0 - BETAS[0] ** self.steps)
        root = math.sqrt(1.0 - BETAS[1] ** self.steps)
        self.flat -= scale * self.means / (np.sqrt(self.squares) / root + EPSILON)
        return loss


def _normed(x: Any) -> tuple[Any, Any]:
    scale = (np.einsum("ij,ij->i", x, x)[:, None] * (1 / x.shape[1]) + 1e-5) ** -0.5
    return x * scale, scale


def _back(d: Any, x: Any, scale: Any) -> Any:
    """The gradient by what `_normed` was given."""
    along = np.einsum("ij,ij->i", d, x)[:, None]
    return d * scale - x * (scale**3 * along * (1 / x.shape[1]))


def results(*, quick: bool) -> list[Any]:
    """A step of both, after a look at whether they compute the same."""
    ours, model = chainrule_step()
    by_hand = ByHand()
    loss, other = ours(), by_hand.gradient()
    slopes = np.array([p.grad for p in model.parameters])
    if not (np.isclose(loss, other, rtol=1e-9) and np.allclose(slopes, by_hand.slopes, atol=1e-9)):
        raise SystemExit(f"not the same: {loss} and {other}")
    if sum(1 for _ in pairwise(TOKENS)) != 8:
        raise SystemExit("a document of 8 tokens was wanted")
    seconds = medians({"chainrule": ours, "NumPy by hand": by_hand.step})
    return [Result("character GPT, 8 tokens, Adam, a step", seconds, {"NumPy by hand": 0.5})]
