"""A step is taken whole or not at all, whatever is not finite and whenever Ctrl-C comes."""

import math
import sys
from array import array

import pytest

import autograd
import nn
from autograd import Value
from autograd.errors import AnomalyError

OPTIMIZERS = [
    (nn.SGD, {"momentum": 0.9}),
    (nn.AdaGrad, {}),
    (nn.RMSProp, {"momentum": 0.9, "centered": True}),
    (nn.Adam, {}),
    (nn.Adam, {"amsgrad": True}),
    (nn.AdamW, {}),
]


@pytest.fixture(params=["pure", "compiled"])
def updates(request, monkeypatch):
    """The formulas in Python and in C."""
    if request.param == "pure":
        monkeypatch.setattr(nn.updates, "_compiled", None)
    elif nn.updates._compiled is None:
        pytest.skip("the compiled engine does not run")


def begun(make, options, gradients=(0.5, -1.0, 2.0)):
    """An optimizer that has taken two steps."""
    parameters = [Value(x, "abc"[i]) for i, x in enumerate((1.0, -2.0, 3.0))]
    optimizer = make(parameters, 0.1, **options)
    for _ in range(2):
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    return optimizer


def snapshot(optimizer):
    return [p.data for p in optimizer.parameters], optimizer.state_dict()


@pytest.mark.parametrize("gradient", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("make", "options"), OPTIMIZERS)
def test_a_gradient_that_is_not_finite_changes_nothing(updates, make, options, gradient):
    optimizer = begun(make, options)
    before = snapshot(optimizer)
    optimizer.parameters[1].grad = gradient
    with pytest.raises(AnomalyError, match=rf"the gradient of b is {gradient!r}, so no parameter"):
        optimizer.step()
    assert snapshot(optimizer) == before
    optimizer.parameters[1].grad = -1.0
    optimizer.step()
    assert optimizer.steps == 3


def test_a_frozen_parameter_may_have_any_gradient(updates):
    optimizer = begun(nn.Adam, {})
    optimizer.parameters[1].requires_grad = False
    optimizer.parameters[1].grad = math.nan
    optimizer.step()
    assert optimizer.parameters[1].data == begun(nn.Adam, {}).parameters[1].data


def test_a_step_beyond_floats_changes_nothing(updates):
    optimizer = begun(nn.SGD, {})
    optimizer.learning_rate, optimizer.parameters[2].grad = 1e10, 1e300
    before = snapshot(optimizer)
    with pytest.raises(AnomalyError, match=r"the new number of c is -inf.*lower the learning rate"):
        optimizer.step()
    assert snapshot(optimizer) == before


@pytest.mark.parametrize(("make", "options"), OPTIMIZERS[1:])
def test_a_gradient_whose_square_is_beyond_floats_changes_nothing(updates, make, options):
    # Its running mean would stay infinite, and the parameter where it is, for ever.
    optimizer = begun(make, options)
    optimizer.parameters[0].grad = 1e200
    before = snapshot(optimizer)
    with pytest.raises(AnomalyError, match=r"of a is (inf|nan).*clip the gradients"):
        optimizer.step()
    assert snapshot(optimizer) == before


def test_nudge_descent_changes_nothing_either():
    w, v = Value(1.0, "w"), Value(2.0, "v")
    with pytest.raises(AnomalyError, match=r"the slope of w is nan"):
        nn.NudgeDescent([w, v], nudge=1e-3).step(lambda: w + v * 1e308 * 1e308)
    assert (w.data, v.data) == (1.0, 2.0)


def interrupted_at(line, action):
    """Run `action`, with KeyboardInterrupt at its `line`-th line here; whether it came to that."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.endswith(("nn/updates.py", "nn/optim.py")):
            return None
        if event == "line":
            count += 1
            if count == line:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize(("make", "options"), [OPTIMIZERS[0], OPTIMIZERS[4]])
def test_ctrl_c_at_any_line_of_a_step_finds_it_whole(monkeypatch, make, options):
    monkeypatch.setattr(nn.updates, "_compiled", None)
    whole = begun(make, options)
    allowed = [snapshot(whole)]
    whole.step()
    allowed.append(snapshot(whole))
    found = []
    for line in range(1, 1000):
        optimizer = begun(make, options)
        if not interrupted_at(line, optimizer.step):
            break
        found.append(allowed.index(snapshot(optimizer)))
    assert 0 in found
    assert 1 in found
    assert len(found) > 30


def test_amsgrad_by_hand():
    # The largest square so far divides: after a gradient of 10 a gradient of 1 moves less.
    settings = (0.1, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # rate, root, betas, epsilon, decay, shrink
    x, mean, square, largest = nn.updates.amsgrad(1.0, 10.0, 0.0, 0.0, 0.0, *settings)
    assert (x, mean, square, largest) == (0.9, 10.0, 100.0, 100.0)
    x, mean, square, largest = nn.updates.amsgrad(0.9, 1.0, mean, square, largest, *settings)
    assert (x, mean, square, largest) == (pytest.approx(0.89), 1.0, 1.0, 100.0)


def test_a_users_formula_is_taken_whole_too():
    def halved(x, g, count, rate):
        return x / 2.0, count + 1.0

    parameters, state = [Value(4.0), Value(math.inf)], [array("d", [0.0, 0.0])]
    with pytest.raises(AnomalyError, match="the new number of parameter 1 is inf"):
        nn.updates.update(halved, parameters, state, (0.1,))
    assert (parameters[0].data, state[0].tolist()) == (4.0, [0.0, 0.0])
    assert autograd.engine in {"pure", "compiled"}
