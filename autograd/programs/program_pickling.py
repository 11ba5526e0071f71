"""Programs in pickles: structure, constants and the order of parameters, but no Value.

Whoever opens one binds parameters of their own. It can be called with the structures of
arguments that it was traced for; the function itself is not in it.
"""

import pickle
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Never

from autograd.engines.numbers import as_value
from autograd.engines.select import Value
from autograd.errors import GraphError, ShapeError
from autograd.programs.tape import Tape
from autograd.programs.tracing_calls import Traced
from autograd.programs.version import Version
from autograd.support.arguments import name_of

_Parts = tuple[Hashable, Traced, Tape, list[int]]


class FunctionLeftBehind:
    """In the place of the function of a Program that came out of a pickle."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, *_: Any, **__: Any) -> Never:
        """GraphError: there is nothing to trace."""
        raise GraphError(
            f"the Program {self.__name__} came out of a pickle, without its function: it takes "
            "numbers in the structures that it was called with before"
        )


def reduced(program: Any, versions: Mapping[Hashable, Version]) -> tuple[Any, ...]:
    """What pickle writes; PicklingError before the first call, which traces."""
    if not versions:
        raise pickle.PicklingError(
            f"{name_of(program.function)} has no tape yet: call it once, then pickle it"
        )
    order = {leaf: i for i, leaf in enumerate(program.parameters)}
    labels = [leaf.label for leaf in order]
    parts: list[_Parts] = [
        (
            key,
            version.traced._replace(leaves=[]),
            version.tape,
            [order[leaf] for leaf in version.held.leaves],
        )
        for key, version in versions.items()
    ]
    return restored, (type(program), name_of(program.function), labels, parts, program.exact)


def restored(
    kind: type, name: str, labels: list[str], parts: list[_Parts], exact: bool = True
) -> Any:
    """The Program, which waits for its parameters if it has some."""
    program: Any = kind(FunctionLeftBehind(name), exact=exact)
    stand_ins = [Unbound(label) for label in labels]
    for key, traced, tape, places in parts:
        own = traced._replace(leaves=[stand_ins[place] for place in places])
        program._versions[key] = Version(own, tape, None)
    return program


class Unbound:
    """In the place of a parameter that is still to be bound."""

    parents = ()

    def __init__(self, label: str) -> None:
        self.label = label


def bound(
    program: Any, versions: Mapping[Hashable, Version], given: Iterable[Any]
) -> list[tuple[Hashable, Version]]:
    """The versions with the Values in `given` for their leaves."""
    before = program.parameters
    values = [x if isinstance(x, Value) else Value(as_value(x).data) for x in given]
    if len(values) != len(before):
        raise ShapeError(
            f"{name_of(program.function)} reads {len(before)} parameters, got {len(values)}: "
            "give them in the order of program.parameters where it was traced"
        )
    now = dict(zip(before, values, strict=True))
    return [
        (
            key,
            Version(
                version.traced._replace(leaves=[now[leaf] for leaf in version.held.leaves]),
                version.tape,
                None,
            ),
        )
        for key, version in versions.items()
    ]
