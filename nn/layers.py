"""Neuron, Layer and MLP: an MLP is a list of layers, a layer a list of neurons."""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import autograd
from autograd import Value, scope
from autograd.engines.numbers import as_value
from autograd.errors import NumberError, ShapeError
from autograd.support.arguments import as_float, as_list
from nn.arguments.seeds import Seed, as_generator
from nn.arguments.settings import SettingError, as_count
from nn.class_reading.output_origins import TELLING, output_of_layers
from nn.init import Initializer, as_initializer
from nn.module import Module

Number: TypeAlias = Value | float
Activation: TypeAlias = Callable[[Value], Any]
LayerActivation: TypeAlias = Callable[[list[Value]], list[Any]]


def identity(x: Value) -> Value:
    """The activation that changes nothing: a linear neuron."""
    return x


ACTIVATIONS: dict[str, Activation] = {
    "identity": identity,
    **{
        rule.__name__: getattr(autograd, rule.__name__)
        # Those that choose first: ReLU and its kin.
        for rule, facts in sorted(autograd.ops.TABLE.items(), key=lambda row: not row[1].chooses)
        if facts.activation
    },
}
# Of all outputs of a layer together.
LAYER_ACTIVATIONS: dict[str, LayerActivation] = {
    "softmax": autograd.softmax,
    "log_softmax": autograd.log_softmax,
}


class Neuron(Module):
    """activation(w . x + b), with one weight for each of `inputs` numbers.

    >>> neuron = Neuron(2, activation="sigmoid", generator=0)
    >>> neuron.w[0].data, neuron.w[1].data, neuron.b.data = 2.0, -3.0, -3.0
    >>> round(neuron([-1.0, -2.0]).data, 2)
    0.73
    """

    always_parameters = frozenset({"w", "b"})

    def __init__(
        self,
        inputs: int,
        activation: str | Activation = "relu",
        *,
        init: str | Initializer = "uniform",
        generator: Seed = None,
        fan_out: int = 1,
    ) -> None:
        inputs, fan_out = _size("inputs", inputs), _size("fan_out", fan_out)
        initializer, random = as_initializer(init), as_generator(generator)
        self.w = [Value(initializer(inputs, fan_out, random), f"w{i}") for i in range(inputs)]
        self.b = Value(0.0, "b")
        self.activation = _activation(activation, ACTIVATIONS)

    def __call__(self, x: Iterable[Number]) -> Value:
        """The output for one input of the right length; ShapeError otherwise."""
        if type(x) is not Inputs or len(x) != len(self.w):
            x = as_inputs(x, len(self.w), "this neuron")
        out: Value = self.activation(autograd.dot(self.w, x) + self.b)
        return out

    def extra_repr(self) -> str:
        """Inputs and activation."""
        return f"{len(self.w)} inputs, {_name(self.activation)}"


class Layer(Module):
    """`outputs` neurons that all read the same `inputs` numbers; gives a list of Values.

    With the activation "softmax" or "log_softmax" the neurons are linear, and
    what follows takes all their outputs together.

    >>> layer = Layer(2, 3, "softmax", generator=0)
    >>> layer, round(sum(p.data for p in layer([0.5, -1.0])), 12)
    (Layer(2 -> 3 softmax, 9 parameters), 1.0)
    """

    activation: LayerActivation | None = None  # of all outputs together, after those of the neurons

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: str | Activation = "relu",
        *,
        init: str | Initializer = "uniform",
        generator: Seed = None,
    ) -> None:
        self.inputs, outputs = _size("inputs", inputs), _size("outputs", outputs)
        found = _activation(activation, {**ACTIVATIONS, **LAYER_ACTIVATIONS})
        if any(found is known for known in LAYER_ACTIVATIONS.values()):
            if outputs == 1:
                raise ShapeError(
                    f"the {_name(found)} of one output is always the same: give the layer "
                    'one output for each class, or take "sigmoid"'
                )
            self.activation, found = found, identity
        random = as_generator(generator)
        self.scopes = [f"neuron{position}" for position in range(outputs)]
        self.neurons: list[Neuron] = []
        for name in self.scopes:
            with scope(name):
                neuron = Neuron(inputs, found, init=init, generator=random, fan_out=outputs)
            self.neurons.append(neuron)

    def __call__(self, x: Iterable[Number]) -> list[Value]:
        """The outputs for one input of the right length; ShapeError otherwise."""
        x = as_inputs(x, self.inputs, "this layer")
        outputs = Inputs()  # of the next layer
        if len(self.scopes) != len(self.neurons):  # some were taken out, or put in
            self.scopes = [f"neuron{position}" for position in range(len(self.neurons))]
        for name, neuron in zip(self.scopes, self.neurons, strict=True):
            with scope(name):
                # neuron(x), without Python's detour through the slots of the type: a tenth faster
                outputs.append(neuron.__call__(x))
        if self.activation is None:
            return outputs
        if self.activation in LAYER_ACTIVATIONS.values():  # which is a scope of its own
            return Inputs(self.activation(outputs))
        with scope(_name(self.activation)):
            return Inputs(self.activation(outputs))

    def matrix(self, *, gradients: bool = False) -> tuple[Any, Any]:
        """The weights and biases as NumPy arrays, copies: W of (outputs, inputs), b of (outputs,).

        What the neurons compute before their activations is then ``W @ x + b``. With
        `gradients`, those of the last ``backward()``. ShapeError where neurons were given
        different numbers of weights. `set_matrix` is the way back.

        >>> layer = Layer(2, 3, generator=0)
        >>> W, b = layer.matrix()
        >>> W.shape, b.shape, W[1].tolist() == [w.data for w in layer.neurons[1].w]
        ((3, 2), (3,), True)
        """
        import numpy as np

        self._check_is_matrix()
        read = operator.attrgetter("grad" if gradients else "data")
        rows = [list(map(read, neuron.w)) for neuron in self.neurons]
        weights = np.array(rows, dtype=float).reshape(len(rows), self.inputs)
        return weights, np.array([read(neuron.b) for neuron in self.neurons], dtype=float)

    def set_matrix(self, weights: Any, biases: Any) -> None:
        """Set every weight and bias from a matrix of (outputs, inputs) and a vector of (outputs,).

        Nested lists or arrays; ShapeError for another shape, and nothing is changed then.

        >>> layer = Layer(2, 1, "identity")
        >>> layer.set_matrix([[2.0, -1.0]], [0.5])
        >>> layer([1.0, 1.0])[0].data
        1.5
        """
        self._check_is_matrix()
        rows = [as_list("a row of weights", row) for row in as_list("weights", weights)]
        offsets = as_list("biases", biases)
        expected = len(self.neurons), self.inputs
        widths = {len(row) for row in rows}
        if len(rows) != expected[0] or widths != {expected[1]} or len(offsets) != expected[0]:
            found = f"{len(rows)} rows of {' or '.join(map(str, sorted(widths))) or 'nothing'}"
            raise ShapeError(
                f"a layer of {expected[0]} neurons with {expected[1]} inputs takes weights of "
                f"shape {expected} and {expected[0]} biases, got {found} and {len(offsets)} biases"
            )
        numbers = [[as_float(number) for number in row] for row in rows]
        last = [as_float(number) for number in offsets]
        for neuron, row, offset in zip(self.neurons, numbers, last, strict=True):
            for weight, number in zip(neuron.w, row, strict=True):
                weight.data = number
            neuron.b.data = offset

    def _check_is_matrix(self) -> None:
        lengths = sorted({len(neuron.w) for neuron in self.neurons})
        if lengths not in ([], [self.inputs]):
            raise ShapeError(
                f"the neurons of this layer have {lengths} weights for {self.inputs} inputs: "
                "they are no matrix"
            )

    @property
    def activations(self) -> list[Any]:
        """What makes each output: the neuron's activation, or the layer's; None where both do."""
        own = [neuron.activation for neuron in self.neurons]
        if self.activation is None:
            return own
        return [self.activation if activation is identity else None for activation in own]

    @property
    def activation_name(self) -> str:
        """The name of what makes the outputs: of the layer's activation, or its neurons'."""
        return _name(self.activation or self.neurons[0].activation)

    def extra_repr(self) -> str:
        """Sizes and activation."""
        return f"{self.inputs} -> {len(self.neurons)} {self.activation_name}"


class MLP(Module):
    """A multi-layer perceptron: `inputs` numbers, then layers of the given `sizes`.

    `activation` follows every layer but the last, `output` the last: names of
    `ACTIVATIONS`, functions of one Value, or "softmax" and "log_softmax" of all
    outputs together. Biases start at 0, weights as `init` says ("uniform" is
    between -1 and 1). The output is a list of Values, or a single Value when
    the last size is 1.

    >>> model = MLP(2, [16, 16, 1], activation="tanh", output="identity", generator=0)
    >>> model
    MLP(2 -> 16 tanh -> 16 tanh -> 1 identity, 337 parameters)
    >>> type(model([0.5, -1.0])).__name__
    'Value'
    """

    def __init__(
        self,
        inputs: int,
        sizes: Sequence[int],
        activation: str | Activation = "relu",
        output: str | Activation = "identity",
        *,
        init: str | Initializer = "uniform",
        generator: Seed = None,
    ) -> None:
        _check_sizes_are_listed(inputs, sizes, activation, output)
        sizes = [_size("a layer size", size) for size in as_list("sizes", sizes)]
        if not sizes:
            raise ShapeError(
                f"an MLP needs at least one layer, its output: MLP({inputs}, [1]), or with a "
                f"hidden one MLP({inputs}, [16, 1])"
            )
        widths = [_size("inputs", inputs), *sizes]
        random = as_generator(generator)
        known = {**ACTIVATIONS, **LAYER_ACTIVATIONS}
        activation = _activation(activation, known)  # even if there is no layer to follow
        output = _activation(output, known)
        self.layers: list[Layer] = []
        with scope("mlp"):
            for position, (before, after) in enumerate(zip(widths, sizes, strict=False)):
                last = position == len(sizes) - 1
                with scope(f"layer{position}"):
                    layer = Layer(
                        before, after, output if last else activation, init=init, generator=random
                    )
                self.layers.append(layer)

    def __call__(self, x: Iterable[Number]) -> Any:
        """The output for one input of the right length; ShapeError otherwise."""
        out: list[Any] = as_inputs(x, self.layers[0].inputs, "this MLP")
        with scope("mlp"):
            for position, layer in enumerate(self.layers):
                with scope(f"layer{position}"):
                    out = layer(out)
        return out[0] if len(out) == 1 else out

    def extra_repr(self) -> str:
        """Sizes and activations."""
        steps = [f"{len(layer.neurons)} {layer.activation_name}" for layer in self.layers]
        return " -> ".join([str(self.layers[0].inputs), *steps])


class Inputs(list[Value]):
    """Inputs that are Values already, so that the neurons of a layer need not look again."""


def as_inputs(x: Iterable[Number], expected: int, reader: str) -> Inputs:
    """`x` as Values, each number once a constant; ShapeError unless `expected` of them."""
    if type(x) is not Inputs:
        try:
            x = Inputs(map(as_value, as_list(reader, x)))
        except NumberError as error:
            if not any(isinstance(v, list | tuple) or getattr(v, "shape", ()) for v in x):
                raise
            raise NumberError(
                f"{error}; {reader} takes one row: for many write [model(x) for x in X], or "
                "model.predict(X) for plain numbers"
            ) from None
    if len(x) != expected:
        raise ShapeError(f"{reader} takes {expected} inputs, got {len(x)}")
    return x


@output_of_layers.register(Layer)
def _output_of_layer(layer: Layer) -> tuple[str, int] | None:
    """Of a layer, unless one of its classes computes in another way than those here."""
    if type(layer).__call__ is not Layer.__call__:
        return None
    if not all(type(neuron).__call__ is Neuron.__call__ for neuron in layer.neurons):
        return None
    name = layer.activation_name
    return (name, len(layer.neurons)) if name in TELLING else None


@output_of_layers.register(MLP)
def _output_of_mlp(model: MLP) -> tuple[str, int] | None:
    """Of its last layer."""
    if type(model).__call__ is not MLP.__call__ or not model.layers:
        return None
    return output_of_layers(model.layers[-1])


def _activation(given: Any, known: dict[str, Any]) -> Any:
    """The function that `given` means: itself, or that of its name."""
    if isinstance(given, str) and given in known:
        return known[given]
    if isinstance(given, type):
        raise TypeError(
            f'activation is the class {given.__name__}: give a name such as "tanh", a function of '
            "one Value, or an object of the class that can be called"
        )
    if callable(given):
        return given
    text, hint = given if isinstance(given, str) else repr(given), ""
    if text in LAYER_ACTIVATIONS:
        hint = f'; {text} takes all outputs of a layer together: Layer(2, 3, "{text}")'
    elif text.lower() in known:
        hint = f'; write "{text.lower()}"'
    elif text in ("", "none", "None", "linear"):
        hint = '; for none write "identity"'
    names = ", ".join(known)
    raise ValueError(f"activation {given!r} is none of {names}, nor a function{hint}")


def _name(activation: Any) -> str:
    return getattr(activation, "__name__", "custom")


def _check_sizes_are_listed(inputs: Any, sizes: Any, *others: Any) -> None:
    """TypeError for MLP(2, 3, 1), which means MLP(2, [3, 1])."""
    if _is_whole(sizes):
        listed = [operator.index(size) for size in (sizes, *others) if _is_whole(size)]
        raise TypeError(
            "sizes takes one sequence of layer sizes after the number of inputs, got "
            f"{sizes!r}: write MLP({inputs!r}, {listed})"
        )


def _is_whole(size: Any) -> bool:
    try:
        operator.index(size)  # an array has the method, too, and refuses
    except TypeError:
        return False
    return True


def _size(name: str, size: Any) -> int:
    try:
        return as_count(name, size)
    except SettingError:
        whole = isinstance(size, float) and size >= 1.0 and size.is_integer()
        hint = f": write {int(size)}" if whole else ""
        raise ShapeError(f"{name} must be a positive int, got {size!r}{hint}") from None
