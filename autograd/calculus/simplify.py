"""Expressions tidied up for reading: the same number, written as a person would write it.

``1.0 / x / LN2`` becomes ``1 / (x * LN2)``, ``x * x`` becomes ``x**2``. Only for
printing: the order of roundings is not kept, so nothing is computed from what
`tidied` gives. The helpers after it make expressions, and keep what they are given.
"""

import ast
import itertools
import math
from collections.abc import Mapping

LONGEST_CHAIN = 8  # factors written as nested multiplications; more become one prod(...)


def tidied(expression: ast.expr) -> ast.expr:
    """`expression` with constants folded, factors collected and signs moved out.

    >>> ast.unparse(tidied(ast.parse("-1.0 / x / x * (y - -2.0)", mode="eval").body))
    '-((y + 2) / x ** 2)'
    """
    match expression:
        case ast.Constant(value=float() as number):
            return constant(number)
        case ast.UnaryOp(op=ast.USub()) | ast.BinOp(op=ast.Mult() | ast.Div()):
            return _product(expression)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):
            return _sum(tidied(left), operator, tidied(right))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(tidied(left), tidied(right))
        case ast.Call(func=function, args=arguments):
            return ast.Call(function, [tidied(argument) for argument in arguments], [])
        case ast.Compare(left=left, ops=operators, comparators=others):
            return ast.Compare(tidied(left), operators, [tidied(other) for other in others])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(tidied(test), tidied(body), tidied(orelse))
    return expression


def same(left: ast.AST, right: ast.AST) -> bool:
    """Whether two expressions are written the same."""
    return ast.dump(left) == ast.dump(right)


def constant(number: float) -> ast.Constant:
    """A number as an expression; whole ones without their ``.0``."""
    whole = math.isfinite(number) and number == int(number) and abs(number) < 1e15
    return ast.Constant(int(number) if whole else number)


def call(function: str, *arguments: ast.expr) -> ast.Call:
    """A call of the function of that name."""
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])


def negative(expression: ast.expr) -> ast.expr:
    """`-expression`, without a sign that meets another."""
    if isinstance(expression, ast.UnaryOp):
        return expression.operand
    return ast.UnaryOp(ast.USub(), expression)


def substituted(expression: ast.expr, meanings: Mapping[str, ast.expr]) -> ast.expr:
    """`expression` with every name that has a meaning replaced by it."""
    new: ast.expr = _Substitution(meanings).visit(_copy(expression))
    return new


class _Substitution(ast.NodeTransformer):
    def __init__(self, meanings: Mapping[str, ast.expr]) -> None:
        self.meanings = meanings

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.meanings.get(node.id, node)


def _copy(expression: ast.expr) -> ast.expr:
    import copy

    return copy.deepcopy(expression)


def _number(expression: ast.expr) -> float | None:
    match expression:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    return None


def _sum(left: ast.expr, operator: ast.Add | ast.Sub, right: ast.expr) -> ast.expr:
    a, b = _number(left), _number(right)
    if a is not None and b is not None:
        return _product(ast.Constant(a + b if isinstance(operator, ast.Add) else a - b))
    if b == 0.0:
        return left
    if a == 0.0:
        return right if isinstance(operator, ast.Add) else _product(negative(right))
    if same(left, right):
        if isinstance(operator, ast.Sub):
            return ast.Constant(0)
        return _product(ast.BinOp(ast.Constant(2), ast.Mult(), left))
    if isinstance(right, ast.UnaryOp):  # a - -b
        flipped = ast.Sub() if isinstance(operator, ast.Add) else ast.Add()
        return _sum(left, flipped, right.operand)
    if same(left, negative(right)):  # -a + a, -a - a
        adds = isinstance(operator, ast.Add)
        return ast.Constant(0) if adds else negative(_sum(right, ast.Add(), right))
    if isinstance(left, ast.UnaryOp) and isinstance(operator, ast.Add):  # -a + b
        return _sum(right, ast.Sub(), left.operand)
    return ast.BinOp(left, operator, right)


def _power(base: ast.expr, exponent: ast.expr) -> ast.expr:
    number = _number(exponent)
    if number == 1.0:
        return base
    if number == 0.0 or _number(base) == 1.0:
        return ast.Constant(1)
    return ast.BinOp(base, ast.Pow(), exponent)


def _product(expression: ast.expr) -> ast.expr:
    factors = _Factors()
    factors.take(expression, 1)
    factors.combine()
    return factors.product()


class _Factors:
    """A product taken apart: sign * top / bottom * base**exponent * ..."""

    def __init__(self) -> None:
        self.sign, self.top, self.bottom = 1, 1.0, 1.0
        self.powers: dict[str, tuple[ast.expr, int]] = {}  # in the order of appearance

    def take(self, expression: ast.expr, exponent: int) -> None:
        match expression:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                self.sign *= (-1) ** exponent
                self.take(operand, exponent)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                self.take(left, exponent)
                self.take(right, exponent)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                self.take(left, exponent)
                self.take(right, -exponent)
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int() as power)):
                self.take(base, exponent * power)
            case ast.Call(func=ast.Name(id="prod"), args=arguments):
                for argument in arguments:
                    self.take(argument, exponent)
            case ast.Constant(value=int() | float() as number):
                self.take_number(number, exponent)
            case _:
                tidy = tidied(expression)
                if isinstance(tidy, ast.Constant | ast.UnaryOp) or _is_product(tidy):
                    self.take(tidy, exponent)
                else:
                    self.multiply(tidy, exponent)

    def take_number(self, number: float, exponent: int) -> None:
        if number < 0.0:
            self.sign *= (-1) ** exponent
            number = -number
        if number in (0.5, 0.25, 0.125):  # x / 2 rather than 0.5 x
            number, exponent = 1.0 / number, -exponent
        if exponent > 0:
            self.top *= number**exponent
        else:
            self.bottom *= number**-exponent

    def multiply(self, base: ast.expr, exponent: int) -> None:
        key = ast.dump(base)
        exponent += self.powers.pop(key, (base, 0))[1]
        if exponent:
            self.powers[key] = base, exponent

    def combine(self) -> None:
        """(a - b)(a + b) = a² - b², √a √b = √(a b), hypot(a, b)² = a² + b², exp(a)² = exp(2 a)."""
        if len(self.powers) > LONGEST_CHAIN:
            return
        for (first, power), (second, other_power) in itertools.combinations(
            list(self.powers.values()), 2
        ):
            together = _combined(first, second) if power == other_power else None
            if together is not None:
                del self.powers[ast.dump(first)], self.powers[ast.dump(second)]
                self.take(together, power)
                self.combine()
                return
        for base, power in list(self.powers.values()):
            match base:
                case ast.Call(func=ast.Name(id="hypot"), args=[x, y]) if power % 2 == 0:
                    del self.powers[ast.dump(base)]
                    self.multiply(_sum(_square(x), ast.Add(), _square(y)), power // 2)
                case ast.Call(func=ast.Name(id="exp"), args=[x]) if abs(power) > 1:
                    del self.powers[ast.dump(base)]
                    times = _product(ast.BinOp(constant(abs(power)), ast.Mult(), x))
                    self.multiply(call("exp", times), 1 if power > 0 else -1)

    def product(self) -> ast.expr:
        if self.top == 0.0:
            return ast.Constant(0)
        match list(self.powers.values()):
            case [(ast.Attribute(attr="inf") as infinity, 1)]:  # whatever it is a multiple of
                return infinity if self.sign > 0 else ast.UnaryOp(ast.USub(), infinity)
        top, bottom = self.top, self.bottom
        if top.is_integer() and bottom.is_integer():
            shared = math.gcd(int(top), int(bottom))
            top, bottom = top / shared, bottom / shared
        if bottom and not self.powers and float(f"{top / bottom:.3g}") == top / bottom:
            top, bottom = top / bottom, 1.0
        over = [_power(base, ast.Constant(n)) for base, n in self.powers.values() if n > 0]
        under = [_power(base, ast.Constant(-n)) for base, n in self.powers.values() if n < 0]
        result = _chain(top, over)
        if under or bottom != 1.0:
            result = ast.BinOp(result, ast.Div(), _chain(bottom, under))
        return result if self.sign > 0 else ast.UnaryOp(ast.USub(), result)


def _is_product(expression: ast.expr) -> bool:
    return (
        isinstance(expression, ast.BinOp)
        and isinstance(expression.op, ast.Mult | ast.Div | ast.Pow)
        and not (isinstance(expression.op, ast.Pow) and not _is_whole(expression.right))
    )


def _is_whole(exponent: ast.expr) -> bool:
    return isinstance(exponent, ast.Constant) and isinstance(exponent.value, int)


def _square(expression: ast.expr) -> ast.expr:
    return _power(expression, ast.Constant(2))


def _combined(first: ast.expr, second: ast.expr) -> ast.expr | None:
    match first, second:
        case (
            ast.BinOp(left=a, op=ast.Sub() | ast.Add() as one, right=b),
            ast.BinOp(left=c, op=ast.Sub() | ast.Add() as other, right=d),
        ) if type(one) is not type(other):
            if same(a, c) and same(b, d):
                return ast.BinOp(_square(a), ast.Sub(), _square(b))
            if same(a, d) and same(b, c):  # (1 - x)(x + 1): the minuend's square comes first
                minuend, other_term = (a, b) if isinstance(one, ast.Sub) else (c, d)
                return ast.BinOp(_square(minuend), ast.Sub(), _square(other_term))
        case (
            ast.Call(func=ast.Name(id="sqrt") as root, args=[a]),
            ast.Call(func=ast.Name(id="sqrt"), args=[b]),
        ):
            return ast.Call(root, [_product(ast.BinOp(a, ast.Mult(), b))], [])
    return None


def _chain(number: float, factors: list[ast.expr]) -> ast.expr:
    if number != 1.0 or not factors:
        factors = [constant(number), *factors]
    if len(factors) > LONGEST_CHAIN:
        return call("prod", *factors)
    result = factors[0]
    for factor in factors[1:]:
        result = ast.BinOp(result, ast.Mult(), factor)
    return result
