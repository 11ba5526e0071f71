"""The scopes that values were made in, such as ``"mlp/layer0/neuron3"``, as text."""

import itertools
from collections.abc import Iterator, Sequence

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
