"""What a picture of a graph shows: a box for each value, an edge for each operand."""

import unicodedata
from dataclasses import dataclass

from autograd import errors, ops
from autograd._select import Value, topological_order

MOST = 1500  # values; above it nothing is legible and layout takes minutes
LONGEST_LABEL = 40  # characters


@dataclass(frozen=True)
class Box:
    """One value as drawn."""

    name: str  # unique in the picture: v0, v1, ...
    label: str  # safe to show: no control characters, not too long
    op: str  # the symbol of its operation, "" for a leaf
    data: str
    grad: str  # "—" before backward, "" where no gradient is wanted


@dataclass(frozen=True)
class Graph:
    """The boxes in topological order, and the edges from operand to result, in order."""

    boxes: tuple[Box, ...]
    edges: tuple[tuple[str, str], ...]


def graph_of(root: Value, number_format: str = ".4g") -> Graph:
    """The picture's content for everything `root` depends on.

    More than `MOST` values raise GraphError: draw a part of the graph instead.
    """
    order = topological_order(root)
    if len(order) > MOST:
        raise errors.GraphError(
            f"{len(order)} values cannot be drawn legibly (at most {MOST} are): "
            "draw one neuron, one sample, or a value nearer to the leaves"
        )
    names = {value: f"v{position}" for position, value in enumerate(order)}
    boxes = tuple(_box(names[value], value, number_format) for value in order)
    edges = ((names[parent], names[value]) for value in order for parent in value.parents)
    return Graph(boxes, tuple(edges))


def _box(name: str, value: Value, number_format: str) -> Box:
    if not value.requires_grad:
        grad = ""
    else:
        grad = format(value.grad, number_format) if value._reached or value.grad else "—"
    symbol = ops.SYMBOLS.get(value.op, value.op)
    data = format(value.data, number_format)
    return Box(name, printable(value.label), printable(symbol), data, grad)


def printable(text: str) -> str:
    """`text` cut to `LONGEST_LABEL`, with control and unassigned characters replaced."""
    cut = text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
    return "".join("\N{REPLACEMENT CHARACTER}" if _unprintable(c) else c for c in cut)


def _unprintable(character: str) -> bool:
    # Cc control, Cf format (text direction), Cs surrogate, Co private, Cn unassigned
    return unicodedata.category(character).startswith("C")
