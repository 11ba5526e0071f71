"""Where the boxes and edges of a picture go, by chainrule's own layout or by ``dot``."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autograd.errors import ShapeError
from autograd.visual.graph.dot_program import ask_dot
from autograd.visual.graph.layering import Layering, layered
from autograd.visual.graph.placement import Extent, Router, placed_across, placed_along, rank_spans

MARGIN = 8.0  # px around the picture
OFF_LINE = 3.0  # px between an edge and its label

Point = tuple[float, float]
Size = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Positions in px, y downwards, for a picture of `width` by `height` with its margins."""

    width: float
    height: float
    centres: tuple[Point, ...]  # of each box
    routes: tuple[tuple[Point, ...], ...]  # of each edge: start, control, control, end, control ...
    label_centres: tuple[Point | None, ...]  # of each edge, None without a label


def layered_layout(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    *,
    label_sizes: Sequence[Size | None] = (),
    rankdir: str = "LR",
    ordered: Collection[int] = (),
    numbered: Sequence[Sequence[int]] = (),
) -> Layout:
    """Place boxes in ranks along the direction of the edges, without needing any program.

    `sizes` are (width, height) of each box in px, `edges` are (tail, head) as
    indices of boxes, repeats allowed; `label_sizes` are one size or None per
    edge, and each label gets room beside its edge. `rankdir` is the direction
    of the edges: ``"LR"``, ``"TB"``, ``"RL"`` or ``"BT"``. Into the boxes with
    indices in `ordered`, edges enter in the order given: the first topmost, or
    leftmost in ``"TB"`` and ``"BT"``. So stand the boxes of each sequence in
    `numbered`, as far as they share a rank. No edge runs through a box. In a cycle some
    edge points backwards.

    >>> layered_layout([(40, 20), (40, 20)], [(0, 1)]).centres
    ((28.0, 18.0), (104.0, 18.0))
    """
    labels = checked(sizes, edges, label_sizes, rankdir, ordered)
    if not sizes:
        return Layout(2 * MARGIN, 2 * MARGIN, (), (), ())
    vertical, backwards = rankdir in ("TB", "BT"), rankdir in ("RL", "BT")
    layering = layered(
        len(sizes), edges, labelled=any(labels), ordered=frozenset(ordered), numbered=numbered
    )
    extents = _extents(layering, sizes, labels, vertical=vertical)
    across, breadth = placed_across(layering, extents)
    spans = rank_spans(layering, extents, across)
    along = placed_along(layering, extents, spans)
    router = Router(layering, extents, spans, along, across)
    length = spans[-1][1]

    def onto_picture(point: Point) -> Point:
        x, y = point
        x, y = (length - x if backwards else x) + MARGIN, y + MARGIN
        return (y, x) if vertical else (x, y)

    def centre(node: int) -> Point:
        return onto_picture((along[node], across[node]))

    def route(number: int) -> tuple[Point, ...]:
        points = tuple(map(onto_picture, router.route(number)))
        reversed_for_a_cycle = layering.paths[number].head == edges[number][0]
        return points[::-1] if reversed_for_a_cycle else points

    def label_centre(number: int) -> Point | None:
        label, node = labels[number], layering.paths[number].label
        if label is None or node is None:
            return None
        return _beside(centre(node), label, vertical=vertical)

    width, height = (breadth, length) if vertical else (length, breadth)
    return Layout(
        width + 2 * MARGIN,
        height + 2 * MARGIN,
        tuple(map(centre, range(len(sizes)))),
        tuple(map(route, range(len(edges)))),
        tuple(map(label_centre, range(len(edges)))),
    )


def _extents(
    layering: Layering, sizes: Sequence[Size], labels: Sequence[Size | None], *, vertical: bool
) -> list[Extent]:
    """What each node takes: boxes around their edges, labels beside theirs, bends nothing."""
    extents = [Extent(0.0, 0.0, 0.0)] * len(layering.rank)
    for box, (width, height) in enumerate(sizes):
        along, across = (height, width) if vertical else (width, height)
        extents[box] = Extent(along, across / 2, across / 2)
    for path, label in zip(layering.paths, labels, strict=True):
        if path.label is not None and label is not None:
            width, height = label
            extents[path.label] = (
                Extent(height, 0.0, OFF_LINE + width)
                if vertical
                else Extent(width, height + OFF_LINE, 0.0)
            )
    return extents


def _beside(point: Point, label: Size, *, vertical: bool) -> Point:
    """The centre of a label on top of a horizontal edge, or to the right of a vertical one."""
    (x, y), (width, height) = point, label
    return (x + OFF_LINE + width / 2, y) if vertical else (x, y - OFF_LINE - height / 2)


def dot_layout(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    *,
    label_sizes: Sequence[Size | None] = (),
    rankdir: str = "LR",
    ordered: Collection[int] = (),
) -> Layout:
    """Place boxes where Graphviz's program ``dot`` would; arguments as for `layered_layout`.

    Raises DotMissingError where the program is not installed.
    """
    labels = checked(sizes, edges, label_sizes, rankdir, ordered)
    answer = ask_dot(sizes, edges, labels, rankdir, frozenset(ordered))
    left, bottom, right, top = map(float, answer["bb"].split(","))

    def points(text: str) -> tuple[Point, ...]:
        pairs = (pair.split(",") for pair in text.split())
        return tuple((float(x) - left + MARGIN, top - float(y) + MARGIN) for x, y in pairs)

    centres = {int(box["name"]): points(box["pos"])[0] for box in answer.get("objects", ())}
    drawn = {int(edge["id"]): edge for edge in answer.get("edges", ())}
    return Layout(
        right - left + 2 * MARGIN,
        top - bottom + 2 * MARGIN,
        tuple(centres[box] for box in range(len(sizes))),
        tuple(points(drawn[number]["pos"]) for number in range(len(edges))),
        tuple(
            None if label is None else points(drawn[number]["lp"])[0]
            for number, label in enumerate(labels)
        ),
    )


def checked(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    label_sizes: Sequence[Size | None],
    rankdir: str,
    ordered: Collection[int] = (),
) -> Sequence[Size | None]:
    """One label size or None per edge, once everything else is known to be in order."""
    if rankdir not in ("LR", "TB", "RL", "BT"):
        raise ValueError(f"rankdir must be LR, TB, RL or BT, got {rankdir!r}")
    labels = label_sizes or [None] * len(edges)
    if len(labels) != len(edges):
        raise ShapeError(f"{len(edges)} edges but {len(labels)} label sizes: give one per edge")
    for size in (*sizes, *(label for label in labels if label is not None)):
        if len(size) != 2 or not all(0 <= length < math.inf for length in size):
            raise ValueError(f"a size is (width, height) in px, finite, not below 0; got {size}")
    for box in ordered:
        if not 0 <= box < len(sizes):
            raise ValueError(f"ordered names box {box!r}, but there are only {len(sizes)} boxes")
    for tail, head in edges:
        if not (0 <= tail < len(sizes) and 0 <= head < len(sizes)):
            raise ValueError(
                f"edge ({tail}, {head}) names a box that does not exist: there are {len(sizes)}"
            )
        if tail == head:
            raise ValueError(f"edge ({tail}, {head}) joins a box to itself: leave it out")
    return labels
