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
PI, SQRT2, SQRTPI, SQRT2PI = math.pi, *map(math.sqrt, (2.0, math.pi, 2.0 * math.pi))
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

def xlogy(x, y):  # 0 where x is 0, even at y = 0
    at_zero, _ = reciprocal(y)
    log_y = math.log(y) if y else -at_zero
    out = x * math.log(y) if x else (0.0 if y >= 0.0 else x * math.log(y))
    return out, log_y, x / y if y else 0.0

def logit(x):
    rest, _ = times_complement(x)
    centred = 2.0 * x - 1.0
    out = math.log(x) - math.log1p(-x) if centred * centred > 0.25 else 2.0 * math.atanh(centred)
    return out, 1.0 / rest

def logaddexp(x, y):
    top = x if x >= y else (y if y > x else x + y)
    gap, _, _ = difference(x, y)
    by_x, _ = sigmoid(gap)
    by_y, _ = sigmoid(-gap)
    return top + math.log1p(math.exp(-gap if gap > 0.0 else gap)), by_x, by_y

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

def sinc(x):  # sin(pi x) / (pi x), as NumPy and PyTorch have it
    height, _ = sin_pi(x)
    slope, _ = sinc_slope(x)
    return height / (PI * x) if x else 1.0, slope

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

def ndtr(x):  # the normal distribution function
    slope, _ = normal_density(x)
    excess, _ = mills_excess(x)
    return slope / (excess - x) if x < -4.5 else 0.5 * math.erfc(-x / SQRT2), slope

def log_ndtr(x):
    slope, _ = inverse_mills(x)
    tail, _ = ndtr(-x if x > 0.0 else x)
    far = -0.5 * x * x - math.log(SQRT2PI * (slope if x < -4.5 else 1.0))
    return far if x < -4.5 else (math.log1p(-tail) if x > 0.0 else math.log(tail)), slope

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

def mish(x):  # x tanh(softplus(x)): Misra, 2019
    share, slope = mish_share(x)
    return x * share, share + x * slope

def softsign(x):
    share = 1.0 / (1.0 + math.fabs(x))
    end = 1.0 if x > 0.0 else -1.0
    return x / (1.0 + math.fabs(x)) if share else end, share * share

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

def hardtanh(x, low=-1.0, high=1.0):  # clip, but flat at the ends too
    out, _, _, _ = clip(x, low, high)
    by_high = 1.0 if out >= high else 0.0
    by_low = 1.0 - by_high if out <= low else 0.0
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

def entropy(*x):  # of the distribution with these probabilities, in nats
    out = _total([-a * math.log(a) if a else 0.0 for a in x])
    return out, *[-1.0 - math.log(a) if a else math.inf + KINK for a in x]

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

def times_complement(x):  # x * (1 - x)
    return x * (1.0 - x), 1.0 - 2.0 * x

def sin_pi(x):
    turn = math.fmod(x, 2.0)  # exact, as is all up to the sine
    nearest = math.floor(turn + 0.5) if turn <= 2.0 else turn  # a nan
    rest, sign = turn - nearest, 1.0 - 2.0 * math.fmod(nearest * nearest, 2.0)
    quarter = 0.5 - rest if rest > 0.0 else 0.5 + rest
    cosine = math.cos(PI * rest) if rest * rest < 0.0625 else math.sin(PI * quarter)
    return sign * math.sin(PI * rest), sign * PI * cosine

def sinc_slope(x):  # (cos(pi x) - sinc(x)) / x; close to 0 by series in q, as its derivative
    height, change = sin_pi(x)
    q = PI * x * (PI * x) if x * x < 0.0625 else 0.0
    rest = 1.0 - q / 130.0 * (1.0 - q / 180.0 * (1.0 - q / 238.0))
    bend = 1.0 - q / 54.0 * (1.0 - q / 88.0 * rest)
    near = -PI * PI / 3.0 * x * (1.0 - q / 10.0 * (1.0 - q / 28.0 * bend))
    out = near if x * x < 0.0625 else (change - height / x) / x / PI
    last = 1.0 - 11.0 * q / 1170.0 * (1.0 - 13.0 * q / 1980.0 * (1.0 - 15.0 * q / 3094.0))
    turn = 1.0 - 7.0 * q / 270.0 * (1.0 - 9.0 * q / 616.0 * last)
    curve = -PI * PI / 3.0 * (1.0 - 3.0 * q / 10.0 * (1.0 - 5.0 * q / 84.0 * turn))
    return out, curve if x * x < 0.0625 else -(PI * height + 2.0 * out) / x

def normal_density(x):  # exp(-x**2 / 2) / sqrt(2 pi), whose exponent is exact
    head = math.floor(16.0 * x) / 16.0 if x * x < 1600.0 else x
    rest = (x - head) * (x + head) if x * x < 1600.0 else 0.0
    out = math.exp(-0.5 * head * head) * math.exp(-0.5 * rest) / SQRT2PI
    return out, -x * out

# The inverse Mills ratio m(x) = density / ndtr(x) is t + 1/(t + 2/(t + 3/(t + ...))) for t = -x:
# Laplace's continued fraction (Abramowitz & Stegun, 1964, formula 26.2.14).
def inverse_mills(x):
    density, _ = normal_density(x)
    excess, growth = mills_excess(x)
    out = excess - x if x < -4.5 else density / (0.5 * math.erfc(-x / SQRT2))
    return out, growth - 1.0 if x < -4.5 else -out * excess

def mills_excess(x):  # x + m(x) = 1/(t + 2/(t + ...))
    density, _ = normal_density(x)
    second, _ = mills_tail(x)
    ratio = 0.0 if x < -4.5 else density / (0.5 * math.erfc(-x / SQRT2))
    out = 1.0 / (second - x) if x < -4.5 else x + ratio
    return out, out * (second - out) if x < -4.5 else 1.0 - ratio * out

def mills_tail(x):  # 2/(t + 3/(t + ...)) for x < -4.5
    t = -x if x < -4.5 else 4.5
    square = t * t + 4.0 * 17.0
    end = 2.0 * 17.0 / (t + math.sqrt(square)) * (1.0 - 1.0 / square)  # about 17/(t + end)
    deep = 12.0 / (t + 13.0 / (t + 14.0 / (t + 15.0 / (t + 16.0 / (t + end)))))
    eighth = 8.0 / (t + 9.0 / (t + 10.0 / (t + 11.0 / (t + deep))))
    fourth = 4.0 / (t + 5.0 / (t + 6.0 / (t + 7.0 / (t + eighth))))
    third = 3.0 / (t + fourth)
    out = 2.0 / (t + third)
    return out, out * (third - out)

def mish_share(x):  # tanh(softplus(x))
    e = math.exp(-x if x > 0.0 else x)
    over = 1.0 + 2.0 * e if x > 0.0 else e * (e + 2.0)
    under = 1.0 + 2.0 * e * (1.0 + e) if x > 0.0 else e * (e + 2.0) + 2.0
    slope, _ = mish_slope(x)
    return over / under, slope

def mish_slope(x):  # the derivative of it
    e = math.exp(-x if x > 0.0 else x)
    under = 1.0 + 2.0 * e * (1.0 + e) if x > 0.0 else e * (e + 2.0) + 2.0
    out = 4.0 * e * (e if x > 0.0 else 1.0) * (1.0 + e) / (under * under)
    growth = 2.0 + e * (2.0 - e * (3.0 + 2.0 * e))
    decay = -2.0 - e * (3.0 - 2.0 * e * (1.0 + e))
    return out, out * (decay if x > 0.0 else growth) / ((1.0 + e) * under)

def difference(x, y):  # x - y, and 0 of equal infinities
    out = x - y
    return out if out <= math.inf else (0.0 if x >= y else out), 1.0, -1.0

def direction(x, y):  # x / hypot(x, y)
    radius = math.hypot(x, y)
    out, across = x / radius if radius else KINK, y / radius if radius else 0.0
    bend = across / radius if radius else math.nan
    return out, across * bend, -out * bend

# fmt: on

# --- what is not calculus ------------------------------------------------------


class Facts(NamedTuple):
    """All that is known of an operation besides its rule, for everything that needs it.

    Names are words with spaces between. Formulas are written over the rule's own
    operands; over a sequence `x` is all of it (`x` and `y` are the halves of ``*xy``).
    """

    symbol: str = ""  # as drawn in the box of a node, if it is not the name
    domain: tuple[tuple[float, float], ...] = ((-4.0, 4.0),)  # to sample; the last one repeats
    kink: str = ""  # where it has no derivative, and the one it gives there
    # Operands it may not take: by them, a partial of 0.0 passes nothing.
    chooses: Sequence[int] = ()
    # Values and first derivatives are right to 1e-13, orders 2 to 4 to 1e-9; but for:
    digits: str = ""
    # How it is called.
    operator: bool = False  # by an operator of Python's, which `Value` defines
    method: bool = True  # as a method of Values, if it takes single numbers
    activation: bool = False  # by its name, as the activation of a layer
    empty: float | None = None  # its value for an empty sequence, where there is one
    numpy: str = ""  # NumPy's names for it, where they are others
    also: str = ""  # more names that people know it by
    # How it is written.
    commutes: bool = False  # its operands may change places
    means: str = ""  # the formula it is short for, if that is how people write it
    written: str = ""  # its name in mathematics; one that may carry an exponent: sin²(x)
    said: str = ""  # in the player; one in [] gets brackets where it is negative
    # What it is compared with.
    torch: str = ""  # in PyTorch, where it is not the function of that name
    reference: str = ""  # in mpmath, where it is not the function of that name
    slopes: str = ""  # its partials in mpmath, where nudging fails
    reach: tuple[tuple[float, float], ...] = ()  # where its digits are tested, if beyond `domain`
    points: tuple[Any, ...] = ()  # at these operands too


_SPLIT, _POSITIVE, _UNIT = "a tie splits evenly", ((1e-3, 100.0),), ((-1.0, 1.0),)
_ANY, _WIDE, _STEP = range(sys.maxsize), ((-700.0, 700.0),), ((-10.0, 10.0), (1.0, 3.0))
_REAL, _ABOVE_0, _TURNS = ((-math.inf, math.inf),), ((0.0, math.inf),), ((-2e5, 2e5),)
_FROM_TINY, _NEAR_1 = ((-20.0, -1e-18), (1e-18, 20.0)), (1 - 1e-15, 1 - 1e-9, 1 - 1e-4)
_TIE = "[mpf(x {0}= y) / 2 + mpf(x {0} y) / 2, mpf(y {0}= x) / 2 + mpf(y {0} x) / 2]"
_TIES = "[mpf(a == {0}(x)) / x.count({0}(x)) for a in x]"

# fmt: off
TABLE: dict[Rule, Facts] = {
    add: Facts("+", operator=True, method=False, commutes=True, means="x + y",
               said="x + [y]", reference="x + y"),
    sub: Facts("-", operator=True, method=False, numpy="subtract", means="x - y",
               said="x − [y]", reference="x - y"),
    mul: Facts("*", operator=True, method=False, numpy="multiply", commutes=True, means="x * y",
               said="[x] × [y]", reference="x * y"),
    div: Facts("/", ((-4.0, 4.0), (0.1, 4.0)), operator=True, method=False, numpy="divide",
               means="x / y", said="[x] ÷ [y]", reference="x / y",
               points=((3.0, 4.0), (1e-100, 1e100), (-1e50, 1e-50))),
    neg: Facts(operator=True, method=False, numpy="negative", means="-x", said="−[x]",
               reference="-x"),
    pow: Facts("**", ((0.01, 4.0), (-4.0, 4.0)), "x = 0: inf for 0 < y < 1",
               digits="second derivatives where x**y is below 1e-308", operator=True,
               numpy="power float_power", means="x ** y", said="[x] ** [y]", reference="x ** y",
               points=((3.0, 4.5), (1e-7, 0.5), (1 + 1e-9, 3.5), (1e-100, 1.5), (1e100, 0.25),
                       (7.0, -3.3))),
    abs: Facts(kink="0 at 0", operator=True, numpy="absolute fabs", said="|x|",
               reference="abs(x)"),
    sign: Facts(kink="0 everywhere", chooses=_ANY, also="sgn signum", written="sgn"),
    square: Facts(also="sqr", means="x ** 2", said="[x]²", reference="x ** 2", reach=_REAL),
    sqrt: Facts(domain=((0.0, 100.0),), kink="inf at 0", said="√(x)",
                slopes="[1 / (2 * sqrt(x)) if x else inf]", reach=_ABOVE_0),
    cbrt: Facts(domain=((-100.0, 100.0),), kink="inf at 0", torch="sign(x) * abs(x) ** (1 / 3)",
                reference="sign(x) * cbrt(abs(x))", reach=((-math.inf, -1e-80), (1e-80, math.inf))),
    exp: Facts(domain=_WIDE, also="exponential"),
    exp2: Facts(domain=((-1000.0, 1000.0),), means="2 ** x", reference="mpf(2) ** x"),
    expm1: Facts(domain=((-30.0, 700.0),), means="exp(x) - 1", reach=_WIDE),
    log: Facts(domain=_POSITIVE, also="ln", written="ln", reach=_ABOVE_0,
               points=(*_NEAR_1, 1.0 + 1e-9)),
    log2: Facts(domain=_POSITIVE, also="ld", written="log₂", reference="log(x, 2)",
                reach=_ABOVE_0, points=_NEAR_1),
    log10: Facts(domain=_POSITIVE, also="lg", written="log₁₀", reach=_ABOVE_0, points=_NEAR_1),
    log1p: Facts(domain=((-0.999, 100.0),), means="log(1 + x)", reach=((-1.0, math.inf),)),
    xlogy: Facts(domain=((0.0, 4.0), *_POSITIVE), kink="-inf by x at (0, 0)", means="x * log(y)",
                 reference="x * log(y) if x else zero", slopes="[log(y), x / y]",
                 points=((3.0, 4.0), (1e-7, 1e-100), (-2.0, 1 + 1e-9), (1e100, 1e-100))),
    logit: Facts(domain=((1e-3, 0.999),), reference="log(x / (1 - x))", reach=((0.0, 1.0),),
                 points=(0.249, 0.251, 0.4999, 0.5 - 1e-9, 0.5 - 1e-15, 0.5 + 1e-15, 0.5 + 1e-9,
                         0.5001, 0.749, 0.751)),
    logaddexp: Facts(domain=_WIDE, kink="both -inf or inf: splits evenly", commutes=True,
                     means="log(exp(x) + exp(y))", reference="log(exp(x) + exp(y))",
                     slopes="[1 / (1 + exp(y - x)), 1 / (1 + exp(x - y))]",
                     points=((3.0, 4.0), (2.0, 2.0), (40.0, 1.0), (-1.0, 300.0), (-350.0, -360.0))),
    sin: Facts(domain=((-10.0, 10.0),), written="sin", reach=_TURNS),
    cos: Facts(domain=((-10.0, 10.0),), written="cos", reach=_TURNS),
    tan: Facts(domain=((-1.5, 1.5),), also="tg", written="tan", reach=_TURNS,
               points=(-1.57, 1.57)),
    asin: Facts(domain=_UNIT, kink="inf at -1 and 1", numpy="arcsin", written="arcsin",
                slopes="[1 / sqrt(1 - x**2) if abs(x) < 1 else inf]"),
    acos: Facts(domain=_UNIT, kink="-inf at -1 and 1", numpy="arccos", written="arccos",
                slopes="[-1 / sqrt(1 - x**2) if abs(x) < 1 else -inf]"),
    atan: Facts(domain=((-100.0, 100.0),), numpy="arctan", also="arctg", written="arctan",
                reach=_REAL),
    atan2: Facts(domain=((-4.0, 4.0), (0.1, 4.0)), kink="nan at (0, 0)", numpy="arctan2",
                 points=((3.0, 4.0), (1.0, 1e-7), (1e-7, -1.0), (3e100, 4e100), (3e-100, 1e-103))),
    sinc: Facts(domain=((-10.0, 10.0),), reference="sinpi(x) / (pi * x) if x else one",
                reach=((-2e17, 2e17),),
                points=(0.249, 0.25, 0.251, 0.5, 1.0, 2.0, 4.5, 1e5 + 0.5, 3.0 + 1e-9,
                        -0.249, -0.25, -0.251, -0.5, -1.0, -2.0, -4.5, -1e5 - 0.5, -3.0 - 1e-9)),
    sinh: Facts(domain=_WIDE, also="sh", written="sinh"),
    cosh: Facts(domain=_WIDE, also="ch", written="cosh"),
    tanh: Facts(activation=True, also="th", written="tanh", reach=((-355.0, 355.0),),
                points=(-354.0, 354.0)),
    asinh: Facts(domain=((-100.0, 100.0),), numpy="arcsinh", also="arsinh", written="arsinh",
                 reach=_REAL),
    acosh: Facts(domain=((1.0, 100.0),), kink="inf at 1", digits="order 3 is nan at 1",
                 numpy="arccosh", also="arcosh", written="arcosh",
                 slopes="[1 / sqrt(x**2 - 1) if x > 1 else inf]", reach=((1.0, math.inf),)),
    atanh: Facts(domain=((-0.999, 0.999),), numpy="arctanh", also="artanh", written="artanh",
                 reach=_UNIT),
    erf: Facts(digits="order 2 is nan beyond 9e307", reach=_FROM_TINY, points=(-26.0, 26.0)),
    erfc: Facts(domain=((-4.0, 20.0),), digits="order 2 is nan beyond 9e307",
                reach=_FROM_TINY, points=(-26.0, 26.0)),
    ndtr: Facts(domain=((-37.0, 37.0),), also="Φ normal_cdf norm_cdf", written="Φ",
                torch="special.ndtr(x)", reference="ncdf(x)",
                slopes="[npdf(x)]", reach=((-40.0, -1e-18), (1e-18, 40.0)),
                points=(-25.0, -15.3, -4.51, -4.49, -2.2)),
    log_ndtr: Facts(domain=((-37.0, 37.0),), means="log(ndtr(x))", torch="special.log_ndtr(x)",
                    reference="log1p(-ncdf(-x)) if x > 0 else log(ncdf(x))",
                    slopes="[npdf(x) / ncdf(x)]",
                    reach=((-math.inf, -1e-18), (1e-18, 40.0)),
                    points=(-15.3, -6.0, -4.51, -4.49, -2.2)),
    sigmoid: Facts(domain=_WIDE, activation=True, also="logistic σ", written="σ",
                   reference="1 / (1 + exp(-x))",
                   slopes="[exp(-abs(x)) / (1 + exp(-abs(x))) ** 2]"),
    softplus: Facts(domain=_WIDE, activation=True, reference="log1p(exp(x))",
                    # Above its threshold it is linear: 20, by default, costs digits.
                    torch="functional.softplus(x, threshold=500.0)"),
    logsigmoid: Facts(domain=_WIDE, torch="functional.logsigmoid(x)",
                      reference="-log1p(exp(-x))"),
    relu: Facts("ReLU", kink="0 at 0", chooses=_ANY, activation=True, reference="max(x, zero)"),
    leaky_relu: Facts(domain=((-4.0, 4.0), (0.0, 1.0)), kink="slope at 0", chooses=_ANY,
                      activation=True, torch="prelu(x, slope)",
                      reference="x if x > 0 else slope * x"),
    elu: Facts(domain=((-30.0, 4.0), (0.5, 2.0)), kink="alpha at 0", chooses=(1,), activation=True,
               torch="where(x > 0, x, alpha * expm1(x.clamp(max=0.0)))",
               reference="x if x > 0 else alpha * expm1(x)",
               points=((-1e-9, 0.7), (-30.0, 1.5), (-700.0, 1.5))),
    gelu: Facts(domain=((-30.0, 30.0),), digits="5e-13 for values below -20", activation=True,
                torch="functional.gelu(x)", reference="x * ncdf(x)", reach=_FROM_TINY,
                points=(36.0,)),
    silu: Facts(domain=_WIDE, activation=True, also="swish", torch="functional.silu(x)",
                reference="x / (1 + exp(-x))"),
    mish: Facts(domain=_WIDE, activation=True, torch="functional.mish(x)",
                reference="x * tanh(log1p(exp(x)))"),
    softsign: Facts(domain=((-100.0, 100.0),), digits="order 3 is nan at 0", activation=True,
                    torch="functional.softsign(x)", reference="x / (1 + abs(x))", reach=_REAL),
    hypot: Facts(kink="0 at (0, 0)", digits="slopes where it is below 1e-310", commutes=True,
                 means="sqrt(x ** 2 + y ** 2)", reference="sqrt(x**2 + y**2)",
                 points=((3.0, 4.0), (1.0, 1e-7), (1e-7, -1.0), (3e150, 4e150), (3e-150, 1e-155))),
    maximum: Facts(kink=_SPLIT, chooses=_ANY, commutes=True, written="max",
                   reference="max(x, y)", slopes=_TIE.format(">")),
    minimum: Facts(kink=_SPLIT, chooses=_ANY, commutes=True, written="min",
                   reference="min(x, y)", slopes=_TIE.format("<")),
    clip: Facts(domain=((-4.0, 4.0), (-2.0, -1.0), (1.0, 2.0)), kink="x's at both ends",
                chooses=_ANY, torch="clamp(x, low, high)", reference="min(max(x, low), high)"),
    hardtanh: Facts(domain=((-4.0, 4.0), (-2.0, -1.0), (1.0, 2.0)), kink="0 at both ends",
                    chooses=_ANY, activation=True,  # PyTorch's own takes numbers alone for the ends
                    torch="where(maximum(x, low) >= high, high, where(x <= low, low, x))",
                    reference="min(max(x, low), high)",
                    slopes="[mpf(low < x < high), mpf(x <= low), mpf(x >= high)]"),
    where: Facts(chooses=_ANY, method=False, torch="where(condition != 0, x, y)",
                 reference="x if condition else y"),
    floor: Facts(kink="0 everywhere", chooses=_ANY, slopes="[zero]"),
    ceil: Facts(kink="0 everywhere", chooses=_ANY, slopes="[zero]"),
    fmod: Facts(domain=_STEP, kink="1 and -trunc(x/y) at jumps", chooses=(1,),
                reference="sign(x) * fmod(abs(x), abs(y))",
                slopes="[one, -sign(x * y) * floor(abs(x / y))]"),
    floordiv: Facts("//", _STEP, "0 everywhere", _ANY, operator=True, numpy="floor_divide",
                    torch="floor(x / y)", reference="floor(x / y)", slopes="[zero, zero]"),
    mod: Facts("%", _STEP, "1 and -floor(x/y) at jumps", (1,), operator=True, numpy="remainder",
               torch="remainder(x, y)", reference="x - y * floor(x / y)",
               slopes="[one, -floor(x / y)]"),
    sum: Facts(empty=0.0, commutes=True, said="x + [y]", torch="x.sum()", reference="fsum(x)"),
    mean: Facts(also="average", commutes=True, means="sum(x) / len(x)", said="(x + [y]) ÷ n",
                torch="x.mean()", reference="fsum(x) / len(x)"),
    prod: Facts(empty=1.0, commutes=True, said="[x] × [y]", torch="x.prod()",
                reference="fprod(x)"),
    dot: Facts(said="[x]×[y] + …", torch="dot(x, y)", reference="fdot(x, y)"),
    norm: Facts(kink="0 at the origin", digits="higher orders: to 1e-15 of 1 / norm", empty=0.0,
                commutes=True, means="sqrt(sum(x ** 2))", torch="linalg.vector_norm(x)",
                reference="sqrt(fsum(a**2 for a in x))"),
    max: Facts(kink=_SPLIT, chooses=_ANY, commutes=True, torch="amax(x, 0)",
               reference="max(x)", slopes=_TIES.format("max")),
    min: Facts(kink=_SPLIT, chooses=_ANY, commutes=True, torch="amin(x, 0)",
               reference="min(x)", slopes=_TIES.format("min")),
    logsumexp: Facts(domain=_WIDE, kink="all -inf: splits evenly", also="log_sum_exp",
                     commutes=True, means="log(sum(exp(x)))",
                     torch="logsumexp(x, 0)", reference="log(fsum(map(exp, x)))",
                     slopes="[exp(a) / fsum(map(exp, x)) for a in x]"),
    entropy: Facts(domain=((1e-3, 1.0),), kink="inf at 0", empty=0.0, commutes=True,
                   torch="special.entr(x).sum()", reference="-fsum(a * log(a) for a in x if a)",
                   slopes="[-1 - log(a) if a else inf for a in x]"),
}
PARTS: dict[Rule, Facts] = {
    reciprocal: Facts(reference="1 / x", points=(1e-100, 0.3, 1e100)),
    one_minus_square: Facts(reference="1 - x**2", points=(1e-9, 0.3, 1 - 1e-9, -0.7)),
    atan_slope: Facts(reference="1 / (1 + x**2)", points=(1e-9, 0.7, -1e7, 3e8, 1e100)),
    sigmoid_slope: Facts(means="sigmoid(x) * (1 - sigmoid(x))", points=(1e-9, 0.7, -300.0),
                         reference="exp(-x) / (1 + exp(-x)) ** 2"),
    tanh_slope: Facts(means="1 - tanh(x) ** 2", points=(1e-9, 0.7, 19.5, -150.0),
                      reference="1 / cosh(x) ** 2"),
    times_complement: Facts(means="x * (1 - x)", reference="x * (1 - x)",
                            points=(1e-9, 0.3, 1 - 1e-9, 0.5)),
    sin_pi: Facts(means="sin(pi * x)", reference="sinpi(x)",
                  points=(1e-9, 0.3, 0.7, -1.2, 1.8, 1e5 + 0.25)),
    sinc_slope: Facts(means="(cos(pi * x) - sinc(x)) / x if x else 0",
                      reference="(cospi(x) - sincpi(x)) / x",
                      points=(1e-9, 0.249, -0.251, 7.0, 1e5)),
    normal_density: Facts(means="exp(-(x ** 2) / 2) / sqrt(2 * pi)", reference="npdf(x)",
                          points=(1e-9, -0.7, 9.3, -25.7, 37.0)),
    inverse_mills: Facts(means="exp(-(x ** 2) / 2) / (sqrt(2 * pi) * ndtr(x))",
                         reference="npdf(x) / ncdf(x)", points=(1e-9, -3.7, -19.5, 9.3)),
    mills_excess: Facts(means="x + exp(-(x ** 2) / 2) / (sqrt(2 * pi) * ndtr(x))",
                        digits="a small difference, which is added to what is not small",
                        reference="x + npdf(x) / ncdf(x)", points=(1e-9, -1.7, -19.5, 9.3)),
    mills_tail: Facts(digits="a small difference, which is added to what is not small",
                      reference="1 / (x + npdf(x) / ncdf(x)) + x",
                      points=(-5.5, -19.5, -350.0, -1e5)),
    mish_share: Facts(means="tanh(softplus(x))", reference="tanh(log1p(exp(x)))",
                      points=(1e-9, 0.7, -37.0, 37.0, -300.0)),
    mish_slope: Facts(means="(1 - tanh(softplus(x)) ** 2) * sigmoid(x)",
                      reference="sech(log1p(exp(x))) ** 2 / (1 + exp(-x))",
                      points=(1e-9, 0.7, -37.0, 37.0, -300.0)),
    difference: Facts(means="x - y", reference="x - y", points=((3.0, -4.0), (1e200, 3e200))),
    direction: Facts(reference="x / sqrt(x**2 + y**2)",
                     points=((3.0, -4.0), (1.0, 1e-7), (1e-7, 1.0), (1e200, 3e200),
                             (1e-200, -3e-200))),
}
# What the constants of the rules are called in formulas.
CONSTANTS = {"LN2": "log(2)", "LN10": "log(10)", "PI": "pi", "SQRT2": "sqrt(2)",
             "SQRTPI": "sqrt(pi)", "SQRT2PI": "sqrt(2 * pi)"}
# fmt: on

SYMBOLS = {rule.__name__: facts.symbol or rule.__name__ for rule, facts in TABLE.items()}
CHOICES = {rule.__name__: facts.chooses for rule, facts in TABLE.items() if facts.chooses}


def takes_sequence(rule: Rule) -> bool:
    """Whether `rule` takes any number of operands (``*x``)."""
    return rule.__code__.co_argcount == 0


def named_operands(rule: Rule, operands: Sequence[Any], together: Any = tuple) -> dict[str, Any]:
    """The operands of `rule` by the names that its facts know them by; see `Facts`."""
    if not takes_sequence(rule):
        return dict(zip(rule.__code__.co_varnames, operands, strict=False))
    names = rule.__code__.co_varnames[0]  # one letter for each sequence
    length = len(operands) // len(names)
    return {name: together(operands[i * length : (i + 1) * length]) for i, name in enumerate(names)}


def methods() -> dict[str, Rule]:
    """The operations that Values have as methods: by their names, and by those NumPy asks for."""
    return {
        name: rule
        for rule, facts in TABLE.items()
        if facts.method and not takes_sequence(rule)
        for name in (rule.__name__, *("" if facts.operator else facts.numpy).split())
    }


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
