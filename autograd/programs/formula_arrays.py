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
# The functions of sequences, by the operations that they are along an axis.
_OVER = {"_total": "sum", "_largest": "max"}


class Functions:
    """The functions that a text in one dialect calls, each once, after those that it calls."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.texts: list[str] = []
        self.names: dict[tuple[ops.Rule, int], str] = {}
        self.begun: set[tuple[ops.Rule, int]] = set()

    def name_of(self, rule: ops.Rule, result: int = 0) -> str:
        """The function of the value of `rule`, or of one of its partials.

        That of a rule over a sequence takes the sequence along the last axis. GraphError, by
        name, for a rule whose formula goes beyond what arrays can follow.
        """
        key = rule, result
        if key not in self.names:
            try:
                formula = formula_for(rule)
                if key in self.begun or (formula.sequence and result):
                    raise FormulaError("it is made of nothing simpler")  # noqa: TRY301 - as below
                self.begun.add(key)
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


def array_function(dialect: Dialect, op: str, space: dict[str, Any]) -> Any:
    """An operation of one operand as a function of arrays, with the defaults of its rule.

    `space` holds the packages that the dialect calls. ``softmax`` and ``log_softmax`` too.

    >>> import numpy as np
    >>> from autograd.programs.dialects import NUMPY
    >>> array_function(NUMPY, "relu", {"np": np})(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    functions = Functions(dialect)
    if op in ("softmax", "log_softmax"):
        text = dialect.log_softmax.format("x").replace("log_softmax", op)
    else:
        rule: ops.Rule = getattr(ops, op)
        rest = [repr(number) for number in rule.__defaults__ or ()]
        template = dialect.with_numbers.get(op) or template_of(dialect, rule)
        if not template:
            rest = [dialect.number_like.format(number, "x") for number in rest]
            places = ", ".join(["{}"] * (1 + len(rest)))
            template = f"{functions.name_of(rule)}({places})"
        text = template.format("x", *rest)
    exec("\n\n".join(functions.texts), space)  # noqa: S102 - our own text
    return eval(f"lambda x: {text}", space)  # noqa: S307


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
        # Names of arrays with an axis for a sequence; and, inside of [... for a in x], what a is.
        self.sequences = set(formula.operands) if formula.sequence else set()
        self.element: dict[str, str] = {}
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
            if isinstance(expression, ast.ListComp):
                self.sequences.add(target)
                text = self.sequence(expression)
            else:
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
                return self.named(name)
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
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
                return f"{name}.shape[-1]"
            case ast.Call(func=ast.Name(id=name), args=[over]) if name in _OVER:
                return self.dialect.reduced[_OVER[name]].format(self.sequence(over))
            case ast.Call(func=ast.Attribute(attr="hypot"), args=[ast.Starred(value=over)]):
                return self.dialect.reduced["norm"].format(self.sequence(over))
            case ast.Call():
                return self.called(node, 0)
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int() as place)):
                return self.called(call, place)
        raise FormulaError(f"it holds {ast.unparse(node)}")

    def named(self, name: str) -> str:
        """What a name stands for."""
        if name in self.element:
            return self.element[name]
        if name not in self.locals:
            return self.constant(name)
        if name in self.sequences:
            raise FormulaError(f"it takes {name} as it is")
        return f"{name}[..., None]" if self.element else name

    def sequence(self, node: ast.expr) -> str:
        """An array with an axis for a sequence: itself, or each of its elements changed."""
        match node:
            case ast.Name(id=name) if name in self.sequences:
                return name
            case ast.ListComp(
                elt=each, generators=[ast.comprehension(ast.Name(id=name), over, ifs=[])]
            ) if not self.element:
                self.element = {name: self.sequence(over)}
                try:
                    return self.text(each)
                finally:
                    self.element = {}
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
            try:
                function = self.functions.name_of(rule, result)
            except GraphError:  # the rule that was asked for is named
                raise FormulaError(f"it is made of {rule.__name__}") from None
            return f"{function}({', '.join(operands)})"
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
