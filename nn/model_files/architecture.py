"""Which layers and activations a saved model has: enough to build an MLP again."""

from pathlib import Path
from typing import Any

from nn.diagnostics import layers_of
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS, MLP
from nn.model_files.content import ModelFileError
from nn.module import Module

KNOWN: dict[str, Any] = {**ACTIVATIONS, **LAYER_ACTIVATIONS}


def architecture_of(model: Module) -> dict[str, Any] | None:
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


def built_from(path: Path, architecture: Any, parameters: int) -> MLP:
    """The MLP that `architecture` tells of; ModelFileError unless it has so many parameters."""
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


def activations_of(model: Module) -> dict[str, str]:
    """The activation of each layer whose outputs have one of `KNOWN` in common."""
    found = {}
    for layer in layers_of(model):
        made_by = [neuron.activation for neuron in layer.neurons]
        own = set(map(_name_of, layer.layer.activations if layer.layer else made_by))
        if len(own) == 1 and "" not in own:
            found[layer.name] = own.pop()
    return found


def check_activations(path: Path, content: dict[str, Any], model: Module) -> None:
    """ModelFileError where a layer was saved with another activation than `model` has there."""
    saved = content.get("activations")
    if saved is None:  # an older file, which has them if it is an MLP
        saved = _told_by_architecture(content["architecture"])
    if not isinstance(saved, dict):
        raise ModelFileError(f"{path}: activations is {saved!r}, not one for each layer")
    for layer, own in activations_of(model).items():
        if saved.get(layer, own) != own:
            raise ModelFileError(
                f"{path} was saved with activation {saved[layer]!r} in {layer}, the model has "
                f"{own!r} there: build the model with that activation"
            )


def _told_by_architecture(architecture: Any) -> dict[str, Any]:
    try:
        last = len(architecture["sizes"]) - 1
        kinds = [architecture["activation"]] * last + [architecture["output"]]
        return {f"layers.{i}": name for i, name in enumerate(kinds) if name in KNOWN}
    except (TypeError, KeyError):
        return {}


def _name_of(activation: Any) -> str:
    """The name in `KNOWN`, or ""; by identity, as one of a user's may have no hash."""
    return next((name for name, known in KNOWN.items() if known is activation), "")
