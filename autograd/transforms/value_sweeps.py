"""Sweeps whose results are Values: gradients that can be drawn and differentiated again.

The numbers are those of `engines/sweeps.py`; here every step is recorded. Upstream
gradients flow from the root to the inputs, multiplied by each partial on the
way and added up where branches meet: the reverse network of the textbooks.
"""

from collections.abc import Callable, Iterable, Sequence

from autograd import functions, ops
from autograd.calculus.rule_names import rule_named
from autograd.engines.numbers import float_of
from autograd.engines.select import Value, topological_order
from autograd.engines.sweeps import first_serial
from autograd.support import tracing
from autograd.transforms.kinks import is_bend, is_linear
from autograd.transforms.partial_values import partial_values
from autograd.value import Number

Combine = Callable[[Number, Number], Number]
Partials = Callable[[Value, Sequence[bool]], "list[Number | None]"]


def reverse_graph(
    root: Value,
    upstream: Number,
    inputs: Sequence[Value],
    *,
    multiply: Combine | None = None,
    seen: Callable[[Value, Number], None] | None = None,
    partials: Partials = partial_values,
) -> list[Number]:
    """The gradient of `root`, times `upstream`, by each of `inputs`.

    A gradient that depends on nothing, as of a sum, may be a plain number.
    `multiply` makes a contribution of an upstream gradient and a partial
    (`product` by default); `seen` is called with each node and its gradient;
    `partials` gives the wanted partials of a node.
    """
    multiply = multiply or product
    order, on_the_way = _between(root, inputs)
    upstreams: dict[Value, Number] = {root: upstream}
    for node in reversed(order):
        if node not in on_the_way or node not in upstreams:
            continue
        above = upstreams[node]
        if seen is not None:
            seen(node, above)
        if not node.parents:
            continue
        wanted = [parent in on_the_way for parent in node.parents]
        found = partials(node, _taken(node, wanted))
        if _is_fixed(node, above, on_the_way):
            found = [x if x is None else float_of(x) for x in found]
        for parent, partial in zip(node.parents, found, strict=True):
            if partial is not None:
                contribution = multiply(above, partial)
                upstreams[parent] = (
                    functions.add(upstreams[parent], contribution)
                    if parent in upstreams
                    else contribution
                )
    for leaf in on_the_way.intersection(inputs, order) - upstreams.keys():
        # All that leads there are sides not taken; the 0 depends on it, as other gradients do.
        upstreams[leaf] = functions.where(0.0, leaf, 0.0)
    return [upstreams.get(leaf, 0.0) for leaf in inputs]


def forward_graph(
    root: Value,
    inputs: Sequence[Value],
    tangents: Sequence[Number],
    outputs: Sequence[Number],
) -> list[Number]:
    """The tangents of `outputs`, which `root` depends on, when `inputs` move along `tangents`."""
    given = dict(zip(inputs, tangents, strict=True))
    tangent_of: dict[Number, Number] = {
        leaf: tangent
        for leaf, tangent in given.items()
        if isinstance(tangent, Value) or tangent != 0.0
    }
    order, on_the_way = _between(root, inputs)
    for node in order:
        together = node is root and not any(out is root for out in outputs)
        if node not in on_the_way or node in given or together:
            continue
        # Of what does not move, an infinite partial does not matter.
        wanted = [parent in tangent_of for parent in node.parents]
        total: Number | None = None
        for parent, partial in zip(
            node.parents, partial_values(node, _taken(node, wanted)), strict=True
        ):
            if partial is not None:
                term = product(tangent_of[parent], partial)
                total = term if total is None else functions.add(total, term)
        if total is not None:
            tangent_of[node] = total
    return [tangent_of.get(out, 0.0) if isinstance(out, Value) else 0.0 for out in outputs]


def _between(root: Value, inputs: Sequence[Value]) -> tuple[list[Value], set[Value]]:
    """The nodes below `root` that require a gradient and may depend on `inputs`; those that do."""
    own = set(inputs)
    order = topological_order(root, first_serial(inputs))
    order = [node for node in order if node.requires_grad or node in own]
    return order, depending_on(inputs, order)


def _taken(node: Value, wanted: Sequence[bool]) -> list[bool]:
    """Which of the `wanted` parents `node` passes something on to: not to sides not taken.

    In a trace all of them: which side is taken is not known before it is replayed.
    """
    if tracing.is_on():
        return list(wanted)
    on = ops.passes(node.op, node.partials)
    return [want and taken for want, taken in zip(wanted, on, strict=True)]


def _is_fixed(node: Value, upstream: Number, on_the_way: set[Value]) -> bool:
    """Whether what `node` passes on stays the same nearby, on every side of the kink it is at.

    So it is for the weight of abs(w) in a penalty: nothing there is to be differentiated.
    """
    if tracing.is_on():
        return False
    fixed = not isinstance(upstream, Value) or not upstream.requires_grad
    return fixed and is_bend(node) and all(_is_affine(x, on_the_way) for x in node.parents)


def _is_affine(node: Value, inside: set[Value]) -> bool:
    """Whether `node` comes by sums and constant factors from leaves and what is not `inside`."""
    stack, seen = [node], {node}
    while stack:
        node = stack.pop()
        varying = [i for i, parent in enumerate(node.parents) if parent.requires_grad]
        if varying and not is_linear(rule_named(node.op), varying):
            return False
        for parent in (node.parents[i] for i in varying):
            if parent in inside and parent not in seen:
                stack.append(parent)
            seen.add(parent)
    return True


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
