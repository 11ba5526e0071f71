"""Which rule made a node, and whether it would still give what the node holds."""

import math
from collections.abc import Iterable
from typing import Any

from autograd import ops
from autograd.calculus.derived_rules import called_rule
from autograd.calculus.rule_names import ByHand, rule_named
from autograd.errors import FormulaError, GraphError
from autograd.support.made_by_hand import check_seen_through, shown


def rule_of(node: Any) -> ops.Rule:
    """The rule that made `node`; GraphError where only its name is known."""
    rule = rule_named(node.op)
    if isinstance(node.op, ByHand):
        check_seen_through([node], "a sweep of a transform")
        raise GraphError(
            f"{shown(node)} was made by hand: its partials are known, but not how they change. "
            "Make it with @autograd.op to differentiate it twice"
        )
    if rule is None:
        try:
            return called_rule(node.op)  # a derived rule that came out of an old pickle
        except FormulaError:
            raise GraphError(
                f"the rule of {node.op} is not known any more: make the node again, with an "
                "operation made by @autograd.op"
            ) from None
    return rule


def is_up_to_date(node: Any) -> bool:
    """Whether the data and the partials of `node` are those for the data its operands hold now.

    So are those of a leaf, and of a node of whose rule only the name is known.
    """
    rule = rule_named(node.op) if node.parents else None
    return rule is None or _is_result(rule, node)


def check_up_to_date(nodes: Iterable[Any]) -> None:
    """GraphError for the first of `nodes` that is not up to date: its equation would be false."""
    for node in nodes:
        if not is_up_to_date(node):
            operands = [repr(parent._data) for parent in node.parents]
            operands[4:] = ["..."] if len(operands) > 4 else []
            raise GraphError(
                f"{node.op} has computed {node._data!r}, but its operands hold other data now "
                f"({', '.join(operands)}): data was assigned since, so compute the expression "
                "again. (A rule of your own by that name needs @autograd.op.)"
            )


def check_data(node: Any, rule: ops.Rule) -> None:
    """GraphError unless `rule`, which made `node`, gives the same for the operands as they are."""
    if not _is_result(rule, node):
        raise GraphError(
            f"{node.op} was computed from other data than its operands hold now: "
            "compute the output again before differentiating it twice"
        )


def _is_result(rule: ops.Rule, node: Any) -> bool:
    """Whether `rule`, applied to the operands as they are now, gives what `node` holds."""
    try:
        now = rule(*[parent._data for parent in node.parents])
    except (ValueError, ArithmeticError, LookupError):
        return False
    before = (node._data, *node.partials)
    return len(now) == len(before) and all(map(_same_number, now, before))


def _same_number(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))
