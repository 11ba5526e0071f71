"""What a picture shows: boxes and edges, and labels that are safe to show."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import math

import pytest

import autograd
import nn
from autograd import Value, apply, no_grad, scope
from autograd.errors import GraphError
from autograd.visual.graph.model import MOST, TIMES, Box, Edge, Graph, Show, graph_of


def shown(root, **options):
    return graph_of(root, Show(**options))


def boxes_of(root, **options):
    return {box.label or box.op or box.data: box for box in shown(root, **options).boxes}


def edges_of(root, **options):
    """The edges as {(what they come from, what they go to): label}."""
    graph = shown(root, **options)
    names = [box.label or box.op or box.data for box in graph.boxes]
    return {(names[edge.tail], names[edge.head]): edge.label for edge in graph.edges}


def test_boxes_and_edges_of_a_small_graph():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    out = x * y + x
    out.label = "out"
    assert graph_of(out) == Graph(
        boxes=(
            Box("box0", "x", "", "2", "—"),
            Box("box1", "y", "", "−3", "—"),
            Box("box2", "", "*", "−6", "—", called="v₁"),
            Box("box3", "out", "+", "−4", "—"),
        ),
        edges=(Edge(0, 2), Edge(1, 2), Edge(2, 3), Edge(0, 3)),
        values=4,
        root_box=3,
        root="out",
    )


def test_gradients_appear_with_backward_and_go_with_zero_grad():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    out = x * y
    assert [box.grad for box in graph_of(out).boxes] == ["—", "—", "—"]
    out.backward()
    assert [box.grad for box in graph_of(out).boxes] == ["−3", "2", "1"]
    x.zero_grad()
    assert [box.grad for box in graph_of(out).boxes] == ["—", "2", "1"]
    y.grad = 0  # as micrograd's zero_grad does
    assert [box.grad for box in graph_of(out).boxes] == ["—", "—", "1"]


def test_a_gradient_that_is_zero_is_shown_as_a_number():
    x = Value(-2.0, "x")
    out = x.relu()
    assert boxes_of(out)["x"].grad == "—"
    out.backward()
    assert boxes_of(out)["x"].grad == "0"


def test_what_backward_did_not_reach_shows_none():
    x = Value(2.0, "x")
    inner = x * x
    inner.label = "inner"
    outer = inner + 1.0
    outer.label = "outer"
    inner.backward()
    shown = boxes_of(outer)
    assert (shown["x"].grad, shown["inner"].grad, shown["outer"].grad) == ("4", "1", "—")


def test_an_assigned_gradient_is_shown():
    x = Value(2.0, "x")
    x.grad = 0.5
    assert boxes_of(x)["x"].grad == "0.5"


def test_constants_have_no_gradient():
    x = Value(2.0, "x")
    out = x * 3.0
    assert [box.grad for box in graph_of(out).boxes] == ["—", "", "—"]
    out.backward()
    assert [box.grad for box in graph_of(out).boxes] == ["3", "", "1"]
    frozen = Value(1.0, "frozen", requires_grad=False)
    assert {box.grad for box in graph_of(frozen * frozen).boxes} == {""}


def test_repeated_parents_have_an_edge_each():
    x = Value(2.0, "x")
    graph = graph_of(x * x)
    assert len(graph.boxes) == 2
    assert graph.edges == (Edge(0, 1), Edge(0, 1))


def test_a_leaf_alone_and_a_result_without_history():
    assert graph_of(Value(2.0, "x")) == Graph((Box("box0", "x", "", "2", "—"),), (), 1, 0, "x")
    with no_grad():
        out = Value(2.0) * 3.0
    assert graph_of(out) == Graph((Box("box0", "", "", "6", "", constant=True),), (), 1, 0)


def test_operations_are_drawn_by_their_symbols():
    x = Value(0.5)

    def cube(x):
        return x * x * x, 3.0 * x * x

    for out, symbol in [
        (x + x, "+"),
        (x - x, "-"),
        (x * x, "*"),
        (x / x, "/"),
        (x**x, "**"),
        (x.tanh(), "tanh"),
        (x.relu(), "ReLU"),
        (apply(cube, x), "cube"),
    ]:
        assert graph_of(out).boxes[-1].op == symbol


@pytest.mark.parametrize(
    ("number_format", "data", "grad"),
    [(".4g", "3.142", "6.283"), (".2f", "3.14", "6.28"), ("+.1e", "+3.1e+00", "+6.3e+00")],
)
def test_numbers_are_shown_in_the_format_asked_for(number_format, data, grad):
    x = Value(math.pi, "x")
    (x * x).backward()
    box = shown(x, number_format=number_format).boxes[0]
    assert (box.data, box.grad) == (data, grad)


def test_the_default_format_is_four_digits():
    assert boxes_of(Value(math.pi, "x"))["x"].data == "3.142"
    assert boxes_of(Value(123456.0, "x"))["x"].data == "1.235e+05"
    assert boxes_of(Value(math.nan, "x"))["x"].data == "nan"


def test_a_number_in_any_format_is_safe_to_show():
    assert shown(Value(1.5), number_format="\0>6.1f").boxes[0].data == "\ufffd" * 3 + "1.5"


def test_more_boxes_than_anyone_could_read_are_refused():
    out = Value(0.0)
    for _ in range(MOST - 1):
        out = -out
    assert len(shown(out, collapse=None).boxes) == MOST
    with pytest.raises(GraphError, match=f"{MOST + 1} boxes cannot be drawn.*at most {MOST}"):
        shown(-out, collapse=None)


@pytest.mark.parametrize("name", ["label", "rule"])
def test_texts_of_users_are_made_safe(name):
    def rule(x):
        return x, 1.0

    text = "bad\n\ud800" + "x" * 50
    rule.__name__ = text
    box = graph_of(apply(rule, Value(1.0))).boxes[-1] if name == "rule" else None
    box = box or graph_of(Value(1.0, text)).boxes[0]
    assert (box.op or box.label) == "bad\ufffd\ufffd" + "x" * 34 + "…"


# --- what edges show ---------------------------------------------------------------


def chain():
    """f = (x + y) * z at the textbook's numbers, with its gradients."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    f.backward()
    return f, x


def test_edges_show_nothing_unless_asked():
    assert set(edges_of(chain()[0]).values()) == {""}
    assert {edge.weight for edge in graph_of(chain()[0]).edges} == {None}


def test_local_derivatives_on_edges():
    # dq/dx = dq/dy = 1, df/dq = z = -4, df/dz = q = 3
    local = {("x", "q"): "1", ("y", "q"): "1", ("q", "f"): "−4", ("z", "f"): "3"}
    assert edges_of(chain()[0], edges="local") == local


def test_contributions_on_edges():
    flow = {("x", "q"): "−4", ("y", "q"): "−4", ("q", "f"): "−4", ("z", "f"): "3"}
    assert edges_of(chain()[0], edges="flow") == flow


def test_weights_of_edges_are_logarithmic():
    """Each factor of ten less is a quarter thinner; four of them and more are thinnest."""
    x = Value(1.0, "x")
    factors = [1000.0, 100.0, 10.0, 0.1, 0.001, 0.0]
    out = sum((x * Value(f, requires_grad=False) for f in factors), Value(0.0))
    out.backward()
    graph = shown(out, edges="flow")
    position = {box.label: i for i, box in enumerate(graph.boxes)}["x"]
    weights = [edge.weight for edge in graph.edges if edge.tail == position]
    assert weights == pytest.approx([1.0, 0.75, 0.5, 0.0, 0.0, 0.0])


def test_constants_have_no_local_derivative_and_no_flow():
    out = Value(2.0, "x") * 3.0
    out.backward()
    for edges in ("local", "flow"):
        found = shown(out, edges=edges).edges
        assert [(edge.constant, edge.label) for edge in found] == [(False, "3"), (True, "")]


def test_flow_before_backward_says_so():
    out = Value(2.0) * Value(3.0)
    graph = shown(out, edges="flow")
    assert graph.notes == ("no gradients yet: call backward()",)
    assert {(edge.label, edge.weight) for edge in graph.edges} == {("", None)}
    assert {box.grad for box in graph.boxes} == {"—"}
    assert shown(out).notes == ()
    out.backward()
    assert shown(out, edges="flow").notes == ()
    with no_grad():
        constant = Value(2.0) * 3.0
    assert shown(constant, edges="flow").notes == ()  # backward() would be refused


def test_at_a_branch_the_contributions_and_their_sum_are_seen():
    a, b, c = Value(1.0, "a"), Value(-4.0, "b"), Value(1.5, "c")
    root = a * b + a * c
    root.backward()
    boxes = boxes_of(root, edges="flow")
    assert (boxes["a"].grad, boxes["b"].grad) == ("−4 + 1.5 = −2.5", "1")
    assert boxes_of(root)["a"].grad == "−2.5"


def test_gradients_of_earlier_calls_are_a_term_of_their_own():
    a = Value(3.0, "a")
    root = a * a
    root.backward()
    assert boxes_of(root, edges="flow")["a"].grad == "3 + 3 = 6"
    root.backward()
    assert boxes_of(root, edges="flow")["a"].grad == "3 + 3 + 6 = 12"


def test_many_contributions_are_counted():
    a = Value(3.0, "a")
    root = sum((a * float(k) for k in range(1, 7)), Value(0.0))
    root.backward()
    assert boxes_of(root, edges="flow")["a"].grad == "6 terms = 21"


def test_contributions_of_any_size_can_be_shown():
    tiny, huge = Value(1.0, "tiny"), Value(1.0, "huge")
    root = tiny * 5e-324 + huge * 1e300
    root.backward()
    weights = {edge.weight for edge in shown(root, edges="flow").edges}
    assert weights == {None, 0.0, 1.0}
    both = Value(1.0, "both")
    root = both * math.inf + both * -math.inf + both
    root.backward()
    assert boxes_of(root, edges="flow")["both"].grad == "inf − inf + 1 = nan"


def test_flow_of_a_value_alone():
    x = Value(2.0, "x")
    x.backward()
    assert boxes_of(x, edges="flow")["x"].grad == "1"


# --- highlight -----------------------------------------------------------------------


def on_path(root, **options):
    return {name: box.on_path for name, box in boxes_of(root, **options).items()}


def test_one_path_and_its_product():
    f, x = chain()
    assert shown(f, highlight=x).notes == ("∂f/∂x = −4",)
    expected = {"x": True, "q": True, "f": True, "y": False, "z": False}
    assert on_path(f, highlight=x) == expected
    # Only the edges of the path show their derivatives.
    labels = {("x", "q"): "1", ("q", "f"): "−4", ("y", "q"): "", ("z", "f"): ""}
    assert edges_of(f, highlight=x) == labels


def test_a_few_paths_are_written_out():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    out = x * x + x * y  # 3 + 3 + 2
    out.label = "out"
    (note,) = shown(out, highlight=[x]).notes
    left, *terms, total = note.replace(" = ", " + ").split(" + ")
    assert (left, total) == ("∂out/∂x", "8")
    assert sorted(terms) == ["2", "3", "3"]  # factors of 1 are left out


def test_many_paths_are_counted_not_listed():
    v = x = Value(1.0, "x")
    for _ in range(60):
        v = v + v
    assert shown(v, highlight=x).notes == (
        f"∂L/∂x = {2.0**60:.4g}, the sum over about 10^18 paths",
    )
    u = y = Value(1.0, "y")
    for _ in range(10):
        u = u + u
    assert shown(u, highlight=y).notes == ("∂L/∂y = 1024, the sum over 1,024 paths",)


def test_paths_whose_products_are_long_have_a_line_each():
    x = Value(0.1, "x")
    root = 2.0 * x.tanh().tanh().tanh().tanh().tanh() + x.sin().sin().sin().sin().sin().sin()
    first, *products = shown(root, highlight=x).notes
    assert first.endswith("the sum over 2 paths:")
    assert [product.count("\N{MULTIPLICATION SIGN}") for product in products] == [5, 5]


def test_a_long_path_is_shortened():
    v = x = Value(0.1, "x")
    for _ in range(30):
        v = v.tanh()
    (note,) = shown(v, highlight=x).notes
    assert "… 22 more …" in note


def test_several_values_each_have_a_note():
    f, x = chain()
    y = f.parents[0].parents[1]
    assert [note[:5] for note in shown(f, highlight=[x, y, x]).notes] == ["∂f/∂x", "∂f/∂y"]


def test_the_root_and_a_constant_highlighted():
    x = Value(2.0, "x")
    root = x * 3.0
    root.label = "root"
    assert shown(root, highlight=root).notes == ("∂root/∂root = 1",)
    three = root.parents[1]
    assert {edge.on_path for edge in shown(root, highlight=three).edges} == {False}
    assert shown(root, highlight=three).notes == ("∂root/∂value: no gradient flows to a constant",)


def test_a_root_without_a_label_is_called_by_one_rule():
    x = Value(2.0, "x")
    graph = shown(x * 3.0, highlight=x)
    assert (graph.notes, graph.boxes[-1].called) == (("∂L/∂x = 3",), "L")
    assert [(box.label, box.called) for box in shown(x * 3.0).boxes] == [
        ("x", ""), ("", ""), ("", "L"),
    ]  # fmt: skip
    taken = Value(2.0, "L")
    assert shown(taken * 3.0, highlight=taken).notes == ("∂v₁/∂L = 3",)


def test_no_false_product_after_an_edit():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = x * x
    y.label = "y"
    x.data = 5.0
    graph = shown(y * w, highlight=[x, w])
    assert graph.notes == ("∂L/∂x: a leaf was changed since, so compute L again", "∂L/∂w = 4")
    assert {box.label or box.called: box.flag for box in graph.boxes} == {
        "x": "", "w": "", "y": "out of date", "L": "",
    }  # fmt: skip


def test_the_heading_names_the_parameter_of_one_neuron():
    model = nn.MLP(2, [2, 1], generator=0)
    graph = shown(model([1.0, 2.0]), highlight=model.layers[0].neurons[1].b)
    (note,) = graph.notes
    assert note.startswith("∂L/∂b₀,₁ = ")
    assert {box.label for box in graph.boxes} >= {"b₀,₀", "b₀,₁", "b₁,₀", "w₀,₁,₁"}


def test_only_values_of_the_graph_are_highlighted():
    f, _ = chain()
    with pytest.raises(GraphError, match="does not depend on it"):
        shown(f, highlight=Value(1.0))
    with pytest.raises(TypeError, match="'x'"):
        shown(f, highlight=["x"])


# --- collapsed -----------------------------------------------------------------------


def test_a_collapsed_layer():
    layer = nn.Layer(2, 3, "identity", generator=0)
    inputs = [Value(1.0, requires_grad=False), Value(-1.0, requires_grad=False)]
    with scope("layer0"):
        for neuron, numbers in zip(layer.neurons, [(1, 2, 3), (4, 5, 6), (-7, 0, 0)], strict=True):
            with scope(f"neuron{layer.neurons.index(neuron)}"):
                neuron.w = [Value(float(number)) for number in numbers[:2]]
                neuron.b = Value(float(numbers[2]))
        outputs = layer(inputs)
    out = outputs[0] + 2.0 * outputs[1] + outputs[2]
    out.backward()
    graph = shown(out, collapse="layer")
    box = next(box for box in graph.boxes if box.size)
    assert (box.label, box.scope, box.data) == ("layer0", "layer0", "")
    assert box.size == "15 values, 9 parameters"  # and a dot and a sum in each neuron
    parameters, gradients = box.heat
    assert parameters.rows == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (-7.0, 0.0, 0.0))
    assert gradients.rows == ((1.0, -1.0, 1.0), (2.0, -2.0, 2.0), (1.0, -1.0, 1.0))
    assert box.grad == f"{math.sqrt(18.0):.4g}"
    assert graph.values == 15 + 2 + 4  # with the inputs, and 2, *, +, + outside


def test_a_collapsed_neuron_shows_its_output():
    neuron = nn.MLP(2, [1], output="tanh", generator=0)
    out = neuron([0.5, -1.0])
    out.backward()
    box = shown(out, collapse="neuron").boxes[0]
    assert (box.data, box.heat) == (f"{out.data:.4g}".replace("-", "−"), None)


def test_a_collapsed_neuron_shows_the_derivative_by_its_sum():
    model = nn.MLP(2, [2, 1], "sigmoid", "sigmoid", generator=0)
    loss = nn.squared_error(model([1.0, 1.0]), 0.0)
    loss.backward()
    boxes = {box.label: box for box in shown(loss, collapse="neuron").boxes}
    out = model.layers[1].neurons[0]
    delta = out.b.grad  # by a bias it is the derivative by the sum
    assert boxes["layer1/neuron0"].grad_of == "∂L/∂z₁,₀ "
    assert boxes["layer1/neuron0"].grad == f"{delta:.4g}"
    assert boxes["layer0/neuron1"].grad_of == "∂L/∂z₀,₁ "
    hidden = f"{model.layers[0].neurons[1].b.grad:.4g}".replace("-", "−")
    assert boxes["layer0/neuron1"].grad == hidden
    assert {"z₀,₀", "a₀,₀", "z₁,₀", "a₁,₀"} <= {b.called for b in shown(loss).boxes}


def test_a_loss_is_one_box_until_it_is_opened():
    logits = [Value(x, f"z{i}") for i, x in enumerate([2.0, -1.0, 0.5, 0.1, 3.0])]
    loss = nn.cross_entropy(logits, 1)
    loss.backward()
    [box] = [box for box in shown(loss).boxes if box.size]
    assert box.label == "cross_entropy(logits, target)"
    assert (box.data, box.grad, box.grad_of) == (f"= {loss.data:.4g}", "1", "")
    opened = shown(loss, collapse=None)
    assert [b.op for b in opened.boxes if b.op] == ["-"] * 4 + ["logsumexp", "-"]
    small = shown(nn.squared_error(logits[0], 1.0))
    assert [b.op for b in small.boxes if b.op] == ["-", "square"]  # little more than its name
    p = autograd.softmax(logits)
    softmax = shown(-autograd.log(p[0])).boxes
    assert {"softmax(logits)", "log", "neg"} <= {b.label or b.op for b in softmax}
    with pytest.raises(ValueError, match="cross"):
        shown(loss, collapse="cross_entropies")
    assert any(b.size for b in shown(loss, collapse="cross_entropy").boxes)


def test_operands_between_two_boxes_are_one_edge_with_their_number():
    out = nn.MLP(2, [3, 1], generator=0)([1.0, 2.0])
    edges = edges_of(out, collapse="layer")
    assert edges == {
        ("1", "layer0"): f"{'×'}3",
        ("2", "layer0"): f"{'×'}3",
        ("layer0", "layer1"): f"{'×'}3",
    }


def test_a_highlighted_path_goes_through_collapsed_boxes():
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    out = model([1.0, 2.0])
    w = model.layers[1].neurons[0].w[0]
    assert on_path(out, collapse="layer", highlight=w) == {
        "1": False, "2": False, "layer0": False, "layer1": True,
    }  # fmt: skip


def test_names_label_what_the_user_has_named():
    w, x = [Value(1.0), Value(2.0)], Value(3.0, "own")
    out = w[0] * x + w[1]
    assert set(boxes_of(out, names={"w": w, "x": x, "out": out})) == {
        "w₀", "w₁", "own", "out", "*",
    }  # fmt: skip
    assert [value.label for value in (*w, x, out)] == ["", "", "own", ""]


# --- bounds ---------------------------------------------------------------------------


def test_an_operand_used_again_and_again_is_one_edge():
    x = Value(2.0, "x")
    few, many = autograd.sum([x] * 6), autograd.sum([x] * 4000)
    assert len(shown(few).edges) == 6
    assert shown(many).edges == (Edge(0, 1, f"{TIMES}4,000", count=4000),)


def test_operands_in_turn_keep_their_order():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    edges = shown(autograd.dot([x] * 100, [y] * 100)).edges
    assert [(edge.tail, edge.label) for edge in edges] == [(0, f"{TIMES}100"), (1, f"{TIMES}100")]


def test_thousands_of_contributions_are_counted():
    x = Value(2.0, "x")
    out = autograd.sum([x] * 4000) * 3.0 + x
    out.backward()
    [box] = [box for box in shown(out, edges="flow", highlight=x).boxes if box.label == "x"]
    assert box.grad == "4,001 terms = 1.2e+04"


def test_too_many_edges_are_refused_with_advice():
    values = [Value(1.0)]
    for _ in range(142):
        values.append(autograd.mean(values))
    with pytest.raises(GraphError, match=r"10,153 edges between 143 boxes.*autograd\.scope"):
        shown(values[-1])


def test_a_graph_of_uncountable_paths_is_highlighted():
    x = v = Value(1.0, "x")
    for _ in range(1000):
        v = v + v
    [note] = shown(v, collapse=None, highlight=x).notes
    assert note == f"∂v₁/∂x = {2.0**1000:.4g}, the sum over about 10^301 paths".replace("v₁", "L")


@pytest.mark.parametrize(
    "wrong",
    [3.0, "x", ["x"], {"x": 1.0}, nn.MLP(1, [1]), lambda x: x, Value],
    ids=["a number", "a text", "texts", "a dict", "a model", "a function", "the class"],
)
def test_what_to_highlight_is_a_value(wrong):
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match=r"highlight takes Values of the graph, got .*highlight=x"):
        shown(x * x, highlight=wrong)


def test_at_most_150_values_are_highlighted():
    leaves = [Value(1.0) for _ in range(151)]
    root = autograd.sum(leaves)
    assert len(shown(root, collapse=None, highlight=leaves[:150]).notes) == 150
    with pytest.raises(ValueError, match="highlight takes at most 150 Values, got 151"):
        shown(root, collapse=None, highlight=leaves)
