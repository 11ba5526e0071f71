"""The native replay computes what the exact one computes, in every instruction set here."""

import math
import os
import random
import subprocess
import sys
import threading
import time
from array import array
from dataclasses import replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule

from autograd import errors, ops
from autograd.programs import stepwise
from autograd.programs.tape import Instruction, Tape, tape_of

resource = pytest.importorskip("resource")  # not on Windows
_replay = pytest.importorskip("autograd.programs._replay", reason="it was not built")
NativeReplay = import_module("autograd.programs.native_replay").NativeReplay

INSTALLED = str(Path(_replay.__file__).parents[2])  # which may be elsewhere than the tests


@pytest.fixture(autouse=True, params=_replay.instruction_sets)
def instruction_set(request):
    _replay.choose(request.param)
    yield request.param
    _replay.choose("")


def exact(tape, leaves, rows, count, upstream):
    """Outputs, summed gradient by the leaves, and gradients by the inputs, row by row."""
    outputs, by_leaves, by_inputs = [], [0.0] * tape.leaves, []
    width, n = len(tape.outputs), tape.inputs
    for row in range(count):
        values, to_leaves, to_inputs = stepwise.value_and_gradients(
            tape, leaves, rows[row * n : (row + 1) * n], upstream[row * width : (row + 1) * width]
        )
        outputs += values
        by_leaves = [a + b for a, b in zip(by_leaves, to_leaves, strict=True)]
        by_inputs += to_inputs
    return outputs, by_leaves, by_inputs


def close(found, wanted, size=1e-12):
    assert len(found) == len(wanted)
    if not all(map(math.isfinite, wanted)):
        return same_bits(found, wanted)
    scale = max([1.0, *map(abs, wanted)])
    assert max([0.0, *(abs(a - b) for a, b in zip(found, wanted, strict=True))]) <= size * scale
    return None


def same_bits(found, wanted):
    assert list(map(float.hex, found)) == list(map(float.hex, wanted))


@pytest.fixture
def natively(monkeypatch):
    """The exact replay does not step in."""

    def step_in(*_):
        raise AssertionError("the native replay gave up")

    monkeypatch.setattr(NativeReplay, "_exactly", step_in)


def shared_layers(rng, sequences, sizes):
    """A tape of layers with biases, applied to one sequence after another of the inputs."""
    inputs = sequences * sizes[0]
    weights = [(a + 1) * b for a, b in pairwise(sizes)]
    instructions, slot, leaf = [], inputs + sum(weights), inputs
    before = [list(range(q * sizes[0], (q + 1) * sizes[0])) for q in range(sequences)]
    for a, b in pairwise(sizes):
        rows = [[leaf + i * (a + 1) + k for k in range(a)] for i in range(b)]
        biases = [leaf + i * (a + 1) + a for i in range(b)]
        if rng.random() < 0.3:  # they lie anywhere
            rng.shuffle(biases)
            rng.shuffle(rows)
        given = [w for row in rows for w in row]
        instructions += [
            Instruction("matrix", (*given, *own), slot + q * b, b) for q, own in enumerate(before)
        ]
        count = sequences * b
        sums = tuple(range(slot, slot + count))
        operands = (sums, tuple(biases) * sequences)
        if rng.random() < 0.5:
            operands = operands[::-1]
        slot += count
        instructions.append(Instruction("add", operands[0] + operands[1], slot, count))
        slot += count
        op = rng.choice(["tanh", "relu"])
        results = tuple(range(slot - count, slot))
        instructions.append(Instruction(op, results, slot, count))
        before = [list(range(slot + q * b, slot + (q + 1) * b)) for q in range(sequences)]
        slot += count
        leaf += (a + 1) * b
    outputs = tuple(slot for own in before for slot in own)
    return Tape(inputs, sum(weights), (), tuple(instructions), outputs)


@pytest.mark.parametrize("seed", range(40))
def test_layers_of_any_size_over_any_number_of_sequences(seed, natively):
    rng = random.Random(seed)
    sizes = [rng.choice([1, 2, 3, 5, 8, 9, 17, 27, 33]) for _ in range(rng.choice([2, 3]))]
    tape = shared_layers(rng, rng.choice([1, 1, 2, 3, 8, 11]), sizes)
    count = rng.choice([1, 1, 2, 7, 8, 9, 100, 130])
    leaves = array("d", [rng.gauss(0.0, 0.5) for _ in range(tape.leaves)])
    rows = array("d", [rng.gauss(0.0, 1.0) for _ in range(count * tape.inputs)])
    upstream = array("d", [rng.gauss(0.0, 1.0) for _ in range(count * len(tape.outputs))])
    wanted = exact(tape, leaves, rows, count, upstream)
    replay = NativeReplay(tape)
    for by_leaves, by_inputs in ((True, True), (True, False), (False, True)):
        found = replay.backward(
            leaves, rows, count, upstream, by_leaves=by_leaves, by_inputs=by_inputs
        )
        close(found[0], wanted[0])
        if by_leaves:
            close(found[1], wanted[1], 1e-11)
        if by_inputs:
            close(found[2], wanted[2], 1e-11)


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_rule_agrees_to_the_last_bit(rule):
    rng = random.Random(rule.__name__)
    for _ in range(3):
        tape, numbers = tape_of_rule(rule, rng)
        replay = NativeReplay(tape)
        for count in (1, 5, 129):
            leaves, rows = numbers(count)
            upstream = array("d", [rng.uniform(-1.0, 1.0) for _ in range(count)])
            found = replay.backward(leaves, rows, count, upstream, by_inputs=True)
            wanted = exact(tape, leaves, rows, count, upstream)
            same_bits(replay.forward(leaves, rows, count), wanted[0])
            same_bits(found[0], wanted[0])
            same_bits(found[2], wanted[2])
            (same_bits if count == 1 else close)(found[1], wanted[1])


@pytest.mark.parametrize("seed", range(60))
def test_tapes_of_all_instructions_agree(seed, natively):
    tape = random_tape(seed)
    replay = NativeReplay(tape)
    for count in (1, 3, 8, 50):
        leaves, rows = numbers_for(tape, count, seed)
        upstream = numbers_for(tape, count * len(tape.outputs), seed + 1)[1]
        upstream = upstream[: count * len(tape.outputs)]
        wanted = exact(tape, leaves, rows, count, upstream)
        found = replay.backward(leaves, rows, count, upstream, by_inputs=True)
        for a, b in zip(found, wanted, strict=True):
            close(a, b)
        close(replay.forward(leaves, rows, count), wanted[0])
        only = replay.backward(leaves, rows, count, upstream, by_leaves=False, by_inputs=True)
        assert only[1] is None
        same_bits(only[2], found[2])
        only = replay.backward(leaves, rows, count, upstream)
        assert only[2] is None
        close(only[1], wanted[1])


@pytest.mark.parametrize("seed", range(40))
def test_a_single_row_without_matrices_agrees_to_the_last_bit(seed, natively):
    tape = scalar(random_tape(seed, 20))
    replay = NativeReplay(tape)
    leaves, rows = numbers_for(tape, 1, seed)
    upstream = array("d", [1.0, -0.3, 0.7][: len(tape.outputs)])
    found = replay.backward(leaves, rows, 1, upstream, by_inputs=True)
    for a, b in zip(found, exact(tape, leaves, rows, 1, upstream), strict=True):
        same_bits(a, b)


def scalar(tape):
    """The tape with its matrices as dots, each softmax result by result; vectors stay."""
    code = []
    for instruction in tape.instructions:
        if instruction.op in ("matrix", "log_softmax"):
            steps = replace(tape, instructions=(instruction,)).scalar_steps()
            code += [Instruction(*step) for step in steps]
        else:
            code.append(instruction)
    return Tape(tape.inputs, tape.leaves, tape.constants, tuple(code), tape.outputs, tape.fixed)


@pytest.mark.parametrize("count", [2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 300, 1000])
def test_ragged_ends(count, natively):
    tape = layers([3, 5, 2], "tanh")
    leaves, rows = numbers_for(tape, count)
    replay = NativeReplay(tape)
    found = replay.backward(leaves, rows, count, 0.5, by_inputs=True)
    wanted = exact(tape, leaves, rows, count, [0.5] * count * 2)
    for a, b in zip(found, wanted, strict=True):
        close(a, b)


def layers(sizes, activation):
    """A network as the passes re-roll it."""
    inputs = sizes[0]
    leaf, slot = inputs, inputs + sum((a + 1) * b for a, b in pairwise(sizes))
    first, code, x = slot, [], list(range(inputs))
    for a, b in pairwise(sizes):
        weights, biases = range(leaf, leaf + a * b), range(leaf + a * b, leaf + a * b + b)
        leaf += (a + 1) * b
        code.append(Instruction("matrix", (*weights, *x), slot, b))
        code.append(Instruction("add", (*range(slot, slot + b), *biases), slot + b, b))
        code.append(Instruction(activation, tuple(range(slot + b, slot + 2 * b)), slot + 2 * b, b))
        x, slot = list(range(slot + 2 * b, slot + 3 * b)), slot + 3 * b
    return Tape(inputs, first - inputs, (), tuple(code), tuple(x))


@pytest.mark.parametrize("sizes", [[1, 1], [2, 16, 16, 1], [33, 9, 10], [70, 130, 3], [8, 8, 8]])
@pytest.mark.parametrize("count", [1, 20, 200])
def test_layers_of_all_sizes(sizes, count, natively):
    tape = layers(sizes, "relu")
    leaves, rows = numbers_for(tape, count)
    found = NativeReplay(tape).backward(leaves, rows, count, 0.1, by_inputs=True)
    wanted = exact(tape, leaves, rows, count, [0.1] * count * sizes[-1])
    for a, b in zip(found, wanted, strict=True):
        close(a, b)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_give_the_same_each_time(threads, natively):
    tape = layers([3, 6, 2], "tanh")
    leaves, rows = numbers_for(tape, 101)
    replay = NativeReplay(tape)
    first, *others = [
        replay.backward(leaves, rows, 101, 0.1, by_inputs=True, threads=threads) for _ in range(5)
    ]
    assert all(other == first for other in others)
    wanted = exact(tape, leaves, rows, 101, [0.1] * 202)
    for a, b in zip(first, wanted, strict=True):
        close(a, b)
    one = replay.backward(leaves, rows, 101, 0.1, by_inputs=True)
    close(first[1], one[1])


def log_of_input():
    return tape_of(1, 1, [], [("log", (0,)), ("mul", (1, 2))], [3])


@pytest.mark.parametrize("threads", [1, 3])
def test_what_eager_refuses_is_refused_with_its_row(threads):
    rows = array("d", [1.0] * 400)
    rows[217] = rows[300] = -1.0
    replay = NativeReplay(log_of_input())
    for replayed in (
        lambda: replay.forward(array("d", [2.0]), rows, 400, threads=threads),
        lambda: replay.backward(array("d", [2.0]), rows, 400, 1.0, threads=threads),
    ):
        with pytest.raises(errors.DomainError, match=r"log\(-1.0\): no real value.*\(row 217\)"):
            replayed()
    with pytest.raises(errors.DomainError, match=r"domain of log$"):
        replay.forward(array("d", [2.0]), array("d", [-1.0]), 1)


def test_an_operation_on_leaves_alone_that_is_refused_names_the_first_row():
    tape = tape_of(1, 1, [], [("log", (1,)), ("mul", (0, 2))], [3])
    with pytest.raises(errors.DomainError, match=r"log\(-2.0\).*\(row 0\)"):
        NativeReplay(tape).forward(array("d", [-2.0]), array("d", [1.0] * 30), 30)


@pytest.mark.parametrize("count", [1, 3, 200])
def test_infinities_that_eager_allows(count):
    """A slope at 0 is infinite, a choice keeps it out: as in eager code."""
    root = tape_of(1, 1, [], [("sqrt", (0,)), ("mul", (1, 2))], [3])
    guarded = tape_of(1, 1, [0.0], [("sqrt", (0,)), ("where", (0, 3, 2)), ("mul", (1, 4))], [5])
    for tape in (root, guarded):
        leaves, rows = array("d", [0.5]), array("d", [0.0, 4.0, 9.0] * 67)[:count]
        found = NativeReplay(tape).backward(leaves, rows, count, 1.0, by_inputs=True)
        wanted = exact(tape, leaves, rows, count, [1.0] * count)
        for a, b in zip(found, wanted, strict=True):
            same_bits(a, b)


def test_minus_infinity_passes_where_nothing_refuses_it(natively):
    tape = tape_of(1, 0, [-float("inf")], [("add", (0, 1)), ("exp", (2,)), ("add", (0, 3))], [4])
    rows = array("d", [0.5, 0.25])
    assert list(NativeReplay(tape).forward(array("d"), rows, 2)) == [0.5, 0.25]


def own_rule(x, y):
    if x > 0.9:
        raise ValueError("too large")
    return x * y, y, x


@pytest.mark.parametrize("count", [1, 40])
def test_a_rule_of_ones_own(count):
    tape = Tape(
        2, 1, (), (Instruction("own_rule", (0, 1, 1, 2), 3, 2), Instruction("add", (3, 4), 5)),
        (5,), rules={"own_rule": own_rule},
    )  # fmt: skip
    leaves, rows = array("d", [0.3]), array("d", [0.1, 0.2] * count)
    found = NativeReplay(tape).backward(leaves, rows, count, 1.0, by_inputs=True)
    for a, b in zip(found, exact(tape, leaves, rows, count, [1.0] * count), strict=True):
        close(a, b)
    rows[-2] = 0.95
    with pytest.raises(errors.DomainError, match="own_rule"):
        NativeReplay(tape).forward(leaves, rows, count)


def test_what_a_rule_raises_beyond_numbers_comes_through():
    def interrupted(x):
        raise KeyboardInterrupt

    tape = Tape(1, 0, (), (Instruction("own", (0,), 1),), (1,), rules={"own": interrupted})
    with pytest.raises(KeyboardInterrupt):
        NativeReplay(tape).forward(array("d"), array("d", [1.0, 2.0]), 2)


def test_outputs_that_are_inputs_leaves_and_constants():
    tape = tape_of(2, 2, [5.0], [], [1, 0, 2, 4, 1])
    leaves, rows = array("d", [7.0, 8.0]), array("d", [1.0, 2.0, 3.0, 4.0])
    out, by_leaves, by_inputs = NativeReplay(tape).backward(leaves, rows, 2, 1.0, by_inputs=True)
    assert list(out) == [2.0, 1.0, 7.0, 5.0, 2.0, 4.0, 3.0, 7.0, 5.0, 4.0]
    assert list(by_leaves) == [2.0, 0.0]
    assert list(by_inputs) == [1.0, 2.0] * 2


def test_no_rows_at_all():
    replay = NativeReplay(log_of_input())
    assert list(replay.forward(array("d", [2.0]), array("d"), 0)) == []
    assert list(replay.backward(array("d", [2.0]), array("d"), 0, 1.0)[1]) == [0.0]


def most_memory():
    """The most that this process ever had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def test_memory_does_not_grow_with_calls_or_rows():
    tape = layers([40, 50, 1], "tanh")
    leaves, rows = numbers_for(tape, 30_000)
    replay = NativeReplay(tape)
    replay.backward(leaves, rows, 30_000, 1.0)
    before = most_memory()
    for count in (1, 100, 129, 30_000, *[1000] * 200):
        replay.backward(leaves, rows, count, 1.0)
    assert most_memory() - before < 4e6  # a chunk; all rows of all slots would be 34e6


def test_other_threads_run_meanwhile():
    tape = layers([40, 200, 200, 1], "tanh")
    leaves, rows = numbers_for(tape, 5000)
    replay = NativeReplay(tape)
    thread = threading.Thread(target=replay.backward, args=(leaves, rows, 5000, 1.0))
    thread.start()
    turns = 0
    while thread.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 10  # it takes about 100 of them


def test_the_instruction_set_can_be_chosen_from_outside(instruction_set):
    script = "from autograd.programs import _replay as r;print(r.instruction_sets[r.chosen_set()])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env=os.environ | {"CHAINRULE_INSTRUCTION_SET": instruction_set, "PYTHONPATH": INSTALLED},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == instruction_set


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_first_number_that_is_not_finite(bad):
    numbers = array("d", [1.0, -1e308, 0.0, bad, 5.0, bad])
    assert _replay.first_not_finite(numbers) == 3
    assert _replay.first_not_finite(numbers[:3]) == -1
    assert _replay.first_not_finite(array("d")) == -1


def test_blocks_side_by_side():
    left, right = array("d", [1.0, 2.0, 3.0, 4.0]), array("d", [5.0, 6.0])
    block = _replay.side_by_side([(left, 2), (right, 1)], 2)
    assert list(block) == [1.0, 2.0, 5.0, 3.0, 4.0, 6.0]
    with pytest.raises(ValueError, match="2 numbers are no 3 rows of 1"):
        _replay.side_by_side([(right, 1)], 3)


def test_nothing_is_read_that_is_not_there():
    replay = NativeReplay(log_of_input())
    leaves, rows = array("d", [2.0]), array("d", [1.0, 2.0])
    with pytest.raises(ValueError, match="rows are 2 numbers of 8 bytes; wanted are 3 doubles"):
        replay.forward(leaves, rows, 3)
    with pytest.raises(ValueError, match="rows are 2 numbers of 4 bytes"):
        replay.forward(leaves, array("f", [1.0, 2.0]), 2)
    with pytest.raises(ValueError, match="upstream are 1 numbers"):
        replay.backward(leaves, rows, 2, array("d", [1.0]))
    with pytest.raises(ValueError, match="2 numbers for 1 leaves"):
        replay.forward(array("d", [1.0, 2.0]), rows, 2)


def test_a_partial_that_nobody_wants_may_be_what_it_likes(monkeypatch):
    """That of x**2 by the constant is nan for a negative x: no reason to replay exactly."""
    monkeypatch.setattr(stepwise, "value_and_gradients", None)
    monkeypatch.setattr(stepwise, "forward", None)
    steps = [("pow", (0, 2)), ("pow", (1, 2)), ("add", (3, 4))]
    vector = [Instruction("pow", (0, 1, 2, 2), 3, 2), Instruction("add", (3, 4), 5)]
    for tape in (tape_of(2, 0, [2.0], steps, [5]), Tape(2, 0, (2.0,), tuple(vector), (5,))):
        for count in (1, 11):
            rows = array("d", [-3.0, -0.5] * count)
            found = NativeReplay(tape).backward(array("d"), rows, count, 1.0, by_inputs=True)
            assert list(found[0]) == [9.25] * count
            assert list(found[2]) == [-6.0, -1.0] * count
            assert list(NativeReplay(tape).forward(array("d"), rows, count)) == [9.25] * count
