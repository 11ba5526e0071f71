"""save and load: a model as a file, exact to the bit, never half written."""

import json
import os
from pathlib import Path
from typing import Any

from autograd.errors import ChainruleError
from nn.model_files.architecture import (
    activations_of,
    architecture_of,
    built_from,
    check_activations,
)
from nn.model_files.content import FORMAT, VERSION, ModelFileError, as_json, number_at, read_content
from nn.model_files.optimizer_entry import check_optimizer, load_optimizer, optimizer_entry
from nn.model_files.safetensors import SUFFIX, as_safetensors, read_safetensors
from nn.model_files.whole_files import file_path, write_whole
from nn.module import Module
from nn.optimizer import Optimizer


def save(
    model: Module, path: str | os.PathLike[str], *, optimizer: Optimizer | None = None
) -> Path:
    """Write `model` to `path` and return the path: as safetensors if its name ends so, else JSON.

    A file ``x.safetensors`` holds a float64 tensor for each layer's weights and biases, such as
    ``layers.0.weight`` of (outputs, inputs), which PyTorch, JAX and others read; it has no
    room for an optimizer.

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
    check_optimizer(optimizer)
    binary = path.suffix == SUFFIX
    if binary and optimizer is not None:
        raise ValueError(
            f"{path}: safetensors has room for the numbers of the model alone: save what goes on "
            f"with the training as JSON, in {path.with_suffix('.json').name}"
        )
    parameters = model.named_parameters()
    content = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": architecture_of(model),
        "activations": activations_of(model),
        "frozen": [name for name, parameter in parameters if not parameter.requires_grad],
        "parameters": {name: as_json(parameter.data) for name, parameter in parameters},
    }
    if optimizer is not None:
        content["optimizer"] = optimizer_entry(model, optimizer)
    if binary:
        write_whole(path, as_safetensors(content, model.state_dict()))
        return path
    write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return path


def load(
    path: str | os.PathLike[str],
    model: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
) -> Any:
    """Read the parameters at `path` into `model`, or build the saved MLP; returns the model.

    A file ``x.safetensors`` may be another program's, whose tensors have the names and shapes
    that `save` gives those of `model`. Parameters that were frozen when saved are frozen. With
    `optimizer`, made of the parameters of `model`, what was saved of one goes into it;
    ``nn.fit(..., resume=True)`` then goes on with the training.

    A file that is cut short, foreign, of another shape or of other activations than
    `model` raises ModelFileError; `model` and `optimizer` are left as they were.
    """
    if isinstance(path, Module):
        raise TypeError("load takes the path first, then the model")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"load takes the path, then a model, got {type(model).__name__} {model!r}")
    path = file_path(path, "load")
    check_optimizer(optimizer)
    if optimizer is not None and model is None:
        raise TypeError(
            "load needs the model whose parameters the optimizer has: load(path, model, "
            "optimizer=optimizer)"
        )
    if path.suffix == SUFFIX:
        if optimizer is not None:
            raise ModelFileError(f"{path} has no optimizer in it: safetensors has no room for one")
        content, model = read_safetensors(path, model)
    else:
        content = read_content(path)
    state = {name: number_at(path, name, text) for name, text in content["parameters"].items()}
    frozen = _frozen(path, content, state)
    if model is None:
        model = built_from(path, content["architecture"], len(state))
    check_activations(path, content, model)
    earlier = optimizer.state_dict() if optimizer is not None else {}
    try:
        others = load_optimizer(path, content, model, optimizer)
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


def _frozen(path: Path, content: dict[str, Any], state: dict[str, float]) -> set[str]:
    frozen = content.get("frozen", [])
    if not isinstance(frozen, list) or not all(
        isinstance(name, str) and name in state for name in frozen
    ):
        raise ModelFileError(f"{path}: frozen is {frozen!r:.60}, not a list of parameters")
    return set(frozen)
