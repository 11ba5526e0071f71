"""Texts made safe to show, against Unicode's own categories; widths, against real fonts."""

import contextlib
import io
import string
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.visual.scopes import scope_of
from autograd.visual.texts import LONGEST_LABEL, for_terminal, printable, text_of, width

ANY_TEXT = st.text(st.characters(codec=None, categories=None))


def is_shown(character):
    """Whether a character shows something, or is a space of some kind."""
    return character.isprintable() or unicodedata.category(character).startswith("Z")


@given(ANY_TEXT)
def test_a_label_keeps_what_is_printable_and_marks_what_is_not(text):
    expected = "".join(c if is_shown(c) else "\ufffd" for c in text)
    if len(text) <= LONGEST_LABEL:
        assert printable(text) == expected
    else:
        assert printable(text) == expected[: LONGEST_LABEL - 1] + "…"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w[0][1]", "w[0][1]"),
        ("größe λ 重み 🎉", "größe λ 重み 🎉"),
        ("a\nb\tc\0d", "a\ufffdb\ufffdc\ufffdd"),
        ("\ud800", "\ufffd"),
        ("abc\u202edef", "abc\ufffddef"),  # text direction: "fed" would be read
        ("\ue000\uffff", "\ufffd\ufffd"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ("x" * 10**6, "x" * 39 + "…"),
        ("", ""),
    ],
)
def test_labels_by_hand(text, expected):
    assert printable(text) == expected


def test_a_label_that_is_no_text():
    assert [printable(label) for label in (3, 0, 2.5, None)] == ["3", "0", "2.5", ""]


def test_another_longest():
    assert printable("chainrule", 5) == "chai…"


SHOWN = string.printable[:95] + "éßñÆŒ½αβγωΩ∂∇∑√×÷−±≈≤≥—–…·₀₁²³←→ЖщЮЩя‖℃"  # noqa: RUF001 - meant


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_no_character_is_wider_than_assumed(weight):
    """Measured with the DejaVu fonts that come with Matplotlib."""
    font_manager = pytest.importorskip("matplotlib.font_manager")
    from matplotlib.ft2font import FT2Font

    properties = font_manager.FontProperties(family="DejaVu Sans", weight=weight)
    font = FT2Font(font_manager.findfont(properties, fallback_to_default=False))
    font.set_size(1000, 72)
    for character in SHOWN:
        advance = font.load_char(ord(character)).linearHoriAdvance / 65536
        assert advance <= width(character, 1000, bold=weight == "bold") + 6, character


def test_width_adds_up():
    assert width("", 12) == 0.0
    assert width("ab", 12) == pytest.approx(width("a", 12) + width("b", 12))
    assert width("a", 24) == 2 * width("a", 12)
    assert width("e\u0301", 12) == width("e", 12)  # a combining accent
    assert width("重", 12) > width("W", 12)


# --- whatever stands where a text should --------------------------------------------


class Rude:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("label", "text"),
    [("x", "x"), (None, ""), (3, "3"), (["a"], "['a']"), (b"x", "b'x'"), (Rude(), "<Rude>")],
)
def test_anything_has_a_text(label, text):
    assert text_of(label) == printable(label) == text
    assert scope_of(SimpleNamespace(scope=label)) == text


# --- terminals --------------------------------------------------------------------------


def printed(text, encoding, errors="strict"):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)
    with contextlib.redirect_stdout(out):
        return for_terminal(text)


@pytest.mark.parametrize(
    ("text", "in_ascii", "in_cp1252"),
    [
        ("∂L/∂w₁,₂ = \N{MINUS SIGN}0.5", "dL/dw1,2 = -0.5", "dL/dw1,2 = -0.5"),
        ("2x · x²", "2x * x^2", "2x · x²"),
        ("α¹² + a⁽²⁾", "alpha^12 + a^(2)", "alpha¹² + a^(2)"),
        ("√λ, √(Σ)", "sqrt lambda, sqrt (Sigma)", "sqrt lambda, sqrt (Sigma)"),
        ("‖∇L‖ → ∞ …", "||grad L|| -> inf ...", "||grad L|| -> inf …"),
        ("é 重", "e ?", "é ?"),
    ],
)
def test_signs_that_a_terminal_lacks(text, in_ascii, in_cp1252):
    assert printed(text, "utf-8") == text
    assert printed(text, "ascii") == in_ascii
    assert printed(text, "cp1252") == in_cp1252
    assert printed(text, "ascii", "replace") == text  # it will not raise


@given(ANY_TEXT)
def test_every_text_can_be_printed_anywhere(text):
    for encoding in ("ascii", "cp1252", "utf-8", "koi8-r"):
        printed(text, encoding).encode(encoding)


def test_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    assert for_terminal("∂") == "∂"
