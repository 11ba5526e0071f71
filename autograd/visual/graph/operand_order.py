"""Of which operations the operands may not change places in a picture."""

from autograd import ops
from autograd.calculus.rule_names import rule_named
from autograd.engines.select import Value

COMMUTATIVE = frozenset(
    {
        ops.add, ops.mul, ops.hypot, ops.maximum, ops.minimum,
        ops.sum, ops.mean, ops.prod, ops.norm, ops.max, ops.min, ops.logsumexp,
    }
)  # fmt: skip


def are_ordered(value: Value) -> bool:
    """Whether another order of its operands might give another value, as 2 - 3 is not 3 - 2."""
    return len(value.parents) > 1 and rule_named(value.op) not in COMMUTATIVE
