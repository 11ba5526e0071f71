"""Pages in a frame, and the still picture that remains where frames and styles are cut."""

import base64
import html
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.visual.page import TALLEST, document, framed, script_json, zoomable

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
    elements = Elements(framed(page, STILL, title="a < b", width=300, height=200))
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


def test_pages_forbid_the_network():
    (policy,) = (
        meta["content"]
        for meta in Elements(document("", title="t")).named("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
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


@pytest.mark.parametrize(
    "label", ["</svg><script>alert(1)</script>", "<img src=x onerror=alert(1)>"]
)
def test_a_label_adds_no_element_to_the_page(label):
    def count(label):
        return len(Elements(draw(Value(1.0, label) * 2.0).html).found)

    assert count(label) == count("x")


def test_the_page_of_a_picture_has_labelled_buttons():
    elements = Elements(zoomable(STILL, title="t"))
    assert [button["aria-label"] for button in elements.named("button")] == [
        "Zoom in",
        "Zoom out",
        "Fit the whole picture",
    ]
    assert [script.get("src") for script in elements.named("script")] == [None]
