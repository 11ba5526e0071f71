"""One trace: a function is called with fresh Values for its numbers, and what it did is a tape."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.engines import select
from autograd.engines.select import Value
from autograd.errors import NumberError
from autograd.programs.recording import recorded
from autograd.programs.rows import is_setting
from autograd.programs.tape import Tape
from autograd.support import modes, tracing
from autograd.support.arguments import as_float, name_of
from autograd.support.structures import flatten

Checks = list[tuple[tracing.RowCheck, tuple[int, ...]]]


class Names(Sequence[str]):
    """What inputs are called, from the names of arguments and how many numbers are in each.

    A length of -1 is that of an argument which is one number. There may be many inputs, whose
    names nobody asks for.
    """

    def __init__(self, spans: list[tuple[str, int]]) -> None:
        self._spans = spans

    def __len__(self) -> int:
        return sum([abs(length) for _, length in self._spans])

    def __getitem__(self, column: Any) -> Any:
        return list(self)[column]

    def __iter__(self) -> Iterator[str]:
        for name, length in self._spans:
            yield from [name] if length < 0 else (f"{name}[{i}]" for i in range(length))


class Traced(NamedTuple):
    """What one trace found."""

    tape: Tape
    leaves: list[Any]  # Values from outside that the tape reads
    pattern: Any  # the output, with the places of its numbers instead of them
    single: bool  # whether it is one number
    checks: Checks
    names: "Names"  # of the inputs


def traced(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> Traced:
    """Call `function` once with Values in place of the numbers; TracingError where it looks."""
    leaves, rebuild = flatten((list(arguments), named))
    names = _names(function, arguments, named)
    token = modes.current.set(modes.current.get()._replace(recording=True, anomaly=False))
    try:
        with tracing.trace(select.next_serial()) as trace:
            if set(map(type, leaves)) == {float}:  # there may be many
                given = inputs = list(map(Value, leaves))
            else:
                given = list(map(_fresh, leaves))
                inputs = [value for value in given if isinstance(value, Value)]
            trace.inputs = dict(zip(map(id, inputs), range(len(inputs)), strict=True))
            trace.names = names
            positional, by_name = rebuild(given)
            output = function(*positional, **by_name)
            results, rebuild_output = flatten(output)
            for result in results:
                if not isinstance(result, Value):
                    _check_output(function, result)
            recording = recorded(results, inputs, trace.since)
    finally:
        modes.current.reset(token)
    single = len(results) == 1 and results[0] is output
    pattern = rebuild_output(list(range(len(results))))
    return Traced(recording.tape, recording.leaves, pattern, single, trace.checks, names)


def _fresh(leaf: Any) -> Any:
    """A Value for a number; a setting as it is."""
    return leaf if is_setting(leaf) else Value(as_float(leaf))


def _check_output(function: Any, result: Any) -> None:
    try:
        as_float(result)
    except NumberError:
        raise TypeError(
            f"{name_of(function)} gave a {type(result).__name__}: a compiled function gives "
            "Values and numbers, or lists, tuples, dicts and arrays of them"
        ) from None


def _names(function: Any, arguments: Sequence[Any], named: dict[str, Any]) -> Names:
    """What the inputs are called: the parameter, and the place in it."""
    try:
        known = [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):  # it has no signature
        known = []
    known += [f"argument{i}" for i in range(len(known), len(arguments))]
    spans = []
    for name, argument in [*zip(known, arguments, strict=False), *named.items()]:
        found = flatten(argument)[0]
        numbers = found
        if not set(map(type, found)) <= {float}:
            numbers = [leaf for leaf in found if not is_setting(leaf)]
        whole = len(numbers) == 1 and numbers[0] is argument
        spans.append((name, -1 if whole else len(numbers)))
    return Names(spans)
