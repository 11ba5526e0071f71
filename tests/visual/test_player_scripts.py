"""The scripts of the player, run by Node: they compute what the engine computes."""

import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from reference import random_graph, run

import autograd
from autograd import Value, apply, scope, topological_order
from autograd.visual.player import player
from autograd.visual.player.content import content_of
from autograd.visual.player.player import BUGS

NODE = shutil.which("node") or shutil.which("nodejs")
needs_node = pytest.mark.skipif(NODE is None, reason="node was not found")


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
