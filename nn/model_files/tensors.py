"""Parameters gathered into tensors by their paths: a layer's weights are one matrix."""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Gathered(NamedTuple):
    """A tensor of that shape, and the paths of its numbers, row by row."""

    shape: tuple[int, ...]
    paths: tuple[str, ...]


def gathered(paths: Iterable[str]) -> dict[str, Gathered]:
    """The tensors that parameters with these paths make up, by name.

    Neurons of a layer become ``weight`` and ``bias``; Values in lists (of lists) a tensor with
    the path of the list, where they fill it; all others stand alone, as a tensor of no axis.

    >>> found = gathered(["neurons.0.w.0", "neurons.0.w.1", "neurons.0.b", "scale"])
    >>> {name: tensor.shape for name, tensor in found.items()}
    {'weight': (1, 2), 'bias': (1,), 'scale': ()}
    """
    given = list(paths)
    groups: dict[str, dict[tuple[int, ...], str]] = {}
    for path in given:
        name, place = _placed(path)
        groups.setdefault(name, {})[place] = path
    found: dict[str, Gathered] = {}
    taken = set(given)
    for name, places in groups.items():
        shape = _shape(places)
        if shape is None or (name in taken and places != {(): name}):
            found |= {path: Gathered((), (path,)) for path in places.values()}
        else:
            found[name] = Gathered(shape, tuple(places[place] for place in sorted(places)))
    return found


def _placed(path: str) -> tuple[str, tuple[int, ...]]:
    """The name of the tensor that a parameter belongs to, and its place there."""
    of_neuron = re.fullmatch(r"(|.*\.)neurons\.(\d+)\.(?:w\.(\d+)|b)", path)
    if of_neuron:
        layer, neuron, weight = of_neuron.groups()
        if weight is None:
            return f"{layer}bias", (int(neuron),)
        return f"{layer}weight", (int(neuron), int(weight))
    name, numbers = re.fullmatch(r"(.*?)((?:\.\d+)*)", path).groups()  # type: ignore[union-attr]
    return name, tuple(map(int, numbers.split(".")[1:]))


def _shape(places: Iterable[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape that these places fill; None where they leave gaps."""
    known = set(places)
    if len({len(place) for place in known}) > 1:
        return None
    shape = tuple(1 + max(axis) for axis in zip(*known, strict=True))
    size = 1
    for length in shape:
        size *= length
    return shape if size == len(known) else None
