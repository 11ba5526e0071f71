"""What all doors read and make: a model as steps, each a matrix, a vector and an activation."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import Value, scope
from autograd.errors import ChainruleError, PackageMissingError
from nn.layers import ACTIVATIONS, LAYER_ACTIVATIONS, MLP, Layer, Neuron


class ConversionError(ChainruleError, TypeError):
    """A model has something that the program on the other side has not, or the other way round."""


class Step(NamedTuple):
    """One layer: what it computes is ``together(activation(weights @ x + biases))``.

    `weights` has a row for each output. `activation` is a name of `ACTIVATIONS`, `together` of
    `LAYER_ACTIVATIONS` or "". `frozen` says of the weights and of the biases whether they stay
    as they are in training.
    """

    weights: list[list[float]]
    biases: list[float]
    activation: str = "identity"
    together: str = ""
    frozen: tuple[bool, bool] = (False, False)

    @property
    def activations(self) -> list[str]:
        """The names of those that do something, in their order."""
        return [name for name in (self.activation, self.together) if name not in ("identity", "")]


def steps_of(model: Any, caller: str) -> list[Step]:
    """The steps of `model`; ConversionError, by name, for what is not made of them."""
    layers = _layers(model, caller)
    neurons = [neuron for layer in layers for neuron in layer.neurons]
    values = [value for neuron in neurons for value in (*neuron.w, neuron.b)]
    if len(set(map(id, values))) < len(values):
        raise ConversionError(
            f"{caller}: two neurons share a parameter, which would be two on the other side"
            + _compiled(caller)
        )
    if any(value.parents for value in values):
        raise ConversionError(
            f"{caller}: a weight is computed from other Values, which would be lost on the other "
            "side" + _compiled(caller)
        )
    return [_step(layer, position, caller) for position, layer in enumerate(layers)]


def model_of(steps: Sequence[Step]) -> MLP:
    """The MLP with these steps."""
    zeros: Any = {"init": lambda *_: 0.0, "generator": 0}
    sizes = [len(step.weights) for step in steps]
    model = MLP(len(steps[0].weights[0]), sizes, **zeros)
    for position, step in enumerate(steps):
        layer = model.layers[position]
        with scope("mlp"), scope(f"layer{position}"):  # it refuses the softmax of one output
            layer = Layer(layer.inputs, sizes[position], step.together or step.activation, **zeros)
        layer.set_matrix(step.weights, step.biases)
        for neuron in layer.neurons:
            neuron.activation = ACTIVATIONS[step.activation]
            neuron.b.requires_grad = not step.frozen[1]
            for weight in neuron.w:
                weight.requires_grad = not step.frozen[0]
        model.layers[position] = layer
    return model


def package(name: str, caller: str, install: str = "") -> Any:
    """The package of that name; PackageMissingError says how to get it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise PackageMissingError(
            f"{caller} needs {error.name or name}: pip install {install or name}"
        ) from None


@functools.singledispatch
def layers_in(model: Any) -> list[Layer] | None:
    """The layers that `model` is a chain of; None where nobody knows."""
    return None


@layers_in.register(MLP)
def _(model: MLP) -> list[Layer] | None:
    return model.layers if type(model).__call__ is MLP.__call__ else None


@layers_in.register(Layer)
def _(model: Layer) -> list[Layer] | None:
    return [model]


@layers_in.register(Neuron)
def _(model: Neuron) -> list[Layer] | None:
    layer = Layer(len(model.w), 1, "identity", generator=0)
    layer.neurons = [model]
    return [layer]


def _layers(model: Any, caller: str) -> list[Layer]:
    layers = layers_in(model)
    if layers is None:
        kind = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise ConversionError(
            f"{caller} knows nn.MLP, nn.Layer and nn.Neuron, got {kind}"
            + (_compiled(caller) if callable(model) and not isinstance(model, type) else "")
        )
    for layer in layers:
        for part, plain in [(layer, Layer), *[(neuron, Neuron) for neuron in layer.neurons]]:
            if type(part).__call__ is not plain.__call__:
                raise ConversionError(
                    f"{caller}: {type(part).__name__} has a __call__ of its own, which is no "
                    "matrix and activation" + _compiled(caller)
                )
    if not layers or not all(layer.neurons for layer in layers):
        raise ConversionError(f"{caller}: the model has no layers, or one without neurons")
    return layers


def _step(layer: Layer, position: int, caller: str) -> Step:
    names = {_named(neuron.activation, position, caller) for neuron in layer.neurons}
    if len(names) > 1:
        raise ConversionError(
            f"{caller}: the neurons of layer {position} have different activations, "
            f"{', '.join(sorted(names))}: give them one" + _compiled(caller, "or compile it")
        )
    [name] = names
    together = _named(layer.activation, position, caller) if layer.activation else ""
    weights, biases = layer.matrix()
    frozen = (
        _frozen([value for neuron in layer.neurons for value in neuron.w], position, caller),
        _frozen([neuron.b for neuron in layer.neurons], position, caller),
    )
    return Step(weights.tolist(), biases.tolist(), name, together, frozen)


def _named(activation: Any, position: int, caller: str) -> str:
    for name, known in (*ACTIVATIONS.items(), *LAYER_ACTIVATIONS.items()):
        if known is activation:
            return name
    called = getattr(activation, "__name__", repr(activation))
    raise ConversionError(
        f"{caller}: layer {position} has the activation {called}, a function of your own: known "
        f"are {', '.join([*ACTIVATIONS, *LAYER_ACTIVATIONS])}" + _compiled(caller)
    )


def _frozen(values: list[Value], position: int, caller: str) -> bool:
    frozen = {not value.requires_grad for value in values}
    if len(frozen) > 1 and caller == "to_torch":  # only there is it kept
        raise ConversionError(
            f"{caller}: of layer {position} some parameters are frozen and some are not, which "
            "PyTorch knows only of whole tensors: set requires_grad of all of them"
        )
    return frozen == {True}


def _compiled(caller: str, hint: str = "compile it") -> str:
    """The way that is open to every function of Values."""
    return (
        f"; {hint}: program = autograd.compile(model), call it once, then take "
        f"program.{caller}() along"
    )
