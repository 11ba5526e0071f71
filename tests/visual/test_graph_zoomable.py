"""The page of a drawing; `test_browser_drawing` zooms and moves it."""

import re

from autograd.visual.graph.zoomable import zoomable


def test_the_page_of_a_picture_has_labelled_buttons():
    page = zoomable("<svg/>", title="t")
    assert re.findall(r'<button [^>]*aria-label="([^"]*)"', page) == [
        "Zoom in",
        "Zoom out",
        "Fit the whole picture",
    ]
    assert re.findall(r"<script[^>]*>", page) == ["<script>"]
