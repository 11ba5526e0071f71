"""The player, without a browser: what its page is told, what it refuses, what it keeps out."""

# ruff: noqa: RUF001 - mathematics has letters of its own

import itertools
import json
import re
from pathlib import Path

import pytest

import autograd
import nn
from autograd import Value, apply, no_grad, topological_order
from autograd.errors import GraphError
from autograd.visual.player import player
from autograd.visual.player.content import MOST, MOST_OPERANDS, content_of
from autograd.visual.player.player import play


def textbook():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f


def network(sizes=(3, 1)):
    model = nn.MLP(2, list(sizes), activation="sigmoid", output="sigmoid", generator=0)
    return nn.squared_error(model([1.0, 1.0]), 0.0)


def told(page):
    """The JSON that a page is given."""
    [text] = re.findall(r'<script type="application/json" id="graph">(.*?)</script>', page.html)
    return json.loads(text)


def open_scopes(page):
    return [view["open"] for view in told(page)["views"]]


# --- what the page is told ----------------------------------------------------------


def test_nodes_say_what_they_are_and_how_they_were_made():
    x, y, z = (
        {"name": name, "named": True, "scope": "", "data": data, "trained": True}
        for name, data in [("x", -2.0), ("y", 5.0), ("z", -4.0)]
    )
    content, _ = content_of(textbook())
    assert content["nodes"][:2] == [x, y]
    assert content["nodes"][3] == z
    q, f = content["nodes"][2], content["nodes"][4]
    assert (q["op"], q["symbol"], q["parents"], q["local"]) == ("add", "+", [0, 1], ["1", "1"])
    assert (f["op"], f["symbol"], f["parents"], f["local"]) == (
        "mul",
        "\N{MULTIPLICATION SIGN}",
        [2, 3],
        ["z", "q"],
    )
    assert content["obstacle"] == ""


def test_every_operand_has_an_edge_and_boxes_do_not_overlap():
    a = Value(3.0, "a")
    content, _ = content_of(a * a + a)
    [view] = content["views"]
    assert sorted((edge["tail"], edge["head"]) for edge in view["edges"]) == [
        (0, 1), (0, 1), (0, 2), (1, 2),
    ]  # fmt: skip
    for one, other in itertools.combinations(view["boxes"], 2):
        assert (
            one["x"] + one["width"] <= other["x"]
            or other["x"] + other["width"] <= one["x"]
            or one["y"] + one["height"] <= other["y"]
            or other["y"] + other["height"] <= one["y"]
        )
    for edge in view["edges"]:
        tail, head = view["boxes"][edge["tail"]], view["boxes"][edge["head"]]
        assert edge["points"][0][0] == pytest.approx(tail["x"] + tail["width"], abs=0.2)
        assert edge["points"][-1][0] == pytest.approx(head["x"], abs=0.2)
        assert len(edge["points"]) % 3 == 1


def test_operands_enter_in_the_order_in_which_they_are_written():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    content, _ = content_of((y - x * y) * (x / y - y / x))
    [view] = content["views"]
    ends = {}
    for edge in view["edges"]:
        ends.setdefault(edge["head"], []).append(edge["points"][-1][1])
    ordered = [box for box, node in enumerate(content["nodes"]) if node.get("op") in ("sub", "div")]
    assert len(ordered) == 4
    for box in ordered:
        first, second = ends[box]
        assert first < second


@pytest.mark.parametrize(
    ("build", "formulas"),
    [
        (lambda a, b: a / b, ["1/b", "−f/b"]),
        (lambda a, b: a.tanh(), ["1 − f²"]),
        (lambda a, b: a**2, ["2a", ""]),
        (lambda a, b: 3.0 * a, ["a", "3"]),
        (lambda a, b: autograd.dot([a, b], [b, 2.0]), ["b", "2", "a", "b"]),
        (lambda a, b: a.relu(), [""]),  # another formula for other numbers
        (lambda a, b: autograd.max([a, b]), ["", ""]),
    ],
)
def test_local_derivatives_are_written_with_the_names_in_them(build, formulas):
    f = build(Value(0.5, "a"), Value(2.0, "b"))
    f.label = "f"
    content, _ = content_of(f)
    assert content["nodes"][-1]["local"] == formulas


def test_a_constant_named_by_its_variable_stands_in_local_derivatives():
    """The page lets it be edited: its number would be wrong then."""
    x, rate = Value(3.0, "x"), Value(2.0, requires_grad=False)
    for names, formulas in ((None, ["2", "x"]), ({"rate": rate}, ["rate", "x"])):
        content, _ = content_of(x * rate, names=names)
        assert content["nodes"][-1]["local"] == formulas


def test_names_in_a_users_rule_are_written_as_they_are():
    def scaled(x):
        return SCALE * x, SCALE

    scaled = autograd.op(scaled)
    assert content_of(scaled(Value(2.0, "x")))[0]["nodes"][1]["local"] == ["SCALE"]


SCALE = 3.0


def test_values_without_a_name_get_one_that_nobody_has():
    x = Value(1.0, "v1")
    hidden = [node["name"] for node in content_of((x * 2.0 + 1.0).tanh())[0]["nodes"]]
    assert hidden == ["v₁", "2", "v₂", "1", "v₃", "L"]
    w = Value(2.0)
    named = content_of(x * w, names={"w": w})[0]["nodes"]
    assert [node["name"] for node in named] == ["v₁", "w", "L"]


def test_a_small_network_is_open_at_first_and_has_a_view_for_every_scope():
    layers = [["mlp", f"mlp/layer{layer}"] for layer in range(2)]
    neurons = [[*layers[0], f"mlp/layer0/neuron{i}"] for i in range(3)]
    views = open_scopes(play(network()))
    assert len(views[0]) == 1 + 2 + 4
    assert sorted(views[1:]) == sorted(
        [[], ["mlp"], *layers, *neurons, [*layers[1], "mlp/layer1/neuron0"],
         ["mlp", "mlp/layer0", "mlp/layer1"]]
    )  # fmt: skip


def test_parameters_of_neurons_are_told_apart():
    names = [node["name"] for node in told(play(network()))["nodes"] if node["scope"]]
    assert {"w₀,₂,₁", "b₁,₀"} <= set(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("collapse", "opened"),
    [
        ("layer", ["mlp"]),
        (1, []),
        ("neuron", ["mlp", "mlp/layer0", "mlp/layer1"]),
    ],
)
def test_collapse_says_what_is_open_at_first(collapse, opened):
    assert open_scopes(play(network(), collapse=collapse))[0] == opened


def test_a_large_network_starts_with_few_boxes():
    content, _ = content_of(network((16, 16, 1)))
    assert content["views"][0]["open"] == ["mlp"]
    assert len(content["views"][0]["boxes"]) < 10
    assert max(len(view["open"]) for view in content["views"]) == 3  # never all of 440 values


def test_playing_changes_no_gradient():
    f = textbook()
    f.backward(2.0)
    before = [value.grad for value in topological_order(f)]
    play(f, bugs="overwrite")
    assert [value.grad for value in topological_order(f)] == before


# --- what it refuses ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bugs": "all"}, "bugs must be None, 'overwrite', .*, got 'all'"),
        ({"theme": "pink"}, "theme must be 'auto', 'light', .*, got 'pink'"),
        ({"rankdir": "XY"}, "rankdir"),
        ({"collapse": "brain"}, "brain"),
    ],
)
def test_options_that_do_not_exist(options, message):
    with pytest.raises(ValueError, match=message):
        play(textbook(), **options)


def test_only_values_that_require_a_gradient_are_played():
    with pytest.raises(TypeError, match=r"play takes a Value, got float 2\.0"):
        play(2.0)
    with no_grad():
        out = textbook()
    with pytest.raises(GraphError, match="requires a gradient"):
        play(out)


def test_too_many_values_are_refused_with_advice():
    out = Value(1.0)
    for _ in range(MOST):
        out = -out
    with pytest.raises(GraphError, match=f"{MOST + 1} values are too many.*play one sample"):
        play(out)


def test_a_leaf_that_has_changed_since_is_refused():
    x = Value(2.0, "x")
    out = x * x
    x.data = 3.0
    with pytest.raises(GraphError, match=r"mul has computed 4\.0.*\(3\.0, 3\.0\).*again"):
        play(out)


def test_a_player_is_saved_as_a_page(tmp_path):
    page = play(textbook())
    path = page.save(tmp_path / "f.html")
    assert path.read_text(encoding="utf-8") == page.html
    with pytest.raises(ValueError, match=r"f\.svg.*use \.html"):
        page.save(tmp_path / "f.svg")


# --- safety ---------------------------------------------------------------------------


def test_labels_cannot_leave_the_data_of_the_page():
    label = '</script><img src=x onerror="alert(1)">&'
    page = play(Value(1.0, label) * 2.0)
    assert "<img" not in page.html
    assert page.html.count("</script>") == 2
    assert told(page)["nodes"][0]["name"].startswith("</script><img")


def test_every_script_of_the_folder_is_in_the_page():
    folder = Path(player.__file__).parent
    assert {script.stem for script in folder.glob("*.js")} == set(player.SCRIPTS)
    html = play(textbook()).html
    for asset in (*folder.glob("*.js"), folder / "player.css", folder / "player.html"):
        assert asset.read_text(encoding="utf-8") in html


def test_a_page_names_no_other_resource():
    page = play(network()).html
    assert set(re.findall(r"\w+://[^\s\"']*", page)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page
    for attribute in ("src=", "href=", "@import", "url("):
        assert attribute not in page


def test_a_notebook_gets_a_sandboxed_frame_and_a_still_picture():
    bundle = play(textbook())._repr_mimebundle_()
    assert bundle["text/plain"] == "<Player of 5 values>"
    assert bundle["image/svg+xml"].lstrip().startswith(("<svg", "<?xml"))
    assert 'sandbox="allow-scripts"' in bundle["text/html"]
    assert "data:image/svg+xml;base64," in bundle["text/html"]


# --- rules that the page cannot compute ------------------------------------------------


def test_a_rule_without_javascript_is_played_but_not_edited():
    def lookup(x):
        table = {1.0: (10.0, 2.0)}
        return table[x]

    content, script = content_of(apply(lookup, Value(1.0, "x")))
    assert "lookup" in content["obstacle"]
    assert content["nodes"][1]["data"] == 10.0
    assert "rule_lookup" not in script


def test_a_rule_that_only_shares_the_name_of_ours_is_not_computed_as_ours():
    def relu(x):
        return (x, 1.0) if x > 0.0 else (0.0, 0.5)

    content, _ = content_of(apply(relu, Value(-1.0, "x")))
    assert content["obstacle"].startswith("relu, line 2: a formula ends with one return")
    assert content["nodes"][1]["partials"] == [0.5]

    def tanh(x):
        return 2.0 * x, 2.0

    content, rules = content_of(apply(tanh, Value(-1.0, "x")))
    assert not content.get("obstacle")
    assert "Math.tanh" not in rules


# --- bounds ---------------------------------------------------------------------------


def test_an_operand_used_again_and_again_is_one_edge_to_play():
    x = Value(2.0, "x")
    page = play(autograd.sum([x] * 4000))
    [view] = told(page)["views"]
    assert [(edge["tail"], edge["head"]) for edge in view["edges"]] == [(0, 1)]
    assert told(page)["nodes"][1]["parents"] == [0] * 4000
    assert len(told(play(autograd.sum([x] * 6)))["views"][0]["edges"]) == 6


def test_the_local_derivatives_of_a_wide_operation_are_numbers():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    narrow, wide = autograd.dot([x] * 32, [y] * 32), autograd.dot([x] * 33, [y] * 33)
    assert told(play(narrow))["nodes"][2]["local"] == ["y"] * 32 + ["x"] * 32
    assert told(play(wide))["nodes"][2]["local"] == [""] * 66


def test_too_many_operands_are_refused_with_advice():
    x = Value(2.0, "x")
    play(autograd.sum([x] * MOST_OPERANDS))
    with pytest.raises(
        GraphError, match=r"2 values with 8,001 operands are too many to play.*8,000.*one neuron"
    ):
        play(autograd.sum([x] * (MOST_OPERANDS + 1)))
