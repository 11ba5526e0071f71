"""What values are called: labels, variables and places in lists, numbers for the rest."""

import html
import json
import os
import re
import shelve
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_graphs import random_graph

import autograd
import nn
from autograd import Value, draw, explain, latex, no_grad, play, reverse_network, scope
from autograd import topological_order as sorted_below
from autograd.export.latex_printer import NEW_LINE, LatexPrinter
from autograd.export.notation import symbol_of
from autograd.export.text_printer import TextPrinter
from autograd.visual.naming import Naming, naming_of
from autograd.visual.themes import THEMES

SVG = "{http://www.w3.org/2000/svg}"


def found(values, names=None):
    """What each of `values` is called in a graph that holds them all, if it is no made-up name."""
    naming = Naming(autograd.sum([*values, Value(0.0)]), names)
    return {value: naming.name(value) for value in values if naming.own(value)}


def names_in(root, names=None, **options):
    naming = Naming(root, names, **options)
    return [naming.name(v) for v in naming.order if not naming.is_plain_number(v)]


# --- the order in which names are given ---------------------------------------------------


def test_labels_come_before_variables_and_places():
    own, labelled, placed, nameless = Value(1.0, "own"), Value(2.0, "w0"), Value(3.0), Value(4.0)
    names = {"params": [own, labelled, placed], "x": own}
    assert found([own, labelled, placed, nameless], names) == {
        own: "own",
        labelled: "w0",
        placed: "params[2]",
    }


def test_without_names_there_are_the_labels():
    x, y = Value(1.0, "x"), Value(2.0)
    assert found([x, y]) == {x: "x"}


def test_the_first_name_counts():
    x = Value(1.0)
    assert found([x], {"a": x, "b": x}) == {x: "a"}
    assert found([x], {"a": [x], "b": [x]}) == {x: "a[0]"}


def test_a_place_in_a_list_comes_before_the_variable_of_a_loop():
    w, x = [Value(1.0), Value(2.0)], (Value(3.0), Value(4.0))
    out = Value(0.0)
    for wi, xi in zip(w, x, strict=True):
        product = wi * xi
        out = out + product
    called = names_in(out, locals())
    assert called == [
        "v₁", "w[0]", "x[0]", "v₂", "v₃", "w[1]", "x[1]", "product", "out",
    ]  # fmt: skip


def test_a_place_in_a_list_comes_before_a_variable_taken_from_it():
    xs = [Value(1.0), Value(2.0)]
    x = xs[0]
    called = names_in(x * xs[1], locals())
    assert called == ["xs[0]", "xs[1]", "L"]


def test_variables_gathered_in_a_list_keep_their_names():
    a, b = Value(1.0), Value(2.0)
    params = [a, b]
    more = [a, Value(3.0)]
    out = params[0] * params[1] * more[1]
    called = names_in(out, locals())
    assert called == ["a", "b", "v₁", "more[1]", "out"]


def test_a_variable_that_was_there_before_its_loop():
    """In a notebook an earlier cell has used the name; captured variables come last in locals()."""
    w, rows = [Value(1.0), Value(2.0)], [[Value(3.0)], [Value(4.0)]]
    out = w[0] * w[1] + rows[0][0] * rows[1][0]
    for names in ({"wi": w[1], "row": rows[1]}, {"row": rows[1], "wi": w[1]}):
        names |= {"w": w, "rows": rows}
        assert names_in(out, names) == [
            "w[0]", "w[1]", "v₁", "rows[0][0]", "rows[1][0]", "v₂", "L",
        ]  # fmt: skip


def test_a_loop_over_one_element():
    w = [Value(1.0)]
    for wi in w:
        out = wi * 2.0
    assert names_in(out, {"w": w, "wi": wi}) == ["w[0]", "L"]


# --- no name twice ------------------------------------------------------------------------


def test_names_first_come_first_served():
    a, b, c = Value(1.0, "w1"), Value(2.0, "w_1"), Value(3.0)
    naming = Naming(autograd.sum([a, b, c]))
    assert [naming.name(value) for value in (a, b, c)] == ["w1", "v₁", "v₂"]
    assert [naming.own(value) for value in (a, b, c)] == ["w1", "w_1", ""]


@pytest.mark.parametrize("label", ["v1", "v_1", "v[1]", "v₁", "∂L/∂v₁", "2v₁"])
def test_a_number_that_stands_in_a_label_is_left_out(label):
    x = Value(1.0)
    labelled = x * 2.0
    labelled.label = label
    assert names_in(labelled.tanh()) == ["v₂", label, "L"]


@pytest.mark.parametrize("given_as", ["label", "names"])
@pytest.mark.parametrize(
    ("first", "second"),
    [("w", "w "), (" w", "w"), ("a b", "a  b"), ("a\N{NO-BREAK SPACE}b", "a b"),
     ("caf\N{LATIN SMALL LETTER E WITH ACUTE}!", "cafe\N{COMBINING ACUTE ACCENT}!")],
)  # fmt: skip
def test_names_that_look_the_same_are_one_name(first, second, given_as):
    labels = (first, second) if given_as == "label" else ("", "")
    a, b = map(Value, (1.0, 2.0), labels)
    shown, made_up, _ = names_in(a * b, {first: a, second: b} if given_as == "names" else None)
    assert (shown, made_up) == (first, "v₁")


@pytest.mark.parametrize("label", [" ", "  ", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}"])
def test_a_label_that_nobody_sees_is_none(label):
    assert names_in(Value(1.0, label).exp()) == ["v₁", "L"]
    x = Value(1.0)
    assert names_in(x.exp(), {label: x}) == ["v₁", "L"]


def test_a_label_that_another_has_gives_way_to_the_variable():
    a, b = Value(1.0, "h"), Value(2.0, "h")
    assert names_in(a * b, {"b": b}) == ["h", "b", "L"]
    assert names_in(a * b) == ["h", "v₁", "L"]


def test_the_root_is_called_by_its_label_by_its_variable_or_l():
    h = Value(0.5, "h")
    for _ in range(2):
        h = h.tanh()
        h.label = "h"
    assert names_in(h) == ["v₁", "v₂", "h"]
    h.label = ""
    assert names_in(h) == ["h", "v₁", "L"]
    assert names_in(h, {"h1": h}) == ["h", "v₁", "h1"]
    assert names_in(Value(1.0, "L").exp().exp()) == ["L", "v₁", "v₂"]


LABELS = ["w1", "w_1", "alpha", "\N{GREEK SMALL LETTER ALPHA}", "v1", "v₂", "L", "∂L/∂v₁", ""]


@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=9), st.booleans())
def test_no_two_values_share_a_symbol(labels, given_as_names):
    values = [Value(1.0, "" if given_as_names else label) for label in labels]
    naming = Naming(
        autograd.sum([*values, 2.0]).tanh(),
        dict(zip(labels, values, strict=True)) if given_as_names else None,
    )
    names = [naming.name(value) for value in naming.order]
    assert len({symbol_of(name) for name in names}) == len(names)
    assert [*map(naming.name, naming.order)] == names


# --- numbers ------------------------------------------------------------------------------


def test_numbers_are_topological_and_plain_numbers_take_none():
    x, y = Value(2.0), Value(3.0)
    out = (x * 2.0 + 1.0) * y.exp() - 4.0
    naming = Naming(out)
    assert naming.order == sorted_below(out)
    assert names_in(out) == ["v₁", "v₂", "v₃", "v₄", "v₅", "v₆", "L"]
    numbers = [naming.name(v) for v in naming.order if naming.is_plain_number(v)]
    assert numbers == ["v₇", "v₈", "v₉"]  # for where one has to be spoken of


def test_a_result_without_a_gradient_has_a_number_and_a_named_constant_its_name():
    named = Value(1.0, requires_grad=False)
    fixed = (named * 2.0).tanh()
    with no_grad():
        cut = named * 2.0
    naming = Naming(fixed * Value(3.0) + cut, {"t": named})
    names = [naming.name(value) for value in (named, fixed.parents[0], fixed)]
    assert names == ["t", "v₁", "v₂"]
    assert [naming.is_plain_number(value) for value in (named, fixed, cut)] == [False, False, True]


def test_others_come_after_the_graph_and_change_nothing():
    with scope("here"):
        w = Value(1.0, "w")
    with scope("there"):
        other = Value(2.0, "w")
    out = w.exp().exp()
    stranger = Value(3.0)
    naming = Naming(out, others=[other, stranger, out])
    assert [naming.name(value) for value in (w, *naming.order[1:])] == ["w", "v₁", "L"]
    assert [naming.name(value) for value in (other, stranger)] == ["v₂", "v₃"]
    assert (other in naming, Value(1.0) in naming) == (True, False)


def test_one_naming_is_made_for_a_root():
    x = Value(1.0)
    root = x.exp().exp()
    naming = naming_of(root, None)
    assert naming_of(root, naming) is naming
    assert naming_of(root, {"x": x}).name(x) == "x"


def test_a_later_graph_keeps_the_names_of_an_earlier_one():
    x, y = Value(1.0), Value(2.0)
    forward = x.exp() * y
    earlier = Naming(forward, {"y": y})
    later = Naming((forward.tanh() + y).sin(), earlier=earlier)
    assert [later.name(value) for value in later.order] == [
        "v₁", "v₂", "y", "L", "v₃", "v₄", "v₅",
    ]  # fmt: skip
    assert later.own(y) == "y"


# --- labels that scopes share ---------------------------------------------------------------


def network_names(**names):
    model = nn.MLP(2, [3, 1], generator=0)
    order = sorted_below(model([1.0, 2.0]))
    called = found(order, {name: pick(model) for name, pick in names.items()})
    return {(value.scope, value.label): name for value, name in called.items()}


def test_what_several_neurons_call_the_same_is_told_apart_by_layer_and_neuron():
    called = network_names()
    assert called["mlp/layer0/neuron2", "w1"] == "w₀,₂,₁"
    assert called["mlp/layer0/neuron0", "b"] == "b₀,₀"
    assert called["mlp/layer1/neuron0", "w2"] == "w₁,₀,₂"  # the only w2, named as its neighbours
    assert len(set(called.values())) == len(called) == 13


def test_labels_told_apart_come_before_variables_too():
    called = network_names(bias=lambda model: model.layers[0].neurons[0].b)
    assert called["mlp/layer0/neuron0", "b"] == "b₀,₀"
    assert called["mlp/layer0/neuron1", "b"] == "b₀,₁"


def test_one_neuron_needs_no_indices():
    out = nn.MLP(2, [1], generator=0)([1.0, 2.0])
    assert sorted(found(sorted_below(out)).values()) == ["b", "w0", "w1"]


@pytest.mark.parametrize(
    ("scopes", "label", "expected"),
    [
        (("encoder", "decoder"), "w", ["encoder.w", "decoder.w"]),
        (("block1/dense", "block2/dense"), "alpha", ["α₁", "α₂"]),
        (("block1", "block2"), "the bias", ["block1.the bias", "block2.the bias"]),
        (("left1", "right1"), "w", ["left1.w", "right1.w"]),  # the index 1 does not tell
        (("a1", "a1"), "w", ["w", "v₁"]),  # nor does anything else
    ],
)
def test_labels_that_scopes_share(scopes, label, expected):
    values = []
    for path in scopes:
        with scope(path):
            values.append(Value(1.0, label))
    outside = Value(1.0, "x")
    assert [*found([*values, outside]).values()] == [*expected, "x"]


# --- what `names` may hold --------------------------------------------------------------------


def test_lists_in_lists_tuples_and_dicts():
    values = [Value(float(i)) for i in range(4)]
    names = {"w": [[values[0]], (values[1],)], "d": {"bias": values[2], 3: [values[3]]}}
    assert [*found(values, names).values()] == ["w[0][0]", "w[1][0]", "d['bias']", "d[3][0]"]


def test_arrays_of_values():
    np = pytest.importorskip("numpy")
    values = [Value(float(i)) for i in range(6)]
    arrays = [np.array([values[i : i + 2]], dtype=object) for i in (0, 2, 4)]
    names = {"a": arrays[0], "d": {"b": arrays[1], "c": arrays[2]}, "numbers": np.ones(3)}
    assert [*found(values, names).values()] == [
        "a[0][0]", "a[0][1]", "d['b'][0][0]", "d['b'][0][1]", "d['c'][0][0]", "d['c'][0][1]",
    ]  # fmt: skip


def test_what_python_and_ipython_keep_for_themselves_is_left_out():
    x = Value(1.0)
    names = {"_": x, "__name__": x, "_12": x, "Out": {12: x}, "In": [x], 3: x}
    assert found([x], names) == {}


def test_a_list_that_holds_itself_ends():
    x = Value(1.0)
    endless = [x]
    endless.append(endless)
    assert found([x], {"endless": endless}) == {x: "endless[0]"}


def test_everything_else_is_passed_over():
    x = Value(1.0)
    assert found([x], {"f": print, "n": 1, "s": "text", "set": {x}, "x": x}) == {x: "x"}


def test_a_mapping_that_cannot_be_read_is_passed_over(tmp_path):
    x, closed = Value(1.0), shelve.open(str(tmp_path / "closed"))  # noqa: SIM115
    closed.close()
    assert found([x], {"closed": closed, "x": x}) == {x: "x"}


def test_many_lists_that_hold_each_other_end_soon():
    """Each container is looked into once a level: walking every way would take 300^4 steps."""
    x = Value(1.0)
    endless = [x]
    endless += [endless] * 300
    tree = {"again": endless}
    tree |= {f"k{i}": tree for i in range(300)}
    assert found([x], {"tree": tree}) == {x: "tree['again'][0]"}


@pytest.mark.parametrize("name", ["\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"])
def test_two_spellings_are_one_name(name):
    x = Value(1.0)
    assert found([x], {name: x}) == {x: "\N{GREEK SMALL LETTER MU}"}
    assert found([x], {"x²": x}) == {x: "x²"}


def test_an_empty_name_names_nothing():
    x, y = Value(1.0, "x"), Value(2.0)
    assert found([x, y], {"": x, "y": y}) == {x: "x", y: "y"}


# --- in formulas ------------------------------------------------------------------------------


def test_plain_numbers_are_shown_as_numbers():
    x, three = Value(1.0), Value(3.0, "three", requires_grad=False)
    (_, two) = (x * 2.0).parents
    naming = Naming(autograd.sum([x, two, three]))
    assert naming.expression(two).value == 2
    assert naming.label(naming.expression(three).id) == "three"
    assert naming.label("LN2") == "LN2"


def test_notes_say_where_a_leaf_was_made_and_whose_name_another_has():
    with scope("mlp"), scope("neuron0"):
        w, other, unnamed = Value(1.0, "w"), Value(2.0, "w"), Value(3.0)
    outside = Value(4.0, "x")
    result = outside.exp()
    result.label = "x"
    naming = Naming(autograd.sum([w, other, unnamed, outside, result]))
    notes = [naming.note(naming.key(v)) for v in (w, other, unnamed, outside, result)]
    assert notes == ["in mlp/neuron0", "w in mlp/neuron0", "in mlp/neuron0", "", "x"]


# --- one name for one value, wherever it is shown -----------------------------------------------


def alone(pairs):
    """{number: name}, of numbers that only one value has: by them its names are compared."""
    pairs = list(pairs)
    count = Counter(number for _, number in pairs)
    return {number: name for name, number in pairs if count[number] == 1}


def number_in(text):
    """A number as pictures write it."""
    return float(text.replace("\N{MINUS SIGN}", "-"))


def drawn(svg):
    """{data: name} of the boxes in a picture, read from its texts; numbers have no name."""
    green = THEMES["light"].data
    for group in ET.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314 - our own
        if group.get("class") == "node":
            texts = list(group.iter(f"{SVG}text"))
            [data] = [number_in(text.text) for text in texts if text.get("fill") == green]
            label = [text.text for text in texts if text.get("font-weight") == "bold"]
            made_up = [text.text for text in texts if text.get("font-style") == "italic"]
            title = group.find(f"{SVG}title").text
            assert title.startswith(", ".join([*label, *made_up]))
            yield (*made_up, *label, "")[0], data


def played(page):
    [text] = re.findall(r'<script type="application/json" id="graph">(.*?)</script>', page.html)
    for node in json.loads(text)["nodes"]:
        if "op" in node or node["trained"] or node["named"]:
            yield node["name"], node["data"]


def number_of(text):
    """A printed number, in text or LaTeX."""
    return number_in(re.sub(r" \\cdot 10\^\{(.*)\}", r"e\1", text))


def told_as_text(explanation):
    for line in explanation.text.partition("\nwhere\n")[2].splitlines():
        name, *_, number = re.sub(r"  \(.*\)$", "", line).split(" = ")
        yield name.strip(), number_of(number)


def told_as_html(explanation):
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", explanation.html.partition(">where<")[2]):
        cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        yield html.unescape(cells[0]), number_of(cells[-2].removeprefix("= "))


def told_as_latex(explanation):
    body = explanation.latex.partition(r"\mathrm{where}\quad ")[2]
    for row in body.removesuffix(r" \end{aligned}").split(NEW_LINE):
        name, _, rest = re.sub(r"\\quad .*$", "", row).partition(" &")
        yield name, number_of(rest.rpartition(" = ")[2])


def equated(text):
    """{number: name} of the steps that ``latex(..., substitute="numbers")`` writes."""
    for row in re.sub(r"\\(begin|end)\{aligned\}", "", text).split(NEW_LINE):
        name, _, number = row.replace("&", "").split(" = ")
        yield name.strip(), number_of(number)


EXACT = ".17g"


@pytest.mark.parametrize("seed", range(30))
def test_every_view_calls_a_value_the_same(seed):
    root, names = random_graph(seed)
    order = sorted_below(root)
    options = {"names": names, "number_format": EXACT}
    picture = draw(root, collapse=None, layout="layered", **options)
    boxes = list(drawn(picture.svg))
    called = {number: name for number, name in alone(boxes).items() if name}
    assert len([name for name, _ in boxes if name]) == len({name for name, _ in boxes if name})
    assert alone(played(play(root, names=names))).items() >= called.items()

    text, latex_math = TextPrinter().symbol, LatexPrinter().symbol
    leaves = [value for value in order if value.requires_grad and not value.parents]
    for leaf in leaves:
        explanation = explain(root, leaf, **options)
        assert_agree(told_as_text(explanation), called, text)
        assert_agree(told_as_html(explanation), called, text)
        assert_agree(told_as_latex(explanation), called, latex_math)
    equations = latex(root, substitute="numbers", **options)
    if "&=" in equations:  # else only the root might have a name
        assert_agree(equated(equations), called, latex_math)
    equations = latex(root, names=names)
    assert [v for v in leaves if latex_math(called.get(v.data, "")) not in equations] == []

    network = reverse_network(root, names=names)
    name_of = {value: called[value.data] for value in (*leaves, root) if value.data in called}
    for leaf in name_of.keys() & set(leaves):
        label = f"∂{text(name_of.get(root, ''))}/∂{text(name_of[leaf])}"
        assert root not in name_of or network.gradients[leaf].label == label
    reverse = network.draw(number_format=EXACT, collapse=None, layout="layered")
    inside = {id(value) for value in sorted_below(network.norm)}
    theirs = alone(drawn(reverse.svg))
    shared = [value for value in order if id(value) in inside and value.data in called]
    assert [theirs.get(v.data, called[v.data]) for v in shared] == [called[v.data] for v in shared]
    made_up = {name for name in theirs.values() if re.fullmatch("v[₀-₉]+", name)}
    assert made_up & set(called.values()) <= {called[value.data] for value in shared}


def assert_agree(told, called, printed):
    """What a view has told, as (name, number), is what the picture shows; it tells something."""
    told = [(name, number) for name, number in told if number in called]
    assert told == [(printed(called[number]), number) for _, number in told]
    assert len(dict(told)) == len(told) > 0


@pytest.mark.parametrize("seed", range(8))
def test_what_is_shown_changes_no_name(seed):
    root, names = random_graph(seed)
    whole = {value: name for name, value in drawn(draw(root, names=names, number_format=EXACT).svg)}
    leaf = next(value for value in sorted_below(root) if value.requires_grad)
    for options in (
        {"highlight": leaf}, {"edges": "flow"}, {"rankdir": "TB"}, {"collapse": "block"},
        {"collapse": 1},
    ):  # fmt: skip
        graph = draw(root, names=names, number_format=EXACT, **options).graph
        shown = {
            number_in(box.data): box.called or box.label for box in graph.boxes if not box.size
        }
        assert shown.items() <= whole.items()
        assert graph.root == Naming(root, names).name(root)


def test_both_engines_give_the_same_names():
    program = (
        "import autograd, random_graphs\n"
        "from autograd.visual.naming import Naming\n"
        "namings = [Naming(*random_graphs.random_graph(seed)) for seed in range(10)]\n"
        "print(autograd.engine, [[*map(each.name, each.order)] for each in namings])"
    )
    tests = str(Path(__file__).parents[1])
    environment = {**os.environ, "AUTOGRAD_PURE": "1", "PYTHONPATH": tests}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment,
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    namings = [Naming(*random_graph(seed)) for seed in range(10)]
    assert answer == f"pure {[[*map(each.name, each.order)] for each in namings]}\n"
