"""The scopes that values were made in, such as ``"mlp/layer0/neuron3"``, as text."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from autograd.engines.select import Value
from autograd.visual.texts import text_of


def scope_of(value: Value) -> str:
    """The scope that `value` was made in, as text: pictures survive any."""
    return text_of(value.scope)


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
