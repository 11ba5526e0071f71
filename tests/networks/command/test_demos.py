"""The demos: one neuron's picture against the whole graph, the report against scikit-learn."""

import re

import pytest

import autograd
import nn
from autograd import Value, topological_order
from nn.command import demos

CASES = {
    "one logit": (nn.MLP(3, [6, 1], "tanh", generator=1), nn.binary_cross_entropy_with_logits),
    "many logits": (nn.MLP(3, [6, 5, 4], "relu", generator=2), nn.cross_entropy),
    "few inputs": (nn.MLP(3, [2, 3], "tanh", generator=3), nn.cross_entropy),
    "no hidden layer": (nn.MLP(3, [2], generator=4), nn.cross_entropy),
    "output with an activation": (
        nn.MLP(3, [6, 1], "tanh", "sigmoid", generator=5),
        nn.binary_cross_entropy,
    ),
}
X = [0.7, -1.2, 0.4]


@pytest.fixture(params=CASES)
def case(request):
    """A model, its loss, and a target: the last class."""
    model, loss = CASES[request.param]
    for i, neuron in enumerate(model.layers[-1].neurons):
        neuron.b.data = 0.1 + 0.2 * i
    model.zero_grad()
    return model, loss, max(1, len(model.layers[-1].neurons) - 1)


def leaves(root):
    return {v.label: v for v in topological_order(root) if not v.parents}


def drawn_neuron(model, target):
    neurons = model.layers[-1].neurons
    return neurons[target] if len(neurons) > 1 else neurons[0]


def test_the_loss_of_one_neuron_is_that_of_the_whole_model(case):
    model, loss, target = case
    expected = loss(model(X), target).data
    assert demos.neuron_loss(model, X, target, loss).data == pytest.approx(expected, rel=1e-12)


def test_gradients_of_the_drawn_weights_are_those_of_the_whole_graph(case):
    model, loss, target = case
    root = demos.neuron_loss(model, X, target, loss)
    assert all(p.grad == 0.0 for p in model.parameters())
    loss(model(X), target).backward()
    neuron, drawn = drawn_neuron(model, target), leaves(root)
    weights = {name: v for name, v in drawn.items() if name.startswith("w")}
    assert len(weights) == min(4, len(neuron.w))
    for name, v in weights.items():
        w = neuron.w[int(name[1:])]
        assert v.data == w.data
        assert v.grad == pytest.approx(w.grad, rel=1e-12)
    assert any(v.grad != 0.0 for v in weights.values())
    assert drawn["b"].data == neuron.b.data
    assert drawn["b"].grad == pytest.approx(neuron.b.grad, rel=1e-12)


def test_gradients_shown_at_the_inputs_of_the_neuron_are_the_real_ones(case):
    # A hidden value reaches the loss through every output neuron, not only through the drawn one.
    model, loss, target = case
    hidden = list(map(Value, X))
    for layer in model.layers[:-1]:
        hidden = layer(hidden)
    out = model.layers[-1](hidden)
    loss(out if len(out) > 1 else out[0], target).backward()
    for name, v in leaves(demos.neuron_loss(model, X, target, loss)).items():
        if name.startswith("h") and v.requires_grad:
            assert v.grad == pytest.approx(hidden[int(name[1:])].grad, rel=1e-12)


def test_the_largest_products_are_drawn_and_the_others_counted(case):
    model, loss, target = case
    hidden = X
    for layer in model.layers[:-1]:
        hidden = [v.data for v in layer(hidden)]
    neuron = drawn_neuron(model, target)
    products = [abs(w.data * h) for w, h in zip(neuron.w, hidden, strict=True)]
    by_size = sorted(range(len(products)), key=products.__getitem__, reverse=True)
    labels = set(leaves(demos.neuron_loss(model, X, target, loss)))
    assert {f"w{i}" for i in by_size[:4]} == {label for label in labels if label.startswith("w")}
    assert {f"h{i}" for i in by_size[:4]} == {label for label in labels if label.startswith("h")}
    rest = len(neuron.w) - 4
    assert (f"{rest} other inputs" in labels) == (rest > 0)


def test_the_picture_of_a_neuron_stays_small():
    model = nn.MLP(64, [32, 10], init="kaiming", generator=0)
    root = demos.neuron_loss(model, [0.5] * 64, 3, nn.cross_entropy)
    assert len(topological_order(root)) < 60
    assert root.label == "loss"


def test_save_drawing_falls_back_to_svg_with_a_hint(tmp_path, monkeypatch):
    drawing = autograd.draw(Value(1.0, "x") * 2.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    path, hint = demos.save_drawing(drawing, tmp_path / "graph.pdf")
    assert path == tmp_path / "graph.svg"
    assert path.read_text(encoding="utf-8") == drawing.svg
    assert "install Graphviz" in hint
    assert not (tmp_path / "graph.pdf").exists()


@pytest.mark.parametrize("name", demos.DEMOS)
def test_each_demo_fits_its_data(name):
    pytest.importorskip("sklearn")
    demo = demos.DEMOS[name]
    rows, labels = demo.make_data(0)
    assert len(rows) == len(labels) >= 200
    classes = len(set(labels))
    assert set(labels) == set(range(classes))
    assert demo.sizes[-1] == (1 if classes == 2 else classes)
    expected = nn.binary_cross_entropy_with_logits if classes == 2 else nn.cross_entropy
    assert demo.loss is expected


def test_the_report_is_what_scikit_learn_finds_in_the_saved_model(tmp_path, capsys):
    peer = pytest.importorskip("sklearn.metrics")
    pytest.importorskip("matplotlib")
    said = []
    demos.run("spiral", tmp_path, epochs=1, seed=4, say=said.append)
    capsys.readouterr()  # the progress bar
    text = "\n".join(said)
    rows, labels = demos.DEMOS["spiral"].make_data(4)
    _, held_X, _, held_y = nn.data.train_test_split(rows, labels, 0.2, 4)
    model = nn.load(tmp_path / "model.json")
    read = [nn.metrics.predicted_class(model(x)) for x in held_X]
    rights = peer.accuracy_score(held_y, read, normalize=False)
    assert f"{rights / 48:.1%} on the test split ({rights:.0f} of 48)" in text
    assert "1 epoch of 192 samples" in text
    table = re.findall(
        r"^ +(\d) +(\d+) +(\d+)% +(\d+|-)%? +(?:(\d) \((\d+)\)|-)$", text, re.MULTILINE
    )
    confusion = peer.confusion_matrix(held_y, read)
    recalls = peer.recall_score(held_y, read, average=None)
    precisions = peer.precision_score(held_y, read, average=None, zero_division=0)
    assert [int(row[0]) for row in table] == [0, 1, 2]
    for label, samples, found, precision, worst, times in table:
        k = int(label)
        assert int(samples) == held_y.count(k)
        assert int(found) == pytest.approx(100.0 * recalls[k], abs=0.51)
        if precision == "-":
            assert read.count(k) == 0
        else:
            assert int(precision) == pytest.approx(100.0 * precisions[k], abs=0.51)
        misread = confusion[k].copy()
        misread[k] = 0
        assert (misread[int(worst)] if worst else 0) == misread.max() == int(times or 0)
    for file in ("model.json", "training.png", "boundary.png", "neuron.svg"):
        assert f"  {file} " in text


@pytest.mark.slow
def test_the_xor_demo_learns_in_its_own_number_of_epochs(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    said = []
    demos.run("xor", tmp_path, epochs=None, seed=0, say=said.append)
    capsys.readouterr()
    accuracy = float(re.search(r"accuracy +([\d.]+)% on the test split", "\n".join(said))[1])
    assert accuracy >= 90.0
