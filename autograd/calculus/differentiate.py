"""Derivatives of derivatives: rules that follow from the rules of `ops`, at every order.

A partial of a rule is an expression (see `formula.py`). Differentiated by the
rules of the operations in it, it gives a new rule: ``tanh_x`` has the value
1 - tanh(x)**2 and one partial. So a second derivative is no second formula, and
a partial is an operation like any other: one node of a graph, which can be
drawn, differentiated again and printed as C.

Glossary: *tangent*: the derivative of an expression by one operand; None stands
for one that is always zero, and its name in a formula is ``out__x``.
"""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from autograd.calculus.formula import Formula
from autograd.calculus.rule_names import DerivedName
from autograd.calculus.simplify import call, negative, same, substituted
from autograd.errors import FormulaError

Tangent = ast.expr | None

_OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_STEPS = {"floor", "ceil", "isfinite", "isnan", "len"}  # their derivative is zero
_OTHER_NAMES = {"fabs": "abs"}


@dataclass(frozen=True)
class Source:
    """Where the partial of a node comes from: one of these, or a derived rule."""

    number: float | None = None  # it is always this
    operand: int | None = None  # it is this operand
    is_value: bool = False  # it is the node itself, as for exp

    @property
    def is_derived(self) -> bool:
        """Whether it is the value of a derived rule of the same operands."""
        return self.number is None and self.operand is None and not self.is_value


def source_of(formula: Formula, operand: int) -> Source:
    """Where the partial of `formula` by operand number `operand` comes from."""
    value, partial = formula.results[0], formula.results[1 + operand]
    match partial:
        case ast.Constant(value=int() | float() as number):
            return Source(number=float(number))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return Source(number=-float(number))
        case ast.Name(id=name) if name in formula.operands:
            return Source(operand=formula.operands.index(name))
        case ast.Name(id=name) if isinstance(value, ast.Name) and value.id == name:
            return Source(is_value=True)
    return Source()


def derived_formula(formula: Formula, operand: int, find: Callable[[str], Formula]) -> Formula:
    """The formula whose value is the partial of `formula` by operand number `operand`.

    `find` gives the formulas of the rules it calls, by name.
    """
    if formula.sequence:
        raise FormulaError(f"{formula.name} takes a sequence: it has no single partial")
    name = DerivedName(formula.name, formula.operands[operand])
    value = formula.results[1 + operand]
    steps = list(formula.steps)
    if not isinstance(value, ast.Name):  # a name, for the next derivative to use
        value = ast.Name(f"{_value_name(formula)}__{formula.operands[operand]}", ast.Load())
        steps.append(((value.id,), formula.results[1 + operand]))
    partials = []
    for direction in formula.operands:
        differentiation = _Differentiation(formula, steps, find, direction)
        partials.append(differentiation.of(value) or ast.Constant(0.0))
    derived = Formula(name, formula.operands, False, tuple(steps), (value, *partials))
    return without_unused_steps(derived)


def _value_name(formula: Formula) -> str:
    """What the value of `formula` is called, or a free name for it."""
    value, out = formula.results[0], "out"
    if isinstance(value, ast.Name):
        return value.id
    taken = {*formula.operands, *(name for names, _ in formula.steps for name in names)}
    while out in taken:
        out += "_"
    return out


def tangent_formula(formula: Formula, find: Callable[[str], Formula]) -> Formula | None:
    """How the partials of a rule over a sequence change as its operands do.

    Its operands are two sequences of one length, the operands of `formula` and
    their tangents; after 0.0 its results are the tangents of the partials. None
    where the partials are constant.
    """
    [operand] = formula.operands
    operands = (operand, f"{operand}__dot")
    steps = list(formula.steps)
    differentiation = _Differentiation(formula, steps, find, "dot")
    tangents = [
        (partial, differentiation.of(partial.value))
        for partial in formula.results[1:]
        if isinstance(partial, ast.Starred)
    ]
    if not any(tangent for _, tangent in tangents):
        return None
    results = [
        ast.Starred(tangent or _zeros(partial.value), ast.Load()) for partial, tangent in tangents
    ]
    name = f"{formula.name}_dot"
    made = Formula(name, operands, True, tuple(steps), (ast.Constant(0.0), *results))
    return without_unused_steps(made)


def has_kink(formula: Formula, find: Callable[[str], Formula]) -> bool:
    """Whether a partial of `formula` is somewhere chosen between the slopes of the sides."""
    expressions = [*(expression for _, expression in formula.steps), *formula.results]
    for node in [node for expression in expressions for node in ast.walk(expression)]:
        match node:
            case ast.Name(id="KINK" | "_at_kink"):
                return True
            case ast.Call(func=ast.Name(id=name)) if name.isidentifier() and name[0] != "_":
                if name not in ("len", "map", "zip") and has_kink(find(name), find):
                    return True
    return False


def zero_partials(formula: Formula) -> tuple[int, ...]:
    """The operands that the value of `formula` does not depend on: their partials are always 0."""
    partials = enumerate(formula.results[1:])
    return tuple(position for position, partial in partials if _is_zero(partial))


def without_unused_steps(formula: Formula) -> Formula:
    """The same formula, rid of the steps that no result needs."""
    needed = {name for result in formula.results for name in _names_in(result)}
    steps = []
    for names, expression in reversed(formula.steps):
        if needed.intersection(names):
            steps.append((names, expression))
            needed.update(_names_in(expression))
    return Formula(
        formula.name, formula.operands, formula.sequence, tuple(reversed(steps)), formula.results
    )


def reads(formula: Formula, operands: Sequence[int]) -> bool:
    """Whether the partials by some operands are computed of any of these operands.

    Those of a sequence are by all of it; how many they are does not count.
    """
    if formula.sequence:
        names, partials = set(formula.operands), formula.results[1:]
    else:
        names = {formula.operands[operand] for operand in operands}
        partials = tuple(formula.results[1 + operand] for operand in operands)
    needed = without_unused_steps(replace(formula, results=partials))
    expressions = [*needed.results, *(expression for _, expression in needed.steps)]
    return any(names.intersection(_names_read_in(expression)) for expression in expressions)


def _names_read_in(expression: ast.AST) -> Iterator[str]:
    """The names in an expression, but for those whose length is all that counts."""
    match expression:
        case ast.Name(id=name):
            yield name
        case ast.Call(func=ast.Name(id="len")):
            pass
        case _:
            for child in ast.iter_child_nodes(expression):
                yield from _names_read_in(child)


def _names_in(expression: ast.expr) -> Iterator[str]:
    return (node.id for node in ast.walk(expression) if isinstance(node, ast.Name))


class _Differentiation:
    """Differentiates the expressions of a formula, adding steps as needed.

    The direction is one operand, or "dot" for a sequence: that of its tangents.
    """

    def __init__(
        self,
        formula: Formula,
        steps: list[tuple[tuple[str, ...], ast.expr]],
        find: Callable[[str], Formula],
        direction: str,
    ) -> None:
        self.direction, self.find, self.steps = direction, find, steps
        expressions = [*(expression for _, expression in steps), *formula.results]
        self.read = {name for expression in expressions for name in _names_in(expression)}
        self.tangents: dict[str, Tangent] = dict.fromkeys(formula.operands)
        if formula.sequence:
            [operand] = formula.operands
            self.tangents[operand] = ast.Name(f"{operand}__dot", ast.Load())
        else:
            self.tangents[direction] = ast.Constant(1.0)
        value, given = formula.results[0], list(steps)
        if isinstance(value, ast.Name):  # its derivative is what the formula says it is
            self.name_tangent(value.id, self.of_value(formula))
        for names, expression in given:
            self.differentiate_step(names, expression)

    def of_value(self, formula: Formula) -> Tangent:
        if not formula.sequence:
            partial = formula.results[1 + formula.operands.index(self.direction)]
            return None if _is_zero(partial) else partial
        total: Tangent = None
        for partial in formula.results[1:]:
            if len(formula.results) > 2 or not isinstance(partial, ast.Starred):
                raise FormulaError(f"{formula.name} has no single sequence of partials")
            multiply = ast.Attribute(ast.Name("operator", ast.Load()), "mul", ast.Load())
            direction = ast.Name(f"{formula.operands[0]}__dot", ast.Load())
            products = call("map", multiply, partial.value, direction)
            total = call("_total", products)
        return total

    def differentiate_step(self, names: tuple[str, ...], expression: ast.expr) -> None:
        for position, name in enumerate(names):
            if name in self.tangents or (name == "_" and "_" not in self.read):
                continue
            if len(names) == 1:
                tangent = self.of(expression, ast.Name(name, ast.Load()))
            else:  # a, b = rule(...)
                tangent = self.of(_result(expression, position))
            self.name_tangent(name, tangent)

    def name_tangent(self, name: str, tangent: Tangent) -> None:
        """Give the tangent of a step a name, for others to share; short ones go without."""
        known = f"{name}__{self.direction}"
        if isinstance(tangent, ast.Name | ast.Constant) or tangent is None:
            self.tangents[name] = tangent
            return
        if not any(known in names for names, _ in self.steps):
            self.steps.append(((known,), tangent))
        self.tangents[name] = ast.Name(known, ast.Load())

    def of(self, expression: ast.expr, value: ast.expr | None = None) -> Tangent:
        """The tangent of one expression, whose value may have a name."""
        match expression:
            case ast.Name(id="KINK") | ast.Attribute(attr="inf" | "nan"):  # there is no derivative
                return ast.Attribute(ast.Name("math", ast.Load()), "nan", ast.Load())
            case ast.Constant() | ast.Attribute():  # 2.0, math.pi
                return None
            case ast.Name(id=name):
                return self.tangents.get(name)  # constants have none
            case ast.IfExp(test=test, body=body, orelse=orelse):
                if _is_vector(body) or _is_vector(orelse):
                    raise _no_derivative(expression)
                return _choice(test, self.of(body, value), self.of(orelse, value))
            case ast.UnaryOp() | ast.BinOp():
                return self.of_arithmetic(expression, value or expression)
            case ast.Call():
                return self.of_call(expression)
            case ast.Subscript(
                value=ast.Call(func=ast.Name()) as called,
                slice=ast.Constant(value=int() as position),
            ):
                return self.of_result(called, position)
            case ast.Subscript(value=ast.Name() as vector, slice=ast.Slice() as part):
                tangent = self.of(vector)
                return tangent and ast.Subscript(tangent, part, ast.Load())
            case ast.ListComp(elt=element, generators=[generator]):
                return self.of_each(element, generator)
        raise _no_derivative(expression)

    def of_arithmetic(self, expression: ast.expr, value: ast.expr) -> Tangent:
        """The tangent of ``-a``, ``a + b`` ..., whose partials are short: they are written out."""
        match expression:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.chain(self.inlined("neg", [operand], value), [operand])
            case ast.BinOp(op=ast.Pow(), left=left, right=right):  # but for this one's
                return self.of_rule("pow", [left, right])
            case ast.BinOp(left=ast.List(elts=[element])):  # [1.0] * len(x)
                return self.of(element)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
                partials = self.inlined(_OPERATORS[type(op)], [left, right], value)
                return self.chain(partials, [left, right])
        raise _no_derivative(expression)

    def of_call(self, expression: ast.Call) -> Tangent:
        """The tangent of a function of ``math``, or of what adds up a vector."""
        match expression:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in _STEPS:
                return None
            case ast.Call(func=ast.Attribute(attr=name), args=arguments):
                return self.of_rule(_OTHER_NAMES.get(name, name), arguments)
            case ast.Call(func=ast.Name(id="_total"), args=[terms]):
                tangent = self.of(terms)
                return tangent and call("_total", tangent)
            case ast.Call(func=ast.Name(id="_largest"), args=[terms]):
                tangent = self.of(terms)
                return tangent and call("_at_largest", terms, tangent)
        raise _no_derivative(expression)

    def of_result(self, called: ast.Call, position: int) -> Tangent:
        """The tangent of one result of ``rule(...)``: a partial is the value of a derived rule."""
        rule: str = called.func.id  # type: ignore[attr-defined]
        if position:
            rule = DerivedName(rule, self.find(rule).operands[position - 1])
        return self.of_rule(rule, called.args)

    def of_each(self, element: ast.expr, generator: ast.comprehension) -> Tangent:
        """The tangent of ``[element for a in vector]``."""
        if not isinstance(generator.target, ast.Name) or generator.ifs:
            raise FormulaError(f"cannot differentiate for {ast.unparse(generator.target)} ...")
        name = generator.target.id
        vector = self.of(generator.iter)
        of_step = self.tangents.get(name)
        self.tangents[name] = vector and ast.Name(f"{name}__dot", ast.Load())
        tangent = self.of(element)
        self.tangents[name] = of_step
        if tangent is None:
            return None
        if vector is None:
            return ast.ListComp(tangent, [generator])
        both = ast.Tuple([generator.target, ast.Name(f"{name}__dot", ast.Store())], ast.Store())
        pairs = call("zip", generator.iter, vector)
        return ast.ListComp(tangent, [ast.comprehension(both, pairs, [], 0)])

    def of_rule(self, rule: str, arguments: list[ast.expr]) -> Tangent:
        """The tangent of the value of a rule: its partials are results of a call of it."""
        results = call(rule, *arguments)
        partials = [_result(results, 1 + position) for position in range(len(arguments))]
        return self.chain(partials, arguments)

    def inlined(self, rule: str, arguments: list[ast.expr], value: ast.expr) -> list[ast.expr]:
        """The partials of an arithmetic rule at `arguments`, where its value is `value`."""
        formula = self.find(rule)
        meanings = dict(zip(formula.operands, arguments, strict=True))
        if isinstance(formula.results[0], ast.Name):
            meanings[formula.results[0].id] = value
        return [substituted(partial, meanings) for partial in formula.results[1:]]

    def chain(self, partials: list[ast.expr], arguments: list[ast.expr]) -> Tangent:
        """The chain rule: the sum of partial times tangent, over the arguments."""
        total: Tangent = None
        for partial, argument in zip(partials, arguments, strict=True):
            total = _sum(total, _product(self.of(argument), partial))
        return total


def _no_derivative(expression: ast.expr) -> FormulaError:
    return FormulaError(f"cannot differentiate {ast.unparse(expression)}")


def _result(called: ast.expr, position: int) -> ast.expr:
    """One result of a call of a rule: the value (0) or a partial (from 1)."""
    return ast.Subscript(called, ast.Constant(position), ast.Load())


def _zeros(vector: ast.expr) -> ast.expr:
    return ast.BinOp(ast.List([ast.Constant(0.0)], ast.Load()), ast.Mult(), call("len", vector))


def _is_vector(expression: ast.expr) -> bool:
    vector = ast.List | ast.ListComp
    return isinstance(expression, vector) or isinstance(getattr(expression, "left", None), vector)


def _is_zero(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value == 0.0


def _choice(test: ast.expr, body: Tangent, orelse: Tangent) -> Tangent:
    if body is None and orelse is None:
        return None
    return ast.IfExp(test, body or ast.Constant(0.0), orelse or ast.Constant(0.0))


def _sum(left: Tangent, right: Tangent) -> Tangent:
    if left is None or right is None:
        return left or right
    match left, right:
        case ast.BinOp(op=ast.Div()), ast.BinOp(op=ast.Div()) if same(left.right, right.right):
            over = _sum(left.left, right.left)
            return over and ast.BinOp(over, ast.Div(), left.right)
    if isinstance(right, ast.UnaryOp):
        return ast.BinOp(left, ast.Sub(), right.operand)
    return ast.BinOp(left, ast.Add(), right)


def _product(tangent: Tangent, partial: ast.expr) -> Tangent:
    """Their product, without factors of one."""
    if tangent is None or _is_zero(partial):
        return None
    if isinstance(partial, ast.BinOp) and isinstance(partial.op, ast.Div):
        over = _product(tangent, partial.left)
        return over and ast.BinOp(over, ast.Div(), partial.right)
    for factor, other in ((tangent, partial), (partial, tangent)):
        match factor:
            case ast.Constant(value=1.0):
                return other
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1.0)):
                return negative(other)
    return ast.BinOp(tangent, ast.Mult(), partial)
