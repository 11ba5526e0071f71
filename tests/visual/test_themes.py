"""Colours that can be read: contrast and lightness as WCAG 2 and CIE define them."""

import itertools
import math

import pytest

from autograd.visual.themes import THEMES, mixed, theme_named


def luminance(colour):
    """Relative luminance of ``#rrggbb``: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def lightness(colour):
    """CIE L*, 0 to 100."""
    return 116 * math.cbrt(luminance(colour)) - 16


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("role", ["ink", "data", "gradient", "quiet", "local", "contribution"])
def test_text_in_boxes_can_be_read(name, role):
    theme = THEMES[name]
    assert contrast(getattr(theme, role), theme.box) >= 4.5
    assert contrast(getattr(theme, role), theme.constant) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("role", ["path", "quiet", "gradient", "local", "contribution"])
def test_text_outside_boxes_can_be_read(name, role):
    theme = THEMES[name]
    assert contrast(getattr(theme, role), theme.background) >= 4.5
    assert contrast(theme.ink, theme.strip) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_marks_lines_and_heat_maps_can_be_seen(name):
    theme = THEMES[name]
    for colour in (
        *theme.flags.values(),
        theme.edge,
        theme.outline,
        theme.negative,
        theme.positive,
    ):
        assert contrast(colour, theme.background) >= 3.0
    assert contrast(theme.faded, theme.background) < 2.0


def test_the_colour_blind_theme_differs_in_lightness_and_along_blue_and_yellow():
    theme = THEMES["colour-blind"]
    for one, other in [(theme.data, theme.gradient), (theme.negative, theme.positive)]:
        assert abs(lightness(one) - lightness(other)) > 20
        blue, red = (int(one[5:], 16), int(one[1:3], 16)), (int(other[5:], 16), int(other[1:3], 16))
        assert blue[0] > blue[1]
        assert red[1] > red[0]


def test_mixed():
    assert mixed("#102030", "#ffffff", 0.0) == "#102030"
    assert mixed("#102030", "#ffffff", 1.0) == "#ffffff"
    assert mixed("#000000", "#0a64c8", 0.5) == "#053264"


def test_an_unknown_theme_is_refused():
    assert theme_named("dark") is THEMES["dark"]
    with pytest.raises(ValueError, match="'light', 'dark', 'colour-blind', got 'pink'"):
        theme_named("pink")


# What is seen without green cones, and without red ones, of linear light: after Viénot, Brettel
# and Mollon (1999).
CONES = {
    "deuteranopia": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
    "protanopia": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
}


def as_seen(colour, matrix):
    """L*, a*, b* of a colour, seen through one of `CONES`."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    r, g, b = (max(0.0, sum(m * x for m, x in zip(row, light, strict=True))) for row in matrix)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (math.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("cones", CONES)
@pytest.mark.parametrize("name", THEMES)
def test_four_quantities_have_four_colours_whatever_one_sees(name, cones):
    theme = THEMES[name]
    four = {role: getattr(theme, role) for role in ("data", "gradient", "local", "contribution")}
    seen = {role: as_seen(colour, CONES[cones]) for role, colour in four.items()}
    for one, other in itertools.combinations(four, 2):
        # Green and red, as courses draw circuits, are what the colour-blind theme is for.
        if name == "colour-blind" or {one, other} != {"data", "gradient"}:
            assert math.dist(seen[one], seen[other]) > 18, (one, other)
