"""Derivatives of functions, in the conventions of JAX: ``grad``, ``jvp``, ``hessian`` ...

Each transform takes a function and gives one. Arguments are numbers, Values and
nested lists, tuples, dicts and arrays of them; results mirror their structure.

Numbers in, numbers out. With a Value among the arguments, or where the function
uses Values from outside that require a gradient, the results are Values that
can be differentiated again: so transforms nest, and a gradient can be part of a
loss. Under `no_grad` results are always plain. The ``grad`` of every Value
stays as it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from autograd import _select, errors, functions, modes
from autograd._select import Value, constant
from autograd.checks import as_float
from autograd.graph_sweeps import forward_graph, reverse_graph
from autograd.trees import Rebuild, flatten, flatten_like, is_branching
from autograd.value import Number

Function = Callable[..., Any]


def gradient(
    output: Value,
    inputs: Any,
    create_graph: bool = False,
    *,
    upstream: Number = 1.0,
    allow_unused: bool = False,
) -> Any:
    """d `output` / d each of `inputs`, times `upstream`, leaving every `grad` as it was.

    `inputs` are Values, leaves or not, in a structure that the result mirrors.
    With `create_graph` the result holds Values, made of ordinary nodes: the
    reverse network, which can be drawn and differentiated again. An input that
    `output` does not depend on raises GraphError, or counts as 0 with
    `allow_unused`.

    >>> from autograd import Value, gradient
    >>> x = Value(3.0)
    >>> slope = gradient(x**3, x, create_graph=True)
    >>> slope.data, gradient(slope, x), x.grad
    (27.0, 18.0, 0.0)
    """
    leaves, rebuild = flatten(inputs)
    for leaf in leaves:
        if not isinstance(leaf, Value):
            raise TypeError(f"inputs are Values that output depends on, got {leaf!r}")
        if not leaf.requires_grad:
            raise errors.GraphError(f"{leaf!r} requires no gradient")
    if not isinstance(output, Value) or not output.requires_grad:
        raise errors.GraphError("output depends on no Value that requires a gradient")
    if not allow_unused:
        _check_used(output, leaves)
    if create_graph or modes.current.get().anomaly:
        values = reverse_graph(output, upstream, leaves)
        return rebuild(list(map(_as_value if create_graph else _select.float_of, values)))
    number = _select.float_of(upstream)
    return rebuild(_select.sweeps().reverse_sweep(output, number, leaves))


def grad(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives the gradient of `function` by one argument, or by several.

    `function` gives one number. A tuple of `argnums` gives a tuple of gradients.

    >>> from autograd import grad
    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    >>> grad(lambda w: w["a"] * w["b"])({"a": 2.0, "b": 5.0})
    {'a': 5.0, 'b': 2.0}
    """
    _expect_function("grad", function)
    both = value_and_grad(function, argnums)

    def gradient_of(*arguments: Any, **named: Any) -> Any:
        return both(*arguments, **named)[1]

    return _named(gradient_of, "grad", function)


def value_and_grad(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives the value of `function` and its gradient, as `grad` does.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """

    def value_and_gradient_of(*arguments: Any, **named: Any) -> Any:
        with _run(function, argnums, arguments, named) as run:
            output = run.single_output(function)
            return run.plain(output), run.rebuild(run.gradient(output))

    return _named(value_and_gradient_of, "value_and_grad", function)


def derivative(function: Callable[..., Number], n: int = 1) -> Function:
    """The function that gives the `n`-th derivative of a function of one number.

    >>> from autograd import derivative, sin
    >>> derivative(lambda x: x**6, 6)(1.5), derivative(sin, 2)(0.0)
    (720.0, 0.0)
    """
    if not isinstance(n, int) or n < 0:
        raise ValueError(f"n counts derivatives: 0, 1, 2 ..., got {n!r}")

    def derivative_of(x: Number) -> Any:
        if is_branching(x):
            raise TypeError("derivative is for functions of one number: use grad or jacobian")
        with _run(function, 0, (x,), {}) as run:
            output = run.single_output(function)
            for order in range(1, n + 1):
                if order < n and isinstance(output, Value):
                    [output] = reverse_graph(output, 1.0, run.leaves)
                else:
                    [output] = run.gradient(output)
            return run.plain(output)

    return _named(derivative_of, "derivative", function)


def jvp(function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """Forward mode: the value of ``function(*primals)`` and how it changes along `tangents`.

    `primals` is the tuple of all arguments, `tangents` one of the same
    structure. The result is (value, tangent), both as `function` gives them.

    >>> from autograd import jvp
    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 0.0))
    ([12.0, 7.0], [4.0, 1.0])
    """
    run, directions = _run_along(function, primals, tangents)
    with run:
        outputs, rebuild = run.outputs()
        together = _together(outputs)
        if not isinstance(together, Value):
            changes: list[Number] = [0.0] * len(outputs)
        elif run.records:
            changes = forward_graph(together, run.leaves, directions, outputs)
        else:
            numbers = [_select.float_of(direction) for direction in directions]
            changes = _select.sweeps().forward_sweep(together, run.leaves, numbers, outputs)
        return rebuild(run.all_plain(outputs)), rebuild(run.all_plain(changes))


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """Reverse mode: the value of ``function(*primals)``, and the function that pulls back.

    That function takes one upstream gradient for each number of the value, in
    the structure of the value, and gives the tuple of gradients by `primals`.

    >>> from autograd import vjp
    >>> value, pull_back = vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> value, pull_back([1.0, 10.0])
    ([12.0, 7.0], (14.0, 13.0))
    """
    run = _run(function, tuple(range(len(primals))), primals, {})
    outputs, rebuild = run.outputs()

    def pull_back(upstream: Any) -> Any:
        upstreams = flatten_like(run.output, upstream, "upstream gradients")
        needed = any(isinstance(u, Value) and u.requires_grad for u in upstreams)
        recording = modes.current.get().recording
        with run.again(recording and (run.makes_graph or needed)) as pulling:
            return pulling.rebuild(pulling.gradient(functions.dot(upstreams, outputs)))

    return rebuild(run.all_plain(outputs)), pull_back


def jacobian(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives d output / d input, for every output and every input.

    The result has the structure of the output, and in the place of each number
    the structure of the argument. Goes through the smaller of the two: forward
    mode for few inputs, reverse mode for few outputs.

    >>> from autograd import jacobian
    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """

    def jacobian_of(*arguments: Any, **named: Any) -> Any:
        with _run(function, argnums, arguments, named) as run:
            outputs, rebuild = run.outputs()
            return rebuild([run.rebuild(row) for row in _rows(run, outputs)])

    return _named(jacobian_of, "jacobian", function)


def hessian(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives all second derivatives of a function of one number.

    The result has the structure of the argument twice: by rows, then by columns.

    >>> from autograd import hessian
    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """

    def hessian_of(*arguments: Any, **named: Any) -> Any:
        with _run(function, argnums, arguments, named) as run:
            output = run.single_output(function)
            if run.records and isinstance(output, Value):
                rows = _rows(run, reverse_graph(output, 1.0, run.leaves))
            else:
                rows = [run.products(output, direction) for direction in _unit(len(run.leaves))]
            return run.rebuild([run.rebuild(row) for row in rows])

    return _named(hessian_of, "hessian", function)


def hvp(function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The Hessian of ``function(*primals)`` times `tangents`, without the Hessian.

    Takes tuples of all arguments as `jvp` does; the result has their structure.
    Costs a small multiple of one gradient (Pearlmutter, 1994, *Fast exact
    multiplication by the Hessian*).

    >>> from autograd import hvp
    >>> hvp(lambda v: v[0] ** 2 * v[1], ([3.0, 4.0],), ([1.0, 0.0],))
    ([8.0, 6.0],)
    """
    run, directions = _run_along(function, primals, tangents)
    with run:
        output = run.single_output(function)
        if not (run.records and isinstance(output, Value)):
            numbers = [_select.float_of(direction) for direction in directions]
            return run.rebuild(run.products(output, numbers))
        gradients = reverse_graph(output, 1.0, run.leaves)
        return run.rebuild(run.gradient(functions.dot(directions, gradients)))


@dataclass
class _Run:
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

    def again(self, makes_graph: bool) -> "_Run":
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
                f"{_name(function)} gave a {kind}; to differentiate it it must give one number: "
                "see jacobian and jvp for more"
            ) from None

    def outputs(self) -> tuple[list[Number], Rebuild]:
        """The numbers in the output, and how to put others in their places."""
        outputs, rebuild = flatten(self.output)
        return [out if isinstance(out, Value) else as_float(out) for out in outputs], rebuild

    def plain(self, number: Number) -> Number:
        """A result as it is given to the caller: with its graph, or without."""
        if self.makes_graph:
            return _as_value(number)
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


def _run(
    function: Function,
    argnums: int | tuple[int, ...],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> _Run:
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
    run = _Run(output, leaves, first, gives_values, recording)
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
                f"argnums has {position}, but {_name(function)} was called with {count} "
                "positional arguments"
            )
    if len({position % count for position in several}) < len(several):
        raise ValueError(f"argnums {argnums!r} names an argument twice")
    return tuple(several)


def _run_along(
    function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[_Run, list[Number]]:
    """The run of `function` on `primals`, and the tangent of each of its leaves."""
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple):
            raise TypeError(
                f"{name} is the tuple of all arguments, such as (x,), got a {type(given).__name__}"
            )
    moving = flatten_like(primals, tangents, "tangents")
    directions = [x if isinstance(x, Value) else as_float(x) for x in moving]
    run = _run(function, tuple(range(len(primals))), primals, {})
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


def _rows(run: _Run, outputs: Sequence[Number]) -> list[list[Number]]:
    """The gradient of each of `outputs`."""
    if run.records or len(outputs) <= len(run.leaves):
        return [run.gradient(out) for out in outputs]
    together = _together(outputs)
    if not isinstance(together, Value):
        return [[run.plain(0.0)] * len(run.leaves) for _ in outputs]
    columns = [
        _select.sweeps().forward_sweep(together, run.leaves, direction, outputs)
        for direction in _unit(len(run.leaves))
    ]
    return [run.all_plain(row) for row in zip(*columns, strict=True)]


def _together(outputs: Sequence[Number]) -> Number:
    """A node that depends on all of `outputs`, for a sweep to start from."""
    together: Number = _select.evaluate(_of_all, *outputs)
    return together


def _of_all(*outputs: float) -> tuple[float, ...]:
    return 0.0, *[1.0] * len(outputs)


def _unit(n: int) -> list[list[float]]:
    return [[float(row == column) for column in range(n)] for row in range(n)]


def _as_value(number: Number) -> Value:
    return number if isinstance(number, Value) else constant(number)


def _check_used(output: Value, inputs: Sequence[Value]) -> None:
    used = _select.sweeps().depends_on(output, inputs)
    for position, leaf in enumerate(inputs):
        if not used[position]:
            raise errors.GraphError(
                f"output does not depend on input {position}, {leaf!r}: "
                "leave it out, or say allow_unused=True for a 0"
            )


def _name(function: Function) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _expect_function(transform: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(
            f"{transform} takes a function, as in {transform}(lambda x: x * x), got {function!r}"
        )


def _named(transformed: Function, transform: str, function: Function) -> Function:
    _expect_function(transform, function)
    transformed.__name__ = f"{transform} of {_name(function)}"
    transformed.__doc__ = getattr(function, "__doc__", None)
    return transformed
