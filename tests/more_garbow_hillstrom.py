"""The 35 test problems of Moré, Garbow and Hillstrom: function, start and known minimum of each.

J. J. Moré, B. S. Garbow, K. E. Hillstrom (1981), "Testing Unconstrained Optimization Software",
ACM Transactions on Mathematical Software 7, 17-41: formulas, data and printed minima (six digits)
are typed from section 3. An objective is the sum of the squares of the *residuals*, which are
written once, over any numbers: those of an engine, and mpmath's.

Glossary: ``x`` the variables, numbered from 0 here and from 1 there; ``i``, ``t``, ``u``, ``y`` as
there; ``h`` the width of a grid.
"""

import math
from typing import NamedTuple

import mpmath

mp = mpmath.mp.clone()
mp.dps = 100


class Problem(NamedTuple):
    """One problem, in as many dimensions as its start has."""

    residuals: object
    start: list
    minimum: float
    minimiser: list  # exact where the article gives it, else to a few digits


PROBLEMS = {}


def problem(start, minimum, minimiser):
    """Enter the residuals below into `PROBLEMS`, under their name and dimension."""

    def enter(residuals):
        name = f"{residuals.__name__}-{len(start)}"
        assert name not in PROBLEMS
        assert len(start) == len(minimiser)
        PROBLEMS[name] = Problem(residuals, list(map(float, start)), minimum, list(minimiser))
        return residuals

    return enter


def exp(x):
    return mp.exp(x) if isinstance(x, mp.mpf) else x.exp()


def cos(x):
    return mp.cos(x) if isinstance(x, mp.mpf) else x.cos()


def sin(x):
    return mp.sin(x) if isinstance(x, mp.mpf) else x.sin()


def atan(x):
    return mp.atan(x) if isinstance(x, mp.mpf) else x.atan()


def sqrt(x):
    return mp.sqrt(x) if isinstance(x, mp.mpf) else x.sqrt()


def product(numbers):
    first, *others = numbers
    for number in others:
        first = first * number
    return first


# --- two variables ----------------------------------------------------------------------------


@problem([-1.2, 1], 0, [1, 1])
def rosenbrock(x):
    return [10 * (x[1] - x[0] ** 2), 1 - x[0]]


@problem([0.5, -2], 48.9842, [11.41, -0.8968])  # a local one; 0 at (5, 4)
def freudenstein_and_roth(x):
    return [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1],
    ]


@problem([0, 1], 0, [1.0981593e-5, 9.1061467])
def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1, exp(-x[0]) + exp(-x[1]) - 1.0001]


@problem([1, 1], 0, [1e6, 2e-6])
def brown_badly_scaled(x):
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


@problem([1, 1], 0, [3, 0.5])
def beale(x):
    return [y - x[0] * (1 - x[1] ** i) for i, y in enumerate((1.5, 2.25, 2.625), 1)]


@problem([0.3, 0.4], 124.362, [0.2578, 0.2578])
def jennrich_and_sampson(x):
    return [2 + 2 * i - (exp(i * x[0]) + exp(i * x[1])) for i in range(1, 11)]


# --- three ------------------------------------------------------------------------------------


@problem([-1, 0, 0], 0, [1, 0, 0])
def helical_valley(x):
    theta = atan(x[1] / x[0]) / (2 * math.pi) + (0.5 if x[0] < 0 else 0.0)
    return [10 * (x[2] - 10 * theta), 10 * (sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]]


BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)


@problem([1, 1, 1], 8.21487e-3, [0.0824, 1.133, 2.344])
def bard(x):
    return [
        y - (x[0] + i / ((16 - i) * x[1] + min(i, 16 - i) * x[2])) for i, y in enumerate(BARD, 1)
    ]


GAUSSIAN = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989)


@problem([0.4, 1, 0], 1.12793e-8, [0.39896, 1.00002, 0])
def gaussian(x):
    heights = (*GAUSSIAN, *GAUSSIAN[-2::-1])
    return [x[0] * exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in enumerate(heights, 1)]


MEYER = (34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
         8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872)  # fmt: skip


@problem([0.02, 4000, 250], 87.9458, [0.0056096, 6181.3, 345.22])
def meyer(x):
    return [x[0] * exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(MEYER, 1)]


@problem([5, 2.5, 0.15], 0, [50, 25, 1.5])
def gulf_research_and_development(x):
    residuals = []
    for i in range(1, 11):
        t = i / 100
        y = 25 + (-50 * math.log(t)) ** (2 / 3)
        residuals.append(exp(-(abs(y - x[1]) ** x[2]) / x[0]) - t)
    return residuals


@problem([0, 10, 20], 0, [1, 10, 1])
def box_three_dimensional(x):
    times = [0.1 * i for i in range(1, 11)]
    return [
        exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (math.exp(-t) - math.exp(-10 * t)) for t in times
    ]


# --- four to eleven ---------------------------------------------------------------------------


@problem([3, -1, 0, 1], 0, [0, 0, 0, 0])
def powell_singular(x):
    return [
        x[0] + 10 * x[1],
        math.sqrt(5) * (x[2] - x[3]),
        (x[1] - 2 * x[2]) ** 2,
        math.sqrt(10) * (x[0] - x[3]) ** 2,
    ]


@problem([-3, -1, -3, -1], 0, [1, 1, 1, 1])
def wood(x):
    return [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        math.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        math.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / math.sqrt(10),
    ]


KOWALIK_Y = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
KOWALIK_U = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)


@problem([0.25, 0.39, 0.415, 0.39], 3.07505e-4, [0.1928, 0.1913, 0.1231, 0.1361])
def kowalik_and_osborne(x):
    return [
        y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])
        for y, u in zip(KOWALIK_Y, KOWALIK_U, strict=True)
    ]


@problem([25, 5, -5, -1], 85822.2, [-11.59, 13.20, -0.4034, 0.2368])
def brown_and_dennis(x):
    return [
        (x[0] + t * x[1] - math.exp(t)) ** 2 + (x[2] + x[3] * math.sin(t) - math.cos(t)) ** 2
        for t in [i / 5 for i in range(1, 21)]
    ]


OSBORNE_1 = (
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
    0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
    0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
)  # fmt: skip


@problem([0.5, 1.5, -1, 0.01, 0.02], 5.46489e-5, [0.3754, 1.936, -1.465, 0.01287, 0.02212])
def osborne_1(x):
    return [
        y - (x[0] + x[1] * exp(-10 * i * x[3]) + x[2] * exp(-10 * i * x[4]))
        for i, y in enumerate(OSBORNE_1)
    ]


@problem([1, 2, 1, 1, 1, 1], 0, [1, 10, 1, 5, 4, 3])
def biggs_exp6(x):
    residuals = []
    for t in [0.1 * i for i in range(1, 14)]:
        y = math.exp(-t) - 5 * math.exp(-10 * t) + 3 * math.exp(-4 * t)
        fitted = x[2] * exp(-t * x[0]) - x[3] * exp(-t * x[1]) + x[5] * exp(-t * x[4])
        residuals.append(fitted - y)
    return residuals


OSBORNE_2 = (
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
    0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
    0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
    0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
    0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
)  # fmt: skip


@problem(
    [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5],
    4.01377e-2,
    [1.310, 0.4315, 0.6336, 0.5993, 0.7539, 0.9056, 1.365, 4.825, 2.399, 4.569, 5.675],
)
def osborne_2(x):
    residuals = []
    for i, y in enumerate(OSBORNE_2):
        t = i / 10
        peaks = [x[k] * exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3)]
        residuals.append(y - (x[0] * exp(-t * x[4]) + sum(peaks)))
    return residuals


# --- any number of variables ------------------------------------------------------------------


@problem([0] * 6, 2.28767e-3, [-0.01573, 1.012, -0.2330, 1.260, -1.514, 0.9930])
def watson(x):
    residuals = []
    for t in [i / 29 for i in range(1, 30)]:
        slope = sum(j * a * t ** (j - 1) for j, a in enumerate(x[1:], 1))
        residuals.append(slope - sum(a * t**j for j, a in enumerate(x)) ** 2 - 1)
    return [*residuals, x[0], x[1] - x[0] ** 2 - 1]


@problem([-1.2, 1] * 32, 0, [1] * 64)
def extended_rosenbrock(x):
    return [residual for k in range(0, len(x), 2) for residual in rosenbrock(x[k : k + 2])]


@problem([3, -1, 0, 1] * 16, 0, [0] * 64)
def extended_powell_singular(x):
    return [residual for k in range(0, len(x), 4) for residual in powell_singular(x[k : k + 4])]


@problem(range(1, 5), 2.24997e-5, [0.25] * 4)
@problem(range(1, 11), 7.08765e-5, [0.158] * 10)
def penalty_1(x):
    pulled = [math.sqrt(1e-5) * (a - 1) for a in x]
    return [*pulled, sum(a**2 for a in x) - 0.25]


@problem([0.5] * 4, 9.37629e-6, [0.2, 0.19, 0.48, 0.52])
@problem(
    [0.5] * 10,
    2.93660e-4,
    [0.2, 0.01035, 0.0196, 0.0321, 0.0499, 0.0765, 0.1186, 0.1921, 0.3473, 0.3692],
)
def penalty_2(x):
    root = math.sqrt(1e-5)
    grown = [exp(a / 10) for a in x]
    pairs = [
        root * (grown[i] + grown[i - 1] - (math.exp((i + 1) / 10) + math.exp(i / 10)))
        for i in range(1, len(x))
    ]
    last = sum((len(x) - j) * a**2 for j, a in enumerate(x)) - 1
    return [x[0] - 0.2, *pairs, *[root * (e - math.exp(-0.1)) for e in grown[1:]], last]


@problem([1 - j / 10 for j in range(1, 11)], 0, [1] * 10)
def variably_dimensioned(x):
    total = sum(j * (a - 1) for j, a in enumerate(x, 1))
    return [*[a - 1 for a in x], total, total**2]


@problem([1 / 10] * 10, 0, [0] * 10)
def trigonometric(x):
    total = sum(cos(a) for a in x)
    return [len(x) - total + i * (1 - cos(a)) - sin(a) for i, a in enumerate(x, 1)]


@problem([0.5] * 10, 0, [1] * 10)
def brown_almost_linear(x):
    total = sum(x)
    return [*[a + total - (len(x) + 1) for a in x[:-1]], product(x) - 1]


def boundary_value_start(n):
    return [j / (n + 1) * (j / (n + 1) - 1) for j in range(1, n + 1)]


@problem(boundary_value_start(65), 0, boundary_value_start(65))
def discrete_boundary_value(x):
    h = 1 / (len(x) + 1)
    padded = [0.0, *x, 0.0]
    return [
        2 * padded[i] - padded[i - 1] - padded[i + 1] + h**2 * (padded[i] + i * h + 1) ** 3 / 2
        for i in range(1, len(x) + 1)
    ]


@problem(boundary_value_start(10), 0, boundary_value_start(10))
def discrete_integral_equation(x):
    h = 1 / (len(x) + 1)
    times = [(j + 1) * h for j in range(len(x))]
    cubes = [(a + t + 1) ** 3 for a, t in zip(x, times, strict=True)]
    residuals = []
    for i, (a, at) in enumerate(zip(x, times, strict=True)):
        before = sum(t * cube for t, cube in zip(times[: i + 1], cubes, strict=False))
        after = sum((1 - t) * c for t, c in zip(times[i + 1 :], cubes[i + 1 :], strict=True))
        residuals.append(a + h * ((1 - at) * before + at * after) / 2)
    return residuals


@problem([-1] * 65, 0, [-0.57, *[-0.7] * 61, -0.68, -0.60, -0.42])
def broyden_tridiagonal(x):
    padded = [0.0, *x, 0.0]
    return [
        (3 - 2 * padded[i]) * padded[i] - padded[i - 1] - 2 * padded[i + 1] + 1
        for i in range(1, len(x) + 1)
    ]


@problem([-1] * 10, 0, [-0.43, -0.48, -0.52, -0.56, -0.59, *[-0.62] * 4, -0.59])
def broyden_banded(x):
    residuals = []
    for i, a in enumerate(x):
        near = [x[j] for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i]
        residuals.append(a * (2 + 5 * a**2) + 1 - sum(b * (1 + b) for b in near))
    return residuals


LINES = 20  # residuals of the linear problems


@problem([1] * 10, LINES - 10, [-1] * 10)
def linear_full_rank(x):
    share = 2 / LINES * sum(x)
    return [*[a - share - 1 for a in x], *[-share - 1] * (LINES - len(x))]


@problem([1] * 10, LINES * (LINES - 1) / (2 * (2 * LINES + 1)), [3 / (2 * LINES + 1), *[0] * 9])
def linear_rank_1(x):
    total = sum(j * a for j, a in enumerate(x, 1))
    return [i * total - 1 for i in range(1, LINES + 1)]


@problem(
    [1] * 10,
    (LINES**2 + 3 * LINES - 6) / (2 * (2 * LINES - 3)),
    [0, 1.5 / (2 * LINES - 3), *[0] * 8],
)
def linear_rank_1_zero_columns_and_rows(x):
    total = sum(j * a for j, a in enumerate(x[1:-1], 2))
    return [-1, *[i * total - 1 for i in range(1, LINES - 1)], -1]


@problem(
    [j / 9 for j in range(1, 9)], 3.51687e-3, [0.043, 0.193, 0.266, 0.5, 0.5, 0.734, 0.807, 0.957]
)
@problem(
    [j / 11 for j in range(1, 11)],
    6.50395e-3,
    [0.060, 0.167, 0.239, 0.399, 0.399, 0.601, 0.601, 0.761, 0.833, 0.940],
)
def chebyquad(x):
    """The polynomials of Chebyshev on the interval from 0 to 1, by their recurrence."""
    residuals = []
    before, now = [1.0] * len(x), [2 * a - 1 for a in x]
    for i in range(1, len(x) + 1):
        integral = 0.0 if i % 2 else -1 / (i**2 - 1)
        residuals.append(sum(now) / len(x) - integral)
        following = [2 * (2 * a - 1) * t - s for a, t, s in zip(x, now, before, strict=True)]
        before, now = now, following
    return residuals
