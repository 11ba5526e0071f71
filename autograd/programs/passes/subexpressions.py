"""Common subexpressions: what is computed twice is computed once."""

from dataclasses import replace

from autograd.programs.many_slots import moved
from autograd.programs.passes.building import instruction
from autograd.programs.tape import Tape

_COMMUTES = {"add", "mul"}  # to the last bit; longer sums depend on their order


def share_subexpressions(tape: Tape) -> Tape:
    """Every operation once for the same operands; those of one's own stay as often as they are."""
    place = [*range(tape.first_result)]
    known: dict[tuple[str, tuple[int, ...], bool], int] = {}
    instructions = []
    own, fixed = tape.rules, tape.fixed
    at = tape.first_result
    for op, operands, slot in tape.scalar_steps():
        given = ordered = moved(place, operands)
        if op in _COMMUTES and given[0] > given[1]:
            ordered = given[1], given[0]
        found = at if op in own else known.setdefault((op, ordered, slot in fixed), at)
        place.append(found)
        if found == at:
            instructions.append(instruction(op, given, at, 1))
            at += 1
    return replace(
        tape,
        instructions=tuple(instructions),
        outputs=tuple([place[slot] for slot in tape.outputs]),
        fixed=frozenset([place[slot] for slot in fixed]),
        hoisted=0,
    )
