"""Every path through a graph from one value to another: counted, added up, the largest listed.

A graph of a few dozen nodes can hold more paths than could ever be listed, so
none is walked that is not shown: going through the nodes in topological order,
each keeps its number of paths, and only the largest of them.

Glossary: *edge*: a node and the position of one of its operands; *product*:
of the partials along a path; *route*: a path not yet written out, as an edge
and the rank of the rest of the path among the routes of the operand.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from autograd import ops
from autograd.engines.select import Value, sweeps, topological_order
from autograd.errors import GraphError
from autograd.support.made_by_hand import check_seen_through
from autograd.visual.texts import UNCOUNTED

MOST_ROUTES = 2_000_000  # about half a gigabyte


@dataclass(frozen=True)
class Path:
    """One path: its edges from the output down to the input, and the product of their partials."""

    edges: tuple[tuple[Value, int], ...]
    product: float


@dataclass(frozen=True)
class Paths:
    """The paths from `input` to `output`: all of them counted, the largest listed."""

    order: tuple[Value, ...]  # the values on any path, in topological order
    count: int  # exact below `text.UNCOUNTED`
    largest: tuple[Path, ...]
    rest: float  # the sum of the products of the others
    gradient: float  # d output / d input, as `backward` adds it up


class _Route(NamedTuple):
    product: float
    position: int = -1
    rank: int = 0


def find_paths(output: Value, input: Value, most: int) -> Paths:
    """The `most` paths from `input` to `output` with the largest products, and the rest's sum.

    GraphError where more than `MOST_ROUTES` would have to be kept on the way.
    """
    order, kept = topological_order(output), 0
    count: dict[Value, int] = {}
    rest: dict[Value, float] = {}
    routes: dict[Value, list[_Route]] = {}
    for node in order:
        if node is input:
            if node.requires_grad:
                count[node], rest[node], routes[node] = 1, 0.0, [_Route(1.0)]
            continue
        on = ops.passes(node.op, node.partials)
        ways = [
            (position, parent, partial if on[position] else None)
            for position, (parent, partial) in enumerate(
                zip(node.parents, node.partials, strict=True)
            )
            if parent in count and parent.requires_grad
        ]
        if not ways:
            continue
        check_seen_through([node], "the chain rule, path by path,")
        found = [
            _Route(_times(route.product, partial), position, rank)
            for position, parent, partial in ways
            for rank, route in enumerate(routes[parent])
        ]
        found.sort(key=_from_largest)
        routes[node] = found[:most]
        kept += len(routes[node])
        if kept > MOST_ROUTES:
            raise GraphError(
                f"the paths of {len(order):,} values are too many to be followed, {most:,} for each"
                f" (at most {MOST_ROUTES:,} in all): ask for fewer, or from a value nearer to the "
                "leaves"
            )
        count[node] = min(sum(count[parent] for _, parent, _ in ways), UNCOUNTED)
        rest[node] = sum(
            _times(rest[parent], partial) for _, parent, partial in ways if rest[parent]
        )
        rest[node] += sum(route.product for route in found[most:])
    if output not in count:
        return Paths((), 0, (), 0.0, 0.0)
    largest = [
        Path(tuple(_edges(output, rank, routes)), route.product)
        for rank, route in enumerate(routes[output])
    ]
    on_paths = tuple(node for node in order if node in count)
    [gradient] = sweeps().reverse_sweep(output, 1.0, [input])
    return Paths(on_paths, count[output], tuple(largest), rest[output], gradient)


def _times(product: float, partial: float | None) -> float:
    """The product of one more edge; nothing passes over that to a side not taken: None."""
    return 0.0 if partial is None else product * partial


def _from_largest(route: _Route) -> float:
    """The key to sort by: the magnitude, and nan before everything else."""
    return -math.inf if math.isnan(route.product) else -abs(route.product)


def _edges(
    output: Value, rank: int, routes: dict[Value, list[_Route]]
) -> Iterator[tuple[Value, int]]:
    node = output
    while (route := routes[node][rank]).position >= 0:
        yield node, route.position
        node, rank = node.parents[route.position], route.rank
