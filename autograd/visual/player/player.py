"""The player: a page that goes through the forward and the backward pass step by step."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from autograd import errors
from autograd.engines.select import Value
from autograd.visual.arguments import expect_value
from autograd.visual.graph.drawing import draw
from autograd.visual.graph.raster import still_kinds_of
from autograd.visual.naming import Naming, naming_of
from autograd.visual.page import FOLLOW, captioned, data_element, document, framed, image
from autograd.visual.player.content import content_of
from autograd.visual.themes import THEMES, colour_sheet

BUGS = ("overwrite", "no_topological_order", "no_zero_grad")
SCRIPTS = (
    "graph", "steps", "words", "picture", "lesson", "display", "moving", "inspector", "quiz",
    "input",
)  # fmt: skip
WIDTH, HEIGHT = 1000.0, 640.0  # pixels, in a notebook


def play(
    root: Value,
    *,
    collapse: str | int | None = "auto",
    names: Mapping[str, Any] | None = None,
    bugs: str | None = None,
    quiz: bool = False,
    theme: str = "auto",
    rankdir: str = "LR",
) -> "Player":
    """A page that plays the forward and the backward pass of `root`, step by step.

    In a notebook it appears as the output of a cell; `save` writes it as one
    HTML file that works offline. Click a value for its chain rule, or to edit a
    leaf: everything is computed again in the page. No `.grad` is changed here.

    `collapse` says which scopes are closed at first, as in `draw`; a click opens
    them. With ``"auto"`` more are closed where the window is too small for all.
    `names` (``names=locals()``) are names for what has no label. `quiz` hides
    each number until the student has predicted it. `theme` is ``"auto"`` (light
    or dark, as the reader prefers), ``"light"``, ``"dark"`` or
    ``"colour-blind"``; `rankdir` is the direction of the edges. `bugs` plays a
    classic mistake beside the right numbers: ``"overwrite"`` (= instead of +=),
    ``"no_topological_order"``, or ``"no_zero_grad"`` (a second backward without
    reset: leaves add up over calls, values in between begin from zero).

    Raises GraphError for more than 1,500 values, and where a leaf has changed
    since `root` was computed.

    >>> from autograd import Value, play
    >>> a = Value(3.0, "a")
    >>> play(a + a, bugs="overwrite")
    <Player of 2 values>
    """
    expect_value("play", root)
    if bugs is not None and bugs not in BUGS:
        raise ValueError(f"bugs must be None, {', '.join(map(repr, BUGS))}, got {bugs!r}")
    if theme not in ("auto", *THEMES):
        raise ValueError(f"theme must be 'auto', {', '.join(map(repr, THEMES))}, got {theme!r}")
    naming = naming_of(root, names)
    content, script = content_of(root, collapse, naming, rankdir, bugs)
    name = content["nodes"][-1]["name"]
    told = content | {"title": f"Chain rule: {name}", "bug": bugs, "quiz": bool(quiz)}
    told["asked"] = collapse != "auto"
    still = _still(root, collapse, naming, theme, rankdir)
    return Player(
        _page(told, script, theme),
        still,
        len(content["nodes"]),
        told["title"],
        follows=theme == "auto",
    )


class Player:
    """A page ready to be shown in a notebook, or saved; `html` is its text."""

    follows = False  # of players in pickles from before there was this

    def __init__(
        self, html: str, still_svg: str, values: int, title: str, *, follows: bool = False
    ) -> None:
        self.html = html
        self.follows = follows  # the theme of a notebook
        self.still_svg = still_svg  # where pages are not shown
        self.values = values
        self.title = title

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, a name that ends in .html, and return the path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"cannot save as {path.name!r}: a player is a page, use .html")
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        still = captioned(
            image(self.still_svg, "image/svg+xml", self.title),
            "A still picture: run the cell, or trust the notebook, and the player plays.",
        )
        html = framed(  # never lower: the buttons need the height
            self.html, still, title=self.title, width=WIDTH, height=HEIGHT, least=HEIGHT,
            follows=self.follows,
        )  # fmt: skip
        still_kinds = still_kinds_of(self.still_svg)
        return {"text/plain": repr(self), "text/html": html} | still_kinds

    def __repr__(self) -> str:
        return f"<Player of {self.values} values>"


def _page(told: dict[str, Any], rules: str, theme: str) -> str:
    body = _asset("player.html") + data_element("graph", told)
    scripts = [rules, *(_asset(f"{name}.js") for name in SCRIPTS)]
    script = '(() => {\n"use strict";\n' + "\n".join(scripts) + "})();"
    script = (FOLLOW if theme == "auto" else "") + script
    style = colour_sheet(theme) + _asset("player.css")
    background = "var(--background)"
    return document(body, title=told["title"], style=style, script=script, background=background)


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _still(
    root: Value,
    collapse: str | int | None,
    naming: Naming,
    theme: str,
    rankdir: str,
) -> str:
    """A picture for where the page cannot run; every value, if nothing can be collapsed."""
    options: dict[str, Any] = {"names": naming, "rankdir": rankdir}
    options["theme"] = theme
    try:
        return draw(root, collapse=collapse, **options).svg
    except errors.GraphError:
        return draw(root, collapse=None, **options).svg
