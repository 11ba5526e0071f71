"""Constant folding: what is computed from constants alone is computed now."""

import math

from autograd.programs.many_slots import moved
from autograd.programs.passes.building import Builder
from autograd.programs.tape import Tape


def fold_constants(tape: Tape) -> Tape:
    """Without the steps on constants alone, and without the products with 1.

    A step that cannot be computed, or not to a finite number, is left to the run, which
    says so; so are operations of one's own, which may do more than compute.
    """
    if not _any_to_fold(tape):
        return tape
    new = Builder(tape)
    place, own, fixed = new.place, tape.rules, tape.fixed
    one = new.known(1.0)
    for op, operands, slot in tape.scalar_steps():
        given = moved(place, operands)
        if given and max(given) < 0 and op not in own:
            number = _result(tape, op, [new.constants[-operand - 1] for operand in given])
            if number is not None:
                place.append(new.constant(number))
                continue
        if op == "mul" and one in given and slot not in fixed:
            place.append(given[0] if given[1] == one else given[1])
            continue
        place.append(new.step(op, given, fixed=slot in fixed))
        if one is None:
            one = new.known(1.0)
    return new.tape_with([place[slot] for slot in tape.outputs])


def _any_to_fold(tape: Tape) -> bool:
    """Whether a step has constants alone, or is a product with 1."""
    start = tape.inputs + tape.leaves
    stop = tape.first_result
    ones = {slot for slot, number in enumerate(tape.constants, start) if number == 1.0}
    for op, operands, _, _ in tape.instructions:
        if op == "mul" and (operands[0] in ones or operands[1] in ones):
            return True
        starts = operands and start <= operands[0] < stop
        if starts and start <= min(operands) and max(operands) < stop:
            return True
    return False


def _result(tape: Tape, op: str, numbers: list[float]) -> float | None:
    try:
        number = float(tape.rule(op)(*numbers)[0])
    except (ValueError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None
