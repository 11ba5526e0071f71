"""One call of a function under a transform: fresh Values in, its output, and results as wanted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from autograd import _select, errors, modes
from autograd._select import Value, constant
from autograd.checks import as_float
from autograd.graph_sweeps import reverse_graph
from autograd.numerical import name_of
from autograd.trees import Rebuild, flatten, flatten_like
from autograd.value import Number

Function = Callable[..., Any]


@dataclass
class Run:
    """One call of a function on fresh Values that stand for its arguments.

    While it is open, as in ``with run:``, nodes are recorded and the leaves
    require a gradient; afterwards they are mere numbers to other transforms.
    """

    output: Any
    leaves: list[Value]  # what to differentiate by
    rebuild: Rebuild
    gives_values: bool  # as there was a Value among the arguments
    may_make_graph: bool  # False under no_grad
    makes_graph: bool = False  # whether the results are Values with a graph

    def __enter__(self) -> Self:
        self.token = modes.current.set(modes.current.get()._replace(recording=True))
        for leaf in self.leaves:
            leaf.requires_grad = True
        return self

    def __exit__(self, *_: object) -> None:
        modes.current.reset(self.token)
        for leaf in self.leaves:
            leaf.requires_grad = bool(leaf.parents)

    def again(self, makes_graph: bool) -> "Run":
        """The same run, to be opened once more."""
        return replace(self, makes_graph=makes_graph)

    @property
    def records(self) -> bool:
        """Whether to compute with Values: for a graph, or for `detect_anomaly` to see each step."""
        return self.makes_graph or modes.current.get().anomaly

    def single_output(self, function: Function) -> Number:
        """The output, which must be one number."""
        if isinstance(self.output, Value):
            return self.output
        try:
            return as_float(self.output)
        except errors.NumberError:
            kind = type(self.output).__name__
            raise TypeError(
                f"{name_of(function)} gave a {kind}; to differentiate it it must give one number: "
                "see jacobian and jvp for more"
            ) from None

    def outputs(self) -> tuple[list[Number], Rebuild]:
        """The numbers in the output, and how to put others in their places."""
        outputs, rebuild = flatten(self.output)
        return [out if isinstance(out, Value) else as_float(out) for out in outputs], rebuild

    def plain(self, number: Number) -> Number:
        """A result as it is given to the caller: with its graph, or without."""
        if self.makes_graph:
            return as_value(number)
        number = _select.float_of(number)
        return constant(number) if self.gives_values else number

    def all_plain(self, numbers: Sequence[Number]) -> list[Number]:
        """`plain` of each of `numbers`."""
        if not self.makes_graph and not self.gives_values and set(map(type, numbers)) <= {float}:
            return list(numbers)
        return list(map(self.plain, numbers))

    def gradient(self, output: Number) -> list[Number]:
        """d `output` / d leaf for every leaf."""
        if not isinstance(output, Value) or not output.requires_grad:
            slopes: Sequence[Number] = [0.0] * len(self.leaves)
        elif self.records:
            slopes = reverse_graph(output, 1.0, self.leaves)
        else:
            slopes = _select.sweeps().reverse_sweep(output, 1.0, self.leaves)
        return self.all_plain(slopes)

    def products(self, output: Number, direction: Sequence[float]) -> list[Number]:
        """The Hessian of `output` times `direction`."""
        products: Sequence[float] = [0.0] * len(self.leaves)
        if isinstance(output, Value) and output.requires_grad:
            _, products = _select.sweeps().second_sweep(output, self.leaves, direction)
        return self.all_plain(products)


def run_of(
    function: Function,
    argnums: int | tuple[int, ...],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> Run:
    """Call `function`, with fresh Values in place of the numbers in the arguments `argnums`."""
    several = _positions(argnums, len(arguments), function)
    chosen = tuple(arguments[position] for position in several)
    given, rebuild = flatten(chosen)
    recording = modes.current.get().recording
    token = modes.current.set(modes.current.get()._replace(recording=True))
    try:
        leaves = [Value(x) if type(x) is float else _fresh(x, recording) for x in given]
        replaced = list(arguments)
        for position, argument in zip(several, rebuild(leaves), strict=True):
            replaced[position] = argument
        output = function(*replaced, **named)
    finally:
        modes.current.reset(token)
    gives_values = Value in set(map(type, given))
    first = (lambda new: rebuild(new)[0]) if isinstance(argnums, int) else rebuild
    run = Run(output, leaves, first, gives_values, recording)
    run.makes_graph = recording and (
        (gives_values and any(isinstance(x, Value) and x.requires_grad for x in given))
        or any(
            isinstance(out, Value) and _select.sweeps().uses_others(out, leaves)
            for out in flatten(output)[0]
        )
    )
    return run


def _positions(argnums: Any, count: int, function: Function) -> tuple[int, ...]:
    several: Any = (argnums,) if isinstance(argnums, int) else argnums
    if not isinstance(several, tuple | list) or not all(isinstance(i, int) for i in several):
        raise TypeError(f"argnums is a position or a tuple of positions, got {argnums!r}")
    for position in several:
        if not -count <= position < count:
            raise ValueError(
                f"argnums has {position}, but {name_of(function)} was called with {count} "
                "positional arguments"
            )
    if len({position % count for position in several}) < len(several):
        raise ValueError(f"argnums {argnums!r} names an argument twice")
    return tuple(several)


def run_along(
    function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Run, list[Number]]:
    """The run of `function` on `primals`, and the tangent of each of its leaves."""
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise TypeError(
                f"{name} is the tuple of all arguments, such as (x,), got a {type(given).__name__}"
            )
    moving = flatten_like(primals, tangents, "tangents")
    directions = [x if isinstance(x, Value) else as_float(x) for x in moving]
    run = run_of(function, tuple(range(len(primals))), primals, {})
    run.makes_graph = run.makes_graph or (
        run.may_make_graph and any(isinstance(x, Value) and x.requires_grad for x in directions)
    )
    run.gives_values = run.gives_values or any(isinstance(x, Value) for x in directions)
    return run, directions


def _fresh(x: Any, recording: bool) -> Value:
    """A new Value for the argument `x`; where `x` needs a gradient, one that passes it on."""
    if not isinstance(x, Value):
        return Value(as_float(x))
    if x.requires_grad and recording:
        return x * 1.0
    return Value(x._data, x.label)


def together_of(outputs: Sequence[Number]) -> Number:
    """A node that depends on all of `outputs`, for a sweep to start from."""
    together: Number = _select.evaluate(_of_all, *outputs)
    return together


def _of_all(*outputs: float) -> tuple[float, ...]:
    return 0.0, *[1.0] * len(outputs)


def as_value(number: Number) -> Value:
    """A plain number as a constant."""
    return number if isinstance(number, Value) else constant(number)
