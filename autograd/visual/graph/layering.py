"""Which box stands in which rank, and in which order: the first half of the layered layout.

The method is that of Sugiyama, Tagawa and Toda (1981), as Gansner et al. refined it for
``dot`` (1993). An edge over several ranks becomes a chain of *bends*, one a rank, so that
every link joins neighbouring ranks. The edges that leave a box share one chain, their
*trunk*, and branch off where they are needed, like the wires of a circuit diagram.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

Edge = tuple[int, int]

SWEEPS = 8
PATIENCE = 100_000  # nodes that all sweeps may sort: a large graph gets fewer of them
ROUNDS = 4  # of swapping neighbours


class Path(NamedTuple):
    """How one edge runs: along its trunk past some bends, then to its head."""

    trunk: int  # index among the trunks
    bends: int
    label: int | None  # the node just before the head that keeps room for a label
    head: int  # the box with the larger rank
    entry: float  # where at the head it ends, see Layering.entries


@dataclass
class Layering:
    """The nodes of the layered graph: the boxes first, then bends and labels."""

    boxes: int
    rank: list[int]
    before: list[list[int]]  # of each node, the linked nodes in the previous rank
    after: list[list[int]]  # of each node, the linked nodes in the next rank
    # Of each link in `after`, where it ends: from -0.5 to 0.5 across an ordered box, else 0.
    entries: list[list[float]]
    trunks: list[list[int]]  # a box, then one bend for each rank that its edges pass
    paths: list[Path]  # of each edge
    order: list[list[int]]  # of each rank, its nodes

    def add_node(self, rank: int) -> int:
        """A new node without links, as its index."""
        self.rank.append(rank)
        self.before.append([])
        self.after.append([])
        self.entries.append([])
        return len(self.rank) - 1

    def link(self, lower: int, upper: int, entry: float = 0.0) -> None:
        """Join two nodes of neighbouring ranks."""
        self.after[lower].append(upper)
        self.entries[lower].append(entry)
        self.before[upper].append(lower)


def layered(
    count: int,
    edges: Sequence[Edge],
    *,
    labelled: bool,
    ordered: Collection[int] = (),
    numbered: Iterable[Sequence[int]] = (),
) -> Layering:
    """Ranks and orders for `count` boxes, with a node for each edge's label if `labelled`.

    Into the boxes that are `ordered` edges run in the order given. Each of `numbered`
    is a row of boxes that keep their order, also where that costs crossings.
    """
    forward = without_cycles(count, edges)
    layering = with_trunks(ranked(count, forward), forward, edges, ordered)
    layering.order = first_order(layering)
    reduce_crossings(layering)
    for boxes in numbered:
        _keep_in_order(layering, boxes)
    return with_labels(layering) if labelled else layering


def without_cycles(count: int, edges: Sequence[Edge]) -> list[Edge]:
    """The edges, those reversed that close a cycle on a depth-first walk."""
    outgoing: list[list[int]] = [[] for _ in range(count)]
    for number, (tail, _) in enumerate(edges):
        outgoing[tail].append(number)
    forward = list(edges)
    state = ["new"] * count
    for start in range(count):
        if state[start] != "new":
            continue
        state[start] = "open"
        stack = [(start, iter(outgoing[start]))]
        while stack:
            node, numbers = stack[-1]
            for number in numbers:
                head = edges[number][1]
                if state[head] == "open":
                    forward[number] = (head, node)
                elif state[head] == "new":
                    state[head] = "open"
                    stack.append((head, iter(outgoing[head])))
                    break
            else:
                state[node] = "done"
                stack.pop()
    return forward


def ranked(count: int, edges: Sequence[Edge]) -> list[int]:
    """A rank for each box, larger than those of the boxes it depends on.

    As early as possible, or just before its first consumer where that is
    cheaper: moving a box by one rank shortens its own trunk by one and
    lengthens those of its operands, or moves them along.
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for tail, head in dict.fromkeys(edges):
        before[head].append(tail)
        after[tail].append(head)
    order = _topological(before, after)
    rank = [0] * count
    cost = [0.0] * count  # ranks by which other trunks grow when the box moves by one
    for node in order:
        for lower in before[node]:
            rank[node] = max(rank[node], rank[lower] + 1)
            sharers = len(after[lower])
            cost[node] += min(1.0, cost[lower]) if sharers == 1 else 1 / sharers
    for node in reversed(order):
        if after[node] and cost[node] < 1:
            rank[node] = min(rank[upper] for upper in after[node]) - 1
    return rank


def _topological(before: list[list[int]], after: list[list[int]]) -> list[int]:
    """The boxes, each after those it depends on (Kahn's algorithm)."""
    missing = [len(lower) for lower in before]
    order = [node for node, number in enumerate(missing) if number == 0]
    for node in order:
        for upper in after[node]:
            missing[upper] -= 1
            if missing[upper] == 0:
                order.append(upper)
    return order


def with_trunks(
    rank: list[int],
    forward: Sequence[Edge],
    edges: Sequence[Edge],
    ordered: Collection[int] = (),
) -> Layering:
    """The layered graph, not yet ordered: a bend wherever an edge passes a rank."""
    layering = _without_links(len(rank), rank)
    entries = _entries(forward, ordered)
    trunks: dict[Edge, int] = {}
    for number, (lower, upper) in enumerate(forward):
        # A reversed edge points the other way: it shares its wire with no other.
        key = (lower, -1 if forward[number] == edges[number] else number)
        if key not in trunks:
            trunks[key] = len(layering.trunks)
            layering.trunks.append([lower])
        trunk = layering.trunks[trunks[key]]
        bends = rank[upper] - rank[lower] - 1
        while len(trunk) <= bends:
            bend = layering.add_node(rank[lower] + len(trunk))
            layering.link(trunk[-1], bend)
            trunk.append(bend)
        layering.link(trunk[bends], upper, entries[number])
        layering.paths.append(Path(trunks[key], bends, None, upper, entries[number]))
    return layering


def _without_links(boxes: int, rank: list[int]) -> Layering:
    nodes = range(len(rank))
    before: list[list[int]] = [[] for _ in nodes]
    return Layering(boxes, rank, before, [[] for _ in nodes], [[] for _ in nodes], [], [], [])


def _entries(forward: Sequence[Edge], ordered: Collection[int]) -> list[float]:
    """Where each edge ends: at an ordered box side by side, as they are given."""
    arriving: dict[int, list[int]] = {box: [] for box in ordered}
    for number, (_, upper) in enumerate(forward):
        if upper in arriving:
            arriving[upper].append(number)
    entries = [0.0] * len(forward)
    for numbers in arriving.values():
        for position, number in enumerate(numbers):
            entries[number] = (position + 0.5) / len(numbers) - 0.5
    return entries


def with_labels(plain: Layering) -> Layering:
    """The same picture with a rank between any two, where each link has a node of its own.

    There the labels go; the order of the boxes is as it was without them.
    """
    rank = [2 * number for number in plain.rank]
    layering = _without_links(plain.boxes, rank)

    def split(lower: int, upper: int, entry: float = 0.0) -> int:
        node = layering.add_node(rank[lower] + 1)
        layering.link(lower, node)
        layering.link(node, upper, entry)
        return node

    for trunk in plain.trunks:
        layering.trunks.append(trunk[:1])
        for lower, upper in pairwise(trunk):
            layering.trunks[-1] += [split(lower, upper), upper]
    for path in plain.paths:
        label = split(plain.trunks[path.trunk][path.bends], path.head, path.entry)
        layering.paths.append(path._replace(bends=2 * path.bends, label=label))

    place = places(plain, plain.order)
    between: list[list[int]] = [[] for _ in plain.order]
    for node in range(len(plain.rank), len(layering.rank)):
        between[layering.rank[node] // 2].append(node)
    for row, split_links in zip(plain.order, between, strict=True):
        # As they end, so that they cross, if at all, on the way to their labels.
        split_links.sort(
            key=lambda node: (
                place[layering.after[node][0]] + layering.entries[node][0],
                place[layering.before[node][0]],
            )
        )
        layering.order += [row, split_links]
    layering.order.pop()  # nothing follows the last rank
    return layering


def first_order(layering: Layering) -> list[list[int]]:
    """Depth first from the results through the operands: a tree comes out without a crossing."""
    order: list[list[int]] = [[] for _ in range(max(layering.rank, default=-1) + 1)]
    seen = [False] * len(layering.rank)
    stack = [box for box in reversed(range(layering.boxes)) if not layering.after[box]]
    while stack:
        node = stack.pop()
        if not seen[node]:
            seen[node] = True
            order[layering.rank[node]].append(node)
            stack.extend(reversed(layering.before[node]))
    return order


def reduce_crossings(layering: Layering) -> None:
    """Barycentre sweeps from either end, the best order kept, then swaps of neighbours."""
    best, fewest = layering.order, crossings(layering, layering.order)
    sweeps = min(SWEEPS, 1 + PATIENCE // len(layering.rank)) if fewest else 0
    for from_leaves in (True, False):
        order = layering.order
        for sweep in range(sweeps):
            order = _swept(layering, order, upwards=(sweep % 2 == 0) == from_leaves)
            number = crossings(layering, order)
            if number < fewest:
                best, fewest = order, number
    layering.order = [row[:] for row in best]
    _swap_neighbours(layering)


def _keep_in_order(layering: Layering, boxes: Sequence[int]) -> None:
    """Let `boxes` change places among themselves, so that those of a rank stand as given."""
    wanted = {box: position for position, box in enumerate(boxes)}
    for row in layering.order:
        slots = [slot for slot, node in enumerate(row) if node in wanted]
        in_order = sorted((row[slot] for slot in slots), key=wanted.__getitem__)
        for slot, node in zip(slots, in_order, strict=True):
            row[slot] = node


def crossings(layering: Layering, order: list[list[int]]) -> int:
    """How many pairs of links cross in this order, on the way or to enter an ordered box."""
    place = places(layering, order)
    total = 0
    for row in order:
        passed: list[float] = []
        for node in row:
            for target in _ends(layering, place, node):
                position = bisect_right(passed, target)
                total += len(passed) - position
                passed.insert(position, target)
    return total


def places(layering: Layering, order: Iterable[list[int]]) -> list[int]:
    """Of each node, its position in its rank."""
    place = [0] * len(layering.rank)
    for row in order:
        for position, node in enumerate(row):
            place[node] = position
    return place


def _ends(layering: Layering, place: Sequence[float], node: int) -> list[float]:
    """Where the links from `node` to the next rank end, in ascending order."""
    uppers, entries = layering.after[node], layering.entries[node]
    if len(uppers) == 1:
        return [place[uppers[0]] + entries[0]]
    return sorted([place[upper] + entry for upper, entry in zip(uppers, entries, strict=True)])


def _swept(layering: Layering, order: list[list[int]], *, upwards: bool) -> list[list[int]]:
    """Each rank sorted by the mean place of its neighbours in the rank before (or after)."""
    place: list[float] = [float(position) for position in places(layering, order)]
    swept = [row[:] for row in order]
    for row in swept if upwards else reversed(swept):
        for node in row:
            if upwards:
                linked = [place[lower] for lower in layering.before[node]]
            else:
                linked = _ends(layering, place, node)
            if linked:
                place[node] = sum(linked) / len(linked)
        row.sort(key=place.__getitem__)
        for position, node in enumerate(row):
            place[node] = position
    return swept


def _swap_neighbours(layering: Layering) -> None:
    """Swap neighbours where that saves crossings, or costs none and puts operands in order."""
    place = places(layering, layering.order)
    operand = [(-1, 0)] * len(place)  # a head of each node, and its place among the operands
    for head, lowers in enumerate(layering.before):
        for position, node in enumerate(lowers):
            operand[node] = (head, position)
    for _ in range(ROUNDS):
        improved = False
        for row in layering.order:
            for position in range(len(row) - 1):
                left, right = row[position], row[position + 1]
                gain = _gain(layering, place, left, right)
                (head, first), (other_head, second) = operand[left], operand[right]
                if gain > 0 or (gain == 0 and head == other_head and first > second):
                    row[position], row[position + 1] = right, left
                    place[left], place[right] = position + 1, position
                    improved = True
        if not improved:
            return


def _gain(layering: Layering, place: list[int], left: int, right: int) -> int:
    """How many crossings fewer there are with `right` before `left`."""
    targets: list[float] = sorted([place[lower] for lower in layering.before[right]])
    gain = _inversions([place[lower] for lower in layering.before[left]], targets)
    return gain + _inversions(_ends(layering, place, left), _ends(layering, place, right))


def _inversions(left: Iterable[float], right: list[float]) -> int:
    """How many pairs have the smaller one in `right`, less those that have it in `left`."""
    gain = 0
    for at in left:
        gain += bisect_left(right, at) + bisect_right(right, at) - len(right)
    return gain
