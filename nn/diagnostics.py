"""The health of a network on one batch, layer by layer: what the pictures of training show."""

import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import autograd
from autograd import Value
from autograd.engines.numbers import float_of
from autograd.errors import ShapeError
from nn.arguments.rows import as_rows
from nn.layers import Layer, LayerActivation, Neuron
from nn.module import Module

# Where an activation passes on next to nothing. 0.97 is Karpathy's mark for tanh ("Building
# makemore", part 3); the same slope, 6 % of the steepest, is taken as the mark of sigmoid.
FLAT: dict[Any, Callable[[float], bool]] = {
    autograd.relu: lambda output: output == 0.0,
    autograd.hardtanh: lambda output: abs(output) >= 1.0,
    autograd.tanh: lambda output: abs(output) > 0.97,
    autograd.sigmoid: lambda output: abs(2.0 * output - 1.0) > 0.97,
    autograd.softmax: lambda output: abs(2.0 * output - 1.0) > 0.97,
}


@dataclass
class LayerParameters:
    """The parameters that belong together: a layer, or one attribute of a Module of your own.

    `name` is their path in the model, such as ``layers.0``. `weights` leaves
    out the biases of neurons, which start equal and so have no spread of their own.
    """

    name: str
    parameters: list[Value] = field(default_factory=list)
    weights: list[Value] = field(default_factory=list)
    neurons: list[Neuron] = field(default_factory=list)
    layer: Layer | None = None  # that of the neurons, where they have one

    @property
    def across(self) -> LayerActivation | None:
        """The activation of all outputs together, such as softmax."""
        return None if self.layer is None else self.layer.activation

    @property
    def activation(self) -> str:
        """The name of the neurons' activation; "" where there are no neurons, or several kinds."""
        activations = [self.across] if self.across else [n.activation for n in self.neurons]
        names = {getattr(activation, "__name__", "custom") for activation in activations}
        return names.pop() if len(names) == 1 else ""

    @property
    def summary(self) -> str:
        """The size in words, such as "16 tanh"."""
        if self.neurons:
            return f"{len(self.neurons)} {self.activation or 'neurons'}"
        count = len(self.parameters)
        return f"{count:,} parameter{'' if count == 1 else 's'}"


def layers_of(model: Module) -> list[LayerParameters]:
    """Every parameter of `model` once, by layer, in the order of ``model.parameters()``."""
    layers: dict[str, LayerParameters] = {}
    owners: dict[Value, tuple[str, Neuron, Layer | None]] = {}  # of each parameter of a neuron
    for path, neuron, owner in _neurons(model, "", set(), None):
        name = re.sub(r"(^|\.)neurons\.\d+$", "", path) or type(model).__name__.lower()
        for value in (*neuron.w, neuron.b):
            owners[value] = name, neuron, owner
    for path, parameter in model.named_parameters():
        if parameter in owners:
            name, neuron, owner = owners[parameter]
            layer = layers.setdefault(name, LayerParameters(name, layer=owner))
            if neuron not in layer.neurons[-1:]:
                layer.neurons.append(neuron)
            if parameter is not neuron.b:
                layer.weights.append(parameter)
        else:
            name = re.sub(r"(^|\.)\d+(\.\d+)*$", "", path) or type(model).__name__.lower()
            layer = layers.setdefault(name, LayerParameters(name))
            layer.weights.append(parameter)
        layer.parameters.append(parameter)
    return list(layers.values())


@dataclass(frozen=True)
class LayerDiagnostics:
    """One layer on one batch, as plain numbers.

    `outputs` and `output_gradients` (d loss / d output) hold one row for each
    unit, one column for each time it was called; both are empty where the
    parameters belong to no neurons.
    """

    name: str
    summary: str
    activation: str
    parameters: tuple[float, ...]
    gradients: tuple[float, ...]
    outputs: tuple[tuple[float, ...], ...] = ()
    output_gradients: tuple[tuple[float, ...], ...] = ()
    flat: tuple[float, ...] = ()

    @property
    def mean_gradient(self) -> float:
        """The mean absolute gradient of the parameters."""
        return mean(map(abs, self.gradients))

    @property
    def max_gradient(self) -> float:
        """The largest absolute gradient of the parameters."""
        return largest(map(abs, self.gradients))

    @property
    def saturated(self) -> float | None:
        """The share of all outputs that lie where the activation is flat: no gradient passes.

        That is |tanh| above 0.97, sigmoid and softmax nearer than 0.015 to 0 or 1, the relu at 0
        (where a half is usual). None for activations without such a part. `flat` has the share
        by unit.
        """
        return mean(self.flat) if self.flat else None

    @property
    def dead(self) -> list[int]:
        """The units that are flat on every sample: they cannot learn from this batch.

        None of a softmax: it is flat wherever it is sure, and a cross-entropy passes it even so.
        """
        if self.activation == "softmax":
            return []
        return [unit for unit, share in enumerate(self.flat) if share == 1.0]


@dataclass(frozen=True)
class Diagnostics:
    """What `diagnose` found: the loss of the batch, and its layers from input to output."""

    loss: float
    samples: int
    layers: tuple[LayerDiagnostics, ...]

    def __repr__(self) -> str:
        rows = [("layer", "units", "mean |gradient|", "max |gradient|", "saturated", "dead")]
        rows += [
            (
                layer.name,
                layer.summary,
                f"{layer.mean_gradient:.2e}",
                f"{layer.max_gradient:.2e}",
                "-" if layer.saturated is None else f"{layer.saturated:.0%}",
                f"{len(layer.dead)}" if layer.flat else "-",
            )
            for layer in self.layers
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        samples = f"{self.samples} sample{'' if self.samples == 1 else 's'}"
        lines = [f"loss {self.loss:.4g} on {samples}"]
        for name, summary, *numbers in rows:
            cells = [name.ljust(widths[0]), summary.ljust(widths[1])]
            cells += [cell.rjust(w) for cell, w in zip(numbers, widths[2:], strict=True)]
            lines.append("  ".join(cells))
        return "\n".join(lines)


def diagnose(
    model: Module, X: Sequence[Any], y: Sequence[Any], loss: Callable[[Any, Any], Any]
) -> Diagnostics:
    """Run `model` forward and backward over one batch and say how each layer fares.

    `loss` is that of `nn.fit`. Only looks: parameters and gradients are afterwards
    as they were. An empty batch, or another number of targets, raises ShapeError.

    >>> import nn
    >>> X, y = nn.data.moons(60, seed=0)
    >>> model = nn.MLP(2, [8, 8, 1], "tanh", generator=0)
    >>> nn.diagnose(model, X, y, nn.binary_cross_entropy_with_logits)
    loss 0.5877 on 60 samples
    layer     units       mean |gradient|  max |gradient|  saturated  dead
    layers.0  8 tanh             3.93e-02        1.23e-01         0%     0
    layers.1  8 tanh             2.43e-02        6.67e-02         0%     0
    layers.2  1 identity         6.18e-02        1.41e-01          -     -
    """
    from autograd.checking.gradient_check import backward_gradients  # training needs it not

    X, y = as_rows(X, "X"), as_rows(y, "y")
    if not X or len(X) != len(y):
        raise ShapeError(f"diagnose takes one target for each sample, got {len(X)} and {len(y)}")
    layers = layers_of(model)
    with _watched_outputs(layers) as outputs:
        root = loss([model(x) for x in X], y)
    if not isinstance(root, Value):
        raise TypeError(f"the loss gave {root!r}: it must depend on the model's parameters")
    if not root.requires_grad:
        root.backward()  # raises, and says why there are no gradients
    wanted = [parameter for layer in layers for parameter in layer.parameters]
    wanted += [x for seen in outputs.values() for x in seen if isinstance(x, Value)]
    gradients = dict(zip(wanted, backward_gradients(root, wanted), strict=True))
    found = [_diagnosed(layer, outputs, gradients) for layer in layers]
    return Diagnostics(float_of(root), len(X), tuple(found))


def _diagnosed(
    layer: LayerParameters, watched: dict[Neuron, list[Any]], gradients: dict[Any, float]
) -> LayerDiagnostics:
    outputs = [watched[neuron] for neuron in layer.neurons]
    if not any(outputs):
        outputs = []
    return LayerDiagnostics(
        layer.name,
        layer.summary,
        layer.activation,
        tuple(parameter.data for parameter in layer.parameters),
        tuple(gradients[parameter] for parameter in layer.parameters),
        tuple(tuple(map(float_of, unit)) for unit in outputs),
        tuple(
            tuple(gradients[x] if isinstance(x, Value) else 0.0 for x in unit) for unit in outputs
        ),
        _flat_shares(layer, outputs),
    )


def _flat_shares(layer: LayerParameters, outputs: list[list[Any]]) -> tuple[float, ...]:
    """For each unit the share of its outputs where its activation is flat."""
    tests = [_flatness(layer.across or neuron.activation) for neuron in layer.neurons]
    if not outputs or not any(tests):
        return ()
    shares = []
    for is_flat, unit in zip(tests, outputs, strict=True):
        count = sum(map(is_flat, map(float_of, unit))) if is_flat else 0
        shares.append(count / max(1, len(unit)))
    return tuple(shares)


def _flatness(activation: Any) -> Callable[[float], bool] | None:
    """Where `activation` is flat; by identity, as one of a user's may have no hash."""
    return next((is_flat for known, is_flat in FLAT.items() if known is activation), None)


@contextmanager
def _watched_outputs(layers: list[LayerParameters]) -> Iterator[dict[Neuron, list[Any]]]:
    """Every output that the neurons of `layers` compute meanwhile."""
    outputs: dict[Neuron, list[Any]] = {n: [] for layer in layers for n in layer.neurons}
    joint = {layer.layer: layer.neurons for layer in layers if layer.layer and layer.across}
    together = {neuron for neurons in joint.values() for neuron in neurons}
    holders: list[Any] = [*outputs, *joint]
    kept = {holder: holder.activation for holder in holders}

    def watched(activation: Callable[[Value], Any], seen: list[Any]) -> Callable[[Value], Any]:
        def watching(x: Value) -> Any:
            seen.append(activation(x))
            return seen[-1]

        return watching

    def watched_together(activation: LayerActivation, neurons: list[Neuron]) -> LayerActivation:
        @functools.wraps(activation)
        def watching(xs: list[Value]) -> list[Any]:
            made = activation(xs)
            for neuron, output in zip(neurons, made, strict=True):
                outputs[neuron].append(output)
            return made

        return watching

    try:
        for neuron, seen in outputs.items():
            if neuron not in together:
                neuron.activation = watched(neuron.activation, seen)
        for layer, neurons in joint.items():
            layer.activation = watched_together(kept[layer], neurons)
        yield outputs
    finally:
        for holder, activation in kept.items():
            holder.activation = activation


def _neurons(
    thing: Any, path: str, seen: set[int], layer: Layer | None
) -> Iterator[tuple[str, Neuron, Layer | None]]:
    """Every neuron below `thing` once, with its path and its layer.

    `seen` holds ids, for cycles and repeats.
    """
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, Neuron):
        yield path, thing, layer
    elif isinstance(thing, Module | dict | list | tuple):
        if isinstance(thing, Layer):
            layer = thing
        items = vars(thing) if isinstance(thing, Module) else thing
        pairs = items.items() if isinstance(items, dict) else enumerate(items)
        for name, item in pairs:
            yield from _neurons(item, f"{path}.{name}" if path else str(name), seen, layer)


def mean(numbers: Iterable[float]) -> float:
    """The arithmetic mean; nan of nothing."""
    numbers = list(numbers)
    return sum(numbers) / len(numbers) if numbers else math.nan


def standard_deviation(numbers: Sequence[float]) -> float:
    """The root of the mean squared distance from the mean; nan of nothing."""
    centre = mean(numbers)
    if not numbers:
        return math.nan
    return math.hypot(*[number - centre for number in numbers]) / math.sqrt(len(numbers))


def largest(numbers: Iterable[float]) -> float:
    """The largest number, nan if one of them is nan (where `max` depends on the order)."""
    numbers = list(numbers)
    return math.nan if any(map(math.isnan, numbers)) else max(numbers, default=math.nan)
