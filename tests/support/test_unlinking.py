"""Freeing node after node: a chain whose nodes notice how deep they lie in each other's end."""

import pytest

from autograd import value
from autograd.support import unlinking

if unlinking.NEEDED:
    pytest.skip("in Pyodide in_pyodide/test_here.py looks at it", allow_module_level=True)


@pytest.fixture
def chained():
    """A class of the reference engine that unlinks here too, and what it saw."""
    seen = {"gone": 0, "depth": 0, "deepest": 0}

    class Chained(value.Value):
        def __del__(self):
            seen["gone"] += 1
            seen["depth"] += 1
            seen["deepest"] = max(seen["deepest"], seen["depth"])
            unlinking.unlink(self)
            seen["depth"] -= 1

    return Chained, seen


def test_a_long_chain_is_freed_without_nesting(chained):
    kind, seen = chained
    x = out = kind(1.0)
    for _ in range(10_000):
        out = out + x
    del out
    assert (seen["gone"], seen["deepest"]) == (10_000, 2)  # one inside the loop of the first


def test_what_is_still_used_keeps_its_operands(chained):
    kind, seen = chained
    x = kind(2.0)
    kept = x * x
    out = (kept + 1.0) * kept
    del out
    assert seen["gone"] == 2
    assert kept.parents == (x, x)
    kept.backward()
    assert x.grad == 4.0


def test_a_subclass_that_dies_in_its_own_way_does_both(monkeypatch):
    monkeypatch.setattr(unlinking, "NEEDED", True)
    gone = []

    class Own(value.Value):
        def __del__(self):
            gone.append(self._parents)

    x = Own(1.0)
    out = x + 1.0
    del out
    assert [parents[0] for parents in gone] == [x]
    assert Own.__del__.__name__ == "both"


def test_elsewhere_nothing_is_paid():
    assert not unlinking.NEEDED
    assert not hasattr(value.Value, "__del__")
