"""The partial derivatives of rules as formulas to read: steps filled in, choices made, tidied.

A rule is written for the computer: it names steps, guards against overflow and
chooses between forms. Here its source becomes the one expression a textbook
would print, from the same source: ``out * rest`` of sigmoid reads h(1 - h).
"""

import ast
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from autograd import ops
from autograd.calculus.derived_rules import called_rule, names_of, namespace_of, with_bound_calls
from autograd.calculus.formula import formula_for
from autograd.calculus.simplify import call, constant, same, substituted, tidied
from autograd.errors import FormulaError

# What parts of rules are short for in a textbook; the others are spelled out as they are.
_MEANINGS = {
    part.__name__: ast.parse(facts.means, mode="eval").body
    for part, facts in ops.PARTS.items()
    if facts.means
}


def partial_at(
    rule: ops.Rule,
    position: int,
    numbers: Sequence[float],
    operands: Sequence[ast.expr],
    out: ast.expr,
) -> ast.expr:
    """The partial of `rule` by operand number `position`, where the operands are `numbers`.

    `operands` and `out`, the value, stand in the formula as the expressions
    given. FormulaError if the rule has no formula.

    >>> x, h = ast.Name("x"), ast.Name("h")
    >>> ast.unparse(partial_at(ops.tanh, 0, [0.5], [x], h))
    '1 - h ** 2'
    >>> ast.unparse(partial_at(ops.abs, 0, [-2.0], [x], h))
    '-1'
    """
    reading = _Reading(rule, operands, out, numbers)
    return _finished(reading.partial(position), reading.value, out)


def partial_in_cases(rule: ops.Rule, position: int) -> ast.expr:
    """The same for any operands: conditional at the outside where cases differ, and only there.

    FormulaError for a rule over a sequence, which has one formula for every length.

    >>> ast.unparse(partial_in_cases(ops.relu, 0))
    '0 if x <= 0 else 1'
    """
    formula = formula_for(rule)
    if formula.sequence:
        raise FormulaError(f"{rule.__name__} takes a sequence: ask for the partial at its operands")
    out = ast.Name("out", ast.Load())
    reading = _Reading(rule, [ast.Name(name, ast.Load()) for name in formula.operands], out)
    return _in_cases(reading.partial(position), reading.value, out)


def value_at(rule: ops.Rule, numbers: Sequence[float], operands: Sequence[ast.expr]) -> ast.expr:
    """The value of `rule` as its source computes it, where the operands are `numbers`."""
    return tidied(_Reading(rule, operands, None, numbers).value)


class _Reading:
    """A rule read at given operands; its steps become the expressions they stand for.

    With `numbers` every choice is made as it is there; otherwise choices stay.
    What a rule over a sequence adds up of all of it becomes a number.
    With `out`, that stands for the value wherever a later step uses it.
    """

    def __init__(
        self,
        rule: ops.Rule,
        operands: Sequence[ast.expr],
        out: ast.expr | None,
        numbers: Sequence[float] | None = None,
    ) -> None:
        self.rule, self.formula, self.out = rule, formula_for(rule), out
        self.operands, self.numbers = operands, numbers
        self.meanings: dict[str, ast.expr] = {}  # what names stand for, as far as it was read
        if not self.formula.sequence:
            self.meanings |= zip(self.formula.operands, operands, strict=True)
        self.vectors: dict[str, ast.expr] = {}  # the steps that are lists
        self.namespace = self.names_at(numbers or ())  # for what is computed
        self.spelled_out: ast.expr | None = None  # the value, once the step that names it was read
        last = {name: i for i, (names, _) in enumerate(self.formula.steps) for name in names}
        for i, (names, expression) in enumerate(self.formula.steps):
            self.take_step(names, expression)
            match self.formula.results[0]:
                case ast.Name(id=value) if last.get(value) == i and out is not None:
                    self.spelled_out, self.meanings[value] = self.meanings[value], out
        self.value = self.spelled_out or self.read(self.formula.results[0])

    def names_at(self, numbers: Sequence[float]) -> dict[str, Any]:
        """What the names in the rule are before its first step, its operands being `numbers`."""
        rule, formula = self.rule, self.formula
        operands = [tuple(numbers)] if formula.sequence else numbers
        return {
            **vars(ops),
            **names_of(rule),
            **namespace_of(rule, formula),
            **dict(zip(formula.operands, operands, strict=False)),
        }

    def take_step(self, names: tuple[str, ...], expression: ast.expr) -> None:
        """From here on `names` stand for what the step says, in the order of the rule."""
        if self.numbers is not None:
            result = self.evaluated(expression)
            results = [result] if len(names) == 1 else result
            self.namespace |= zip(names, results, strict=True)
            if isinstance(result, list | tuple) and len(names) == 1:
                self.vectors[names[0]] = expression
                return
        for position, name in enumerate(names):
            one = expression
            if len(names) > 1:  # a, b = rule(x)
                one = ast.Subscript(expression, ast.Constant(position), ast.Load())
            self.meanings[name] = self.read(one)

    def partial(self, position: int) -> ast.expr:
        if not self.formula.sequence:
            return self.read(self.formula.results[1 + position])
        for result in self.formula.results[1:]:
            if not isinstance(result, ast.Starred):
                raise self.unreadable(result)
            length = len(list(self.evaluated(result.value)))
            if position < length:
                return self.element(result.value, position)
            position -= length
        raise self.unreadable(self.formula.results[-1])

    def element(self, vector: ast.expr, position: int) -> ast.expr:
        """Element number `position` of a list in a rule over a sequence."""
        match vector:
            case ast.Name(id=name) if name == self.formula.operands[0]:
                return self.operands[position]
            case ast.Name(id=name) if name in self.vectors:
                return self.element(self.vectors[name], position)
            case ast.ListComp(
                elt=element, generators=[ast.comprehension(target=ast.Name(id=name), iter=source)]
            ):
                self.namespace[name] = list(self.evaluated(source))[position]
                self.meanings[name] = self.element(source, position)
                return self.read(element)
            case ast.BinOp(left=ast.List(elts=[element]), op=ast.Mult()):
                return self.read(element)
            case ast.Call(func=ast.Name(id="map"), args=[ast.Attribute(attr="mul"), left, right]):
                first = self.element(left, position)
                return ast.BinOp(first, ast.Mult(), self.element(right, position))
            case ast.Call(func=ast.Name(id="_products"), args=[source]):
                factors = [self.element(source, before) for before in range(position)]
                if isinstance(source, ast.Subscript):  # x[::-1]: in the order of x
                    factors.reverse()
                return call("prod", *factors)
            case ast.Subscript(value=source, slice=ast.Slice() as slice_):
                self.namespace["positions"] = range(len(self.evaluated(source)))
                positions = ast.Subscript(ast.Name("positions", ast.Load()), slice_, ast.Load())
                return self.element(source, self.evaluated(positions)[position])
        raise self.unreadable(vector)

    def read(self, expression: ast.expr) -> ast.expr:
        """A single number's expression, its choices made and its names filled in."""
        match expression:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                if self.numbers is not None:
                    return self.read(body if self.evaluated(test) else orelse)
                return ast.IfExp(self.read(test), self.read(body), self.read(orelse))
            case ast.Name(id="KINK"):
                return constant(0)
            case ast.Name(id=name):
                return self.meanings.get(name, expression)
            case ast.UnaryOp(op=operator, operand=operand):
                return ast.UnaryOp(operator, self.read(operand))
            case ast.BinOp(left=left, op=operator, right=right):
                return ast.BinOp(self.read(left), operator, self.read(right))
            case ast.Compare(left=left, ops=operators, comparators=others):
                return ast.Compare(self.read(left), operators, [self.read(x) for x in others])
            case ast.Call(func=ast.Name(id="len" | "_total" | "_largest" | "_others")):
                return constant(self.evaluated(expression))
            case ast.Call(args=[ast.Starred()]):  # math.hypot(*x)
                return constant(self.evaluated(expression))
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments
            ):  # math.tanh and tanh are the same
                return call(name, *map(self.read, arguments))
            case ast.Subscript(
                value=ast.Call() as called, slice=ast.Constant(value=int() as result)
            ):
                return self.result(called, result)
        return expression

    def result(self, called: ast.Call, result: int) -> ast.expr:
        """One result of a call of another rule: its value (0) or a partial (from 1)."""
        whole = ast.Call(called.func, [self.read(argument) for argument in called.args], [])
        # `differentiate` writes the names of derived rules as they are, with what they stand for.
        name = called.func.id if isinstance(called.func, ast.Name) else ast.unparse(called.func)
        rule = called_rule(name)
        # The names of these say nothing: spell them out.
        is_derived = hasattr(rule, "formula") or rule in ops.PARTS
        numbers = None
        if self.numbers is not None:
            numbers = [self.evaluated(argument) for argument in called.args]
        if result == 0 and name in _MEANINGS:
            meaning = _meaning_of(name, whole.args, numbers)
            own = call(self.rule.__name__, *self.operands)
            return _Recognition(own, self.out).recognised(meaning) if self.out else meaning
        if result == 0 and not is_derived:
            return whole
        short: ast.expr | None = None if is_derived else whole
        if name in _MEANINGS:
            short = _meaning_of(name, whole.args, numbers)
        reading = _Reading(rule, whole.args, short, numbers)
        if result == 0:
            return reading.value
        partial = reading.partial(result - 1)
        finish = _in_cases if numbers is None else _finished
        return finish(partial, reading.value, short or reading.value)

    def evaluated(self, expression: ast.expr) -> Any:
        return eval(_code(expression), self.namespace)  # noqa: S307 - the rule's own code

    def unreadable(self, expression: ast.expr) -> FormulaError:
        return FormulaError(
            f"{self.rule.__name__}: no formula to read in {ast.unparse(expression)}"
        )


def _meaning_of(
    name: str, operands: Sequence[ast.expr], numbers: Sequence[float] | None
) -> ast.expr:
    """What part `name` of `operands` is short for; at `numbers`, without the case it is not."""
    meaning = _MEANINGS[name]
    if isinstance(meaning, ast.IfExp) and numbers is not None:
        meaning = meaning.body if numbers[0] else meaning.orelse
    return substituted(meaning, dict(zip("xy", operands, strict=False)))


@lru_cache(maxsize=1024)
def _code(expression: ast.expr) -> CodeType:
    """An expression of a rule, compiled: the same for each of its operands."""
    return compile(with_bound_calls(ast.Expression(expression)), "<rule>", "eval")


def _finished(partial: ast.expr, value: ast.expr, out: ast.expr) -> ast.expr:
    """`partial` tidied, where `value`, which `out` stands for, is recognised in it."""
    return tidied(_Recognition(value, out).recognised(partial))


class _Recognition(ast.NodeTransformer):
    """Finds the value of a rule within a partial that computes it in another way."""

    def __init__(self, value: ast.expr, out: ast.expr) -> None:
        self.value, self.out = value, out

    def recognised(self, expression: ast.expr) -> ast.expr:
        found: ast.expr = self.visit(expression)
        return found

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(self.value, ast.Name | ast.Constant) and same(node, self.value):
            return self.out
        match self.value, node:
            case (  # out = p / (p + q), so q / (p + q) = 1 - out
                ast.BinOp(op=ast.Div(), left=part, right=ast.BinOp(op=ast.Add()) as whole),
                ast.BinOp(op=ast.Div(), left=other, right=divisor),
            ) if same(divisor, whole) and _are(part, other, whole.left, whole.right):
                return ast.BinOp(ast.Constant(1), ast.Sub(), self.out)
            case (  # hypot(y, x) = hypot(x, y)
                ast.Call(func=ast.Name(id="hypot"), args=[x, y]),
                ast.Call(func=ast.Name(id="hypot"), args=[a, b]),
            ) if same(a, y) and same(b, x):
                return self.out
            case (  # out = s + log(t), so exp(a - s) / t = exp(a - out)
                ast.BinOp(op=ast.Add(), left=shift, right=ast.Call(func=ast.Name(id="log1p"))),
                ast.BinOp(
                    op=ast.Div(),
                    left=ast.Call(
                        func=ast.Name(id="exp") as exponential,
                        args=[ast.BinOp(left=x, op=ast.Sub(), right=subtracted)],
                    ),
                    right=ast.Constant(),
                ),
            ) if same(subtracted, shift):
                return ast.Call(exponential, [ast.BinOp(x, ast.Sub(), self.out)], [])
        return self.generic_visit(_shallow_copy(node))


def _are(first: ast.expr, second: ast.expr, left: ast.expr, right: ast.expr) -> bool:
    """Whether `first` and `second` are `left` and `right`, in either order."""
    return (same(first, left) and same(second, right)) or (
        same(first, right) and same(second, left)
    )


def _shallow_copy(node: ast.AST) -> ast.AST:
    """A copy that a transformer may change: expressions of formulas are shared."""
    fields = {
        name: list(field) if isinstance(field, list) else field
        for name, field in ast.iter_fields(node)
    }
    return type(node)(**fields)


def _in_cases(partial: ast.expr, value: ast.expr, out: ast.expr) -> ast.expr:
    """`partial` with its choices moved to the outside; those that make no difference vanish."""
    choices = [
        node for side in (partial, value) for node in ast.walk(side) if isinstance(node, ast.IfExp)
    ]
    if not choices:
        return _finished(partial, value, out)
    # A choice within a test goes first, else the outermost one.
    test = next(choice.test for choice in choices if not _chooses(choice.test))
    yes, no = (
        _in_cases(_decided(partial, test, truth), _decided(value, test, truth), out)
        for truth in (True, False)
    )
    if same(yes, no):
        return yes
    return ast.IfExp(tidied(_Recognition(value, out).recognised(test)), yes, no)


def _decided(expression: ast.expr, test: ast.expr, truth: bool) -> ast.expr:
    """`expression` where one test has that outcome."""
    decided: ast.expr = _Decision(test, truth=truth).visit(expression)
    return decided


def _chooses(test: ast.expr) -> bool:
    return any(isinstance(node, ast.IfExp) for node in ast.walk(test))


class _Decision(ast.NodeTransformer):
    """Takes the side of every choice that the outcome of one test decides."""

    def __init__(self, test: ast.expr, *, truth: bool) -> None:
        self.test, self.truth = test, truth

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.IfExp):
            truth = _implied(self.test, node.test, truth=self.truth)
            if truth is not None:
                return self.visit(node.body if truth else node.orelse)
        return self.generic_visit(_shallow_copy(node))


_ORDERS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_FLIPPED = str.maketrans("<>", "><")


def _implied(known: ast.expr, asked: ast.expr, *, truth: bool) -> bool | None:
    """The outcome of one test, given the outcome of another; None if that does not tell."""
    if same(known, asked):
        return truth
    match known, asked:
        case (
            ast.Compare(left=a, ops=[known_order], comparators=[b]),
            ast.Compare(left=c, ops=[asked_order], comparators=[d]),
        ) if _are(a, b, c, d):
            order = _ORDERS[type(asked_order)]
            allowed = set(order if same(a, c) else order.translate(_FLIPPED))
            possible = set(_ORDERS[type(known_order)])
            if not truth:
                possible = set("<=>") - possible
            if possible <= allowed:
                return True
            return None if possible & allowed else False
    return None
