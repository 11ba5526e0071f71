"""save and load: exact to the bit, all or nothing, and telling about every broken file."""

import json
import math
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.layers import ACTIVATIONS

ROOT = Path(__file__).parents[2]


class Bag(nn.Module):
    """Parameters of the given numbers."""

    def __init__(self, numbers):
        self.values = [Value(number) for number in numbers]


def bits(number):
    return "nan" if math.isnan(number) else struct.pack("<d", number)


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all examples of Hypothesis."""
    return tmp_path_factory.mktemp("models")


@given(st.lists(st.floats(), min_size=1, max_size=20))
@example([-0.0, 5e-324, -2.2e-308, math.inf, -math.inf, math.nan, 0.1, 1.7976931348623157e308])
def test_any_floats_come_back_bit_for_bit(folder, numbers):
    path = nn.save(Bag(numbers), folder / "bag.json")
    loaded = nn.load(path, Bag([0.0] * len(numbers)))
    assert [bits(v.data) for v in loaded.values] == [bits(number) for number in numbers]


def test_the_file_is_standard_json_even_with_nan_and_infinity(tmp_path):
    path = nn.save(Bag([math.nan, math.inf, 1.5]), tmp_path / "bag.json")

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    content = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert content["format"] == "chainrule model"
    assert content["version"] == 1
    assert content["parameters"]["values.2"] == 1.5


def predictions(model):
    rng = random.Random(0)
    rows = [[rng.gauss(0.0, 2.0) for _ in range(3)] for _ in range(10)]
    outs = [model(row) for row in rows]
    return [bits(y.data) for out in outs for y in (out if isinstance(out, list) else [out])]


@pytest.mark.parametrize("sizes", [[1], [2], [4, 3, 2], [5, 1]], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_load_rebuilds_an_mlp_that_predicts_the_same_bits(tmp_path, activation, sizes):
    model = nn.MLP(3, sizes, activation, "tanh", generator=3)
    path = tmp_path / "model.json"
    assert nn.save(model, path) == path
    loaded = nn.load(path)
    assert type(loaded) is nn.MLP
    assert repr(loaded) == repr(model)
    assert predictions(loaded) == predictions(model)


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_texts_or_path_objects(tmp_path, kind):
    path = kind(tmp_path / "model with spaces é.json")
    nn.save(Bag([2.5]), path)
    assert nn.load(path, Bag([0.0])).values[0].data == 2.5


def test_load_into_a_model_keeps_its_values_and_returns_it(tmp_path):
    path = nn.save(nn.MLP(2, [2, 1], generator=0), tmp_path / "model.json")
    model = nn.MLP(2, [2, 1], generator=1)
    before = model.parameters()
    assert nn.load(path, model) is model
    assert model.parameters() == before
    assert model.state_dict() == nn.MLP(2, [2, 1], generator=0).state_dict()


def test_save_replaces_an_older_file(tmp_path):
    path = tmp_path / "model.json"
    nn.save(Bag([1.0] * 500), path)
    nn.save(Bag([2.0]), path)
    assert nn.load(path, Bag([0.0])).values[0].data == 2.0
    assert names(tmp_path) == ["model.json"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    path = nn.save(Bag([1.0]), tmp_path / "model.json")
    assert path.stat().st_mode == plain.stat().st_mode


# --- models that a file cannot rebuild --------------------------------------------


class Subclass(nn.MLP):
    pass


def replaced():
    """An MLP whose middle layer has another activation than the first."""
    model = nn.MLP(3, [3, 3, 1], "relu", generator=0)
    model.layers[1] = nn.Layer(3, 3, "tanh", generator=1)
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bag([1.0]),
        lambda: Subclass(3, [1]),
        lambda: nn.MLP(3, [4, 1], lambda x: x),
        lambda: nn.MLP(3, [4, 1], output=lambda x: x),
        lambda: nn.Layer(3, 1),
        replaced,
    ],
    ids=["module", "subclass", "activation", "output", "layer", "replaced layer"],
)
def test_load_says_when_a_model_must_be_built_by_hand(tmp_path, make):
    path = nn.save(make(), tmp_path / "model.json")
    with pytest.raises(nn.ModelFileError, match=r"build it yourself, then load\(path, model\)"):
        nn.load(path)
    model = make()
    for p in model.parameters():
        p.data = 7.0
    assert nn.load(path, model).state_dict() == nn.load(path, make()).state_dict()


# --- broken files ------------------------------------------------------------------


W, B = "layers.0.neurons.0.w.0", "layers.0.neurons.0.b"


@pytest.fixture
def saved(tmp_path):
    return nn.save(nn.MLP(1, [1], generator=0), tmp_path / "model.json")


def refused(path, match=None):
    """Assert that `path` is refused, with or without a model, which stays as it was."""
    model = nn.MLP(1, [1], generator=9)
    before = model.state_dict()
    for arguments in ((path,), (path, model)):
        with pytest.raises(nn.ModelFileError, match=match) as caught:
            nn.load(*arguments)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert model.state_dict() == before


def test_a_file_cut_short_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    assert whole.endswith(b"}\n")
    for length in range(len(whole) - 1):  # without the last newline it is still whole
        saved.write_bytes(whole[:length])
        refused(saved)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "cut short"),
        ("{}", "no chainrule model"),
        ("[]", "no chainrule model"),
        ("3", "no chainrule model"),
        ('"chainrule model"', "no chainrule model"),
        ('{"format": "other", "version": 1}', "no chainrule model"),
        ('{"format": "chainrule model"}', "version None"),
        ('{"format": "chainrule model", "version": 1}', "incomplete"),
        ('{"format": "chainrule model", "version": 1, "parameters": {}}', "incomplete"),
        (
            '{"format": "chainrule model", "version": 1, "parameters": [], "architecture": null}',
            "incomplete",
        ),
        ("[" * 100_000, "cut short or no chainrule model"),
        ("\0\0\0\0", "cut short or no chainrule model"),
        ("{'format': 1}", "cut short or no chainrule model"),
    ],
)
def test_foreign_json_is_refused(tmp_path, text, match):
    path = tmp_path / "foreign.json"
    path.write_text(text, encoding="utf-8")
    refused(path, match)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"version": 1', '"version": 1, "version": 1', "'version' stands there twice"),
        (f'"{B}": 0.0', f'"{B}": 0.0, "{B}": 1.0', f"'{B}' stands there twice"),
        (f'"{B}": 0.0', f'"{B}": 1e400', "1e400 does not fit a float"),
        (f'"{B}": 0.0', f'"{B}": -1e999', "-1e999 does not fit a float"),
        (f'"{B}": 0.0', f'"{B}": NaN', "NaN is no JSON"),
        (f'"{B}": 0.0', f'"{B}": -Infinity', "-Infinity is no JSON"),
    ],
)
def test_json_that_says_two_things_or_no_number_is_refused(saved, old, new, match):
    text = saved.read_text(encoding="utf-8")
    assert old in text
    saved.write_text(text.replace(old, new), encoding="utf-8")
    refused(saved, match)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    refused(path, "cut short or no chainrule model")


def changed(path, key, value):
    """Write `value` at `key`, a tuple of keys, into the JSON file; ... removes the key."""
    content = json.loads(path.read_text(encoding="utf-8"))
    inner = content
    for part in key[:-1]:
        inner = inner[part]
    if value is ...:
        del inner[key[-1]]
    else:
        inner[key[-1]] = value
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        (("version",), 2, "version 2, this chainrule reads 1"),
        (("version",), "1", "version '1'"),
        (("format",), "chainrule", "no chainrule model"),
        (("parameters",), ..., "incomplete"),
        (("architecture",), ..., "incomplete"),
        (("parameters", W), ..., rf"{W} missing|has 1 parameters"),
        (("parameters", "extra"), 1.0, "extra unknown|has 3 parameters"),
        (("parameters", B), "0.5", f"{B} is '0.5', not a number"),
        (("parameters", B), None, f"{B} is None"),
        (("parameters", B), True, f"{B} is True"),
        (("parameters", B), [0.5], f"{B} is"),
        (("parameters", B), {"nan": 1}, f"{B} is"),
        (("parameters", B), "Infinity", f"{B} is 'Infinity'"),
        pytest.param(("parameters", B), 10**400, B, id="too large for a float"),
        (("version",), True, "version True"),
        (("version",), 1.0, r"version 1\.0"),
        (("version",), None, "version None"),
        (("frozen",), "b", "frozen is 'b'"),
        (("frozen",), ["none"], "frozen is .*not a list of parameters"),
        (("frozen",), [1], "frozen is"),
        (("activations",), [], r"activations is \[\]"),
    ],
)
def test_a_file_with_a_wrong_entry_is_refused(saved, key, value, match):
    changed(saved, key, value)
    refused(saved, match)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ((), None),
        ((), "MLP"),
        ((), [1, 2]),
        (("inputs",), ...),
        (("inputs",), True),
        (("inputs",), 1.0),
        (("inputs",), "1"),
        (("sizes",), 1),
        (("sizes",), None),
        (("sizes",), ["1", "1"]),
        (("sizes",), [1.0, 1.0]),
        (("activation",), ["relu"]),
        (("activation",), {"relu": 1}),
        (("output",), "softmax"),
        (("output",), None),
    ],
)
def test_a_wrong_architecture_is_refused_but_its_numbers_can_be_loaded(tmp_path, key, value):
    saved = nn.save(nn.MLP(1, [1, 1], generator=0), tmp_path / "model.json")
    changed(saved, ("architecture", *key), value)
    with pytest.raises(nn.ModelFileError, match=r"build it yourself, then load\(path, model\)"):
        nn.load(saved)
    model = nn.MLP(1, [1, 1], generator=9)
    nn.load(saved, model)
    assert model.state_dict() == nn.MLP(1, [1, 1], generator=0).state_dict()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("inputs", 2),
        ("inputs", 0),
        ("sizes", [2]),
        ("sizes", [1, 1]),
        ("sizes", [-1]),
        ("sizes", []),
    ],
)
def test_an_architecture_of_another_size_than_its_numbers_is_refused(saved, key, value):
    changed(saved, ("architecture", key), value)
    with pytest.raises(nn.ModelFileError, match=str(saved)):
        nn.load(saved)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
@pytest.mark.parametrize(("key", "value"), [("inputs", 10**9), ("sizes", [500_000, 500_000])])
def test_an_architecture_too_large_for_its_numbers_is_refused_without_building_it(
    saved, key, value
):
    changed(saved, ("architecture", key), value)
    code = (
        "import resource, sys, nn\n"
        "resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))\n"
        "try:\n"
        "    nn.load(sys.argv[1])\n"
        "except nn.ModelFileError:\n"
        "    print('refused')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(saved)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.stdout == "refused\n"


def test_a_model_of_another_shape_is_refused_and_left_alone(tmp_path):
    path = nn.save(nn.MLP(2, [3, 1]), tmp_path / "model.json")
    model = nn.MLP(2, [4, 1], generator=0)
    before = model.state_dict()
    with pytest.raises(nn.ModelFileError, match=r"missing.*none unknown"):
        nn.load(path, model)
    assert model.state_dict() == before


def test_a_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda model: nn.save("model.json", model), "save takes the model first.*got a str"),
        (lambda model: nn.save(Path("m"), model), "save takes the model first.*Path"),
        (lambda model: nn.save(None, "model.json"), "save takes the model first.*NoneType"),
        (lambda model: nn.load(model, "model.json"), "load takes the path first"),
        (lambda model: nn.load(model), "load takes the path first"),
    ],
)
def test_arguments_in_the_wrong_order_are_a_clear_error(tmp_path, monkeypatch, call, match):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=match):
        call(nn.MLP(1, [1]))
    assert names(tmp_path) == []


# --- activations and frozen parameters ----------------------------------------------------


class Layers(nn.Module):
    """Layers in a module of one's own."""

    def __init__(self, first, second):
        self.first, self.second = nn.Layer(2, 2, first), nn.Layer(2, 1, second)


@pytest.mark.parametrize(
    ("saved", "other", "match"),
    [
        (
            lambda: nn.MLP(2, [2, 1], "tanh"),
            lambda: nn.MLP(2, [2, 1], "relu"),
            r"activation 'tanh' in layers\.0, the model has 'relu'",
        ),
        (
            lambda: nn.MLP(2, [2, 1], "tanh", "sigmoid"),
            lambda: nn.MLP(2, [2, 1], "tanh"),
            r"'sigmoid' in layers\.1, the model has 'identity'",
        ),
        (
            lambda: Layers("elu", "relu"),
            lambda: Layers("elu", "gelu"),
            "'relu' in second, the model has 'gelu'",
        ),
        (lambda: nn.Neuron(2, "tanh"), lambda: nn.Neuron(2, "relu"), "'tanh' in neuron"),
        (lambda: Subclass(2, [1], output="tanh"), lambda: Subclass(2, [1]), r"'tanh' in layers\.0"),
        (
            lambda: nn.MLP(2, [3, 2], output="softmax"),
            lambda: nn.MLP(2, [3, 2]),
            r"'softmax' in layers\.1, the model has 'identity'",
        ),
        (
            lambda: nn.MLP(2, [3, 2]),
            lambda: nn.MLP(2, [3, 2], output="log_softmax"),
            r"'identity' in layers\.1, the model has 'log_softmax'",
        ),
        (
            lambda: nn.Layer(2, 2, "softmax"),
            lambda: nn.Layer(2, 2, "log_softmax"),
            "'softmax' in layer, the model has 'log_softmax'",
        ),
    ],
)
@pytest.mark.parametrize("old", [False, True], ids=["new file", "old file"])
def test_another_activation_is_refused_and_the_model_left_alone(tmp_path, saved, other, match, old):
    path = nn.save(saved(), tmp_path / "model.json")
    model = other()
    before = model.state_dict()
    if old:  # as it was written before activations were: known of an MLP alone
        changed(path, ("activations",), ...)
        changed(path, ("frozen",), ...)
    if old and type(saved()) is not nn.MLP:
        assert nn.load(path, model) is model
        return
    with pytest.raises(nn.ModelFileError, match=match):
        nn.load(path, model)
    assert model.state_dict() == before


class WithoutHash:
    """An activation that cannot be looked up."""

    __hash__ = None

    def __call__(self, x):
        return x.tanh()


@pytest.mark.parametrize(
    "output", ["softmax", "log_softmax", WithoutHash()], ids=["softmax", "log_softmax", "no hash"]
)
@pytest.mark.parametrize("hidden", ["relu", "softmax"])
def test_what_follows_a_whole_layer_is_saved_and_trained_on(tmp_path, hidden, output):
    def start():
        model = nn.MLP(2, [3, 2], hidden, output, generator=0)
        return model, nn.Adam(model.parameters(), 0.1)

    def train(model, optimizer, epochs, **options):
        X, y = nn.data.moons(12, seed=0)
        loss = {"softmax": nn.categorical_cross_entropy}.get(str(output), nn.cross_entropy)
        return nn.fit(model, X, y, loss, optimizer, epochs, 5, progress=False, **options)

    whole, optimizer = start()
    accuracies = train(whole, optimizer, 4, early_stopping=3).accuracy
    model, optimizer = start()
    first = train(model, optimizer, 2, early_stopping=3).accuracy
    path = nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    if isinstance(output, str):
        built = nn.load(path)
        assert built([0.5, 2.0])[1].data == model([0.5, 2.0])[1].data
        assert repr(built) == repr(model)
    model, optimizer = start()
    nn.load(path, model, optimizer=optimizer)
    second = train(model, optimizer, 2, early_stopping=3, resume=True).accuracy
    assert first + second == accuracies
    assert model.state_dict() == whole.state_dict()


@pytest.mark.parametrize("activation", [lambda x: x.tanh(), "tanh"], ids=["own", "ours"])
def test_an_activation_of_ones_own_cannot_be_compared_and_passes(tmp_path, activation):
    path = nn.save(nn.MLP(2, [2, 1], activation), tmp_path / "model.json")
    nn.load(path, nn.MLP(2, [2, 1], lambda x: x.tanh()))
    nn.load(path, nn.MLP(2, [2, 1], "tanh"))


def test_frozen_parameters_stay_frozen(tmp_path):
    model = nn.MLP(2, [2, 1], generator=0)
    for parameter in model.layers[0].parameters():
        parameter.requires_grad = False
    path = nn.save(model, tmp_path / "model.json")
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    assert wanted.count(False) == 6
    for loaded in (nn.load(path), nn.load(path, nn.MLP(2, [2, 1]))):
        assert [parameter.requires_grad for parameter in loaded.parameters()] == wanted


def test_what_the_model_has_frozen_stays_so(tmp_path):
    path = nn.save(nn.MLP(2, [2, 1], generator=0), tmp_path / "model.json")
    model = nn.MLP(2, [2, 1])
    model.layers[1].neurons[0].b.requires_grad = False
    nn.load(path, model)
    assert [p.requires_grad for p in model.parameters()].count(False) == 1


OLD_FILE = """{
 "format": "chainrule model",
 "version": 1,
 "architecture": {"inputs": 1, "sizes": [1], "activation": "identity", "output": "identity"},
 "parameters": {"layers.0.neurons.0.w.0": 0.5, "layers.0.neurons.0.b": "nan"}
}
"""


def test_files_of_the_first_release_still_load(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(OLD_FILE)
    for model in (nn.load(path), nn.load(path, nn.MLP(1, [1]))):
        w, b = (parameter.data for parameter in model.parameters())
        assert w == 0.5
        assert math.isnan(b)
        assert all(parameter.requires_grad for parameter in model.parameters())
    model = nn.MLP(1, [1])
    with pytest.raises(nn.ModelFileError, match="no optimizer in it"):
        nn.load(path, model, optimizer=nn.SGD(model.parameters()))


# --- optimizers --------------------------------------------------------------------------


def stepped(make=nn.Adam, seed=0):
    """A model and its optimizer after a few steps."""
    model = nn.MLP(1, [2, 1], "tanh", generator=seed)
    optimizer = make(model.parameters(), 0.1)
    nn.fit(model, [[1.0], [2.0]], [0.5, 0.0], nn.squared_error, optimizer, 2, progress=False)
    return model, optimizer


def fresh(make=nn.Adam, choose=lambda model: model.parameters()):
    model = nn.MLP(1, [2, 1], "tanh", generator=9)
    return model, make(choose(model), 0.5)


def state(model, optimizer):
    return model.state_dict(), json.dumps(optimizer.state_dict()), optimizer.learning_rate


def test_an_optimizer_comes_back_whole(tmp_path):
    model, optimizer = stepped()
    path = nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    again, other = fresh()
    nn.load(path, again, optimizer=other)
    assert state(again, other) == state(model, optimizer)
    assert nn.load(path).state_dict() == model.state_dict()  # without it the model alone


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: fresh(nn.SGD), "the state is that of Adam, this optimizer is SGD"),
        (lambda: fresh(choose=lambda m: m.parameters()[::-1]), "the saved optimizer changes"),
        (lambda: fresh(choose=lambda m: m.layers[0].parameters()), "has 7 parameters, this one 4"),
        (
            lambda: fresh(choose=lambda m: nn.MLP(1, [2, 1]).parameters()),
            r"a parameter outside the model: make it with model\.parameters\(\)",
        ),
    ],
)
def test_an_optimizer_that_does_not_fit_leaves_both_alone(tmp_path, make, match):
    model, optimizer = stepped()
    path = nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    again, other = make()
    before = state(again, other)
    with pytest.raises(nn.ModelFileError, match=match):
        nn.load(path, again, optimizer=other)
    assert state(again, other) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ((), 3),
        ((), {}),
        (("parameters",), "all"),
        (("steps",), -1),
        (("steps",), "many"),
        (("state",), 7),
        (("state",), [1, 2]),
        (("state",), [["x"] * 7] * 2),
        (("settings",), None),
        (("settings", "betas"), [2.0, 2.0]),
        (("settings", "amsgrad"), "yes"),
        (("optimizer",), None),
    ],
)
def test_a_broken_optimizer_leaves_both_alone(tmp_path, key, value):
    model, optimizer = stepped()
    path = nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    changed(path, ("optimizer", *key), value)
    again, other = fresh()
    before = state(again, other)
    with pytest.raises(nn.ModelFileError, match=r"model\.json"):
        nn.load(path, again, optimizer=other)
    assert state(again, other) == before


def test_a_model_that_does_not_fit_leaves_the_optimizer_alone(tmp_path):
    model, optimizer = stepped()
    path = nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    changed(path, ("parameters", "extra"), 1.0)
    again, other = fresh()
    before = state(again, other)
    with pytest.raises(nn.ModelFileError, match="extra unknown"):
        nn.load(path, again, optimizer=other)
    assert state(again, other) == before


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda m, o, p: nn.save(m, p, optimizer=m), TypeError, "one of nn.*got a MLP"),
        (lambda m, o, p: nn.save(nn.MLP(1, [1]), p, optimizer=o), ValueError, "none of the optim"),
        (lambda m, o, p: nn.load(p, optimizer=o), TypeError, r"load\(path, model, optimizer="),
        (lambda m, o, p: nn.load(p, m, optimizer=nn.Adam), TypeError, "one of nn.*got a type"),
        (lambda m, o, p: nn.load(p, "m"), TypeError, "load takes the path, then a model, got str"),
    ],
)
def test_wrong_calls_say_what_to_write(tmp_path, call, error, match):
    model, optimizer = stepped()
    path = nn.save(model, tmp_path / "model.json", optimizer=optimizer)
    with pytest.raises(error, match=match):
        call(model, optimizer, path)


# --- crashes -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), KeyboardInterrupt(), MemoryError()]
)
@pytest.mark.parametrize(
    ("owner", "name"), [(os, "fsync"), (os, "fdopen"), (Path, "chmod"), (Path, "replace")]
)
def test_a_crash_while_writing_leaves_the_old_file_whole(tmp_path, monkeypatch, owner, name, error):
    path = nn.save(Bag([1.0]), tmp_path / "model.json")
    before = path.read_bytes()

    def crash(*_, **__):
        raise error

    with monkeypatch.context() as patched, pytest.raises(type(error)):
        patched.setattr(owner, name, crash)
        nn.save(Bag([2.0]), path)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["model.json"]


def test_a_folder_that_does_not_exist_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.save(Bag([1.0]), tmp_path / "none" / "model.json")


def test_a_folder_in_the_place_of_the_file_stays(tmp_path):
    (tmp_path / "model.json").mkdir()
    with pytest.raises(OSError, match=r"model\.json"):
        nn.save(Bag([1.0]), tmp_path / "model.json")
    assert names(tmp_path) == ["model.json"]


SAVES_FOR_EVER = """
import sys, nn
models = [nn.MLP(2, [20, 1], generator=seed) for seed in (0, 1)]
nn.save(models[0], sys.argv[1])
print("saving", flush=True)
while True:
    for model in models:
        nn.save(model, sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_process_always_leaves_a_whole_file(tmp_path):
    path = tmp_path / "model.json"
    states = [nn.MLP(2, [20, 1], generator=seed).state_dict() for seed in (0, 1)]
    rng = random.Random(0)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", SAVES_FOR_EVER, str(path)], cwd=ROOT, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout.readline() == b"saving\n"
            time.sleep(rng.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert nn.load(path).state_dict() in states
