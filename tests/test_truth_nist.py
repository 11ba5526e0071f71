"""The 27 nonlinear regression problems of NIST: data and certified values that NIST published.

Statistical Reference Datasets, National Institute of Standards and Technology, Information
Technology Laboratory, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml: the models below
are those its files state, the certified values (computed there in 128 bits) are read from them.
At the certified parameters the standard deviations of the estimates follow from the Jacobian of
the residuals alone, s sqrt(diag((J'J)^-1)), so they test derivatives; the inverse is mpmath's.

The files are read where they are: in $CHAINRULE_TRUTH/nist, or ../shared/truth/nist.
"""

import math
import os
import re
from pathlib import Path
from typing import NamedTuple

import mpmath
import pytest

from autograd import hessian, jacobian, value_and_grad

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("CHAINRULE_TRUTH", ROOT.parent / "shared/truth")) / "nist"
DIGITS = 9  # in which the results agree with the certified ones, of which 11 are given


# --- the models, as the files state them ------------------------------------------------------


def exponential_rise(b, x):
    return b[0] * (1 - (-b[1] * x).exp())


def exponential_over_line(b, x):
    return (-b[0] * x).exp() / (b[1] + b[2] * x)


def three_exponentials(b, x):
    return b[0] * (-b[1] * x).exp() + b[2] * (-b[3] * x).exp() + b[4] * (-b[5] * x).exp()


def decay_and_two_peaks(b, x):
    first, second = -((x - b[3]) ** 2) / b[4] ** 2, -((x - b[6]) ** 2) / b[7] ** 2
    return b[0] * (-b[1] * x).exp() + b[2] * first.exp() + b[5] * second.exp()


def cubic_over_cubic(b, x):
    return (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3) / (
        1 + b[4] * x + b[5] * x**2 + b[6] * x**3
    )


def three_cycles(b, x):
    turn = 2 * math.pi * x
    year = b[0] + b[1] * math.cos(turn / 12) + b[2] * math.sin(turn / 12)
    return (
        year
        + b[4] * (turn / b[3]).cos()
        + b[5] * (turn / b[3]).sin()
        + b[7] * (turn / b[6]).cos()
        + b[8] * (turn / b[6]).sin()
    )


MODELS = {
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": exponential_rise,
    "Chwirut1": exponential_over_line,
    "Chwirut2": exponential_over_line,
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "ENSO": three_cycles,
    "Eckerle4": lambda b, x: b[0] / b[1] * (-0.5 * ((x - b[2]) / b[1]) ** 2).exp(),
    "Gauss1": decay_and_two_peaks,
    "Gauss2": decay_and_two_peaks,
    "Gauss3": decay_and_two_peaks,
    "Hahn1": cubic_over_cubic,
    "Kirby2": lambda b, x: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": three_exponentials,
    "Lanczos2": three_exponentials,
    "Lanczos3": three_exponentials,
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * (b[1] / (x + b[2])).exp(),
    "MGH17": lambda b, x: b[0] + b[1] * (-x * b[3]).exp() + b[2] * (-x * b[4]).exp(),
    "Misra1a": exponential_rise,
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x * (1 + b[1] * x) ** -1,
    "Nelson": lambda b, x1, x2: b[0] - b[1] * x1 * (-b[2] * x2).exp(),
    "Rat42": lambda b, x: b[0] / (1 + (b[1] - b[2] * x).exp()),
    "Rat43": lambda b, x: b[0] / (1 + (b[1] - b[2] * x).exp()) ** (1 / b[3]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - (b[2] / (x - b[3])).atan() / math.pi,
    "Thurber": cubic_over_cubic,
}


# --- the files --------------------------------------------------------------------------------


class Certified(NamedTuple):
    """One file: what was measured, and what NIST computed from it."""

    response: list[float]
    predictors: list[list[float]]
    parameters: list[float]
    deviations: list[float]
    square_sum: float
    residual_deviation: float

    def residuals(self, model, b):
        """What the model leaves of the response, on numbers of any kind."""
        return [y - model(b, *xs) for y, xs in zip(self.response, self.predictors, strict=True)]


@pytest.fixture(params=MODELS)
def problem(request):
    """The model of one problem, and its file; skipped by name where there is none."""
    name = request.param
    if not FOLDER.is_dir():
        pytest.skip(f"{name}: no folder {FOLDER} (CHAINRULE_TRUTH says where truth lies)")
    return MODELS[name], read(name)


def read(name):
    text = (FOLDER / f"{name}.dat").read_text(encoding="ascii")
    rows = re.findall(r"^ *b\d+ = +\S+ +\S+ +(\S+) +(\S+)", text, re.MULTILINE)
    data = [[float(word) for word in line.split()] for line in text.splitlines()[60:]]
    data = [row for row in data if row]
    [(_, first, last)] = re.findall(r"(Data +\(lines (\d+) to +(\d+)\))", text)
    assert (int(first), len(data)) == (61, int(last) - 60)
    [square_sum] = re.findall(r"Residual Sum of Squares: +(\S+)", text)
    [deviation] = re.findall(r"Residual Standard Deviation: +(\S+)", text)
    response = [row[0] for row in data]
    return Certified(
        [math.log(y) for y in response] if name == "Nelson" else response,
        [row[1:] for row in data],
        [float(parameter) for parameter, _ in rows],
        [float(spread) for _, spread in rows],
        float(square_sum),
        float(deviation),
    )


def test_all_27_problems_are_there():
    assert len(MODELS) == 27
    if FOLDER.is_dir():
        assert {path.stem for path in FOLDER.glob("*.dat")} == set(MODELS)


# --- the tests --------------------------------------------------------------------------------


def test_the_deviations_of_the_parameters(problem, engine):
    model, certified = problem
    leaves = [engine.Value(number) for number in certified.parameters]
    rows = []
    for residual in certified.residuals(model, leaves):
        engine.zero_grad(leaves)
        residual.backward()
        rows.append([leaf.grad for leaf in leaves])
    assert_agree(spreads(rows, certified.residual_deviation), certified.deviations)


def test_jacobian_gives_the_same_deviations(problem):
    model, certified = problem
    rows = jacobian(lambda b: certified.residuals(model, b))(certified.parameters)
    assert_agree(spreads(rows, certified.residual_deviation), certified.deviations)


def test_the_sum_of_squares(problem, engine):
    model, certified = problem
    leaves = [engine.Value(number) for number in certified.parameters]
    residuals = certified.residuals(model, leaves)
    loss = sum(residual * residual for residual in residuals)
    loss.backward()
    value, gradient = value_and_grad(square_sum(model, certified))(certified.parameters)
    assert (value, gradient) == (loss.data, [leaf.grad for leaf in leaves])
    if certified.square_sum > 1e-20:  # Lanczos1's residuals are rounding errors of its data
        assert_agree([value], [certified.square_sum])


def test_the_parameters_are_a_minimum(problem):
    """The Hessian is positive definite, and Newton's step from there changes no digit."""
    model, certified = problem
    loss = square_sum(model, certified)
    _, gradient = value_and_grad(loss)(certified.parameters)
    rows = hessian(loss)(certified.parameters)
    with mpmath.workdps(60):
        matrix = mpmath.matrix(rows)
        scale = mpmath.diag([1 / mpmath.sqrt(matrix[k, k]) for k in range(matrix.rows)])
        mpmath.cholesky(scale * matrix * scale)  # ValueError unless positive definite
        step = mpmath.lu_solve(matrix, mpmath.matrix(gradient))
        stepped = [float(b - d) for b, d in zip(certified.parameters, step, strict=True)]
    assert_agree(stepped, certified.parameters)


def square_sum(model, certified):
    return lambda b: sum(residual * residual for residual in certified.residuals(model, b))


def spreads(rows, residual_deviation):
    """The standard deviations of the parameters, from the Jacobian of the residuals."""
    with mpmath.workdps(60):
        matrix = mpmath.matrix(rows)
        inverse = (matrix.T * matrix) ** -1
        return [float(residual_deviation * mpmath.sqrt(inverse[k, k])) for k in range(inverse.rows)]


def assert_agree(numbers, certified):
    assert numbers == pytest.approx(certified, rel=10.0**-DIGITS, abs=0)
