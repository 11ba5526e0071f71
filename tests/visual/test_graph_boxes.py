"""One box: its size, its colours, its marks."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import re
from xml.etree import ElementTree as ET

import pytest

from autograd.visual.graph.boxes import (
    BoxPicture,
    heat_map,
    icon,
    number,
    rows_of,
    text_at,
    tooltip,
)
from autograd.visual.graph.flags import MEANING
from autograd.visual.graph.heatmap import HeatMap
from autograd.visual.graph.model import Box
from autograd.visual.texts import width
from autograd.visual.themes import THEMES

LIGHT = THEMES["light"]
HEAT = HeatMap(((2.0, -4.0), (0.0, None)))
LEAF = Box("box0", "x", "", "2", "−3")
GROUP = Box(
    "box1", "layer0", "", "", "0.5", size="9 values, 4 parameters", scope="mlp/layer0",
    heat=(HEAT, HEAT), grad_of="‖gradient‖ ",
)  # fmt: skip


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314 - our own


def test_rows_from_top_to_bottom():
    assert [(row.text, row.role) for row in rows_of(LEAF)] == [
        ("x", "ink"),
        ("2", "data"),
        ("−3", "gradient"),
    ]
    assert [row.text for row in rows_of(GROUP)] == [
        "layer0",
        "9 values, 4 parameters",
        "‖gradient‖ 0.5",
    ]


def test_a_made_up_name_stands_behind_the_label_or_alone():
    alone, behind = (
        BoxPicture(Box("box0", label, "*", "2.5", "−3", called="v₁")) for label in ("", "h")
    )
    unnamed, labelled = (BoxPicture(Box("box0", label, "*", "2.5", "−3")) for label in ("", "h"))
    assert [(row.text, row.called) for row in alone.rows][:2] == [("", "v₁"), ("2.5", "")]
    assert [(row.text, row.called) for row in behind.rows][:2] == [("h", "v₁"), ("2.5", "")]
    assert alone.width == unnamed.width  # numbers are wider
    assert unnamed.height < alone.height < labelled.height == behind.height
    name, label, data, _ = parsed(behind.svg((0.0, 0.0), LIGHT)).findall("text")[1:]
    assert (name.text, name.get("font-style"), name.get("font-weight")) == ("v₁", "italic", None)
    assert (label.text, label.get("font-style"), label.get("font-weight")) == ("h", None, "bold")
    assert float(name.get("font-size")) < 12.0
    assert name.get("y") == label.get("y") < data.get("y")
    apart = width("h", 12.0, bold=True) / 2 + width("v₁", float(name.get("font-size"))) / 2
    assert float(name.get("x")) - float(label.get("x")) > apart


def test_a_box_grows_with_its_content():
    small = BoxPicture(LEAF)
    assert BoxPicture(Box("box0", "x", "", "2", "")).height < small.height
    assert BoxPicture(Box("box0", "x" * 20, "", "2", "−3")).width > small.width
    assert BoxPicture(Box("box0", "x", "tanh", "2", "−3")).width > small.width
    assert BoxPicture(GROUP).height > small.height + 30


def test_a_box_is_drawn_around_its_centre():
    picture = BoxPicture(LEAF)
    rect = parsed(picture.svg((100.0, 50.0), LIGHT)).find("rect")
    left, top, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
    assert left + width / 2 == pytest.approx(100.0, abs=0.1)
    assert top + height / 2 == pytest.approx(50.0, abs=0.1)
    assert (width, height) == pytest.approx(picture.size, abs=0.1)


@pytest.mark.parametrize(
    ("box", "outline"),
    [
        (LEAF, LIGHT.outline),
        (Box("box0", "x", "", "2", "0", flag="no gradient"), LIGHT.flags["no gradient"]),
        (Box("box0", "x", "", "2", "0", on_path=True), LIGHT.path),
    ],
)
def test_outlines(box, outline):
    assert parsed(BoxPicture(box).svg((0.0, 0.0), LIGHT)).find("rect").get("stroke") == outline


def test_the_root_stands_out_and_what_takes_no_part_fades():
    root = BoxPicture(LEAF, is_root=True).svg((0.0, 0.0), LIGHT)
    assert parsed(root).find("rect").get("stroke") == LIGHT.ink
    faded = Box("box0", "x", "", "2", "0", on_path=False)
    assert float(parsed(BoxPicture(faded).svg((0.0, 0.0), LIGHT)).get("opacity")) < 0.5
    assert parsed(root).get("opacity") is None


@pytest.mark.parametrize("flag", MEANING)
def test_each_flag_has_an_icon(flag):
    drawn = parsed(f"<g>{icon(flag, (5.0, 5.0), LIGHT)}</g>")
    assert drawn.find("circle").get("fill") == LIGHT.flags[flag]
    assert len(drawn) == 2


def test_heat_maps_are_pale_at_zero_and_full_at_the_largest_magnitude():
    drawn = parsed(f"<g>{''.join(heat_map(HEAT, (0.0, 0.0), 5.0, LIGHT))}</g>")
    colours = {path.get("d")[:4].strip(): path.get("fill") for path in drawn.iter("path")}
    assert colours["M5 0"] == LIGHT.negative  # -4
    assert colours["M0 5"] == LIGHT.zero
    assert colours["M5 5"] == LIGHT.box  # no number
    assert colours["M0 0"] not in (LIGHT.zero, LIGHT.positive, LIGHT.negative)  # 2, half of 4
    assert "−4 and 4" in drawn.find(".//title").text


def test_nan_in_a_heat_map_is_flagged():
    nan = HeatMap(((float("nan"), 1.0),))
    drawn = parsed(f"<g>{''.join(heat_map(nan, (0.0, 0.0), 5.0, LIGHT))}</g>")
    assert next(drawn.iter("path")).get("fill") == LIGHT.flags["not finite"]


def test_tooltips():
    assert tooltip(LEAF) == "x, data 2, gradient −3"
    assert tooltip(Box("box0", "h", "*", "2", "", called="v₁")) == "h, v₁, *, data 2"
    assert tooltip(GROUP) == "mlp/layer0, 9 values, 4 parameters, ‖gradient‖ 0.5"


def test_texts_and_coordinates():
    assert [number(x) for x in (1.0, 1.25, -0.5, 10.04)] == ["1", "1.2", "-0.5", "10"]
    assert text_at(1.0, 2.0, "<&>", "#000000") == (
        '<text x="1" y="2" fill="#000000">&lt;&amp;&gt;</text>'
    )


@pytest.mark.parametrize(
    ("box", "is_root"),
    [(Box("box0", "", "*", "2", "1"), False), (Box("box0", "", "*", "2", "1"), True),
     (Box("box0", "", "*", "2", "1", on_path=True), True),
     (Box("box0", "", "*", "2", "0", flag="no gradient"), False)],
)  # fmt: skip
def test_the_strip_of_the_operation_covers_nothing_of_the_outline(box, is_root):
    group = parsed(BoxPicture(box, is_root=is_root).svg((100.0, 100.0), LIGHT))
    outline, strip = group.find("rect"), group.find("path").get("d")
    half = float(outline.get("stroke-width")) / 2
    top, height = float(outline.get("y")), float(outline.get("height"))
    above, below = map(float, re.match(r"M[\d.]+ ([\d.]+)V([\d.]+)", strip).groups())
    assert (above - top, top + height - below) == pytest.approx((half, half), abs=0.11)
