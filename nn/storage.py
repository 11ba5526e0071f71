"""save and load: a model as a JSON file, exact to the bit, never half written."""

import json
import math
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from autograd.errors import ChainruleError
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS, MLP
from nn.module import Module

FORMAT, VERSION = "chainrule model", 1


class ModelFileError(ChainruleError, ValueError):
    """A file is not a complete chainrule model, or not one of this shape."""


def save(model: Module, path: str | os.PathLike[str]) -> Path:
    """Write `model` to `path` as JSON and return the path.

    Numbers are written so that reading gives the same bits. The file is
    complete or unchanged, even if the process is killed: it is written under a
    temporary name beside it, then renamed.
    """
    if not isinstance(model, Module):
        kind = type(model).__name__
        raise TypeError(f"save takes the model first, then the path; got a {kind}")
    path = Path(path)
    target = path.resolve()  # of a link, the file behind it
    content = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": _architecture(model),
        "parameters": {name: _written(number) for name, number in model.state_dict().items()},
    }
    text = json.dumps(content, indent=1, allow_nan=False)
    handle, temporary = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}.", suffix=".tmp"
    )
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def load(path: str | os.PathLike[str], model: Module | None = None) -> Any:
    """Read the parameters at `path` into `model`, or build the saved MLP; returns the model.

    A file that is cut short, foreign, or of another shape than `model` raises
    ModelFileError and leaves `model` as it was.
    """
    if isinstance(path, Module):
        raise TypeError("load takes the path first, then the model")
    path = Path(path)
    content = _read(path)
    state = {name: _number(path, name, text) for name, text in content["parameters"].items()}
    if model is None:
        model = _built(path, content["architecture"], len(state))
    try:
        model.load_state_dict(state)
    except ChainruleError as error:
        raise ModelFileError(f"{path}: {error}") from None
    return model


def _architecture(model: Module) -> dict[str, Any] | None:
    """What rebuilds an MLP made of named activations; None for any other model."""
    if type(model) is not MLP:
        return None
    known: dict[str, Any] = {**ACTIVATIONS, **LAYER_ACTIVATIONS}
    names = {id(function): name for name, function in known.items()}
    *hidden, last = [
        {names.get(id(activation)) for activation in layer.activations} for layer in model.layers
    ]
    inner = set().union(*hidden) or last
    if len(inner) != 1 or len(last) != 1 or None in inner | last:
        return None
    return {
        "inputs": model.layers[0].inputs,
        "sizes": [len(layer.neurons) for layer in model.layers],
        "activation": next(iter(inner)),
        "output": next(iter(last)),
    }


def _built(path: Path, architecture: Any, parameters: int) -> MLP:
    try:
        sizes = architecture["sizes"]
        widths = zip([architecture["inputs"], *sizes], sizes, strict=False)
        expected = sum((before + 1) * after for before, after in widths)
        if expected == parameters:  # checked before anything of that size is built
            return MLP(
                architecture["inputs"],
                sizes,
                architecture["activation"],
                architecture["output"],
                generator=0,
            )
    except (TypeError, KeyError, ValueError):
        raise ModelFileError(
            f"{path} does not say how to build its model: build it yourself, then load(path, model)"
        ) from None
    raise ModelFileError(f"{path} has {parameters} parameters, its MLP needs {expected}")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is cut short or no chainrule model: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"{path} is no chainrule model: its format is not {FORMAT!r}")
    if content.get("version") != VERSION:
        raise ModelFileError(
            f"{path} has version {content.get('version')!r}, this chainrule reads {VERSION}"
        )
    if not isinstance(content.get("parameters"), dict) or "architecture" not in content:
        raise ModelFileError(f"{path} is incomplete: no parameters or no architecture")
    return content


def _written(number: float) -> float | str:
    return number if math.isfinite(number) else repr(number)


def _number(path: Path, name: str, entry: Any) -> float:
    if isinstance(entry, float) or entry in ("nan", "inf", "-inf"):
        return float(entry)
    if isinstance(entry, int) and not isinstance(entry, bool) and abs(entry) < 2**1023:
        return float(entry)
    raise ModelFileError(f"{path}: parameter {name} is {entry!r}, not a number")
