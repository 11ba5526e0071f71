"""What the page of the player is told: the nodes of a graph, and where they lie in each view.

The page computes with rules printed as JavaScript, but never lays anything out:
every way to look at the graph (scopes closed, one opened after the other, all
open) is a view computed here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from autograd import errors
from autograd.engines.select import Value
from autograd.support.made_by_hand import check_seen_through
from autograd.support.provenance import check_up_to_date
from autograd.visual.naming import Naming, naming_of
from autograd.visual.player.box_sizes import ONE_NUMBER, TWO_NUMBERS, BoxSizes
from autograd.visual.player.nodes import nodes_of
from autograd.visual.player.views import views_of

MOST = 1500  # values
MOST_OPERANDS = 8_000  # of all operations together

Content = dict[str, Any]


def content_of(
    root: Value,
    collapse: str | int | None = "auto",
    names: Mapping[str, Any] | Naming | None = None,
    rankdir: str = "LR",
    bugs: str | None = None,
) -> tuple[Content, str]:
    """The nodes and views of everything `root` depends on, and the JavaScript of its rules.

    Raises GraphError for a root that needs no gradient, for more than `MOST`
    values or `MOST_OPERANDS` operands, and for a graph whose leaves have changed
    since it was computed.
    """
    if not root.requires_grad:
        raise errors.GraphError(
            "nothing here requires a gradient: made under no_grad, detached, or from numbers"
        )
    naming = naming_of(root, names)
    order = naming.order
    _check_size(order)
    check_seen_through(order, "the player")
    check_up_to_date(order)
    nodes, script, obstacle = nodes_of(naming)
    # A wrong gradient stands beside the right one.
    sizes = BoxSizes(nodes, ONE_NUMBER if bugs is None else TWO_NUMBERS)
    views = views_of(order, sizes, collapse, rankdir)
    return {"nodes": nodes, "views": views, "obstacle": obstacle}, script


def _check_size(order: Sequence[Value]) -> None:
    operands = sum(len(value.parents) for value in order)
    if len(order) > MOST or operands > MOST_OPERANDS:
        many = f"{len(order)} values"
        if len(order) <= MOST:
            many += f" with {operands:,} operands"
        raise errors.GraphError(
            f"{many} are too many to play (at most {MOST} values and {MOST_OPERANDS:,} operands): "
            "play one sample, one neuron, or a value nearer to the leaves"
        )
