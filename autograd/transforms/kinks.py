"""Nodes at a kink: where a slope was chosen between those of the sides (`ops.KINK`).

Such a slope has no derivative of its own. `limits_at_kinks.py` looks around for what
is meant there; `value_sweeps.py` keeps to the slope where nothing around would change it.
"""

import math

from autograd import ops
from autograd.calculus.rule_names import rule_named
from autograd.calculus.tangents import has_kink_somewhere, tangents_of_partials
from autograd.engines.select import Value


def sits_at_kink(node: Value, *, chosen: bool) -> bool:
    """Whether `node` is at a kink; with `chosen`, whether it is the slope chosen at one."""
    rule = rule_named(node.op)
    if rule is None or not node.parents or not has_kink_somewhere(rule):
        return False
    if chosen:
        return any(map(math.isnan, node.partials))
    along = [1.0] * len(node.parents)
    changes = tangents_of_partials(rule, [parent._data for parent in node.parents], along)
    return any(map(math.isnan, changes))


def is_bend(node: Value) -> bool:
    """Whether `node` sits at a kink with straight sides: there the slopes nearby do not change."""
    rule = rule_named(node.op)
    if rule is ops.abs:
        return node._data == 0.0
    bent = rule in (ops.maximum, ops.minimum, ops.max, ops.min)
    return bent and any(0.0 < partial < 1.0 for partial in node.partials)
