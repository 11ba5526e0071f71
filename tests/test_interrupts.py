"""Ctrl-C at every line, whatever runs: no mode stays on, and gradients stay right.

A trace function raises KeyboardInterrupt at the first event, then at the second, and so on, until
the work ends undisturbed: a signal can come nowhere else.
"""

import contextlib
import gc
import sys

import pytest

import nn
from autograd import Value, detect_anomaly, no_grad
from autograd import scope as scope_in_use
from autograd.support import modes
from autograd.support.modes import Modes, current

SCOPES = {"pure": modes.scope, "in use": scope_in_use}
MODES = {
    "no_grad": lambda: no_grad(),
    "detect_anomaly": lambda: detect_anomaly(),
    **{f"scope, {name}": lambda scope=scope: scope("inside") for name, scope in SCOPES.items()},
}


# A generator that is dropped is closed by the interpreter, which only reports what is raised there.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def interrupted_at(number, work):
    """Whether `work` got so far that its event of that number was interrupted."""
    seen = 0

    def trace(frame, event, argument):
        nonlocal seen
        seen += 1
        if seen == number:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    gc.disable()  # what others have it call is no part of the work
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt as interrupt:
        sys.settrace(before)
        kept_as_in_a_notebook = interrupt  # with its traceback, and the frames of that
        assert current.get() == Modes(), f"event {number}"
        del kept_as_in_a_notebook
        return True
    finally:
        sys.settrace(before)
        gc.enable()
    return seen >= number  # in what is thrown away (a generator that is closed) it ends nothing


def interrupt_everywhere(work, most=5000):
    """How many places there are; the modes outside hold after an interrupt at each."""
    for number in range(1, most):
        if not interrupted_at(number, work):
            return number - 1
        assert current.get() == Modes()
    raise AssertionError("the work does not end")


@pytest.mark.parametrize("name", MODES)
def test_a_with_block_interrupted_anywhere_leaves_no_mode_on(name):
    def work():
        x = Value(1.0)
        with MODES[name]():
            y = x * x
            y + x

    assert interrupt_everywhere(work) > 5


@pytest.mark.parametrize("name", MODES)
def test_blocks_inside_of_each_other_and_errors_interrupted_anywhere(name):
    def work():
        with contextlib.suppress(ValueError), MODES[name]():
            with no_grad(), MODES[name]():
                pass
            raise ValueError

    assert interrupt_everywhere(work) > 8


@pytest.mark.parametrize("name", MODES)
def test_what_is_outside_of_an_interrupted_block_goes_on(name):
    def work():
        with scope_in_use("outside"), no_grad():
            outside = current.get()
            try:
                with MODES[name]():
                    Value(1.0)
            finally:
                assert current.get() == outside

    assert interrupt_everywhere(work) > 5


def test_decorated_functions_and_generators_interrupted_anywhere():
    @no_grad()
    def evaluate(x):
        return x * x

    @no_grad()
    def steps(x):
        yield x * x
        yield x + x

    def work():
        evaluate(Value(1.0))
        for _ in steps(Value(1.0)):
            pass

    assert interrupt_everywhere(work) > 10


X, Y = [[0.5, -1.0], [1.0, 0.25]], [1.0, -1.0]


def test_a_model_under_no_grad_interrupted_anywhere_trains_on():
    model = nn.MLP(2, [2, 1], generator=0)

    def work():
        with no_grad():
            model(X[0])

    assert interrupt_everywhere(work) > 20
    out = model(X[0])
    out.backward()
    assert model.layers[-1].neurons[0].b.grad == 1.0


def test_evaluate_interrupted_anywhere():
    model = nn.MLP(2, [2, 1], generator=0)
    assert interrupt_everywhere(lambda: nn.evaluate(model, X, Y, nn.squared_error)) > 20


def test_fit_with_validation_interrupted_at_many_places():
    """Every seventh: fit ends an interrupted training with what was learned, and says so."""

    def work():
        model = nn.MLP(2, [2, 1], generator=0)
        optimizer = nn.SGD(model.parameters(), learning_rate=0.1)
        nn.fit(
            model, X, Y, nn.squared_error, optimizer,
            epochs=2, validation=(X, Y), progress=False,
        )  # fmt: skip

    for number in range(1, 4000, 7):
        with contextlib.suppress(KeyboardInterrupt):
            interrupted_at(number, work)
        assert current.get() == Modes(), number
    assert (Value(1.0) * 2.0).requires_grad
