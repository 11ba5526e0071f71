"""Values, gradients, Hessians and minima of the Moré-Garbow-Hillstrom problems.

Truth is mpmath's: the same definitions in 100 digits, differentiated by differences of them, and
the minima that the article prints.
"""

import numpy as np
import pytest
from more_garbow_hillstrom import PROBLEMS, mp

from autograd import hessian, value_and_grad

STEP = mp.mpf(10) ** -30  # a difference is right to about 30 digits
SMALL = 8  # dimensions up to which the whole Hessian is compared, above it two of its products
FAR = 0.25  # of the way from the start to the minimum


def square_sum(problem):
    return lambda x: sum(residual * residual for residual in problem.residuals(x))


def points(problem):
    start = problem.start
    there = zip(start, problem.minimiser, strict=True)
    return [start, [a + FAR * (b - a) for a, b in there]]


@pytest.fixture(params=PROBLEMS, scope="module")
def problem(request):
    return PROBLEMS[request.param]


def test_there_are_all_35():
    assert len({problem.residuals for problem in PROBLEMS.values()}) == 35


# --- truth ------------------------------------------------------------------------------------


class Truth:
    """Derivatives of one objective at one point, by differences in 100 digits."""

    def __init__(self, loss, point):
        self.loss, self.point = loss, [mp.mpf(x) for x in point]
        self.value = self.at()
        self.steps = [self.at(k) for k in range(len(point))]
        self.gradient = [(step - self.value) / STEP for step in self.steps]

    def at(self, *moved):
        """The objective with the variables of these numbers, or along a direction, nudged."""
        point = list(self.point)
        for nudge in moved:
            steps = [(nudge, 1)] if isinstance(nudge, int) else enumerate(nudge)
            for k, factor in steps:
                point[k] += factor * STEP
        return self.loss(point)

    def row(self, nudge):
        """The Hessian's row, or its product with a direction."""
        there = self.at(nudge)
        pairs = [self.at(nudge, k) for k in range(len(self.point))]
        return [
            (pair - there - step + self.value) / STEP**2
            for pair, step in zip(pairs, self.steps, strict=True)
        ]


@pytest.fixture(scope="module")
def truths(problem):
    return [Truth(square_sum(problem), point) for point in points(problem)]


def assert_close(numbers, truth, digits):
    truth = list(map(float, truth))
    largest = max(map(abs, truth))
    assert list(numbers) == pytest.approx(truth, rel=10.0**-digits, abs=largest * 10.0**-digits)


# --- the tests --------------------------------------------------------------------------------


def test_values_and_gradients(problem, truths, engine):
    for point, truth in zip(points(problem), truths, strict=True):
        leaves = [engine.Value(x) for x in point]
        loss = square_sum(problem)(leaves)
        loss.backward()
        assert loss.data == pytest.approx(float(truth.value), rel=1e-13, abs=0)
        assert_close([leaf.grad for leaf in leaves], truth.gradient, 12)


def test_hessians(problem, truths):
    for point, truth in zip(points(problem), truths, strict=True):
        rows = np.array(hessian(square_sum(problem))(point))
        if len(point) <= SMALL:
            for k, row in enumerate(rows):
                assert_close(row, truth.row(k), 12)
        else:
            alternating = [(-1) ** k for k in range(len(point))]
            for direction in ([1] * len(point), alternating):
                assert_close(rows @ direction, truth.row(direction), 12)


def test_known_minima(problem):
    """Newton's steps from near a minimiser end at the value that the article prints."""
    loss, x, least = square_sum(problem), np.array(problem.minimiser, float), np.inf
    while True:
        value, gradient = value_and_grad(loss)(list(x))
        if value >= least:
            break
        least = value
        x = x - np.linalg.lstsq(np.array(hessian(loss)(list(x))), gradient, rcond=None)[0]
    # The article cuts after six digits.
    assert least == pytest.approx(problem.minimum, rel=5e-6, abs=1e-20)
