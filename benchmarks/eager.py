"""The engine against micrograd, both in one run: ``python benchmarks/eager.py``.

Needs the extra ``peers`` (micrograd 0.1.0). Blocks of steps alternate, the
figures are medians, and garbage left by one is collected before the other
starts. Take the ratios, not the times.
"""

import argparse
import gc
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import micrograd.engine
import micrograd.nn

import autograd
import nn

SAMPLES, SIZES, ALPHA = 100, [16, 16, 1], 1e-4
CONTENDERS = ("micrograd", "micrograd's nn on chainrule's Value", "chainrule")
BLOCK = 5  # steps that one contender takes in a row, as in training


def moons_step(model: Any, to_input: Callable[[float], Any], X: Any, y: Any, rate: float) -> float:
    """One full-batch step on hinge loss with L2, as in micrograd's demo; returns the loss."""
    scores = [model([to_input(x) for x in row]) for row in X]
    losses = [(1 + -target * score).relu() for target, score in zip(y, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    loss = data_loss + ALPHA * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for parameter in model.parameters():
        parameter.data -= rate * parameter.grad
    return float(loss.data)


def copy_weights(source: Any, target: Any) -> None:
    for theirs, ours in zip(source.parameters(), target.parameters(), strict=True):
        ours.data = theirs.data


def models() -> dict[str, tuple[Any, Callable[[float], Any]]]:
    """The same network three times, with the same weights."""
    random.seed(1337)
    theirs = micrograd.nn.MLP(2, SIZES)
    ours = nn.MLP(2, SIZES)
    copy_weights(theirs, ours)
    # micrograd's own network code on chainrule's Value: the change of one import.
    micrograd.nn.Value = autograd.Value
    dropped_in = micrograd.nn.MLP(2, SIZES)
    micrograd.nn.Value = micrograd.engine.Value
    copy_weights(theirs, dropped_in)
    pairs = (theirs, micrograd.engine.Value), (dropped_in, autograd.Value), (ours, float)
    return dict(zip(CONTENDERS, pairs, strict=True))


def pure_engine(steps: int) -> tuple[float, list[float]]:
    """The same on the pure engine, in a process of its own."""
    command = [sys.executable, __file__, "--work", "--steps", str(steps)]
    environment = {**os.environ, "AUTOGRAD_PURE": "1"}
    output = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout
    seconds, losses = json.loads(output)
    return seconds, losses


def two_moons(
    steps: int, names: Sequence[str] = CONTENDERS
) -> dict[str, tuple[float, list[float]]]:
    """Median seconds a step, and the losses, of each contender."""
    X, labels = nn.data.moons(SAMPLES, noise=0.1, seed=1)
    y = [2 * label - 1 for label in labels]
    contenders = {name: model for name, model in models().items() if name in names}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    losses: dict[str, list[float]] = {name: [] for name in contenders}
    for block in range(0, steps, BLOCK):
        for name, (model, to_input) in contenders.items():
            gc.collect()
            for step in range(block, min(steps, block + BLOCK)):
                rate = 1.0 - 0.9 * step / 100
                started = time.perf_counter()
                losses[name].append(moons_step(model, to_input, X, y, rate))
                seconds[name].append(time.perf_counter() - started)
    return {name: (statistics.median(seconds[name]), losses[name]) for name in contenders}


def plain_op(make: Callable[[float], Any], chain: int) -> float:
    """Seconds for one ``x * y`` forward and backward, in a chain of them."""
    gc.collect()
    started = time.perf_counter()
    out, factor = make(1.0), make(1.0001)
    for _ in range(chain):
        out = out * factor
    out.backward()
    return (time.perf_counter() - started) / chain


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--work", action="store_true", help="only chainrule's network, as JSON")
    options = parser.parse_args()
    if options.work:
        print(json.dumps(two_moons(options.steps, ["chainrule"])["chainrule"]))
        return
    print(f"Python {platform.python_version()}, engine {autograd.engine}\n")
    sys.setrecursionlimit(100_000)  # micrograd sorts recursively

    results = two_moons(options.steps)
    results["chainrule, pure engine"] = pure_engine(options.steps)
    base = results["micrograd"][0]
    print("two moons, MLP(2, [16, 16, 1]), 100 samples, hinge + L2, one full-batch step")
    for name, (seconds, _) in results.items():
        print(f"  {name:<37} {seconds * 1e3:9.2f} ms   {base / seconds:7.1f}x")
    print("losses per step")
    for step, losses in enumerate(zip(*(result[1] for result in results.values()), strict=True)):
        print(f"  {step:>3}  " + "  ".join(f"{loss:.12f}" for loss in losses))
    all_losses = [result[1] for result in results.values()]
    worst = max(abs(a - b) / abs(a) for other in all_losses[1:]
                for a, b in zip(all_losses[0], other, strict=True))  # fmt: skip
    print(f"  largest relative difference to micrograd {worst:.1e} (its own order of adding up")
    print("  depends on where objects lie in memory)")
    same = results["chainrule"][1] == results["chainrule, pure engine"][1]
    print(f"  chainrule's two engines agree to the last bit: {same}\n")

    makers = {"micrograd": micrograd.engine.Value, "chainrule": autograd.Value}
    rounds: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(15):
        for name, make in makers.items():
            rounds[name].append(plain_op(make, 2000))
    medians = {name: statistics.median(times) for name, times in rounds.items()}
    print("one op (x * y in a chain of 2,000), forward + backward")
    for name, seconds in medians.items():
        ratio = medians["micrograd"] / seconds
        print(f"  {name:<37} {seconds * 1e6:9.2f} us   {ratio:7.1f}x")


if __name__ == "__main__":
    main()
