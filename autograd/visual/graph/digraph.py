"""A picture as a ``graphviz.Digraph``, for everything that Graphviz can do with one."""

from typing import TYPE_CHECKING

from autograd.visual.graph.boxes import Row, rows_of, tooltip
from autograd.visual.graph.model import Box, Edge, Graph
from autograd.visual.graph.svg import label_colour, thickness
from autograd.visual.page import escape
from autograd.visual.themes import Theme

if TYPE_CHECKING:
    import graphviz


def digraph_of(graph: Graph, rankdir: str, theme: Theme, title: str) -> "graphviz.Digraph":
    """Nodes box0, box1, ... in topological order, then the edges in the order of operands."""
    import graphviz

    font = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": "11"}
    notes = "".join(f'{_escaped(note)}<BR ALIGN="LEFT"/>' for note in graph.notes)
    digraph = graphviz.Digraph(
        "computation",
        graph_attr={
            "rankdir": rankdir, "bgcolor": theme.background, "nodesep": "0.2",
            "fontcolor": theme.path, "labelloc": "t", "labeljust": "l", **font,
            "tooltip": _plain(title),
            **({"label": f"<{notes}>"} if notes else {}),
        },
        node_attr={"shape": "plain", "fontcolor": theme.ink, **font},
        edge_attr={"color": theme.edge, "arrowsize": "0.6", **font},
    )  # fmt: skip
    for box in graph.boxes:
        ordering = {"ordering": "in"} if box.ordered else {}
        tip = _plain(tooltip(box)) or " "
        digraph.node(box.name, label=_table(box, theme), tooltip=tip, **ordering)
    for edge in graph.edges:
        tail, head = graph.boxes[edge.tail].name, graph.boxes[edge.head].name
        digraph.edge(tail, head, **_attributes(edge, theme))
    return digraph


def _attributes(edge: Edge, theme: Theme) -> dict[str, str]:
    found: dict[str, str] = {}
    if edge.label:
        found |= {"label": f"<{_escaped(edge.label)}>", "fontsize": "9"}
        found["fontcolor"] = label_colour(edge, theme)
    if edge.weight is not None:
        found["penwidth"] = f"{thickness(edge.weight):.2f}"
    if edge.constant:
        found["style"] = "dashed"
    if edge.on_path is not None:
        found["color"] = theme.path if edge.on_path else theme.faded
    return found


def _table(box: Box, theme: Theme) -> str:
    """The box as one of Graphviz's HTML-like labels: only they can hold several colours."""
    faded = theme.faded if box.on_path is False else ""
    quiet = faded or theme.quiet
    rows = [_row(row, faded or getattr(theme, row.role), quiet) for row in rows_of(box)]
    cells = [f"<TD>{row}</TD>" for row in rows]
    if box.op:
        symbol = _escaped(box.op)
        symbol = f'<FONT COLOR="{faded}">{symbol}</FONT>' if faded else symbol
        cells[0] = f'<TD ROWSPAN="{len(rows)}" BGCOLOR="{theme.strip}">{symbol}</TD>{cells[0]}'
    body = "".join(f"<TR>{cell}</TR>" for cell in cells)
    outline = theme.flags.get(box.flag, theme.outline)
    outline = theme.path if box.on_path else faded or outline
    return (
        f'<<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" '
        f'COLOR="{outline}" BGCOLOR="{theme.constant if box.constant else theme.box}" '
        f'STYLE="ROUNDED">{body}</TABLE>>'
    )


def _row(row: Row, colour: str, quiet: str) -> str:
    # Spaces: bold text may come out wider than the fonts `dot` measured with.
    text = f"<B> {_escaped(row.text)} </B>" if row.bold else _escaped(row.text)
    text = f'<FONT COLOR="{colour}">{text}</FONT>' if row.text else ""
    if row.called:
        text += f'<FONT COLOR="{quiet}" POINT-SIZE="9"><I>{_escaped(row.called)}</I></FONT>'
    return text


def _escaped(text: str) -> str:
    """`text` as it is meant: no markup, and none of Graphviz's backslash escapes."""
    return escape(text).replace("\\", "\\\\")


def _plain(text: str) -> str:
    """`text` for an attribute that is not HTML-like: never taken for one, no escapes."""
    import graphviz

    return str(graphviz.escape(escape(text)))
