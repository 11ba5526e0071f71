"""What derivatives of functions cost: `value_and_grad` and `hvp` beside the function itself.

python benchmarks/functional.py
"""

import argparse
import itertools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import grad, hvp, value_and_grad


def rosenbrock(x: Sequence[Any]) -> Any:
    """Rosenbrock's valley: 7 operations for each input."""
    total = 0.0
    for a, b in itertools.pairwise(x):
        total += 100.0 * (b - a * a) ** 2.0 + (1.0 - a) ** 2.0
    return total


def network(x: Sequence[Any]) -> Any:
    """A chain of tanh and products: 3 operations for each input."""
    out = 0.5
    for a in x:
        out = autograd.tanh(a * out + 0.1)
    return out


def median_seconds(functions: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """The median time of each, called in turns so that noise meets them alike."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, own in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in times]


def row(function: Callable[..., Any], n: int, rounds: int) -> str:
    numbers = [math.sin(i) for i in range(n)]
    ones = [1.0] * n
    plain, recorded, both, gradient, product = median_seconds(
        [
            lambda: function(numbers),
            lambda: function([autograd.Value(x) for x in numbers]),
            lambda: value_and_grad(function)(numbers),
            lambda: grad(function)(numbers),
            lambda: hvp(function, (numbers,), (ones,)),
        ],
        rounds,
    )
    return (
        f"{function.__name__:>10} {n:>8,} {plain * 1e9 / n:>11.0f} {recorded * 1e9 / n:>11.0f}"
        f" {both * 1e9 / n:>15.0f} {both / plain:>7.1f} {both / recorded:>7.2f}"
        f" {product * 1e9 / n:>9.0f} {product / gradient:>9.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=100_000, help="inputs of the largest function")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    print(f"engine: {autograd.engine}; ns for each input, medians of {options.rounds}")
    print(
        f"{'function':>10} {'inputs':>8} {'on numbers':>11} {'on Values':>11}"
        f" {'value_and_grad':>15} {'/num':>7} {'/Val':>7} {'hvp':>9} {'hvp/grad':>9}"
    )
    for function in (rosenbrock, network):
        n = 10
        while n <= options.most:
            print(row(function, n, options.rounds if n > 1000 else 20 * options.rounds))
            n *= 10


if __name__ == "__main__":
    main()
