"""The parameters of a closed scope as a small matrix of numbers, to be drawn in colours."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.engines.select import Value
from autograd.visual.graph.flags import is_reached
from autograd.visual.scopes import scope_of

MOST_CELLS = 32  # in each direction


@dataclass(frozen=True)
class HeatMap:
    """A row for each neuron; None where there is no number. `block` > 1: cells stand for more."""

    rows: tuple[tuple[float | None, ...], ...]
    block: tuple[int, int] = (1, 1)  # rows and columns that a cell stands for: their largest

    @property
    def largest(self) -> float:
        """The largest magnitude of a finite cell, which has the full colour; 0 for none."""
        cells = [x for row in self.rows for x in row if x is not None and math.isfinite(x)]
        return max(map(abs, cells), default=0.0)


def heat_maps(members: Sequence[Value], scope: str) -> tuple[HeatMap, HeatMap] | None:
    """The parameters of a layer, a row for each scope inside `scope`, and their gradients.

    None if nothing inside has parameters, or if there are several layers.
    """
    neurons: dict[str, list[Value]] = {}
    for value in members:
        if value.requires_grad and not value.parents:
            neurons.setdefault(scope_of(value), []).append(value)
    depth = scope.count("/") + 1
    if {inner.count("/") for inner in neurons} - {depth - 1} != {depth}:
        return None
    matrix = [neurons[name] for name in sorted(neurons, key=_natural)]
    data = [[value.data for value in row] for row in matrix]
    grad = [[value.grad if is_reached(value) else None for value in row] for row in matrix]
    return shrunk(data), shrunk(grad)


def shrunk(rows: Sequence[Sequence[float | None]]) -> HeatMap:
    """At most `MOST_CELLS` each way: a cell is the number of largest magnitude in its block."""
    height = -(-len(rows) // MOST_CELLS)
    width = -(-max(map(len, rows)) // MOST_CELLS)
    cells = []
    for top in range(0, len(rows), height):
        block_row = rows[top : top + height]
        lefts = range(0, max(map(len, block_row)), width)
        cells.append(
            tuple(
                max(
                    (x for row in block_row for x in row[left : left + width] if x is not None),
                    key=lambda x: abs(x) if math.isfinite(x) else math.inf,
                    default=None,
                )
                for left in lefts
            )
        )
    return HeatMap(tuple(cells), (height, width))


def _natural(scope: str) -> list[tuple[int, str]]:
    """A key that sorts neuron10 after neuron9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", scope)
    ]
