"""What tests of pictures share: whether a figure renders, and the contours in it."""

import io

import pytest

QuadContourSet = pytest.importorskip("matplotlib.contour").QuadContourSet


def png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def rendered(figure):
    """Whether `figure` renders to a PNG of its size."""
    content = png(figure)
    width, height = (int(side * figure.dpi) for side in figure.get_size_inches())
    got = [int.from_bytes(content[i : i + 4], "big") for i in (16, 20)]
    return content.startswith(b"\x89PNG\r\n\x1a\n") and got == [width, height]


def contours(axes):
    return [c for c in axes.collections if isinstance(c, QuadContourSet)]
