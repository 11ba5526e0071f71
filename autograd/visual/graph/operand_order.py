"""Of which operations the operands may not change places in a picture."""

from autograd import ops
from autograd.calculus.rule_names import rule_named
from autograd.engines.select import Value


def are_ordered(value: Value) -> bool:
    """Whether another order of its operands might give another value, as 2 - 3 is not 3 - 2."""
    rule = rule_named(value.op)
    commutes = rule in ops.TABLE and ops.TABLE[rule].commutes
    return len(value.parents) > 1 and not commutes
