"""Softmaxes: what a trace records of `functions.log_softmax` is one instruction."""

from dataclasses import replace

from autograd.programs.many_slots import moved
from autograd.programs.passes.building import instruction, uses_of
from autograd.programs.tape import LOG_SOFTMAX, Tape

_Steps = dict[int, tuple[str, tuple[int, ...]]]


def fuse_softmaxes(tape: Tape) -> Tape:
    """With one instruction for the steps that find the largest, shift, and take the logsumexp."""
    if all(each.op != "logsumexp" for each in tape.instructions):
        return tape
    steps: _Steps = {slot: (op, operands) for op, operands, slot in tape.scalar_steps()}
    matcher = _Matcher(tape, steps)
    starts: dict[int, tuple[int, ...]] = {}  # the first result of each -> the operands
    results: dict[int, list[int]] = {}  # -> what they were, -1 for one that nobody reads
    for total, (op, operands) in steps.items():
        if op == "logsumexp" and (logits := matcher.logits_of(operands)):
            found = matcher.results_of(total, operands)
            if found:
                first = min(slot for slot in found if slot >= 0)
                starts[first], results[first] = logits, found
    if not starts:
        return tape
    return _replaced(tape, starts, results)


class _Matcher:
    def __init__(self, tape: Tape, steps: _Steps) -> None:
        self.tape, self.steps = tape, steps
        self.uses = uses_of(tape)
        self.readers: dict[int, list[int]] = {}
        for slot, (op, operands) in steps.items():
            if op == "sub":
                self.readers.setdefault(operands[1], []).append(slot)
        first = tape.inputs + tape.leaves
        self.number = dict(enumerate(tape.constants, first))
        self.maximum_of = {
            operands: slot for slot, (op, operands) in steps.items() if op == "maximum"
        }

    def operands(self, slot: int, op: str) -> tuple[int, ...]:
        """The operands of `slot` if it is a result of `op`."""
        found = self.steps.get(slot, ("", ()))
        return found[1] if found[0] == op else ()

    def logits_of(self, shifted: tuple[int, ...]) -> tuple[int, ...]:
        """The logits that were shifted by their largest, if that is what happened."""
        logits, firsts, tops = [], [], set()
        between: list[int] = []
        for slot in shifted:
            where = self.operands(slot, "where")
            difference = self.operands(where[2], "sub") if where else ()
            if not difference or self.number.get(where[1]) != 0.0:
                return ()
            between += slot, where[2], difference[1]
            logits.append(difference[0])
            firsts.append(where[0])
            tops.add(difference[1])
        if not self.tape.fixed.isdisjoint(between):
            return ()  # detached: no gradient goes through it
        if len(tops) != 1 or self.operands(tops.pop(), "dot") != (*firsts, *logits):
            return ()
        return tuple(logits) if self._is_first_largest(firsts, logits) else ()

    def _is_first_largest(self, firsts: list[int], logits: list[int]) -> bool:
        """Whether `firsts` are 1 at the first of the largest of `logits`, else 0."""
        seen: int | None = None
        for first, logit in zip(firsts, logits, strict=True):
            where = self.operands(first, "where")
            largest = self.operands(where[2], "where") if where else ()
            gap = self.operands(largest[0], "sub") if largest else ()
            if (
                not gap
                or self.number.get(where[1]) != 0.0
                or [self.number.get(slot) for slot in largest[1:]] != [0.0, 1.0]
                or gap[0] != logit
                or self.operands(gap[1], "max") != tuple(logits)
            ):
                return False
            if seen is None:
                if self.number.get(where[0]) != 0.0:
                    return False
                seen = where[0]
            elif where[0] != seen:
                return False
            seen = self.maximum_of.get((seen, where[2]), -1)
        return True

    def results_of(self, total: int, shifted: tuple[int, ...]) -> list[int]:
        """The slots of the logarithms, if nothing else reads what is between."""
        place = {slot: i for i, slot in enumerate(shifted)}
        found = [-1] * len(shifted)
        readers = [] if total in self.tape.fixed else self.readers.get(total, [])
        for reader in readers:
            slot = self.steps[reader][1][0]
            if slot not in place or reader in self.tape.fixed:
                return []
            found[place[slot]] = reader
        alone = all(
            self.uses[slot] == (2 if reader >= 0 else 1)
            for slot, reader in zip(shifted, found, strict=True)
        )
        read = sum(reader >= 0 for reader in found)
        return found if alone and 0 < read == len(readers) == self.uses[total] else []


def _replaced(
    tape: Tape, starts: dict[int, tuple[int, ...]], results: dict[int, list[int]]
) -> Tape:
    """The tape with an instruction at each of `starts`, and without what led to it alone."""
    gone = {slot for found in results.values() for slot in found if slot >= 0}
    totals = set()
    for _, operands, slot in tape.scalar_steps():
        if slot in gone:
            totals.add(operands[1])
    new = [*range(tape.first_result), *[-1] * (tape.slots - tape.first_result)]
    instructions = []
    at = tape.first_result
    for op, operands, slot in tape.scalar_steps():
        if slot in totals:
            continue
        if slot in starts:
            given = moved(new, starts[slot])
            count = len(given)
            instructions.append(instruction(LOG_SOFTMAX, given, at, count))
            for result, place in zip(results[slot], range(at, at + count), strict=True):
                if result >= 0:
                    new[result] = place
            at += count
        elif slot not in gone:
            instructions.append(instruction(op, moved(new, operands), at, 1))
            new[slot] = at
            at += 1
    return replace(
        tape,
        instructions=tuple(instructions),
        outputs=tuple([new[slot] for slot in tape.outputs]),
        fixed=frozenset([new[slot] for slot in tape.fixed if new[slot] >= 0]),
    )
