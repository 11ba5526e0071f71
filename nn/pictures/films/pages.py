"""The page that plays moments one after the other: curves, layers, planes and maps."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograd.visual.page import FOLLOW, data_element, document, framed, table
from autograd.visual.texts import printable
from autograd.visual.themes import colour_sheet, theme_named
from nn.history import History

MOST_FRAMES = 120  # moments of a film: more are not told apart on its slider
HEIGHT = 640.0  # pixels, in a notebook

Told = dict[str, Any]


class Film:
    """A page ready to be shown in a notebook, or saved; `html` is its text."""

    def __init__(self, told: Told, theme: str, summary: Sequence[tuple[str, ...]]) -> None:
        if theme != "auto":
            theme_named(theme)
        self.title, self.frames = told["title"], len(told["moments"])
        self.follows = theme == "auto"
        self.html = _page(told, theme)
        self._summary = summary

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, a name that ends in .html, and return the path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"cannot save as {path.name!r}: a film is a page, use .html")
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        head, *rows = self._summary
        told = f"{self.title}: run the cell, or trust the notebook, and it plays."
        still = table(told, head, rows)
        html = framed(self.html, still, title=self.title, height=HEIGHT, follows=self.follows)
        return {"text/plain": repr(self), "text/html": html}

    def __repr__(self) -> str:
        return f"<Film of {self.frames} moments: {self.title}>"


def named_histories(what: str, histories: Any) -> dict[str, History]:
    """The histories by name; one alone is called "training"."""
    if isinstance(histories, History):
        histories = {"training": histories}
    if not isinstance(histories, Mapping) or not histories:
        raise TypeError(
            f"{what} takes a History of fit, or a dict from names to some, got "
            f"{type(histories).__name__}"
        )
    for name, history in histories.items():
        if not isinstance(history, History):
            raise TypeError(
                f"{what} takes what fit returns, but {printable(name)!r} is a "
                f"{type(history).__name__}"
            )
        if not history.epochs:
            raise ValueError(f"{printable(name)!r} has no finished epoch to show")
    return {printable(name): history for name, history in histories.items()}


def thinned(count: int, most: int = MOST_FRAMES) -> list[int]:
    """At most so many of the places 0 to `count` - 1, evenly, the first and the last among them.

    >>> thinned(3), thinned(10, 4)
    ([0, 1, 2], [0, 3, 6, 9])
    """
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def finite(numbers: Any) -> list[float | None]:
    """As JSON that browsers read: None for what is no finite number."""
    return [float(x) if x is not None and abs(x) < 1e300 else None for x in numbers]


def _page(told: Told, theme: str) -> str:
    body = _asset("film.html") + data_element("film-data", told)
    script = '(() => {\n"use strict";\n' + _asset("film.js") + "})();"
    script = (FOLLOW if theme == "auto" else "") + script
    style = colour_sheet(theme) + _asset("film.css")
    background = "var(--background)"
    return document(body, title=told["title"], style=style, script=script, background=background)


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
