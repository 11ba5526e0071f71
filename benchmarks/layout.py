"""chainrule's own layout beside that of Graphviz: ``python benchmarks/layout.py``.

Five graphs, laid out by both in one run: how often the drawn curves cross, how
many edges run through a box that is not theirs, the size of the picture and the
median time. Then how the time grows with the graph. Without the program ``dot``
only chainrule's half is printed.
"""

import argparse
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import combinations, pairwise
from typing import NamedTuple

import nn
from autograd import Value
from autograd.errors import DotMissingError
from autograd.visual.graph.layout import Layout, dot_layout, layered_layout
from autograd.visual.graph.operand_order import are_ordered

Point = tuple[float, float]
Segment = tuple[Point, Point]


class Boxes(NamedTuple):
    """What is laid out."""

    sizes: list[tuple[float, float]]
    edges: list[tuple[int, int]]
    ordered: list[int]  # boxes whose operands must enter in order


LAYOUTS = {"chainrule": layered_layout, "dot": dot_layout}
SAMPLES = 16  # straight pieces that stand for one cubic
DOT_TAKES = 2_000  # values; beyond, its time grows to minutes
CELL = 40.0  # px of the grid in which neighbouring pieces are looked up


def textbook() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    return (x + y) * z


def sigmoid_network() -> Value:
    model = nn.MLP(2, [3, 1], activation="sigmoid", output="sigmoid", generator=0)
    return nn.squared_error(model([Value(0.5, "x0"), Value(-1.0, "x1")]), 1.0)


def neuron() -> Value:
    """One neuron with its tanh taken apart, as in the lecture on micrograd."""
    x1, x2, w1, w2, b = (Value(v) for v in (2.0, 0.0, -3.0, 1.0, 6.88))
    e = (2 * (x1 * w1 + x2 * w2 + b)).exp()
    return (e - 1) / (e + 1)


def mlp() -> Value:
    return nn.MLP(3, [4, 4, 1], activation="tanh", generator=0)([2.0, 3.0, -1.0])


def shared(count: int = 100) -> Value:
    """Random operations on earlier values: unbalanced, much shared."""
    choose = random.Random(1)
    values = [Value(choose.random()) for _ in range(12)]
    while len(values) < count:
        x, y = choose.choice(values[-20:]), choose.choice(values)
        values.append(choose.choice((x * y, x + y, x - y, x.tanh())))
    used = {parent for value in values for parent in value.parents}
    return sum((value for value in values if value not in used), Value(0.0))


def plain_losses(samples: int) -> Value:
    """Squared errors of an MLP(2, [4, 4, 1]) written out in products and sums."""
    draw = random.Random(0)
    layers = [
        [[Value(draw.gauss(0, 1)) for _ in range(inputs + 1)] for _ in range(outputs)]
        for inputs, outputs in ((2, 4), (4, 4), (4, 1))
    ]
    loss = Value(0.0)
    for _ in range(samples):
        x = [Value(draw.gauss(0, 1)) for _ in range(2)]
        for layer in layers:
            sums = [sum((w * v for w, v in zip(row, x, strict=False)), row[-1]) for row in layer]
            x = [total.tanh() for total in sums]
        loss += (x[0] - 1.0) ** 2
    return loss


GRAPHS: dict[str, Callable[[], Value]] = {
    "f = (x + y) * z": textbook,
    "2-3-1 sigmoid network, loss": sigmoid_network,
    "neuron, tanh decomposed": neuron,
    "MLP(3, [4, 4, 1])": mlp,
    "random, shared": shared,
}


def boxes_of(root: Value) -> Boxes:
    """Sizes as a picture would have them, the edges, and where their order matters."""
    order, seen, stack = [], set(), [root]
    while stack:
        value = stack.pop()
        if value not in seen:
            seen.add(value)
            order.append(value)
            stack.extend(reversed(value.parents))
    index = {value: position for position, value in enumerate(order)}
    sizes = [(44.0 + 6 * len(f"{value.data:.4g}"), 36.0) for value in order]
    edges = [(index[p], index[v]) for v in order for p in v.parents]
    return Boxes(sizes, edges, [index[v] for v in order if are_ordered(v)])


def polyline(route: Sequence[Point]) -> list[Point]:
    """Points on the curve."""
    points = [route[0]]
    for at in range(0, len(route) - 1, 3):
        a, b, c, d = route[at : at + 4]
        for step in range(1, SAMPLES + 1):
            t, s = step / SAMPLES, 1 - step / SAMPLES
            k = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
            points.append(
                (
                    k[0] * a[0] + k[1] * b[0] + k[2] * c[0] + k[3] * d[0],
                    k[0] * a[1] + k[1] * b[1] + k[2] * c[1] + k[3] * d[1],
                )
            )
    return points


def crossings(lines: Sequence[Sequence[Point]]) -> int:
    """Distinct points at which two curves cross; where edges run as one they count as one."""
    grid: dict[tuple[int, int], list[tuple[int, Segment]]] = defaultdict(list)
    for number, line in enumerate(lines):
        for segment in pairwise(line):
            for cell in cells(segment):
                grid[cell].append((number, segment))
    found = set()
    for entries in grid.values():
        for (one, first), (other, second) in combinations(entries, 2):
            point = None if one == other else meeting(first, second)
            if point:
                found.add((round(point[0]), round(point[1])))
    return len(found)


def cells(segment: Segment) -> Iterator[tuple[int, int]]:
    (x0, y0), (x1, y1) = segment
    for column in range(int(min(x0, x1) // CELL), int(max(x0, x1) // CELL) + 1):
        for row in range(int(min(y0, y1) // CELL), int(max(y0, y1) // CELL) + 1):
            yield column, row


def meeting(first: Segment, second: Segment) -> Point | None:
    """Where two segments cross inside both, or None."""
    (ax, ay), (bx, by) = first
    (cx, cy), (dx, dy) = second
    across = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if abs(across) < 1e-9:
        return None
    t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / across
    u = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / across
    if not (1e-6 < t < 1 - 1e-6 and 1e-6 < u < 1 - 1e-6):
        return None
    return ax + t * (bx - ax), ay + t * (by - ay)


def through_boxes(layout: Layout, boxes: Boxes, lines: Sequence[Sequence[Point]]) -> int:
    """Pairs of an edge and a box that is neither its tail nor its head, but on its way."""
    sizes, edges, _ = boxes
    return sum(
        any(abs(px - x) < w / 2 - 1 and abs(py - y) < h / 2 - 1 for px, py in line)
        for line, ends in zip(lines, edges, strict=True)
        for box, ((x, y), (w, h)) in enumerate(zip(layout.centres, sizes, strict=True))
        if box not in ends
    )


def timed(layout: Callable[..., Layout], boxes: Boxes, rounds: int) -> tuple[Layout, float]:
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        found = layout(boxes.sizes, boxes.edges, ordered=boxes.ordered)
        seconds.append(time.perf_counter() - started)
    return found, statistics.median(seconds)


def quality(rounds: int) -> None:
    print(f"{'graph':<32}{'layout':<11}crossings  through boxes  width x height     time")
    for name, build in GRAPHS.items():
        boxes = boxes_of(build())
        for layout_name, layout in LAYOUTS.items():
            try:
                found, seconds = timed(layout, boxes, rounds)
            except DotMissingError as error:
                print(f"{layout_name}: {error}")
                continue
            lines = [polyline(route) for route in found.routes]
            print(
                f"{f'{name}, {len(boxes.sizes)}':<32}{layout_name:<11}{crossings(lines):9}"
                f"{through_boxes(found, boxes, lines):15}"
                f"{found.width:9.0f} x {found.height:<4.0f}"
                f"{seconds * 1e3:6.1f} ms"
            )


def growth(sizes: Sequence[int]) -> None:
    """Time for losses of an MLP written out in plain operations, 72 values a sample."""
    for samples in sizes:
        boxes = boxes_of(plain_losses(samples))
        values = len(boxes.sizes)
        times = [f"chainrule {timed(layered_layout, boxes, 1)[1]:.3f} s"]
        if values <= DOT_TAKES:
            with suppress(DotMissingError):
                times.append(f"dot {timed(dot_layout, boxes, 1)[1]:.3f} s")
        print(f"{values:7} values, {len(boxes.edges):6} edges: {', '.join(times)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, nargs="*", default=[1, 4, 14, 140])
    options = parser.parse_args()
    quality(options.rounds)
    growth(options.samples)
