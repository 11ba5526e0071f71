"""The colours of pictures. Texts have a contrast of at least 4.5 : 1 in every theme."""

from dataclasses import dataclass

from autograd.visual.page import themed


@dataclass(frozen=True)
class Theme:
    """One set of colours, each ``#rrggbb``."""

    background: str
    box: str
    strip: str  # behind the symbol of an operation
    constant: str  # box of a value that wants no gradient
    outline: str
    edge: str
    ink: str  # labels and symbols
    quiet: str  # sizes, legends
    data: str
    gradient: str
    local: str  # local derivatives
    contribution: str  # upstream times local: what an edge adds to a gradient
    path: str  # edges and outlines of what is highlighted
    faded: str  # what takes no part in what is highlighted
    negative: str  # heat maps run from it through `zero` to `positive`
    zero: str
    positive: str
    flags: dict[str, str]  # colour of each key of flags.MEANING


THEMES = {
    # Green and red as in the circuit diagrams that courses draw.
    "light": Theme(
        background="#ffffff", box="#ffffff", strip="#eef1f6", constant="#f6f7f9",
        outline="#8a929c", edge="#7b838d", ink="#1f2328", quiet="#5b636d",
        data="#137333", gradient="#c5221f", local="#7f39f0", contribution="#00496b",
        path="#1a56db", faded="#d4d8dd",
        negative="#2166ac", zero="#f7f7f7", positive="#b35806",
        flags={"not finite": "#a50e0e", "out of date": "#8a5300", "exploding": "#b3261e",
               "vanishing": "#6b3fa0", "no gradient": "#5b636d", "off": "#5b636d",
               "saturated": "#8a5300"},
    ),
    "dark": Theme(
        background="#16191f", box="#20252d", strip="#2d343f", constant="#1a1e25",
        outline="#6f7885", edge="#8a94a1", ink="#e8eaed", quiet="#a6aeb8",
        data="#6fd38c", gradient="#ff8a80", local="#cda6ff", contribution="#9be2ff",
        path="#7ab0ff", faded="#3a414b",
        negative="#5aa9e6", zero="#2b313a", positive="#f1a340",
        flags={"not finite": "#ff8a80", "out of date": "#f2c14e", "exploding": "#ff9e80",
               "vanishing": "#c9a6ff", "no gradient": "#a6aeb8", "off": "#a6aeb8",
               "saturated": "#f2c14e"},
    ),
    # Data and gradient differ in lightness, and in hue along the blue-yellow axis that nearly
    # everybody sees.
    "colour-blind": Theme(
        background="#ffffff", box="#ffffff", strip="#eef1f6", constant="#f6f7f9",
        outline="#8a929c", edge="#7b838d", ink="#1f2328", quiet="#5b636d",
        data="#0b2f7a", gradient="#ad5600", local="#1f7a74", contribution="#4a2a00",
        path="#7a1f6e", faded="#d4d8dd",
        negative="#123e9c", zero="#f7f7f7", positive="#d77a00",
        flags={"not finite": "#7a1f6e", "out of date": "#5c4a00", "exploding": "#8f4700",
               "vanishing": "#0b2f7a", "no gradient": "#5b636d", "off": "#5b636d",
               "saturated": "#8a5300"},
    ),
}  # fmt: skip


#: Where the colours around a text are not known: mixed with that of the text, 65 to 35, these can
#: be read on light and on dark pages.
TO_BE_MIXED = {
    "data": "#12a150", "gradient": "#ee3d33", "local": "#8a4df5", "contribution": "#1583b8",
}  # fmt: skip


def theme_named(name: str) -> Theme:
    """The theme called `name`; ValueError names the others."""
    if name not in list(THEMES):  # a list takes what cannot be hashed
        raise ValueError(f"theme must be {', '.join(map(repr, THEMES))}, got {name!r}")
    return THEMES[name]


def colour_sheet(theme: str) -> str:
    """A theme as the variables of a style sheet; "auto" follows the reader's preference."""
    if theme != "auto":
        scheme = "dark" if theme == "dark" else "light"
        return f":root {{ color-scheme: {scheme}; {_variables(THEMES[theme])} }}\n"
    return themed(_variables(THEMES["light"]), _variables(THEMES["dark"]))


def _variables(theme: Theme) -> str:
    colours = {
        "background": theme.background, "box": theme.box, "strip": theme.strip,
        "constant": theme.constant, "outline": theme.outline, "edge": theme.edge,
        "ink": theme.ink, "quiet": theme.quiet, "data": theme.data, "gradient": theme.gradient,
        "local": theme.local, "contribution": theme.contribution,
        "path": theme.path, "line": theme.faded, "glow": f"{theme.path}66",
        "negative": theme.negative, "zero": theme.zero, "positive": theme.positive,
    }  # fmt: skip
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def mixed(start: str, end: str, share: float) -> str:
    """The colour that lies `share` of the way from `start` to `end`.

    >>> mixed("#000000", "#ff8000", 0.5)
    '#804000'
    """
    channels = zip(bytes.fromhex(start[1:]), bytes.fromhex(end[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in channels)
