"""What the page knows of a network: its layers, their numbers, and what may be changed."""

from collections.abc import Callable
from typing import Any

from autograd import Value
from autograd.errors import ChainruleError, ShapeError
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS, MLP, Layer, Neuron
from nn.pictures.playgrounds.tapes import Tapes, Told

MOST_INPUTS, MOST_NEURONS, MOST_LAYERS = 8, 32, 6


class ModelKindError(ChainruleError, TypeError):
    """A model that is no plain MLP cannot be taken apart into circles and lines."""


def check_model(model: Any) -> None:
    """ModelKindError unless `model` is an MLP whose layers and neurons compute as those here do."""
    if not isinstance(model, MLP) or type(model).__call__ is not MLP.__call__:
        kind = model.__name__ if isinstance(model, type) else type(model).__name__
        what = "the class " if isinstance(model, type) else ""
        raise ModelKindError(
            f"a network is drawn of an nn.MLP, whose neurons and lines are known, got "
            f'{what}{kind}: make one such as nn.MLP(2, [4, 1], "tanh")'
        )
    for layer in model.layers:
        plain = type(layer).__call__ is Layer.__call__
        if not plain or any(type(n).__call__ is not Neuron.__call__ for n in layer.neurons):
            raise ModelKindError(
                "a layer or a neuron of this MLP has a __call__ of its own, whose lines nobody "
                "knows: take nn.Layer and nn.Neuron as they are"
            )
    if not model.layers or not all(layer.neurons for layer in model.layers):
        raise ShapeError("a network has layers, and each of them a neuron: this one has lost them")
    for before, after in zip(model.layers, model.layers[1:], strict=False):
        if len(before.neurons) != after.inputs:
            raise ShapeError(
                f"a layer of {len(before.neurons)} neurons meets one that reads {after.inputs}"
            )
    if any(len(neuron.w) != layer.inputs for layer in model.layers for neuron in layer.neurons):
        raise ShapeError("a neuron has not as many weights as its layer reads inputs")


def check_size(model: MLP) -> None:
    """ShapeError for a network that is too large to be looked at."""
    widths = [len(layer.neurons) for layer in model.layers]
    inputs = model.layers[0].inputs
    if inputs > MOST_INPUTS or max(widths) > MOST_NEURONS or len(widths) > MOST_LAYERS:
        raise ShapeError(
            f"{model!r} is too large to be watched neuron by neuron: a playground has at most "
            f"{MOST_INPUTS} inputs, {MOST_LAYERS} layers and {MOST_NEURONS} neurons in each; "
            "nn.fit(..., watch=True) follows larger ones"
        )


def parameters_of(model: MLP) -> list[Value]:
    """All parameters in the order of the page: of each neuron its weights, then its bias."""
    found = [
        value
        for layer in model.layers
        for neuron in layer.neurons
        for value in [*neuron.w, neuron.b]
    ]
    if len(set(map(id, found))) < len(found):
        raise ShapeError("two neurons share a weight, which the page would train twice")
    return found


def told_of_model(model: MLP, tapes: Tapes) -> Told:
    """Layers, activations and numbers."""
    activations = {name: tapes.of(function, 0.5) for name, function in ACTIVATIONS.items()}
    functions: dict[Callable[..., Any], str] = {f: name for name, f in ACTIVATIONS.items()}

    def named(function: Callable[..., Any]) -> str:
        """The name of an activation, whose tape is told."""
        if function not in functions:
            name = _free_name(getattr(function, "__name__", "custom"), activations)
            functions[function] = name
            activations[name] = tapes.of(function, 0.5)
        return functions[function]

    layers = []
    for layer in model.layers:
        told: Told = {
            "inputs": layer.inputs,
            "activations": [named(neuron.activation) for neuron in layer.neurons],
        }
        if layer.activation is not None:
            example = [0.25 * place for place in range(len(layer.neurons))]
            told["together"] = tapes.of(layer.activation, example)
            told["called"] = layer.activation_name
        layers.append(told)
    return {
        "layers": layers,
        "activations": activations,
        "choices": list(ACTIVATIONS),
        "parameters": [value.data for value in parameters_of(model)],
        "outputs": len(model.layers[-1].neurons),
        "most": {"neurons": MOST_NEURONS, "layers": MOST_LAYERS},
    }


def activation_names(layer: Layer) -> list[str]:
    """What each neuron of a layer is followed by, in words."""
    if layer.activation is not None:
        return [layer.activation_name] * len(layer.neurons)
    return [getattr(neuron.activation, "__name__", "custom") for neuron in layer.neurons]


def _free_name(name: str, taken: Any) -> str:
    known = {*taken, *LAYER_ACTIVATIONS}
    if name.isidentifier() and name not in known:
        return name
    number = 2
    while f"custom{number}" in known:
        number += 1
    return f"custom{number}"
