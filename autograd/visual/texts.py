"""Texts of users made safe to show, and how wide they come out."""

# ruff: noqa: RUF001, RUF002 - mathematics has signs of its own

import math
import re
import sys
import unicodedata
from contextlib import suppress

from autograd.export.notation import DIGITS, GREEK

LONGEST_LABEL = 40  # characters
UNCOUNTED = 10**1000  # more need not be told apart, and take up memory

# For terminals without mathematics.
STAND_INS = {
    "∂": "d", "∇": "grad ", "√": "sqrt ", "·": "*", "×": "*", "÷": "/", "−": "-", "→": "->",
    "…": "...", "‖": "||", "—": "-", "∞": "inf", "≠": "!=", "≤": "<=", "≥": ">=",
} | {letter: name for name, letter in GREEK.items()}  # fmt: skip
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾"  # of exponents, and of marks such as a⁽²⁾
PARTS = re.compile(f"[{RAISED}]+|.", re.DOTALL)

# Advance widths of DejaVu Sans, in hundredths of the font size, from space to "~": the widest
# of the fonts that stand in for Helvetica, so that text in any of them stays inside its box.
REGULAR = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86,
    75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63,
    62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64,
    34, 64, 84,
)  # fmt: skip
BOLD = (
    35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70,
    70, 70, 70, 40, 40, 84, 84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82, 84, 37, 37, 77, 64, 100,
    84, 85, 73, 85, 77, 72, 68, 81, 77, 110, 77, 72, 73, 46, 37, 46, 84, 50, 50, 67, 72, 59, 72,
    68, 44, 72, 71, 34, 34, 67, 34, 104, 71, 69, 72, 72, 49, 60, 48, 71, 65, 92, 65, 65, 58, 71,
    37, 71, 84,
)  # fmt: skip


def text_of(label: object) -> str:
    """A label or a scope as text: as ``str`` gives it, None as none, and never an error."""
    if label is None or isinstance(label, str):
        return label or ""
    try:
        return str(label)
    except Exception:  # noqa: BLE001 - whatever a user's class does
        return f"<{type(label).__name__}>"


def printable(label: object, longest: int = LONGEST_LABEL) -> str:
    """`label` cut to `longest`, with control and unassigned characters replaced by U+FFFD.

    A label that is no text is shown as `text_of` gives it.
    """
    text = text_of(label)
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join("\N{REPLACEMENT CHARACTER}" if _unprintable(c) else c for c in cut)


def for_terminal(text: str) -> str:
    """`text` as ``sys.stdout`` can print it: where it has no ∂ (ASCII, cp1252), with d instead."""
    encoding = getattr(sys.stdout, "encoding", None)
    if not encoding or getattr(sys.stdout, "errors", "strict") != "strict":
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_in(encoding, part) for part in PARTS.findall(text))
    return text


def _in(encoding: str, part: str) -> str:
    """A character or exponent, or the nearest that `encoding` has: ₁ is 1, λ lambda, others ?."""
    nearest = unicodedata.normalize("NFKD", part).encode("ascii", "ignore").decode()
    if part[0] in RAISED:
        nearest = f"^{nearest}"
    for candidate in (part, STAND_INS.get(part), nearest):
        with suppress(UnicodeEncodeError):
            if candidate and candidate.encode(encoding):
                return candidate
    return "?"


def counted(number: int, noun: str, *, in_full: int = 10**21) -> str:
    """A number with its noun; from `in_full` up, as paths can be many, the power of ten.

    >>> counted(1, "path"), counted(1500, "path"), counted(2**3000, "path")
    ('1 path', '1,500 paths', 'about 10^903 paths')
    """
    shown = f"{number:,}" if number < in_full else f"about 10^{math.log10(number):.0f}"
    if number >= UNCOUNTED // 10:
        shown = "more than 10^999"
    return f"{shown} {noun}{'' if number == 1 else 's'}"


def number_text(number: float, number_format: str = ".4g") -> str:
    """`number` as pictures show it: with a minus sign, and without one before 0.

    >>> number_text(-0.8), number_text(-2.5e-07), number_text(-0.0)
    ('−0.8', '−2.5e−07', '0')
    """
    text = format(number + 0.0, number_format)  # adding 0.0 takes the sign off a zero
    return printable(text.replace("-", "−"))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """At most how wide `text` is at a font size of `size`, in the unit of `size`."""
    table = BOLD if bold else REGULAR
    return sum(_hundredths(character, table) for character in text) * size / 100


def _unprintable(character: str) -> bool:
    # Cc control, Cf format (text direction), Cs surrogate, Co private, Cn unassigned
    return unicodedata.category(character).startswith("C")


def _hundredths(character: str, table: tuple[int, ...]) -> int:
    """The advance width of one character; a generous guess where the table has none."""
    # "é" is as wide as "e", and an index "₁" at most as wide as "1".
    base = unicodedata.normalize("NFD", character.translate(DIGITS))[0]
    if " " <= base <= "~":
        return table[ord(base) - 32]
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 130  # emoji are wider than other wide characters
    return 120 if character < "\u0400" else 135
