"""The still picture of a network: neurons as circles, weights as lines, in SVG."""

from autograd.visual.graph.still_picture import StillPicture
from autograd.visual.page import escape
from autograd.visual.texts import number_text, printable
from autograd.visual.themes import THEMES, Theme, theme_named
from nn.layers import MLP
from nn.pictures.playgrounds.reading_models import activation_names, check_model, check_size

COLUMN, ROW, RADIUS = 150.0, 44.0, 15.0
TOP, SIDE, BOTTOM = 58.0, 56.0, 44.0
WIDEST = 7.0  # pixels of the largest weight
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SPACE = "http://www.w3.org/2000/svg"
FONT = 'font-family="Helvetica, Arial, sans-serif"'

Point = tuple[float, float]


def network(model: MLP, *, title: str = "", theme: str = "auto") -> "NetworkPicture":
    """The network as circles and lines: the larger a weight, the wider its line.

    Positive and negative weights have the colours of heat maps; a line says its weight
    where one points at it, a circle its bias. `theme` is that of `autograd.draw`.

    >>> import nn
    >>> nn.network(nn.MLP(2, [3, 1], "tanh", generator=0))
    <NetworkPicture of 2 -> 3 tanh -> 1 identity>
    """
    check_model(model)
    check_size(model)
    if theme != "auto":
        theme_named(theme)
    return NetworkPicture(model, title, theme)


class NetworkPicture(StillPicture):
    """A network as it was when it was drawn; shows itself in a notebook, saves as a file."""

    def __init__(self, model: MLP, title: str, theme: str) -> None:
        self.sizes = model.extra_repr()
        title = printable(title, 200) or f"Network of {self.sizes}"
        own = theme_named("light" if theme == "auto" else theme)
        light, dark = _svg(model, own, title), _svg(model, THEMES["dark"], title)
        super().__init__(light, dark, title, _size(model), theme)

    def __repr__(self) -> str:
        return f"<NetworkPicture of {self.sizes}>"


def input_name(position: int) -> str:
    """What the texts call an input.

    >>> input_name(0)
    'x₁'
    """
    return f"x{str(position + 1).translate(LOWERED)}"


def _widths(model: MLP) -> list[int]:
    return [model.layers[0].inputs, *(len(layer.neurons) for layer in model.layers)]


def _size(model: MLP) -> tuple[float, float]:
    widths = _widths(model)
    across = max(2 * SIDE + (len(widths) - 1) * COLUMN, 320.0)
    return across, TOP + max(widths) * ROW + BOTTOM


def _svg(model: MLP, theme: Theme, title: str) -> str:
    across, down = _size(model)
    widths = _widths(model)
    middle, left = TOP + max(widths) * ROW / 2, (across - (len(widths) - 1) * COLUMN) / 2
    places = [
        [(left + column * COLUMN, middle + (k - (count - 1) / 2) * ROW) for k in range(count)]
        for column, count in enumerate(widths)
    ]
    weights = [abs(w.data) for layer in model.layers for neuron in layer.neurons for w in neuron.w]
    largest = max(weights)
    described = f"{model.extra_repr()}. The largest weight is {number_text(largest)}."
    size = f'width="{across:.0f}" height="{down:.0f}" viewBox="0 0 {across:.0f} {down:.0f}"'
    return "\n".join([
        f'<svg xmlns="{SPACE}" {size} role="img" aria-label="{escape(title)}" {FONT}>',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(described)}</desc>",
        f'<rect width="{across:.0f}" height="{down:.0f}" fill="{theme.background}"/>',
        *_lines(model, places, largest, theme),
        *_circles(model, places, theme),
        *_heads(model, places, theme),
        *_legend(across, down, largest, theme),
        "</svg>\n",
    ])  # fmt: skip


def _lines(model: MLP, places: list[list[Point]], largest: float, theme: Theme) -> list[str]:
    """Small weights first, so that large ones lie on top."""
    drawn = []
    for depth, layer in enumerate(model.layers):
        for number, neuron in enumerate(layer.neurons):
            for origin, weight in enumerate(neuron.w):
                (x1, y1), (x2, y2) = places[depth][origin], places[depth + 1][number]
                share = abs(weight.data) / largest if largest else 0.0
                bend = 0.45 * (x2 - x1)
                colour = theme.negative if weight.data < 0.0 else theme.positive
                said = f"{_named(depth - 1, origin)} → {_named(depth, number)}: "
                drawn.append((share, (
                    f'<path d="M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} '
                    f'{y2:g}" fill="none" stroke="{colour}" stroke-width="'
                    f'{0.6 + (WIDEST - 0.6) * share:.2f}" stroke-opacity="{0.3 + 0.6 * share:.2f}">'
                    f"<title>{said}weight {number_text(weight.data)}</title></path>"
                )))  # fmt: skip
    return [text for _, text in sorted(drawn, key=lambda each: each[0])]


def _named(depth: int, position: int) -> str:
    return input_name(position) if depth < 0 else f"layer {depth + 1}, neuron {position + 1}"


def _circles(model: MLP, places: list[list[Point]], theme: Theme) -> list[str]:
    drawn = []
    for column, points in enumerate(places):
        for number, (x, y) in enumerate(points):
            text, said = "", _named(column - 1, number)
            if column == 0:
                text = (
                    f'<text x="{x:g}" y="{y + 4.5:g}" text-anchor="middle" font-size="13" '
                    f'fill="{theme.ink}">{input_name(number)}</text>'
                )
            else:
                bias = model.layers[column - 1].neurons[number].b.data
                said += f": bias {number_text(bias)}"
            drawn.append(
                f'<g><title>{said}</title><circle cx="{x:g}" cy="{y:g}" r="{RADIUS:g}" '
                f'fill="{theme.strip if column == 0 else theme.box}" stroke="{theme.outline}" '
                f'stroke-width="1.6"/>{text}</g>'
            )
    return drawn


def _heads(model: MLP, places: list[list[Point]], theme: Theme) -> list[str]:
    heads = [("inputs", "")]
    for depth, layer in enumerate(model.layers):
        names = sorted(set(activation_names(layer)))
        name = "output" if depth == len(model.layers) - 1 else f"layer {depth + 1}"
        heads.append((name, printable(", ".join(names), 22)))
    drawn = []
    for (name, activation), points in zip(heads, places, strict=True):
        x = points[0][0]
        for y, text, colour in ((22, name, theme.ink), (39, activation, theme.quiet)):
            drawn.append(
                f'<text x="{x:g}" y="{y}" text-anchor="middle" font-size="13" fill="{colour}">'
                f"{escape(text)}</text>"
            )
    return drawn


def _legend(across: float, down: float, largest: float, theme: Theme) -> list[str]:
    middle, y = across / 2, down - 16
    parts = ((middle - 140, theme.negative, "negative"), (middle - 45, theme.positive, "positive"))
    drawn = [
        f'<path d="M{x:g} {y - 4:g}h18" fill="none" stroke="{colour}" stroke-width="5"/>'
        f'<text x="{x + 24:g}" y="{y:g}" font-size="12" fill="{theme.quiet}">{word}</text>'
        for x, colour, word in parts
    ]
    drawn.append(
        f'<text x="{middle + 46:g}" y="{y:g}" font-size="12" fill="{theme.quiet}">'
        f"widest: {number_text(largest)}</text>"
    )
    return drawn
