"""Every pass leaves what a tape computes, as the exact replay tells."""

import itertools
import math
import random
import time
from dataclasses import replace

import pytest
from random_tapes import chained_tape, numbers_for, random_tape

import autograd
from autograd import Value, ops
from autograd.engines import select
from autograd.programs import stepwise
from autograd.programs.passes import (
    PASSES,
    drop_dead_code,
    fold_constants,
    fuse_dots,
    fuse_matrices,
    fuse_softmaxes,
    fuse_vectors,
    hoist,
    optimised,
    share_subexpressions,
)
from autograd.programs.passes.dead_code import may_raise
from autograd.programs.passes.dots import TELLS_ZEROS_APART
from autograd.programs.recording import recorded
from autograd.programs.tape import LOG_SOFTMAX, MATRIX, tape_of
from autograd.support import tracing


def scalar(tape):
    """The same tape with an instruction for every result."""
    steps = [(op, operands) for op, operands, _ in tape.scalar_steps()]
    return tape_of(
        tape.inputs, tape.leaves, tape.constants, steps, tape.outputs, tape.fixed, tape.rules
    )


def results(tape, leaves, inputs):
    return stepwise.value_and_gradients(tape, leaves, inputs, [1.0] * len(tape.outputs))


def assert_same(new, old, leaves, inputs, *, exactly=False):
    for found, wanted in zip(
        results(new, leaves, inputs), results(old, leaves, inputs), strict=True
    ):
        scale = max([1.0, *(abs(x) for x in wanted if math.isfinite(x))])
        size = 0.0 if exactly else 1e-12 * scale
        for a, b in zip(found, wanted, strict=True):
            assert a == b or abs(a - b) <= size or (math.isnan(a) and math.isnan(b))


def ops_of(tape):
    return [(i.op, i.count) for i in tape.instructions]


def assert_in_order(tape):
    """Slots without a gap, each after what it is computed from; hoisted ones first."""
    slot = tape.first_result
    rows = set(range(tape.inputs))
    for position, instruction in enumerate(tape.instructions):
        assert instruction.first == slot
        assert all(operand < slot for operand in instruction.operands)
        depends = not rows.isdisjoint(instruction.operands)
        assert not (depends and position < tape.hoisted)
        if depends:
            rows.update(range(slot, slot + instruction.count))
        slot += instruction.count
    assert all(0 <= out < slot for out in tape.outputs)
    assert all(tape.first_result <= out < slot for out in tape.fixed)


@pytest.mark.parametrize("apply", PASSES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("seed", range(60))
def test_a_pass_changes_no_result(apply, seed):
    tape = scalar(random_tape(seed, python=seed % 3 == 0))
    if apply in (fuse_matrices, fuse_vectors):
        tape = hoist(tape)
    leaves, inputs = numbers_for(tape, 1, seed)
    new = apply(tape)
    assert_in_order(new)
    assert_same(new, tape, leaves, inputs)


@pytest.mark.parametrize("seed", range(150))
def test_all_passes_change_no_result(seed):
    tape = scalar(random_tape(seed, steps=25, python=seed % 3 == 0))
    leaves, inputs = numbers_for(tape, 1, seed)
    new = optimised(tape)
    assert_in_order(new)
    assert_same(new, tape, leaves, inputs)
    assert new.inputs == tape.inputs
    assert new.leaves == tape.leaves


@pytest.mark.parametrize("seed", range(150))
def test_chains_of_sums_and_products_keep_their_numbers(seed):
    tape = chained_tape(seed)
    rng = random.Random(seed)
    leaves = [rng.choice([0.0, -0.0, 1.0, rng.gauss(0.0, 1.0)]) for _ in range(tape.leaves)]
    inputs = [rng.choice([0.0, -0.0, 1.0, rng.gauss(0.0, 1.0)]) for _ in range(tape.inputs)]
    wanted = repr(results(tape, leaves, inputs)[0]).replace("-0.0", "0.0")
    new = tape
    for apply in PASSES:
        new = apply(new)
        assert_in_order(new)
        assert_same(new, tape, leaves, inputs)
        assert repr(results(new, leaves, inputs)[0]).replace("-0.0", "0.0") == wanted


@pytest.mark.parametrize("seed", range(40))
def test_sums_of_products_written_out_become_what_they_are(seed):
    rng = random.Random(seed)
    n, m = rng.randint(2, 5), rng.randint(2, 4)
    steps, slot = [], n + m * n + m + 1  # inputs; weights and biases; the constant 0
    outs = []
    zero = n + m * n + m
    for row in range(m):
        total = zero
        for k in range(n):
            steps.append(("mul", (n + row * n + k, k) if seed % 2 else (k, n + row * n + k)))
            steps.append(("add", (total, slot)))
            total, slot = slot + 1, slot + 2
        steps.append(("add", (total, n + m * n + row)))
        outs.append(slot)
        slot += 1
    tape = tape_of(n, m * n + m, [0.0], steps, outs)
    leaves, inputs = numbers_for(tape, 1, seed)
    dots = drop_dead_code(fuse_dots(tape))
    assert_same(dots, tape, leaves, inputs, exactly=True)
    assert {op for op, _ in ops_of(dots)} == {"dot", "add"}
    assert ops_of(optimised(tape)) == [(MATRIX, m), ("add", m)]
    assert_same(optimised(tape), tape, leaves, inputs)


def test_what_is_added_last_leaves_the_dots_what_they_have_in_common():
    steps = [("mul", (0, 2)), ("mul", (1, 3)), ("add", (6, 7)), ("add", (8, 4)), ("add", (9, 5))]
    tape = tape_of(2, 4, [], steps, [10])
    dots = fuse_dots(tape)
    assert [(op, operands) for op, operands, _, _ in dots.instructions] == [
        ("dot", (2, 3, 0, 1)),
        ("add", (6, 4)),
        ("add", (7, 5)),
    ]
    assert_same(dots, tape, [0.3, -2.0, 0.1, 7.0], [1.5, 0.7], exactly=True)


def test_constants_are_folded_and_a_product_with_one_is_no_step():
    tape = tape_of(1, 0, [2.0, 3.0, 1.0], [("mul", (1, 2)), ("add", (4, 0)), ("mul", (5, 3))], [6])
    new = fold_constants(tape)
    assert ops_of(new) == [("add", 1)]
    assert 6.0 in new.constants
    assert results(new, [], [4.0])[0] == [10.0]


def test_what_cannot_be_computed_is_left_to_the_run():
    tape = tape_of(0, 0, [-1.0], [("log", (0,))], [1])
    assert ops_of(optimised(tape)) == [("log", 1)]
    with pytest.raises(autograd.errors.DomainError):
        stepwise.forward(optimised(tape), [], [])


def test_a_dead_step_that_may_raise_is_kept_and_another_goes():
    tape = tape_of(1, 0, [], [("log", (0,)), ("add", (0, 0)), ("mul", (0, 0))], [3])
    assert ops_of(drop_dead_code(tape)) == [("log", 1), ("mul", 1)]


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_what_is_said_never_to_raise_does_not(rule):
    """For finite operands of every size, that is; what is said to may raise need not."""
    if may_raise(rule.__name__):
        return
    rng = random.Random(rule.__name__)
    sizes = [0.0, -0.0, 1e-308, -5e-324, 1.0, -1.0, 1e308, -1e308, 700.0, -800.0]
    for _ in range(2000):
        count = rng.choice([2, 4]) if ops.takes_sequence(rule) else rule.__code__.co_argcount
        rule(*[rng.choice([*sizes, rng.gauss(0.0, 3.0)]) for _ in range(count)])


def test_what_the_formulas_say_may_raise():
    names = ("log", "exp", "div", "pow", "sqrt", "asin", "floor", "fmod", "gamma")
    assert all(map(may_raise, names))
    assert not any(map(may_raise, ("add", "mul", "relu", "where", "maximum", "clip", "neg")))


def test_the_same_is_computed_once_but_not_through_a_detached_value():
    steps = [("mul", (0, 1)), ("mul", (1, 0)), ("mul", (0, 1)), ("add", (2, 3)), ("add", (5, 4))]
    assert len(share_subexpressions(tape_of(2, 0, [], steps, [6])).instructions) == 3
    assert len(share_subexpressions(tape_of(2, 0, [], steps, [6], [4])).instructions) == 4


def test_an_operation_of_ones_own_is_neither_folded_nor_shared():
    def doubled(x):
        return 2.0 * x, 2.0

    tape = tape_of(0, 0, [1.0], [("doubled", (0,)), ("doubled", (0,)), ("add", (1, 2))], [3],
                   rules={"doubled": doubled})  # fmt: skip
    assert [op for op, _ in ops_of(optimised(tape))].count("doubled") == 2


def unsigned(rule, numbers):
    try:
        return repr(rule(*numbers)).replace("-0.0", "0.0")
    except (ValueError, ArithmeticError) as error:
        return type(error)


@pytest.mark.parametrize("rule", [*ops.TABLE, *ops.PARTS], ids=lambda rule: rule.__name__)
def test_which_operations_tell_negative_zero_from_zero(rule):
    width = 4 if ops.takes_sequence(rule) else rule.__code__.co_argcount
    told = False
    for numbers in itertools.product([0.0, 1.0, -1.0, 0.5, -3.5, 1e-300], repeat=width):
        for place in range(width):
            other = list(numbers)
            other[place] = -0.0
            if numbers[place] == 0.0:
                told = told or unsigned(rule, numbers) != unsigned(rule, other)
    assert told == (rule.__name__ in TELLS_ZEROS_APART)


@pytest.mark.parametrize("function", [
    lambda x, y: autograd.atan2(x * 0.0 + y * 0.0, x),
    lambda x, y: autograd.atan2(sum([x * 0.0, y * 0.0]), x),
    lambda x, y: autograd.atan2(x * 0.0 + y * 0.0 + y * 0.0 + 0.0, x),
    lambda x, y: autograd.atan2(-0.0 + x * 0.0 + y * 0.0, x),
])  # fmt: skip
def test_the_sign_of_zero_is_kept_where_it_matters(function):
    numbers = [-1.0, -2.0]
    wanted = function(*map(Value, numbers)).data
    assert abs(wanted) == math.pi
    since = select.next_serial()
    with tracing.trace(since):
        x = [Value(number) for number in numbers]
        output = function(*x)
    tape = recorded([output], x, since).tape
    assert results(optimised(tape), [], numbers)[0] == [wanted]
    assert autograd.compile(function)(*numbers) == wanted


def test_a_long_chain_that_stays_one_is_walked_along_once():
    n = 20_000
    steps = [("add", (0, 1)), *[("add", (n, 1)) for n in range(2, n + 1)], ("atan2", (n + 1, 0))]
    tape = tape_of(2, 0, [], steps, [n + 2])
    began = time.perf_counter()
    assert len(fuse_dots(tape).instructions) == n + 1
    assert time.perf_counter() - began < 2.0


def test_work_that_depends_on_no_input_comes_first():
    steps = [("mul", (0, 1)), ("square", (1,)), ("exp", (3,)), ("add", (2, 4))]
    new = hoist(tape_of(1, 1, [], steps, [5]))
    assert new.hoisted == 2
    assert [op for op, _ in ops_of(new)] == ["square", "exp", "mul", "add"]


def test_layers_are_a_matrix_and_vectors():
    import nn

    model = nn.MLP(3, [5, 4, 1], activation="tanh", generator=0)
    since = select.next_serial()
    x = [Value(v) for v in (0.1, 0.2, 0.3)]
    tape = optimised(recorded([model(x)], x, since).tape)
    assert ops_of(tape) == [
        (MATRIX, 5), ("add", 5), ("tanh", 5), (MATRIX, 4), ("add", 4), ("tanh", 4), ("dot", 1),
        ("add", 1),
    ]  # fmt: skip


def softmax_tape(n, function=autograd.log_softmax):
    since = select.next_serial()
    with tracing.trace(since):
        x = [Value(0.1 * i) for i in range(n)]
        outputs = function(x)
    return recorded(outputs, x, since).tape


@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_softmax_is_one_instruction(n):
    tape = softmax_tape(n)
    new = optimised(tape)
    assert ops_of(new) == [(LOG_SOFTMAX, n)]
    rng = random.Random(n)
    for _ in range(100):
        x = [rng.choice([0.0, 1.0, rng.gauss(0, 10)]) for _ in range(n)]
        eager = [Value(number) for number in x]
        outputs = autograd.log_softmax(eager)
        autograd.dot(outputs, [1.0] * n).backward()
        values, _, slopes = results(new, [], x)
        assert values == [out.data for out in outputs]
        wanted = [v.grad for v in eager]
        assert all(abs(a - b) < 1e-13 for a, b in zip(slopes, wanted, strict=True))


def test_one_logarithm_of_a_softmax_is_enough_for_the_instruction():
    tape = softmax_tape(4, lambda x: [autograd.log_softmax(x)[2]])
    assert [op for op, _ in ops_of(optimised(tape))] == [LOG_SOFTMAX]


def test_a_softmax_with_something_detached_inside_has_the_gradients_it_had():
    tape = softmax_tape(3)
    rng = random.Random(0)
    for slot in range(tape.first_result, tape.slots):
        detached = replace(tape, fixed=frozenset([slot]))
        x = [rng.gauss(0.0, 1.0) for _ in range(3)]
        for outputs in (tape.outputs, tape.outputs[1:2]):
            changed = replace(detached, outputs=outputs)
            assert_same(fuse_softmaxes(share_subexpressions(changed)), changed, [], x)
            assert_same(optimised(changed), changed, [], x)


@pytest.mark.parametrize("slots", [(0, 0, 1), (1, 0, 1), (0, 0, 0)])
def test_a_softmax_of_the_same_number_twice(slots):
    since = select.next_serial()
    with tracing.trace(since):
        x = [Value(0.5), Value(-0.5)]
        outputs = autograd.log_softmax([x[slot] for slot in slots])
    tape = recorded(outputs, x, since).tape
    for numbers in ([0.5, -0.5], [1.0, 1.0], [-3.0, 2.0]):
        assert_same(optimised(tape), tape, [], numbers)


def test_what_only_looks_like_a_softmax_stays_what_it_is():
    tape = softmax_tape(3)
    [logsumexp] = [i for i in tape.instructions if i.op == "logsumexp"]
    wheres = [tape.instructions[s - tape.first_result] for s in logsumexp.operands]
    changed = list(tape.instructions)
    one = wheres[1]
    # A number other than 0 where the largest was.
    ones = [s for s, x in enumerate(tape.constants, tape.inputs) if x == 1.0]
    changed[one.first - tape.first_result] = one._replace(
        operands=(one.operands[0], ones[0], one.operands[2])
    )
    other = replace(tape, instructions=tuple(changed))
    assert LOG_SOFTMAX not in {i.op for i in fuse_softmaxes(other).instructions}
    x = [0.3, 0.9, -0.2]
    assert_same(optimised(other), other, [], x)


def test_operands_of_any_number_of_places_stay_linear():
    """A row of weights is looked at once for each pass, however long it is."""
    n = 2000
    steps = [("dot", (*range(n + k * n, 2 * n + k * n), *range(n))) for k in range(3)]
    tape = tape_of(n, 3 * n, [], steps, [n + 3 * n + k for k in range(3)])
    new = optimised(tape)
    assert ops_of(new) == [(MATRIX, 3)]
    assert new.instructions[0].operands[: n * 3] == tuple(range(n, 4 * n))


def test_no_pass_compares_numbers_with_a_tolerance():
    """Folding is exact: nan, infinities and the sign of zero are told apart."""
    tape = tape_of(1, 0, [0.0, -0.0], [("mul", (0, 1)), ("mul", (0, 2)), ("add", (3, 4))], [5])
    new = optimised(tape)
    assert len(new.constants) == 2
    assert math.copysign(1.0, min(new.constants, key=lambda x: math.copysign(1.0, x))) == -1.0
    assert results(new, [], [2.0])[0] == [0.0]
