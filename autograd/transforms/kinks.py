"""Nodes at a kink: where a slope was chosen between those of the sides (`ops.KINK`).

Such a slope has no derivative of its own. `limits_at_kinks.py` looks around for what
is meant there; `value_sweeps.py` keeps to the slope where nothing around would change it.
"""

import math
from collections.abc import Sequence

from autograd import ops
from autograd.calculus.differentiate import reads
from autograd.calculus.formula import formula_for
from autograd.calculus.rule_names import rule_named
from autograd.calculus.tangents import has_kink_somewhere, tangents_of_partials
from autograd.engines.select import Value

STEP = 2.0**-20  # to the side of a kink


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
    if rule is None or rule not in ops.TABLE or not sits_at_kink(node, chosen=False):
        return False
    operands = [parent._data for parent in node.parents]
    along = [1.0] * len(operands)
    for side in (-STEP, STEP):  # each operand by a step of its own: no tie stays one
        beside = [
            x + side * (1.0 + i) * (1.0 + abs(x)) if math.isfinite(x) else x
            for i, x in enumerate(operands)
        ]
        try:
            changes = tangents_of_partials(rule, beside, along)
        except (ValueError, ArithmeticError):  # the end of its domain
            return False
        if any(change and not math.isnan(change) for change in changes):
            return False
    return True


def is_linear(rule: ops.Rule | None, moving: Sequence[int]) -> bool:
    """Whether an operation is a sum of its operands `moving`, times what does not depend on them.

    So it is where it chooses nothing, has no kink, and the partials by them read none of them.
    """
    facts = None if rule is None else ops.TABLE.get(rule)
    if rule is None or facts is None or facts.kink or facts.chooses:
        return False
    return not reads(formula_for(rule), moving)
