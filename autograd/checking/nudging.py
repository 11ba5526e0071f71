"""Derivatives by nudging: the slow truth that the chain rule replaces.

Nudge one input at a time and watch the output. It is slow (at least two calls
per input) and rounded, yet it shares nothing with the rules, which makes it
the independent truth for `gradcheck`.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any

from autograd.checking.extrapolation import slope_at
from autograd.engines.numbers import float_of
from autograd.engines.select import Value
from autograd.errors import GraphError
from autograd.support.arguments import as_float, as_list, name_of
from autograd.support.structures import Rebuild, flatten
from autograd.value import Number

Function = Callable[..., Number]


def numerical_gradient(
    function: Function,
    inputs: Iterable[Any],
    *,
    method: str = "central",
    step: float | None = None,
) -> list[Any]:
    """The gradient of `function` at `inputs`, by nudging one number at a time.

    `inputs` is the sequence of arguments: numbers, Values, and nested lists,
    tuples and dicts of them; the result has the same structure. `function` is
    called with the inputs, or with nothing when it takes nothing and reads them
    itself (a loss over parameters). Inputs that are leaf Values are nudged in
    place and put back. `step` is h; `method` is one of

    - ``"central"``: (f(x + h) - f(x - h)) / 2h;
    - ``"forward"``: the textbook's (f(x + h) - f(x)) / h, which calls f once more
      than there are inputs;
    - ``"extrapolated"``: the limit of central differences for shrinking h
      (Richardson, 1911), at least six calls per input and good to 11 digits
      or so. At a kink it is the mean of the slopes on the two sides.

    By default h is scaled to each input: the cube root (central) or square root
    (forward) of the machine epsilon, which balances rounding against truncation
    (Press et al., *Numerical Recipes*, section 5.7).

    >>> from autograd import numerical_gradient
    >>> [round(slope, 6) for slope in numerical_gradient(lambda x, y: x * y, [2.0, 3.0])]
    [3.0, 2.0]
    """
    if method not in ("central", "forward", "extrapolated"):
        raise ValueError(f"method must be 'central', 'forward' or 'extrapolated', got {method!r}")
    step = check_step(step)
    bound = bind(function, inputs)
    if method == "extrapolated":
        slopes = [slope_at(*bound.along(leaf), step=step).mean for leaf in bound.leaves]
        return list(bound.mirrored(slopes))
    central = method == "central"
    ends = [_ends(leaf.data, step, central) for leaf in bound.leaves]
    here = None if central or not ends else float_of(bound.call())
    slopes = [_difference(bound, *both, here) for both in zip(bound.leaves, ends, strict=True)]
    return list(bound.mirrored(slopes))


def _ends(here: float, step: float | None, central: bool) -> tuple[float, float]:
    """Between which two numbers a difference is taken."""
    h = step or math.ulp(1.0) ** (1 / 3 if central else 1 / 2) * max(1.0, abs(here))
    behind, ahead = here - h if central else here, here + h
    if ahead == behind:
        raise ValueError(f"step {h!r} is lost beside the input {here!r}: take a larger one")
    return behind, ahead


def _difference(
    bound: "Bound", leaf: Value, ends: tuple[float, float], below: float | None
) -> float:
    """The slope between `ends`; `below` is the value at the first of them, where it is known."""
    behind, ahead = ends
    with nudged(leaf, ahead):
        above = float_of(bound.call())
    if below is None:
        with nudged(leaf, behind):
            below = float_of(bound.call())
    return (above - below) / (ahead - behind)


@dataclass(frozen=True)
class Bound:
    """A function with its inputs: `call()` computes it from what `leaves` hold at the time."""

    name: str
    call: Callable[[], Number]
    leaves: list[Value]
    names: list[str]
    mirrored: Rebuild  # one result per leaf, in the structure of the inputs

    def along(self, leaf: Value) -> tuple[Callable[[float], float], float]:
        """The function of `leaf` alone, nan where it has no value, and where the leaf is now."""

        def function(number: float) -> float:
            with nudged(leaf, number):
                return float_of(self.call())

        return defined(function), leaf.data


def bind(function: Function, inputs: Iterable[Any]) -> Bound:
    """`function` with its `inputs`, numbers among them made leaves.

    Raises GraphError for an input that was computed, TypeError if the function
    takes neither these inputs nor none.
    """
    if not callable(function):
        kind = type(function).__name__
        swapped = ": the function goes first" if callable(inputs) else ""
        raise TypeError(f"a function takes the inputs, got {kind} {function!r}{swapped}")
    arguments = _arguments(inputs)
    given, mirrored = flatten(arguments)
    leaves = [x if isinstance(x, Value) else Value(x) for x in given]
    for leaf in leaves:
        if leaf.parents:
            raise GraphError(f"{leaf!r} is not a leaf (its op is {leaf.op}): nudge the leaves only")
    names = [_name(*both) for both in zip(leaves, _paths(arguments), strict=True)]
    call = _caller(function, mirrored(leaves))
    return Bound(name_of(function), call, leaves, names, mirrored)


def _arguments(inputs: Any) -> list[Any]:
    """The arguments as a list; TypeError that says what to write for anything else."""
    kind = type(inputs).__name__
    if isinstance(inputs, dict):
        raise TypeError("inputs is the sequence of arguments: put the dict into a list")
    if isinstance(inputs, str | set | frozenset):
        raise TypeError(f"inputs is the sequence of arguments, in their order; got a {kind}")
    if isinstance(inputs, Value | Real) or getattr(inputs, "shape", None) == ():
        remedy = "x" if isinstance(inputs, Value) else f"{inputs}"
        raise TypeError(
            "inputs takes one sequence of numbers or Values, an entry for each argument, got "
            f"{kind} {inputs!r}: write [{remedy}]"
        )
    return as_list("inputs", inputs)


@contextmanager
def nudged(leaf: Value, number: float) -> Iterator[None]:
    """`leaf` holds `number` for a while."""
    here = leaf.data
    leaf.data = number
    try:
        yield
    finally:
        leaf.data = here


def defined(function: Callable[[float], float]) -> Callable[[float], float]:
    """`function`, but nan where it raises what operations raise outside their domain."""

    def or_nan(number: float) -> float:
        try:
            return function(number)
        except (ValueError, ArithmeticError):
            return math.nan

    return or_nan


def check_step(step: Any) -> float | None:
    """`step` as a float; ValueError unless it can be a nudge."""
    if step is None:
        return None
    number = as_float(step)
    if not 0.0 < number < math.inf or isinstance(step, bool):
        raise ValueError(f"step must be a positive number, got {step!r}")
    return number


def _caller(function: Function, arguments: list[Any]) -> Callable[[], Number]:
    def call() -> Number:
        return function(*arguments)

    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins have none
        return call
    try:
        signature.bind(*arguments)
    except TypeError:
        try:
            signature.bind()
        except TypeError:
            raise TypeError(
                f"{name_of(function)}{signature} takes neither {len(arguments)} inputs nor none"
            ) from None
        return function
    return call


def _name(leaf: Value, path: str) -> str:
    if not leaf.label:
        return path
    return f"{leaf.scope}/{leaf.label}" if leaf.scope else leaf.label


def _paths(tree: Any, path: str = "") -> list[str]:
    """How Python would reach each leaf of `tree`: ``1['w'][0]``."""
    if isinstance(tree, dict | list | tuple):
        branches = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [
            below
            for key, branch in branches
            for below in _paths(branch, f"{path}[{key!r}]" if path else str(key))
        ]
    count = len(flatten(tree)[0])
    return [path] if count == 1 else [f"{path}[{i}]" for i in range(count)]
