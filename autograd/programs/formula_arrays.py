"""Rules without a counterpart in a dialect, printed from their formulas as functions of arrays.

An operation of your own, or a derivative in a loss that has one inside, is straight-line code:
``a if test else b`` becomes a choice element by element, and everything else is itself.
"""

import ast
import inspect
import math
import re
from typing import Any

from autograd import ops
from autograd.calculus.derived_rules import called_rule, names_of
from autograd.calculus.formula import Formula, formula_for
from autograd.errors import FormulaError, GraphError
from autograd.programs.dialects import Dialect, needs_brackets

_OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_RANKS: dict[type, int] = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.Pow: 4}


class Functions:
    """The functions that a text in one dialect calls, each once, after those that it calls."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.texts: list[str] = []
        self.names: dict[tuple[ops.Rule, int], str] = {}

    def name_of(self, rule: ops.Rule, result: int = 0) -> str:
        """The function of the value of `rule`, or of one of its partials.

        GraphError, by name, for a rule of a sequence and for one whose formula goes beyond
        what arrays can follow.
        """
        key = rule, result
        if key not in self.names:
            try:
                formula = formula_for(rule)
                if formula.sequence:
                    raise FormulaError("it takes a sequence")  # noqa: TRY301 - as below
                name = self._free_name(rule.__name__, formula, result)
                text = _Printer(self, rule, formula).function(name, result)
            except FormulaError as error:
                raise refusal(str(rule.__name__), self.dialect, str(error)) from None
            self.names[key] = name
            self.texts.append(text)
        return self.names[key]

    def _free_name(self, rule: str, formula: Formula, result: int) -> str:
        by = f"_{formula.operands[result - 1]}" if result else ""
        name = re.sub(r"\W", "_", f"rule_{rule}{by}")
        while name in self.names.values():
            name += "_"
        return name


def refusal(op: str, dialect: Dialect, reason: str = "") -> GraphError:
    """What is raised for an operation that a dialect has not."""
    return GraphError(
        f"{op} has no counterpart in {dialect.title}{f' ({reason})' if reason else ''}: write it "
        "with operations that have one, or take the Program along with to_c() or to_numpy()"
    )


def template_of(dialect: Dialect, rule: ops.Rule) -> str:
    """How `dialect` writes a rule of its own vocabulary; "" where it has none."""
    name = rule.__name__
    if rule not in ops.TABLE:
        return ""
    return dialect.elementwise.get(name) or dialect.known(rule)


class _Printer:
    def __init__(self, functions: Functions, rule: ops.Rule, formula: Formula) -> None:
        self.functions, self.dialect, self.formula = functions, functions.dialect, formula
        self.names: dict[str, Any] = dict(vars(ops))
        self.derived = hasattr(rule, "derived_from")
        if rule not in ops.TABLE and inspect.isfunction(rule) and not self.derived:
            self.names = {**self.names, **names_of(rule)}
        self.locals = set(formula.operands)
        for names, _ in formula.steps:
            self.locals.update(names)

    def function(self, name: str, result: int) -> str:
        """Of one result: only the steps that it needs."""
        wanted = self.formula.results[result]
        needed = _read(wanted)
        steps: list[tuple[int, str, ast.expr]] = []
        for names, expression in reversed(self.formula.steps):
            for position, target in enumerate(names):
                if target in needed:
                    steps.append((position if len(names) > 1 else 0, target, expression))
                    needed |= _read(expression)
        lines = []
        for position, target, expression in reversed(steps):
            text = self.text(expression)
            if position:
                if not isinstance(expression, ast.Call):
                    raise FormulaError("it takes several results of what is no rule")
                text = self.called(expression, position)
            lines.append(f"    {target} = {text}")
        body = [*lines, f"    return {self.text(wanted)}"]
        return "\n".join([f"def {name}({', '.join(self.formula.operands)}):", *body])

    def text(self, node: ast.expr) -> str:
        """An expression."""
        match node:
            case ast.Constant(value=int() | float() as number):
                return repr(float(number))
            case ast.Name(id=name):
                return name if name in self.locals else self.constant(name)
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                return _number(getattr(math, name))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-{self.part(operand, 3)}"
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                rank = _RANKS[type(operator)]
                sides = self.part(left, rank + (rank == 4)), self.part(right, rank + 1)
                return f"{sides[0]} {_OPERATORS[type(operator)]} {sides[1]}"
            case ast.IfExp(test=test, body=body, orelse=other):
                sides = self.operand(body), self.operand(other)
                return self.dialect.choice.format(self.condition(test), *sides)
            case ast.Call():
                return self.called(node, 0)
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int() as place)):
                return self.called(call, place)
        raise FormulaError(f"it holds {ast.unparse(node)}")

    def part(self, node: ast.expr, rank: int) -> str:
        """An expression beside an operator: in brackets where that would bind closer."""
        own = 3 if isinstance(node, ast.UnaryOp) else 5
        if isinstance(node, ast.BinOp):
            own = _RANKS[type(node.op)]
        return self.text(node) if own >= rank else f"({self.text(node)})"

    def operand(self, node: ast.expr) -> str:
        """An expression where an array has to stand."""
        text = self.text(node)
        if re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?|float\('-?\w+'\)", text):
            return self.dialect.number_like.format(text, self.formula.operands[0])
        return text

    def condition(self, test: ast.expr) -> str:
        """What a choice is made by: a comparison, or a number that is not 0."""
        match test:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                sides = self.part(left, 1), self.part(right, 1)
                return f"{sides[0]} {_OPERATORS[type(operator)]} {sides[1]}"
        return self.dialect.truth.format(self.part(test, 1))

    def called(self, call: ast.Call, result: int) -> str:
        """A call of a rule, or of a function of `math`."""
        match call.func:
            case ast.Attribute(value=ast.Name(id="math"), attr=name):
                rule = getattr(ops, {"fabs": "abs"}.get(name, name), None)
            case ast.Name(id=name):
                rule = called_rule(name) if self.derived else self.names.get(name)
                rule = getattr(rule, "rule", rule)  # of an operation of your own
            case _:
                rule = None
        if not callable(rule) or not hasattr(rule, "__code__"):
            raise FormulaError(f"it calls {ast.unparse(call.func)}")
        operands = list(map(self.operand, call.args))
        template = template_of(self.dialect, rule) if not result else ""
        if not template:
            return f"{self.functions.name_of(rule, result)}({', '.join(operands)})"
        if needs_brackets(template):
            operands = [self.bracketed(text) for text in operands]
            return f"({template.format(*operands)})"
        return template.format(*operands)

    def bracketed(self, text: str) -> str:
        return text if re.fullmatch(r"[\w.]+", text) else f"({text})"

    def constant(self, name: str) -> str:
        number = self.names.get(name)
        if not isinstance(number, int | float):
            raise FormulaError(f"it reads {name}, which is no number")
        return _number(number)


def _number(number: float) -> str:
    return repr(float(number)) if math.isfinite(number) else f"float('{number}')"


def _read(tree: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
