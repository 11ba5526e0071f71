"""Long chains of steps, whose middle a picture leaves out: all of it would be too small to read."""

from collections.abc import Sequence

from autograd.engines.select import Value

LONGEST = 20  # steps one after the other that are drawn
ENDS = 6  # steps that are drawn at each end of a longer chain


def middles(order: Sequence[Value]) -> list[tuple[list[int], int]]:
    """Of every long chain in topological `order`: the positions left out, and how many steps.

    In a chain every step has one operand that was computed, the step before, which nothing
    else reads. Leaves that only steps in the middle read are left out with them.
    """
    place = {value: position for position, value in enumerate(order)}
    readers: list[set[int]] = [set() for _ in order]
    before: list[int | None] = []  # the one computed operand
    for position, value in enumerate(order):
        computed = {place[parent] for parent in value.parents if parent.parents}
        before.append(computed.pop() if len(computed) == 1 else None)
        for parent in value.parents:
            readers[place[parent]].add(position)
    chains: dict[int, list[int]] = {}  # by their last step so far
    for position, value in enumerate(order):
        if not value.parents:
            continue
        last = before[position]
        chain: list[int] = []
        if last is not None and readers[last] == {position}:
            chain = chains.pop(last)
        chain.append(position)
        chains[position] = chain
    found = []
    for chain in chains.values():
        if len(chain) <= LONGEST:
            continue
        steps = chain[ENDS:-ENDS]
        inside = set(steps)
        leaves = [
            place[parent]
            for step in steps
            for parent in order[step].parents
            if not parent.parents and readers[place[parent]] <= inside
        ]
        found.append((sorted({*steps, *leaves}), len(steps)))
    return found
