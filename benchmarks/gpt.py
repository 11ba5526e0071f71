"""A character GPT on plain Values: ``python benchmarks/gpt.py``.

The network of Karpathy's microgpt (16 wide, one layer of 4-head causal
attention, RMSNorm, a ReLU MLP, 4,192 parameters, Adam), written scalar by
scalar: every product and every sum is a node. Its text are the identifiers of
Python's standard library, so nothing is downloaded. The same script runs on
the compiled engine, on the pure one, and on micrograd with exp and log added,
each in a process of its own; rounds alternate and the figures are medians.
"""

import argparse
import ast
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import sysconfig
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

WIDTH, HEADS, BLOCK = 16, 4, 16
LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = len(LETTERS)  # the token that starts and ends a name
CONTENDERS = ("compiled", "pure", "micrograd")


def identifiers(most: int = 2000) -> list[str]:
    """Lower-case names of functions, arguments and variables in the standard library."""
    names: set[str] = set()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
        names.update(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        if len(names) > 20 * most:
            break
    kept = sorted(name for name in names if re.fullmatch(f"[a-z]{{4,{BLOCK - 1}}}", name))
    random.Random(0).shuffle(kept)
    return kept[:most]


class GPT:
    """The network; `value` makes a parameter."""

    def __init__(self, value: Any, seed: int = 42) -> None:
        draw = random.Random(seed)

        def matrix(rows: int, columns: int, deviation: float = 0.08) -> list[list[Any]]:
            return [[value(draw.gauss(0, deviation)) for _ in range(columns)] for _ in range(rows)]

        vocabulary = len(LETTERS) + 1
        self.tokens = matrix(vocabulary, WIDTH)
        self.positions = matrix(BLOCK, WIDTH)
        self.query, self.key = matrix(WIDTH, WIDTH), matrix(WIDTH, WIDTH)
        self.value, self.out = matrix(WIDTH, WIDTH), matrix(WIDTH, WIDTH)
        self.widen, self.narrow = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
        self.head = matrix(vocabulary, WIDTH)
        self.parameters = [w for m in vars(self).values() for row in m for w in row]

    def logits(self, token: int, position: int, keys: list[Any], values: list[Any]) -> list[Any]:
        x = [a + b for a, b in zip(self.tokens[token], self.positions[position], strict=True)]
        x = normed(x)
        before = x
        x = normed(x)
        query = linear(x, self.query)
        keys.append(linear(x, self.key))
        values.append(linear(x, self.value))
        attended = []
        size = WIDTH // HEADS
        for start in range(0, WIDTH, size):
            part = slice(start, start + size)
            q = query[part]
            scores = [inner(q, k[part]) * (1 / math.sqrt(size)) for k in keys]
            weights = softmax(scores)
            attended += [
                inner(weights, [v[start + column] for v in values]) for column in range(size)
            ]
        x = [a + b for a, b in zip(linear(attended, self.out), before, strict=True)]
        before = x
        hidden = [h.relu() for h in linear(normed(x), self.widen)]
        x = [a + b for a, b in zip(linear(hidden, self.narrow), before, strict=True)]
        return linear(x, self.head)

    def loss(self, name: str) -> Any:
        tokens = [END, *(LETTERS.index(letter) for letter in name), END]
        keys: list[Any] = []
        values: list[Any] = []
        losses = []
        for position, (token, target) in enumerate(pairwise(tokens)):
            probabilities = softmax(self.logits(token, position, keys, values))
            losses.append(-probabilities[target].log())
        return sum(losses) * (1 / len(losses))


def inner(x: list[Any], y: list[Any]) -> Any:
    return sum(a * b for a, b in zip(x, y, strict=True))


def linear(x: list[Any], weights: list[list[Any]]) -> list[Any]:
    return [inner(row, x) for row in weights]


def normed(x: list[Any]) -> list[Any]:
    scale = (inner(x, x) * (1 / len(x)) + 1e-5) ** -0.5
    return [a * scale for a in x]


def softmax(scores: list[Any]) -> list[Any]:
    largest = max(score.data for score in scores)
    weights = [(score - largest).exp() for score in scores]
    total = sum(weights)
    return [weight / total for weight in weights]


def micrograd_value() -> Any:
    """micrograd's Value with exp and log, in micrograd's own style."""
    from micrograd.engine import Value

    def exp(self: Any) -> Any:
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward() -> None:
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self: Any) -> Any:
        out = Value(math.log(self.data), (self,), "log")

        def _backward() -> None:
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    Value.exp, Value.log = exp, log
    sys.setrecursionlimit(1_000_000)  # it sorts recursively
    return Value


class PlainAdam:
    """Adam for micrograd's parameters, by the same formula."""

    def __init__(self, parameters: list[Any], rate: float) -> None:
        self.parameters, self.rate = parameters, rate
        self.means, self.squares = [0.0] * len(parameters), [0.0] * len(parameters)
        self.steps = 0

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        self.steps += 1
        correction, root = 1 - 0.9**self.steps, math.sqrt(1 - 0.999**self.steps)
        for i, p in enumerate(self.parameters):
            self.means[i] = 0.9 * self.means[i] + (1 - 0.9) * p.grad
            self.squares[i] = 0.999 * self.squares[i] + (1 - 0.999) * p.grad * p.grad
            scale = math.sqrt(self.squares[i]) / root + 1e-8
            p.data -= self.rate / correction * self.means[i] / scale


def work(contender: str, steps: int) -> None:
    """Train for some steps; print seconds and losses as JSON."""
    if contender == "micrograd":
        model = GPT(micrograd_value())
        optimizer: Any = PlainAdam(model.parameters, 0.01)
        nodes = None
    else:
        import autograd
        import nn

        if autograd.engine != contender:
            raise SystemExit(f"the {contender} engine is not here: it is {autograd.engine}")
        model = GPT(autograd.Value)
        optimizer = nn.Adam(model.parameters, 0.01)
        nodes = len(autograd.topological_order(model.loss("setdefault")))
    names = identifiers()
    seconds, losses = [], []
    for step in range(steps):
        started = time.perf_counter()
        loss = model.loss(names[step % len(names)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
        del loss
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": seconds, "losses": losses, "nodes": nodes}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", choices=CONTENDERS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.steps)
        return
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in range(options.rounds):
        for name in CONTENDERS:
            environment = {**os.environ, "AUTOGRAD_PURE": "1" if name == "pure" else "0"}
            command = [sys.executable, __file__, "--work", name, "--steps", str(options.steps)]
            output = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            ).stdout
            results[name].append(json.loads(output))
    nodes = results["compiled"][0]["nodes"]
    print(f"character GPT, 4,192 parameters, one name a step; 'setdefault': {nodes:,} nodes")
    medians = {
        name: statistics.median(s for run in results[name] for s in run["seconds"])
        for name in CONTENDERS
    }
    for name, median in medians.items():
        ratio = median / medians["compiled"]
        print(f"  {name:<10} {median * 1e3:9.2f} ms a step   {ratio:7.1f}x the compiled engine's")
    losses = {name: results[name][0]["losses"] for name in CONTENDERS}
    print(f"losses: first {losses['compiled'][0]:.12f}, last {losses['compiled'][-1]:.12f}")
    same = losses["compiled"] == losses["pure"]
    print(f"  compiled and pure agree to the last bit: {same}")
    worst = max(
        abs(a - b) / abs(a) for a, b in zip(losses["pure"], losses["micrograd"], strict=True)
    )
    print(f"  largest relative difference to micrograd: {worst:.1e}")


if __name__ == "__main__":
    main()
