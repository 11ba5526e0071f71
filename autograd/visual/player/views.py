"""The views of the player: which scopes are open in each, and where everything lies then."""

import math
from collections.abc import Sequence
from typing import Any

from autograd import errors
from autograd.engines.select import Value
from autograd.visual.graph.grouping import (
    Group,
    Grouping,
    closed_calls,
    edges_between,
    group_by_open_scopes,
    open_scopes,
    opened_to,
    scopes_of,
)
from autograd.visual.graph.layout import Point, layered_layout
from autograd.visual.graph.operand_order import are_ordered
from autograd.visual.player.box_sizes import BoxSizes
from autograd.visual.scopes import is_call, neuron_parts, numbered, prefixes
from autograd.visual.texts import printable

MOST_OPEN = 150  # values of which all may be open at once
COMFORTABLE = 50, 100  # boxes and edges of the first view, unless it is asked for
MOST_DRAWN = 150_000  # boxes and edges in all views together: about 15 MB
GAP = 12.0  # more room between boxes, for what flows from one to the next
LABEL, MOST_LABELS = (44.0, 14.0), 16  # room for what flows along an edge, and edges that get it

View = dict[str, Any]


def views_of(
    order: Sequence[Value],
    sizes: BoxSizes,
    collapse: str | int | None,
    rankdir: str,
) -> list[View]:
    """The first view, all scopes closed, each opened with those around it, levels, all open."""
    scopes = scopes_of(order)
    first = _first_choice(order, collapse)
    choices = [first, frozenset[str]()]
    choices += [frozenset(prefixes(scope)) for scope in scopes]
    deepest = max((scope.count("/") + 1 for scope in first), default=0)
    choices += [opened_to(scopes, depth) & first for depth in range(2, deepest + 1)]
    # A call of a function, such as a loss, is opened where one stands.
    choices += [first | frozenset(prefixes(scope)) for scope in closed_calls(order)]
    if len(order) <= MOST_OPEN:
        choices.append(frozenset(scopes))
    groupings: dict[frozenset[str], Grouping] = {}
    size = 0
    for opened in dict.fromkeys(map(_visible, choices)):
        groupings[opened] = group_by_open_scopes(order, opened)
        size += len(groupings[opened].groups) + len(groupings[opened].edges)
        if size > MOST_DRAWN:
            raise errors.GraphError(
                f"{len(scopes)} scopes of {len(order)} values are too many to play one by one: "
                "play a part of the graph, or make scopes inside scopes"
            )
    return [
        _view(grouping, order, sizes, rankdir) | {"open": sorted(opened)}
        for opened, grouping in groupings.items()
    ]


def _visible(opened: frozenset[str]) -> frozenset[str]:
    """Without the scopes that lie inside a closed one."""
    return frozenset(scope for scope in opened if opened.issuperset(prefixes(scope)))


def _first_choice(order: Sequence[Value], collapse: str | int | None) -> frozenset[str]:
    """The scopes open at first: with ``"auto"`` as many levels as can be read."""
    if collapse != "auto":
        return open_scopes(order, collapse)
    scopes, calls = scopes_of(order), closed_calls(order)
    deepest = max((scope.count("/") + 1 for scope in scopes), default=0)
    level = frozenset(scopes)
    for depth in range(deepest + 1, 0, -1):
        level = opened_to(scopes, depth) - calls
        grouping = group_by_open_scopes(order, level)
        if len(grouping.groups) <= COMFORTABLE[0] and len(grouping.edges) <= COMFORTABLE[1]:
            return level
    return level


# --- one view ------------------------------------------------------------------------


def _view(grouping: Grouping, order: Sequence[Value], sizes: BoxSizes, rankdir: str) -> View:
    room = [sizes.size(group) for group in grouping.groups]
    edges = _edges(grouping, order)
    labels = [LABEL if len(edges) <= MOST_LABELS else None] * len(edges)
    wide = rankdir in ("LR", "RL")
    roomy = [(w + 2 * GAP, h) if wide else (w, h + 2 * GAP) for w, h in room]
    ordered = [
        box
        for box, group in enumerate(grouping.groups)
        if not group.name and are_ordered(order[group.members[0]])
    ]
    layout = layered_layout(
        roomy,
        edges,
        label_sizes=labels,
        rankdir=rankdir,
        ordered=ordered,
        numbered=numbered(group.scope for group in grouping.groups),
    )
    parts = neuron_parts(order)
    boxes = [
        _box(group, centre, size, sizes) | _measured(group, order, parts)
        for group, centre, size in zip(grouping.groups, layout.centres, room, strict=True)
    ]
    routes = [
        _route(edge, points, label)
        for edge, points, label in zip(edges, layout.routes, layout.label_centres, strict=True)
    ]
    whole = {"width": round(layout.width, 1), "height": round(layout.height, 1)}
    return {"boxes": boxes, "edges": routes} | whole


def _box(group: Group, centre: Point, size: tuple[float, float], sizes: BoxSizes) -> dict[str, Any]:
    return {
        "members": list(group.members),
        "name": printable(group.name),
        "scope": group.scope,
        "x": round(centre[0] - size[0] / 2, 1),
        "y": round(centre[1] - size[1] / 2, 1),
        "width": round(size[0], 1),
        "height": size[1],
        "strip": round(sizes.strip(group), 1),
        "sums": sizes.sums(group),
    }


def _measured(group: Group, order: Sequence[Value], parts: dict[Value, str]) -> dict[str, int]:
    """The value inside a closed neuron or call whose gradient the box shows: its sum, or result."""
    sums = [m for m in group.members if parts.get(order[m]) == "z"]
    if is_call(group.scope):
        inside = {order[m] for m in group.members}
        read = {p for v in inside for p in v.parents}
        sums = [m for m in group.members if order[m] not in read]
    return {"measured": sums[0]} if group.name and len(sums) == 1 else {}


def _route(edge: tuple[int, int], points: Sequence[Point], label: Point | None) -> dict[str, Any]:
    return {
        "tail": edge[0],
        "head": edge[1],
        "points": [_rounded(point) for point in _lengthened(points)],
        "label": label and _rounded(label),
    }


def _lengthened(points: Sequence[Point]) -> list[Point]:
    """A route across the gaps that were kept at both of its ends."""
    start, *_, end = points
    before, after = _beyond(points[1], start), _beyond(points[-2], end)
    return [before, before, start, *points, end, after, after]


def _beyond(inner: Point, end: Point) -> Point:
    """The point one gap farther on from `inner` to `end`."""
    length = math.dist(inner, end) or 1.0
    step_x, step_y = (end[0] - inner[0]) / length, (end[1] - inner[1]) / length
    return end[0] + GAP * step_x, end[1] + GAP * step_y


def _rounded(point: tuple[float, float]) -> list[float]:
    return [round(point[0], 1), round(point[1], 1)]


def _edges(grouping: Grouping, order: Sequence[Value]) -> list[tuple[int, int]]:
    """One edge for each operand, in order; a single one where it is used again and again.

    Between boxes of which one is closed there is one edge too.
    """
    apart = edges_between(grouping)
    box_of = {m: box for box, group in enumerate(grouping.groups) for m in group.members}
    place = {value: position for position, value in enumerate(order)}
    edges: list[tuple[int, int]] = []
    seen: set[tuple[int, int]] = set()
    for head, value in enumerate(order):
        for parent in value.parents:
            edge = box_of[place[parent]], box_of[head]
            if edge[0] != edge[1] and (apart[edge] > 1 or edge not in seen):
                edges.append(edge)
                seen.add(edge)
    return edges
