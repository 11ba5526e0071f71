"""What functions of numbers compute, told to a page: tapes of rules that are printed beside them.

Activations, losses and what optimisers make of their settings are not written again
in JavaScript: each is called once, and what it did is a tape.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from autograd import ops
from autograd.calculus.formula import formula_for
from autograd.engines.numbers import float_of
from autograd.errors import GraphError
from autograd.programs.tracing_calls import traced
from autograd.support.arguments import name_of

Told: TypeAlias = dict[str, Any]


class Tapes:
    """Tapes to be told to a page, and all the rules that they call."""

    def __init__(self) -> None:
        # Of these each neuron is made, and the loss of a batch.
        self.rules: dict[str, ops.Rule] = {
            rule.__name__: rule for rule in (ops.dot, ops.add, ops.mean, ops.sum)
        }

    def of(self, function: Callable[..., Any], *example: Any) -> Told:
        """What `function` does, called with such numbers.

        GraphError where it reads parameters of its own, which the page would not train.
        """
        found = traced(function, example, {})
        if any(leaf.requires_grad for leaf in found.leaves):
            raise GraphError(
                f"{name_of(function)} reads a Value that requires a gradient, and a playground "
                "trains the weights of layers alone: make it a number"
            )
        tape = found.tape
        steps = []
        for op, operands, slot in tape.scalar_steps():
            rule = tape.rule(op)
            if self.rules.setdefault(rule.__name__, rule) is not rule:
                raise GraphError(f"two operations are called {rule.__name__}: rename one of them")
            steps.append([rule.__name__, list(operands), slot])
        return {
            "inputs": tape.inputs,
            "numbers": [*map(float_of, found.leaves), *tape.constants],
            "steps": steps,
            "outputs": list(tape.outputs),
            "fixed": sorted(tape.fixed),
        }

    @property
    def sequences(self) -> list[str]:
        """The names of the rules that take a sequence."""
        return [name for name, rule in self.rules.items() if formula_for(rule).sequence]
