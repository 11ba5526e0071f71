"""What NumPy costs on arrays of Values: ``python benchmarks/arrays.py``.

Each line is one call on 10,000 elements: Values, and for comparison plain integers
in an array of objects, for which NumPy's own loops stood before ours.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Value

COUNT = 10_000
CALLS: dict[str, Callable[[Any], Any]] = {
    "A * A": lambda a: a * a,
    "np.exp(A)": np.exp,
    "np.tanh(A)": np.tanh,
    "np.maximum(A, 0.0)": lambda a: np.maximum(a, 0.0),
    "np.max(A)": np.max,
    "autograd.tanh(A)": autograd.tanh,
}


def objects(elements: list[Any]) -> Any:
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array


def milliseconds(call: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(15):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return 1000.0 * statistics.median(seconds)


def main() -> None:
    print(f"NumPy {np.__version__}, engine {autograd.engine}, {COUNT:,} elements")
    values = objects([Value(i / COUNT - 0.5) for i in range(COUNT)])
    for name, call in CALLS.items():
        print(f"{name:30}{milliseconds(lambda call=call: call(values)):8.2f} ms")
    integers = objects(list(range(COUNT)))
    print(f"{'np.maximum(integers, 0)':30}{milliseconds(lambda: np.maximum(integers, 0)):8.2f} ms")


if __name__ == "__main__":
    main()
