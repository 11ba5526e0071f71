"""What nn.playground and nn.network give, and what they refuse."""

import re
import xml.etree.ElementTree as ET

import pytest

import nn

SVG = "{http://www.w3.org/2000/svg}"


def drawn(picture):
    return ET.fromstring(picture.svg)  # noqa: S314 - our own


def test_a_network_has_a_line_for_each_weight_and_a_circle_for_each_neuron():
    model = nn.MLP(2, [3, 2], "tanh", generator=0)
    svg = drawn(nn.network(model))
    assert len(svg.findall(f".//{SVG}circle")) == 2 + 3 + 2
    titled = [path for path in svg.findall(f".//{SVG}path") if path.find(f"{SVG}title") is not None]
    assert len(titled) == 2 * 3 + 3 * 2


def test_lines_are_as_wide_as_weights_are_large_and_coloured_by_their_sign():
    model = nn.MLP(1, [2, 1], generator=0)
    numbers = {(0, 0): 2.0, (0, 1): -1.0}
    for (layer, neuron), number in numbers.items():
        model.layers[layer].neurons[neuron].w[0].data = number
    for weight in model.layers[1].neurons[0].w:
        weight.data = 0.5
    svg = drawn(nn.network(model, theme="light"))
    found = {}
    for path in svg.findall(f".//{SVG}path"):
        title = path.find(f"{SVG}title")
        if title is not None:
            found[title.text] = (float(path.get("stroke-width")), path.get("stroke"))
    wide, positive = found["x₁ → layer 1, neuron 1: weight 2"]
    half, negative = found["x₁ → layer 1, neuron 2: weight −1"]  # noqa: RUF001
    assert wide == 7.0
    assert half == pytest.approx(0.6 + 6.4 / 2)
    assert positive != negative
    assert found["layer 1, neuron 2 → layer 2, neuron 1: weight 0.5"][1] == positive


def test_a_network_of_weights_that_are_all_0_is_drawn():
    model = nn.MLP(2, [2, 1], init=lambda *_: 0.0)
    assert "widest: 0<" in nn.network(model).svg


def test_a_network_follows_the_theme_and_saves(tmp_path):
    picture = nn.network(nn.MLP(2, [3, 1], generator=0))
    assert "prefers-color-scheme: dark" in picture.svg
    assert "prefers-color-scheme" not in nn.network(nn.MLP(2, [1]), theme="dark").svg
    assert picture.save(tmp_path / "n.svg").read_text("utf-8") == picture.svg
    assert picture.save(tmp_path / "n.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"use .svg, .html or .png"):
        picture.save(tmp_path / "n.gif")
    bundle = picture._repr_mimebundle_()
    assert bundle["image/svg+xml"] == picture.svg
    assert bundle["text/html"].startswith("<iframe")


def test_a_network_becomes_a_png():
    pytest.importorskip("resvg_py")
    assert nn.network(nn.MLP(2, [3, 1])).png.startswith(b"\x89PNG")


def test_a_playground_is_one_page_that_can_contact_nobody(tmp_path):
    page = nn.playground()
    text = page.save(tmp_path / "p.html").read_text("utf-8")
    assert "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[\w./]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, which nobody asks for
    bundle = page._repr_mimebundle_()
    assert bundle["text/html"].startswith('<iframe sandbox="allow-scripts"')
    with pytest.raises(ValueError, match="a playground is a page"):
        page.save(tmp_path / "p.png")


def test_what_is_left_out_is_chosen_to_suit_the_rest():
    X, y = nn.data.spiral(30, seed=0)
    assert "-> 3 identity" in repr(nn.playground(X=X, y=y))
    assert '"lossName": "cross entropy"' in nn.playground(X=X, y=y).html
    X, y = nn.data.circles(30, seed=0)
    probabilities = nn.MLP(2, [4, 1], output="sigmoid")
    assert '"lossName": "binary cross entropy"' in nn.playground(probabilities, X, y).html
    numbers = nn.playground(X=[[0.0], [0.5], [1.0]], y=[0.3, 0.1, -0.7])
    assert repr(numbers).startswith("<Playground of 1 -> ")
    assert '"lossName": "squared error"' in numbers.html


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"model": nn.MLP}, TypeError, "the class MLP"),
        ({"model": lambda x: x}, TypeError, "of an nn.MLP"),
        ({"model": nn.MLP(9, [1])}, ValueError, "9 inputs|at most 8 inputs|takes 9"),
        ({"model": nn.MLP(2, [33, 1])}, ValueError, "32 neurons"),
        ({"model": nn.MLP(3, [1])}, ValueError, "takes 3 inputs, got 2"),
        ({"X": [[0.0, 1.0]]}, TypeError, "X without y"),
        ({"y": [0.0]}, TypeError, "y without X"),
        ({"X": [[0.0]], "y": [0.0, 1.0]}, ValueError, "1 samples but 2 targets"),
        ({"X": [[float("nan")]], "y": [0.0]}, ValueError, "nan in row 0"),
        ({"X": [[0.0]] * 2001, "y": [0.0] * 2001}, ValueError, "at most 2000"),
        ({"batch_size": 0}, ValueError, "at least one sample"),
        ({"theme": "pink"}, ValueError, "theme must be"),
    ],
)
def test_what_is_refused(arguments, error, match):
    with pytest.raises(error, match=match):
        nn.playground(**arguments)


def test_a_layer_of_ones_own_is_refused():
    class Noisy(nn.Neuron):
        def __call__(self, x):
            return super().__call__(x) + 1.0

    model = nn.MLP(2, [2, 1])
    model.layers[0].neurons[0] = Noisy(2)
    with pytest.raises(TypeError, match="__call__ of its own"):
        nn.network(model)
