"""One call of a function under a transform: fresh Values in, its output, and results as wanted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from autograd import errors, functions
from autograd.engines import select
from autograd.engines.numbers import as_value, float_of
from autograd.engines.select import Value, constant
from autograd.support import modes
from autograd.support.arguments import as_float, name_of
from autograd.support.structures import Rebuild, flatten, flatten_like
from autograd.transforms.partial_values import partial_values
from autograd.transforms.value_sweeps import Partials, reverse_graph
from autograd.value import Number

Function = Callable[..., Any]


@dataclass
class Run:
    """One call of a function on fresh Values that stand for its arguments.

    While it is open, to the end of ``with run:``, the leaves require a gradient;
    afterwards they are mere numbers to other transforms. Sweeps stop at the
    leaves, so that a run costs what its function does.
    """

    output: Any
    leaves: list[Value]  # what to differentiate by
    rebuild: Rebuild  # the argument, or the tuple of those in `argnums`, from as many numbers
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
        self.close()

    def close(self) -> None:
        """Let the leaves be mere numbers, apart from those that pass a gradient on."""
        for leaf in self.leaves:
            leaf.requires_grad = bool(leaf.parents)

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
        number = float_of(number)
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
            slopes = select.sweeps().reverse_sweep(output, 1.0, self.leaves)
        return self.all_plain(slopes)

    def pulled_back(self, outputs: Sequence[Number], upstreams: Sequence[Number]) -> list[Number]:
        """The gradient of `outputs`, each times its upstream gradient, for every leaf.

        The run may be closed; it stays as it is, so that threads may share it.
        """
        given = [x for x in upstreams if isinstance(x, Value)]
        recording = modes.current.get().recording
        needed = recording and any(x.requires_grad for x in given)
        pulling = replace(
            self,
            makes_graph=recording and (self.makes_graph or needed),
            gives_values=self.gives_values or bool(given),
        )
        token = modes.current.set(modes.current.get()._replace(recording=True))
        try:
            root = functions.dot(upstreams, outputs)
            if self.makes_graph or not needed or not isinstance(root, Value):
                return pulling.gradient(root)
            # Nobody differentiates by what the partials depend on: they are numbers.
            slopes = reverse_graph(root, 1.0, self.leaves, partials=_numbers_above(root))
            return pulling.all_plain(slopes)
        finally:
            modes.current.reset(token)

    def products(self, output: Number, direction: Sequence[float]) -> list[Number]:
        """The Hessian of `output` times `direction`."""
        products: Sequence[float] = [0.0] * len(self.leaves)
        if isinstance(output, Value) and output.requires_grad:
            _, products = select.sweeps().second_sweep(output, self.leaves, direction)
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
    since = select.next_serial()
    try:
        leaves = [Value(x) if type(x) is float else _fresh(x, recording) for x in given]
        replaced = list(arguments)
        for position, argument in zip(several, rebuild(leaves), strict=True):
            replaced[position] = argument
        output = function(*replaced, **named)
        together = together_of([out for out in flatten(output)[0] if isinstance(out, Value)])
    finally:
        modes.current.reset(token)
    gives_values = Value in set(map(type, given))
    first = (lambda new: rebuild(new)[0]) if isinstance(argnums, int) else rebuild
    run = Run(output, leaves, first, gives_values, recording)
    run.makes_graph = recording and (
        (gives_values and any(isinstance(x, Value) and x.requires_grad for x in given))
        or (isinstance(together, Value) and select.sweeps().uses_others(together, leaves, since))
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


def _numbers_above(root: Value) -> Partials:
    """As `partial_values`, but only the partials of `root` are Values."""

    def partials(node: Value, wanted: Sequence[bool]) -> "list[Number | None]":
        if node is root:
            return partial_values(node, wanted)
        numbers = zip(node.partials, wanted, strict=True)
        return [partial if want else None for partial, want in numbers]

    return partials


def _fresh(x: Any, recording: bool) -> Value:
    """A new Value for the argument `x`; where `x` needs a gradient, one that passes it on."""
    if not isinstance(x, Value):
        return Value(as_float(x))
    if x.requires_grad and recording:
        return x * 1.0
    return Value(x._data, x.label)


def together_of(outputs: Sequence[Number]) -> Number:
    """What depends on all of `outputs`, for a sweep to start from."""
    together: Number = outputs[0] if len(outputs) == 1 else select.evaluate(_of_all, *outputs)
    return together


def _of_all(*outputs: float) -> tuple[float, ...]:
    return 0.0, *[1.0] * len(outputs)
