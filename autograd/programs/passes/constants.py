"""Constant folding: what is computed from constants alone is computed now."""

import math

from autograd.programs.passes.building import Builder
from autograd.programs.tape import Tape


def fold_constants(tape: Tape) -> Tape:
    """Without the steps on constants alone, and without the products with 1.

    A step that cannot be computed, or not to a finite number, is left to the run, which
    says so; so are operations of one's own, which may do more than compute.
    """
    new = Builder(tape)
    place = new.place
    for op, operands, slot in tape.scalar_steps():
        given = tuple([place[operand] for operand in operands])
        fixed = slot in tape.fixed
        if op not in tape.rules and max(given, default=0) < 0:
            number = _result(tape, op, [new.constants[-slot - 1] for slot in given])
            if number is not None:
                place.append(new.constant(number))
                continue
        if op == "mul" and not fixed and 1.0 in (new.number(given[0]), new.number(given[1])):
            place.append(given[0] if new.number(given[1]) == 1.0 else given[1])
            continue
        place.append(new.step(op, given, fixed=fixed))
    return new.tape_with([place[slot] for slot in tape.outputs])


def _result(tape: Tape, op: str, numbers: list[float]) -> float | None:
    try:
        number = float(tape.rule(op)(*numbers)[0])
    except (ValueError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None
