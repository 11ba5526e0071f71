"""Sweeps whose results are Values: gradients that can be drawn and differentiated again.

The numbers are those of `sweeps.py`; here every step is recorded. Upstream
gradients flow from the root to the inputs, multiplied by each partial on the
way and added up where branches meet: the reverse network of the textbooks.
"""

from collections.abc import Callable, Iterable, Sequence

from autograd import functions
from autograd._select import Value, topological_order
from autograd.partials import partial_values
from autograd.value import Number

Combine = Callable[[Number, Number], Number]


def reverse_graph(
    root: Value,
    upstream: Number,
    inputs: Sequence[Value],
    *,
    multiply: Combine | None = None,
    seen: Callable[[Value, Number], None] | None = None,
) -> list[Number]:
    """The gradient of `root`, times `upstream`, by each of `inputs`.

    A gradient that depends on nothing, as of a sum, may be a plain number.
    `multiply` makes a contribution of an upstream gradient and a partial
    (`product` by default); `seen` is called with each node and its gradient.
    """
    multiply = multiply or product
    order = [node for node in topological_order(root) if node.requires_grad]
    on_the_way = depending_on(inputs, order)
    upstreams: dict[Value, Number] = {root: upstream}
    for node in reversed(order):
        if node not in on_the_way or node not in upstreams:
            continue
        above = upstreams[node]
        if seen is not None:
            seen(node, above)
        if not node.parents:
            continue
        wanted = [parent in on_the_way and parent.requires_grad for parent in node.parents]
        for parent, partial in zip(node.parents, partial_values(node, wanted), strict=True):
            if partial is not None:
                contribution = multiply(above, partial)
                upstreams[parent] = (
                    functions.add(upstreams[parent], contribution)
                    if parent in upstreams
                    else contribution
                )
    return [upstreams.get(leaf, 0.0) for leaf in inputs]


def forward_graph(
    root: Value,
    inputs: Sequence[Value],
    tangents: Sequence[Number],
    outputs: Sequence[Number],
) -> list[Number]:
    """The tangents of `outputs`, which `root` depends on, when `inputs` move along `tangents`."""
    tangent_of: dict[Number, Number] = dict(zip(inputs, tangents, strict=True))
    order = [node for node in topological_order(root) if node.requires_grad]
    on_the_way = depending_on(inputs, order)
    for node in order:
        together = node is root and not any(out is root for out in outputs)
        if node not in on_the_way or node in tangent_of or together:
            continue
        wanted = [parent in on_the_way for parent in node.parents]
        total: Number | None = None
        for parent, partial in zip(node.parents, partial_values(node, wanted), strict=True):
            if partial is not None and not _is_zero(tangent_of[parent]):
                term = product(tangent_of[parent], partial)
                total = term if total is None else functions.add(total, term)
        tangent_of[node] = 0.0 if total is None else total
    return [tangent_of.get(out, 0.0) if isinstance(out, Value) else 0.0 for out in outputs]


def _is_zero(tangent: Number) -> bool:
    return not isinstance(tangent, Value) and tangent == 0.0  # an infinite partial does not matter


def product(upstream: Number, partial: Number) -> Number:
    """`upstream` times `partial`, without nodes that multiply by one."""
    for factor, other in ((upstream, partial), (partial, upstream)):
        if not isinstance(factor, Value):
            if factor == 1.0:
                return other
            if factor == -1.0:
                return -other
    return functions.mul(upstream, partial)


def depending_on(inputs: Iterable[Value], order: Sequence[Value]) -> set[Value]:
    """The nodes of a topological `order` that depend on `inputs`, and `inputs` themselves."""
    found = set(inputs)
    for node in order:
        if any(parent in found for parent in node.parents):
            found.add(node)
    return found
