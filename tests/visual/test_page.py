"""Pages in a frame, and the still picture that remains where frames and styles are cut."""

import base64
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.visual.page import (
    TALLEST,
    data_element,
    document,
    framed,
    image,
    script_json,
    table,
)

STILL = '<svg xmlns="http://www.w3.org/2000/svg"/>'


class Elements(HTMLParser):
    """The elements of a page, as (name, attributes)."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, name):
        return [attributes for tag, attributes in self.found if tag == name]


def test_a_notebook_output_is_a_frame_a_rule_and_a_still_picture():
    page = document("<p>body</p>", title="t")
    still = image(STILL, "image/svg+xml", "a < b")
    elements = Elements(framed(page, still, title="a < b", width=300, height=200))
    assert [tag for tag, _ in elements.found] == ["iframe", "style", "img"]
    (frame,), (still,) = elements.named("iframe"), elements.named("img")
    assert frame["sandbox"] == "allow-scripts"
    assert frame["srcdoc"] == page
    assert frame["title"] == still["alt"] == "a < b"
    assert "aspect-ratio:300/200" in frame["style"]
    assert f"max-height:{TALLEST}px;min-height:120px" in frame["style"]
    assert (
        base64.b64decode(still["src"].removeprefix("data:image/svg+xml;base64,")) == STILL.encode()
    )


def test_a_page_without_scripts_is_as_wide_as_the_output():
    page = document("<p>body</p>", title="t")
    elements = Elements(framed(page, "<p>cut</p>", title="t", height=700, scripts=False))
    assert [tag for tag, _ in elements.found] == ["iframe", "style", "p"]
    [frame] = elements.named("iframe")
    assert frame["sandbox"] == ""
    assert "width:100%;height:700px" in frame["style"]
    assert not elements.named("script")


def policy_of(page):
    [policy] = (
        meta["content"]
        for meta in Elements(page).named("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    return policy


def test_scripts_run_only_in_pages_that_have_one():
    still, moving = (document("", title="t", script=script) for script in ("", "let x = 1;"))
    assert "script" not in still
    assert "script-src 'unsafe-inline'" in policy_of(moving)
    assert Elements(moving).named("script") == [{}]


def test_pages_forbid_the_network():
    for script in ("", "let x = 1;"):
        policy = policy_of(document("", title="t", script=script))
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy


@given(st.text())
def test_titles_are_escaped(title):
    page = document("", title=title)
    shown = re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
    assert shown == html.escape(title)


TEXT = st.text(st.characters(codec=None, categories=None)) | st.text(
    st.sampled_from("</script>&!-")
)


@given(
    st.recursive(TEXT | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))
)
def test_json_in_a_script_neither_ends_it_nor_changes(content):
    written = script_json(content)
    assert not set("<>&") & set(written)
    assert written.isascii()
    assert json.loads(written) == content


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        script_json(float("nan"))


def test_data_for_scripts_cannot_leave_its_element():
    content = {"label": "</script><script>alert(1)</script>"}
    page = document(data_element('a"b', content), title="t", script="let x = 1;")
    data, script = Elements(page).named("script")
    assert (data, script) == ({"type": "application/json", "id": 'a"b'}, {})
    assert json.loads(re.search(r'json" id="[^"]*">(.*?)</script>', page)[1]) == content


def test_a_picture_holds_its_own_data():
    [wide] = Elements(image(b"GIF89a", "image/gif", 'a " <b>', 30.4)).named("img")
    assert (wide["alt"], wide["width"]) == ('a " <b>', "30")
    assert base64.b64decode(wide["src"].removeprefix("data:image/gif;base64,")) == b"GIF89a"
    [free] = Elements(image("<svg/>", "image/svg+xml", "")).named("img")
    assert "width" not in free


@pytest.mark.parametrize(
    "label", ["</svg><script>alert(1)</script>", "<img src=x onerror=alert(1)>"]
)
def test_a_label_adds_no_element_to_the_page(label):
    def count(label):
        return len(Elements(draw(Value(1.0, label) * 2.0).html).found)

    assert count(label) == count("x")


# --- a security surface exists once -----------------------------------------------------

ROOT = Path(__file__).parents[2]
# What escapes, encodes, frames or completes a page.
BY_HAND = re.compile(
    r"import html\b|from html\b|html\.escape|saxutils|quoteattr|&lt;|&amp;|&quot;|u003c|srcdoc"
    r"|(import|from) base64\b|base64\.b|;base64|data:[a-z]+/|Content-Security|<!DOCTYPE"
    r"|<(script|style|iframe|img|meta|link|object|embed)\b[^`]|javascript:"
)
PAGE = "autograd/visual/page.py"
NEVER = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
)


def sources(*suffixes):
    for package in ("autograd", "nn"):
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in suffixes:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_nobody_else_escapes_frames_or_completes_a_page():
    assert [name for name, text in sources(".py") if BY_HAND.search(text)] == [PAGE]


def test_nobody_else_writes_json_into_a_page():
    written = [name for name, text in sources(".py") if re.search(r"json\.dumps?\b", text)]
    assert [name for name in written if re.search("visual|pictures", name)] == [PAGE]


@pytest.mark.parametrize(
    "line",
    ["import html", "from html import escape", "x = html.escape(y)", "<script>", '<img alt="x">',
     'f"<iframe srcdoc={x}>"', "'&lt;'", "data:image/png;base64,", "<!DOCTYPE html>"],
)  # fmt: skip
def test_what_is_done_by_hand_is_found(line):
    assert BY_HAND.search(f"{line}\n")


def test_no_script_makes_elements_from_text():
    scripts = [*sources(".js", ".html")]
    assert len(scripts) > 5
    pages = [(name, text) for name, text in sources(".py") if "addEventListener" in text]
    assert pages
    assert [name for name, text in [*scripts, *pages] if NEVER.search(text)] == []


def test_a_table_escapes_all_it_holds():
    text = table("<b>", ("a&b", "n"), [("<script>", "1")])
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text
    assert text.count("<td") == text.count("<th ") == 2
