"""How mathematics is written: what the printers of text and of LaTeX share.

A `Printer` walks an expression (Python's ``ast``) and puts brackets where they
are needed, and only there. The printers say how each part looks.

Glossary: *level*: how tightly an expression holds together, from `NEGATIVE`
(a sum that starts with a minus) to `ATOM` (a name).
"""

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from autograd import ops
from autograd.calculus.simplify import call, constant, same, substituted
from autograd.support.arguments import one_spelling

NEGATIVE, SUM, PRODUCT, POWER, ATOM = range(5)
SHOWN_TERMS = 6  # of a sum or a list; longer ones show the first three and the last

GREEK = {
    name: chr(code)
    for names, first in (
        ("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi", 0x3B1),
        ("pi rho", 0x3C0),
        ("sigma tau upsilon phi chi psi omega", 0x3C3),
    )
    for code, name in enumerate(names.split(), start=first)
} | {"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
     "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω"}  # fmt: skip

# What operations are short for, and their operands: these are values, not derivatives.
_MEANINGS, _MEANINGS_OF_SEQUENCES = (
    {
        rule.__name__: (
            rule.__code__.co_varnames[: rule.__code__.co_argcount],
            ast.parse(facts.means, mode="eval").body,
        )
        for rule, facts in ops.TABLE.items()
        if facts.means and ops.takes_sequence(rule) is over_a_sequence
    }
    for over_a_sequence in (False, True)
)
WRITTEN = {rule.__name__: facts.written for rule, facts in ops.TABLE.items() if facts.written}
_OVER_SEQUENCES = {rule.__name__ for rule in ops.TABLE if ops.takes_sequence(rule)}
_CONSTANTS = {name: ast.parse(text, mode="eval").body for name, text in ops.CONSTANTS.items()}
_LABEL = re.compile(r"([^\W\d_₀-₉]+)(?:_?(\d+(?:_\d+)*)|((?:\[\d+\])+)|([₀-₉]+(?:,[₀-₉]+)*))?")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class Symbol(NamedTuple):
    """A label as mathematics writes it: ``w_1``, ``w[1]`` and ``w₁`` are w with the index 1."""

    base: str
    indices: tuple[str, ...] = ()
    plain: bool = True  # the base is one word of letters


def symbol_of(label: str) -> Symbol:
    """The symbol that a label stands for; Greek letters may be spelled out.

    >>> symbol_of("delta_1")
    Symbol(base='δ', indices=('1',), plain=True)
    >>> symbol_of("learning rate")
    Symbol(base='learning rate', indices=(), plain=False)
    """
    found = _LABEL.fullmatch(label)
    if not found:
        return Symbol(label, plain=False)
    base, *written = found.groups()
    base = one_spelling(base)
    indices = "".join(filter(None, written)).translate(DIGITS)
    return Symbol(GREEK.get(base, base), tuple(re.findall(r"\d+", indices)))


def typeset(label: str) -> str:
    """`label` with its numbers as indices: w₁ for w1, w_1 and w[1]."""
    symbol = symbol_of(label)
    return symbol.base + ",".join(symbol.indices).translate(SUBSCRIPTS)


Printed = tuple[str, int]  # a text and its level


class Printer:
    """Prints expressions; `labels` says what the names in them are labelled.

    `spelled` prints labels letter for letter instead of as symbols.
    """

    comparisons: ClassVar[Mapping[type[ast.cmpop], str]]
    functions: ClassVar[Mapping[str, str]]  # the names that are not their own
    conjunction: ClassVar[str]
    dots: ClassVar[str]
    left_out_factors: ClassVar[str]
    infinity: ClassVar[str]

    def __init__(
        self,
        labels: Callable[[str], str] | None = None,
        *,
        number_format: str = ".4g",
        spelled: bool = False,
    ) -> None:
        self.labels = labels or (lambda name: name)
        self.number_format = number_format
        self.spelled = spelled

    def __call__(self, expression: ast.expr) -> str:
        """The whole expression."""
        if isinstance(expression, ast.IfExp):
            return self._cases(*self._listed_cases(expression))
        return self._printed(expression)[0]

    # --- what the two printers do in their own way -------------------------------

    def symbol(self, label: str) -> str:
        """A label as printed."""
        raise NotImplementedError

    def _positive(self, digits: str) -> Printed:
        raise NotImplementedError

    def _bracketed(self, text: str) -> str:
        raise NotImplementedError

    def _minus(self) -> str:
        raise NotImplementedError

    def _times(self, left: ast.expr, right: ast.expr, text: str) -> str:
        """What stands between two factors; `text` is the right one, printed."""
        raise NotImplementedError

    def _fraction(self, over: ast.expr, under: ast.expr) -> Printed:
        raise NotImplementedError

    def _power(self, base: ast.expr, exponent: ast.expr) -> Printed:
        raise NotImplementedError

    def _root(self, operand: ast.expr, degree: int) -> Printed:
        raise NotImplementedError

    def _fence(self, kind: str, operand: str) -> str:
        raise NotImplementedError

    def _function(self, name: str, arguments: str, exponent: str = "") -> str:
        raise NotImplementedError

    def _cases(self, cases: Sequence[tuple[str, str]], otherwise: str) -> str:
        raise NotImplementedError

    # --- what they share -----------------------------------------------------------

    def _printed(self, expression: ast.expr) -> Printed:
        """The text of `expression` and its level."""
        match expression:
            case ast.Constant(value=int() | float() as number):
                return self._number(number)
            case ast.Attribute(value=ast.Name(id="math"), attr="inf" | "nan" as name):
                return self._number(float(name))
            case ast.Attribute(attr=name):
                return self.symbol(name), ATOM
            case ast.Name(id=name):
                return self._name(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._minus() + self.at_least(PRODUCT, operand), NEGATIVE
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):
                first, level = self._printed(left)
                adds = isinstance(operator, ast.Add)
                sign = "+" if adds else self._minus()
                second = self.at_least(SUM if adds else PRODUCT, right)
                return f"{first} {sign} {second}", min(level, SUM)
            case ast.BinOp(op=ast.Mult()):
                return self._product(_factors(expression))
            case ast.BinOp(left=over, op=ast.Div(), right=under):
                return self._fraction(over, under)
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                return self._power(base, exponent)
            case ast.Call(func=function, args=arguments):
                name = function.attr if isinstance(function, ast.Attribute) else ""
                name = function.id if isinstance(function, ast.Name) else name
                return self._call("abs" if name == "fabs" else name, arguments)
            case ast.IfExp():
                return self._bracketed(self(expression)), ATOM
            case ast.Compare(left=left, ops=[order], comparators=[right]):
                return f"{self(left)} {self.comparisons[type(order)]} {self(right)}", NEGATIVE
        raise TypeError(f"no notation for {ast.unparse(expression)}")

    def at_least(self, level: int, expression: ast.expr) -> str:
        """`expression`, in brackets if it holds less tightly than `level`."""
        text, own = self._printed(expression)
        return text if own >= level else self._bracketed(text)

    def _number(self, number: float) -> Printed:
        if math.isnan(number):
            return self._function("nan", ""), ATOM
        magnitude = abs(number)
        if math.isinf(number):
            text, level = self.infinity, ATOM
        elif isinstance(number, int) and magnitude < 1e6:
            text, level = self._positive(str(magnitude))
        else:
            text, level = self._positive(format(magnitude, self.number_format))
        if math.copysign(1.0, number) < 0.0:
            return f"{self._minus()}{text}", NEGATIVE
        return text, level

    def _name(self, name: str) -> Printed:
        if name in _CONSTANTS:
            return self._printed(_CONSTANTS[name])
        return self.symbol(self.labels(name)), ATOM

    def _product(self, factors: Sequence[ast.expr]) -> Printed:
        first, *others = _elided(factors)
        text, level = self._printed(factors[0])
        if level < PRODUCT and not isinstance(first, ast.Constant):
            text, level = self._bracketed(text), ATOM
        before = first
        for factor in others:
            if factor is None:
                text += self.left_out_factors
            else:
                printed = self.at_least(PRODUCT, factor)
                text += self._times(before, factor, printed) if before else ""
                text += printed
            before = factor
        return text, min(level, PRODUCT)

    def _sum(self, terms: Sequence[ast.expr]) -> Printed:
        first, level = self._printed(terms[0])
        others = [self.dots if x is None else self.at_least(SUM, x) for x in _elided(terms)[1:]]
        return " + ".join([first, *others]), min(level, SUM) if others else level

    def _call(self, name: str, arguments: list[ast.expr]) -> Printed:
        if name in _MEANINGS and len(_MEANINGS[name][0]) == len(arguments):
            return self._printed(_without_ones(operation(name, arguments)))
        if name in _MEANINGS_OF_SEQUENCES and arguments:
            _, meaning = _MEANINGS_OF_SEQUENCES[name]
            return self._printed(_over_a_sequence(meaning, arguments))
        match name, arguments:
            case "exp", [x]:
                return self._power(ast.Name("e", ast.Load()), x)
            case (("sqrt" | "cbrt"), [x]):
                return self._root(x, 2 if name == "sqrt" else 3)
            case (("abs" | "floor" | "ceil"), [x]):
                return self._fence(name, self(x)), ATOM
            case "sum", [*terms] if terms:
                return self._sum(terms)
            case "prod", [*factors] if len(factors) > 1:
                return self._product(factors)
            case "prod", [x]:
                return self._printed(x)
            case "prod", []:
                return self._number(1)
            case "dot", [*both] if both:
                left, right = both[: len(both) // 2], both[len(both) // 2 :]
                pairs = zip(left, right, strict=True)
                return self._sum([operation("mul", pair) for pair in pairs])
        parts = [self.dots if x is None else self(x) for x in _elided(arguments)]
        return self._function(name, ", ".join(parts)), ATOM

    def _function_power(self, base: ast.expr, exponent: str) -> str | None:
        """tanh²(x) for tanh(x)²; None where `base` is not such a function."""
        match base:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[x]):
                if name in self.functions and name not in _MEANINGS:
                    return self._function(name, self(x), exponent)
        return None

    def _listed_cases(self, expression: ast.IfExp) -> tuple[list[tuple[str, str]], str]:
        """(text, conditions) of every case but the last, and the text of the last."""
        *cases, (otherwise, _) = self._leaves(expression, [])
        while cases and cases[-1][0] == otherwise:
            cases.pop()
        return [(text, f" {self.conjunction} ".join(tests)) for text, tests in cases], otherwise

    def _leaves(self, expression: ast.expr, tests: list[str]) -> Iterator[tuple[str, list[str]]]:
        """Each case with the tests to pass, where every case before it has failed its own."""
        if isinstance(expression, ast.IfExp):
            yield from self._leaves(expression.body, [*tests, self._condition(expression.test)])
            yield from self._leaves(expression.orelse, tests)
        else:
            yield self(expression), tests

    def _condition(self, test: ast.expr) -> str:
        if not isinstance(test, ast.Compare):  # a number, as the condition of Python's ``if``
            test = ast.Compare(test, [ast.NotEq()], [ast.Constant(0)])
        return self(test)


def operation(name: str, operands: Sequence[ast.expr]) -> ast.expr:
    """The operation of that name over `operands`: arithmetic as operators, the rest as a call."""
    if name == "mul" and same(*operands):
        name, operands = "square", operands[:1]
    if name not in _MEANINGS or len(_MEANINGS[name][0]) != len(operands):
        return call(name, *operands)
    names, meaning = _MEANINGS[name]
    return substituted(meaning, dict(zip(names, operands, strict=True)))


def _over_a_sequence(meaning: ast.expr, operands: Sequence[ast.expr]) -> ast.expr:
    """`meaning` with every call over `x` spelled out: sum(x ** 2) as a**2 + b**2."""
    match meaning:
        case ast.Call(func=ast.Name(id="len")):
            return constant(len(operands))
        case ast.Call(func=ast.Name(id=name), args=[each]) if name in _OVER_SEQUENCES:
            return call(name, *(substituted(each, {"x": operand}) for operand in operands))
        case ast.Call(func=ast.Name(id=name), args=parts):
            return call(name, *(_over_a_sequence(part, operands) for part in parts))
        case ast.BinOp(left=left, op=operator, right=right):
            left, right = (_over_a_sequence(side, operands) for side in (left, right))
            return ast.BinOp(left, operator, right)
        case ast.UnaryOp(op=sign, operand=part):
            return ast.UnaryOp(sign, _over_a_sequence(part, operands))
    return meaning


def _factors(expression: ast.expr) -> list[ast.expr]:
    """The factors of nested multiplications, from the left."""
    factors: list[ast.expr] = []
    while isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mult):
        factors.append(expression.right)
        expression = expression.left
    return [expression, *reversed(factors)]


def _elided(terms: Sequence[ast.expr]) -> list[ast.expr | None]:
    """`terms`, or the first three, None for those left out, and the last."""
    return list(terms) if len(terms) <= SHOWN_TERMS else [*terms[:3], None, terms[-1]]


def _without_ones(expression: ast.expr) -> ast.expr:
    """1² is 1: all that is tidied where an operation is written as what it is short for."""
    match expression:
        case ast.Call(func=function, args=[ast.BinOp(left=ast.BinOp(left=x), op=op, right=y)]):
            if isinstance(x, ast.Constant) and x.value == 1.0:
                return ast.Call(function, [ast.BinOp(ast.Constant(1), op, y)], [])
    return expression
