"""The scopes that values were made in, such as ``"mlp/layer0/neuron3"``, as text."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from autograd.engines.select import Value
from autograd.visual.texts import text_of


def scope_of(value: Value) -> str:
    """The scope that `value` was made in, as text: pictures survive any."""
    scope = value.scope
    return scope if type(scope) is str else text_of(scope)


def prefixes(scope: str) -> Iterator[str]:
    """The scopes around a value made in `scope`, outermost first, `scope` itself last.

    >>> list(prefixes("mlp/layer0/neuron3"))
    ['mlp', 'mlp/layer0', 'mlp/layer0/neuron3']
    """
    return itertools.accumulate(scope.split("/"), "{}/{}".format) if scope else iter(())


def all_scopes(order: Sequence[Value]) -> list[str]:
    """Every scope that values were made in, and every scope around those, outermost first."""
    made_in = dict.fromkeys(map(scope_of, order))
    return list(dict.fromkeys(prefix for scope in made_in for prefix in prefixes(scope)))


def is_call(scope: str) -> bool:
    """Whether a scope stands for one call of a function, as ``"mlp/softmax(logits)"`` does.

    Pictures show such a box closed, until it is opened.
    """
    return scope.endswith(")")


def outside_calls(scope: str) -> str:
    """The scope without the calls of functions in it.

    >>> outside_calls("mlp/layer1/softmax(logits)")
    'mlp/layer1'
    """
    return "/".join(part for part in scope.split("/") if not is_call(part))


_NEURON = re.compile(r"(.*/)?neuron\d+", re.DOTALL)


def neuron_parts(order: Sequence[Value]) -> dict[Value, str]:
    """Which values are the sum of a neuron, "z", and what its activation makes of it, "a".

    The sum adds something to a dot product, or is that alone; of several samples each has its own.
    """
    made_in = {value: scope_of(value) for value in order if value.parents}
    neurons = {scope for scope in set(made_in.values()) if _NEURON.fullmatch(scope)}
    inside = {value: scope for value, scope in made_in.items() if scope in neurons}
    own = {
        value: [parent for parent in value.parents if inside.get(parent) == scope]
        for value, scope in inside.items()
    }
    read = {parent for parents in own.values() for parent in parents}
    parts: dict[Value, str] = {}
    for value, parents in own.items():
        if value.op == "add" and any(parent.op == "dot" for parent in parents):
            parts[value] = "z"
        elif value not in read and any(parts.get(parent) == "z" for parent in parents):
            parts[value] = "a"
    return parts


_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)  # the scope of the third neuron: …/neuron2


def numbered(scopes: Iterable[str]) -> list[list[int]]:
    """The places of scopes that end in a number, such as the neurons of a layer, by number.

    >>> numbered(["layer/neuron1", "loss", "layer/neuron0"])
    [[2, 0]]
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for place, scope in enumerate(scopes):
        if match := _NUMBERED.fullmatch(scope):
            found.setdefault(match[1], []).append((int(match[2]), place))
    return [[place for _, place in sorted(row)] for row in found.values() if len(row) > 1]
