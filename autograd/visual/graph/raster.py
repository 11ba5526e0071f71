"""SVG as PNG: the same picture, as pixels."""

import contextlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograd.errors import PackageMissingError
from autograd.visual.page import base64_text

SHARP = 2.0  # pixels for each px of the picture, for today's screens
_HOW = "pip install 'chainrule[plot]', or save as .svg or .html, which need nothing"


def png_of(svg: str) -> bytes:
    """`svg` rendered by the package resvg_py, in light; PackageMissingError without it or fonts."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise PackageMissingError(
            f"pictures as PNG need the package resvg_py: {_HOW}", name=error.name
        ) from None
    if not _writes_letters():
        raise PackageMissingError(f"no font was found, so that all names would be missing: {_HOW}")
    return bytes(svg_to_bytes(svg_string=svg, zoom=SHARP, **_fonts()))


def still_kinds_of(svg: str) -> dict[str, str]:
    """`svg` for the output of a cell: as it is, and as PNG where that can be made.

    Exports of notebooks to LaTeX and PDF know no SVG.
    """
    kinds = {"image/svg+xml": svg}
    with contextlib.suppress(PackageMissingError):
        kinds["image/png"] = base64_text(png_of(svg))
    return kinds


@cache
def _fonts() -> dict[str, Any]:
    """Where fonts are besides those of the system: matplotlib brings some."""
    found = find_spec("matplotlib")
    folders = [
        str(folder)
        for place in (found.submodule_search_locations or () if found else ())
        if (folder := Path(place) / "mpl-data" / "fonts" / "ttf").is_dir()
    ]
    return {"font_dirs": folders, "sans_serif_family": "DejaVu Sans"} if folders else {}


@cache
def _writes_letters() -> bool:
    from resvg_py import svg_to_bytes

    start = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">'
    letter = '<text y="15" font-family="Helvetica, Arial, sans-serif">M</text>'
    with_letter, without = (
        bytes(svg_to_bytes(svg_string=f"{start}{text}</svg>", **_fonts())) for text in (letter, "")
    )
    return with_letter != without
