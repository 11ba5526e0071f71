"""Formulas as JavaScript: what the player computes with when a number is edited.

The JavaScript reads as the rule does and refuses what Python refuses: where
``math.log(-1)`` raises, it throws. Results agree with Python's but for the last
bits, in which the mathematical functions of browsers differ.
"""

import ast
import inspect
import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from autograd import ops
from autograd.calculus.derived_rules import called_rule
from autograd.calculus.formula import Formula, formula_for
from autograd.errors import FormulaError

_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_CALLED = {ast.Div: "divide", ast.Pow: "power"}  # they refuse, as Python's do
_MATH = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh",
    "erf", "erfc", "exp", "exp2", "expm1", "fabs", "floor", "fmod", "hypot", "isfinite", "log",
    "log10", "log1p", "log2", "pow", "sin", "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip
_HELPERS = {"_total", "_products", "_largest", "_others"}
_TAKEN = {
    "arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger",
    "default", "delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally",
    "for", "function", "if", "implements", "import", "in", "instanceof", "interface", "let", "new",
    "null", "package", "private", "protected", "public", "return", "static", "super", "switch",
    "this", "throw", "true", "try", "typeof", "undefined", "var", "void", "while", "with", "yield",
    "Array", "Infinity", "Math", "NaN", "divide", "map", "math", "operator", "power", "slice",
}  # fmt: skip


def rules_script(rules: Iterable[ops.Rule]) -> str:
    """JavaScript that defines a function for every one of `rules`, and all that they call.

    ``rules["tanh"](0.5)`` is then the value and the partial, ``[0.46..., 0.78...]``;
    the rule of a sequence takes an array, and gives its partials as an array.
    FormulaError for a rule that has no formula, or no JavaScript.
    """
    wanted = list(rules)
    printed: dict[str, str] = {}
    for rule in wanted:
        for name, function in _functions(rule, rule.__name__):
            if printed.setdefault(name, function) != function:
                raise FormulaError(f"two rules are called {name}: rename one of them")
    names = dict.fromkeys(rule.__name__ for rule in wanted)
    table = "".join(f"  {name}: rule_{name},\n" for name in names)
    return "\n".join([_prelude(), *printed.values(), f"const rules = {{\n{table}}};\n"])


def javascript_function(
    formula: Formula, constants: Mapping[str, Any], known: Container[str]
) -> str:
    """`formula` as a JavaScript function.

    A rule of operands becomes ``function rule_f(x, y)``, which returns ``[value,
    d_x, d_y]``; a rule of a sequence takes an array and returns ``[value,
    [partial, ...]]``. `constants` are the named numbers a rule may read, `known`
    the rules it may call. FormulaError where there is no JavaScript.

    >>> from autograd import ops
    >>> print(javascript_function(formula_for(ops.tan), {}, ()))
    function rule_tan(x) {
      let out = math.tan(x);
      return [out, 1 + (out * out)];
    }
    <BLANKLINE>
    """
    return _Printer(formula, constants, known).function()


@cache
def _prelude() -> str:
    return (Path(__file__).parent / "prelude.js").read_text(encoding="utf-8")


def _functions(rule: ops.Rule, called: str) -> Iterator[tuple[str, str]]:
    """The names and functions of the rules that `rule` calls, then its own as it is `called`."""
    formula, names = replace(formula_for(rule), name=called), _names_read_by(rule)
    expressions = [*(expression for _, expression in formula.steps), *formula.results]
    calls = [node for tree in expressions for node in ast.walk(tree) if isinstance(node, ast.Call)]
    functions = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    functions -= {"map", "len", *_HELPERS}
    if hasattr(rule, "derived_from"):  # it calls our rules, whatever a user means by these names
        names = {**names, **{function: called_rule(function) for function in functions}}
    others = sorted(function for function in functions if callable(names.get(function)))
    for other in others:
        if names[other] is not rule:
            yield from _functions(names[other], other)
    yield called, javascript_function(formula, names, others)


def _names_read_by(rule: ops.Rule) -> Mapping[str, Any]:
    """What the free names of a rule stand for: those of `ops`, and those where it was defined."""
    names = dict(vars(ops))
    if rule not in ops.TABLE and inspect.isfunction(rule):
        names |= {**rule.__globals__, **inspect.getclosurevars(rule).nonlocals}
    return names


class _Printer:
    def __init__(
        self, formula: Formula, constants: Mapping[str, Any], known: Container[str]
    ) -> None:
        if not formula.name.isidentifier():  # a user's function may be called anything
            raise FormulaError(f"{formula.name!r} is no name for a function")
        self.formula, self.constants, self.known = formula, constants, known
        self.locals = set(formula.operands)
        self.elements: list[str] = []  # the loop variables of the comprehensions around

    def function(self) -> str:
        lines = [self.step(names, expression) for names, expression in self.formula.steps]
        value, *partials = map(self.element, self.formula.results)
        listed = f"[{', '.join(partials)}]"
        results = f"{value}, {listed}" if self.formula.sequence else ", ".join([value, *partials])
        body = "".join(f"  {line}\n" for line in [*lines, f"return [{results}];"])
        operands = ", ".join(map(_safe, self.formula.operands))
        return f"function rule_{self.formula.name}({operands}) {{\n{body}}}\n"

    def step(self, names: tuple[str, ...], expression: ast.expr) -> str:
        printed = _bare(self.print(expression))
        targets = [_safe(name) for name in names]
        for place, name in enumerate(targets[:-1]):
            if name in targets[place + 1 :]:
                targets[place] = ""  # a, _, _ = ... has one _ in JavaScript
        fresh = [name for name in targets if name and name not in self.locals]
        self.locals.update(names)
        target = targets[0] if len(targets) == 1 else f"[{', '.join(targets)}]"
        if fresh == [name for name in targets if name]:
            return f"let {target} = {printed};"
        # Two steps may both drop a result into the same name, `_`.
        return "".join(f"let {name}; " for name in fresh) + f"{target} = {printed};"

    def element(self, expression: ast.expr) -> str:
        if isinstance(expression, ast.Starred):
            return f"...{self.print(expression.value)}"
        return _bare(self.print(expression))

    def print(self, expression: ast.expr) -> str:
        match expression:
            case ast.Constant(value=int() | float() as number):
                return _literal(number)
            case ast.Name(id=name):
                return self.named(name)
            case ast.Attribute(value=ast.Name(id="math"), attr="inf" | "nan" as name):
                return f"math.{name}"
            case ast.Attribute(value=ast.Name(id="operator"), attr="add" | "sub" | "mul" as name):
                return f"operator.{name}"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.print(operand)})"
            case ast.BinOp(left=ast.List() as items, op=ast.Mult(), right=count):
                return self.repeated(items, count)
            case ast.BinOp(op=ast.FloorDiv()):
                return self.integer(expression)
            case ast.BinOp(
                left=left, op=ast.Div(), right=ast.Constant(value=int() | float() as number)
            ) if number:
                return f"({self.print(left)} / {_literal(number)})"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _CALLED:
                operands = f"{_bare(self.print(left))}, {_bare(self.print(right))}"
                return f"{_CALLED[type(op)]}({operands})"
            case (
                ast.BinOp(left=left, op=op, right=right)
                | ast.Compare(left=left, ops=[op], comparators=[right])
            ) if type(op) in _OPERATORS:
                return f"({self.print(left)} {_OPERATORS[type(op)]} {self.print(right)})"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"({self.truth(test)} ? {self.print(body)} : {self.print(orelse)})"
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self.call(expression, function, arguments)
            case ast.List(elts=elements):
                return f"[{', '.join(map(self.element, elements))}]"
            case ast.ListComp(elt=element, generators=[generator]):
                return self.comprehension(expression, element, generator)
            case ast.Subscript(value=sequence, slice=ast.Slice(lower, upper, step)):
                return self.slice(expression, sequence, lower, upper, step)
            case ast.Subscript(value=sequence, slice=index):
                return f"{self.print(sequence)}.at({self.integer(index)})"
        raise self.no_javascript(expression)

    def named(self, name: str) -> str:
        if name in self.locals or name in self.elements:
            return _safe(name)
        constant = self.constants.get(name)
        if isinstance(constant, int | float):
            return _literal(constant)
        raise FormulaError(f"{self.formula.name}: {name} is not known in JavaScript")

    def truth(self, test: ast.expr) -> str:
        printed = self.print(test)
        if isinstance(test, ast.Compare) or printed.startswith("math.isfinite("):
            return printed
        return f"({printed} !== 0)"  # a nan is true in Python, but false in JavaScript

    def call(self, expression: ast.expr, function: ast.expr, arguments: list[ast.expr]) -> str:
        given = ", ".join(map(self.element, arguments))
        match function:
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if name in _MATH:
                return f"math.{name}({given})"
            case ast.Name(id="len") if len(arguments) == 1:
                return f"{given}.length"
            case ast.Name(id="map") if len(arguments) == 3:
                return f"map({given})"
            case ast.Name(id=name) if name in _HELPERS:
                return f"{name}({given})"
            case ast.Name(id=name) if name in self.known:
                return f"rule_{name}({given})"
        raise self.no_javascript(expression)

    def repeated(self, items: ast.List, count: ast.expr) -> str:
        if len(items.elts) != 1:
            raise self.no_javascript(items)
        return f"Array({self.integer(count)}).fill({self.element(items.elts[0])})"

    def integer(self, expression: ast.expr) -> str:
        match expression:
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"Math.floor({self.integer(left)} / {self.integer(right)})"
        return _bare(self.print(expression))

    def comprehension(
        self, expression: ast.expr, element: ast.expr, generator: ast.comprehension
    ) -> str:
        if generator.ifs or not isinstance(generator.target, ast.Name):
            raise self.no_javascript(expression)
        source = self.print(generator.iter)
        self.elements.append(generator.target.id)
        printed = _bare(self.print(element))
        variable = _safe(self.elements.pop())
        return f"{source}.map(({variable}) => {printed})"

    def slice(self, expression: ast.expr, sequence: ast.expr, *bounds: ast.expr | None) -> str:
        printed = self.print(sequence)
        start, stop, step = ["null" if b is None else self.integer(b) for b in bounds]
        if step not in ("null", "1", "-1"):
            raise self.no_javascript(expression)
        return f"slice({printed}, {start}, {stop}, {step.replace('null', '1')})"

    def no_javascript(self, expression: ast.expr) -> FormulaError:
        return FormulaError(f"{self.formula.name}: no JavaScript for {ast.unparse(expression)}")


def _safe(name: str) -> str:
    """A name that means nothing else in JavaScript; no name of Python has a $."""
    return f"{name}$" if name in _TAKEN or name in _HELPERS or name.startswith("rule_") else name


def _bare(printed: str) -> str:
    """Without the parentheses around all of it."""
    if not (printed.startswith("(") and printed.endswith(")")):
        return printed
    depth = 0
    for position, character in enumerate(printed):
        depth += (character == "(") - (character == ")")
        if depth == 0 and position < len(printed) - 1:
            return printed
    return printed[1:-1]


def _literal(number: float) -> str:
    if math.isfinite(number):
        text = repr(float(number)).removesuffix(".0")
        return f"({text})" if text.startswith("-") else text
    return "math.nan" if math.isnan(number) else ("math.inf" if number > 0.0 else "(-math.inf)")
