"""Common subexpressions: what is computed twice is computed once."""

from autograd.programs.passes.building import Builder
from autograd.programs.tape import Tape

_COMMUTES = {"add", "mul"}  # to the last bit; longer sums depend on their order


def share_subexpressions(tape: Tape) -> Tape:
    """Every operation once for the same operands; those of one's own stay as often as they are."""
    new = Builder(tape)
    place = new.place
    known: dict[tuple[str, tuple[int, ...], bool], int] = {}
    for op, operands, slot in tape.scalar_steps():
        given = tuple([place[operand] for operand in operands])
        fixed = slot in tape.fixed
        if op in tape.rules:
            place.append(new.step(op, given, fixed=fixed))
            continue
        ordered = (given[1], given[0]) if op in _COMMUTES and given[0] > given[1] else given
        key = op, ordered, fixed
        found = known.get(key)
        if found is None:
            found = known[key] = new.step(op, given, fixed=fixed)
        place.append(found)
    return new.tape_with([place[slot] for slot in tape.outputs])
