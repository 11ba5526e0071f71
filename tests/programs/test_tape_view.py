"""What is printed of a tape can be read: short lines, and names that tell slots apart."""

import pytest
from random_tapes import chained_tape, random_tape

import nn
from autograd import Value
from autograd.engines import select
from autograd.programs.passes import optimised
from autograd.programs.recording import recorded
from autograd.programs.tape import tape_of
from autograd.programs.tape_view import TapeView, counted, listing


def test_a_small_tape_reads_as_a_wengert_list():
    steps = [("mul", (2, 0)), ("add", (4, 3)), ("tanh", (5,))]
    tape = tape_of(2, 1, [0.5], steps, [6])
    assert listing(tape, ["x", "y"], [Value(1.0, "w")]) == [
        "  inputs     x, y",
        "  leaves     w",
        "  constants  0.5",
        "  v0 = mul(w, x)",
        "  v1 = add(v0, 0.5)",
        "  v2 = tanh(v1)",
        "  output     v2",
    ]


def test_labels_that_several_leaves_have_become_numbers():
    tape = tape_of(0, 2, [], [("mul", (0, 1))], [2])
    assert "  v0 = mul(a, b)" in listing(tape, leaves=[Value(1.0, "a"), Value(2.0, "b")])
    assert "  v0 = mul(w0, w1)" in listing(tape, leaves=[Value(1.0, "a"), Value(2.0, "a")])
    assert "  v0 = mul(w0, w1)" in listing(tape, leaves=[Value(1.0, "w1"), Value(2.0)])


def test_constants_that_nothing_reads_are_not_listed():
    tape = tape_of(1, 0, [2.0, 3.0], [("mul", (1, 2)), ("mul", (3, 0))], [4])
    assert "  constants  6.0" in listing(optimised(tape))


def test_layers_are_ranges():
    model = nn.MLP(3, [4, 1], activation="tanh", generator=0)
    since = select.next_serial()
    x = [Value(0.1, f"x{i}") for i in range(3)]
    found = recorded([model(x)], x, since)
    view = TapeView(found.tape, optimised(found.tape), [v.label for v in x], found.leaves)
    text = repr(view)
    assert "  v0..v3 = matrix(4x3 weights " in text
    assert "  v8..v11 = tanh(v4..v7)" in text
    assert f"optimised: {counted(view.after)}" in text


@pytest.mark.parametrize("seed", range(20))
def test_lines_are_short_and_not_too_many(seed):
    for tape in (random_tape(seed, steps=60), chained_tape(seed, steps=200)):
        for each in (tape, optimised(tape)):
            names = [f"a name of some length {i}" for i in range(each.inputs)]
            leaves = [Value(0.0, f"another label as long {i}") for i in range(each.leaves)]
            lines = listing(each, names, leaves)
            assert max(map(len, lines)) <= 100
            steps = [line for line in lines if line.startswith(("  v", "  ..."))]
            assert len(steps) <= 41
            if len(each.instructions) < 40:  # with the line between once and every row
                assert len(steps) == len(each.instructions)
