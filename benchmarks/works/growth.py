"""How a replay grows with the batch, the width and the depth of a network, and its FLOPs."""

import statistics
import time
from typing import Any

import numpy as np

import autograd
import nn


def seconds_of(inputs: int, sizes: list[int], batch: int) -> tuple[float, int, int]:
    """The median seconds of a batch with its gradient; parameters; results of the tape."""
    model = nn.MLP(inputs, sizes, activation="relu", init="xavier", generator=0)
    program = autograd.compile(lambda x, y: nn.squared_error(model(x), y))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(batch, inputs)), rng.normal(size=batch)
    program.batch_backward(X, y)
    times = []
    for _ in range(60):
        started = time.perf_counter()
        program.batch_backward(X, y)
        times.append(time.perf_counter() - started)
    tape = program.tape.after
    return statistics.median(times), len(model.parameters()), tape.slots - tape.first_result


def peak_flops() -> float:
    """FLOPs a second of a product of matrices in NumPy, on one thread: the best it does here."""
    a = np.random.default_rng(0).normal(size=(512, 512))
    best = 1.0
    for _ in range(20):
        started = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - started)
    return 2.0 * 512**3 / best


def results(*, quick: bool) -> list[Any]:
    """One line for each size."""
    peak = peak_flops()
    lines = [f"growth: a batch with its gradient; peak {peak / 1e9:.0f} GFLOP/s, as NumPy's matmul"]
    sizes = [(2, [16, 16, 1], batch) for batch in (1, 10, 100, 1000)]
    sizes += [(64, [width, 1], 64) for width in (16, 64, 256)]
    sizes += [(16, [16] * depth + [1], 64) for depth in (1, 4, 16)]
    for inputs, layers, batch in sizes:
        seconds, parameters, slots = seconds_of(inputs, layers, batch)
        flops = 6.0 * parameters * batch / seconds
        shape = (
            "-".join(map(str, (inputs, *layers)))
            if len(layers) < 6
            else (f"{inputs}-{len(layers) - 1}x{layers[0]}-1")
        )
        lines.append(
            f"  {shape:<14} batch {batch:>5}: {seconds * 1e6:9.1f} us, "
            f"{seconds * 1e9 / (slots * batch):7.2f} ns per result and row, "
            f"{flops / peak:6.1%} of the peak"
        )
    return ["\n".join(lines)]
