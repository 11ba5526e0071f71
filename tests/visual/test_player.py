"""The player, without a browser: what its page is told, and what its scripts make of it."""

# ruff: noqa: RUF001 - mathematics has letters of its own

import ast
import itertools
import json
import math
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from reference import is_sequence_rule, random_graph, run

import autograd
import nn
from autograd import Value, apply, no_grad, ops, scope, topological_order
from autograd.calculus.formula import formula_for
from autograd.errors import GraphError
from autograd.visual.player import content, player
from autograd.visual.player.content import MOST, MOST_OPERANDS, content_of
from autograd.visual.player.player import BUGS, play

NODE = shutil.which("node") or shutil.which("nodejs")
needs_node = pytest.mark.skipif(NODE is None, reason="node was not found")


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


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_a_local_derivative_that_is_written_is_the_partial(rule):
    count = 3 if is_sequence_rule(rule) else rule.__code__.co_argcount
    domain = ops.TABLE[rule].domain
    domain += domain[-1:] * count
    count += rule is ops.dot
    for share in (0.1, 0.45, 0.9):  # also on the other side of kinks
        numbers = [low + share * (high - low) for low, high in domain[:count]]
        leaves = [Value(x, f"x{i}") for i, x in enumerate(numbers)]
        node = apply(rule, *leaves)
        node.label = "out"
        known = vars(autograd.functions) | {"math": math, "prod": lambda *x: math.prod(x)}
        known |= {"out": node.data, "SQRTPI": ops.SQRTPI, "SQRT2PI": ops.SQRT2PI}
        known |= {"LN2": ops.LN2, "LN10": ops.LN10, "SQRT2": ops.SQRT2}
        known |= {leaf.label: leaf.data for leaf in leaves}
        names = [ast.Name(leaf.label, ast.Load()) for leaf in leaves]
        for position, partial in enumerate(node.partials):
            written = content._partial(
                node, rule, formula_for(rule), position, names, ast.Name("out", ast.Load())
            )
            if written is not None:
                value = eval(ast.unparse(written), dict(known))  # noqa: S307 - our own formula
                assert math.isclose(value, partial, rel_tol=1e-9, abs_tol=1e-12)


def test_names_in_a_users_rule_are_written_as_they_are():
    def scaled(x):
        return SCALE * x, SCALE

    scaled = autograd.op(scaled)
    assert content_of(scaled(Value(2.0, "x")))[0]["nodes"][1]["local"] == ["SCALE"]


SCALE = 3.0


def test_values_without_a_name_get_one_that_nobody_has():
    x = Value(1.0, "v1")
    hidden = [node["name"] for node in content_of((x * 2.0 + 1.0).tanh())[0]["nodes"]]
    assert hidden == ["v1", "2", "v₂", "1", "v₃", "L"]
    w = Value(2.0)
    named = content_of(x * w, names={"w": w})[0]["nodes"]
    assert [node["name"] for node in named] == ["v1", "w", "L"]


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
    [("layer", ["mlp"]), (1, []), ("neuron", ["mlp", "mlp/layer0", "mlp/layer1"])],
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


@needs_node
def test_a_users_operation_is_computed_in_the_page():
    @autograd.op
    def cube(x):
        return x * x * x, 3.0 * x * x

    @autograd.op
    def step(x):
        return 0 if x < 0 else 1, 0  # ints, where a float is meant

    x = Value(2.0, "x")
    got = in_node(cube(x) * x * step(x))
    assert got["data"] == [2.0, 8.0, 16.0, 1.0, 16.0]
    assert got["backward"][0] == 4 * 2.0**3


# --- the scripts, run by node -----------------------------------------------------------

RUNNER = """
const content = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { views, ...graph } = content;
const { data, partials } = forwardPass(graph, graph.nodes.map((node) => Number(node.data)));
const played = (view, bug) => {
  const steps = lesson(graph, view, bug);
  const { known, gradients } = stateAfter(graph, partials, steps, steps.length - 1, bug);
  const results = graph.nodes.filter((node) => node.parents).length;
  if (known.size !== results) throw new Error(`${known.size} of ${results} computed`);
  return graph.nodes.map((_, number) => gradients.get(number) ?? 0);
};
const consumers = consumersOf(graph);
console.log(JSON.stringify({
  data,
  backward: backwardPass(graph, partials),
  right: views.map((view) => played(view, null)),
  bugs: Object.fromEntries(BUGS.map((bug) => [bug, played(views[0], bug)])),
  harmless: Object.fromEntries(BUGS.map((bug) => [
    bug, isHarmless(graph, views[0], partials, backwardPass(graph, partials), bug)])),
  counts: pathCounts(graph, consumers).map(String),
  paths: graph.nodes.map((_, number) => somePaths(graph, consumers, number, 1000).map((path) =>
    path.reduce((product, [above, slot]) => product * partials[above][slot], 1))),
}));
"""


def in_node(root):
    content, rules = content_of(root)
    scripts = [player._asset(f"{name}.js") for name in ("graph", "steps")]
    done = subprocess.run(
        [NODE, "-e", "\n".join([rules, f"const BUGS = {list(BUGS)};", *scripts, RUNNER])],
        input=json.dumps(content),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)


def overwriting(root):
    order = topological_order(root)
    grads = {root: 1.0}
    for value in reversed(order):
        for parent, partial in zip(value.parents, value.partials, strict=True):
            if parent.requires_grad:
                grads[parent] = grads[value] * partial
    return [grads.get(value, 0.0) for value in order]


def depth_first(root):
    grads = {root: 1.0}
    visited = {root}

    def visit(value):
        for parent, partial in zip(value.parents, value.partials, strict=True):
            if parent.requires_grad:
                grads[parent] = grads.get(parent, 0.0) + grads[value] * partial
                if parent not in visited:
                    visited.add(parent)
                    visit(parent)

    visit(root)
    return [grads.get(value, 0.0) for value in topological_order(root)]


def never_reset(root):
    order = topological_order(root)
    for value in order:
        value.zero_grad()
    root.backward()
    root.backward()  # what the engine really does
    return [value.grad for value in order]


WRONG = {
    "overwrite": overwriting,
    "no_topological_order": depth_first,
    "no_zero_grad": never_reset,
}


def close(got, expected):
    size = max(map(abs, expected), default=0.0)
    return all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12 * size)
        for a, b in zip(got, expected, strict=True)
    )


def random_root(seed):
    """A random graph of most operations, in random scopes."""
    rng = random.Random(seed)
    names = ["add", "mul", "sub", "div", "tanh", "sigmoid", "exp", "log", "sum", "dot", "prod"]
    leaves = [rng.uniform(0.5, 2.0) for _ in range(3)]
    steps = random_graph(rng, [*names, "norm", "square", "softplus", "mean"], leaves, 12)

    def call(name, operands):
        with scope(rng.choice("ABC")):
            if rng.random() < 0.3:
                with scope("inner"):
                    return apply(getattr(autograd.ops, name), *operands)
            return apply(getattr(autograd.ops, name), *operands)

    return run(steps, [Value(x) for x in leaves], call)


@needs_node
@pytest.mark.parametrize("seed", range(6))
def test_the_page_computes_what_the_engine_computes_in_every_view(seed):
    root = random_root(seed)
    root.backward()
    order = topological_order(root)
    got = in_node(root)
    gradients = [value.grad for value in order]
    assert close(got["data"], [value.data for value in order])
    assert close(got["backward"], gradients)
    assert len(got["right"]) > 2
    for shown in got["right"]:
        assert close(shown, gradients)
    for bug, wrong in WRONG.items():
        assert close(got["bugs"][bug], wrong(root)), bug


@needs_node
def test_nan_and_infinity_get_through():
    x, y = Value(math.inf), Value(math.nan)
    got = in_node((x * 2.0).maximum(-1.0) + y)
    assert got["data"][:3] == [None, 2.0, None]  # JSON has no word for infinity
    obstacle, _ = content_of(apply(lambda x: (x, -math.inf), x))
    assert [node["data"] for node in obstacle["nodes"]] == ["Infinity", "Infinity"]
    assert obstacle["nodes"][1]["partials"] == ["-Infinity"]


@needs_node
@pytest.mark.parametrize("bug", BUGS)
def test_the_mistakes_on_the_smallest_graph_that_shows_them(bug):
    a = Value(3.0, "a")
    b = a + a
    c = b + b
    by_hand = {  # of a, b and c; right are 4, 2 and 1
        "overwrite": [1.0, 1.0, 1.0],
        "no_topological_order": [2.0, 2.0, 1.0],
        "no_zero_grad": [4.0 + 4.0, 2.0, 1.0],  # only the leaf keeps what it had
    }
    assert in_node(c)["bugs"][bug] == by_hand[bug] == WRONG[bug](c)


@needs_node
def test_a_second_backward_adds_to_leaves_and_begins_anew_in_between():
    a = Value(3.0, "a")
    d = (a + a) * a  # 2a², so 4a = 12
    assert in_node(d)["bugs"]["no_zero_grad"] == [24.0, 3.0, 1.0] == never_reset(d)
    alone = Value(3.0, "alone")
    assert in_node(alone)["bugs"]["no_zero_grad"] == [2.0] == never_reset(alone)


@needs_node
def test_mistakes_that_do_no_harm_are_known():
    a, b = Value(3.0, "a"), Value(2.0, "b")
    chain = (a * b).tanh()
    assert in_node(chain)["harmless"] == {
        "overwrite": True, "no_topological_order": True, "no_zero_grad": False,
    }  # fmt: skip
    once_more = a * a
    assert in_node(once_more)["harmless"] == {
        "overwrite": False, "no_topological_order": True, "no_zero_grad": False,
    }  # fmt: skip


@needs_node
def test_products_along_the_paths_add_up_to_the_gradient():
    root = random_root(1)
    root.backward()
    got = in_node(root)
    for value, count, products in zip(
        topological_order(root), got["counts"], got["paths"], strict=True
    ):
        assert int(count) == len(products) < 1000
        assert math.isclose(math.fsum(products), value.grad, rel_tol=1e-9, abs_tol=1e-12)


@needs_node
def test_very_many_paths_are_counted_but_not_walked():
    out = Value(1.0)
    for _ in range(60):
        out = out + out
    got = in_node(out)
    assert got["counts"][0] == str(2**60)
    assert len(got["paths"][0]) == 1000


def test_nodes_that_choose_say_which_operands_they_may_leave_out():
    x = Value(0.0, "x")
    content, _ = content_of(autograd.where(0.0, autograd.sqrt(x), x).elu() + x)
    chooses = {node.get("op", ""): node.get("chooses") for node in content["nodes"]}
    assert chooses["where"] == [True, True, True]
    assert chooses["elu"] == [False, True]
    assert chooses["sqrt"] is None


@needs_node
def test_the_player_passes_nothing_to_the_side_not_taken():
    x = Value(0.0, "x")
    steep = autograd.sqrt(x)
    root = autograd.where(0.0, steep * 2.0, x * 3.0) + autograd.relu(steep - 1.0)
    content, script = content_of(root)
    folder = Path(player.__file__).parent
    program = script + (folder / "graph.js").read_text(encoding="utf-8")
    program += """
const graph = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { partials } = forwardPass(graph, graph.nodes.map((node) => Number(node.data)));
console.log(JSON.stringify(backwardPass(graph, partials).map(String)));
"""
    done = subprocess.run(
        [NODE, "-e", program],
        input=json.dumps(content),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    gradients = dict(
        zip([node["name"] for node in content["nodes"]], json.loads(done.stdout), strict=True)
    )
    assert gradients["x"] == "3"
    assert "NaN" not in gradients.values()


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
