"""The partials of a node as Values: what derivatives of derivatives are made of.

For a rule of single operands each partial is an operation of its own (see
`calculus/differentiate.py`); for a rule of a sequence the rule's own source runs
once more, on Values, with the functions of ``math`` replaced by those of
`functions`.
"""

import ast
import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace

from autograd import functions, ops
from autograd.calculus.derived_rules import derived_rule, function_of, namespace_of, sources
from autograd.calculus.differentiate import without_unused_steps
from autograd.calculus.formula import Formula, formula_for
from autograd.calculus.rule_names import kept_by_rule
from autograd.calculus.simplify import substituted
from autograd.calculus.tangents import at_kink, sweep_through_graphs
from autograd.engines import select
from autograd.engines.numbers import float_of
from autograd.engines.select import Value, apply
from autograd.support import modes, tracing
from autograd.support.made_by_hand import check_seen_through
from autograd.support.provenance import check_data, rule_of
from autograd.value import Number


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
    check_data(node, rule)
    if formula_for(rule).sequence:
        without_choice = _WITHOUT_CHOICE.get(rule) if tracing.is_on() else None
        every = (without_choice or sequence_partials(rule))(node, _operands(node))
        return [value if want else None for value, want in zip(every, wanted, strict=True)]
    for operand, want in enumerate(wanted):
        if want:
            values[operand] = _partial_value(node, rule, operand)
    return values


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
    """The parents; those that need no gradient as plain numbers, but in a trace, which has none."""
    if tracing.is_on():
        return list(node.parents)
    return [parent if parent.requires_grad else parent._data for parent in node.parents]


# --- rules of a sequence -----------------------------------------------------------


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
    function = function_of(rule, without_unused_steps(formula), namespace, [out, *formula.operands])
    return lambda node, operands: list(function(node, operands))


def _largest(x: Sequence[Number]) -> Number:
    return max(x, key=lambda a: math.inf if math.isnan(float_of(a)) else float_of(a))


def _exp(x: Number) -> Number:
    # The largest logit less itself: 0 whatever it is, so that nothing has to cancel.
    itself = isinstance(x, Value) and x.op == "sub" and len(set(x.parents)) == 1
    return 1.0 if itself else functions.exp(x)


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


# --- the same in a trace, where no number is known yet ------------------------------


def _shares_of_extreme(node: Value, x: Sequence[Number]) -> list[Number]:
    with modes.no_grad():
        is_extreme = [functions.where(a - node, 0.0, 1.0) for a in x]
        ties = functions.sum(is_extreme)
        return [share / ties for share in is_extreme]


_WITHOUT_CHOICE: dict[ops.Rule, Callable[[Value, Sequence[Number]], list[Number]]] = {
    ops.max: _shares_of_extreme,
    ops.min: _shares_of_extreme,
    ops.logsumexp: lambda node, x: functions.softmax(x),
    ops.norm: lambda node, x: [
        functions.where(node, a, 0.0) / functions.where(node, node, 1.0) for a in x
    ],
    ops.entropy: lambda node, x: [
        functions.where(a, -1.0 - functions.log(functions.where(a, a, 1.0)), math.inf) for a in x
    ],
}


# --- how they change, where only a graph tells ---------------------------------------


def _tangents_by_graph(
    rule: ops.Rule, operands: Sequence[float], tangents: Sequence[float]
) -> list[float]:
    """How fast the partials of a rule of a sequence change, where no formula says so."""
    leaves = [Value(number) for number in operands]
    partials = sequence_partials(rule)(apply(rule, *leaves), leaves)
    together = functions.sum([0.0, *partials])
    if not isinstance(together, Value):
        return [0.0] * len(operands)
    return list(select.sweeps().forward_sweep(together, leaves, tangents, partials))


sweep_through_graphs(_tangents_by_graph)
