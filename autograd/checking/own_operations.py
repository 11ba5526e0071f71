"""Own operations: ``@op`` makes a user's rule what those in `ops.py` are.

A rule that can be read is differentiated from its source at every order, on both
engines. Whether it can be is checked here, when it is made; whether its partials are
right, by ``check``.
"""

import ast
import builtins
import functools
import inspect
import math
import random
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.calculus.derived_rules import HELPERS, derived_rule, names_of
from autograd.calculus.differentiate import source_of
from autograd.calculus.formula import Formula, formula_for
from autograd.calculus.rule_names import remember_by_name
from autograd.checking.gradient_check import GradcheckReport, gradcheck
from autograd.engines import select
from autograd.errors import FormulaError, GradcheckError
from autograd.support.arguments import as_float, as_list, operands
from autograd.support.elements import by_element, holds_elements

if TYPE_CHECKING:
    from collections.abc import Sequence


class Operation:
    """A function made by `op`: numbers give a number, Values give a Value.

    `rule` is the function it was made from, `formula` what it says.
    """

    def __init__(self, rule: ops.Rule) -> None:
        functools.update_wrapper(self, rule)
        self.rule, self.formula = rule, formula_for(rule)
        _check(rule, self.formula)
        remember_by_name(rule)
        if not self.formula.sequence:
            for operand in range(len(self.formula.operands)):
                if source_of(self.formula, operand).is_derived:
                    derived_rule(rule, operand)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """The value of the rule; a rule of a sequence takes one sequence."""
        if self.formula.sequence:
            if len(given) != 1 or named:
                raise TypeError(f"{self.rule.__name__} takes one sequence of numbers or Values")
            inputs: Sequence[Any] = as_list(self.rule.__name__, given[0])
        else:
            inputs = operands(self.rule, *given, **named)
            if holds_elements(inputs):
                return by_element(self.rule.__name__, self, inputs)
        result = select.evaluate(self.rule, *inputs)
        return result if isinstance(result, select.Value) else as_float(result)

    def check(
        self,
        *ranges: Any,
        samples: int = 100,
        tolerance: float = 1e-8,
        seed: int = 0,
        raise_exception: bool = True,
    ) -> GradcheckReport:
        """Compare each partial with the numerical derivative at random points.

        `ranges` are the two ends for all operands, as in ``check(-2, 2)``, or a
        pair for each. A sequence is tried with three elements. Raises
        GradcheckError with a table of the worst when one is off by more than
        `tolerance` (relative), unless `raise_exception` is false.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples!r}")
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
        if not report and raise_exception:
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
    ... def soft_ratio(x):
    ...     below = 1.0 + math.fabs(x)
    ...     return x / below, 1.0 / (below * below)
    >>> x = autograd.Value(1.0)
    >>> soft_ratio(x).data, autograd.grad(soft_ratio)(1.0), autograd.derivative(soft_ratio, 2)(1.0)
    (0.5, 0.25, -0.25)
    >>> bool(soft_ratio.check(-2, 2))
    True
    """
    if not inspect.isfunction(rule):
        raise TypeError(f"op takes a function defined with def, got {rule!r}")
    return Operation(rule)


# --- which rules can be read -------------------------------------------------------------

_RULES = {rule.__name__: rule for rule in ops.TABLE}
# The functions of `math` that have a rule, or a derivative that is zero; and its numbers.
_MATH = _RULES.keys() & set(dir(math)) - {"prod"} | {"fabs", "floor", "ceil", "isfinite", "isnan"}
_MATH_OF_TWO = {"atan2", "fmod", "hypot", "pow"}
_CONSTANTS = {name for name, number in vars(math).items() if isinstance(number, float)}


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
    steps = [step for names, _ in formula.steps for step in names]
    expressions = [*(expression for _, expression in formula.steps), *formula.results]
    read = {
        node.id for tree in expressions for node in ast.walk(tree) if isinstance(node, ast.Name)
    }
    for step in steps:
        if "__" in step:
            raise FormulaError(f"{name}: the name {step} is reserved; use a single underscore")
        if (*formula.operands, *steps).count(step) > 1 and (step != "_" or step in read):
            raise FormulaError(f"{name} gives the name {step} twice: use another for each step")
    for expression in expressions:
        _check_names(rule, expression, {*formula.operands, *steps})
    for names, expression in formula.steps:
        _check_results(rule, names, expression)


def _check_names(rule: ops.Rule, expression: ast.expr, known: set[str]) -> None:
    """FormulaError unless everything in `expression` is known."""
    called = {id(node.func) for node in ast.walk(expression) if isinstance(node, ast.Call)}
    known = known | {
        node.id
        for node in ast.walk(expression)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)  # of a comprehension
    }
    for node in ast.walk(expression):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr=name)):
                _check_call(rule, node, name)
            case ast.Call(func=ast.Name(id=name)):
                _check_rule(rule, expression, node, name)
            case ast.Attribute(value=ast.Name(id="operator"), attr="mul"):
                continue
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                if id(node) not in called and name not in _CONSTANTS:
                    raise _unknown(rule, node, f"it is no number; write {name}(...) or math.pi")
            case ast.Attribute():
                raise _unknown(rule, node, "use the functions and constants of math")
            case ast.Name(id=name) if id(node) not in called and name not in known:
                number = names_of(rule).get(name)
                is_number = isinstance(number, Real) and not isinstance(number, bool)
                if name not in ("math", "operator") and not is_number:
                    raise _unknown(rule, node, "it is no operand, no step and no number")


def _check_call(rule: ops.Rule, call: ast.Call, name: str) -> None:
    """FormulaError unless `math` has this function and it takes so many arguments."""
    if name not in _MATH:
        raise _unknown(rule, call, f"math.{name} has no rule in autograd.ops")
    of_many = isinstance(call.args[0], ast.Starred) if call.args else False
    if len(call.args) != (2 if name in _MATH_OF_TWO else 1) and not of_many:
        raise _unknown(rule, call, f"math.{name} takes another number of operands")


def _check_rule(rule: ops.Rule, expression: ast.expr, call: ast.Call, name: str) -> None:
    """FormulaError unless this is ``a, b = tanh(x)``, or one of the functions of sequences."""
    if name in _RULES and hasattr(builtins, name):
        advice = {"abs": "math.fabs", "pow": "math.pow"}.get(name, "a conditional")
        raise _unknown(rule, call, f"use {advice}")
    meant = names_of(rule).get(name)
    if name in ("len", "map") or (name == "_total" and meant is ops._total):
        return
    if call is not expression or meant is None or _RULES.get(name) is not meant:
        raise _unknown(
            rule,
            call,
            f"it may call rules of autograd.ops in a step of their own, as in `value, slope = "
            f"{name}(x)`, after `from autograd.ops import {name}`",
        )


def _check_results(rule: ops.Rule, names: tuple[str, ...], expression: ast.expr) -> None:
    match expression:
        case ast.Call(func=ast.Name(id=called), args=arguments) if called not in HELPERS:
            formula = formula_for(names_of(rule)[called])
            if formula.sequence:
                raise FormulaError(f"{rule.__name__}: {called} takes a sequence")
            if len(formula.results) != len(names):
                raise FormulaError(
                    f"{rule.__name__}: {called} gives {len(formula.results)} results, "
                    f"not {len(names)}"
                )
            if len(formula.operands) != len(arguments):
                raise FormulaError(
                    f"{rule.__name__}: {called} takes {len(formula.operands)} operands, "
                    f"not {len(arguments)}"
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
