"""The local derivatives of a node as short formulas, with the names of its operands in them."""

import ast
from contextlib import suppress

from autograd import errors, ops
from autograd.calculus.case_free import partial_everywhere
from autograd.calculus.formula import Formula, formula_for
from autograd.calculus.simplify import constant
from autograd.engines.select import Value
from autograd.export.text_printer import TextPrinter
from autograd.visual.naming import Naming

MOST_SPELLED = 64  # operands of an operation whose local derivatives are formulas
LONGEST = 32  # characters


def local_derivatives(value: Value, rule: ops.Rule | None, naming: Naming) -> list[str]:
    """The formula of each partial with the names filled in; "" where it is long or has cases."""
    operands = value.parents
    if rule is None or formula_of(rule) is None or len(operands) > MOST_SPELLED:
        return [""] * len(operands)
    # Names of users may hold anything: they come in after the formula is written.
    marks = {f"_{position}_": naming.name(v) for position, v in enumerate([*operands, value])}
    given: list[ast.expr] = [ast.Name(mark, ast.Load()) for mark in marks]
    out = given.pop()
    for position, operand in enumerate(operands):
        if naming.is_plain_number(operand):
            given[position] = constant(operand.data)
    numbers = [operand.data for operand in operands]
    written = TextPrinter(lambda mark: marks.get(mark, mark), spelled=True)
    texts = []
    for position in range(len(operands)):
        partial = None
        with suppress(errors.FormulaError, ArithmeticError):  # a user's rule may go beyond reading
            partial = partial_everywhere(rule, position, numbers, given, out)
        texts.append(written(partial) if partial is not None else "")
    return [text if len(text) <= LONGEST else "" for text in texts]


def formula_of(rule: ops.Rule | None) -> Formula | None:
    """The formula of a rule, if it can be read."""
    try:
        return formula_for(rule) if rule else None
    except errors.FormulaError:
        return None
