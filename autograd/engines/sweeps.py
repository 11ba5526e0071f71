"""Sweeps over a recorded graph: reverse, forward, and second order. Numbers in, numbers out.

They leave the `grad` of every Value as it was, and call no hooks. None goes
below what it starts from: a node made before the first of the inputs does not
depend on them, whatever its own history. The compiled engine has its own;
`transforms/value_sweeps.py` does the same with Values, which can be differentiated again.
"""

from collections.abc import Iterable, Iterator, Sequence

from autograd import value
from autograd.calculus.tangents import changes_of_partials
from autograd.support.made_by_hand import check_seen_through
from autograd.support.provenance import rule_of


def reverse_sweep(root: value.Value, upstream: float, inputs: Sequence[value.Value]) -> list[float]:
    """The gradient of `root`, times `upstream`, by each of `inputs`: what `backward` gives."""
    order = _order(root, inputs)
    wanted = set(order)
    gradients = {root: upstream}
    for node in reversed(order):
        if node in gradients:
            check_seen_through([node], "a sweep of a transform")
            above = gradients[node]
            for parent, partial in _edges(node):
                if parent in wanted:
                    gradients[parent] = gradients.get(parent, 0.0) + above * partial
    return [gradients.get(node, 0.0) for node in inputs]


def forward_sweep(
    root: value.Value,
    inputs: Sequence[value.Value],
    tangents: Sequence[float],
    outputs: Sequence[value.Number],
) -> list[float]:
    """The tangents of `outputs`, which `root` depends on, when `inputs` move along `tangents`.

    The tangent of a node is the sum of partial times tangent over its parents.
    """
    tangent_of = _tangents(_order(root, inputs), inputs, tangents)
    return [tangent_of.get(out, 0.0) if isinstance(out, value.Value) else 0.0 for out in outputs]


def second_sweep(
    root: value.Value, inputs: Sequence[value.Value], tangents: Sequence[float]
) -> tuple[list[float], list[float]]:
    """The gradient of `root` by `inputs`, and how it changes along `tangents`: Hessian @ tangents.

    Forward over reverse: one sweep up for the tangents, one down for the
    gradients and their tangents (Pearlmutter, 1994, *Fast exact multiplication
    by the Hessian*).
    """
    order = _order(root, inputs)
    wanted = set(order)
    tangent_of = _tangents(order, inputs, tangents)
    upstream = {root: 1.0}
    change: dict[value.Value, float] = {}
    for node in reversed(order):
        if not node.parents or node not in upstream:
            continue
        changes: Sequence[float | None] = [None] * len(node.parents)
        if node in change or any(parent in tangent_of for parent in node.parents):
            numbers = [parent._data for parent in node.parents]
            moving = [tangent_of.get(parent) for parent in node.parents]
            changes = changes_of_partials(rule_of(node), numbers, moving)
        edges = zip(node.parents, node._local_gradient, strict=True)
        for position, (parent, partial) in enumerate(edges):
            if parent in wanted and type(partial) is not value.NotTaken:
                upstream[parent] = upstream.get(parent, 0.0) + upstream[node] * partial
                if node in change:
                    change[parent] = change.get(parent, 0.0) + change[node] * partial
                own = changes[position]
                if own is not None:
                    change[parent] = change.get(parent, 0.0) + upstream[node] * own
    return (
        [upstream.get(leaf, 0.0) for leaf in inputs],
        [change.get(leaf, 0.0) for leaf in inputs],
    )


def uses_others(root: value.Value, inputs: Sequence[value.Value], since: int = 0) -> bool:
    """Whether `root` depends on leaves that require a gradient and are not among `inputs`.

    What was made before the serial number `since` counts as such a leaf.
    """
    own = set(inputs)
    order = value.topological_order(root, since)
    return (root.requires_grad and not order) or any(
        (node.requires_grad and not node.parents and node not in own)
        or any(parent.requires_grad and parent._serial < since for parent in node.parents)
        for node in order
    )


def depends_on(root: value.Value, inputs: Sequence[value.Value]) -> list[bool]:
    """Whether `root` depends on each of `inputs`."""
    below = set(value.topological_order(root, first_serial(inputs)))
    return [leaf in below for leaf in inputs]


def first_serial(inputs: Iterable[value.Value]) -> int:
    """The serial number of the first of `inputs`, which sweeps need not go below."""
    return min((leaf._serial for leaf in inputs), default=2**32 - 1)


def _order(root: value.Value, inputs: Sequence[value.Value]) -> list[value.Value]:
    """The nodes that `root` depends on, that require a gradient, and that `inputs` may change."""
    own = set(inputs)
    order = value.topological_order(root, first_serial(inputs))
    return [node for node in order if node.requires_grad or node in own]


def _tangents(
    order: Sequence[value.Value], inputs: Sequence[value.Value], tangents: Sequence[float]
) -> dict[value.Value, float]:
    """The tangents of what moves; where nothing does, an infinite partial does not matter."""
    given = dict(zip(inputs, tangents, strict=True))
    tangent_of = {leaf: tangent for leaf, tangent in given.items() if tangent != 0.0}
    for node in order:
        if node.parents and node.requires_grad and node not in given:
            check_seen_through([node], "a sweep of a transform")
            for parent, partial in _edges(node):
                if parent in tangent_of:
                    tangent_of[node] = tangent_of.get(node, 0.0) + partial * tangent_of[parent]
    return tangent_of


def _edges(node: value.Value) -> Iterator[tuple[value.Value, float]]:
    """The parents that a gradient passes on to, each with its partial."""
    for parent, partial in zip(node.parents, node._local_gradient, strict=True):
        if type(partial) is not value.NotTaken:
            yield parent, partial
