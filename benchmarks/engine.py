"""What the compiled engine costs: ``python benchmarks/engine.py [--plot FILE]``.

Building an op beside the same loop on Python floats, backward and memory per
node on large graphs, a step of Adam over 4,192 parameters, and how the cost
grows with the size of the graph; the pure engine and micrograd 0.1.0 (the
extra ``peers``) in the same run, on smaller graphs.
"""

import argparse
import gc
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import micrograd.engine

import autograd
import autograd.value
import nn
from autograd import Value
from nn import updates

PAGE = 4096


def resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def product_loop(x: Any, y: Any, count: int) -> float:
    """Seconds for one ``x * y`` in a loop."""
    numbers = range(count)
    started = time.perf_counter()
    for _ in numbers:
        x * y
    return (time.perf_counter() - started) / count


ENGINES = {
    autograd.engine: Value,
    "pure": autograd.value.Value,
    "micrograd": micrograd.engine.Value,
}


def one_op(rounds: int, count: int) -> None:
    makers = {"Python floats": float, **ENGINES}
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, make in makers.items():
            few = count if name in ("Python floats", autograd.engine) else count // 10
            seconds[name].append(product_loop(make(1.5), make(2.0), few))
    base = statistics.median(seconds["Python floats"])
    print(f"one op, a * b in a loop of {count:,}")
    for name, times in seconds.items():
        cost = statistics.median(times)
        print(f"  {name:<14}{cost * 1e9:8.1f} ns   {cost / base:5.2f}x")
    print()


def chain(count: int, make: Any = Value) -> Any:
    """A graph of `count` multiplications, one after the other."""
    out, factor = make(1.0), make(1.0 + 1e-9)
    for _ in range(count):
        out = out * factor
    return out


def large_graph(nodes: int, rounds: int, name: str) -> None:
    gc.collect()
    before = resident()
    out = chain(nodes, ENGINES[name])
    size = (resident() - before) / nodes
    out.backward()  # the first pass also fetches the memory for the order
    seconds = [timed(out.backward) / nodes for _ in range(rounds)]
    started = time.perf_counter()
    del out
    freeing = (time.perf_counter() - started) / nodes
    print(f"{name}: a chain of {nodes:,} multiplications")
    print(f"  memory   {size:7.1f} bytes a node")
    print(f"  backward {statistics.median(seconds) * 1e9:7.1f} ns a node")
    print(f"  freeing  {freeing * 1e9:7.1f} ns a node\n")


def adam(parameters: int, rounds: int) -> None:
    draw = random.Random(0)
    values = [Value(draw.gauss(0, 1)) for _ in range(parameters)]
    for value in values:
        value.grad = draw.gauss(0, 1)
    optimizer = nn.Adam(values)
    seconds = [timed(optimizer.step) for _ in range(rounds)]
    print(f"Adam over {parameters:,} parameters")
    print(f"  {autograd.engine:<9}{statistics.median(seconds) * 1e6:9.1f} us a step")
    compiled, updates._compiled = updates._compiled, None
    seconds = [timed(optimizer.step) for _ in range(20)]
    updates._compiled = compiled
    print(f"  formulas {statistics.median(seconds) * 1e6:9.1f} us a step, in Python\n")


def growth(largest: int, rounds: int) -> list[tuple[int, float, float, float]]:
    print("cost against size, ns a node")
    print("       nodes     build  backward      free")
    rows = []
    for exponent in range(3, largest + 1):
        nodes = 10**exponent
        builds, backwards, frees = [], [], []
        for _ in range(max(3, min(rounds, 10**6 // nodes))):
            gc.collect()
            started = time.perf_counter()
            out = chain(nodes)
            builds.append((time.perf_counter() - started) / nodes)
            out.backward()
            backwards.append(timed(out.backward) / nodes)
            started = time.perf_counter()
            del out
            frees.append((time.perf_counter() - started) / nodes)
        row = [statistics.median(times) * 1e9 for times in (builds, backwards, frees)]
        print(f"  {nodes:>10,}  {row[0]:8.1f}  {row[1]:8.1f}  {row[2]:8.1f}")
        rows.append((nodes, *row))
    return rows


def plot(rows: list[tuple[int, float, float, float]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    sizes = [row[0] for row in rows]
    for column, name in enumerate(("build", "backward", "free"), start=1):
        axes.plot(sizes, [row[column] for row in rows], marker="o", label=name)
    axes.set(xscale="log", xlabel="nodes in the graph", ylabel="ns a node")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{autograd.engine} engine: cost a node against the size of the graph")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--loop", type=int, default=500_000)
    parser.add_argument("--nodes", type=int, default=5_000_000)
    parser.add_argument("--largest", type=int, default=7, help="the largest power of ten")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, engine {autograd.engine}\n")
    sys.setrecursionlimit(1_000_000)  # micrograd sorts recursively
    one_op(options.rounds, options.loop)
    large_graph(options.nodes, options.rounds, autograd.engine)
    if autograd.engine != "pure":
        large_graph(options.nodes // 10, 3, "pure")
    large_graph(options.nodes // 100, 3, "micrograd")
    adam(4192, 20 * options.rounds)
    rows = growth(options.largest, options.rounds)
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
