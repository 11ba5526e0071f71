"""A model as a file of the format safetensors, which PyTorch, JAX and others read.

Eight bytes say how long the header is; the header is JSON, which says of every tensor its
dtype, shape and place; then come the numbers, in little-endian order. See
https://huggingface.co/docs/safetensors. Files of it run no code when they are read.
"""

import json
import math
import struct
import sys
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nn.model_files.architecture import built_from
from nn.model_files.content import FORMAT, VERSION, ModelFileError
from nn.model_files.tensors import gathered
from nn.module import Module

SUFFIX = ".safetensors"
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_LONGEST_HEADER = 100_000_000


def as_safetensors(content: dict[str, Any], numbers: Mapping[str, float]) -> bytes:
    """The bytes of a file: all `numbers`, by path, in float64, and what `content` says of them."""
    said = {name: content[name] for name in ("architecture", "activations", "frozen")}
    header: dict[str, Any] = {
        "__metadata__": {
            "format": FORMAT,
            "version": str(VERSION),
            **{name: json.dumps(entry) for name, entry in said.items()},
        }
    }
    data = array("d")
    for name, tensor in gathered(numbers).items():
        start = 8 * len(data)
        data.extend([numbers[path] for path in tensor.paths])
        header[name] = {
            "dtype": "F64",
            "shape": list(tensor.shape),
            "data_offsets": [start, 8 * len(data)],
        }
    if sys.byteorder == "big":
        data.byteswap()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    return struct.pack("<Q", len(text)) + text + data.tobytes()


def read_safetensors(path: Path, model: Module | None) -> tuple[dict[str, Any], Module]:
    """What the file at `path` holds, as `read_content` gives it, and the model it is for.

    Numbers of fewer bits become floats exactly. ModelFileError unless the file is whole, and its
    tensors are those of `model`, or of the MLP that the file tells of.
    """
    header, data = _parts(path)
    said = header.pop("__metadata__", {})
    tensors = {name: _tensor(path, name, entry, data) for name, entry in header.items()}
    _check_covered(path, header, len(data))
    content = _told(path, said)
    if model is None:
        if content["architecture"] is None:
            raise ModelFileError(
                f"{path} does not say how to build its model: build it yourself, then "
                "load(path, model)"
            )
        count = sum(len(numbers) for _, numbers in tensors.values())
        model = built_from(path, content["architecture"], count)
    own = gathered(name for name, _ in model.named_parameters())
    if own.keys() != tensors.keys():
        missing, unknown = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
        raise ModelFileError(
            f"{path} has not the tensors of {type(model).__name__}: missing are "
            f"{_few(missing)}, unknown {_few(unknown)}"
        )
    parameters: dict[str, float] = {}
    for name, tensor in own.items():
        shape, numbers = tensors[name]
        if shape != tensor.shape:
            raise ModelFileError(
                f"{path}: {name} has shape {shape}, that of the model is {tensor.shape}"
            )
        parameters |= zip(tensor.paths, numbers, strict=True)
    return content | {"parameters": parameters}, model


def _parts(path: Path) -> tuple[dict[str, Any], bytes]:
    """The header and the numbers."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    if len(whole) < 8 or length > min(len(whole) - 8, _LONGEST_HEADER):
        raise ModelFileError(f"{path} is cut short or no file of safetensors")
    try:
        header = json.loads(whole[8 : 8 + length].decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no file of safetensors: {error}") from None
    if not isinstance(header, dict):
        raise ModelFileError(f"{path} is no file of safetensors: its header is no object")
    return header, whole[8 + length :]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _tensor(path: Path, name: str, entry: Any, data: bytes) -> tuple[tuple[int, ...], list[float]]:
    """The shape and the numbers of one tensor."""
    try:
        dtype, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        whole = all(type(n) is int and n >= 0 for n in (*shape, start, stop))
        size = math.prod(shape)
    except (TypeError, KeyError, ValueError):
        raise ModelFileError(f"{path}: the header says {entry!r:.80} of {name}") from None
    if dtype not in _SIZES:
        raise ModelFileError(
            f"{path}: {name} has dtype {dtype!r}; known are {', '.join(_SIZES)}, real numbers"
        )
    if not whole or start > stop or stop > len(data) or stop - start != size * _SIZES[dtype]:
        raise ModelFileError(f"{path}: {name} of shape {shape} is cut short")
    return shape, _numbers(dtype, data[start:stop], size)


def _numbers(dtype: str, part: bytes, count: int) -> list[float]:
    if dtype == "BF16":  # the upper half of a float32
        part = b"".join(b"\0\0" + part[i : i + 2] for i in range(0, len(part), 2))
    letter = {"F64": "d", "F32": "f", "F16": "e", "BF16": "f"}[dtype]
    return list(struct.unpack(f"<{count}{letter}", part))


def _check_covered(path: Path, header: dict[str, Any], length: int) -> None:
    """ModelFileError unless every byte belongs to one tensor, as the format demands."""
    at = 0
    for start, stop in sorted(entry["data_offsets"] for entry in header.values()):
        if start != at:
            raise ModelFileError(f"{path}: its tensors overlap or leave gaps, byte {start}")
        at = stop
    if at != length:
        raise ModelFileError(f"{path} has {length} bytes of numbers, its tensors {at}")


def _told(path: Path, said: Any) -> dict[str, Any]:
    """What a file of ours says besides its numbers; of another program's, nothing."""
    content: dict[str, Any] = {"architecture": None, "activations": None, "frozen": []}
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        return content
    if said.get("version") != str(VERSION):
        raise ModelFileError(
            f"{path} has version {said.get('version')!r}, this chainrule reads {VERSION}"
        )
    try:
        return {name: json.loads(said[name]) for name in content}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: its metadata are not whole: {error}") from None


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:4]) or "none"
    return shown + (f" and {len(names) - 4} more" if len(names) > 4 else "")
