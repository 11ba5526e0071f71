"""Partial derivatives as formulas that stay true whatever numbers the operands become.

`readable` writes a partial at given numbers, or in cases. A page in which the
numbers are edited has room for neither: here is the formula where it is one for all.
"""

import ast
from collections.abc import Sequence
from contextlib import suppress
from operator import ge, gt, le, lt

from autograd import ops
from autograd.calculus.formula import Formula, formula_for
from autograd.calculus.readable import partial_at, partial_in_cases
from autograd.calculus.simplify import substituted, tidied

COMPARISONS = {ast.Lt: lt, ast.LtE: le, ast.Gt: gt, ast.GtE: ge}


def partial_everywhere(
    rule: ops.Rule,
    position: int,
    numbers: Sequence[float],
    operands: Sequence[ast.expr],
    out: ast.expr,
) -> ast.expr | None:
    """As `partial_at`, but for whatever numbers the operands become; None where it has cases.

    Operands that are given as numbers keep them, and so decide between cases.
    FormulaError if the rule has no formula.

    >>> x, two, h = ast.Name("x"), ast.Constant(2), ast.Name("h")
    >>> ast.unparse(partial_everywhere(ops.pow, 0, [3.0, 2.0], [x, two], h))
    '2 * x'
    >>> partial_everywhere(ops.relu, 0, [3.0], [x], h) is None
    True
    """
    formula = formula_for(rule)
    if formula.sequence:
        if _adds_up(formula):
            return None
        return partial_at(rule, position, numbers, operands, out)
    meanings = dict(zip(formula.operands, operands, strict=True)) | {"out": out}
    partial = substituted(partial_in_cases(rule, position), meanings)
    while isinstance(partial, ast.IfExp):
        truth = True if _guards_a_limit(partial) else _outcome(partial.test)
        if truth is None:
            return None
        partial = partial.body if truth else partial.orelse
    return tidied(partial)


def _adds_up(formula: Formula) -> bool:
    """Whether a number found from all of a sequence would stand in its partials."""
    read = [*(expression for _, expression in formula.steps), *formula.results[1:]]
    names = {node.id for tree in read for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(names & {"_largest", "_total", "math"})


def _guards_a_limit(choice: ast.IfExp) -> bool:
    """Whether the other side is for the one number where this side is 0 / 0: that is no case."""
    return not isinstance(choice.test, ast.Compare) and _is_limit(choice.orelse)


def _is_limit(expression: ast.expr) -> bool:
    match expression:
        case ast.Attribute():  # math.inf, math.nan
            return True
        case ast.IfExp(body=inner) | ast.UnaryOp(operand=inner):
            return _is_limit(inner)
    return False


def _outcome(test: ast.expr) -> bool | None:
    """The outcome of a test of numbers; None where it is about operands, times 0 though they be."""
    if any(isinstance(node, ast.Name) for node in ast.walk(test)):
        return None
    with suppress(ValueError):  # of `literal_eval`, for what is no number
        match tidied(test):
            case ast.Compare(left=left, ops=[comparison], comparators=[right]):
                compared = COMPARISONS[type(comparison)]
                return bool(compared(ast.literal_eval(left), ast.literal_eval(right)))
            case number:
                return bool(ast.literal_eval(number))
    return None
