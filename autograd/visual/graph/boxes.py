"""Draws one box: how large it is, and its SVG around a centre."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from autograd.visual.graph import flags
from autograd.visual.graph.heatmap import HeatMap
from autograd.visual.graph.model import Box
from autograd.visual.page import escape
from autograd.visual.texts import number_text, width
from autograd.visual.themes import Theme, mixed

TEXT, SMALL = 12.0, 10.5  # font sizes
ROW, NAME_ROW = 16.0, 13.0  # height of a line of text, and of one that holds only a name
GAP = 4.0  # between a label and a name
PAD = 7.0  # between outline and text
CORNER = 6.0
LONGEST_HEAT = 96.0  # px of the longer side of a heat map, about
SHADES = 8  # on each side of zero in a heat map
CAPTION = 104.0  # px for "parameters ±0.00012"
BEHIND = 3.0  # how far the second outline of a collapsed box sticks out

# Of the flags that are no arrows.
MARKS = {
    "not finite": "!",
    "out of date": "≠",
    "no gradient": "0",
    "off": "\N{MINUS SIGN}",
    "saturated": "~",
}

# As in a formula, not as on a keyboard.
SYMBOLS = {
    "*": "\N{MULTIPLICATION SIGN}",
    "-": "\N{MINUS SIGN}",
    "/": "\N{DIVISION SIGN}",
}


@dataclass(frozen=True)
class Row:
    """A line of text in a box; `role` is the name of a colour of the theme."""

    text: str
    role: str
    bold: bool = False
    size: float = TEXT
    called: str = ""  # small and italic: the name of a value, behind its label or alone

    @property
    def height(self) -> float:
        """Names alone take less than a full line."""
        return ROW if self.text else NAME_ROW

    @property
    def width(self) -> float:
        """At most how wide it comes out."""
        text = width(self.text, self.size, bold=self.bold)
        gap = GAP if self.text and self.called else 0.0
        return text + gap + width(self.called, SMALL)


class BoxPicture:
    """A box measured, so that a layout can place it, and drawn once it has its place."""

    def __init__(self, box: Box, *, is_root: bool = False) -> None:
        self.box, self.is_root = box, is_root
        self.rows = list(rows_of(box))
        self.symbol = SYMBOLS.get(box.op, box.op)
        self.strip = max(24.0, width(self.symbol, TEXT) + 2 * PAD) if box.op else 0.0
        text = max(row.width for row in self.rows)
        self.cell = _cell(box.heat) if box.heat else 0.0
        heat_width, self.heat_height = self._heat_size() if box.heat else (0.0, 0.0)
        extra = BEHIND if box.size else 0.0
        self.width = self.strip + max(text, heat_width) + 2 * PAD + extra
        self.rows_height = sum(row.height for row in self.rows)
        self.height = self.rows_height + self.heat_height + PAD + extra

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in px."""
        return self.width, self.height

    def svg(self, centre: tuple[float, float], theme: Theme) -> str:
        """The box as an SVG group."""
        box = self.box
        extra = BEHIND if box.size else 0.0
        left, top = centre[0] - self.width / 2, centre[1] - self.height / 2 + extra
        wide, tall = self.width - extra, self.height - extra
        outline, thick = self._outline(theme)
        fill = theme.constant if box.constant else theme.box
        parts = [f"<title>{escape(tooltip(box))}</title>"]
        if box.size:
            behind = (left + BEHIND, top - BEHIND, wide, tall)
            parts.append(_rectangle(*behind, fill, outline, thick))
        parts.append(_rectangle(left, top, wide, tall, fill, outline, thick))
        if box.op:
            parts += self._strip(left, top, tall, thick, theme)
        middle = left + self.strip + (wide - self.strip) / 2
        y = top + PAD / 2
        for row in self.rows:
            parts += _row(row, middle, y + row.height * 0.75, theme)
            y += row.height
        if box.heat:
            parts += self._heat(middle, y, theme)
        if box.flag:
            parts.append(icon(box.flag, (left + wide + 0.5, top - 0.5), theme))
        faded = ' opacity="0.38"' if box.on_path is False else ""
        return f'<g class="node"{faded}>{"".join(parts)}</g>'

    def _outline(self, theme: Theme) -> tuple[str, float]:
        if self.box.on_path:
            return theme.path, 2.0
        if self.box.flag:
            return theme.flags[self.box.flag], 1.5
        return (theme.ink, 1.6) if self.is_root else (theme.outline, 1.0)

    def _strip(
        self, left: float, top: float, tall: float, thick: float, theme: Theme
    ) -> Iterator[str]:
        """The tinted part on the left, inside the outline, with the symbol of the operation."""
        half = thick / 2
        right, bottom, corner = left + self.strip, top + tall - half, number(CORNER - half)
        yield (
            f'<path d="M{number(right)} {number(top + half)}V{number(bottom)}'
            f"H{number(left + CORNER)}a{corner} {corner} 0 0 1 -{corner} -{corner}"
            f"V{number(top + CORNER)}a{corner} {corner} 0 0 1 {corner} -{corner}Z"
            f'" fill="{theme.strip}"/>'
        )
        centre = (left + self.strip / 2, top + tall / 2 + 4.2)
        yield text_at(*centre, self.symbol, theme.ink, anchor="middle")

    def _heat_size(self) -> tuple[float, float]:
        """Of both heat maps, side by side with their captions."""
        maps = self.box.heat or ()
        columns = max(max(map(len, heat.rows)) for heat in maps)
        rows = max(len(heat.rows) for heat in maps)
        return 2 * max(columns * self.cell, CAPTION) + PAD, rows * self.cell + ROW + PAD / 2

    def _heat(self, middle: float, top: float, theme: Theme) -> Iterator[str]:
        if not self.box.heat:
            return
        half = self._heat_size()[0] / 2
        for heat, caption, centre in zip(
            self.box.heat,
            ("parameters", "gradients"),
            (middle - (half + PAD / 2) / 2, middle + (half + PAD / 2) / 2),
            strict=True,
        ):
            left = centre - max(map(len, heat.rows)) * self.cell / 2
            yield from heat_map(heat, (left, top + PAD / 2), self.cell, theme)
            y = top + self.heat_height - PAD / 4
            # The scale: blue is minus that, orange plus that.
            scale = f" ±{heat.largest:.2g}" if heat.largest else ""
            yield text_at(centre, y, caption + scale, theme.quiet, size=9.5, anchor="middle")


def tooltip(box: Box) -> str:
    """The box in one line."""
    parts = [box.scope or box.label, box.called, box.size, box.op]
    parts += [f"data {box.data}"] if box.data else []
    parts += [f"{box.grad_of or 'gradient '}{box.grad}"] if box.grad else []
    parts += [flags.MEANING[box.flag]] if box.flag else []
    return ", ".join(part for part in parts if part)


def icon(flag: str, centre: tuple[float, float], theme: Theme) -> str:
    """A round mark: "!", "≠", an arrow up, an arrow down, "0", or the bar of a no-entry sign."""
    x, y = centre
    disc = f'<circle cx="{number(x)}" cy="{number(y)}" r="6.5" fill="{theme.flags[flag]}"/>'
    sign = {"exploding": -1, "vanishing": 1}.get(flag)
    if sign is None:
        mark = MARKS[flag]
        return disc + text_at(
            x, y + 3.7, mark, theme.background, size=10.5, bold=True, anchor="middle"
        )
    points = [(x - 3.5, y - 2 * sign), (x + 3.5, y - 2 * sign), (x, y + 3.6 * sign)]
    corners = " ".join(f"{number(a)},{number(b)}" for a, b in points)
    return f'{disc}<polygon points="{corners}" fill="{theme.background}"/>'


def heat_map(
    heat: HeatMap, corner: tuple[float, float], cell: float, theme: Theme
) -> Iterator[str]:
    """Coloured cells, one path for each colour: zero is pale, the largest magnitude is full."""
    largest = heat.largest or 1.0
    paths: dict[str, list[str]] = {}
    for down, row in enumerate(heat.rows):
        for across, x in enumerate(row):
            colour = _shade(x, largest, theme)
            left, top = corner[0] + across * cell, corner[1] + down * cell
            paths.setdefault(colour, []).append(
                f"M{number(left)} {number(top)}h{number(cell)}v{number(cell)}h-{number(cell)}z"
            )
    yield (
        f"<g><title>a row for each neuron, a column for each parameter; full colours are "
        f"{number_text(-largest, '.3g')} and {largest:.3g}</title>"
    )
    for colour, squares in paths.items():
        yield f'<path d="{"".join(squares)}" fill="{colour}" shape-rendering="crispEdges"/>'
    wide, tall = max(map(len, heat.rows)) * cell, len(heat.rows) * cell
    yield (
        f'<rect x="{number(corner[0])}" y="{number(corner[1])}" width="{number(wide)}" '
        f'height="{number(tall)}" fill="none" stroke="{theme.outline}" stroke-width="0.5"/></g>'
    )


def text_at(
    x: float, y: float, text: str, colour: str, *, size: float = TEXT, bold: bool = False,
    italic: bool = False, anchor: str = "start",
) -> str:  # fmt: skip
    """One line of text; `anchor` says whether it starts, ends or has its middle at `x`."""
    options = f' font-size="{number(size)}"' if size != TEXT else ""
    options += ' font-weight="bold"' if bold else ""
    options += ' font-style="italic"' if italic else ""
    options += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{number(x)}" y="{number(y)}" fill="{colour}"{options}>{escape(text)}</text>'


def number(x: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{x:.1f}".removesuffix(".0")


def rows_of(box: Box) -> Iterator[Row]:
    """The lines of text in a box, from top to bottom."""
    if box.label or box.called:
        yield Row(box.label, "ink", bold=True, called=box.called)
    if box.size:
        yield Row(box.size, "quiet", size=SMALL)
    if box.data:
        yield Row(box.data, "data")
    if box.grad:
        yield Row(f"{box.grad_of}{box.grad}", "gradient")


def _row(row: Row, middle: float, y: float, theme: Theme) -> Iterator[str]:
    """One line of text; a label and a name stand side by side, both centred as one."""
    label = width(row.text, row.size, bold=row.bold)
    at = middle
    if row.called:
        at = middle - row.width / 2 + label / 2
        name = middle + row.width / 2 - width(row.called, SMALL) / 2
        yield text_at(name, y, row.called, theme.quiet, size=SMALL, italic=True, anchor="middle")
    if row.text:
        colour = getattr(theme, row.role)
        yield text_at(at, y, row.text, colour, size=row.size, bold=row.bold, anchor="middle")


def _cell(heat: tuple[HeatMap, HeatMap]) -> float:
    longest = max(max(len(one.rows), *map(len, one.rows)) for one in heat)
    return max(3.0, min(9.0, LONGEST_HEAT // longest))


def _shade(x: float | None, largest: float, theme: Theme) -> str:
    if x is None:
        return theme.box
    if not math.isfinite(x):
        return theme.flags["not finite"]
    share = round(abs(x) / largest * SHADES) / SHADES
    return mixed(theme.zero, theme.positive if x > 0 else theme.negative, share)


def _rectangle(
    left: float, top: float, wide: float, tall: float, fill: str, outline: str, thick: float
) -> str:
    return (
        f'<rect x="{number(left)}" y="{number(top)}" width="{number(wide)}" '
        f'height="{number(tall)}" rx="{number(CORNER)}" fill="{fill}" stroke="{outline}" '
        f'stroke-width="{number(thick)}"/>'
    )
