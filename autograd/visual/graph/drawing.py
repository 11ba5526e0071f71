"""A drawing of a graph: in a notebook, as a file, or as a ``graphviz.Digraph``."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.engines.select import Value
from autograd.visual.arguments import expect_format, expect_value
from autograd.visual.graph.boxes import BoxPicture
from autograd.visual.graph.dot_program import run_dot
from autograd.visual.graph.following import following
from autograd.visual.graph.layout import Layout, dot_layout, layered_layout
from autograd.visual.graph.model import Graph, Show, graph_of
from autograd.visual.graph.raster import png_of, still_kinds_of
from autograd.visual.graph.svg import edge_label_size, size_of, svg_of
from autograd.visual.graph.zoomable import BUTTONS, zoomable
from autograd.visual.page import framed, image
from autograd.visual.scopes import numbered
from autograd.visual.texts import printable
from autograd.visual.themes import Theme, theme_named

if TYPE_CHECKING:
    import graphviz

QUICK_FOR_DOT = 150, 300  # boxes and edges that `dot` places in about a tenth of a second


def draw(
    root: Value,
    *,
    rankdir: str = "LR",
    number_format: str = ".4g",
    theme: str = "auto",
    edges: str | None = None,
    highlight: Value | Sequence[Value] | None = None,
    collapse: str | int | None = "auto",
    names: Mapping[str, Any] | None = None,
    layout: str = "auto",
    title: str = "",
    scale: float = 1.0,
) -> "Drawing":
    """Draw everything `root` depends on: label, operation, data in green, gradient in red.

    What has no label is called v₁, v₂, … in topological order, and the root L, as
    `explain`, `latex`, `play` and `reverse_network` call them. Gradients show "—" until
    a backward pass has reached them. Numbers that are nan or infinite, and gradients
    that vanish, explode or are exactly 0, are marked, and so are values that pass nothing
    on, such as a ReLU that is off, and what was computed from other data than its
    operands hold now.

    Args:
        root: the result whose graph is drawn.
        rankdir: direction of the edges, ``"LR"``, ``"TB"``, ``"RL"`` or ``"BT"``.
        number_format: a format specification for every number.
        theme: ``"auto"`` (light or dark, as what shows it is: JupyterLab, VS Code, a page,
            the reader's preference), ``"light"``, ``"dark"`` or ``"colour-blind"`` (data and
            gradient differ in lightness too, and in blue against orange).
        edges: ``"local"`` writes the local derivative on each edge; ``"flow"`` writes
            upstream times local, draws large contributions thicker (on a logarithmic
            scale) and shows the sum in a value that is used more than once.
        highlight: a Value, or several: the paths from it to the root in colour, with
            the local derivatives along them and their product; the rest in grey.
        collapse: which scopes are one box each: ``"neuron"``, ``"layer"`` or another name,
            a depth such as 1, None for no scope, or ``"auto"``: none up to 150 values,
            then the smallest that leave a legible picture.
        names: a dict of names such as ``locals()``, for what has no label: the names of
            variables, or places in lists such as ``w[0]``, whichever comes first.
        layout: ``"layered"`` (needs nothing), ``"dot"`` (the program of Graphviz), or
            ``"auto"``: dot where it is installed and quick, else layered. Where edges are
            labelled auto takes layered, which keeps each label on its own edge, and
            where boxes have numbers, as neurons do, which then stand in that order.
        title: what screen readers announce and browsers show; made up if empty.
        scale: how much larger everything is: 2 for the last row of a lecture hall.

    Raises ValueError for an unknown option, GraphError for a graph that is too
    large to be read however it is collapsed, and DotMissingError for
    ``layout="dot"`` without the program.

    >>> from autograd import Value, draw
    >>> x = Value(2.0, "x")
    >>> picture = draw(x * x, highlight=x)
    >>> picture.save("x_squared.svg")  # doctest: +SKIP
    >>> picture.graph.notes
    ('∂L/∂x = 2 + 2 = 4',)

    """
    expect_value("draw", root)
    _check("rankdir", rankdir, ("LR", "TB", "RL", "BT"))
    _check("edges", edges, (None, "local", "flow"))
    _check("layout", layout, ("auto", "layered", "dot"))
    if theme != "auto":
        theme_named(theme)
    expect_format(number_format)
    _check_scale(scale)
    graph = graph_of(root, Show(number_format, edges, highlight, collapse, names))
    return Drawing(graph, rankdir, theme, layout, title, scale)


class Drawing:
    """A graph ready to be shown: in a notebook, as a file, or as a ``graphviz.Digraph``."""

    follows, scale = False, 1.0  # of drawings in pickles from before there were these

    def __init__(
        self,
        graph: Graph,
        rankdir: str = "LR",
        theme: str = "light",
        layout: str = "auto",
        title: str = "",
        scale: float = 1.0,
    ) -> None:
        self.scale = scale
        self.graph, self.rankdir = graph, rankdir
        self.follows = theme == "auto"  # what shows it
        self.theme = theme_named("light" if self.follows else theme)
        self.title = (
            printable(title, 200) or f"Computation graph{graph.root and ' of '}{graph.root}"
        )
        self._pictures = [
            BoxPicture(box, is_root=position == graph.root_box)
            for position, box in enumerate(graph.boxes)
        ]
        self._layout_name = layout

    @cached_property
    def layout(self) -> Layout:
        """Where everything is; raises DotMissingError where ``dot`` is wanted but missing."""
        sizes = [picture.size for picture in self._pictures]
        edges = [(edge.tail, edge.head) for edge in self.graph.edges]
        options: Any = {
            "label_sizes": [edge_label_size(edge) for edge in self.graph.edges],
            "rankdir": self.rankdir,
            "ordered": [index for index, box in enumerate(self.graph.boxes) if box.ordered],
        }
        if self._layout_name == "dot" or (self._layout_name == "auto" and self._suits_dot()):
            return dot_layout(sizes, edges, **options)
        return layered_layout(sizes, edges, numbered=self._numbered, **options)

    @cached_property
    def _numbered(self) -> list[list[int]]:
        """The boxes that stand by index, such as the neurons of a layer: their scopes end so."""
        return numbered(box.scope for box in self.graph.boxes)

    def _suits_dot(self) -> bool:
        boxes, edges = QUICK_FOR_DOT
        quick = len(self.graph.boxes) <= boxes and len(self.graph.edges) <= edges
        labelled = any(edge.label for edge in self.graph.edges if edge.count == 1)
        # dot puts boxes where edges cross least, also those that have numbers.
        free = not labelled and not self._numbered
        return quick and free and find_dot() is not None

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text, with a title and a description for screen readers."""
        if self.follows:
            return following(self._svg_in(self.theme), self._svg_in(theme_named("dark")))
        return self._svg_in(self.theme)

    def _svg_in(self, theme: Theme) -> str:
        return svg_of(self.graph, self._pictures, self.layout, theme, self.title, self.scale)

    @property
    def html(self) -> str:
        """The picture as a page that works offline: zoom and move with wheel, mouse and keys."""
        dark = theme_named("dark") if self.follows else None
        return zoomable(self.svg, title=self.title, theme=self.theme, dark=dark)

    @property
    def graphviz(self) -> "graphviz.Digraph":
        """The ``graphviz.Digraph``, for everything else Graphviz can do."""
        from autograd.visual.graph.digraph import digraph_of

        return digraph_of(self.graph, self.rankdir, self.theme, self.title)

    @property
    def dot(self) -> str:
        """The DOT text; needs nothing but the Python package ``graphviz``."""
        return str(self.graphviz.source)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`: .svg, .html, .png, .pdf, .dot or .gv; returns the path.

        .png needs the package resvg_py (``chainrule[plot]``) and raises PackageMissingError
        without it, .pdf the program ``dot`` and DotMissingError; another suffix raises
        ValueError.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind in ("dot", "gv"):
            path.write_text(self.dot, encoding="utf-8")
        elif kind in ("svg", "html"):
            path.write_text(self.svg if kind == "svg" else self.html, encoding="utf-8")
        elif kind == "png":
            path.write_bytes(self.png)
        elif kind == "pdf":
            advice = "save as .svg or .html, which need nothing"
            path.write_bytes(run_dot(self.graphviz.source, kind, advice))
        else:
            raise ValueError(
                f"cannot save as {path.name!r}: use .svg, .html, .png, .pdf, .dot or .gv"
            )
        return path

    @property
    def png(self) -> bytes:
        """The picture as PNG, the very one of `svg`; PackageMissingError without resvg_py."""
        return png_of(self.svg)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        width, height = (self.scale * side for side in size_of(self.graph, self.layout))
        still = image(self.svg, "image/svg+xml", self.title)
        html = framed(
            self.html, still, title=self.title, width=width, height=height + BUTTONS,
            follows=self.follows,
        )  # fmt: skip
        return {"text/plain": repr(self), "text/html": html} | still_kinds_of(self.svg)

    def __repr__(self) -> str:
        boxes = f" in {len(self.graph.boxes)} boxes"
        boxes = boxes if len(self.graph.boxes) < self.graph.values else ""
        return f"<Drawing of {self.graph.values} values{boxes}, {len(self.graph.edges)} edges>"


def find_dot() -> str | None:
    """The path of the program ``dot``, or None."""
    import shutil

    return shutil.which("dot")


def _check_scale(scale: Any) -> None:
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0.0 < scale <= 20.0:
        raise ValueError(f"scale is a number above 0, up to 20, got {scale!r}")


def _check(name: str, given: Any, allowed: Sequence[Any]) -> None:
    if given not in allowed:
        raise ValueError(f"{name} must be {', '.join(map(repr, allowed))}, got {given!r}")
