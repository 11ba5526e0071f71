"""The scopes that values were made in, and those around them."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, scope
from autograd.visual.scopes import all_scopes, prefixes, scope_of

PATHS = st.lists(st.sampled_from("abc"), max_size=3).map("/".join)


def made_in(path):
    return SimpleNamespace(scope=path)


def test_the_scope_of_a_value_is_a_text():
    with scope("mlp"), scope("layer0"):
        assert scope_of(Value(1.0)) == "mlp/layer0"
    assert scope_of(SimpleNamespace(scope=None)) == ""


def test_all_scopes_hold_those_around_them():
    assert all_scopes([made_in("a/b/c"), made_in(""), made_in("a/d")]) == [
        "a",
        "a/b",
        "a/b/c",
        "a/d",
    ]


@given(PATHS)
def test_prefixes_end_with_the_scope(path):
    found = list(prefixes(path))
    assert len(found) == (path.count("/") + 1 if path else 0)
    assert found[-1:] == ([path] if path else [])
    assert all(path.startswith(prefix) for prefix in found)
