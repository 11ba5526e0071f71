"""save and load: a model as a JSON file, exact to the bit, never half written."""

import json
import math
import os
from pathlib import Path
from typing import Any

from autograd import Value
from autograd.errors import ChainruleError
from nn.diagnostics import layers_of
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS, MLP
from nn.model_files.whole_files import file_path, write_whole
from nn.module import Module
from nn.optimizer import Optimizer

FORMAT, VERSION = "chainrule model", 1
KNOWN: dict[str, Any] = {**ACTIVATIONS, **LAYER_ACTIVATIONS}


class ModelFileError(ChainruleError, ValueError):
    """A file is not a complete chainrule model, or not one of this shape."""


def save(
    model: Module, path: str | os.PathLike[str], *, optimizer: Optimizer | None = None
) -> Path:
    """Write `model` to `path` as JSON and return the path.

    Numbers are written so that reading gives the same bits, and so is, with
    `optimizer`, all that going on with the training needs: what the optimizer
    remembers, and of the last `nn.fit` the epoch, shuffling, schedule and early
    stopping. The file is complete or unchanged, even if the process is killed: it is
    written under a temporary name beside it, then renamed. Devices and pipes are
    written to as they are. An OSError (disk full, no such folder) names `path`.

    >>> import nn, tempfile, pathlib
    >>> X, y = nn.data.moons(20, seed=0)
    >>> def start():
    ...     model = nn.MLP(2, [4, 1], "tanh", generator=0)
    ...     return model, nn.Adam(model.parameters(), 0.05)
    >>> def train(model, optimizer, epochs, **options):
    ...     loss = nn.binary_cross_entropy_with_logits
    ...     nn.fit(model, X, y, loss, optimizer, epochs, progress=False, **options)
    >>> whole, optimizer = start()
    >>> train(whole, optimizer, 4)
    >>> model, optimizer = start()
    >>> train(model, optimizer, 2)
    >>> path = nn.save(model, pathlib.Path(tempfile.mkdtemp()) / "half.json", optimizer=optimizer)
    >>> model, optimizer = start()
    >>> model = nn.load(path, model, optimizer=optimizer)
    >>> train(model, optimizer, 2, resume=True)
    >>> model.state_dict() == whole.state_dict()
    True
    """
    if not isinstance(model, Module):
        kind = type(model).__name__
        raise TypeError(f"save takes the model first, then the path; got a {kind}")
    path = file_path(path, "save")
    _check_optimizer(optimizer)
    parameters = model.named_parameters()
    content = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": _architecture(model),
        "activations": _activations(model),
        "frozen": [name for name, parameter in parameters if not parameter.requires_grad],
        "parameters": {name: _written(parameter.data) for name, parameter in parameters},
    }
    if optimizer is not None:
        content["optimizer"] = _optimizer_entry(model, optimizer)
    write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return path


def load(
    path: str | os.PathLike[str],
    model: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
) -> Any:
    """Read the parameters at `path` into `model`, or build the saved MLP; returns the model.

    Parameters that were frozen when saved are frozen. With `optimizer`, made of the
    parameters of `model`, what was saved of one goes into it; ``nn.fit(...,
    resume=True)`` then goes on with the training.

    A file that is cut short, foreign, of another shape or of other activations than
    `model` raises ModelFileError; `model` and `optimizer` are left as they were.
    """
    if isinstance(path, Module):
        raise TypeError("load takes the path first, then the model")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"load takes the path, then a model, got {type(model).__name__} {model!r}")
    path = file_path(path, "load")
    _check_optimizer(optimizer)
    if optimizer is not None and model is None:
        raise TypeError(
            "load needs the model whose parameters the optimizer has: load(path, model, "
            "optimizer=optimizer)"
        )
    content = _read(path)
    state = {name: _number(path, name, text) for name, text in content["parameters"].items()}
    frozen = _frozen(path, content, state)
    if model is None:
        model = _built(path, content["architecture"], len(state))
    _check_activations(path, content, model)
    earlier = optimizer.state_dict() if optimizer is not None else {}
    try:
        others = _load_optimizer(path, content, model, optimizer)
        model.load_state_dict(state)
    except ChainruleError as error:
        if optimizer is not None:
            optimizer.load_state_dict(earlier)
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path}: {error}") from None
    for parameter, number in others:
        parameter.data = number
    for name, parameter in model.named_parameters():
        if name in frozen:
            parameter.requires_grad = False
    return model


def _architecture(model: Module) -> dict[str, Any] | None:
    """What rebuilds an MLP made of named activations; None for any other model."""
    if type(model) is not MLP:
        return None
    *hidden, last = [set(map(_name_of, layer.activations)) for layer in model.layers]
    inner = set().union(*hidden) or last
    if len(inner) != 1 or len(last) != 1 or "" in inner | last:
        return None
    return {
        "inputs": model.layers[0].inputs,
        "sizes": [len(layer.neurons) for layer in model.layers],
        "activation": next(iter(inner)),
        "output": next(iter(last)),
    }


def _name_of(activation: Any) -> str:
    """The name in `KNOWN`, or ""; by identity, as one of a user's may have no hash."""
    return next((name for name, known in KNOWN.items() if known is activation), "")


def _activations(model: Module) -> dict[str, str]:
    """The activation of each layer whose outputs have one of `KNOWN` in common."""
    found = {}
    for layer in layers_of(model):
        made_by = [neuron.activation for neuron in layer.neurons]
        own = set(map(_name_of, layer.layer.activations if layer.layer else made_by))
        if len(own) == 1 and "" not in own:
            found[layer.name] = own.pop()
    return found


def _check_activations(path: Path, content: dict[str, Any], model: Module) -> None:
    """ModelFileError where a layer was saved with another activation than `model` has there."""
    saved = content.get("activations")
    if saved is None:  # an older file, which has them if it is an MLP
        saved = _of_architecture(content["architecture"])
    if not isinstance(saved, dict):
        raise ModelFileError(f"{path}: activations is {saved!r}, not one for each layer")
    for layer, own in _activations(model).items():
        if saved.get(layer, own) != own:
            raise ModelFileError(
                f"{path} was saved with activation {saved[layer]!r} in {layer}, the model has "
                f"{own!r} there: build the model with that activation"
            )


def _of_architecture(architecture: Any) -> dict[str, Any]:
    try:
        last = len(architecture["sizes"]) - 1
        kinds = [architecture["activation"]] * last + [architecture["output"]]
        return {f"layers.{i}": name for i, name in enumerate(kinds) if name in KNOWN}
    except (TypeError, KeyError):
        return {}


def _frozen(path: Path, content: dict[str, Any], state: dict[str, float]) -> set[str]:
    frozen = content.get("frozen", [])
    if not isinstance(frozen, list) or not all(
        isinstance(name, str) and name in state for name in frozen
    ):
        raise ModelFileError(f"{path}: frozen is {frozen!r:.60}, not a list of parameters")
    return set(frozen)


def _check_optimizer(optimizer: Any) -> None:
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        kind = type(optimizer).__name__
        raise TypeError(f"optimizer must be one of nn, such as nn.Adam(...), got a {kind}")


def _optimizer_entry(model: Module, optimizer: Optimizer) -> dict[str, Any]:
    """Its state; and its parameters: by name, or by number where they are not the model's."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if not any(id(parameter) in names for parameter in optimizer.parameters):
        raise ValueError("none of the optimizer's parameters is in the model: save its own model")
    entry: dict[str, Any] = _with_texts(optimizer.state_dict())
    entry["parameters"] = [
        names[id(parameter)] if id(parameter) in names else {"other": _written(parameter.data)}
        for parameter in optimizer.parameters
    ]
    return entry


def _load_optimizer(
    path: Path, content: dict[str, Any], model: Module, optimizer: Optimizer | None
) -> list[tuple[Value, float]]:
    """Set the state of `optimizer`; returns what its parameters outside the model are to be."""
    if optimizer is None:
        return []
    entry = content.get("optimizer")
    if not isinstance(entry, dict) or not isinstance(entry.get("parameters"), list):
        raise ModelFileError(
            f"{path} has no optimizer in it: it is written by save(model, path, optimizer=...)"
        )
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    saved, others = entry["parameters"], []
    if len(saved) != len(optimizer.parameters):
        raise ModelFileError(
            f"{path}: the saved optimizer has {len(saved)} parameters, this one "
            f"{len(optimizer.parameters)}"
        )
    for parameter, name in zip(optimizer.parameters, saved, strict=True):
        own = names.get(id(parameter))
        if own is None and isinstance(name, dict) and set(name) == {"other"}:
            others.append((parameter, _number(path, "of the loss", name["other"])))
        elif own is None or own != name:
            raise ModelFileError(
                f"{path}: the saved optimizer changes {name!r:.60} where this one changes "
                f"{own or 'a parameter outside the model'}: make it with model.parameters()"
            )
    try:
        optimizer.load_state_dict(_without_texts(entry))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path}: {error}") from None
    return others


def _with_texts(tree: Any) -> Any:
    """`tree` with texts for the floats that JSON has not: nan and the infinities."""
    if isinstance(tree, float):
        return _written(tree)
    if isinstance(tree, dict):
        return {name: _with_texts(part) for name, part in tree.items()}
    return list(map(_with_texts, tree)) if isinstance(tree, list | tuple) else tree


def _without_texts(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _without_texts(part) for name, part in tree.items()}
    if isinstance(tree, list):
        return list(map(_without_texts, tree))
    return float(tree) if tree in ("nan", "inf", "-inf") else tree


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
    text = path.read_bytes()
    try:
        content = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is cut short or no chainrule model: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"{path} is no chainrule model: its format is not {FORMAT!r}")
    version = content.get("version")
    if type(version) is not int or version != VERSION:
        raise ModelFileError(f"{path} has version {version!r}, this chainrule reads {VERSION}")
    if not isinstance(content.get("parameters"), dict) or "architecture" not in content:
        raise ModelFileError(f"{path} is incomplete: no parameters or no architecture")
    return content


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands there twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text:.40} does not fit a float")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON; here it is written as a text")


def _written(number: float) -> float | str:
    return number if math.isfinite(number) else repr(number)


def _number(path: Path, name: str, entry: Any) -> float:
    if isinstance(entry, float) or entry in ("nan", "inf", "-inf"):
        return float(entry)
    if isinstance(entry, int) and not isinstance(entry, bool) and abs(entry) < 2**1023:
        return float(entry)
    raise ModelFileError(f"{path}: parameter {name} is {entry!r}, not a number")
