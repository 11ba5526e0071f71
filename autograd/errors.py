"""What chainrule raises: each error is also the builtin one a Python user expects."""

from collections.abc import Iterable
from typing import Any


class ChainruleError(Exception):
    """The common ancestor: ``except ChainruleError`` catches everything chainrule raises."""

    def __init__(self, *words: object, **named: Any) -> None:
        super().__init__(*words, **named)


class DomainError(ChainruleError, ValueError):
    """An operation has no real value at its operands, as ``log(-1)``."""


class RangeError(ChainruleError, OverflowError):
    """A result is too large for a float, as ``exp(1000)``."""


class DivisionError(ChainruleError, ZeroDivisionError):
    """A division by zero, or a negative power of zero."""


class NumberError(ChainruleError, TypeError):
    """Something that is not one real number stands where a number must."""


class LabelError(ChainruleError, TypeError):
    """Something that is no text stands where a name must."""


class DetachError(ChainruleError, TypeError):
    """A Value was about to lose its graph silently, as in ``float(v)``."""


class TracingError(ChainruleError, TypeError):
    """A compiled function was about to bake a number into its tape."""


class GraphError(ChainruleError, RuntimeError):
    """The graph does not allow what was asked of it."""


class AnomalyError(ChainruleError, FloatingPointError):
    """``detect_anomaly`` met the first nan or infinity."""


class ShapeError(ChainruleError, ValueError):
    """Two lengths that must agree do not."""


class ExpressionError(ChainruleError, ValueError):
    """A text is not an expression that chainrule reads."""


class FormulaError(ChainruleError, ValueError):
    """The source of a rule goes beyond what a formula can hold."""


class DotMissingError(ChainruleError, RuntimeError):
    """A picture needs the program ``dot`` of Graphviz, which is not installed."""


class PackageMissingError(ChainruleError, ImportError):
    """Something needs a package that is not installed."""


class GradcheckError(ChainruleError, AssertionError):
    """Analytic and numerical gradients disagree."""


def refusal(op: str, operands: Iterable[tuple[float, str]], error: Exception) -> ChainruleError:
    """The error to raise where ``math`` refused: ``operands`` are (number, label) pairs."""
    shown = [f"{label}={number!r}" if label else repr(number) for number, label in operands]
    if len(shown) > 6:
        shown[3:-2] = [f"... {len(shown) - 5} more ..."]
    call = f"{op}({', '.join(shown)})"
    if isinstance(error, ZeroDivisionError):
        return DivisionError(f"{call}: division by zero; keep the divisor away from 0")
    if isinstance(error, OverflowError):
        return RangeError(f"{call}: the result is too large for a float; scale the operands down")
    return DomainError(f"{call}: no real value there; keep the operands in the domain of {op}")


def as_text(what: str, text: Any, hint: str = "") -> str:
    """`text` itself; LabelError unless it is one: `what` says what it would have been."""
    if isinstance(text, str):
        return text
    raise LabelError(f"{what} is a text, got {type(text).__name__} {text!r}{hint}")
