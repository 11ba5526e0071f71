"""The scripts of the playground, run by Node: they train as Python does, step by step."""

import functools
import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import autograd
import nn
from autograd import Value
from nn.pictures.playgrounds.training_content import content_of

NODE = shutil.which("node") or shutil.which("nodejs")
pytestmark = pytest.mark.skipif(NODE is None, reason="node was not found")
SCRIPTS = Path(nn.__file__).parent / "pictures" / "playgrounds"

RUNNER = """
const { content, batches } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const sequences = new Set(content.sequences);
const network = networkOf(content.layers);
let parameters = content.parameters;
let optimizer = optimizerOf(content.optimizer, network.size);
console.log(JSON.stringify(batches.map(({ rows, rate }) => {
  optimizer = { ...optimizer, rate };
  const done = stepped(network, parameters, optimizer, content.trained, content, rows);
  if (done.refused) return done;
  ({ parameters, optimizer } = done);
  return { loss: done.loss, gradients: done.gradients, parameters };
})));
"""


def in_node(content, script, batches):
    scripts = [(SCRIPTS / f"{n}.js").read_text("utf-8") for n in ("tape", "network", "training")]
    done = subprocess.run(
        [NODE, "-e", "\n".join(['"use strict";', script, *scripts, RUNNER])],
        input=json.dumps({"content": content, "batches": batches}),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)


def parameters_in_order(model):
    return [
        value
        for layer in model.layers
        for neuron in layer.neurons
        for value in [*neuron.w, neuron.b]
    ]


def check_agreement(model, X, y, loss, optimizer, *, steps=12, size=7):
    """Every step of the page is that of Python: loss, gradients and parameters, to 1e-12."""
    rng = random.Random(1)
    batches = [
        {
            "rows": rng.sample(range(len(X)), size),
            "rate": optimizer.learning_rate * (1.0 - 0.05 * k),
        }
        for k in range(steps)
    ]
    content, script = content_of(model, X, y, loss, optimizer)
    got = in_node(json.loads(json.dumps(content)), script, batches)
    parameters = parameters_in_order(model)
    for found, batch in zip(got, batches, strict=True):
        optimizer.learning_rate = batch["rate"]
        optimizer.zero_grad()
        value = loss([model(X[row]) for row in batch["rows"]], [y[row] for row in batch["rows"]])
        value.backward()
        gradients = [parameter.grad for parameter in parameters]
        optimizer.step()
        assert math.isclose(found["loss"], value.data, rel_tol=1e-12, abs_tol=1e-12)
        for pairs in (
            zip(found["gradients"], gradients, strict=True),
            zip(found["parameters"], [parameter.data for parameter in parameters], strict=True),
        ):
            for mine, theirs in pairs:
                assert math.isclose(mine, theirs, rel_tol=1e-12, abs_tol=1e-12)


def moons_and_model(output="identity", activation="tanh", outputs=1):
    X, y = nn.data.moons(30, 0.15, seed=0)
    return X, y, nn.MLP(2, [4, 3, outputs], activation, output, generator=0)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (nn.SGD, {}),
        (nn.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        (nn.SGD, {"momentum": 0.9, "dampening": 0.2}),
        (nn.AdaGrad, {"learning_rate_decay": 0.1}),
        (nn.RMSProp, {"momentum": 0.5, "centered": True}),
        (nn.Adam, {}),
        (nn.Adam, {"amsgrad": True, "weight_decay": 0.1}),
        (nn.AdamW, {}),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "-".join(part) or "plain",
)
def test_every_optimizer_steps_in_the_page_as_in_python(kind, settings):
    X, y, model = moons_and_model()
    optimizer = kind(model.parameters(), 0.03, **settings)
    check_agreement(model, X, y, nn.binary_cross_entropy_with_logits, optimizer)


@pytest.mark.parametrize("activation", nn.layers.ACTIVATIONS)
def test_every_activation_computes_in_the_page_as_in_python(activation):
    X, y, model = moons_and_model(activation=activation)
    check_agreement(model, X, y, nn.squared_error, nn.SGD(model.parameters(), 0.01))


LOSSES = {
    "squared": (nn.squared_error, "identity", 1),
    "absolute": (nn.absolute_error, "identity", 1),
    "huber": (functools.partial(nn.huber, delta=0.3), "identity", 1),
    "sum": (functools.partial(nn.squared_error, reduction="sum"), "identity", 1),
    "cross-entropy of probabilities": (nn.binary_cross_entropy, "sigmoid", 1),
    "logits with a weight": (
        functools.partial(nn.binary_cross_entropy_with_logits, pos_weight=3.0), "identity", 1,
    ),
    "cross-entropy": (nn.cross_entropy, "identity", 2),
    "smoothed": (functools.partial(nn.cross_entropy, label_smoothing=0.1), "identity", 3),
    "softmax": (nn.categorical_cross_entropy, "softmax", 3),
    "log softmax": (nn.negative_log_likelihood, "log_softmax", 3),
    "hinge": (nn.multiclass_hinge, "identity", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_computes_in_the_page_as_in_python(name):
    loss, output, outputs = LOSSES[name]
    X, y, model = moons_and_model(output, outputs=outputs)
    check_agreement(model, X, y, loss, nn.SGD(model.parameters(), 0.05))


def test_losses_and_activations_of_ones_own():
    def bend(x):
        return x / (1.0 + abs(x)) + 0.1 * x

    def fourth(predictions, targets):
        return autograd.mean([(p - t) ** 4 for p, t in zip(predictions, targets, strict=True)])

    X, y, model = moons_and_model(activation=bend)
    check_agreement(model, X, y, fourth, nn.Adam(model.parameters(), 0.01))


def test_signs_as_targets_and_one_input():
    X = [[0.1 * k - 1.0] for k in range(20)]
    y = [math.sin(3.0 * x) for [x] in X]
    model = nn.MLP(1, [5, 1], "tanh", generator=2)
    check_agreement(model, X, y, nn.squared_error, nn.Adam(model.parameters(), 0.02))
    signs = [1.0 if value > 0.0 else -1.0 for value in y]
    check_agreement(model, X, signs, nn.hinge, nn.SGD(model.parameters(), 0.02))


def test_a_training_goes_on_where_python_left_it():
    X, y, model = moons_and_model()
    optimizer = nn.Adam(model.parameters(), 0.02)
    nn.fit(model, X, y, nn.squared_error, optimizer, epochs=2, progress=False)
    assert optimizer.steps > 0
    check_agreement(model, X, y, nn.squared_error, optimizer)


def test_what_is_frozen_stays():
    X, y, model = moons_and_model()
    model.layers[0].neurons[1].w[0].requires_grad = False
    held = model.layers[0].neurons[1].w[0].data
    optimizer = nn.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    content, script = content_of(model, X, y, nn.squared_error, optimizer)
    [done] = in_node(content, script, [{"rows": [0, 1, 2], "rate": 0.1}])
    changed = [a != b for a, b in zip(done["parameters"], content["parameters"], strict=True)]
    assert done["parameters"][3] == held
    assert changed.count(False) == 1


def test_a_step_that_is_not_finite_is_not_taken():
    X, y, model = moons_and_model(activation="identity")
    optimizer = nn.SGD(model.parameters(), 1e300)
    content, script = content_of(model, X, y, nn.squared_error, optimizer)
    rows = {"rows": list(range(20)), "rate": 1e308}
    done = in_node(content, script, [rows, rows, rows])
    assert any("refused" in step for step in done)


def test_model_and_optimizer_stay_as_they_are():
    X, y, model = moons_and_model()
    optimizer = nn.Adam(model.parameters(), 0.02)
    before = model.state_dict(), optimizer.state_dict()
    content_of(model, X, y, nn.squared_error, optimizer)
    assert (model.state_dict(), optimizer.state_dict()) == before
    assert all(parameter.grad == 0.0 for parameter in model.parameters())


@pytest.mark.parametrize(
    ("loss", "optimizer", "match"),
    [
        (functools.partial(nn.cross_entropy, weight=[1.0, 2.0, 1.0]), nn.SGD, "it has weight"),
        (lambda p, t: nn.squared_error(p, t) ** 2, nn.SGD, "neither"),
        (functools.partial(nn.squared_error, reduction="none"), nn.SGD, "reduction='none'"),
        (nn.squared_error, nn.NudgeDescent, "not by a formula"),
        (nn.squared_error, lambda _: nn.SGD, "the class SGD"),
        (nn.squared_error, lambda _: nn.SGD([Value(1.0)]), "not those of the model"),
    ],
    ids=["class weights", "not a mean", "no reduction", "nudging", "a class", "others"],
)
def test_what_no_page_can_follow_is_refused(loss, optimizer, match):
    classes = isinstance(loss, functools.partial) and loss.func is nn.cross_entropy
    X, y, model = moons_and_model(outputs=3 if classes else 1)
    with pytest.raises((TypeError, ValueError), match=match):
        content_of(model, X, y, loss, optimizer(model.parameters()))
