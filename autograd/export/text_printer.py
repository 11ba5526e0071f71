"""Formulas as text for a terminal: ``1 − h²``, ``2·(y − t)``, ``e^(−x)/√(2π)``."""

# ruff: noqa: RUF001, RUF002 - mathematics has signs and letters of its own

import ast
from collections.abc import Sequence
from typing import ClassVar

from autograd.export.notation import (
    ATOM,
    POWER,
    PRODUCT,
    WRITTEN,
    Printed,
    Printer,
    symbol_of,
    typeset,
)

SUPERSCRIPTS = str.maketrans("0123456789()−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻")


class TextPrinter(Printer):
    """Prints expressions in one line of Unicode.

    >>> TextPrinter()(ast.parse("-(x1 + 2.0*y) / sqrt(x1**2)", mode="eval").body)
    '−(x₁ + 2y)/√(x₁²)'
    """

    comparisons: ClassVar = {
        ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.NotEq: "≠", ast.Eq: "=",
    }  # fmt: skip
    functions: ClassVar = WRITTEN
    conjunction = "and"
    dots = "…"
    left_out_factors = "·…·"
    infinity = "∞"

    def symbol(self, label: str) -> str:
        """`label` with its numbers as indices: w₁ for w1, w_1 and w[1]."""
        return label if self.spelled else typeset(label)

    def _positive(self, digits: str) -> Printed:
        return digits.replace("e-0", "e-").replace("e+0", "e+").replace("e-", "e−"), ATOM

    def _bracketed(self, text: str) -> str:
        return f"({text})"

    def _minus(self) -> str:
        return "−"

    def _times(self, left: ast.expr, right: ast.expr, text: str) -> str:
        plain = isinstance(left, ast.Constant) and "e" not in self(left)
        juxtaposed = plain and not text.startswith(tuple("0123456789("))
        return "" if juxtaposed and self._is_short(right) else "·"

    def _is_short(self, factor: ast.expr) -> bool:
        """Whether a number may stand right before it: 2x, but 2·loss."""
        match factor:
            case ast.Name(id=name):
                return len(symbol_of(self.labels(name)).base) == 1
            case ast.BinOp(left=left):
                return self._is_short(left)
        return True

    def _fraction(self, over: ast.expr, under: ast.expr) -> Printed:
        text, level = self._printed(over)
        if level < PRODUCT and not isinstance(over, ast.UnaryOp | ast.Constant):
            text, level = self._bracketed(text), PRODUCT
        return f"{text}/{self.at_least(POWER, under)}", min(level, PRODUCT)

    def _power(self, base: ast.expr, exponent: ast.expr) -> Printed:
        raised = self(exponent)
        if raised.removeprefix("−").isdecimal():
            raised = raised.translate(SUPERSCRIPTS)
        elif self._printed(exponent)[1] < ATOM:
            raised = f"^({raised})"
        else:
            raised = f"^{raised}"
        as_function = self._function_power(base, raised)
        if as_function is not None:
            return as_function, ATOM
        return self.at_least(ATOM, base) + raised, POWER

    def _root(self, operand: ast.expr, degree: int) -> Printed:
        text = self(operand)
        if not isinstance(operand, ast.Name | ast.Constant) or text.startswith(("−", "√")):
            text = self._bracketed(text)
        return ("√" if degree == 2 else "∛") + text, ATOM

    def _fence(self, kind: str, operand: str) -> str:
        left, right = {"abs": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉")}[kind]
        return f"{left}{operand}{right}"

    def _function(self, name: str, arguments: str, exponent: str = "") -> str:
        shown = self.functions.get(name, name) + exponent
        return f"{shown}({arguments})" if arguments else shown

    def _cases(self, cases: Sequence[tuple[str, str]], otherwise: str) -> str:
        parts = [f"{text} if {condition}" for text, condition in cases]
        return ", ".join([*parts, f"else {otherwise}"])


def derivative(result: str, operand: str, mark: str = "") -> str:
    """∂h/∂z, for symbols already printed; `mark` tells equal operands apart."""
    return f"∂{result}/∂{operand}{mark.translate(SUPERSCRIPTS)}"
