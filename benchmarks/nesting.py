"""What a transform inside another computation costs: ``python benchmarks/nesting.py``.

The gradient of a small function of a Value against the length of that Value's
history; a force from a potential in every step of an integration, beside
PyTorch where that is installed; and two published problems in all four
nestings of forward and reverse mode. ``--most`` bounds the history.
"""

import argparse
import importlib.util
import math
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import autograd
from autograd import Value, grad, gradient, hypot, jvp, norm

Transform = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]


# --- two published problems --------------------------------------------------------------------
# Pearlmutter & Siskind, 2008, *Using programming language theory to make automatic
# differentiation sound and efficient*; the suite GradBench has them as `saddle` and `particle`.


def forward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As `grad` for a vector, by forward mode: the change along one axis after the other."""

    def gradient_of(x: Sequence[Any]) -> list[Any]:
        axes = [[float(i == j) for j in range(len(x))] for i in range(len(x))]
        return [jvp(f, (x,), (axis,))[1] for axis in axes]

    return gradient_of


def argmin(
    f: Callable[[Any], Any], x: Sequence[Any], gradient_of: Transform, rate: float = 1e-5
) -> Sequence[Any]:
    """Where f is least: gradient descent, at double the rate after ten steps down, else at half."""
    height, slope, steps_down = f(x), gradient_of(f)(x), 0
    while norm(slope) > 1e-5:
        if steps_down == 10:
            rate, steps_down = 2.0 * rate, 0
        step = [-rate * s for s in slope]
        if norm(step) <= 1e-5:
            break
        there = [a + s for a, s in zip(x, step, strict=True)]
        if (height_there := f(there)) < height:
            x, height, slope = there, height_there, gradient_of(f)(there)
            steps_down += 1
        else:
            rate, steps_down = 0.5 * rate, 0
    return x


def saddle(outer: Transform, inner: Transform, rate: float = 1e-5) -> list[float]:
    """The x and y of the least, over x, of the greatest, over y, of |x|² - |y|²: all are 0."""

    def f(x: Sequence[Any], y: Sequence[Any]) -> Any:
        return (x[0] ** 2 + x[1] ** 2) - (y[0] ** 2 + y[1] ** 2)

    def argmax(x: Sequence[Any], gradient_of: Transform) -> Sequence[Any]:
        return argmin(lambda y: -f(x, y), [1.0, 1.0], gradient_of, rate)

    x = argmin(lambda x: f(x, argmax(x, inner)), [1.0, 1.0], outer, rate)
    return [*x, *argmax(x, outer)]


def landing(w: Any, gradient_of: Transform) -> Any:
    """Where a particle that two charges, at (10, 10 - w) and (10, 0), accelerate meets the axis."""

    def potential(x: Sequence[Any]) -> Any:
        return 1.0 / hypot(x[0] - 10.0, x[1] - (10.0 - w)) + 1.0 / hypot(x[0] - 10.0, x[1])

    x, v = [0.0, 8.0], [0.75, 0.0]
    while x[1] + 0.1 * v[1] > 0.0:  # Euler's method
        slope = gradient_of(potential)(x)
        x = [a + 0.1 * b for a, b in zip(x, v, strict=True)]
        v = [b - 0.1 * s for b, s in zip(v, slope, strict=True)]
    return x[0] - x[1] / v[1] * v[0]


def particle(outer: Transform, inner: Transform) -> float:
    """The w for which the particle passes through the origin."""
    [w] = argmin(lambda w: landing(w[0], inner) ** 2, [0.0], outer)
    return w


NESTINGS = {
    "forward over forward": (forward, forward),
    "forward over reverse": (forward, grad),
    "reverse over forward": (grad, forward),
    "reverse over reverse": (grad, grad),
}


# --- what is measured --------------------------------------------------------------------------


def median_seconds(work: Callable[[], Any], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def small_gradients(most: int) -> None:
    print("a gradient of x * x, in microseconds, against the history of x")
    columns = ("grad", "captured", "jvp", "gradient by x", "again")
    print(f"{'history':>12}" + "".join(f"{column:>15}" for column in columns))
    x, length = Value(1.0), 100
    while length <= most:
        x = Value(1.0)
        for _ in range(length):
            x = x * 1.0000001
        microseconds = [
            1e6 * median_seconds(work, rounds)
            for work, rounds in (
                (lambda x=x: grad(lambda t: t * t)(x), 101),
                (lambda x=x: grad(lambda t: t * x)(2.0), 101),
                (lambda x=x: jvp(lambda t: t * t, (x,), (1.0,)), 101),
                (lambda x=x: gradient(x * x, x, create_graph=True), 1),
                (lambda x=x: gradient(x * x, x, create_graph=True), 101),
            )
        ]
        print(f"{length:>12,}" + "".join(f"{time:>15.1f}" for time in microseconds))
        length *= 10


def potential(x: Any) -> Any:
    return 0.25 * x**4 - 0.5 * x * x


def motion(steps: int) -> float:
    """How the end of a motion in a double well depends on its start: the force is a gradient."""
    start = Value(0.3)
    x, v = start, Value(0.0)
    for _ in range(steps):
        v = v - 0.01 * grad(potential)(x)
        x = x + 0.01 * v
    x.backward()
    return start.grad


def torch_motion(steps: int) -> float:
    import torch

    start = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    x, v = start, torch.tensor(0.0, dtype=torch.float64)
    for _ in range(steps):
        (slope,) = torch.autograd.grad(potential(x), x, create_graph=True)
        v = v - 0.01 * slope
        x = x + 0.01 * v
    x.backward()
    return start.grad.item()


def motions(most: int) -> None:
    programs = {"chainrule": motion}
    if importlib.util.find_spec("torch"):
        programs["PyTorch"] = torch_motion
    print("a force from a potential in every step, and backward through all: ms, ms a step")
    print(f"{'steps':>12}" + "".join(f"{name:>20}" for name in programs))
    steps = 40
    while steps <= most:
        milliseconds, results = [], []
        for program in programs.values():
            results.append(program(steps))
            milliseconds.append(1e3 * median_seconds(partial(program, steps), 5))
        if not all(math.isclose(result, results[0], rel_tol=1e-9) for result in results):
            raise ArithmeticError(f"the programs disagree: {results}")
        print(f"{steps:>12}" + "".join(f"{ms:>12.1f}{ms / steps:>8.3f}" for ms in milliseconds))
        steps *= 2


def problems() -> None:
    print("saddle: the published descents end at 8.246324826140356e-06")
    for name, modes in NESTINGS.items():
        started = time.perf_counter()
        found = saddle(*modes)
        seconds = time.perf_counter() - started
        print(f"  {name}  {seconds:8.2f} s  {max(found)!r}")
    print("particle: the published descent ends at 0.207191874648611")
    for name, modes in NESTINGS.items():
        started = time.perf_counter()
        w = particle(*modes)
        print(f"  {name}  {time.perf_counter() - started:8.2f} s  {w!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=1_000_000, help="the longest history")
    parser.add_argument("--steps", type=int, default=640, help="the longest motion")
    options = parser.parse_args()
    print(f"engine: {autograd.engine}")
    small_gradients(options.most)
    motions(options.steps)
    problems()


if __name__ == "__main__":
    main()
