"""The misread images: which are shown, and what is said of them."""

import pytest
from rendering import rendered

from nn import plots

np = pytest.importorskip("numpy")


IMAGES = [[float(i + 4 * k) for i in range(4)] for k in range(30)]  # 2 by 2


def test_misread_images_show_what_was_read_as_what():
    figure = plots.misread_images(IMAGES[:4], [3, 5, 7, 9], [3, 6, 7, 1])
    assert figure.get_suptitle() == "2 of 4 misread"
    assert [axes.get_title() for axes in figure.axes] == ["5, read as 6", "9, read as 1"]
    shown = [axes.get_images()[0].get_array().tolist() for axes in figure.axes]
    assert shown == [[[4.0, 5.0], [6.0, 7.0]], [[12.0, 13.0], [14.0, 15.0]]]
    assert rendered(figure)


@pytest.mark.parametrize(
    ("wrong", "most", "shown", "title"),
    [
        (30, 18, 18, "30 of 30 misread, the first 18"),
        (18, 18, 18, "18 of 30 misread"),
        (7, 3, 3, "7 of 30 misread, the first 3"),
        (1, 18, 1, "1 of 30 misread"),
        (0, 18, 0, "0 of 30 misread"),
    ],
)
def test_misread_images_count_all_and_show_the_first(wrong, most, shown, title):
    predictions = [1] * wrong + [0] * (30 - wrong)
    figure = plots.misread_images(IMAGES, [0] * 30, predictions, most=most)
    assert len(figure.axes) == shown
    assert figure.get_suptitle() == title
    assert rendered(figure)
