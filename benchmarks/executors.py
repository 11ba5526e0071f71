"""Training on workers, and when it pays: ``python benchmarks/executors.py``.

A step of `nn.fit` without an executor, and with pools of one and two processes (as many shards),
for networks and batches of several sizes; medians of the steps of an epoch.
"""

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import numpy as np

import nn

WORKS = (
    ("2-16-16-1", 2, [16, 16, 1], 100),
    ("64-32-10", 64, [32, 10], 256),
    ("64-128-10", 64, [128, 10], 1024),
    ("256-128-10", 256, [128, 10], 2048),
    ("64-256-256-10", 64, [256, 256, 10], 1024),
)
STEPS = 8


def step_seconds(inputs: int, sizes: list[int], batch: int, executor: Any, shards: int) -> float:
    """The median time of a step, after the first two."""
    random = np.random.default_rng(0)
    X = random.normal(size=(batch * STEPS, inputs)).tolist()
    classes = sizes[-1]
    y = random.integers(0, max(classes, 2), size=len(X)).tolist()
    model = nn.MLP(inputs, sizes, "tanh", init="xavier", generator=0)
    loss = nn.cross_entropy if classes > 1 else nn.binary_cross_entropy_with_logits
    optimizer = nn.SGD(model.parameters(), 0.01)
    times: list[float] = []
    step = optimizer.step

    def timed(*given: Any) -> None:
        step(*given)
        times.append(time.perf_counter())

    optimizer.step = timed  # type: ignore[method-assign]
    named: dict[str, Any] = {} if executor is None else {"executor": executor, "shards": shards}
    nn.fit(model, X, y, loss, optimizer, 2, batch, progress=False, **named)
    gaps = [after - before for before, after in pairwise(times[2:])]
    return statistics.median(gaps)


def main() -> None:
    """Print the table."""
    print("| network | batch | parameters | here | 1 process | 2 processes |")
    print("|---|---|---|---|---|---|")
    for name, inputs, sizes, batch in WORKS:
        widths = [inputs, *sizes]
        count = sum((a + 1) * b for a, b in zip(widths, sizes, strict=False))
        found = [step_seconds(inputs, sizes, batch, None, 1)]
        for workers in (1, 2):
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                found.append(step_seconds(inputs, sizes, batch, pool, workers))
        shown = " | ".join(f"{1e3 * seconds:.1f} ms" for seconds in found)
        print(f"| {name} | {batch:,} | {count:,} | {shown} |")


if __name__ == "__main__":
    main()
