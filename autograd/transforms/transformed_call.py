"""One call of a function under a transform: fresh Values in, its output, and results as wanted.

`run_of` calls the function and decides, once and for all, what the results of the
transform are: plain numbers, constants, or Values with a graph. Inside of ``with
run.open():`` its graph is swept; `plain` gives each result the form decided on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

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


class Results(NamedTuple):
    """What a transform gives: Values with a graph, else constants, else plain numbers."""

    with_graph: bool
    as_values: bool


def results_from(given: Sequence[Any], depends_on_others: Callable[[], bool]) -> Results:
    """The form of results that depend on the numbers `given`, and maybe on others.

    Values in, Values out. They have a graph where one of them requires a gradient,
    or something else that they depend on does; under `no_grad` none has.
    """
    kinds = set(map(type, given))  # quickly found, of however many
    values = [] if kinds <= {float} else [x for x in given if isinstance(x, Value)]
    recording = modes.current.get().recording
    required = bool(values) and any(x.requires_grad for x in values)
    with_graph = recording and (required or depends_on_others())
    return Results(with_graph, bool(values))


class _Recording:
    """What is computed inside is recorded, under `no_grad` too: no derivative without a graph."""

    def __enter__(self) -> Any:
        now = modes.current.get()
        self.token = modes.current.set(now if now.recording else now._replace(recording=True))

    def __exit__(self, *_: object) -> None:
        modes.current.reset(self.token)


class _Open(_Recording):
    """The time in which a run is open; see `Run.open`."""

    def __init__(self, run: "Run") -> None:
        self.run = run

    def __enter__(self) -> "Run":
        super().__enter__()
        for leaf in self.run.leaves:
            leaf.requires_grad = True  # whatever the function has set
        return self.run

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for leaf in self.run.leaves:
            leaf.requires_grad = bool(leaf.parents)


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a function on fresh Values, the leaves, that stand for its arguments.

    Sweeps stop at the leaves, so that a run costs what its function does.
    """

    output: Any
    leaves: list[Value]  # what to differentiate by
    rebuild: Rebuild  # the argument, or the tuple of those in `argnums`, from as many numbers
    results: Results

    def open(self) -> _Open:
        """``with run.open():`` the leaves require a gradient, and what is computed is recorded.

        Afterwards they are mere numbers. Results may depend on them, and to the
        transform around this one a leaf that still required a gradient would be one
        more Value from outside to make a graph for. But for a leaf that stands for
        an argument which requires a gradient itself: it passes that on.
        """
        return _Open(self)

    @property
    def records(self) -> bool:
        """Whether to compute with Values: for a graph, or for `detect_anomaly` to see each step."""
        return self.results.with_graph or modes.current.get().anomaly

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
        """A result in the form in which the caller gets it: see `Results`."""
        if self.results.with_graph:
            return as_value(number)
        number = float_of(number)
        return constant(number) if self.results.as_values else number

    def all_plain(self, numbers: Sequence[Number]) -> list[Number]:
        """`plain` of each of `numbers`."""
        if not any(self.results) and set(map(type, numbers)) <= {float}:
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

        The run may be closed, and may be pulled back through by several threads.
        """
        own = self.results
        with_graph, as_values = results_from(upstreams, lambda: own.with_graph)
        pulling = replace(self, results=Results(with_graph, as_values or own.as_values))
        with _Recording():
            root = functions.dot(upstreams, outputs)
            if own.with_graph or not with_graph or not isinstance(root, Value):
                return pulling.gradient(root)
            # Only upstreams require a gradient, not what the partials depend on: numbers will do.
            slopes = reverse_graph(root, 1.0, self.leaves, partials=_partials_above(root))
            return pulling.all_plain(slopes)

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
    *,
    directions: Sequence[Number] = (),
) -> Run:
    """Call `function`, with fresh Values in place of the numbers in the arguments `argnums`.

    The results are to depend on `directions` too.
    """
    several = _positions(argnums, len(arguments), function)
    chosen = tuple(arguments[position] for position in several)
    given, rebuild = flatten(chosen)
    passing_on = modes.current.get().recording
    since = select.next_serial()
    with _Recording():
        leaves = [Value(x) if type(x) is float else _fresh(x, passing_on) for x in given]
        replaced = list(arguments)
        for position, argument in zip(several, rebuild(leaves), strict=True):
            replaced[position] = argument
        output = function(*replaced, **named)
        together = together_of([out for out in flatten(output)[0] if isinstance(out, Value)])

    def uses_others() -> bool:
        engine = select.sweeps()
        return isinstance(together, Value) and engine.uses_others(together, leaves, since)

    first = (lambda new: rebuild(new)[0]) if isinstance(argnums, int) else rebuild
    return Run(output, leaves, first, results_from([*given, *directions], uses_others))


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
    every = tuple(range(len(primals)))
    return run_of(function, every, primals, {}, directions=directions), directions


def _partials_above(root: Value) -> Partials:
    """As `partial_values`, but only the partials of `root` are Values; those below are numbers."""

    def partials(node: Value, wanted: Sequence[bool]) -> "list[Number | None]":
        if node is root:
            return partial_values(node, wanted)
        numbers = zip(node.partials, wanted, strict=True)
        return [partial if want else None for partial, want in numbers]

    return partials


def _fresh(x: Any, passing_on: bool) -> Value:
    """A new Value for the argument `x`; with `passing_on`, to `x` if that requires a gradient."""
    if not isinstance(x, Value):
        return Value(as_float(x))
    if x.requires_grad and passing_on:
        return x * 1.0
    return Value(x._data, x.label)


def together_of(outputs: Sequence[Number]) -> Number:
    """What depends on all of `outputs`, for a sweep to start from."""
    together: Number = outputs[0] if len(outputs) == 1 else select.evaluate(_of_all, *outputs)
    return together


def _of_all(*outputs: float) -> tuple[float, ...]:
    return 0.0, *[1.0] * len(outputs)
