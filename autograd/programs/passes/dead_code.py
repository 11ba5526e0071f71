"""Dead code: what no output needs is not computed."""

import ast
from functools import cache

from autograd.calculus.formula import formula_for
from autograd.calculus.rule_names import rule_named
from autograd.errors import FormulaError
from autograd.programs.many_slots import mark
from autograd.programs.passes.building import reordered
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
    names = {instruction.op for instruction in tape.instructions}
    keeps = {op for op in names if op in tape.rules or may_raise(op)}
    for instruction in reversed(tape.instructions):
        op, operands, first, count = instruction
        if needed[first] or op in keeps or (count > 1 and any(needed[first : first + count])):
            kept.append(instruction)
            mark(needed, operands)
    if len(kept) == len(tape.instructions):
        return tape
    once = {instruction.first for instruction in tape.instructions[: tape.hoisted]}
    hoisted = sum([instruction.first in once for instruction in kept]) if once else 0
    return reordered(tape, reversed(kept), hoisted)


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
