"""Rules derived from rules, ready to run: the functions whose values are partials of others.

`differentiate.py` gives the formula of a derived rule. Here it becomes a function
of numbers, made when it is first asked for and kept with the rule it comes from,
under a name that leads back to it: from a formula, a node, a pickle.
"""

import ast
import copy
import inspect
import math
import operator
import sys
from collections.abc import Iterable, Sequence
from types import FunctionType
from typing import Any, TypeVar

from autograd import ops
from autograd.calculus.differentiate import Source, derived_formula, source_of, zero_partials
from autograd.calculus.formula import Formula, formula_for
from autograd.calculus.rule_names import (
    DerivedName,
    Forgotten,
    RuleName,
    is_own,
    kept_by_rule,
    rule_named,
    told_of_derived,
)
from autograd.errors import FormulaError

AnyTree = TypeVar("AnyTree", bound=ast.AST)


@kept_by_rule
def sources(rule: ops.Rule) -> tuple[Source, ...]:
    """Where each partial of a rule of single operands comes from."""
    formula = formula_for(rule)
    return tuple(source_of(formula, operand) for operand in range(len(formula.operands)))


@kept_by_rule
def derived_rule(rule: ops.Rule, operand: int) -> ops.Rule:
    """The rule whose value is the partial of `rule` by operand number `operand`."""
    base = formula_for(rule)
    formula = derived_formula(base, operand, formula_called)
    derived: Any = function_of(rule, formula, namespace_of(rule, formula))
    name = derived.__name__ = DerivedRuleName.of(derived)
    derived.formula, derived.derived_from = formula, (rule, operand)
    ops.SYMBOLS[str(name)] = _symbol(rule, base.operands, operand)
    derived.chooses = range(sys.maxsize) if ops.chooses(rule.__name__) else zero_partials(formula)
    if is_own(rule) or getattr(rule, "is_built_in", False):
        derived.is_built_in = True
        for adopt in told_of_derived:
            adopt(derived)
    return derived  # type: ignore[no-any-return]


def _symbol(rule: ops.Rule, operands: Sequence[str], operand: int) -> str:
    """What a picture calls a derived rule: tanh with a prime, or ∂(x/y)/∂x."""
    symbol = ops.SYMBOLS.get(rule.__name__, rule.__name__)
    if len(operands) == 1:
        return f"{symbol}\N{PRIME}"
    between = not symbol[0].isalpha() and len(operands) == 2 and not symbol.startswith("∂")
    inside = f"({symbol.join(operands)})" if between else symbol
    return f"∂{inside}/∂{operands[operand]}"


# --- from a name to the rule ------------------------------------------------------------


class DerivedRuleName(RuleName):
    """The `op` of a node that is a partial derivative: its name, which leads back to its rule.

    A pickle keeps what it was derived from, if that is a rule of `ops`.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        if hasattr(self.rule, "is_built_in"):
            return derived_again, (self.rule.formula.name,)  # type: ignore[attr-defined]
        return super().__reduce__()


def derived_again(name: DerivedName) -> str:
    """The `op` of a node from a pickle, leading back to its rule if `ops` still has that."""
    try:
        return called_rule(name).__name__
    except FormulaError:
        return Forgotten(name)


def called_rule(name: str) -> ops.Rule:
    """The rule of `ops`, or derived from one, that formulas call `name`; else FormulaError."""
    if isinstance(name, DerivedName):
        rule = called_rule(name.base)
        operands = _operands_of(rule)
        if name.operand in operands:
            return derived_rule(rule, operands.index(name.operand))
    found = rule_named(name)
    if found is None and type(name) is str:
        found = _rule_spelled(name)
    if found is None:
        raise FormulaError(f"{name} is no rule of autograd.ops")
    return found


def _rule_spelled(text: str) -> ops.Rule | None:
    """The one rule derived from those of `ops` whose name reads `text`, as in an old pickle.

    The text is not taken apart: names are made, as `DerivedName` does, and compared.
    """
    found: list[ops.Rule] = []
    own: tuple[ops.Rule, ...] = (*ops.TABLE, *ops.PARTS)
    waiting = [rule for rule in own if text.startswith(f"{rule.__name__}_")]
    while waiting:
        rule = waiting.pop()
        for position, operand in enumerate(_operands_of(rule)):
            name = DerivedName(rule.__name__, operand)
            if name == text:
                found.append(derived_rule(rule, position))
            elif text.startswith(f"{name}_"):
                waiting.append(derived_rule(rule, position))
    return found[0] if len(found) == 1 else None


def _operands_of(rule: ops.Rule) -> tuple[str, ...]:
    """The operands by which a derivative of `rule` is a rule of its own."""
    formula = formula_for(rule)
    return () if formula.sequence else formula.operands


def formula_called(name: str) -> Formula:
    """The formula of the rule that formulas call `name`."""
    return formula_for(called_rule(name))


# --- from a formula to a function -------------------------------------------------------


def names_of(rule: ops.Rule) -> dict[str, Any]:
    """What the names mean that the source of `rule` finds outside of it."""
    return {**rule.__globals__, **inspect.getclosurevars(rule).nonlocals}


def namespace_of(rule: ops.Rule, formula: Formula) -> dict[str, Any]:
    """What the functions in `formula`, that of `rule` or derived from it, are called and are."""
    namespace: dict[str, Any] = {"math": math, "operator": operator}
    namespace |= {name: getattr(ops, name) for name in _OF_SEQUENCES}
    for expression in [*(expression for _, expression in formula.steps), *formula.results]:
        for node in ast.walk(expression):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name not in HELPERS:
                    namespace[_bound(name)] = called_rule(name)
    return namespace


_OF_SEQUENCES = {"_total", "_largest", "_at_largest", "_others"}
HELPERS = {"len", "map", "zip", "reversed", "_products", "_at_kink", *_OF_SEQUENCES}


def _bound(rule: str) -> str:
    """What a rule is called in a generated function, where steps may have any other name."""
    return f"rule__{rule}"


def with_bound_calls(tree: AnyTree) -> AnyTree:
    """A copy of `tree`, ready to compile, that calls rules by the names of `namespace_of`."""
    tree = copy.deepcopy(ast.fix_missing_locations(tree))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    # A set: formulas share parts.
    for name in {func for func in called if isinstance(func, ast.Name)}:
        if name.id not in HELPERS:
            name.id = _bound(name.id)
    return tree


def function_of(
    rule: ops.Rule,
    formula: Formula,
    namespace: dict[str, Any],
    operands: Sequence[str] | None = None,
) -> Any:
    """`formula`, derived from that of `rule`, as a Python function of its operands.

    The numbers that `rule` reads may change: the function reads the same ones.
    """
    body: list[ast.stmt] = [
        ast.Assign([_target(names)], expression) for names, expression in formula.steps
    ]
    body.append(ast.Return(ast.Tuple(list(formula.results), ast.Load())))
    name = str(formula.name)  # `compile` takes no kind of text but str
    function = _definition(name, operands or formula.operands, body)
    own = rule.__code__.co_freevars
    returned = ast.Return(ast.Name(name, ast.Load()))
    around = _definition("around", dict.fromkeys((*own, *namespace)), [function, returned])
    module = with_bound_calls(ast.Module([around], []))
    found: dict[str, Any] = {}
    code = compile(module, f"<derived rule {formula.name}>", "exec")
    exec(code, rule.__globals__, found)  # noqa: S102 - from the source of a rule
    made = found["around"](**{**dict.fromkeys(own), **namespace})
    cells_of_rule = dict(zip(own, rule.__closure__ or (), strict=True))
    cells = [
        cell if name in namespace else cells_of_rule[name]
        for name, cell in zip(made.__code__.co_freevars, made.__closure__ or (), strict=True)
    ]
    return FunctionType(made.__code__, rule.__globals__, name, None, tuple(cells))


def _definition(name: str, operands: Iterable[str], body: list[ast.stmt]) -> ast.FunctionDef:
    arguments = [ast.arg(operand) for operand in operands]
    return ast.FunctionDef(name, ast.arguments([], arguments, None, [], [], None, []), body, [])


def _target(names: Sequence[str]) -> ast.expr:
    targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
    return targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())
