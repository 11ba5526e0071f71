"""From a tape to the flat arrays of integers that the native replay runs over.

Slots are renumbered: first those that depend on no input (*shared* by all rows), the leaves
in front, then the others, both in the order of the tape.
"""

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, filterfalse, pairwise, permutations
from typing import NamedTuple

from autograd import ops
from autograd.programs.many_slots import any_marked, moved
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, Instruction, Tape

# The kinds and flags of `native/replay.h`.
ELEMENTWISE, SEQUENCE, MATRICES, PYTHON, SOFTMAX = range(5)
SHARED, RUNS, ORDERLY, REFUSES, WEIGHTS_RUN, INPUTS_RUN, BIASED, COLUMN_RUNS, QUICK, ALONE = (
    1, 2, 4, 8, 16, 32, 128, 256, 2048, 4096,
)  # fmt: skip
FIELDS = 8  # of an instruction
BY_LEAVES, BY_INPUTS = 1, 2
# Their partials are numbers or operands, and are not stored.
_NOT_STORED = {"add", "sub", "neg", "mul", "square", "exp", "sum", "mean", "dot"}
_WITHOUT_LIMITS = {"sum", "mean", "dot", "max", "min"}  # those of sequences that cannot raise
_SHORT = 8  # fewer results are quicker one by one
_QUICK = {"softplus", "sigmoid"}  # in `quick.inc`
# What has a case of its own in `alone.inc`: how that is called in `replay.h`.
_AS_RULE = 1
_CASES = dict(
    zip(
        ("add", "sub", "mul", "neg", "square", "exp", "sum", "mean", "dot", "logsumexp",
         "mean of 4", "softplus", "sigmoid", "softmax", "softmax of 4"),
        range(2, 17), strict=True,
    )
)  # fmt: skip


class Lowered(NamedTuple):
    """A tape as the native replay wants it: see `native/replay.h`."""

    code: "array[int]"
    slots: "array[int]"
    shared: int
    of_rows: int
    partials: int
    packed: int  # weights of matrices that have to be gathered, or transposed
    most: tuple[int, ...]  # what a run needs of scratch: see `scratch_of`
    leaves: int
    inputs: int
    constants: "array[int]"  # their new slots; so for outputs
    outputs: "array[int]"
    wanted: Callable[[int], bytes]  # given BY_LEAVES | BY_INPUTS: see `_Lowering.wanted`
    python: list[ops.Rule]


def lowered(tape: Tape, numbers: Mapping[str, int], kinds: str) -> Lowered:
    """`tape`, whose rules have the `numbers` and the `kinds` of the native replay."""
    return _Lowering(tape, numbers, kinds).all()


def scratch_of(most: Sequence[int], lanes: int) -> int:
    """How many numbers of scratch a run with that many lanes needs.

    `most` are the largest count, width, length of a row of a matrix, number of its weights, and
    number of all its inputs.
    """
    count, width, depth, weights, inputs = most
    return max(
        3 * max(count, lanes),
        2 * width + 5 * lanes + 2,
        (2 * depth + 8) * lanes + weights + 8 * count,
        inputs + count,
    )


class _Products(NamedTuple):
    """A matrix times one sequence after another, and what is added to each result."""

    rows: int
    width: int
    weights: tuple[int, ...]
    inputs: tuple[int, ...]
    biases: tuple[int, ...] = ()

    @property
    def sequences(self) -> int:
        return len(self.inputs) // self.width


class _Lowering:
    def __init__(self, tape: Tape, numbers: Mapping[str, int], kinds: str) -> None:
        self.tape, self.numbers, self.kinds = tape, numbers, kinds
        self.by_rows = bytearray(tape.slots)  # whether a slot depends on an input
        self.by_rows[: tape.inputs] = b"\1" * tape.inputs
        self.instructions: list[Instruction] = []
        for instruction in tape.instructions:
            self.split(instruction)
        self.products: dict[int, _Products] = {}  # of every matrix, by its first result
        self.join_matrices()
        self.gone: set[int] = set()  # slots that nobody needs any more
        if self.products:
            self.take_in_biases()
        self.softmaxes: dict[int, tuple[int, ...]] = {}  # results, by the first logarithm
        if not tape.exact:
            self.instructions = list(self.without_logarithms())
            self.instructions = [part for each in self.instructions for part in self.apart(each)]
            self.instructions = self.in_runs()
        self.place = self.placed()
        self.code, self.slots = array("i"), array("i")
        self.partials = 0
        self.packed = 0
        self.python: list[ops.Rule] = []
        self.most = [1, 1, 0, 0, 0]
        self.known: dict[str, tuple[int, int]] = {}

    def split(self, instruction: Instruction) -> None:
        """Adds the instruction, in pieces where its results differ in what the replay must know."""
        op, operands, first, count = instruction
        row_dependent = self.by_rows
        if any_marked(row_dependent, operands):
            row_dependent[first : first + count] = b"\1" * count
        whole = count == 1 or not self.tape.fixed
        if not whole:
            whole = (
                sum(slot in self.tape.fixed for slot in range(first, first + count)) % count == 0
            )
        if op == MATRIX:
            weights = operands[: count * instruction.width]
            whole = whole and not any(row_dependent[slot] for slot in weights)
        if whole:
            self.instructions.append(instruction)
            return
        single = replace(self.tape, instructions=(instruction,)).scalar_steps()
        self.instructions += [Instruction(*step) for step in single]

    def join_matrices(self) -> None:
        """Neighbours with the same weights become one matrix of several sequences."""
        groups: list[list[Instruction]] = []
        for each in self.instructions:
            if groups and self.belong_together(groups[-1][-1], each):
                groups[-1].append(each)
            else:
                groups.append([each])
        self.instructions = []
        for group in groups:
            op, operands, first, rows = group[0]
            if op == MATRIX:
                width = group[0].width
                inputs = tuple(chain.from_iterable(each.operands[rows * width :] for each in group))
                weights = operands[: rows * width]
                self.products[first] = _Products(rows, width, weights, inputs)
                operands = weights + inputs
            self.instructions.append(Instruction(op, operands, first, rows * len(group)))

    def belong_together(self, one: Instruction, other: Instruction) -> bool:
        """Whether both are products of the same weights, for all rows or for each."""
        if one.op != MATRIX or other.op != MATRIX or one.count != other.count:
            return False
        weights = one.width * one.count
        return (
            one.width == other.width
            and one.operands[:weights] == other.operands[:weights]
            and one.first + one.count == other.first
            and self.by_rows[one.first] == self.by_rows[other.first]
            and (one.first in self.tape.fixed) == (other.first in self.tape.fixed)
        )

    def take_in_biases(self) -> None:
        """What is added to the results of a matrix, and only there, becomes part of it."""
        matrices = {each.first: each for each in self.instructions if each.first in self.products}
        results = {slot for each in matrices.values() for slot in _results_of(each)}
        used = Counter(slot for slot in self.tape.outputs if slot in results)
        for each in self.instructions:
            if not results.isdisjoint(each.operands):
                used.update(filter(results.__contains__, each.operands))
        for number, each in enumerate(self.instructions):
            count = each.count
            if each.op != "add" or count == 1:
                continue
            for mine, biases in permutations((each.operands[:count], each.operands[count:])):
                matrix = matrices.get(mine[0])
                if matrix is None or not self.adds_biases(matrix, mine, biases, used):
                    continue
                operands = matrix.operands + biases
                self.instructions[number] = Instruction(MATRIX, operands, each.first, count)
                self.products[each.first] = self.products.pop(mine[0])._replace(biases=biases)
                self.gone.update(mine)
                break
        self.instructions = [each for each in self.instructions if each.first not in self.gone]

    def adds_biases(
        self, matrix: Instruction, mine: Sequence[int], biases: Sequence[int], used: Counter[int]
    ) -> bool:
        """Whether `biases` are added to just the results `mine` of `matrix`, for all rows alike."""
        return (
            len(mine) == matrix.count
            and _runs(mine)
            and not any(self.by_rows[slot] for slot in biases)
            and self.by_rows[mine[0]] == 1
            and all(used[slot] == 1 for slot in mine)
            and self.tape.fixed.isdisjoint(mine)
        )

    def without_logarithms(self) -> Iterator[Instruction]:
        """Where only the exponentials of a log-softmax are wanted, it is a softmax.

        Its results are then where those exponentials were.
        """
        read = Counter(chain(self.tape.outputs, self.tape.fixed))
        power: dict[int, int] = {}  # of a slot, where its exponential is
        for each in self.instructions:
            read.update(each.operands)
            if each.op == "exp":
                power.update(zip(each.operands, _results_of(each), strict=True))
        for each in self.instructions:
            results = _results_of(each)
            if each.op == LOG_SOFTMAX and all(
                not read[slot]
                or (slot in power and read[slot] == 1 and power[slot] not in self.tape.fixed)
                for slot in results
            ):
                self.softmaxes[each.first] = tuple(power.get(slot, slot) for slot in results)
                self.gone.update(slot for slot in results if slot in power)
        for each in self.instructions:
            if each.op == "exp" and not self.gone.isdisjoint(each.operands):
                for slot, result in zip(each.operands, _results_of(each), strict=True):
                    if slot not in self.gone:
                        yield Instruction("exp", (slot,), result)
            else:
                yield each

    def apart(self, each: Instruction) -> list[Instruction]:
        """Its results one by one where operands lie here and there: that is quicker alone."""
        op, operands, first, count = each
        if count == 1 or op in (MATRIX, LOG_SOFTMAX):
            return [each]
        columns = [operands[at : at + count] for at in range(0, len(operands), count)]
        if count >= _SHORT and all(map(_runs, columns)):
            return [each]
        return [Instruction(op, operands[k::count], first + k) for k in range(count)]

    def in_runs(self) -> list[Instruction]:
        """In an order in which the same operation follows itself as often as may be.

        An interpreter waits where it guesses wrong what comes next.
        """
        maker: dict[int, int] = {}
        readers: list[list[int]] = [[] for _ in self.instructions]
        waits_for: list[int] = []
        ready: dict[str, deque[int]] = {}
        for number, each in enumerate(self.instructions):
            needed = {maker[slot] for slot in each.operands if slot in maker}
            for other in needed:
                readers[other].append(number)
            waits_for.append(len(needed))
            maker.update(dict.fromkeys(self.softmaxes.get(each.first) or _results_of(each), number))
            queue = ready.setdefault(each.op, deque())
            if not needed:
                queue.append(number)
        done = []
        while queue := max(ready.values(), key=len, default=deque()):
            while queue:
                number = queue.popleft()
                done.append(self.instructions[number])
                for reader in readers[number]:
                    waits_for[reader] -= 1
                    if not waits_for[reader]:
                        ready[self.instructions[reader].op].append(reader)
        return done

    def placed(self) -> list[int]:
        """The new number of every slot."""
        tape, by_rows = self.tape, self.by_rows
        slots: Iterable[int] = range(tape.slots)
        if not tape.exact:  # as they are computed: near each other
            made = [
                self.softmaxes.get(each.first) or _results_of(each) for each in self.instructions
            ]
            slots = [*range(tape.first_result), *chain.from_iterable(made)]
        order = list(filterfalse(by_rows.__getitem__, slots))
        self.shared = len(order)
        order += filterfalse(self.gone.__contains__, filter(by_rows.__getitem__, slots))
        place = [0] * tape.slots
        for number, slot in enumerate(order):
            place[slot] = number
        self.of_rows = len(order) - self.shared
        return place

    def all(self) -> Lowered:
        for instruction in self.instructions:
            self.add(instruction)
        tape, place = self.tape, self.place
        first_constant = tape.inputs + tape.leaves
        return Lowered(
            self.code, self.slots, self.shared, self.of_rows,
            self.partials, self.packed, tuple(self.most),
            tape.leaves, tape.inputs, array("i", place[first_constant : tape.first_result]),
            array("i", [place[slot] for slot in tape.outputs]),
            cache(self.wanted), self.python,
        )  # fmt: skip

    def add(self, instruction: Instruction) -> None:
        op, operands, first, count = instruction
        place, width = self.place, len(operands) // count
        slots = moved(place, operands)
        kind, number = self.known.get(op) or self.kind_of(op)
        shared = not self.by_rows[first]
        flags = SHARED if shared else 0
        at, partials = len(self.slots), -1
        if kind == MATRICES:
            products = self.products[first]
            width, number = products.width, products.sequences
            partials, self.packed = self.packed, self.packed + len(products.weights)
            weights, inputs = moved(place, products.weights), moved(place, products.inputs)
            slots = weights + inputs + moved(place, products.biases)
            if self.together(weights) and _lie_in_rows(weights, width):
                flags |= WEIGHTS_RUN
            if self.together(inputs) and _runs(inputs):
                flags |= INPUTS_RUN if shared or inputs[0] >= self.shared else 0
            flags |= BIASED if products.biases else 0
            for i, size in enumerate((width, len(weights), len(inputs)), 2):
                self.most[i] = max(self.most[i], size)
        elif first in self.softmaxes:
            flags |= QUICK
            first = self.softmaxes[first][0]
            width = count
            flags |= ALONE * _CASES["softmax of 4" if count == 4 else "softmax"]
        elif kind == SOFTMAX:
            width = count
            partials, self.partials = self.partials, self.partials + count + 1
            self.most[1] = max(self.most[1], count)
        else:
            if kind in (SEQUENCE, PYTHON):
                self.most[1] = max(self.most[1], width)
            if op not in _NOT_STORED or kind == PYTHON:
                partials, self.partials = self.partials, self.partials + count * width
        self.slots.extend(slots)
        if kind == ELEMENTWISE and count == 1:
            flags |= ORDERLY | (COLUMN_RUNS << width) - COLUMN_RUNS
            flags |= RUNS if shared or min(slots) >= self.shared else 0
        elif kind == ELEMENTWISE:
            flags |= self.columns(slots, count, width, shared=shared)
        if kind == SEQUENCE and op not in _WITHOUT_LIMITS:
            flags |= REFUSES
        if count == 1 and kind in (ELEMENTWISE, SEQUENCE):
            flags |= ALONE * self.case_of(op, kind, width)
        if op == "dot" and count == 1 and shared:  # its two halves
            flags |= self.columns(slots, width // 2, 2, shared=shared) & 3 * COLUMN_RUNS
        if count > 1:
            self.most[0] = max(self.most[0], count)
        self.code.extend((kind, number, count, width, place[first], at, partials, flags))

    def case_of(self, op: str, kind: int, width: int) -> int:
        """How a single row computes one result."""
        if op == "mean" and width == 4:
            return _CASES["mean of 4"]
        if kind == SEQUENCE or op not in _QUICK or not self.tape.exact:
            return _CASES.get(op, _AS_RULE if kind == ELEMENTWISE else 0)
        return _AS_RULE

    def columns(self, slots: tuple[int, ...], count: int, width: int, *, shared: bool) -> int:
        """How the columns of operands lie."""
        columns = [slots[k * count : (k + 1) * count] for k in range(width)]
        flags = 0
        for k, column in enumerate(columns):
            flags |= COLUMN_RUNS << k if self.together(column) and _runs(column) else 0
        lowest = 0 if shared else self.shared
        every_run = (COLUMN_RUNS << width) - COLUMN_RUNS
        if flags == every_run and min(column[0] for column in columns) >= lowest:
            flags |= RUNS
        starts = {column[0]: column for column in columns}
        distinct = {slot for column in starts.values() for slot in column}
        same = all(column == starts[column[0]] for column in columns)
        if same and len(distinct) == count * len(starts):
            flags |= ORDERLY
        return flags

    def together(self, slots: Sequence[int]) -> bool:
        """Whether they are in one array: leaves are where they were given."""
        return min(slots) >= self.tape.leaves or max(slots) < self.tape.leaves

    def kind_of(self, op: str) -> tuple[int, int]:
        """Which part of the replay computes a rule, and the number of the rule there."""
        if op not in self.known:
            self.known[op] = self.looked_up(op)
        return self.known[op]

    def looked_up(self, op: str) -> tuple[int, int]:
        if op in (MATRIX, LOG_SOFTMAX):
            return (MATRICES if op == MATRIX else SOFTMAX), 0
        rule = self.tape.rule(op)
        own = rule in ops.TABLE or rule in ops.PARTS or getattr(rule, "is_built_in", False)
        number = self.numbers.get(rule.__name__, 0) if own else 0
        if number:
            return (SEQUENCE if self.kinds[number] == "s" else ELEMENTWISE), number
        self.python.append(rule)
        return PYTHON, len(self.python) - 1

    def wanted(self, by: int) -> bytes:
        """For each instruction, the columns through which a gradient is to flow, as bits.

        Of a sequence or a Python rule, the lowest bit; of a dot, one for each half; of a
        matrix, one for the weights and biases and one for the inputs.
        """
        tape = self.tape
        if not by:
            return bytes(len(self.instructions))
        leads = bytearray(tape.slots)
        if by & BY_INPUTS:
            leads[: tape.inputs] = b"\1" * tape.inputs
        if by & BY_LEAVES:
            leads[tape.inputs : tape.inputs + tape.leaves] = b"\1" * tape.leaves
        bits = bytearray()
        for instruction in self.instructions:
            _, operands, first, count = instruction
            bits.append(0)
            if not any_marked(leads, operands) or first in tape.fixed:
                continue
            leads[first : first + count] = b"\1" * count
            for slot in self.softmaxes.get(first, ()):
                leads[slot] = 1
            bits[-1] = self.bits(instruction, leads)
        return bytes(bits)

    def bits(self, instruction: Instruction, leads: bytearray) -> int:
        op, operands, first, count = instruction
        if op in (MATRIX, "dot"):
            if op == MATRIX:
                products = self.products[first]
                halves = products.weights + products.biases, products.inputs
            else:
                split = count * (instruction.width // 2)
                halves = operands[:split], operands[split:]
            one, other = (any_marked(leads, half) for half in halves)
            return one + 2 * other
        if self.kind_of(op)[0] != ELEMENTWISE:
            return 1
        bits = 0
        for k in range(len(operands) // count):
            column = operands[k * count : (k + 1) * count]
            bits |= any_marked(leads, column) << k
        return bits


def _results_of(instruction: Instruction) -> range:
    return range(instruction.first, instruction.first + instruction.count)


def _lie_in_rows(slots: Sequence[int], width: int) -> bool:
    """Whether each row follows each other at the same distance, without a gap inside."""
    first = slots[::width]
    steps = {b - a for a, b in pairwise(first)}
    rows = [slots[i : i + width] for i in range(0, len(slots), width)]
    return len(steps) < 2 and all(map(_runs, rows)) and min([width, *map(abs, steps)]) >= width


def _runs(slots: Sequence[int]) -> bool:
    """Whether they follow each other without a gap."""
    return tuple(slots) == tuple(range(slots[0], slots[0] + len(slots)))
