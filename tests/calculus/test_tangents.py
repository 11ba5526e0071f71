"""How fast the partials of every rule change, against mpmath; and what is imported first."""

import math
import os
import subprocess
import sys

import pytest
from reference import REFERENCE, error, mp, point_of

from autograd import ops
from autograd.calculus import tangents as second
from autograd.calculus.tangents import changes_of_partials, tangents_of_partials
from autograd.errors import FormulaError
from autograd.transforms import partial_values

RULES = {rule.__name__: rule for rule in ops.TABLE}


@pytest.mark.parametrize("name", RULES)
def test_the_tangents_of_partials_are_rows_of_the_hessian(name):
    rule = RULES[name]
    operands = point_of(rule)
    point = tuple(map(mp.mpf, operands))
    for column in range(len(operands)):
        tangents = [0.0] * len(operands)
        tangents[column] = 1.0
        found = tangents_of_partials(rule, operands, tangents)
        assert len(found) == len(operands)
        for row, change in enumerate(found):
            counts = [0] * len(operands)
            counts[row] += 1
            counts[column] += 1
            with mp.workdps(350):
                function = REFERENCE[name]
                truth = (
                    mp.diff(function, point, tuple(counts))
                    if len(point) > 1
                    else mp.diff(function, point[0], 2)
                )
            if abs(truth) < 1e-300:  # 0, up to what rounds in fmod's partial, of size 1
                assert abs(change) < 1e-15
            else:
                assert error(change, truth) < 1e-9


def test_zeros_in_a_product():
    assert tangents_of_partials(ops.prod, [0.0, 0.0, 3.0], [1.0, 0.0, 0.0]) == [0.0, 3.0, 0.0]


def test_the_norm_at_the_origin():
    """Its slope there is chosen between those around: that has no derivative, and says so."""
    changes = tangents_of_partials(ops.norm, [0.0, 0.0], [1.0, 1.0])
    assert all(map(math.isnan, changes))


@pytest.mark.parametrize("rule", [ops.max, ops.min])
def test_the_partials_of_max_and_min_change_only_at_a_tie(rule):
    assert tangents_of_partials(rule, [1.0, -2.0, 3.0], [1.0, 1.0, 1.0]) == [0.0, 0.0, 0.0]
    changes = tangents_of_partials(rule, [2.0, 2.0], [1.0, 1.0])
    assert all(map(math.isnan, changes))  # chosen between the sides: see `ops.KINK`


def test_what_depends_on_nothing_that_moves_does_not_change():
    assert changes_of_partials(ops.mul, [2.0, 3.0], [None, None]) == [None, None]
    assert changes_of_partials(ops.mul, [2.0, 3.0], [5.0, None]) == [None, 5.0]
    assert changes_of_partials(ops.square, [2.0], [0.0]) == [0.0]
    assert changes_of_partials(ops.sum, [2.0, 3.0], [1.0, 1.0]) == [None, None]


# --- rules that have no tangent formula -------------------------------------------------


def test_as_long_as_nobody_knows_of_graphs_it_says_so(monkeypatch):
    monkeypatch.setattr(second, "_sweeps", [])
    with pytest.raises(FormulaError, match=r"prod.*import autograd\.transforms\.partial_values"):
        tangents_of_partials(ops.prod, [2.0, 3.0], [1.0, 0.0])
    second.sweep_through_graphs(partial_values._tangents_by_graph)
    assert tangents_of_partials(ops.prod, [2.0, 3.0], [1.0, 0.0]) == [0.0, 1.0]


FIRST = {
    # Nobody has imported the transforms: an error that says so, then what the transforms give.
    "the sweep": """
from autograd import Value, errors, prod
from autograd.engines import select
x, y, z = Value(2.0), Value(3.0), Value(5.0)
out = prod([x, y, z])
try:
    select.sweeps().second_sweep(out, [x, y, z], [1.0, 0.0, 0.0])
except errors.FormulaError as error:
    assert "import autograd.transforms.partial_values" in str(error), error
else:
    raise SystemExit("it knew of graphs")
import autograd.transforms.partial_values
found = select.sweeps().second_sweep(out, [x, y, z], [1.0, 0.0, 0.0])
assert found == ([15.0, 10.0, 6.0], [0.0, 5.0, 3.0]), found
""",
    "a transform": """
from autograd.transforms.functional import hvp
from autograd import prod
assert hvp(prod, ([2.0, 3.0, 5.0],), ([1.0, 0.0, 0.0],)) == ([0.0, 5.0, 3.0],)
""",
    "the package": """
import autograd
assert autograd.hvp(autograd.prod, ([2.0, 3.0],), ([1.0, 0.0],)) == ([0.0, 1.0],)
""",
}


@pytest.mark.parametrize("pure", ["0", "1"])
@pytest.mark.parametrize("name", FIRST)
def test_whatever_is_imported_first(name, pure):
    run = subprocess.run(
        [sys.executable, "-c", FIRST[name]],
        env={**os.environ, "AUTOGRAD_PURE": pure},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
