"""A path as a textbook writes it: without the values that have no name.

The factors on both sides of such a value become one, ∂a/∂c for ∂a/∂b · ∂b/∂c, where b is the
only way from c to a: else that symbol would mean more than this path. Where nothing on a path
has a name, only factors of 1 are taken in like that.
"""

import ast
from collections.abc import Sequence

from autograd.engines.select import Value
from autograd.visual.explanation.story import Step
from autograd.visual.naming import Naming

LONGEST = 200  # steps of a path that is simplified
LARGEST = 5000  # values between its ends


def simplified(steps: Sequence[Step], naming: Naming, order: Sequence[Value]) -> tuple[Step, ...]:
    """`steps`, from the output down, with those joined that need not stand apart."""
    if not 1 < len(steps) <= LONGEST or len(order) > LARGEST:
        return tuple(steps)
    values = naming.values
    some_named = any(naming.has_name(values[step.operand]) for step in steps[:-1])
    found = [steps[0]]
    for step in steps[1:]:
        last = found[-1]
        needless = some_named or _is_one(last) or _is_one(step)
        if (
            needless
            and not naming.has_name(values[last.operand])
            and not (last.mark or step.mark)
            and _ways(values[step.operand], values[last.result], order) == 1
        ):
            found[-1] = _joined(last, step)
        else:
            found.append(step)
    return tuple(found)


def _is_one(step: Step) -> bool:
    return isinstance(step.formula, ast.Constant) and step.formula.value == step.number == 1.0


def _joined(above: Step, below: Step) -> Step:
    formula: ast.expr | None = None
    if _is_one(above):
        formula = below.formula
    elif _is_one(below):
        formula = above.formula
    elif above.formula is not None and below.formula is not None:
        formula = ast.BinOp(above.formula, ast.Mult(), below.formula)
    return Step(above.result, below.operand, "", formula, above.number * below.number)


def _ways(start: Value, end: Value, order: Sequence[Value]) -> int:
    """How many paths lead from `start` up to `end` in topological `order`."""
    ways = {start: 1}
    for value in order:
        if value not in ways:
            found = sum([ways[parent] for parent in value.parents if parent in ways])
            if found:
                ways[value] = found
    return ways[end]
