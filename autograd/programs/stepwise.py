"""The replay to read first: one row at a time, by the rules themselves, exactly as eager code.

The other replays are faster. What they compute is compared with this one, and where they
meet something that is not finite they ask it.
"""

from array import array
from collections.abc import Sequence

from autograd import errors, ops
from autograd.programs.tape import Tape


def forward(tape: Tape, leaves: Sequence[float], inputs: Sequence[float]) -> list[float]:
    """The number in every slot, for one row."""
    return _forward(tape, leaves, inputs)[0]


def value_and_gradients(
    tape: Tape, leaves: Sequence[float], inputs: Sequence[float], upstream: Sequence[float]
) -> "tuple[list[float], array[float], array[float]]":
    """The outputs of one row, and d (sum of upstream times output) by the leaves, by the inputs.

    As `Value._backward`: nothing goes to the side that a choice has not taken.
    """
    numbers, partials = _forward(tape, leaves, inputs)
    gradients = [0.0] * len(numbers)
    arrived = bytearray(len(numbers))
    for slot, above in zip(tape.outputs, upstream, strict=True):
        gradients[slot] += above
        arrived[slot] = True
    for op, operands, slot in reversed(list(tape.scalar_steps())):
        if not arrived[slot] or slot in tape.fixed:
            continue
        above, chosen = gradients[slot], ops.chooses(op)
        for position, operand in enumerate(operands):
            partial = partials[slot][position]
            if partial == 0.0 and chosen and position in chosen:
                continue
            gradients[operand] += above * partial
            arrived[operand] = True
    stop = tape.inputs + tape.leaves
    return (
        [numbers[slot] for slot in tape.outputs],
        array("d", gradients[tape.inputs : stop]),
        array("d", gradients[: tape.inputs]),
    )


def _forward(
    tape: Tape, leaves: Sequence[float], inputs: Sequence[float]
) -> tuple[list[float], dict[int, Sequence[float]]]:
    numbers = [*inputs, *leaves, *tape.constants]
    partials: dict[int, Sequence[float]] = {}
    for op, operands, slot in tape.scalar_steps():
        given = [numbers[operand] for operand in operands]
        try:
            result = tape.rule(op)(*given)
        except (ValueError, ArithmeticError) as error:
            raise errors.refusal(op, [(x, "") for x in given], error) from None
        numbers.append(float(result[0]))
        partials[slot] = result[1:]
    return numbers, partials
