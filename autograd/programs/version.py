"""A Program for one structure of its arguments: what was traced, and what replays it."""

from array import array
from typing import Any

from autograd.programs.captured import Witness
from autograd.programs.held import Held
from autograd.programs.replays import replay_of
from autograd.programs.tape import Tape
from autograd.programs.tracing_calls import Traced
from autograd.support.arguments import name_of
from autograd.support.structures import flatten


class Version:
    """A Program for one structure of its arguments."""

    def __init__(self, found: Traced, tape: Tape, witness: Witness | None) -> None:
        self.traced, self.before, self.tape = found, found.tape, tape
        self.held = Held(found.leaves)
        self.witness = witness  # None where there is no function to trace again
        self.replay = replay_of(tape)
        self.outputs = len(tape.outputs)
        self.rebuild = flatten(found.pattern)[1]

    def check(self, numbers: Any, width: int, count: int) -> None:
        """Apply what eager code checks of the inputs to every row."""
        for check, columns in self.traced.checks:
            flat = numbers if isinstance(numbers, array | list) else numbers.ravel()
            for row in range(count):
                try:
                    check(*[float(flat[row * width + column]) for column in columns])
                except (ValueError, TypeError) as error:
                    if count > 1:
                        error.args = (f"{error} (row {row})", *error.args[1:])
                    raise

    def results(self, outputs: "array[float]") -> list[Any]:
        """The results of all rows, as the function gave them."""
        numbers, width = outputs.tolist(), self.outputs
        if self.traced.single:
            return numbers
        rebuild = self.rebuild
        return [rebuild(numbers[at : at + width]) for at in range(0, len(numbers), width)]

    def single(self, what: str, function: Any) -> None:
        """TypeError unless `function` gave one output to differentiate."""
        if not self.traced.single:
            raise TypeError(
                f"{name_of(function)} gave {self.outputs} numbers; {what} needs one: return their "
                "sum, or see autograd.jacobian"
            )
