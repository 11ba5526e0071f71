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
from functools import wraps
from typing import Any, TypeVar, cast

from autograd import errors, functions
from autograd.engines import select
from autograd.engines.numbers import as_value, float_of
from autograd.engines.select import Value
from autograd.support import modes
from autograd.support.arguments import name_of
from autograd.support.structures import flatten, flatten_like, is_branching, table
from autograd.transforms import limits_at_kinks as limits
from autograd.transforms.transformed_call import Function, Run, run_along, run_of, together_of
from autograd.transforms.value_sweeps import forward_graph, reverse_graph
from autograd.value import Number

Transform = TypeVar("Transform", bound=Callable[..., Any])


def _of_programs(transform: Transform) -> Transform:
    """`transform`, which asks a Program for its own: that is traced once as well."""

    @wraps(transform)
    def of_either(function: Any, *options: Any, **named: Any) -> Any:
        transformed = getattr(function, "transformed", None)
        if transformed is None:
            return transform(function, *options, **named)
        key = transform.__name__, options, tuple(named.items())
        return transformed(key, lambda plain: transform(plain, *options, **named))

    return cast("Transform", of_either)


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
        return rebuild(list(map(as_value if create_graph else float_of, values)))
    number = float_of(upstream)
    return rebuild(select.sweeps().reverse_sweep(output, number, leaves))


@_of_programs
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


@_of_programs
def value_and_grad(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives the value of `function` and its gradient, as `grad` does.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """

    def value_and_gradient_of(*arguments: Any, **named: Any) -> Any:
        with run_of(function, argnums, arguments, named).open() as run:
            output = run.single_output(function)
            return run.plain(output), run.rebuild(run.gradient(output))

    def gradient_of(*arguments: Any, **named: Any) -> Any:
        return value_and_gradient_of(*arguments, **named)[1]

    def with_limits(*arguments: Any, **named: Any) -> Any:
        value, slopes = value_and_gradient_of(*arguments, **named)
        if limits.holds_nan(slopes):
            slopes = limits.nearby(gradient_of, function, argnums)(*arguments, **named)
        return value, slopes

    return _named(with_limits, "value_and_grad", function)


@_of_programs
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
        with run_of(function, 0, (x,), {}).open() as run:
            output = run.single_output(function)
            for order in range(1, n + 1):
                if order < n and isinstance(output, Value):
                    [output] = reverse_graph(output, 1.0, run.leaves)
                else:
                    [output] = run.gradient(output)
            return run.plain(output)

    limited = limits.nearby(derivative_of, function, 0, order=n) if n else derivative_of
    return _named(limited, "derivative", function)


def jvp(function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """Forward mode: the value of ``function(*primals)`` and how it changes along `tangents`.

    `primals` is the tuple of all arguments, `tangents` one of the same
    structure. The result is (value, tangent), both as `function` gives them.

    >>> from autograd import jvp
    >>> jvp(lambda x, y: [x * y, x + y], (3.0, 4.0), (1.0, 0.0))
    ([12.0, 7.0], [4.0, 1.0])
    """
    if transformed := getattr(function, "transformed", None):
        along = transformed(("jvp",), lambda plain: lambda *both: jvp(plain, *both))
        return cast("tuple[Any, Any]", along(primals, tangents))
    value, changes = _jvp(function, primals, tangents)
    if limits.holds_nan(changes):
        every = tuple(range(len(primals)))
        along = limits.nearby(lambda *x: _jvp(function, x, tangents)[1], function, every)
        changes = along(*primals)
    return value, changes


def _jvp(
    function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    run, directions = run_along(function, primals, tangents)
    with run.open():
        outputs, rebuild = run.outputs()
        together = together_of(outputs)
        if not isinstance(together, Value):
            changes: list[Number] = [0.0] * len(outputs)
        elif run.records:
            changes = forward_graph(together, run.leaves, directions, outputs)
        else:
            numbers = [float_of(direction) for direction in directions]
            changes = select.sweeps().forward_sweep(together, run.leaves, numbers, outputs)
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
    if transformed := getattr(function, "transformed", None):
        back = transformed(("vjp",), lambda plain: lambda up, *x: vjp(plain, *x)[1](up))
        return function(*primals), lambda upstream: back(upstream, *primals)
    value, pull_back = _vjp(function, *primals)

    def with_limits(upstream: Any) -> Any:
        slopes = pull_back(upstream)
        if limits.holds_nan(slopes):
            every = tuple(range(len(primals)))
            again = limits.nearby(lambda *x: _vjp(function, *x)[1](upstream), function, every)
            slopes = again(*primals)
        return slopes

    return value, with_limits


def _vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    with run_of(function, tuple(range(len(primals))), primals, {}).open() as run:
        outputs, rebuild = run.outputs()
        # An output that is an argument itself is a mere number once the run is closed.
        nodes = [out * 1.0 if isinstance(out, Value) else out for out in outputs]
        pattern = rebuild(nodes)

    def pull_back(upstream: Any) -> Any:
        upstreams = flatten_like(pattern, upstream, "upstream gradients")
        return run.rebuild(run.pulled_back(nodes, upstreams))

    return rebuild(run.all_plain(outputs)), pull_back


@_of_programs
def jacobian(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives d output / d input, for every output and every input.

    The result has the structure of the output, and in the place of each number
    or array the structure of the argument: a tuple for a tuple of `argnums`. Where
    arrays meet it holds arrays with the axes of the output, then those of the
    argument. Goes through the smaller of the two: forward mode for few inputs,
    reverse mode for few outputs.

    >>> from autograd import jacobian
    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """

    def jacobian_of(*arguments: Any, **named: Any) -> Any:
        with run_of(function, argnums, arguments, named).open() as run:
            outputs, _ = run.outputs()
            return table(_rows(run, outputs), run.output, run.rebuild(run.leaves))

    return _named(limits.nearby(jacobian_of, function, argnums), "jacobian", function)


@_of_programs
def hessian(function: Function, argnums: int | tuple[int, ...] = 0) -> Function:
    """The function that gives all second derivatives of a function of one number.

    The result has the structure of the argument twice, by rows, then by columns:
    a tuple of tuples for a tuple of `argnums`. Where arrays meet it holds arrays
    with the axes of both.

    >>> from autograd import hessian
    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """

    def hessian_of(*arguments: Any, **named: Any) -> Any:
        with run_of(function, argnums, arguments, named).open() as run:
            output = run.single_output(function)
            if run.records and isinstance(output, Value):
                rows = _rows(run, reverse_graph(output, 1.0, run.leaves))
            else:
                rows = [run.products(output, direction) for direction in _unit(len(run.leaves))]
            argument = run.rebuild(run.leaves)
            return table(rows, argument, argument)

    return _named(limits.nearby(hessian_of, function, argnums, order=2), "hessian", function)


def hvp(function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The Hessian of ``function(*primals)`` times `tangents`, without the Hessian.

    Takes tuples of all arguments as `jvp` does; the result has their structure.
    Costs a small multiple of one gradient (Pearlmutter, 1994, *Fast exact
    multiplication by the Hessian*).

    >>> from autograd import hvp
    >>> hvp(lambda v: v[0] ** 2 * v[1], ([3.0, 4.0],), ([1.0, 0.0],))
    ([8.0, 6.0],)
    """
    if transformed := getattr(function, "transformed", None):
        return transformed(("hvp",), lambda plain: lambda *both: hvp(plain, *both))(
            primals, tangents
        )
    products = _hvp(function, primals, tangents)
    if limits.holds_nan(products):
        every = tuple(range(len(primals)))
        along = limits.nearby(lambda *x: _hvp(function, x, tangents), function, every, order=2)
        products = along(*primals)
    return products


def _hvp(function: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    run, directions = run_along(function, primals, tangents)
    with run.open():
        output = run.single_output(function)
        if not (run.records and isinstance(output, Value)):
            numbers = [float_of(direction) for direction in directions]
            return run.rebuild(run.products(output, numbers))
        gradients = reverse_graph(output, 1.0, run.leaves)
        return run.rebuild(run.gradient(functions.dot(directions, gradients)))


def _rows(run: Run, outputs: Sequence[Number]) -> list[list[Number]]:
    """The gradient of each of `outputs`."""
    if run.records or len(outputs) <= len(run.leaves):
        return [run.gradient(out) for out in outputs]
    together = together_of(outputs)
    if not isinstance(together, Value):
        return [[run.plain(0.0)] * len(run.leaves) for _ in outputs]
    columns = [
        select.sweeps().forward_sweep(together, run.leaves, direction, outputs)
        for direction in _unit(len(run.leaves))
    ]
    return [run.all_plain(row) for row in zip(*columns, strict=True)]


def _unit(n: int) -> list[list[float]]:
    return [[float(row == column) for column in range(n)] for row in range(n)]


def _check_used(output: Value, inputs: Sequence[Value]) -> None:
    used = select.sweeps().depends_on(output, inputs)
    for position, leaf in enumerate(inputs):
        if not used[position]:
            raise errors.GraphError(
                f"output does not depend on input {position}, {leaf!r}: "
                "leave it out, or say allow_unused=True for a 0"
            )


def _expect_function(transform: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(
            f"{transform} takes a function, as in {transform}(lambda x: x * x), got {function!r}"
        )


def _named(transformed: Function, transform: str, function: Function) -> Function:
    _expect_function(transform, function)
    transformed.__name__ = f"{transform} of {name_of(function)}"
    transformed.__doc__ = getattr(function, "__doc__", None)
    return transformed
