"""How a value was computed from its operands, as one expression."""

import ast
from collections.abc import Sequence
from contextlib import suppress

from autograd.calculus.readable import value_at
from autograd.calculus.rule_names import ByHand, RuleName, rule_named
from autograd.engines.select import Value
from autograd.export.notation import operation


def definition(value: Value, operands: Sequence[ast.expr]) -> ast.expr:
    """The operation that made `value`, over the expressions of its operands."""
    if isinstance(value.op, ByHand):  # whatever its maker calls it, it may be something else
        return operation("made by hand", operands)
    rule = rule_named(value.op)
    if (
        rule is not None and isinstance(value.op, RuleName) and hasattr(rule, "formula")
    ):  # a derivative: spell it out
        numbers = [parent.data for parent in value.parents]
        with suppress(ArithmeticError, ValueError):  # where a leaf's data was changed since
            return value_at(rule, numbers, operands)
    return operation(value.op, operands)
