"""Every operation as a function, and the names that `autograd` exports."""

import builtins
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import error, is_sequence_rule, mp, true_value

import autograd
from autograd import Value, ops
from autograd.errors import DivisionError, DomainError, NumberError, RangeError, ShapeError

SCALAR = [rule.__name__ for rule in ops.TABLE if not is_sequence_rule(rule)]
REDUCTIONS = [r.__name__ for r in ops.TABLE if is_sequence_rule(r) and r is not ops.dot]
EMPTY = {name: ops.TABLE[getattr(ops, name)].empty for name in REDUCTIONS}
LISTS = st.lists(st.floats(-50, 50), min_size=1, max_size=6)


def inside(name):
    """Operands in the middle of the domain of a scalar operation."""
    rule = getattr(ops, name)
    domain = ops.TABLE[rule].domain
    ends = [*domain, *domain[-1:] * rule.__code__.co_argcount][: rule.__code__.co_argcount]
    return [low + 0.6 * (high - low) for low, high in ends]


# --- elementwise -----------------------------------------------------------------


@pytest.mark.parametrize("name", SCALAR)
def test_numbers_in_number_out(name):
    numbers = inside(name)
    got = getattr(autograd, name)(*numbers)
    assert type(got) is float
    assert got == getattr(ops, name)(*numbers)[0]


@pytest.mark.parametrize("name", SCALAR)
def test_a_value_among_the_operands_gives_a_node(name):
    numbers = inside(name)
    for position in range(len(numbers)):
        operands = [Value(x) if at == position else x for at, x in enumerate(numbers)]
        out = getattr(autograd, name)(*operands)
        assert type(out) is Value
        assert out.op == name
        assert out.data == getattr(ops, name)(*numbers)[0]
        assert out.parents[position] is operands[position]


def test_integers_become_floats():
    assert type(autograd.add(1, 2)) is float
    assert type(autograd.maximum(True, 0)) is float
    assert type(autograd.neg(3)) is float


def test_defaults_and_names():
    assert autograd.leaky_relu(-3.0) == pytest.approx(-0.03, rel=1e-15, abs=0)
    assert autograd.leaky_relu(-3.0, slope=0.5) == -1.5
    assert autograd.elu(-1.0) == math.expm1(-1.0)
    assert autograd.clip(5.0, high=2.0, low=1.0) == 2.0
    assert autograd.where(condition=0, x=1.0, y=2.0) == 2.0


def test_where_takes_a_comparison():
    x = Value(-3.0)
    out = autograd.where(x > 0, x, 0.1 * x)
    out.backward()
    assert x.grad == 0.1


def test_numbers_are_refused_as_values_are():
    with pytest.raises(DomainError, match=r"^log\(-1\.0\)"):
        autograd.log(-1)
    with pytest.raises(RangeError, match=r"^exp\(1000\.0\)"):
        autograd.exp(1000)
    with pytest.raises(DivisionError, match=r"^div\(1\.0, 0\.0\)"):
        autograd.div(1, 0)
    with pytest.raises(NumberError, match="str"):
        autograd.tanh("1")


@pytest.mark.parametrize(
    "call", [autograd.tanh, lambda: autograd.add(1.0), lambda: autograd.tanh(1.0, 2.0)]
)
def test_wrong_numbers_of_operands_are_refused(call):
    with pytest.raises(TypeError, match="argument"):
        call()


# --- reductions ------------------------------------------------------------------


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_take_one_sequence(name):
    [(low, high)] = ops.TABLE[getattr(ops, name)].domain
    numbers = [low + share * (high - low) for share in (0.5625, 0.34375, 0.875)]
    function, expected = getattr(autograd, name), float(true_value(name, numbers))
    assert type(function(numbers)) is float
    for sequence in (numbers, tuple(numbers), (x for x in numbers), dict.fromkeys(numbers)):
        assert function(sequence) == pytest.approx(expected, rel=1e-15, abs=0)
    values = [Value(x) for x in numbers]
    out = function(iter([values[0], numbers[1], values[2]]))
    assert out.op == name
    assert out.data == pytest.approx(expected, rel=1e-15, abs=0)
    assert [parent.requires_grad for parent in out.parents] == [True, False, True]


@pytest.mark.parametrize(("name", "neutral"), [("sum", 0.0), ("prod", 1.0), ("norm", 0.0)])
def test_reductions_of_nothing_that_have_a_value(name, neutral):
    assert getattr(autograd, name)([]) == neutral


@pytest.mark.parametrize("name", [n for n in REDUCTIONS if EMPTY[n] is None])
def test_reductions_of_nothing_that_have_none(name):
    with pytest.raises(ShapeError, match=f"^{name} of an empty sequence"):
        getattr(autograd, name)([])


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("single", [1.0, Value(1.0)])
def test_reductions_of_a_single_number_say_that_they_take_a_sequence(name, single):
    with pytest.raises(TypeError, match=f"^{name} takes one sequence"):
        getattr(autograd, name)(single)


def test_reductions_refuse_nested_sequences():
    with pytest.raises(NumberError, match="list"):
        autograd.sum([[1.0, 2.0], [3.0]])


def test_dot():
    w, x = [Value(2.0), Value(-3.0)], [Value(10.0), 0.5]
    out = autograd.dot(w, x)
    out.backward()
    assert (out.op, out.data) == ("dot", 18.5)
    assert ([v.grad for v in w], x[0].grad) == ([10.0, 0.5], 2.0)
    assert autograd.dot([1, 2], (3, 4)) == 11.0
    assert autograd.dot([], []) == 0.0
    assert autograd.dot(iter(w), iter([1.0, 1.0])).data == -1.0


def test_dot_of_a_vector_with_itself():
    x = [Value(2.0), Value(-3.0)]
    autograd.dot(x, x).backward()
    assert [v.grad for v in x] == [4.0, -6.0]


def test_dot_of_unequal_lengths_is_refused():
    with pytest.raises(ShapeError, match="1 and 2"):
        autograd.dot([1.0], [1.0, 2.0])
    with pytest.raises(TypeError, match="dot takes one sequence"):
        autograd.dot(1.0, [1.0])


# --- softmax ---------------------------------------------------------------------


@given(LISTS)
def test_softmax_agrees_with_mpmath(numbers):
    total = mp.fsum(map(mp.exp, numbers))
    for got, x in zip(autograd.softmax(numbers), numbers, strict=True):
        assert error(got, mp.exp(x) / total) < 1e-12


@given(LISTS)
def test_log_softmax_agrees_with_mpmath(numbers):
    total = mp.log(mp.fsum(map(mp.exp, numbers)))
    for got, x in zip(autograd.log_softmax(numbers), numbers, strict=True):
        # A difference of two numbers as large as the logits: rounding is relative to them.
        assert error(got, x - total, slack=1e-14 * (1 + abs(x) + abs(float(total)))) < 1e-14


def test_softmax_neither_overflows_nor_loses_certainty():
    assert autograd.softmax([1000.0, 1000.0]) == pytest.approx([0.5, 0.5], rel=1e-15, abs=0)
    assert autograd.softmax([1000.0, -1000.0]) == [1.0, 0.0]
    assert autograd.softmax([-math.inf, 0.0]) == [0.0, 1.0]
    assert autograd.log_softmax([0.0, -2000.0]) == [0.0, -2000.0]
    assert autograd.softmax([3.0]) == [1.0]
    assert autograd.softmax([]) == autograd.log_softmax([]) == []


@given(LISTS, st.integers(0, 5))
def test_gradient_of_softmax_is_its_jacobian(numbers, chosen):
    chosen %= len(numbers)
    logits = [Value(x) for x in numbers]
    autograd.softmax(logits)[chosen].backward()
    total = mp.fsum(map(mp.exp, numbers))
    p = [mp.exp(x) / total for x in numbers]
    for position, logit in enumerate(logits):
        expected = p[chosen] * ((position == chosen) - p[position])
        assert error(logit.grad, expected, slack=1e-12 * float(p[chosen])) < 1e-12


@pytest.mark.parametrize("function", [autograd.softmax, autograd.log_softmax])
def test_softmax_of_a_single_number_is_refused(function):
    with pytest.raises(TypeError, match="one sequence"):
        function(1.0)


# --- names -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [rule.__name__ for rule in ops.TABLE])
def test_every_operation_is_exported_and_described(name):
    function = getattr(autograd, name)
    assert function.__name__ == name
    assert function.__doc__
    assert ops.TABLE[getattr(ops, name)].kink in function.__doc__


def test_exported_names_exist_and_leave_the_builtins_alone():
    assert len(set(autograd.__all__)) == len(autograd.__all__)
    assert all(hasattr(autograd, name) for name in autograd.__all__)
    assert not set(autograd.__all__) & set(dir(builtins))
    operations = {rule.__name__ for rule in ops.TABLE}
    assert operations - set(autograd.__all__) == {"abs", "max", "min", "pow", "sum"}


def import_alone(folder, code):
    """Run `code` in a Python that finds packages in `folder` and nowhere else."""
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_import_loads_the_standard_library_alone():
    code = (
        "import sys, autograd\n"
        "loaded = {name.split('.')[0] for name in sys.modules if 'cython' not in name}\n"
        "print(*sorted(loaded - {'autograd', '__main__'} - set(sys.stdlib_module_names)))"
    )
    done = import_alone(Path(autograd.__file__).parents[1], code)
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_import_loads_nothing_that_takes_long():
    slow = ("ast", "dataclasses", "inspect", "tempfile", "random", "decimal", "pathlib", "logging")
    code = f"import sys, autograd; print(*set({slow}) & set(sys.modules))"
    done = import_alone(Path(autograd.__file__).parents[1], code)
    assert (done.returncode, done.stdout.strip()) == (0, "")
