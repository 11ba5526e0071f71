"""What an explanation says, before it is printed: steps, paths, and what is named in them."""

import ast
from dataclasses import dataclass

from autograd.visual.naming import Naming


@dataclass(frozen=True)
class Step:
    """One factor of a product: the partial of `result` by its operand number `position`."""

    result: str  # a key of the naming
    operand: str
    mark: str  # "(2)" for the second of equal operands, "" where there is but one
    formula: ast.expr | None  # None for a rule that cannot be read
    number: float


@dataclass(frozen=True)
class WrittenPath:
    """One path as shown: `steps` from the output down, without the `left_out` ones in between."""

    steps: tuple[Step, ...]
    left_out: int  # factors after the first half of `steps`
    product: float


@dataclass(frozen=True, eq=False, repr=False)
class Story:
    """The chain rule for one pair of values.

    `gradient` is the derivative, `count` the number of paths, `paths` those
    written out, `rest` the sum of the products of the others.
    """

    naming: Naming
    output: str  # a key of the naming
    input: str
    gradient: float
    count: int
    paths: tuple[WrittenPath, ...]
    rest: float
    named: tuple[tuple[str, ast.expr | None, float], ...]  # (key, expression, number): leaves first
    number_format: str
    reason: str  # why there is no path
