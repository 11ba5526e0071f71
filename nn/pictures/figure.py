"""What all pictures of training share: the figure, its colours, and how it enters a page."""

import functools
import io
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.visual.page import escape, image
from autograd.visual.texts import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette: told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
HOW_TO_GET_IT = (
    "pip install 'chainrule[plot]'"
    if sys.platform != "emscripten"
    else "%pip install matplotlib, where this page has it; draw, play, explain, nn.network and "
    "nn.playground do without"
)


def new_figure(
    width: float, height: float, alt: str = "", layout: str | None = "constrained"
) -> "Figure":
    """An empty figure of so many inches; `alt` says in words what it shows."""
    picture: Any = _picture()
    figure: Figure = picture(figsize=(width, height), dpi=120, layout=layout)
    figure.alt = alt  # type: ignore[attr-defined]
    return figure


def load_matplotlib() -> None:
    """Import what drawing needs; ModuleNotFoundError says how to get it."""
    try:
        for module in ("backends.backend_agg", "contour", "figure", "legend"):
            import_module(f"matplotlib.{module}")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"pictures of training need matplotlib: {HOW_TO_GET_IT}", name=error.name
        ) from None


@functools.cache
def _picture() -> "type[Figure]":
    # Without pyplot: no window, no global state, nothing to close.
    load_matplotlib()
    from matplotlib.figure import Figure

    class Picture(Figure):
        """A figure that shows itself in a notebook."""

        alt: str

        def _repr_png_(self) -> bytes:
            return png(self)

    return Picture


def style(axes: "Axes", title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """A frame on two sides, a faint grid, and the texts."""
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.set_title(title, fontsize=11)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def count_in_integers(axes: "Axes", counted: Sequence[int]) -> None:
    """Whole numbers along the x axis, of the epochs or steps `counted`."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    if len(counted) == 1:
        axes.set_xticks(counted)


def colour(label: int) -> str:
    """The colour of a class."""
    return COLOURS[label % len(COLOURS)]


def colour_scale(*colours: str) -> Any:
    """A scale that blends from each colour to the next."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("scale", list(colours))


def series_colours(count: int) -> list[Any]:
    """One colour for each of `count` lines; beyond five in the order of a scale."""
    if count <= 5:
        return list(COLOURS[:count])
    import matplotlib as mpl

    scale = mpl.colormaps["viridis"]
    return [scale(0.2 + 0.7 * position / (count - 1)) for position in range(count)]


def safe(text: str) -> str:
    """`text` for matplotlib: no control characters, and no formulas begun by a dollar sign."""
    return printable(text).replace("$", r"\$")


def whole(text: str) -> str:
    """`text` for a page: without control characters, and none of it left out."""
    return printable(text, len(text))


def png(figure: "Figure", compression: int = 6) -> bytes:
    """The figure as the content of a PNG file; `compression` from 0 (fast) to 9 (small)."""
    file = io.BytesIO()
    figure.savefig(file, format="png", pil_kwargs={"compress_level": compression})
    return file.getvalue()


def inline_png(figure: Any) -> str:
    """The figure as an element that holds its own data."""
    return image(png(figure), "image/png", whole(figure.alt), int(figure.get_size_inches()[0] * 96))


def inline_svg(figure: Any, prefix: str) -> str:
    """The figure as ``<svg>``, in which black is the colour of the text around it.

    `prefix` keeps its ids apart from those of other pictures in the page.
    """
    import matplotlib as mpl

    file = io.StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "chainrule"}
    with mpl.rc_context(settings):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    text = text.replace("#000000", "currentColor")
    title = f"<title>{escape(whole(figure.alt))}</title>"
    head, body = text.split(">", 1)
    return f'{head} role="img" fill="currentColor">{title}{body}'
