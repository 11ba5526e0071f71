"""A drawing of a graph through Graphviz: values in green, gradients in red."""

import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd._select import Value
from autograd.errors import DotMissingError
from autograd.visual.model import Box, Graph, graph_of

if TYPE_CHECKING:
    import graphviz

GREEN, RED = "#137333", "#c5221f"
GREY, PALE, INK = "#5f6368", "#f1f3f4", "#202124"

HOW_TO_GET_DOT = (
    "the program `dot` was not found; install Graphviz (Debian and Ubuntu: "
    "`apt install graphviz`, macOS: `brew install graphviz`, Windows: "
    "`winget install graphviz`), or paste the DOT text into an online viewer"
)


def draw(root: Value, *, rankdir: str = "LR", number_format: str = ".4g") -> "Drawing":
    """Draw everything `root` depends on: label, operation, data in green, gradient in red.

    `rankdir` is the direction of the edges: ``"LR"``, ``"TB"``, ``"RL"`` or
    ``"BT"``; `number_format` is a format specification. Gradients show "—"
    until a backward pass has reached them. More than 1,500 values raise
    GraphError.

    >>> from autograd import Value, draw
    >>> x = Value(2.0, "x")
    >>> drawing = draw(x * x)
    >>> drawing.save("x_squared.dot")  # doctest: +SKIP
    >>> drawing.graphviz.body[0].strip()[:12]
    'v0 [label=<<'
    """
    if rankdir not in ("LR", "TB", "RL", "BT"):
        raise ValueError(f"rankdir must be LR, TB, RL or BT, got {rankdir!r}")
    if not isinstance(root, Value):
        raise TypeError(f"draw takes a Value, got {type(root).__name__} {root!r}")
    return Drawing(graph_of(root, number_format), rankdir)


class Drawing:
    """A graph ready to be shown: in a notebook, as a file, or as a ``graphviz.Digraph``."""

    def __init__(self, graph: Graph, rankdir: str = "LR") -> None:
        self.graph = graph
        self.rankdir = rankdir

    @property
    def graphviz(self) -> "graphviz.Digraph":
        """The ``graphviz.Digraph``, for everything else Graphviz can do."""
        import graphviz

        font = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "11"}
        digraph = graphviz.Digraph(
            "computation",
            graph_attr={"rankdir": self.rankdir, "bgcolor": "transparent", "nodesep": "0.2"},
            node_attr={"shape": "plain", "fontcolor": INK, **font},
            edge_attr={"color": GREY, "arrowsize": "0.6"},
        )
        for box in self.graph.boxes:
            digraph.node(box.name, label=_table(box), tooltip=" ")
        for tail, head in self.graph.edges:
            digraph.edge(tail, head)
        return digraph

    @property
    def dot(self) -> str:
        """The DOT text; needs nothing but the Python package ``graphviz``."""
        return str(self.graphviz.source)

    @property
    def svg(self) -> str:
        """The picture as SVG text; raises DotMissingError without the program ``dot``."""
        return self._rendered("svg").decode("utf-8")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`: .dot, .gv, .svg, .png or .pdf, and return the path.

        All but .dot and .gv need the program ``dot`` and raise DotMissingError
        without it; another suffix raises ValueError.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind in ("dot", "gv"):
            path.write_text(self.dot, encoding="utf-8")
        elif kind in ("svg", "png", "pdf"):
            path.write_bytes(self._rendered(kind))
        else:
            raise ValueError(f"cannot save as {path.name!r}: use .svg, .png, .pdf, .dot or .gv")
        return path

    def _rendered(self, kind: str) -> bytes:
        import graphviz

        try:
            return bytes(self.graphviz.pipe(format=kind))
        except graphviz.ExecutableNotFound:
            raise DotMissingError(f"no {kind}: {HOW_TO_GET_DOT}") from None

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"text/plain": repr(self), "image/svg+xml": self.svg}
        except DotMissingError as error:
            return {"text/plain": f"{self.dot}\n# {error}"}

    def __repr__(self) -> str:
        return f"<Drawing of {len(self.graph.boxes)} values, {len(self.graph.edges)} edges>"


def _table(box: Box) -> str:
    """The box as one of Graphviz's HTML-like labels: only they can hold two colours."""
    # Spaces: bold text may come out wider than the fonts `dot` measured with.
    rows = [f"<B> {_escaped(box.label)} </B>"] if box.label else []
    rows.append(f'<FONT COLOR="{GREEN}">{_escaped(box.data)}</FONT>')
    if box.grad:
        rows.append(f'<FONT COLOR="{RED}">{_escaped(box.grad)}</FONT>')
    cells = [f"<TD>{row}</TD>" for row in rows]
    if box.op:
        symbol = _escaped(box.op)
        cells[0] = f'<TD ROWSPAN="{len(rows)}" BGCOLOR="{PALE}">{symbol}</TD>{cells[0]}'
    body = "".join(f"<TR>{cell}</TR>" for cell in cells)
    return (
        f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" '
        f'COLOR="{GREY}" BGCOLOR="white" STYLE="ROUNDED">{body}</TABLE>>'
    )


def _escaped(text: str) -> str:
    """`text` as it is meant: no markup, and none of Graphviz's backslash escapes."""
    return html.escape(text).replace("\\", "\\\\")


def find_dot() -> str | None:
    """The path of the program ``dot``, or None."""
    import shutil

    return shutil.which("dot")
