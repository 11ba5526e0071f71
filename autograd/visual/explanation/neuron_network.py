"""The reverse network as the books draw it: a network of neurons, below the one it belongs to."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.engines.select import Value
from autograd.errors import GraphError
from autograd.transforms.functional import gradient
from autograd.visual.graph.boxes import number, text_at
from autograd.visual.graph.still_picture import StillPicture
from autograd.visual.graph.svg import FONTS
from autograd.visual.naming import Naming
from autograd.visual.page import escape
from autograd.visual.scopes import neuron_parts, numbered, scope_of
from autograd.visual.texts import number_text, width
from autograd.visual.themes import THEMES, Theme, theme_named

MOST = 10  # neurons in a layer
LABELLED = 9  # lines between two layers that are labelled with their weights
COLUMN, ROW, RADIUS = 190.0, 92.0, 21.0
SIDE, HEAD, LEGEND = 96.0, 40.0, 64.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Neuron:
    """One neuron of the forward network, with what the backward pass needs of it."""

    z: Value
    a: Value  # z itself where there is no activation
    slope: float  # of the activation, at z
    delta: float  # the derivative of the loss by z
    weights: tuple[tuple[Value, Value], ...]  # from where, and the weight


def layers_of(loss: Value, naming: Naming) -> list[list[Neuron]]:
    """The neurons below `loss`, layer by layer; GraphError where there are none to draw."""
    parts = neuron_parts(naming.order)
    sums = [value for value, part in parts.items() if part == "z"]
    if not sums:
        raise GraphError(
            'level="neuron" draws the neurons of nn.MLP and nn.Layer, and there are none below '
            'this value: see level="value"'
        )
    scopes = [scope_of(z) for z in sums]
    if len(set(scopes)) < len(scopes):
        raise GraphError(
            'level="neuron" draws one sample, and here a neuron was used several times: give the '
            "loss of a single one"
        )
    made = {value.parents[parents.index(True)]: value for value in parts
            if parts[value] == "a"
            for parents in [[parts.get(p) == "z" for p in value.parents]]}  # fmt: skip
    slopes = gradient(loss, sums, allow_unused=True)
    layers: dict[str, dict[str, Neuron]] = {}
    for z, scope, delta in zip(sums, scopes, slopes, strict=True):
        a = made.get(z, z)
        slope = 1.0 if a is z else a.partials[a.parents.index(z)]
        [dot] = [parent for parent in z.parents if parent.op == "dot"]
        half = len(dot.parents) // 2
        weights = tuple(zip(dot.parents[half:], dot.parents[:half], strict=True))
        layer, _, _ = scope.rpartition("/")
        layers.setdefault(layer, {})[scope] = Neuron(z, a, slope, float(delta), weights)
    found = []
    for layer, neurons in layers.items():
        order = (numbered(neurons) or [[0]])[0]
        found.append([list(neurons.values())[place] for place in order])
        if len(neurons) > MOST:
            raise GraphError(
                f"{layer} has {len(neurons)} neurons, of which at most {MOST} can be drawn: see "
                'level="value", or reverse_network(...).gradients'
            )
    return found


def neuron_network(loss: Value, naming: Naming, theme: str = "auto") -> StillPicture:
    """The network with its reverse network below it."""
    own = theme_named("light" if theme == "auto" else theme)
    drawn = _Drawn(loss, naming)
    light, dark = drawn.svg(own), drawn.svg(THEMES["dark"])
    return StillPicture(light, dark, drawn.title, (drawn.across, drawn.down), theme)


class _Drawn:
    def __init__(self, loss: Value, naming: Naming) -> None:
        self.naming, self.root = naming, naming.typeset(loss)
        self.layers = layers_of(loss, naming)
        self.inputs = list(dict.fromkeys(value for value, _ in self.layers[0][0].weights))
        if len(self.inputs) > MOST:
            self.inputs = []  # too many to draw one by one
        counts = [len(self.inputs), *map(len, self.layers)]
        self.high = max(counts) * ROW
        self.across = 2 * SIDE + len(self.layers) * COLUMN
        self.down = 2 * (HEAD + self.high) + LEGEND
        self.title = f"Network of {self.root}, and its reverse network"

    def places(self, column: int, count: int, top: float) -> list[Point]:
        x, middle = SIDE + column * COLUMN, top + HEAD + self.high / 2
        return [(x, middle + (k - (count - 1) / 2) * ROW) for k in range(count)]

    def svg(self, theme: Theme) -> str:
        size = f'width="{number(self.across)}" height="{number(self.down)}"'
        view = f'viewBox="0 0 {number(self.across)} {number(self.down)}"'
        said = "; ".join(
            f"∂{self.root}/∂{self.naming.typeset(each.z)} = {number_text(each.delta)}"
            for layer in reversed(self.layers) for each in layer
        )  # fmt: skip
        return "\n".join([
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} role="img" '
                f'aria-label="{escape(self.title)}" font-family="{FONTS}" font-size="12">'
            ),
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(said)}</desc>",
            (
                f'<rect width="{number(self.across)}" height="{number(self.down)}" '
                f'fill="{theme.background}"/>'
            ),
            *self.forward(theme),
            *self.reverse(theme),
            *self.legend(theme),
            "</svg>\n",
        ])  # fmt: skip

    def forward(self, theme: Theme) -> list[str]:
        parts = [self.heading(22.0, "forward →", theme)]
        before = self.places(0, len(self.inputs), 0.0)
        known = dict(zip(self.inputs, before, strict=True))
        for x, y in before:
            value = self.inputs[before.index((x, y))]
            name = "" if self.naming.is_plain_number(value) else self.naming.typeset(value)
            parts += _disc((x, y), theme, theme.constant)
            parts.append(_centred(x, y + 4, number_text(value.data), theme.data))
            if name:
                parts.append(_centred(x, y - 26, name, theme.ink))
        for column, layer in enumerate(self.layers, 1):
            here = self.places(column, len(layer), 0.0)
            lines = [
                (known[value], place, weight.data)
                for neuron, place in zip(layer, here, strict=True)
                for value, weight in neuron.weights
                if value in known
            ]
            parts += self.lines(lines, theme)
            known = {neuron.a: place for neuron, place in zip(layer, here, strict=True)}
            for neuron, (x, y) in zip(layer, here, strict=True):
                parts += _disc((x, y), theme, theme.box)
                parts.append(_centred(x, y + 4, number_text(neuron.a.data, ".3g"), theme.data))
                parts.append(_centred(x, y - 26, self.naming.typeset(neuron.a), theme.ink))
        return parts

    def reverse(self, theme: Theme) -> list[str]:
        top = HEAD + self.high
        parts = [self.heading(top + 22.0, "← reverse", theme)]
        last = len(self.layers)
        for column in range(last, 0, -1):
            layer = self.layers[column - 1]
            here = self.places(column, len(layer), top)
            if column < last:
                after = self.layers[column]
                there = self.places(column + 1, len(after), top)
                places = dict(zip((neuron.a for neuron in layer), here, strict=True))
                lines = [
                    (place, places[value], weight.data)
                    for neuron, place in zip(after, there, strict=True)
                    for value, weight in neuron.weights
                    if value in places
                ]
                parts += self.lines(lines, theme)
            for neuron, place in zip(layer, here, strict=True):
                parts += self.amplifier(neuron, place, theme, is_input=column == last)
        return parts

    def amplifier(self, neuron: Neuron, place: Point, theme: Theme, *, is_input: bool) -> list[str]:
        x, y = place
        if is_input:  # where the reverse network begins
            parts = _disc(place, theme, theme.box)
        else:
            corners = f"{number(x - 28)},{number(y)} {number(x + 22)},{number(y - 25)} "
            corners += f"{number(x + 22)},{number(y + 25)}"
            parts = [
                (
                    f'<polygon points="{corners}" fill="{theme.box}" stroke="{theme.outline}" '
                    'stroke-width="1.4"><title>times the slope of the activation</title></polygon>'
                ),
                _centred(x + 4, y + 4, number_text(neuron.slope, ".3g"), theme.local),
            ]
        name = f"∂{self.root}/∂{self.naming.typeset(neuron.z)}"
        shown = number_text(neuron.delta, ".3g")
        if is_input:
            parts.append(_centred(x, y + 4, shown, theme.gradient))
            parts.append(_centred(x, y - 28, name, theme.ink))
        else:
            parts.append(_centred(x, y - 30, f"{name} =", theme.ink))
            parts.append(_centred(x, y + 39, shown, theme.gradient))
        return parts

    def lines(self, ends: Sequence[tuple[Point, Point, float]], theme: Theme) -> list[str]:
        """From where to where, with the weight."""
        largest = max((abs(weight) for _, _, weight in ends), default=0.0) or 1.0
        parts, labels = [], []
        for (x1, y1), (x2, y2), weight in ends:
            step = RADIUS + 4 if x2 > x1 else -RADIUS - 8
            start, stop = (x1 + step, y1), (x2 - step, y2)
            wide = 0.8 + 2.4 * abs(weight) / largest
            parts.append(
                f'<path d="M{number(start[0])} {number(start[1])}L{number(stop[0])} '
                f'{number(stop[1])}" fill="none" stroke="{theme.edge}" '
                f'stroke-width="{number(wide)}"><title>weight {number_text(weight)}</title></path>'
            )
            if len(ends) <= LABELLED and math.isfinite(weight):
                labels += _label(start, stop, weight, theme)
        return parts + labels

    def heading(self, y: float, text: str, theme: Theme) -> str:
        return text_at(14, y, text, theme.quiet, size=12.5, bold=True)

    def legend(self, theme: Theme) -> list[str]:
        top = self.down - LEGEND + 26
        lines = (
            "on the lines: weights, the same in both directions",
            "in a triangle: σ′(z), known from the forward pass: what arrives is multiplied by it",
        )
        return [
            text_at(14, top + 18 * i, line, theme.quiet, size=11) for i, line in enumerate(lines)
        ]


def _disc(place: Point, theme: Theme, fill: str) -> list[str]:
    x, y = place
    return [
        (
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(RADIUS)}" fill="{fill}" '
            f'stroke="{theme.outline}" stroke-width="1.4"/>'
        )
    ]


def _centred(x: float, y: float, text: str, colour: str, size: float = 11.0) -> str:
    return text_at(x, y, text, colour, size=size, anchor="middle")


def _label(start: Point, stop: Point, weight: float, theme: Theme) -> list[str]:
    """The weight on its line, near the start, where lines that cross have not met yet."""
    x, y = (a + 0.27 * (b - a) for a, b in zip(start, stop, strict=True))
    text = number_text(weight, ".3g")
    wide = width(text, 10.5) + 6
    return [
        (
            f'<rect x="{number(x - wide / 2)}" y="{number(y - 8)}" width="{number(wide)}" '
            f'height="15" rx="3" fill="{theme.background}"/>'
        ),
        _centred(x, y + 3.5, text, theme.ink, 10.5),
    ]
