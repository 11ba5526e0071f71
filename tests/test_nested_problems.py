"""Two published problems that nest gradients, in all nestings of forward and reverse mode.

Their programs stand in `benchmarks/nesting.py`; here they run on coarser descents, and the answers
come from plain arithmetic.
"""

import importlib.util
import math
from pathlib import Path

import pytest

from autograd import grad, jvp

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "nesting.py"
specification = importlib.util.spec_from_file_location("nesting", SCRIPT)
nesting = importlib.util.module_from_spec(specification)
specification.loader.exec_module(nesting)


def landing(w):
    """The particle once more, with the field written out: no derivative is taken here."""
    x, v = [0.0, 8.0], [0.75, 0.0]
    while x[1] + 0.1 * v[1] > 0.0:
        field = [0.0, 0.0]
        for charge in ([10.0, 10.0 - w], [10.0, 0.0]):
            away = [a - c for a, c in zip(x, charge, strict=True)]
            distance = math.hypot(*away)
            field = [f + a / distance**3 for f, a in zip(field, away, strict=True)]
        x = [a + 0.1 * b for a, b in zip(x, v, strict=True)]
        v = [b + 0.1 * f for b, f in zip(v, field, strict=True)]
    return x[0] - x[1] / v[1] * v[0]


def root_by_bisection():
    low, high = 0.0, 0.5
    while (middle := (low + high) / 2.0) not in (low, high):
        low, high = (middle, high) if landing(middle) > 0.0 else (low, middle)
    return low


@pytest.mark.parametrize("name", nesting.NESTINGS)
def test_newtons_method_leads_the_particle_through_the_origin(name):
    outer, inner = nesting.NESTINGS[name]
    w = 0.207
    for _ in range(2):
        if outer is grad:
            height, slope = nesting.landing(w, inner), grad(nesting.landing)(w, inner)
        else:
            height, slope = jvp(lambda w: nesting.landing(w, inner), (w,), (1.0,))
        w -= height / slope
    assert w == pytest.approx(root_by_bisection(), rel=1e-11)


@pytest.mark.parametrize("name", nesting.NESTINGS)
def test_the_saddle_of_a_saddle_is_at_the_origin(name):
    found = nesting.saddle(*nesting.NESTINGS[name], rate=0.2)
    assert len(found) == 4
    assert found == pytest.approx([0.0] * 4, abs=1e-5)


@pytest.mark.parametrize("gradient_of", [grad, nesting.forward])
def test_one_descent_is_the_published_one_to_the_last_digits(gradient_of):
    """The outer and the inner descent of `saddle` end there: Pearlmutter & Siskind, 2008."""
    found = nesting.argmin(lambda y: y[0] ** 2 + y[1] ** 2, [1.0, 1.0], gradient_of)
    assert found == pytest.approx([8.246324826140356e-06] * 2, rel=1e-9)
