r"""Formulas as LaTeX math, in the subset that MathJax, KaTeX and LaTeX itself understand.

Whatever a label holds, what is printed is valid math that shows it: every
character that means something to TeX or to a web page is escaped.
"""

import ast
from collections.abc import Sequence
from typing import ClassVar

from autograd.export.notation import (
    ATOM,
    GREEK,
    NEGATIVE,
    POWER,
    PRODUCT,
    SUBSCRIPTS,
    Printed,
    Printer,
    symbol_of,
)

NEW_LINE = r" \\ "

_COMMANDS = {letter: rf"\{name}" for name, letter in GREEK.items()}
_ESCAPES = {
    **{character: rf"\{character}" for character in "#$%&_{}"},
    " ": r"\ ", "\\": r"\backslash{}", "^": r"{\wedge}", "~": r"{\sim}", "<": "{<}", ">": "{>}",
    "'": r"{\prime}", "`": r"{\prime}", '"': r"{\prime\prime}",
}  # fmt: skip


def escaped(label: str) -> str:
    r"""`label` letter for letter, upright.

    >>> escaped("50%_a")
    '\\mathrm{50\\%\\_a}'
    """
    visible = (c if c.isprintable() else "?" for c in label)
    return rf"\mathrm{{{''.join(_ESCAPES.get(c, c) for c in visible)}}}"


class LatexPrinter(Printer):
    r"""Prints expressions as LaTeX math, without the dollars around it.

    >>> LatexPrinter()(ast.parse("tanh(w1*x)**2 / 2", mode="eval").body)
    '\\frac{\\tanh^{2}\\left(w_{1} \\, x\\right)}{2}'
    """

    comparisons: ClassVar = {
        ast.Lt: "<", ast.LtE: r"\leq", ast.Gt: ">", ast.GtE: r"\geq", ast.NotEq: r"\neq",
        ast.Eq: "=",
    }  # fmt: skip
    functions: ClassVar = {
        "sin": r"\sin", "cos": r"\cos", "tan": r"\tan",
        "sinh": r"\sinh", "cosh": r"\cosh", "tanh": r"\tanh",
        "log": r"\ln", "log2": r"\log_{2}", "log10": r"\log_{10}",
        "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan",
        "asinh": r"\operatorname{arsinh}", "acosh": r"\operatorname{arcosh}",
        "atanh": r"\operatorname{artanh}", "sigmoid": r"\sigma", "sign": r"\operatorname{sgn}",
        "max": r"\max", "min": r"\min", "ndtr": r"\Phi",
    }  # fmt: skip
    conjunction = r"\wedge"
    dots = r"\cdots"
    left_out_factors = r" \cdots "
    infinity = r"\infty"

    def symbol(self, label: str) -> str:
        """`label` as a symbol with its indices; words in italics."""
        symbol = symbol_of(label)
        written_as_indices = symbol.plain and ord(label[-1]) in SUBSCRIPTS.values()
        if not symbol.plain or (self.spelled and not written_as_indices):
            return escaped(label)
        base = symbol.base
        if self.spelled:
            base = escaped(base)
        elif len(base) > 1:
            base = rf"\mathit{{{base}}}"
        base = _COMMANDS.get(base, base)
        return f"{base}_{{{','.join(symbol.indices)}}}" if symbol.indices else base

    def _positive(self, digits: str) -> Printed:
        significand, _, exponent = digits.partition("e")
        if not exponent:
            return digits, ATOM
        return rf"{significand} \cdot 10^{{{int(exponent)}}}", PRODUCT

    def _bracketed(self, text: str) -> str:
        return rf"\left({text}\right)"

    def _minus(self) -> str:
        return "-"

    def _times(self, left: ast.expr, right: ast.expr, text: str) -> str:
        if text.startswith((*"0123456789", r"\frac")):
            return r" \cdot "
        tight = isinstance(left, ast.Constant) and not text.startswith((r"\math", r"\left("))
        return " " if tight else r" \, "

    def _fraction(self, over: ast.expr, under: ast.expr) -> Printed:
        if isinstance(over, ast.UnaryOp):
            return rf"-\frac{{{self(over.operand)}}}{{{self(under)}}}", NEGATIVE
        return rf"\frac{{{self(over)}}}{{{self(under)}}}", PRODUCT

    def _power(self, base: ast.expr, exponent: ast.expr) -> Printed:
        raised = f"^{{{self(exponent)}}}"
        as_function = self._function_power(base, raised)
        if as_function is not None:
            return as_function, ATOM
        return self.at_least(ATOM, base) + raised, POWER

    def _root(self, operand: ast.expr, degree: int) -> Printed:
        sign = r"\sqrt" if degree == 2 else r"\sqrt[3]"
        return f"{sign}{{{self(operand)}}}", ATOM

    def _fence(self, kind: str, operand: str) -> str:
        left, right = {
            "abs": ("|", "|"),
            "floor": (r"\lfloor ", r"\rfloor "),
            "ceil": (r"\lceil ", r"\rceil "),
        }[kind]
        return rf"\left{left}{operand}\right{right}".rstrip()

    def _function(self, name: str, arguments: str, exponent: str = "") -> str:
        shown = self.functions.get(name) or rf"\operatorname{{{escaped(name)[8:-1]}}}"
        return f"{shown}{exponent}" + (self._bracketed(arguments) if arguments else "")

    def _cases(self, cases: Sequence[tuple[str, str]], otherwise: str) -> str:
        rows = [rf"{text} & {condition}" for text, condition in cases]
        rows.append(rf"{otherwise} & \mathrm{{otherwise}}")
        return rf"\begin{{cases}} {NEW_LINE.join(rows)} \end{{cases}}"


def derivative(result: str, operand: str, mark: str = "") -> str:
    r"""\frac{\partial h}{\partial z}, for symbols already printed."""
    raised = f"^{{{mark}}}" if mark else ""
    return rf"\frac{{\partial {result}}}{{\partial {operand}{raised}}}"
