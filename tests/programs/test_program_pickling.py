"""Programs in pickles: other processes run them with parameters of their own."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

import autograd
import nn
from autograd import Value, errors


def network():
    model = nn.MLP(2, [4, 1], activation="tanh", generator=0)
    program = autograd.compile(lambda x, y: nn.squared_error(model(x), y))
    program([0.1, 0.2], 1.0)
    return model, program


def backward_elsewhere(data, numbers, x, y):
    """What another process does with a pickle."""
    program = pickle.loads(data).bind(numbers)
    value = program.backward(x, y)
    return value, [p.grad for p in program.parameters], program.batch([x, x], [y, y])


def test_another_process_binds_its_own_parameters():
    model, program = network()
    data = pickle.dumps(program)
    numbers = [p.data for p in program.parameters]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        value, gradients, rows = pool.submit(
            backward_elsewhere, data, numbers, [0.3, 0.4], -1.0
        ).result()
    assert value == program.backward([0.3, 0.4], -1.0)
    assert gradients == [p.grad for p in program.parameters]
    assert rows == pytest.approx([value, value], rel=1e-12)
    assert len(model.parameters()) == len(numbers)


def test_without_parameters_it_says_what_to_give():
    _, program = network()
    restored = pickle.loads(pickle.dumps(program))
    with pytest.raises(errors.GraphError, match=r"program.bind\(parameters\)"):
        restored([0.1, 0.2], 1.0)
    with pytest.raises(errors.ShapeError, match="reads 17 parameters, got 1"):
        restored.bind([1.0])
    with pytest.raises(errors.GraphError, match="without its function"):
        restored.bind(program.parameters)([0.1, 0.2, 0.3], 1.0)
    assert restored([0.1, 0.2], 1.0) == program([0.1, 0.2], 1.0)


def test_all_structures_share_the_parameters():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    program = autograd.compile(lambda x, which: (a if which == "a" else a * b) * x)
    program(1.0, "a")
    program(1.0, "ab")
    restored = pickle.loads(pickle.dumps(program)).bind([5.0, 7.0])
    assert restored(2.0, "a") == 10.0
    assert restored(2.0, "ab") == 70.0
    assert [p.data for p in restored.parameters] == [5.0, 7.0]


def test_programs_without_parameters_run_at_once():
    program = autograd.compile(lambda x: {"double": x * 2.0, "all": [x, 1.0]})
    program(1.0)
    assert pickle.loads(pickle.dumps(program))(4.0) == {"double": 8.0, "all": [4.0, 1.0]}


def test_before_a_trace_there_is_nothing_to_pickle():
    with pytest.raises(pickle.PicklingError, match="call it once"):
        pickle.dumps(autograd.compile(lambda x: x))
