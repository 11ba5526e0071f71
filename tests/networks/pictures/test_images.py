"""The misread images: which are shown, and what is said of them."""

import pytest
from rendering import rendered

import nn
from autograd import errors
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


def test_a_confusion_matrix_has_what_was_read_in_its_cells():
    figure = plots.confusion([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]], [0, 1, 2])
    [axes] = figure.axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "1", (1, 1): "1", (0, 2): "1"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("read as", "is")
    shown = axes.get_images()[0].get_array().tolist()
    assert shown == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]  # only mistakes have a colour
    assert "1 of 3 misread" in figure.alt
    assert rendered(figure)


def test_weights_of_the_first_layer_are_images_on_one_scale():
    model = nn.MLP(9, [10, 2], generator=0)
    figure = plots.weight_images(model, most=3)
    assert len(figure.axes) == 3
    largest = max(abs(w.data) for n in model.layers[0].neurons[:3] for w in n.w)
    for axes, neuron in zip(figure.axes, model.layers[0].neurons, strict=False):
        [image] = axes.get_images()
        assert image.get_array().ravel().tolist() == [w.data for w in neuron.w]
        assert image.get_clim() == (-largest, largest)
    assert "3 of 10 neurons" in figure.alt
    assert rendered(figure)
    with pytest.raises(errors.ShapeError, match="8 inputs"):
        plots.weight_images(nn.MLP(8, [2]))
