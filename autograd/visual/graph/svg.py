"""Writes pictures as SVG: presentation attributes only, so that every viewer shows the same.

No style sheet (but for what `following` adds), no script, no reference to anything outside, and
no ids, so that any number of pictures can stand in one page.
"""

import math
from collections.abc import Iterator

from autograd.visual.graph import flags
from autograd.visual.graph.boxes import BoxPicture, icon, number, text_at
from autograd.visual.graph.layout import Layout
from autograd.visual.graph.model import Box, Edge, Graph
from autograd.visual.page import escape
from autograd.visual.texts import width
from autograd.visual.themes import Theme

FONTS = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
NOTE_SIZE, LEGEND_SIZE, EDGE_LABEL_SIZE = 13.0, 11.0, 10.5
LINE = 20.0  # height of a line of notes or legend
MARGIN = 10.0  # left of notes and legend
ARROW = 7.0  # length of an arrowhead
DESCRIBED = 60  # boxes that the description for screen readers lists

Point = tuple[float, float]


def edge_label_size(edge: Edge) -> tuple[float, float] | None:
    """The room that the label of an edge takes, None without a label."""
    if not edge.label:
        return None
    return width(edge.label, EDGE_LABEL_SIZE) + 6.0, EDGE_LABEL_SIZE + 4.0


def svg_of(
    graph: Graph,
    pictures: list[BoxPicture],
    layout: Layout,
    theme: Theme,
    title: str,
    scale: float = 1.0,
) -> str:
    """The picture of `graph` as SVG text: notes on top, boxes and edges, legend below."""
    across, down = size_of(graph, layout)
    wide, high = number(across * scale), number(down * scale)
    above, shift = _above(graph), (across - layout.width) / 2
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
            f'viewBox="0 0 {across} {down}" role="img" aria-label="{escape(title)}" '
            f'font-family="{FONTS}" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description(graph))}</desc>",
        f'<rect width="{across}" height="{down}" fill="{theme.background}"/>',
        *_notes(graph.notes, theme),
        f'<g transform="translate({number(shift)} {number(above)})">',
        *_edges(graph, layout, theme),
        *(
            picture.svg(centre, theme)
            for picture, centre in zip(pictures, layout.centres, strict=True)
        ),
        *_edge_labels(graph, layout, theme),
        "</g>",
        *_legend(graph, above + layout.height, theme),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def size_of(graph: Graph, layout: Layout) -> tuple[int, int]:
    """Width and height in px of the picture with its notes and its legend."""
    quantities, found = _quantities(graph), _flags_found(graph)
    texts = [(note, NOTE_SIZE) for note in graph.notes]
    texts += [(f"{meaning} ({count})  ", LEGEND_SIZE) for _, meaning, count in found]
    texts += [(_QUANTITIES[role], LEGEND_SIZE) for role in quantities]
    wide = max([layout.width, *(width(text, size) + 3 * MARGIN for text, size in texts)])
    lines = len(found) + len(quantities)
    below = lines * LINE + (MARGIN / 2 if lines else 0.0)
    return math.ceil(wide), math.ceil(_above(graph) + layout.height + below)


def _above(graph: Graph) -> float:
    """The height of the notes."""
    return len(graph.notes) * LINE + MARGIN if graph.notes else 0.0


def description(graph: Graph) -> str:
    """The picture in words, for those who do not see it."""
    lines = [*graph.notes]
    operands: dict[int, list[str]] = {}
    for edge in graph.edges:
        tail = graph.boxes[edge.tail]
        operands.setdefault(edge.head, []).append(spoken(tail))
    for position, box in enumerate(graph.boxes[:DESCRIBED]):
        line = box.called or box.label or "a number"
        line = f"{box.label} called {line}" if box.label and box.called else line
        if box.op:
            line += f" = {box.op}({', '.join(operands.get(position, []))})"
        elif box.size:
            line += f" ({box.size})"
        line += f": data {box.data}" if box.data else ""
        line += f", gradient {box.grad.replace('—', 'none yet')}" if box.grad else ""
        lines.append(line + (f", {box.flag}" if box.flag else ""))
    if len(graph.boxes) > DESCRIBED:
        lines.append(f"and {len(graph.boxes) - DESCRIBED} more boxes")
    return "; ".join(lines) + "."


def spoken(box: Box) -> str:
    """What a box is called in words: its name, or the number of a constant."""
    return box.called or box.label or box.data


def _flags_found(graph: Graph) -> list[tuple[str, str, int]]:
    """(flag, what it means, how many boxes have it) of every flag in the picture."""
    flagged = [box.flag for box in graph.boxes]
    return [(f, flags.MEANING[f], flagged.count(f)) for f in flags.MEANING if f in flagged]


def _notes(notes: tuple[str, ...], theme: Theme) -> Iterator[str]:
    for row, note in enumerate(notes):
        y = MARGIN + row * LINE + NOTE_SIZE
        yield text_at(MARGIN, y, note, theme.path, size=NOTE_SIZE)


# What the numbers on edges are, by their role in a theme.
_QUANTITIES = {
    "local": "on the edges: local derivatives",
    "contribution": "on the edges: contributions, upstream gradient times local derivative",
}


def _quantities(graph: Graph) -> list[str]:
    """The roles of the numbers on edges."""
    roles = {_role(edge) for edge in graph.edges if edge.label}
    return [role for role in _QUANTITIES if role in roles]


def _role(edge: Edge) -> str:
    if edge.count > 1:
        return "quiet"
    return "local" if edge.weight is None else "contribution"


def _legend(graph: Graph, top: float, theme: Theme) -> Iterator[str]:
    quantities = _quantities(graph)
    for row, role in enumerate(quantities):
        y = top + row * LINE + LINE / 2 + 4.0
        yield text_at(MARGIN, y, _QUANTITIES[role], getattr(theme, role), size=LEGEND_SIZE)
    for row, (flag, meaning, count) in enumerate(_flags_found(graph), len(quantities)):
        y = top + row * LINE + LINE / 2
        yield icon(flag, (MARGIN + 6.0, y), theme)
        shown = f"{meaning} ({count})"
        yield text_at(MARGIN + 18.0, y + 4.0, shown, theme.quiet, size=LEGEND_SIZE)


# --- edges ---------------------------------------------------------------------------


def _edges(graph: Graph, layout: Layout, theme: Theme) -> Iterator[str]:
    """Every edge; those of a highlighted path last, on top of the others."""
    numbered = sorted(enumerate(graph.edges), key=lambda pair: bool(pair[1].on_path))
    for position, edge in numbered:
        tail, head = graph.boxes[edge.tail], graph.boxes[edge.head]
        route = layout.routes[position]
        colour, thick = _stroke(edge, theme)
        arrow = ARROW + thick / 2
        line, tip = _shortened(route, arrow * 0.8), _arrowhead(route, arrow, thick)
        dashes = ' stroke-dasharray="4 3"' if edge.constant else ""
        ends = f"{spoken(tail)} to {spoken(head)}"
        amount = f": {edge.label}" if edge.label else ""
        yield (
            f'<g class="edge"><title>{escape(ends + amount)}</title>'
            f'<path d="{_path(line)}" fill="none" stroke="{colour}" '
            f'stroke-width="{number(thick)}"{dashes}/>'
            f'<polygon points="{tip}" fill="{colour}"/></g>'
        )


def _stroke(edge: Edge, theme: Theme) -> tuple[str, float]:
    if edge.on_path:
        return theme.path, 2.2
    if edge.on_path is False:
        return theme.faded, 1.1
    return theme.edge, 1.1 if edge.weight is None else thickness(edge.weight)


def thickness(weight: float) -> float:
    """How thick an edge is drawn that carries a share of the gradient; arrowheads suit it."""
    return 0.8 + 2.2 * weight


def _edge_labels(graph: Graph, layout: Layout, theme: Theme) -> Iterator[str]:
    for edge, centre in zip(graph.edges, layout.label_centres, strict=True):
        size = edge_label_size(edge)
        if size and centre:
            colour = label_colour(edge, theme)
            faded = ' opacity="0.45"' if edge.on_path is False else ""
            x, y = centre
            yield (
                f'<rect x="{number(x - size[0] / 2)}" y="{number(y - size[1] / 2)}" '
                f'width="{number(size[0])}" height="{number(size[1])}" rx="3" '
                f'fill="{theme.background}" fill-opacity="0.85"/>'
            )
            text = text_at(x, y + 3.7, edge.label, colour, size=EDGE_LABEL_SIZE, anchor="middle")
            yield f"<g{faded}>{text}</g>" if faded else text


def label_colour(edge: Edge, theme: Theme) -> str:
    """That of the quantity: a contribution, or a local derivative; quiet for how many edges."""
    colour: str = getattr(theme, _role(edge))
    return colour


def _path(route: list[Point]) -> str:
    points = [f"{number(x)} {number(y)}" for x, y in route]
    curves = [f"C{' '.join(points[i : i + 3])}" for i in range(1, len(points), 3)]
    return f"M{points[0]}{''.join(curves)}"


def _shortened(route: tuple[Point, ...], by: float) -> list[Point]:
    """The route, ending under its arrowhead, so that a thick line does not stick out."""
    (x, y), (dx, dy) = route[-1], _direction(route)
    control = route[-2]
    end = (x - by * dx, y - by * dy)
    moved = (control[0] - by * dx / 2, control[1] - by * dy / 2)
    return [*route[:-2], moved, end]


def _arrowhead(route: tuple[Point, ...], length: float, thick: float) -> str:
    (x, y), (dx, dy) = route[-1], _direction(route)
    half = length * 0.38 + thick * 0.3
    back = (x - length * dx, y - length * dy)
    corners = [
        (x, y),
        (back[0] - half * dy, back[1] + half * dx),
        (back[0] + half * dy, back[1] - half * dx),
    ]
    return " ".join(f"{number(a)},{number(b)}" for a, b in corners)


def _direction(route: tuple[Point, ...]) -> Point:
    """The unit vector in which the route arrives."""
    end = route[-1]
    for before in reversed(route[:-1]):
        dx, dy = end[0] - before[0], end[1] - before[1]
        if length := math.hypot(dx, dy):
            return dx / length, dy / length
    return 1.0, 0.0
