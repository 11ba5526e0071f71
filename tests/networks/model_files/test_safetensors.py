"""Models in files of safetensors, which the real program reads and writes."""

import json
import math
import struct

import pytest

import autograd
import nn
from autograd import Value
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS

np = pytest.importorskip("numpy")


@pytest.fixture
def theirs():
    pytest.importorskip("safetensors")
    import safetensors.numpy

    return safetensors.numpy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize("kind", [*ACTIVATIONS, *LAYER_ACTIVATIONS])
def test_every_activation_comes_back_to_the_bit(kind, path):
    model = nn.MLP(3, [4, 2], kind, kind, generator=0)
    assert nn.save(model, path) == path
    again = nn.load(path)
    assert repr(again) == repr(model)
    assert again.state_dict() == model.state_dict()
    nn.save(again, path.with_name("again.safetensors"))
    assert path.with_name("again.safetensors").read_bytes() == path.read_bytes()


def test_every_float_is_kept(path):
    model = nn.MLP(1, [4])
    model.layers[0].set_matrix(
        [[math.nan], [math.inf], [-0.0], [5e-324]], [-math.inf, 1.7e308, 0.1, 1 / 3]
    )
    nn.save(model, path)
    assert repr(nn.load(path).state_dict()) == repr(model.state_dict())


def test_the_real_program_reads_it(path, theirs):
    model = nn.MLP(2, [3, 1], generator=0)
    nn.save(model, path)
    found = theirs.load_file(path)
    for position, layer in enumerate(model.layers):
        W, b = layer.matrix()
        assert np.array_equal(found[f"layers.{position}.weight"], W)
        assert np.array_equal(found[f"layers.{position}.bias"], b)
    assert len(found) == 4


def test_pytorch_reads_it_and_writes_one(path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    import safetensors.torch

    model, other = nn.MLP(2, [3, 1], generator=0), nn.MLP(2, [3, 1], generator=1)
    nn.save(model, path)
    module = nn.to_torch(other)
    module.load_state_dict(safetensors.torch.load_file(path))
    assert nn.from_torch(module).state_dict() == model.state_dict()
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        written = nn.to_torch(model, dtype=dtype)
        safetensors.torch.save_file(written.state_dict(), path)
        assert nn.load(path, nn.MLP(2, [3, 1])).state_dict() == nn.from_torch(written).state_dict()


class Spring(nn.Module):
    def __init__(self):
        self.stiffness, self.masses = Value(2.0), [Value(1.0), Value(3.0)]
        self.table = [[Value(1.0), Value(2.0), Value(3.0)], [Value(4.0), Value(5.0), Value(6.0)]]
        self.net = nn.MLP(1, [2], generator=0)

    def __call__(self, x):
        return self.stiffness * x


def test_a_module_of_your_own_is_loaded_into_one(path, theirs):
    model, other = Spring(), Spring()
    for parameter in other.parameters():
        parameter.data = 0.0
    nn.save(model, path)
    found = theirs.load_file(path)
    assert found["table"].tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert (found["stiffness"].item(), found["masses"].tolist()) == (2.0, [1.0, 3.0])
    assert found["net.layers.0.weight"].shape == (2, 1)
    assert nn.load(path, other) is other
    assert other.state_dict() == model.state_dict()
    with pytest.raises(nn.ModelFileError, match="does not say how to build"):
        nn.load(path)


def test_frozen_parameters_stay_frozen(path):
    model = nn.MLP(2, [1])
    model.layers[0].neurons[0].b.requires_grad = False
    nn.save(model, path)
    assert [p.requires_grad for p in nn.load(path).parameters()] == [True, True, False]


def test_it_has_no_room_for_an_optimizer(path):
    model = nn.MLP(2, [1])
    optimizer = nn.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match=r"save what goes on .* as JSON, in model\.json"):
        nn.save(model, path, optimizer=optimizer)
    assert not path.exists()
    nn.save(model, path)
    with pytest.raises(nn.ModelFileError, match="no optimizer in it"):
        nn.load(path, model, optimizer=optimizer)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda: nn.MLP(2, [3, 3, 1]), r"missing are layers\.2\.bias, layers\.2\.weight"),
        (lambda: nn.MLP(2, [1]), r"unknown layers\.1\.bias"),
        (lambda: nn.MLP(2, [4, 1]), r"layers\.0\.weight has shape \(3, 2\).*\(4, 2\)"),
        (lambda: nn.MLP(2, [3, 1], "tanh"), "saved with activation 'relu'"),
    ],
)
def test_another_shape_is_refused_and_changes_nothing(other, said, path):
    nn.save(nn.MLP(2, [3, 1], generator=0), path)
    model = other()
    before = model.state_dict()
    with pytest.raises(nn.ModelFileError, match=said):
        nn.load(path, model)
    assert model.state_dict() == before


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


ENTRY = {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]}
BIAS = {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]}
BOTH = {"layers.0.weight": ENTRY, "layers.0.bias": BIAS}


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (b"", "cut short"),
        (b"{}", "cut short"),
        (struct.pack("<Q", 10**9) + b"{}", "cut short"),
        (file_of(b"[1]"), "no object"),
        (file_of(b"{"), "no file of safetensors"),
        (file_of(b'{"a": 1, "a": 2}'), "twice"),
        (file_of({"a": 3}), "the header says 3 of a"),
        (file_of({"a": {**ENTRY, "dtype": "I64"}}, bytes(8)), "dtype 'I64'"),
        (file_of({"a": ENTRY}, bytes(7)), "cut short"),
        (file_of({"a": {**ENTRY, "shape": [2, 1]}}, bytes(8)), "cut short"),
        (file_of({"a": {**ENTRY, "shape": [-1, -1]}}, bytes(8)), "cut short"),
        (file_of(BOTH, bytes(24)), "24 bytes of numbers, its tensors 16"),
        (file_of({**BOTH, "layers.0.bias": {**BIAS, "data_offsets": [0, 8]}}, bytes(8)), "overlap"),
        (file_of({**BOTH, "__metadata__": {"format": "chainrule model", "version": "9"}},
                 bytes(16)), "version '9'"),
        (file_of({**BOTH, "__metadata__": {"format": "chainrule model", "version": "1"}},
                 bytes(16)), "metadata are not whole"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_whole_is_refused(whole, said, path):
    path.write_bytes(whole)
    with pytest.raises(nn.ModelFileError, match=said):
        nn.load(path, nn.MLP(1, [1]))


def test_a_file_of_another_program_is_read(path):
    path.write_bytes(file_of(BOTH, struct.pack("<2d", 3.0, 4.0)))
    model = nn.load(path, nn.MLP(1, [1]))
    assert model([2.0]).data == 10.0
    with pytest.raises(nn.ModelFileError, match="does not say how to build"):
        nn.load(path)


def test_a_cut_anywhere_is_found(path):
    nn.save(nn.MLP(1, [1], generator=0), path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(nn.ModelFileError):
            nn.load(path)


def test_it_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.save(nn.MLP(1, [1]), tmp_path / "none" / "model.safetensors")
    assert autograd.errors.ChainruleError in nn.ModelFileError.__mro__
