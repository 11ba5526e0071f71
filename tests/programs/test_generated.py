"""The replay in generated Python computes what the exact one computes."""

import math
import random
from array import array

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule

from autograd import errors, ops
from autograd.programs import generated, stepwise
from autograd.programs.generated import GeneratedReplay
from autograd.programs.passes import optimised
from autograd.programs.tape import tape_of


def exact(tape, leaves, rows, count, upstream):
    outputs, by_leaves, by_inputs = [], [0.0] * tape.leaves, []
    for row in range(count):
        given = rows[row * tape.inputs : (row + 1) * tape.inputs]
        values, to_leaves, to_inputs = stepwise.value_and_gradients(
            tape, leaves, given, [upstream] * len(tape.outputs)
        )
        outputs += values
        by_leaves = [a + b for a, b in zip(by_leaves, to_leaves, strict=True)]
        by_inputs += to_inputs
    return outputs, by_leaves, by_inputs


def assert_close(found, wanted):
    scale = max([1.0, *(abs(x) for x in wanted if math.isfinite(x))])
    assert all(
        a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-12 * scale
        for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("seed", range(120))
@pytest.mark.parametrize("count", [1, 3])
def test_random_tapes(seed, count):
    tape = random_tape(seed)
    leaves, rows = numbers_for(tape, count, seed)
    found = GeneratedReplay(tape).backward(leaves, rows, count, 0.7, by_inputs=True)
    wanted = exact(tape, leaves, rows, count, 0.7)
    assert list(found[0]) == wanted[0]  # to the last bit
    assert_close(found[1], wanted[1])
    assert_close(found[2], wanted[2])
    assert GeneratedReplay(tape).forward(leaves, rows, count) == found[0]


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation(rule):
    rng = random.Random(rule.__name__)
    for _ in range(5):
        tape, numbers = tape_of_rule(rule, rng)
        leaves, rows = numbers(4)
        for each in (tape, optimised(tape)):
            found = GeneratedReplay(each).backward(leaves, rows, 4, 1.0, by_inputs=True)
            wanted = exact(tape, leaves, rows, 4, 1.0)
            assert list(found[0]) == wanted[0]
            assert_close(found[1], wanted[1])
            assert_close(found[2], wanted[2])


def test_gradients_are_given_only_where_they_are_asked_for():
    tape = tape_of(1, 1, [], [("mul", (0, 1))], [2])
    replay = GeneratedReplay(tape)
    rows = array("d", [3.0])
    assert replay.backward(array("d", [2.0]), rows, 1, 1.0)[1:] == (array("d", [3.0]), None)
    found = replay.backward(array("d", [2.0]), rows, 1, 1.0, by_leaves=False, by_inputs=True)
    assert found[1:] == (None, array("d", [2.0]))


def test_an_operation_that_refuses_says_in_which_row():
    tape = tape_of(1, 0, [], [("log", (0,))], [1])
    rows = array("d", [1.0, 2.0, -1.0])
    with pytest.raises(errors.DomainError, match=r"log\(-1.0\).*\(row 2\)$"):
        GeneratedReplay(tape).forward(array("d"), rows, 3)
    with pytest.raises(errors.DomainError, match=r"log$"):
        GeneratedReplay(tape).forward(array("d"), array("d", [-1.0]), 1)


def test_an_infinite_slope_and_a_side_not_taken_are_those_of_eager_code():
    root = tape_of(1, 0, [], [("sqrt", (0,))], [1])
    found = GeneratedReplay(root).backward(array("d"), array("d", [0.0]), 1, 1.0, by_inputs=True)
    assert found[2][0] == math.inf
    choice = tape_of(2, 0, [1.0], [("sqrt", (0,)), ("where", (2, 1, 3))], [4])
    found = GeneratedReplay(choice).backward(
        array("d"), array("d", [0.0, 5.0]), 1, 1.0, by_inputs=True
    )
    assert list(found[2]) == [0.0, 1.0]


def test_long_tapes_come_in_pieces(monkeypatch):
    monkeypatch.setattr(generated, "_LINES_OF_A_PIECE", 7)
    steps = [("tanh", (0,))] + [("add", (0, 1 + i)) for i in range(100)]
    tape = tape_of(1, 0, [], steps, [len(steps)])
    replay = GeneratedReplay(tape)
    found = replay.backward(array("d"), array("d", [0.3]), 1, 1.0, by_inputs=True)
    wanted = exact(tape, [], [0.3], 1, 1.0)
    assert list(found[0]) == wanted[0]
    assert list(found[2]) == wanted[2]


def test_no_rows_or_no_instructions():
    tape = tape_of(1, 1, [4.0], [], [0, 1, 2])
    found = GeneratedReplay(tape).backward(
        array("d", [2.0]), array("d", [3.0]), 1, 1.0, by_inputs=True
    )
    assert [list(each) for each in found] == [[3.0, 2.0, 4.0], [1.0], [1.0]]
