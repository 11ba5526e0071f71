"""Own operations: ``@op`` on a rule of the shape of those in `ops.py`."""

import ast
import functools
import inspect
import random
from numbers import Real
from typing import Any

from autograd import _select, ops
from autograd.checks import as_float, as_list, operands
from autograd.derived import source_of
from autograd.errors import FormulaError, GradcheckError
from autograd.formulas import Formula, RuleName, formula_for
from autograd.gradcheck import GradcheckReport, gradcheck
from autograd.partials import CONSTANTS, MATH, derived_rule, names_of


class Operation:
    """A function made by `op`: numbers give a number, Values give a Value.

    `rule` is the function it was made from, `formula` what it says.
    """

    def __init__(self, rule: ops.Rule) -> None:
        functools.update_wrapper(self, rule)
        self.rule, self.formula = rule, formula_for(rule)
        _check(rule, self.formula)
        name = RuleName(rule.__name__)
        name.rule = rule
        rule.__name__ = name
        if not self.formula.sequence:
            for operand in range(len(self.formula.operands)):
                if source_of(self.formula, operand).is_derived:
                    derived_rule(rule, operand)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """The value of the rule; a rule of a sequence takes one sequence."""
        if self.formula.sequence:
            [values] = given or [()]
            return _select.evaluate(self.rule, *as_list(self.rule.__name__, values))
        return _select.evaluate(self.rule, *operands(self.rule, *given, **named))

    def check(
        self, *ranges: Any, samples: int = 100, tolerance: float = 1e-8, seed: int = 0
    ) -> GradcheckReport:
        """Compare each partial with the numerical derivative at random points.

        `ranges` are the two ends for all operands, as in ``check(-2, 2)``, or a
        pair for each. A sequence is tried with three elements. Raises
        GradcheckError with a table of the worst when one is off by more than
        `tolerance` (relative).
        """
        count = 3 if self.formula.sequence else len(self.formula.operands)
        pairs = _pairs(self.rule.__name__, ranges, count)
        generator = random.Random(seed)
        entries: list[Any] = []
        for _ in range(samples):
            point = [generator.uniform(low, high) for low, high in pairs]
            inputs = [point] if self.formula.sequence else point
            found = gradcheck(self, inputs, tolerance=tolerance, raise_exception=False)
            entries += found.entries
        report = GradcheckReport(tuple(entries), tolerance)
        if not report:
            raise GradcheckError(f"check of {self.rule.__name__}: {report}")
        return report

    def __reduce__(self) -> str:
        return self.rule.__qualname__

    def __repr__(self) -> str:
        return f"<operation {self.rule.__name__}{inspect.signature(self.rule)}>"


def op(rule: ops.Rule) -> Operation:
    """Make a rule an operation: on numbers and Values, on both engines, at every order.

    A rule is straight-line code of its operands as floats: assignments,
    conditional expressions, the functions of ``math``, and one return of the
    value and then one partial derivative for each operand. `autograd.ops` is
    full of them. One that cannot be read so raises FormulaError here; whether
    the partials are right is what ``check`` is for.

    >>> import math
    >>> import autograd
    >>> @autograd.op
    ... def softsign(x):
    ...     below = 1.0 + math.fabs(x)
    ...     return x / below, 1.0 / (below * below)
    >>> x = autograd.Value(1.0)
    >>> softsign(x).data, autograd.grad(softsign)(1.0), autograd.derivative(softsign, 2)(1.0)
    (0.5, 0.25, -0.25)
    >>> bool(softsign.check(-2, 2))
    True
    """
    if not inspect.isfunction(rule):
        raise TypeError(f"op takes a function defined with def, got {rule!r}")
    return Operation(rule)


def _check(rule: ops.Rule, formula: Formula) -> None:
    """FormulaError unless the formula has its partials and only names that mean something."""
    name, partials = formula.name, len(formula.results) - 1
    if formula.sequence:
        if not partials or not all(isinstance(p, ast.Starred) for p in formula.results[1:]):
            raise FormulaError(f"{name} of a sequence returns its value, then *partials")
    elif partials != len(formula.operands):
        raise FormulaError(
            f"{name} returns {partials} partials for {len(formula.operands)} operands "
            f"({', '.join(formula.operands)}): return the value, then one partial for each"
        )
    known = {*formula.operands, *(step for names, _ in formula.steps for step in names)}
    for step in known:
        if "__" in step:
            raise FormulaError(f"{name}: the name {step} is reserved; use a single underscore")
    for expression in [*(expression for _, expression in formula.steps), *formula.results]:
        if not formula.sequence:
            _check_names(rule, expression, known)
    for names, expression in formula.steps:
        if len(names) > 1:
            _check_results(rule, names, expression)


def _check_names(rule: ops.Rule, expression: ast.expr, known: set[str]) -> None:
    called = {id(node.func) for node in ast.walk(expression) if isinstance(node, ast.Call)}
    for node in ast.walk(expression):
        match node:
            case ast.Attribute(value=ast.Name(id="math"), attr=attribute) if attribute in (
                MATH if id(node) in called else CONSTANTS
            ):
                continue
            case ast.Attribute():
                raise _unknown(rule, node, "use the functions and constants of math")
            case ast.Call(func=ast.Name(id=name)) if name in ("abs", "max", "min", "pow", "sum"):
                advice = {"abs": "math.fabs", "pow": "math.pow"}.get(name, "a conditional")
                raise _unknown(rule, node, f"use {advice}")
            case ast.Call(func=ast.Name(id=name)):
                meant = names_of(rule).get(name)
                if not inspect.isfunction(meant) or meant not in ops.TABLE:
                    raise _unknown(
                        rule,
                        node,
                        f"of functions it may call rules, as in `value, slope = {name}"
                        f"(x)` after `from autograd.ops import {name}`",
                    )
            case ast.Name(id=name) if id(node) not in called and name not in (*known, "math"):
                number = names_of(rule).get(name)
                if not isinstance(number, Real) or isinstance(number, bool):
                    raise _unknown(rule, node, "it is no operand, no step and no number")


def _check_results(rule: ops.Rule, names: tuple[str, ...], expression: ast.expr) -> None:
    match expression:
        case ast.Call(func=ast.Name(id=called)):
            count = len(formula_for(names_of(rule)[called]).results)
            if count != len(names):
                raise FormulaError(
                    f"{rule.__name__}: {called} gives {count} results, not {len(names)}"
                )


def _unknown(rule: ops.Rule, node: ast.expr, advice: str) -> FormulaError:
    return FormulaError(f"{rule.__name__} cannot be read at {ast.unparse(node)}: {advice}")


def _pairs(name: str, ranges: tuple[Any, ...], count: int) -> list[tuple[float, float]]:
    if len(ranges) == 2 and all(isinstance(end, Real) for end in ranges):
        return [(as_float(ranges[0]), as_float(ranges[1]))] * count
    if len(ranges) != count or not all(isinstance(r, tuple) and len(r) == 2 for r in ranges):
        raise TypeError(
            f"check takes two ends, as in {name}.check(-2, 2), or a pair for each of {count} "
            f"operands, got {ranges!r}"
        )
    return [(as_float(low), as_float(high)) for low, high in ranges]
