"""The partials of a node as Values: what derivatives of derivatives are made of.

For a rule of single operands each partial is an operation of its own (see
`derived.py`); for a rule of a sequence the rule's own source runs once more, on
Values, with the functions of ``math`` replaced by those of `functions`.
"""

import ast
import copy
import inspect
import math
import operator
import sys
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType, SimpleNamespace
from typing import Any, TypeVar

from autograd import functions, ops
from autograd.calculus.differentiate import (
    Source,
    derived_formula,
    has_kink,
    source_of,
    substituted,
    tangent_formula,
    without_unused_steps,
    zero_partials,
)
from autograd.calculus.formula import (
    ByHand,
    Formula,
    formula_for,
    is_own,
    kept_by_rule,
    named_after,
    rule_named,
)
from autograd.engines import select
from autograd.engines.select import Value, apply, float_of
from autograd.errors import FormulaError, GraphError
from autograd.support.made_by_hand import check_seen_through, shown
from autograd.value import Number, passes


def partial_values(node: Value, wanted: Sequence[bool]) -> "list[Number | None]":
    """The partials of `node` by the `wanted` parents, as Values that depend on the parents.

    A partial that is always the same is a number; one not wanted is None.
    GraphError where the data of a leaf was changed since `node` was made: its
    partials are no longer those.
    """
    rule = rule_of(node)
    values: list[Number | None] = [None] * len(wanted)
    if not any(wanted):
        return values
    check_seen_through([node], "a sweep of a transform")
    _check_data(node, rule)
    if formula_for(rule).sequence:
        every = sequence_partials(rule)(node, _operands(node))
        return [value if want else None for value, want in zip(every, wanted, strict=True)]
    for operand, want in enumerate(wanted):
        if want:
            values[operand] = _partial_value(node, rule, operand)
    return values


def is_up_to_date(node: Value) -> bool:
    """Whether the data and the partials of `node` are those for the data its operands hold now.

    So are those of a leaf, and of a node of whose rule only the name is known.
    """
    rule = rule_named(node.op) if node.parents else None
    return rule is None or _is_result(rule, node)


def check_up_to_date(nodes: Iterable[Value]) -> None:
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


def _check_data(node: Value, rule: ops.Rule) -> None:
    if not _is_result(rule, node):
        raise GraphError(
            f"{node.op} was computed from other data than its operands hold now: "
            "compute the output again before differentiating it twice"
        )


def _is_result(rule: ops.Rule, node: Value) -> bool:
    """Whether `rule`, applied to the operands as they are now, gives what `node` holds."""
    try:
        now = rule(*[parent._data for parent in node.parents])
    except (ValueError, ArithmeticError, LookupError):
        return False
    before = (node._data, *node.partials)
    return len(now) == len(before) and all(map(_same_number, now, before))


def _same_number(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def rule_of(node: Value) -> ops.Rule:
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
            return called_rule(node.op)  # a derived rule that came out of a pickle
        except FormulaError:
            raise GraphError(
                f"the rule of {node.op} is not known any more: make the node again, with an "
                "operation made by @autograd.op"
            ) from None
    return rule


AnyTree = TypeVar("AnyTree", bound=ast.AST)


@kept_by_rule
def sources(rule: ops.Rule) -> tuple[Source, ...]:
    """Where each partial of a rule of single operands comes from."""
    formula = formula_for(rule)
    return tuple(source_of(formula, operand) for operand in range(len(formula.operands)))


def _partial_value(node: Value, rule: ops.Rule, operand: int) -> Number:
    source = sources(rule)[operand]
    if source.number is not None:
        return source.number
    if source.operand is not None:
        parent: Value = node.parents[source.operand]
        return parent
    if source.is_value:
        return node
    return apply(derived_rule(rule, operand), *_operands(node))


def _operands(node: Value) -> list[Number]:
    """The parents; those that need no gradient as plain numbers."""
    return [parent if parent.requires_grad else parent._data for parent in node.parents]


# --- derived rules ---------------------------------------------------------------


@kept_by_rule
def derived_rule(rule: ops.Rule, operand: int) -> ops.Rule:
    """The rule whose value is the partial of `rule` by operand number `operand`."""
    base = formula_for(rule)
    formula = derived_formula(base, operand, _called_formula)
    derived: Any = _function(rule, formula, namespace_of(rule, formula))
    name = derived.__name__ = named_after(derived)
    derived.formula, derived.derived_from = formula, (rule, operand)
    ops.SYMBOLS[str(name)] = _symbol(rule, base.operands, operand)
    derived.chooses = range(sys.maxsize) if ops.chooses(rule.__name__) else zero_partials(formula)
    if is_own(rule) or getattr(rule, "is_built_in", False):
        derived.is_built_in = True
        select.adopt(derived)
    return derived  # type: ignore[no-any-return]


def _symbol(rule: ops.Rule, operands: Sequence[str], operand: int) -> str:
    """What a picture calls a derived rule: tanh with a prime, or ∂(x/y)/∂x."""
    symbol = ops.SYMBOLS.get(rule.__name__, rule.__name__)
    if len(operands) == 1:
        return f"{symbol}\N{PRIME}"
    between = not symbol[0].isalpha() and len(operands) == 2 and not symbol.startswith("∂")
    inside = f"({symbol.join(operands)})" if between else symbol
    return f"∂{inside}/∂{operands[operand]}"


def called_rule(name: str) -> ops.Rule:
    """The rule of `ops`, or derived from one, that formulas call `name`; else FormulaError."""
    own = getattr(ops, name, None)
    if inspect.isfunction(own) and is_own(own):
        return own
    base, _, operand = name.rpartition("_")
    if base:
        rule = called_rule(base)
        operands = formula_for(rule).operands
        if operand in operands and not formula_for(rule).sequence:
            return derived_rule(rule, operands.index(operand))
    raise FormulaError(f"{name} is no rule of autograd.ops")


def _called_formula(name: str) -> Formula:
    return formula_for(called_rule(name))


def names_of(rule: ops.Rule) -> dict[str, Any]:
    """What the names mean that the source of `rule` finds outside of it."""
    return {**rule.__globals__, **inspect.getclosurevars(rule).nonlocals}


# The functions of `math` that have a rule, or a derivative that is zero; and its numbers.
MATH = {rule.__name__ for rule in ops.TABLE}.intersection(dir(math)) - {"prod"}
MATH |= {"fabs", "floor", "ceil", "isfinite", "isnan"}
MATH_OF_TWO = {"atan2", "fmod", "hypot", "pow"}
CONSTANTS = {name for name, number in vars(math).items() if isinstance(number, float)}


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


def _function(
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
    function = _definition(formula.name, operands or formula.operands, body)
    own = rule.__code__.co_freevars
    returned = ast.Return(ast.Name(formula.name, ast.Load()))
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
    return FunctionType(made.__code__, rule.__globals__, formula.name, None, tuple(cells))


def _definition(name: str, operands: Iterable[str], body: list[ast.stmt]) -> ast.FunctionDef:
    arguments = [ast.arg(operand) for operand in operands]
    return ast.FunctionDef(name, ast.arguments([], arguments, None, [], [], None, []), body, [])


def _target(names: Sequence[str]) -> ast.expr:
    targets: list[ast.expr] = [ast.Name(name, ast.Store()) for name in names]
    return targets[0] if len(targets) == 1 else ast.Tuple(targets, ast.Store())


# --- rules of a sequence ------------------------------------------------------------


@kept_by_rule
def sequence_partials(rule: ops.Rule) -> Callable[[Value, Sequence[Number]], list[Number]]:
    """The function from a node of `rule` and its operands to the partials, as Values."""
    formula = formula_for(rule)
    value, *partials = formula.results
    out = value.id if isinstance(value, ast.Name) else "value_of_the_node"
    steps = tuple(step for step in formula.steps if step[0] != (out,))
    at_kink = {"KINK": ast.parse(f"KINK + _at_kink({formula.operands[0]})", mode="eval").body}
    steps = tuple((names, substituted(expression, at_kink)) for names, expression in steps)
    results = tuple(substituted(partial, at_kink) for partial in partials)
    formula = Formula(formula.name, formula.operands, True, steps, results)
    namespace = {**namespace_of(rule, formula), **_ON_VALUES}
    function = _function(rule, without_unused_steps(formula), namespace, [out, *formula.operands])
    return lambda node, operands: list(function(node, operands))


def _largest(x: Sequence[Number]) -> Number:
    return max(x, key=lambda a: math.inf if math.isnan(float_of(a)) else float_of(a))


def _exp(x: Number) -> Number:
    # The largest logit less itself: 0 whatever it is, so that nothing has to cancel.
    itself = isinstance(x, Value) and x.op == "sub" and len(set(x.parents)) == 1
    return 1.0 if itself else functions.exp(x)


def at_kink(*x: float) -> tuple[float, ...]:
    """A zero that is no number to differentiate: see `ops.KINK`."""
    return 0.0, *[math.nan] * len(x)


at_kink.__name__ = named_after(at_kink)


def _products(x: Sequence[Number]) -> list[Number]:
    products: list[Number] = [1.0]
    for a in x:
        products.append(a if len(products) == 1 else products[-1] * a)
    return products


_VALUE_MATH = SimpleNamespace(
    **{
        **vars(math),
        **{name: getattr(functions, name) for name in dir(math) if hasattr(functions, name)},
        "exp": _exp,
        "fabs": functions.abs,
        "hypot": lambda *x: functions.norm(x),
        "isfinite": lambda x: math.isfinite(float_of(x)),
        "isnan": lambda x: math.isnan(float_of(x)),
    }
)
_ON_VALUES = {
    "math": _VALUE_MATH,
    "_total": functions.sum,
    "_largest": _largest,
    "_products": _products,
    "_at_kink": lambda x: apply(at_kink, *x),
}


# --- how the partials change -----------------------------------------------------------


def changes_of_partials(
    rule: ops.Rule, operands: Sequence[float], tangents: Sequence[float | None]
) -> Sequence[float | None]:
    """How fast each partial of `rule` changes; None for one that depends on nothing that moves.

    nan where a partial is chosen at a kink (`ops.KINK`), whatever it is that moves.
    """
    if _has_kink(rule):
        along = [1.0] * len(operands)
        if any(map(math.isnan, tangents_of_partials(rule, operands, along))):
            return [math.nan] * len(operands)
    if all(tangent is None for tangent in tangents):
        return [None] * len(operands)
    if not formula_for(rule).sequence:
        return [_tangent(rule, operand, operands, tangents) for operand in range(len(operands))]
    changes = tangents_of_partials(rule, operands, tangents)
    if 0.0 not in changes:
        return changes
    # What an operand moves, it makes nan by moving so.
    probe = [None if tangent is None else math.nan for tangent in tangents]
    moved = map(math.isnan, tangents_of_partials(rule, operands, probe))
    return [change if moves else None for change, moves in zip(changes, moved, strict=True)]


def sits_at_kink(node: Value, *, chosen: bool) -> bool:
    """Whether `node` is at a kink; with `chosen`, whether it is the slope chosen at one."""
    rule = rule_named(node.op)
    if rule is None or not node.parents or not _has_kink(rule):
        return False
    if chosen:
        return any(map(math.isnan, node.partials))
    along = [1.0] * len(node.parents)
    changes = tangents_of_partials(rule, [parent._data for parent in node.parents], along)
    return any(map(math.isnan, changes))


@kept_by_rule
def _has_kink(rule: ops.Rule) -> bool:
    if rule is at_kink:
        return True
    return has_kink(formula_for(rule), _called_formula)


def is_bend(node: Value) -> bool:
    """Whether `node` sits at a kink with straight sides: there the slopes nearby do not change."""
    rule = rule_named(node.op)
    if rule is ops.abs:
        return node._data == 0.0
    bent = rule in (ops.maximum, ops.minimum, ops.max, ops.min)
    return bent and any(0.0 < partial < 1.0 for partial in node.partials)


def tangents_of_partials(
    rule: ops.Rule, operands: Sequence[float], tangents: Sequence[float | None]
) -> list[float]:
    """How fast each partial of `rule` changes when the operands move along `tangents`."""
    if not formula_for(rule).sequence:
        every = range(len(operands))
        return [_tangent(rule, operand, operands, tangents) or 0.0 for operand in every]
    function = _tangent_function(rule)
    moving = [tangent or 0.0 for tangent in tangents]
    return list(function(operands, moving)[1:]) if function else [0.0] * len(operands)


def _tangent(
    rule: ops.Rule, operand: int, operands: Sequence[float], tangents: Sequence[float | None]
) -> float | None:
    source = sources(rule)[operand]
    if source.number is not None:
        return None
    if source.operand is not None:
        return tangents[source.operand]
    derived = rule if source.is_value else derived_rule(rule, operand)
    _, *partials = derived(*operands)
    # A plain sum; where nothing moves, an infinite partial does not matter.
    total: float | None = None
    passing = passes(derived.__name__, partials)
    for partial, tangent, on in zip(partials, tangents, passing, strict=True):
        if tangent is not None and on:
            total = (total or 0.0) + partial * tangent
    return total


@kept_by_rule
def _tangent_function(rule: ops.Rule) -> Callable[..., Any] | None:
    try:
        formula = tangent_formula(formula_for(rule), _called_formula)
    except FormulaError:
        return lambda operands, tangents: _tangents_by_graph(rule, operands, tangents)
    return None if formula is None else _function(rule, formula, namespace_of(rule, formula))


def _tangents_by_graph(
    rule: ops.Rule, operands: Sequence[float], tangents: Sequence[float]
) -> list[float]:
    """The same for a rule whose source has no tangent formula: through its partials as Values."""
    leaves = [Value(number) for number in operands]
    partials = sequence_partials(rule)(apply(rule, *leaves), leaves)
    together = functions.sum([0.0, *partials])
    if not isinstance(together, Value):
        return [0.0] * (1 + len(operands))
    return [0.0, *select.sweeps().forward_sweep(together, leaves, tangents, partials)]
