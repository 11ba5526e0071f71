"""Texts made safe to show, against Unicode's own categories; widths, against real fonts."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.visual.text import LONGEST_LABEL, printable, width

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
