"""Where the ranks and their nodes stand, and how the edges run: the second half of the layout.

Ranks follow one another *along* the direction of the edges; nodes of a rank stand one
after another *across* it. Read left to right, along is x and across is y.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from autograd.visual.graph.layering import Layering, places

RANK_GAP = 36.0  # px between neighbouring ranks
LABEL_GAP = 20.0  # px between a rank of labels and a rank of boxes
MOST_GAP = 80.0  # px between them where edges are steep
NODE_GAP = 16.0  # px between two boxes of a rank
WIRE_GAP = 10.0  # px between two bends of a rank
PORT_GAP = 12.0  # px between the ends of two edges at one box
STEEPEST = 3.0  # px across for each px along, of an edge between two ranks
PASSES = 12
SHORTEST = 1.0  # px of a straight line: an arrowhead takes its direction from the last one

Point = tuple[float, float]
STRAIGHT, BENT, WIRE = 1.0, 3.0, 8.0  # weights of links with no, one and two bends


@dataclass
class Extent:
    """How far a node reaches from the edge through it."""

    along: float  # in total
    left: float  # towards the smaller across
    right: float


def placed_across(layering: Layering, extents: Sequence[Extent]) -> tuple[list[float], float]:
    """The position across of each node, near its neighbours, and what all take together.

    Each pass moves the nodes of one rank to the weighted least-squares fit to their
    neighbours' positions that keeps order and gaps (pool adjacent violators).
    """
    across = [0.0] * len(extents)
    offsets = [_offsets(layering, row, extents) for row in layering.order]
    for row, steps in zip(layering.order, offsets, strict=True):
        for node, step in zip(row, steps, strict=True):
            across[node] = step - steps[-1] / 2
    before = _weighted(layering, layering.before)
    after = _weighted(layering, layering.after)
    both = [one + other for one, other in zip(before, after, strict=True)]
    ranks = list(zip(layering.order, offsets, strict=True))
    for number in range(PASSES):
        settling = number >= PASSES - 4
        neighbours = both if settling else after if number % 2 == 0 else before
        for row, steps in reversed(ranks) if number % 2 == 0 else ranks:
            _fit(row, steps, neighbours, across)
    _straighten(layering, offsets, across)
    low = min(at - extent.left for at, extent in zip(across, extents, strict=True))
    high = max(at + extent.right for at, extent in zip(across, extents, strict=True))
    return [at - low for at in across], high - low


def _offsets(layering: Layering, row: Sequence[int], extents: Sequence[Extent]) -> list[float]:
    """The least distance of each node of a rank from the first."""
    steps = [0.0]
    for one, other in pairwise(row):
        wires = one >= layering.boxes and other >= layering.boxes
        gap = WIRE_GAP if wires else NODE_GAP
        steps.append(steps[-1] + extents[one].right + gap + extents[other].left)
    return steps


def _weighted(layering: Layering, neighbours: list[list[int]]) -> list[list[tuple[int, float]]]:
    weights = (STRAIGHT, BENT, WIRE)
    boxes = layering.boxes
    return [
        [(other, weights[(node >= boxes) + (other >= boxes)]) for other in linked]
        for node, linked in enumerate(neighbours)
    ]


def _fit(
    row: list[int],
    steps: list[float],
    neighbours: list[list[tuple[int, float]]],
    across: list[float],
) -> None:
    blocks: list[tuple[float, float, int]] = []  # weighted sum, weight, number of nodes
    for node, step in zip(row, steps, strict=True):
        total = weight = 0.0
        for other, strength in neighbours[node]:
            total += strength * across[other]
            weight += strength
        if not weight:
            total, weight = 1e-3 * across[node], 1e-3
        total -= weight * step
        size = 1
        while blocks and blocks[-1][0] * weight >= total * blocks[-1][1]:
            earlier_total, earlier_weight, earlier_size = blocks.pop()
            total += earlier_total
            weight += earlier_weight
            size += earlier_size
        blocks.append((total, weight, size))
    position = 0
    for total, weight, size in blocks:
        base = total / weight
        for index in range(position, position + size):
            across[row[index]] = base + steps[index]
        position += size


def _straighten(
    layering: Layering, offsets: Sequence[Sequence[float]], across: list[float]
) -> None:
    """Put the bends of each trunk on as few levels as the room between their neighbours allows."""
    place = places(layering, layering.order)

    def room(node: int) -> tuple[float, float]:
        rank, position = layering.rank[node], place[node]
        row, steps = layering.order[rank], offsets[rank]
        low, high = -math.inf, math.inf
        if position > 0:
            low = across[row[position - 1]] + steps[position] - steps[position - 1]
        if position + 1 < len(row):
            high = across[row[position + 1]] - steps[position + 1] + steps[position]
        return low, high

    for trunk in layering.trunks:
        run: list[int] = []
        low, high = -math.inf, math.inf
        for node in trunk[1:]:
            least, most = room(node)
            if max(low, least) > min(high, most):
                _level(run, low, high, across)
                run, low, high = [], -math.inf, math.inf
            run.append(node)
            low, high = max(low, least), min(high, most)
        _level(run, low, high, across)


def _level(run: list[int], low: float, high: float, across: list[float]) -> None:
    """Put all bends of `run` at their mean, or as near to it as the room allows."""
    if run:
        mean = sum([across[node] for node in run]) / len(run)
        level = min(max(mean, low), high)
        for node in run:
            across[node] = level


def rank_spans(
    layering: Layering, extents: Sequence[Extent], across: Sequence[float]
) -> list[tuple[float, float]]:
    """Where along each rank starts and ends: as long as its longest node."""
    labelled = any(path.label is not None for path in layering.paths)
    least = LABEL_GAP if labelled else RANK_GAP
    spans: list[tuple[float, float]] = []
    for row in layering.order:
        start = 0.0
        if spans:
            rise = max(
                abs(across[low] - across[node]) for node in row for low in layering.before[node]
            )
            start = spans[-1][1] + max(least, min(rise / STEEPEST, MOST_GAP))
        spans.append((start, start + max(extents[node].along for node in row)))
    return spans


def placed_along(
    layering: Layering, extents: Sequence[Extent], spans: Sequence[tuple[float, float]]
) -> list[float]:
    """The position along of each node: leaves at the end of their rank, others in its middle."""
    along = []
    for rank, lowers, extent in zip(layering.rank, layering.before, extents, strict=True):
        start, end = spans[rank]
        along.append((start + end) / 2 if lowers else end - extent.along / 2)
    return along


class Router:
    """Draws each edge as cubic Bezier curves between the ranks and straight lines across them.

    All curves between two ranks begin and end together, so that they cross only
    where the order says so, and none can touch a box.
    """

    def __init__(
        self,
        layering: Layering,
        extents: Sequence[Extent],
        spans: Sequence[tuple[float, float]],
        along: Sequence[float],
        across: Sequence[float],
    ) -> None:
        self.layering = layering
        self.extents = extents
        self.spans = spans
        self.along = along
        self.across = across
        self.trunks = [self._trunk(trunk) for trunk in layering.trunks]
        self.ports = self._ports()

    def route(self, number: int) -> list[Point]:
        """The edge with this number: points start, control, control, end, control, ..."""
        trunk, bends, label, head, _ = self.layering.paths[number]
        points, reached = self.trunks[trunk]
        points = points[: reached[bends]]
        if label is not None:
            self._continue(points, label, self.across[label])
        self._continue(points, head, self.ports[number])
        end = self.along[head] - self.extents[head].along / 2
        _straight(points, end)
        points[-1] = (end, points[-1][1])
        return points

    def _trunk(self, trunk: list[int]) -> tuple[list[Point], list[int]]:
        """The points of a whole trunk, and how many of them it takes to reach each bend."""
        box, *bends = trunk
        start = self.along[box] + self.extents[box].along / 2
        points, reached = [(start, self.across[box])], [1]
        for bend in bends:
            self._continue(points, bend, self.across[bend])
            reached.append(len(points))
        return points, reached

    def _continue(self, points: list[Point], node: int, there: float) -> None:
        """Lead the curve over to the level `there`, between the rank of `node` and the last."""
        rank, here = self.layering.rank[node], points[-1][1]
        if here != there:
            leave, enter = self.spans[rank - 1][1], self.spans[rank][0]
            _straight(points, leave)
            middle = (leave + enter) / 2
            points += [(middle, here), (middle, there), (enter, there)]

    def _ports(self) -> list[float]:
        """Where across each edge ends: side by side, as they arrive or the box is ordered."""
        arriving: dict[int, list[tuple[float, float, int]]] = {}
        for number, (trunk, bends, label, head, entry) in enumerate(self.layering.paths):
            last = self.layering.trunks[trunk][bends] if label is None else label
            arriving.setdefault(head, []).append((entry, self.across[last], number))
        ports = [0.0] * len(self.layering.paths)
        for box, ends in arriving.items():
            extent = self.extents[box]
            gap = min(PORT_GAP, (extent.left + extent.right) / (len(ends) + 1))
            first = self.across[box] - gap * (len(ends) - 1) / 2
            for position, (_, _, number) in enumerate(sorted(ends)):
                ports[number] = first + gap * position
        return ports


def _straight(points: list[Point], end: float) -> None:
    """Continue along to `end`, unless that is next to nothing."""
    start, across = points[-1]
    if end - start >= SHORTEST:
        third = (end - start) / 3
        points += [(start + third, across), (end - third, across), (end, across)]
