"""An optimizer in a model file: its state, and whose parameters it changes."""

from pathlib import Path
from typing import Any

from autograd import Value
from nn.model_files.content import ModelFileError, as_json, number_at, with_texts, without_texts
from nn.module import Module
from nn.optimizer import Optimizer


def check_optimizer(optimizer: Any) -> None:
    """TypeError unless this is an optimizer of `nn`, or None."""
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        kind = type(optimizer).__name__
        raise TypeError(f"optimizer must be one of nn, such as nn.Adam(...), got a {kind}")


def optimizer_entry(model: Module, optimizer: Optimizer) -> dict[str, Any]:
    """Its state; and its parameters: by name, or by number where they are not the model's."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if not any(id(parameter) in names for parameter in optimizer.parameters):
        raise ValueError("none of the optimizer's parameters is in the model: save its own model")
    entry: dict[str, Any] = with_texts(optimizer.state_dict())
    entry["parameters"] = [
        names[id(parameter)] if id(parameter) in names else {"other": as_json(parameter.data)}
        for parameter in optimizer.parameters
    ]
    return entry


def load_optimizer(
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
            others.append((parameter, number_at(path, "of the loss", name["other"])))
        elif own is None or own != name:
            raise ModelFileError(
                f"{path}: the saved optimizer changes {name!r:.60} where this one changes "
                f"{own or 'a parameter outside the model'}: make it with model.parameters()"
            )
    try:
        optimizer.load_state_dict(without_texts(entry))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path}: {error}") from None
    return others
