"""Dead code: what no output needs is not computed."""

import ast
from functools import cache

from autograd.calculus.formula import formula_for
from autograd.calculus.rule_names import rule_named
from autograd.errors import FormulaError
from autograd.programs.passes.building import regrouped
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Tape

# They divide, or ask `math`, in a way that no finite operands make refuse.
_TOTAL = {
    LOG_SOFTMAX,
    MATRIX,
    "dot",
    "logsumexp",
    "max",
    "mean",
    "min",
    "sigmoid",
    "softplus",
    "tanh",
}
_NEVER_REFUSES = {"fabs", "copysign", "isnan", "isfinite"}


def drop_dead_code(tape: Tape) -> Tape:
    """Without the steps that lead to no output, unless they may raise, as in eager code."""
    needed = bytearray(tape.slots)
    for slot in tape.outputs:
        needed[slot] = True
    kept = []
    for instruction in reversed(tape.instructions):
        op, operands, first, count = instruction
        if any(needed[first : first + count]) or op in tape.rules or may_raise(op):
            kept.append((op, [instruction]))
            for slot in operands:
                needed[slot] = True
    return regrouped(tape, kept[::-1])


@cache
def may_raise(op: str) -> bool:
    """Whether the rule of that name can raise: it divides, takes a power, or asks `math`."""
    rule = rule_named(op)
    if op in _TOTAL:
        return False
    if rule is None:
        return True
    try:
        formula = formula_for(rule)
    except FormulaError:
        return True
    trees = [*(tree for _, tree in formula.steps), *formula.results]
    return any(_can_refuse(node) for tree in trees for node in ast.walk(tree))


def _can_refuse(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Div | ast.Pow | ast.Mod | ast.FloorDiv)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return node.func.attr not in _NEVER_REFUSES
    name = getattr(node.func, "id", "")
    return rule_named(name) is not None and may_raise(name)
