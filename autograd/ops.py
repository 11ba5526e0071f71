"""The calculus: every operation stands beside its derivative, and nowhere else.

A *rule* takes its operands as floats and returns the value, then one partial
derivative per operand. Rules are straight-line code (assignments, conditional
expressions, one return), so that other readers than Python can follow them.
They never test two operands with ``==``: the same rule also runs on Values, and
two Values are equal only if they are one. The table at the end adds what is not
calculus.

Where a textbook's form would lose digits (1 - tanh(x)**2 is 0 from 20 on), a rule
takes the same number from a *part* further down. A derivative of a derivative
follows from the source too, so a part states its own in a form as good.

Glossary: ``x``, ``y`` operands; ``*x`` a sequence of operands; ``out`` the
value; ``e`` an exponential that cannot overflow; ``KINK`` a zero that says: this
slope is chosen between those of the sides, so it has no derivative of its own.
"""

import builtins
import itertools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Rule = Callable[..., tuple[Any, ...]]

LN2, LN10, LARGEST = math.log(2.0), math.log(10.0), sys.float_info.max
SQRT2, SQRTPI, SQRT2PI = math.sqrt(2.0), math.sqrt(math.pi), math.sqrt(2.0 * math.pi)
KINK = 0.0

# One blank line between rules, not two: they read as a table.
# fmt: off

# --- arithmetic ----------------------------------------------------------------
def add(x, y):
    return x + y, 1.0, 1.0

def sub(x, y):
    return x - y, 1.0, -1.0

def mul(x, y):
    return x * y, y, x

def div(x, y):
    out = x / y
    return out, 1.0 / y, -out / y

def neg(x):
    return -x, -1.0

def pow(x, y):
    # math.pow refuses a fractional power of a negative base; ** would turn complex.
    out = math.pow(x, y) if x < 0.0 else x**y
    # Two forms of y * x**(y - 1): neither overflows or vanishes before the result does.
    at_zero, _ = reciprocal(x)
    below_one = y * out / x if x else (y * at_zero / y if y else 0.0)
    slope = y * x ** (y - 1.0) if y >= 1.0 else below_one
    log_x = math.log(x) if x > 0.0 else (math.nan if x < 0.0 else 0.0)
    return out, slope, out * log_x

def abs(x):
    return math.fabs(x), 1.0 if x > 0.0 else (-1.0 if x < 0.0 else KINK * x)

def sign(x):
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0 * x), 0.0

def square(x):
    return x * x, 2.0 * x

def sqrt(x):
    out = math.sqrt(x)
    over_out, _ = reciprocal(out)
    return out, 0.5 * over_out

def cbrt(x):
    out = math.cbrt(x)
    over_out = 1.0 / out if out else math.inf
    return out, over_out * over_out / 3.0

# --- exponentials and logarithms -----------------------------------------------
def exp(x):
    out = math.exp(x)
    return out, out

def exp2(x):
    out = math.exp2(x)
    return out, out * LN2

def expm1(x):
    return math.expm1(x), math.exp(x)

def log(x):
    return math.log(x), 1.0 / x

def log2(x):
    return math.log2(x), 1.0 / x / LN2

def log10(x):
    return math.log10(x), 1.0 / x / LN10

def log1p(x):
    return math.log1p(x), 1.0 / (1.0 + x)

# --- trigonometry --------------------------------------------------------------
def sin(x):
    return math.sin(x), math.cos(x)

def cos(x):
    return math.cos(x), -math.sin(x)

def tan(x):
    out = math.tan(x)
    return out, 1.0 + out * out

def asin(x):
    rest, _ = one_minus_square(x)
    slope, _ = reciprocal(math.sqrt(rest))
    return math.asin(x), slope

def acos(x):
    rest, _ = one_minus_square(x)
    slope, _ = reciprocal(math.sqrt(rest))
    return math.acos(x), -slope

def atan(x):
    slope, _ = atan_slope(x)
    return math.atan(x), slope

def atan2(y, x):
    radius = math.hypot(x, y)
    by_y = x / radius / radius if radius else math.nan
    by_x = -y / radius / radius if radius else math.nan
    return math.atan2(y, x), by_y, by_x

def sinh(x):
    return math.sinh(x), math.cosh(x)

def cosh(x):
    return math.cosh(x), math.sinh(x)

def tanh(x):
    slope, _ = tanh_slope(x)
    return math.tanh(x), slope

def asinh(x):
    return math.asinh(x), 1.0 / math.hypot(1.0, x)

def acosh(x):
    out = math.acosh(x)
    slope, _ = reciprocal(math.sqrt(x - 1.0) * math.sqrt(x + 1.0))
    return out, slope

def atanh(x):
    rest, _ = one_minus_square(x)
    return math.atanh(x), 1.0 / rest

def erf(x):
    return math.erf(x), 2.0 / SQRTPI * math.exp(-x * x)

def erfc(x):
    return math.erfc(x), -2.0 / SQRTPI * math.exp(-x * x)

# --- activations ---------------------------------------------------------------
def sigmoid(x):
    e = math.exp(-x if x > 0.0 else x)
    slope, _ = sigmoid_slope(x)
    return (1.0 if x > 0.0 else e) / (1.0 + e), slope

def softplus(x):
    e = math.exp(-x if x > 0.0 else x)
    slope, _ = sigmoid(x)
    return (x if x > 0.0 else 0.0) + math.log1p(e), slope

def logsigmoid(x):
    out, slope = softplus(-x)
    return -out, slope

def relu(x):
    return 0.0 if x <= 0.0 else x, 0.0 if x <= 0.0 else 1.0

def leaky_relu(x, slope=0.01):
    return x if x > 0.0 else slope * x, 1.0 if x > 0.0 else slope, 0.0 if x > 0.0 else x

def elu(x, alpha=1.0):
    growth = 0.0 if x > 0.0 else math.expm1(x)
    out = x if x > 0.0 else alpha * growth
    return out, 1.0 if x > 0.0 else alpha * math.exp(x), growth

def gelu(x):  # x times the normal distribution function: Hendrycks & Gimpel, 2016
    share = 0.5 * math.erfc(-x / SQRT2)
    return x * share, share + x * math.exp(-0.5 * x * x) / SQRT2PI

def silu(x):
    share, slope = sigmoid(x)
    return x * share, share + x * slope

# --- choices and steps ---------------------------------------------------------
def hypot(x, y):
    by_x, _, _ = direction(x, y)
    by_y, _, _ = direction(y, x)
    return math.hypot(x, y), by_x, by_y

def maximum(x, y):
    wins = 1.0 if x > y else (0.0 if x < y else 0.5 + KINK)
    return x if x >= y else (y if y > x else x + y), wins, 1.0 - wins

def minimum(x, y):
    wins = 1.0 if x < y else (0.0 if x > y else 0.5 + KINK)
    return x if x <= y else (y if y < x else x + y), wins, 1.0 - wins

def clip(x, low, high):
    raised = x if x >= low else (low if low > x else x + low)  # the sum of a nan is nan
    by_high = 1.0 if raised > high else 0.0
    by_low = 1.0 - by_high if x < low else 0.0
    out = raised if raised <= high else (high if high < raised else raised + high)
    return out, 1.0 - by_low - by_high, by_low, by_high

def where(condition, x, y):
    return x if condition else y, 0.0, 1.0 if condition else 0.0, 0.0 if condition else 1.0

def floor(x):
    return 1.0 * math.floor(x), 0.0

def ceil(x):
    return 1.0 * math.ceil(x), 0.0

def fmod(x, y):
    out = math.fmod(x, y)
    return out, 1.0, (out - x) / y

def floordiv(x, y):
    ratio = x / y
    rest = math.fmod(x, y)
    wraps = 1.0 if (rest if y < 0.0 else -rest) > 0.0 else 0.0
    near = (x - rest) / y - wraps + 0.5
    times = 1.0 * math.floor(near) if near - near <= 0.0 else near  # not of nan
    return times if times else 0.0 * ratio, 0.0, 0.0  # noqa: FURB110 - `or` is no formula

def mod(x, y):  # of the sign of y, as Python's
    zero = 0.0 / y
    rest = math.fmod(x, y)
    wraps = 1.0 if (rest if y < 0.0 else -rest) > 0.0 else 0.0
    near = (x - rest) / y - wraps + 0.5
    times = 1.0 * math.floor(near) if near - near <= 0.0 else near
    out = rest + y if wraps else rest
    return out if out else zero, 1.0, -times  # noqa: FURB110 - `or` is no formula

# --- sequences: added up plainly, left to right, so that every engine agrees -----
def _total(terms):
    total = 0.0
    for term in terms:
        total += term
    return total

def _products(x):
    return [*itertools.accumulate(x, operator.mul, initial=1.0)]

def _largest(x):
    return math.nan if any(map(math.isnan, x)) else builtins.max(x)

def _at_largest(x, y):
    return y[x.index(builtins.max(x))]

def _others(x):  # the sum of all but the largest
    largest = x.index(builtins.max(x))
    return _total([*x[:largest], *x[largest + 1 :]])

def sum(*x):
    return _total(x), *[1.0] * len(x)

def mean(*x):
    return _total(x) / len(x), *[1.0 / len(x)] * len(x)

def prod(*x):
    before, after = _products(x), _products(x[::-1])
    return before[-1], *map(operator.mul, before, after[-2::-1])

def dot(*xy):
    x, y = xy[: len(xy) // 2], xy[len(xy) // 2 :]
    return _total(map(operator.mul, x, y)), *y, *x

def norm(*x):
    out = math.hypot(*x)
    return out, *[a / out if out else KINK for a in x]

def max(*x):
    out = _largest(x)
    ties = _total([0.0 if a < out else 1.0 for a in x])
    share = 1.0 if ties <= 1.0 else 1.0 / ties + KINK
    return out, *[0.0 if a < out else share for a in x]

def min(*x):
    out = -_largest([-a for a in x])
    ties = _total([0.0 if a > out else 1.0 for a in x])
    share = 1.0 if ties <= 1.0 else 1.0 / ties + KINK
    return out, *[0.0 if a > out else share for a in x]

def logsumexp(*x):
    top = _largest(x)
    shift = top if math.isfinite(top) else LARGEST
    weights = [math.exp(a - shift) for a in x]
    total = _total(weights)
    out = top + math.log1p(_others(weights))  # the largest weight is 1
    return out, *[weight / total if total else 1.0 / len(x) for weight in weights]

# --- parts: numbers that rules above are made of, in forms that lose no digits ---
def reciprocal(x):  # 1 / x, and what it tends to at 0, where a root begins
    out = 1.0 / x if x else math.inf
    return out, -out * out

def one_minus_square(x):
    return (1.0 - x) * (1.0 + x), -2.0 * x

def atan_slope(x):  # 1 / (1 + x**2), where x**2 overflows too
    out = 1.0 / (1.0 + x * x) if x * x < 1e16 else 1.0 / x / x
    return out, -2.0 * (x * out * out)

def sigmoid_slope(x):  # sigmoid(x) * (1 - sigmoid(x))
    e = math.exp(-x if x > 0.0 else x)
    out = e / ((1.0 + e) * (1.0 + e))
    return out, -out * math.tanh(0.5 * x)

def tanh_slope(x):  # 1 - tanh(x)**2
    e = math.exp(-2.0 * x if x > 0.0 else 2.0 * x)
    out = 4.0 * e / ((1.0 + e) * (1.0 + e))
    return out, -2.0 * out * math.tanh(x)

def direction(x, y):  # x / hypot(x, y)
    radius = math.hypot(x, y)
    out, across = x / radius if radius else KINK, y / radius if radius else 0.0
    bend = across / radius if radius else math.nan
    return out, across * bend, -out * bend

# fmt: on

# --- what is not calculus ------------------------------------------------------


class Facts(NamedTuple):
    """What pictures, tests and docs need to know of a rule."""

    symbol: str  # as drawn in the box of a node
    domain: tuple[tuple[float, float], ...] = ((-4.0, 4.0),)  # to sample; the last one repeats
    kink: str = ""  # where it has no derivative, and the one it gives there
    # Operands it may not take: by them, a partial of 0.0 passes nothing.
    chooses: Sequence[int] = ()
    # Values and first derivatives are right to 1e-13, orders 2 to 4 to 1e-9; but for:
    digits: str = ""


_SPLIT, _POSITIVE, _UNIT = "a tie splits evenly", (1e-3, 100.0), (-1.0, 1.0)
_ANY = range(sys.maxsize)

TABLE: dict[Rule, Facts] = {
    add: Facts("+"),
    sub: Facts("-"),
    mul: Facts("*"),
    div: Facts("/", ((-4.0, 4.0), (0.1, 4.0))),
    neg: Facts("neg"),
    pow: Facts(
        "**",
        ((0.01, 4.0), (-4.0, 4.0)),
        "x = 0: inf for 0 < y < 1",
        digits="second derivatives where x**y is below 1e-308",
    ),
    abs: Facts("abs", kink="0 at 0"),
    sign: Facts("sign", kink="0 everywhere", chooses=_ANY),
    square: Facts("square"),
    sqrt: Facts("sqrt", ((0.0, 100.0),), "inf at 0"),
    cbrt: Facts("cbrt", ((-100.0, 100.0),), "inf at 0"),
    exp: Facts("exp", ((-700.0, 700.0),)),
    exp2: Facts("exp2", ((-1000.0, 1000.0),)),
    expm1: Facts("expm1", ((-30.0, 700.0),)),
    log: Facts("log", (_POSITIVE,)),
    log2: Facts("log2", (_POSITIVE,)),
    log10: Facts("log10", (_POSITIVE,)),
    log1p: Facts("log1p", ((-0.999, 100.0),)),
    sin: Facts("sin", ((-10.0, 10.0),)),
    cos: Facts("cos", ((-10.0, 10.0),)),
    tan: Facts("tan", ((-1.5, 1.5),)),
    asin: Facts("asin", (_UNIT,), "inf at -1 and 1"),
    acos: Facts("acos", (_UNIT,), "-inf at -1 and 1"),
    atan: Facts("atan", ((-100.0, 100.0),)),
    atan2: Facts("atan2", ((-4.0, 4.0), (0.1, 4.0)), "nan at (0, 0)"),
    sinh: Facts("sinh", ((-700.0, 700.0),)),
    cosh: Facts("cosh", ((-700.0, 700.0),)),
    tanh: Facts("tanh"),
    asinh: Facts("asinh", ((-100.0, 100.0),)),
    acosh: Facts("acosh", ((1.0, 100.0),), "inf at 1", digits="order 3 is nan at 1"),
    atanh: Facts("atanh", ((-0.999, 0.999),)),
    erf: Facts("erf", digits="order 2 is nan beyond 9e307"),
    erfc: Facts("erfc", ((-4.0, 20.0),), digits="order 2 is nan beyond 9e307"),
    sigmoid: Facts("sigmoid", ((-700.0, 700.0),)),
    softplus: Facts("softplus", ((-700.0, 700.0),)),
    logsigmoid: Facts("logsigmoid", ((-700.0, 700.0),)),
    relu: Facts("ReLU", kink="0 at 0", chooses=_ANY),
    leaky_relu: Facts("leaky_relu", ((-4.0, 4.0), (0.0, 1.0)), "slope at 0", _ANY),
    elu: Facts("elu", ((-30.0, 4.0), (0.5, 2.0)), "alpha at 0", (1,)),
    gelu: Facts("gelu", ((-30.0, 30.0),), digits="5e-13 for values below -20"),
    silu: Facts("silu", ((-700.0, 700.0),)),
    hypot: Facts("hypot", kink="0 at (0, 0)", digits="slopes where it is below 1e-310"),
    maximum: Facts("maximum", kink=_SPLIT, chooses=_ANY),
    minimum: Facts("minimum", kink=_SPLIT, chooses=_ANY),
    clip: Facts("clip", ((-4.0, 4.0), (-2.0, -1.0), (1.0, 2.0)), "x's at both ends", _ANY),
    where: Facts("where", chooses=_ANY),
    floor: Facts("floor", kink="0 everywhere", chooses=_ANY),
    ceil: Facts("ceil", kink="0 everywhere", chooses=_ANY),
    fmod: Facts("fmod", ((-10.0, 10.0), (1.0, 3.0)), "1 and -trunc(x/y) at jumps", (1,)),
    floordiv: Facts("//", ((-10.0, 10.0), (1.0, 3.0)), "0 everywhere", _ANY),
    mod: Facts("%", ((-10.0, 10.0), (1.0, 3.0)), "1 and -floor(x/y) at jumps", (1,)),
    sum: Facts("sum"),
    mean: Facts("mean"),
    prod: Facts("prod"),
    dot: Facts("dot"),
    norm: Facts("norm", kink="0 at the origin", digits="higher orders: to 1e-15 of 1 / norm"),
    max: Facts("max", kink=_SPLIT, chooses=_ANY),
    min: Facts("min", kink=_SPLIT, chooses=_ANY),
    logsumexp: Facts("logsumexp", ((-700.0, 700.0),), "all -inf: splits evenly"),
}

PARTS = (reciprocal, one_minus_square, atan_slope, sigmoid_slope, tanh_slope, direction)
SYMBOLS = {rule.__name__: facts.symbol for rule, facts in TABLE.items()}
CHOICES = {rule.__name__: facts.chooses for rule, facts in TABLE.items() if facts.chooses}


def chooses(op: str) -> Sequence[int]:
    """The operands that a node of operation `op` may not have taken; see `Facts`."""
    if type(op) is str:
        return CHOICES.get(op, ())
    rule = getattr(op, "rule", None)  # of a `RuleName`: see `calculus/rule_names.py`
    return CHOICES.get(op, ()) if rule is None or rule in TABLE else getattr(rule, "chooses", ())


def passes(op: str, partials: Sequence[float]) -> list[bool]:
    """Whether a gradient passes over each edge: not to what a choice (`where`) has not taken."""
    chosen = chooses(op)
    return [partial != 0.0 or i not in chosen for i, partial in enumerate(partials)]
