"""A picture that is one SVG: in a notebook, where it follows the theme, or as a file."""

import os
from pathlib import Path
from typing import Any

from autograd.visual.graph.following import following
from autograd.visual.graph.raster import png_of, still_kinds_of
from autograd.visual.graph.zoomable import BUTTONS, zoomable
from autograd.visual.page import framed, image
from autograd.visual.themes import THEMES, theme_named


class StillPicture:
    """A picture as it was when it was drawn; shows itself in a notebook, saves as a file."""

    def __init__(
        self, light: str, dark: str, title: str, size: tuple[float, float], theme: str
    ) -> None:
        """`light` is the SVG in `theme`; if that is "auto", that of light pages."""
        self.title, self.size = title, size
        self.follows = theme == "auto"  # what shows it
        self._theme = theme_named("light" if self.follows else theme)
        self._light = light
        self.svg = following(light, dark) if self.follows else light

    @property
    def html(self) -> str:
        """The picture as a page that zooms and works offline."""
        dark = THEMES["dark"] if self.follows else None
        return zoomable(self.svg, title=self.title, theme=self._theme, dark=dark)

    @property
    def png(self) -> bytes:
        """The picture as PNG; PackageMissingError without the package resvg_py."""
        return png_of(self._light)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`: .svg, .html or .png (with resvg_py); returns the path."""
        path = Path(path)
        kind = path.suffix.lower()
        if kind == ".png":
            path.write_bytes(self.png)
        elif kind in (".svg", ".html"):
            path.write_text(self.svg if kind == ".svg" else self.html, encoding="utf-8")
        else:
            raise ValueError(f"cannot save as {path.name!r}: use .svg, .html or .png")
        return path

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        width, height = self.size
        still = image(self.svg, "image/svg+xml", self.title)
        html = framed(
            self.html, still, title=self.title, width=width, height=height + BUTTONS,
            follows=self.follows,
        )  # fmt: skip
        return {"text/plain": repr(self), "text/html": html} | still_kinds_of(self.svg)
