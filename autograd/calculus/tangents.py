"""How fast the partials of a rule change: what second-order sweeps need, in numbers.

A second-order sweep moves the operands of a node along *tangents* and asks how its
partials follow. For a rule of single operands each partial is a derived rule, whose
own partials tell; for a rule of a sequence all are differentiated at once.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from autograd import ops
from autograd.calculus.derived_rules import (
    derived_rule,
    formula_called,
    function_of,
    namespace_of,
    sources,
)
from autograd.calculus.differentiate import has_kink, tangent_formula
from autograd.calculus.formula import formula_for
from autograd.calculus.rule_names import kept_by_rule, remember_by_name
from autograd.errors import FormulaError

Tangents = Callable[[ops.Rule, Sequence[float], Sequence[float]], list[float]]


def changes_of_partials(
    rule: ops.Rule, operands: Sequence[float], tangents: Sequence[float | None]
) -> Sequence[float | None]:
    """How fast each partial of `rule` changes; None for one that depends on nothing that moves.

    nan where a partial is chosen at a kink (`ops.KINK`), whatever it is that moves.
    """
    if has_kink_somewhere(rule):
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


@kept_by_rule
def has_kink_somewhere(rule: ops.Rule) -> bool:
    """Whether a partial of `rule` is somewhere chosen between the slopes of the sides."""
    if rule is at_kink:
        return True
    return has_kink(formula_for(rule), formula_called)


def at_kink(*x: float) -> tuple[float, ...]:
    """A zero that is no number to differentiate: see `ops.KINK`."""
    return 0.0, *[math.nan] * len(x)


remember_by_name(at_kink)


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
    passing = ops.passes(derived.__name__, partials)
    for slope, tangent, on in zip(partials, tangents, passing, strict=True):
        if tangent is not None and on:
            total = (total or 0.0) + slope * tangent
    return total


@kept_by_rule
def _tangent_function(rule: ops.Rule) -> Callable[..., Any] | None:
    try:
        formula = tangent_formula(formula_for(rule), formula_called)
    except FormulaError as error:
        return partial(_through_graph, rule, str(error))
    return None if formula is None else function_of(rule, formula, namespace_of(rule, formula))


# --- rules that have no tangent formula ---------------------------------------------------

# Such a rule over a sequence (`prod`, for one) is computed on Values and their graph is swept.
# Of Values nothing is known here: `transforms` registers how.
_sweeps: list[Tangents] = []


def sweep_through_graphs(sweep: Tangents) -> None:
    """Use `sweep` for the rules that have no tangent formula."""
    _sweeps[:] = [sweep]


def _through_graph(
    rule: ops.Rule, reason: str, operands: Sequence[float], tangents: Sequence[float]
) -> list[float]:
    """As a tangent function; FormulaError as long as nobody has said how."""
    if not _sweeps:
        raise FormulaError(
            f"{reason}, so the partials of {rule.__name__} are swept as a graph of Values: "
            "import autograd.transforms.partial_values first, as the transforms do"
        )
    return [0.0, *_sweeps[0](rule, operands, tangents)]
