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

ROOT = Path(__file__).parent.parent


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


W, B = "layers.0.neurons.0.w.0", "layers.0.neurons.0.b"


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
