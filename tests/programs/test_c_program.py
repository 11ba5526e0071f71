"""The C of a tape, compiled with gcc, computes what the exact replay computes."""

import ctypes
import math
import random
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule

import autograd
import nn
from autograd import Value, errors, ops
from autograd.programs import stepwise
from autograd.programs.c_program import c_source
from autograd.programs.passes import optimised
from autograd.programs.tape import Instruction, tape_of

gcc = shutil.which("gcc")
needs_gcc = pytest.mark.skipif(gcc is None, reason="there is no C compiler")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-ffp-contract=off",
         "-shared", "-fPIC"]  # fmt: skip


def compiled(tapes, folder):
    """The functions of several tapes, as one library; each takes leaves, inputs and upstream."""
    library = folder / "tapes.so"
    for number, tape in enumerate(tapes):
        (folder / f"tape{number}.c").write_text(c_source(tape, f"tape{number}"))
    subprocess.run([gcc, *FLAGS, "-o", library, *folder.glob("tape*.c"), "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))

    def function(number, tape):
        size = re.search(rf"#define TAPE{number}_WORK (\d+)", c_source(tape, f"tape{number}"))

        def called(leaves, inputs, upstream):
            def room(numbers):
                return (ctypes.c_double * max(1, len(numbers)))(*numbers)

            outputs, work = room(upstream), room([0.0] * int(size[1]))
            by_inputs, by_leaves = room(inputs), room(leaves)
            call = getattr(loaded, f"tape{number}_value_and_gradient")
            call(room(inputs), room(leaves), room(upstream), outputs, by_inputs, by_leaves, work)
            values = room(upstream)
            getattr(loaded, f"tape{number}_value")(room(inputs), room(leaves), values, work)
            assert list(values) == list(outputs)
            return list(outputs), list(by_leaves)[: len(leaves)], list(by_inputs)[: len(inputs)]

        return called

    return [function(number, tape) for number, tape in enumerate(tapes)]


def assert_close(found, wanted, size=1e-12):
    scale = max([1.0, *map(abs, wanted)])
    assert all(abs(a - b) <= size * scale for a, b in zip(found, wanted, strict=True))


@needs_gcc
def test_every_operation(tmp_path):
    rng = random.Random(0)
    made = [(rule, *tape_of_rule(rule, rng)) for rule in ops.TABLE]
    functions = compiled([tape for _, tape, _ in made], tmp_path)
    nearly = {"hypot", "atan2", "asinh", "norm", "prod"}  # Python has a hypot of its own
    for (rule, tape, numbers), function in zip(made, functions, strict=True):
        leaves, inputs = numbers(1)
        found = function(leaves, inputs, [1.0])
        wanted = stepwise.value_and_gradients(tape, leaves, inputs, [1.0])
        for a, b in zip(found, wanted, strict=True):
            if rule.__name__ in nearly:
                assert_close(a, b)
            else:
                assert list(a) == list(b), rule.__name__


@needs_gcc
def test_random_tapes(tmp_path):
    tapes = [random_tape(seed, steps=8) for seed in range(25)]
    tapes = [tape for tape in tapes if not has_product_beside_softmax(tape)]
    for tape, function in zip(tapes, compiled(tapes, tmp_path), strict=True):
        leaves, inputs = numbers_for(tape, 1)
        upstream = [0.5] * len(tape.outputs)
        found = function(leaves, inputs, upstream)
        for a, b in zip(
            found, stepwise.value_and_gradients(tape, leaves, inputs, upstream), strict=True
        ):
            assert_close(a, b)


def has_product_beside_softmax(tape):
    return {"prod", "norm"} & {i.op for i in tape.instructions} and "log_softmax" in {
        i.op for i in tape.instructions
    }


@needs_gcc
def test_a_network_and_an_operation_of_ones_own(tmp_path):
    @autograd.op
    def bump(x):
        return x * x * x, 3.0 * x * x

    model = nn.MLP(3, [4, 2], activation="tanh", generator=0)
    program = autograd.compile(lambda x: bump(model(x)[0]) * autograd.softmax(model(x))[1])
    program([0.1, 0.2, 0.3])
    tape = program.tape.after
    [function] = compiled([tape], tmp_path)
    leaves = [p.data for p in program.parameters]
    found = function(leaves, [0.4, -0.2, 0.1], [1.0])
    wanted = stepwise.value_and_gradients(tape, leaves, [0.4, -0.2, 0.1], [1.0])
    assert found[0] == wanted[0]
    assert_close(found[1], wanted[1])
    assert_close(found[2], wanted[2])


@needs_gcc
def test_the_text_of_a_program_compiles_by_itself(tmp_path):
    w = Value(2.0, "w")
    program = autograd.compile(lambda x: autograd.logsumexp([w * x, x * x, 1.0]))
    program(3.0)
    text = program.to_c("loss")
    assert "0: w" in text
    assert "malloc" not in text
    assert "Python.h" not in text
    (tmp_path / "loss.c").write_text(text)
    subprocess.run([gcc, *FLAGS, "-o", tmp_path / "loss.so", tmp_path / "loss.c"], check=True)


@needs_gcc
def test_products_and_norms_beside_a_softmax(tmp_path):
    steps = [("prod", (0, 1, 2)), ("norm", (0, 1, 2)), ("prod", (2,)), ("norm", (2,))]
    before = tape_of(3, 0, [], steps, [3, 4, 5, 6])
    softmax = Instruction("log_softmax", (3, 4, 5), 7, 3)
    tape = replace(before, instructions=(*before.instructions, softmax), outputs=(6, 7, 8, 9))
    [function] = compiled([tape], tmp_path)
    inputs, upstream = [0.5, -1.5, 0.25], [0.3, 1.0, -2.0, 0.7]
    found = function([], inputs, upstream)
    wanted = stepwise.value_and_gradients(tape, [], inputs, upstream)
    for one, other in zip(found, wanted, strict=True):
        assert_close(one, other)


@needs_gcc
@pytest.mark.slow
def test_what_is_gathered_lies_in_the_room_that_was_given(tmp_path):
    n = 1_200_000  # doubles are more than a stack holds
    operands = (*range(1, n), 0)
    [function] = compiled([tape_of(n, 0, [], [("logsumexp", operands)], [n])], tmp_path)
    [value], _, slopes = function([], [0.0] * n, [1.0])
    assert value == pytest.approx(math.log(n), rel=1e-12)
    assert slopes[0] == slopes[-1] == pytest.approx(1.0 / n, rel=1e-12)


def test_what_has_no_c_says_so():
    def looked_up(x):
        return {0.0: 1.0}[x], 0.0

    tape = tape_of(1, 0, [], [("looked_up", (0,))], [1], rules={"looked_up": looked_up})
    with pytest.raises(errors.FormulaError):
        c_source(tape)
    with pytest.raises(ValueError, match="no name in C"):
        c_source(optimised(tape_of(1, 0, [], [], [0])), "a b")
