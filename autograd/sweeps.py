"""Sweeps over a recorded graph: reverse, forward, and second order. Numbers in, numbers out.

They leave the `grad` of every Value as it was, and call no hooks. The compiled
engine has its own; `graph_sweeps.py` does the same with Values, which can be
differentiated again.
"""

from collections.abc import Sequence

from autograd import value
from autograd.foreign import check_seen_through
from autograd.partials import rule_of, tangents_of_partials


def reverse_sweep(root: value.Value, upstream: float, inputs: Sequence[value.Value]) -> list[float]:
    """The gradient of `root`, times `upstream`, by each of `inputs`: what `backward` gives."""
    gradients = {root: upstream}
    for node in reversed(value.topological_order(root)):
        if node in gradients and node.requires_grad:
            check_seen_through([node], "a sweep of a transform")
            above = gradients[node]
            for parent, partial in zip(node.parents, node.partials, strict=True):
                if parent.requires_grad:
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
    tangent_of = _tangents(value.topological_order(root), inputs, tangents)
    return [tangent_of.get(out, 0.0) if isinstance(out, value.Value) else 0.0 for out in outputs]


def second_sweep(
    root: value.Value, inputs: Sequence[value.Value], tangents: Sequence[float]
) -> tuple[list[float], list[float]]:
    """The gradient of `root` by `inputs`, and how it changes along `tangents`: Hessian @ tangents.

    Forward over reverse: one sweep up for the tangents, one down for the
    gradients and their tangents (Pearlmutter, 1994, *Fast exact multiplication
    by the Hessian*).
    """
    order = [node for node in value.topological_order(root) if node.requires_grad]
    tangent_of = _tangents(order, inputs, tangents)
    upstream = dict.fromkeys(order, 0.0)
    change = dict.fromkeys(order, 0.0)
    upstream[root] = 1.0
    for node in reversed(order):
        if not node.parents:
            continue
        above, above_change = upstream[node], change[node]
        moving = [tangent_of.get(parent, 0.0) for parent in node.parents]
        partial_changes: Sequence[float] = ()
        if above and any(moving):
            numbers = [parent._data for parent in node.parents]
            partial_changes = tangents_of_partials(rule_of(node), numbers, moving)
        for position, parent in enumerate(node.parents):
            if parent.requires_grad:
                partial = node.partials[position]
                upstream[parent] += above * partial
                if above_change:
                    change[parent] += above_change * partial
                if partial_changes:
                    change[parent] += above * partial_changes[position]
    return (
        [upstream.get(leaf, 0.0) for leaf in inputs],
        [change.get(leaf, 0.0) for leaf in inputs],
    )


def uses_others(root: value.Value, inputs: Sequence[value.Value]) -> bool:
    """Whether `root` depends on leaves that require a gradient and are not among `inputs`."""
    own = set(inputs)
    return any(
        node.requires_grad and not node.parents and node not in own
        for node in value.topological_order(root)
    )


def depends_on(root: value.Value, inputs: Sequence[value.Value]) -> list[bool]:
    """Whether `root` depends on each of `inputs`."""
    below = set(value.topological_order(root))
    return [leaf in below for leaf in inputs]


def _tangents(
    order: Sequence[value.Value], inputs: Sequence[value.Value], tangents: Sequence[float]
) -> dict[value.Value, float]:
    tangent_of = dict(zip(inputs, tangents, strict=True))
    for node in order:
        if node.parents and node.requires_grad and node not in tangent_of:
            check_seen_through([node], "a sweep of a transform")
            total = 0.0
            for parent, partial in zip(node.parents, node.partials, strict=True):
                tangent = tangent_of.get(parent, 0.0)
                if tangent:  # where nothing moves, an infinite partial does not matter
                    total += partial * tangent
            tangent_of[node] = total
    return tangent_of
