"""Sums of products: one dot product each; other sums of several: one sum."""

from autograd.programs.many_slots import moved
from autograd.programs.passes.building import Builder, uses_of
from autograd.programs.tape import Tape

#: Where -0.0 and 0.0 lead to different numbers; what your own operations do nobody knows.
TELLS_ZEROS_APART = {"atan2"}


def fuse_dots(tape: Tape) -> Tape:
    """With chains of additions as one `dot`, or `sum`, added up in the same order.

    A term that is no product, as a bias, is multiplied with 1. Where one factor of every
    product is a leaf or a constant it comes first: so `fuse_matrices` finds rows of weights.
    """
    chain_of = _chains(tape)
    if not chain_of:
        return tape
    inside = {slot for terms, skipped in chain_of.values() for slot in skipped}
    new = Builder(tape)
    place, uniform = new.place, tape.inputs
    for op, operands, slot in tape.scalar_steps():
        if slot in inside:
            place.append(0)  # nobody asks
            continue
        fixed = slot in tape.fixed
        found = chain_of.get(slot)
        if found is None:
            place.append(new.step(op, moved(place, operands), fixed=fixed))
            continue
        pairs = [[place[i] for i in term] for term in found[0]]
        if all(len(pair) == 1 for pair in pairs):
            place.append(new.step("sum", tuple([pair[0] for pair in pairs]), fixed=fixed))
            continue
        left, right = [], []
        for pair in pairs:
            x, y = pair if len(pair) == 2 else (pair[0], new.constant(1.0))
            if _is_uniform(y, uniform, tape) and not _is_uniform(x, uniform, tape):
                x, y = y, x
            left.append(x)
            right.append(y)
        place.append(new.step("dot", (*left, *right), fixed=fixed))
    return new.tape_with([place[slot] for slot in tape.outputs])


def _is_uniform(slot: int, inputs: int, tape: Tape) -> bool:
    """Whether a slot, as a Builder numbers it, is a constant or a leaf."""
    return slot < 0 or inputs <= slot < inputs + tape.leaves


_Chain = tuple[list[tuple[int, ...]], list[int]]
_Steps = dict[int, tuple[str, tuple[int, ...]]]


def _down_the_left(steps: _Steps, once: list[str], last: int) -> tuple[list[int], list[int]]:
    """The terms of a chain of additions, and its slots from `last` down."""
    terms, spine = [], [last]
    while True:
        x, y = steps[spine[-1]][1]
        terms.append(y)
        if once[x] != "add":
            terms.append(x)
            return terms[::-1], spine
        spine.append(x)


def _added_last(terms: list[int], once: list[str]) -> int:
    """How many terms stay additions of their own: a bias, or what a layer adds to its input.

    So all dots of a layer have one sequence in common, and become one matrix.
    """
    found = 0
    while found < 2 and once[terms[-1 - found]] != "mul":
        found += 1
    products = sum(once[term] == "mul" for term in terms[: len(terms) - found])
    return found if products > 1 else 0


def _chains(tape: Tape) -> dict[int, _Chain]:
    """Of the last slot of every chain: its terms, each a factor or two, and the slots skipped."""
    start = tape.inputs + tape.leaves
    zeros = {slot for slot, x in enumerate(tape.constants, start) if x.hex() == "0x0.0p+0"}
    signs = any(i.op in TELLS_ZEROS_APART or i.op in tape.rules for i in tape.instructions)
    uses = uses_of(tape)
    steps = {slot: (op, operands) for op, operands, slot in tape.scalar_steps()}

    # The operation of every result that has one reader alone.
    once = [""] * tape.slots
    for slot, (op, _) in steps.items():
        if uses[slot] == 1 and slot not in tape.fixed:
            once[slot] = op

    found: dict[int, _Chain] = {}
    taken: set[int] = set()
    heads = [slot for slot, (op, _) in steps.items() if op in ("add", "sum")]
    for head in reversed(heads):
        if head in taken:
            continue
        op, operands = steps[head]
        last, skipped = head, []
        if op == "sum":
            terms = list(operands)
        else:
            terms, spine = _down_the_left(steps, once, head)
            apart = _added_last(terms, once)
            taken.update(spine[:apart])
            last, skipped = spine[apart], spine[apart + 1 :]
            terms = terms[: len(terms) - apart]
        given = len(terms)
        while len(terms) > 1 and terms[0] in zeros:
            del terms[0]  # where a sum starts anyway
        if len(terms) > 1 and terms[1] in zeros and op == "add":
            del terms[1]  # `sum` of Python starts with 0, which is added to the first term
        if signs and op == "add" and len(terms) == given:
            taken.update(skipped)
            continue  # -0.0 + -0.0 is -0.0, but 0.0 + -0.0 + -0.0 is not
        products = [term for term in terms if once[term] == "mul"]
        if len(terms) < 2 or (len(products) < 2 and (op == "sum" or len(terms) < 3)):
            continue
        if op == "sum" and len(products) < len(terms):
            continue  # it is one step already
        chosen = set(products) if len(products) > 1 else set()
        pairs = [steps[term][1] if term in chosen else (term,) for term in terms]
        skipped += chosen
        taken.update(skipped)
        found[last] = pairs, skipped
    return found
