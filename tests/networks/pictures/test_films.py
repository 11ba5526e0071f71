"""Films of trainings: what they are told is what `fit` and the optimisers did."""

import json
import math
import re

import pytest

import autograd
import nn

LOSS = nn.binary_cross_entropy_with_logits


def told(film):
    [text] = re.findall(r'id="film-data">(.*?)</script>', film.html)
    return json.loads(text)


def trained(epochs=4, *, activation="tanh", rate=0.3, record=True, sizes=(4, 1), inputs=2):
    X, y = nn.data.moons(24, noise=0.1, seed=1)
    model = nn.MLP(2, list(sizes), activation, generator=2)
    optimizer = nn.SGD(model.parameters(), rate)
    history = nn.fit(model, X, y, LOSS, optimizer, epochs, record=record, progress=False)
    return model, X, y, history


# --- film ----------------------------------------------------------------------------------


def test_a_film_tells_the_gradients_of_every_recorded_step():
    model, X, _, history = trained()
    content = told(nn.film(history, model, X))
    assert content["moments"] == [f"step {step}" for step in history.steps]
    [panel] = content["panels"]
    assert [layer["name"] for layer in panel["layers"]] == list(history.layers)
    for layer, one in zip(panel["layers"], history.layers.values(), strict=True):
        assert layer["gradient"] == one.mean_gradient
        assert layer["ratio"] == one.update_ratio


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        ("tanh", lambda z: 1.0 - math.tanh(z) ** 2),
        ("sigmoid", lambda z: 4.0 * math.exp(-abs(z)) / (1.0 + math.exp(-abs(z))) ** 2),
        ("relu", lambda z: float(z > 0.0)),
    ],
)
def test_units_show_the_mean_slope_of_their_activation(activation, slope):
    model, X, _, history = trained(activation=activation, sizes=(4, 3, 1))
    [panel] = told(nn.film(history, model, X))["panels"]
    state = history.states[-1]
    assert panel["layers"][0]["unitsAt"][-1] == len(history.states) - 1
    for k in range(4):
        w0, w1, b = state[3 * k : 3 * k + 3]
        slopes = [slope(w0 * a + w1 * c + b) for a, c in X]
        shown = panel["layers"][0]["units"][-1][k]
        assert shown == pytest.approx(sum(slopes) / len(slopes), abs=6e-4)
    assert len(panel["layers"][1]["units"][0]) == 3
    assert "units" not in panel["layers"][2]  # identity has no slope to lose


def test_two_trainings_share_the_slider():
    _, _, _, short = trained(2)
    _, _, _, long = trained(6)
    content = told(nn.film({"short": short, "<b>long": long}))
    assert [panel["title"] for panel in content["panels"]] == ["short", "<b>long"]
    assert all(
        len(layer["gradient"]) == len(content["moments"])
        for panel in content["panels"]
        for layer in panel["layers"]
    )
    assert (
        content["panels"][0]["layers"][0]["gradient"][-1]
        == (short.layers["layers.0"].mean_gradient[-1])
    )


def test_films_of_what_was_not_written_down_are_refused():
    model, X, _, history = trained(record=False)
    with pytest.raises(ValueError, match="record=True"):
        nn.film(history)
    with pytest.raises(TypeError, match="History of fit"):
        nn.film([1.0])
    with pytest.raises(TypeError, match="float"):
        nn.film({"a": 1.0})
    _, _, _, recorded = trained()
    with pytest.raises(TypeError, match="give X"):
        nn.film(recorded, model)
    with pytest.raises(ValueError, match="parameters"):
        nn.film(recorded, nn.MLP(2, [3, 1]), X)
    with pytest.raises(ValueError, match="no training 'b'"):
        nn.film({"a": recorded}, {"b": model}, X)
    with pytest.raises(ValueError, match="no finished epoch"):
        nn.film(nn.History())


# --- compare -------------------------------------------------------------------------------


def test_a_comparison_tells_losses_paths_and_boundaries():
    model, X, y, slow = trained(4, rate=0.05)
    _, _, _, fast = trained(3, rate=0.5)
    before = [p.data for p in model.parameters()]
    content = told(nn.compare({"slow": slow, "fast": fast}, model, X, y, LOSS))
    assert [p.data for p in model.parameters()] == before
    assert content["moments"] == [f"epoch {i}" for i in range(5)]
    curves, plane, *maps = content["panels"]
    assert curves["lines"][0]["y"] == [None, *slow.loss]
    assert curves["lines"][1]["y"] == [None, *fast.loss, None]
    first, second = plane["paths"]
    assert first["points"][0] == pytest.approx(second["points"][0])  # the same start
    assert first["points"][-1] == pytest.approx([0.0, 0.0], abs=1e-9)  # where the model stands
    assert [m["title"] for m in maps] == ["slow", "fast"]
    side, ((left, right), (low, high)) = maps[0]["side"], maps[0]["ends"]
    for cell in (0, side + 3, side * side - 1):
        point = [
            left + (right - left) * (cell % side + 0.5) / side,
            high - (high - low) * (cell // side + 0.5) / side,
        ]
        score = model(point).data
        assert maps[0]["cells"][-1][cell] == round(100 * max(-1.0, min(1.0, score)))


def test_a_comparison_of_classes_shows_the_largest_score():
    X, y = nn.data.spiral(30, seed=0)
    model = nn.MLP(2, [5, 3], "tanh", generator=1)
    optimizer = nn.Adam(model.parameters(), 0.05)
    history = nn.fit(model, X, y, nn.cross_entropy, optimizer, 2, record=True, progress=False)
    *_, shown = told(nn.compare({"Adam": history}, model, X, y, nn.cross_entropy))["panels"]
    assert {cell for cells in shown["cells"] for cell in cells} <= {0, 1, 2}
    assert {point[2] for point in shown["points"]} == {0, 1, 2}


def test_comparisons_of_what_does_not_fit_are_refused():
    model, X, y, history = trained()
    with pytest.raises(TypeError, match="X, y and loss"):
        nn.compare({"a": history}, model)
    with pytest.raises(TypeError, match="give the model"):
        nn.compare({"a": history}, None, X, y, LOSS)
    with pytest.raises(ValueError, match="parameters"):
        nn.compare({"a": history}, nn.MLP(2, [3, 1]), X, y, LOSS)
    _, _, _, bare = trained(record=False)
    with pytest.raises(ValueError, match="record=True"):
        nn.compare({"a": bare}, model, X, y, LOSS)
    with pytest.raises(ValueError, match="at most 8"):
        nn.compare({str(i): history for i in range(9)})


# --- descend -------------------------------------------------------------------------------


def bowl(x, y):
    return x * x + 10.0 * y * y


def test_paths_are_those_of_the_optimisers():
    film = nn.descend(bowl, (-2.0, 1.0), {"SGD": lambda p: nn.SGD(p, 0.05)}, steps=6)
    plane, curve = told(film)["panels"]
    x, y = -2.0, 1.0
    for (at_x, at_y), height in zip(
        plane["paths"][0]["points"], curve["lines"][0]["y"], strict=True
    ):
        assert (at_x, at_y) == pytest.approx((x, y), rel=1e-13)
        assert height == pytest.approx(x * x + 10.0 * y * y, rel=1e-13, abs=1e-25)
        x, y = x - 0.05 * 2.0 * x, y - 0.05 * 20.0 * y
    middle = len(plane["xs"]) // 2
    assert plane["values"][0][middle] == pytest.approx(bowl(plane["xs"][middle], plane["ys"][0]))


def test_a_path_that_leaves_stays_where_it_was_last():
    film = nn.descend(bowl, (1.0, 1.0), {"wild": lambda p: nn.SGD(p, 100.0)}, steps=20)
    points = told(film)["panels"][0]["paths"][0]["points"]
    assert len(points) == 21
    assert points[-1] == points[-2]
    assert all(abs(n) < 1e6 for point in points for n in point)
    away = nn.descend(
        lambda x, y: autograd.log(x) + y, (0.5, 0.0), {"into the wall": lambda p: nn.SGD(p, 1.0)}, 5
    )
    assert None in [v for row in told(away)["panels"][0]["values"] for v in row]


def test_descents_of_what_is_no_function_or_optimiser_are_refused():
    with pytest.raises(TypeError, match="dict such as"):
        nn.descend(bowl, (0.0, 1.0), nn.SGD)
    with pytest.raises(TypeError, match="lambda p"):
        nn.descend(bowl, (0.0, 1.0), {"a": lambda p: 3.0})
    with pytest.raises(TypeError, match="Value made of x and y"):
        nn.descend(lambda x, y: 1.0, (0.0, 1.0), {"a": lambda p: nn.SGD(p, 0.1)})
    with pytest.raises(ValueError, match="place"):
        nn.descend(bowl, (0.0, 1.0, 2.0), {"a": lambda p: nn.SGD(p, 0.1)})


# --- the page ------------------------------------------------------------------------------


def test_a_film_is_saved_as_a_page_and_shown_in_notebooks(tmp_path):
    film = nn.descend(bowl, (1.0, 1.0), {"<img src=x>": lambda p: nn.SGD(p, 0.1)}, 3, title="A <b>")
    assert film.save(tmp_path / "film.html").read_text(encoding="utf-8") == film.html
    assert "<img src=x>" not in film.html
    with pytest.raises(ValueError, match="html"):
        film.save(tmp_path / "film.svg")
    shown = film._repr_mimebundle_()
    assert shown["text/plain"] == "<Film of 4 moments: A <b>>"
    assert "run the cell" in shown["text/html"]
    assert "http:" not in film.html.replace("http://www.w3.org/2000/svg", "")
