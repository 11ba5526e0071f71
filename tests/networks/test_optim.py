"""Optimisers: whole trajectories against torch.optim, and by hand where torch has no peer."""

import inspect
import itertools
import json
import math

import pytest

import autograd
import nn
from autograd import Value
from autograd.errors import GraphError, ShapeError
from nn.arguments.settings import Setting, as_number, settings_of

START = [-0.7, 0.4, 0.9, -1.1, 0.3]
STEPS = 50
TORCH_CLASSES = {nn.AdaGrad: "Adagrad", nn.RMSProp: "RMSprop"}  # the others are called as ours
TORCH_OPTIONS = {"learning_rate": "lr", "learning_rate_decay": "lr_decay", "epsilon": "eps"}


def valley(p, library):
    """A curved loss with interactions; `library` is autograd or torch."""
    curved = (1.0 - p[0]) ** 2 + 3.0 * (p[1] - p[0] * p[0]) ** 2
    bowl = library.log(1.0 + p[2] * p[2] + p[3] * p[3])
    return curved + bowl + library.tanh(p[2] * p[4]) * p[3] + library.exp(0.3 * p[4] * p[4])


def trajectory(optimizer, steps=STEPS):
    """The parameters after each step of `optimizer` down the valley."""
    for _ in range(steps):
        optimizer.zero_grad()
        valley(optimizer.parameters, autograd).backward()
        optimizer.step()
        yield [parameter.data for parameter in optimizer.parameters]


def torch_class(ours):
    torch = pytest.importorskip("torch")
    return getattr(torch.optim, TORCH_CLASSES.get(ours, ours.__name__))


def torch_trajectory(ours, options, steps=STEPS):
    torch = pytest.importorskip("torch")
    parameters = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    named = {TORCH_OPTIONS.get(name, name): value for name, value in options.items()}
    optimizer = torch_class(ours)([parameters], **named)
    for _ in range(steps):
        optimizer.zero_grad()
        valley(parameters, torch).backward()
        optimizer.step()
        yield parameters.tolist()


def table(ours, rate, *variants):
    return [
        pytest.param(ours, {"learning_rate": rate} | options, id=f"{ours.__name__}-{options}")
        for options in variants
    ]


@pytest.mark.parametrize(
    ("ours", "options"),
    [
        *table(
            nn.SGD,
            0.02,
            {},
            {"weight_decay": 0.1},
            {"momentum": 0.9},
            {"momentum": 0.9, "weight_decay": 0.1},
            {"momentum": 0.8, "dampening": 0.3},
            {"momentum": 0.9, "nesterov": True},
            {"momentum": 0.9, "nesterov": True, "weight_decay": 0.05},
        ),
        *table(
            nn.AdaGrad,
            0.1,
            {},
            {"learning_rate_decay": 0.05},
            {"weight_decay": 0.1},
            {"learning_rate_decay": 0.1, "weight_decay": 0.1, "epsilon": 1e-3},
        ),
        *table(
            nn.RMSProp,
            0.01,
            {},
            {"momentum": 0.9},
            {"centered": True},
            {"weight_decay": 0.1},
            {"alpha": 0.9, "epsilon": 1e-4, "centered": True, "momentum": 0.5, "weight_decay": 0.1},
        ),
        *table(
            nn.Adam,
            0.05,
            {},
            {"weight_decay": 0.1},
            {"betas": (0.8, 0.95), "epsilon": 1e-3},
            {"betas": (0.0, 0.9)},
            {"amsgrad": True},
            {"amsgrad": True, "betas": (0.5, 0.6), "weight_decay": 0.1, "epsilon": 1e-4},
        ),
        *table(
            nn.AdamW,
            0.05,
            {},
            {"weight_decay": 0.3, "betas": (0.7, 0.9)},
            {"weight_decay": 0.3, "betas": (0.5, 0.6), "amsgrad": True},
        ),
    ],
)
def test_trajectory_is_that_of_torch(ours, options):
    optimizer = ours(map(Value, START), **options)
    expected = list(torch_trajectory(ours, options))
    for ours_here, torch_here in zip(trajectory(optimizer), expected, strict=True):
        assert ours_here == pytest.approx(torch_here, rel=1e-12, abs=1e-14)
    assert math.dist(START, expected[-1]) > 0.1  # it went somewhere


@pytest.mark.parametrize("ours", [nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adam, nn.AdamW])
def test_defaults_are_those_of_torch(ours):
    ours_signature = inspect.signature(ours).parameters
    torch_signature = inspect.signature(torch_class(ours)).parameters
    options = [name for name in ours_signature if name != "parameters"]
    assert len(options) >= 4
    for name in options:
        expected = torch_signature[TORCH_OPTIONS.get(name, name)].default
        assert ours_signature[name].default == expected, name


def test_learning_rate_can_be_changed_between_steps():
    w = Value(1.0)
    optimizer = nn.SGD([w], 0.5)
    for rate, gradient, expected in ((0.5, 2.0, 0.0), (0.25, 1.0, -0.25), (0.0, 9.0, -0.25)):
        optimizer.learning_rate, w.grad = rate, gradient
        optimizer.step()
        assert w.data == expected


@pytest.mark.parametrize("ours", [nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adam, nn.AdamW])
def test_options_can_be_read_back(ours):
    optimizer = ours([Value(1.0)], 0.25, weight_decay=0.125)
    assert (optimizer.learning_rate, optimizer.weight_decay) == (0.25, 0.125)


def test_nesterov_by_hand():
    w = Value(0.0)
    optimizer = nn.SGD([w], 1.0, momentum=0.5, nesterov=True)
    w.grad = 1.0
    optimizer.step()
    assert w.data == -1.5  # velocity 1, step 1 + 0.5 * 1
    optimizer.step()
    assert w.data == -3.25  # velocity 1.5, step 1 + 0.5 * 1.5


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    for gradient in (1e-3, 1.0, 1e6):
        w = Value(0.0)
        w.grad = gradient
        nn.Adam([w], 0.25).step()
        assert w.data == pytest.approx(-0.25, rel=1e-4)


def test_adamw_decays_the_weight_but_not_through_the_gradient():
    w = Value(2.0)
    optimizer = nn.AdamW([w], 0.1, weight_decay=0.5)
    optimizer.step()  # no gradient: only the decay is left
    assert w.data == pytest.approx(2.0 * (1.0 - 0.1 * 0.5), rel=1e-15)


@pytest.mark.parametrize("alpha", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("gradient", [0.1, 0.3, 0.7, 1.1])
def test_centered_rmsprop_survives_a_variance_that_rounds_below_zero(alpha, gradient):
    # With a constant gradient the variance tends to 0, and its rounding error may be negative.
    w = Value(0.0)
    optimizer = nn.RMSProp([w], 1e-12, alpha=alpha, centered=True)
    for _ in range(5000):
        w.grad = gradient
        optimizer.step()
    assert math.isfinite(w.data)


@pytest.mark.parametrize("ours", [nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adam, nn.AdamW])
def test_frozen_parameters_stay_and_the_others_move_as_without_them(ours):
    p = [Value(x, requires_grad=i != 2) for i, x in enumerate(START)]
    q = [Value(x) for x in START[:2] + START[3:]]
    together, alone = ours(p, weight_decay=0.1), ours(q, weight_decay=0.1)
    for _ in range(5):
        together.zero_grad()
        alone.zero_grad()
        valley(p, autograd).backward()
        valley([q[0], q[1], START[2], q[2], q[3]], autograd).backward()
        together.step()
        alone.step()
    assert p[2].data == START[2]
    assert [v.data for v in p[:2] + p[3:]] == [v.data for v in q]
    assert p[0].data != START[0]


def test_zero_grad_resets_every_parameter():
    p = [Value(x) for x in START]
    optimizer = nn.SGD(p)
    valley(p, autograd).backward()
    assert all(v.grad != 0.0 for v in p)
    optimizer.zero_grad()
    assert all(v.grad == 0.0 for v in p)


def test_nudge_descent_by_hand():
    w = Value(3.0)
    optimizer = nn.NudgeDescent([w], 0.1, nudge=0.5)
    optimizer.step(lambda: w * w)
    # ((3 + 0.5)**2 - 3**2) / 0.5 = 2 * 3 + 0.5
    assert w.data == pytest.approx(3.0 - 0.1 * 6.5, rel=1e-14)
    optimizer.step(lambda: w * w)
    assert w.data == pytest.approx(2.35 - 0.1 * 5.2, rel=1e-14)


def test_nudge_descent_follows_gradient_descent():
    descended = list(trajectory(nn.SGD(map(Value, START), 0.02)))
    p = [Value(x) for x in START]
    optimizer = nn.NudgeDescent(p, 0.02)
    for expected in descended:
        optimizer.step(lambda: valley(p, autograd))
        assert [v.data for v in p] == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert math.dist(START, descended[-1]) > 0.5


def test_nudge_descent_calls_the_loss_once_more_than_parameters_and_leaves_gradients_alone():
    p, calls = [Value(x) for x in START], itertools.count()

    def loss():
        next(calls)
        return valley(p, autograd)

    nn.NudgeDescent(p).step(loss)
    assert next(calls) == len(START) + 1
    assert all(v.grad == 0.0 for v in p)


def test_nudge_descent_leaves_frozen_parameters():
    w, frozen = Value(3.0), Value(2.0, requires_grad=False)
    nn.NudgeDescent([frozen, w], 0.1).step(lambda: frozen * w * w)
    assert frozen.data == 2.0
    assert w.data == pytest.approx(3.0 - 0.1 * 12.0, abs=1e-3)


def test_nudge_descent_calls_a_loss_with_defaults_without_arguments():
    # The idiom of loops, ``lambda X=X, y=y: ...``, here with as many defaults as parameters.
    w, b = Value(0.5), Value(0.0)
    nn.NudgeDescent([w, b], 0.1).step(lambda x=1.0, y=2.0: (w * x + b - y) ** 2)
    assert [w.data, b.data] == pytest.approx([0.8, 0.3], abs=1e-4)


def test_nudge_descent_without_the_loss_says_what_to_write():
    with pytest.raises(TypeError, match=r"step\(lambda: loss\(\.\.\.\)\)"):
        nn.NudgeDescent([Value(1.0)]).step()


@pytest.mark.parametrize("largest", [0.01, 1.0, 2.0, 100.0])
def test_clip_gradient_norm_is_that_of_torch(largest):
    torch = pytest.importorskip("torch")
    p = [Value(x) for x in START]
    valley(p, autograd).backward()
    peer = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    valley(peer, torch).backward()
    expected = torch.nn.utils.clip_grad_norm_([peer], largest).item()
    assert nn.clip_gradient_norm(p, largest) == pytest.approx(expected, rel=1e-12)
    assert [v.grad for v in p] == pytest.approx(peer.grad.tolist(), rel=1e-12)


@pytest.mark.parametrize("largest", [0.0, 0.5, 100.0])
def test_clip_gradient_value_is_that_of_torch(largest):
    torch = pytest.importorskip("torch")
    p = [Value(x) for x in START]
    valley(p, autograd).backward()
    peer = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    valley(peer, torch).backward()
    torch.nn.utils.clip_grad_value_([peer], largest)
    nn.clip_gradient_value(p, largest)
    assert [v.grad for v in p] == pytest.approx(peer.grad.tolist(), rel=1e-12)


def test_gradients_below_the_norm_are_not_touched():
    x, y = Value(0.0), Value(0.0)
    x.grad, y.grad = 0.3, -0.4
    assert nn.clip_gradient_norm([x, y], 5.0) == pytest.approx(0.5, rel=1e-15)
    assert (x.grad, y.grad) == (0.3, -0.4)


def test_the_norm_of_huge_gradients_does_not_overflow():
    x, y = Value(0.0), Value(0.0)
    x.grad, y.grad = 3e200, 4e200
    assert nn.gradient_norm([x, y]) == pytest.approx(5e200, rel=1e-15)
    nn.clip_gradient_norm(iter([x, y]), 1.0)
    assert [x.grad, y.grad] == pytest.approx([0.6, 0.8], rel=1e-12)


W = Value(1.0)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: nn.SGD([]), ShapeError, r"model\.parameters\(\)"),
        (lambda: nn.SGD(W), TypeError, "parameters takes one sequence"),
        (lambda: nn.SGD(nn.MLP(1, [1])), TypeError, "parameters takes one sequence.*MLP"),
        (lambda: nn.SGD(nn.MLP(1, [1]), 0.1), TypeError, r"write SGD\(model\.parameters\(\)"),
        (lambda: nn.SGD(nn.MLP(1, [1]).named_parameters()), TypeError, "got tuple.*write SGD"),
        (lambda: nn.SGD(nn.MLP(1, [1]).state_dict()), TypeError, "got a dict: write SGD"),
        (lambda: nn.SGD("w"), TypeError, "got a str"),
        (lambda: nn.SGD([W], lr=0.1), TypeError, r"SGD takes no lr: write learning_rate=0\.1"),
        (lambda: nn.Adam([W], eps=1e-4), TypeError, r"takes no eps: write epsilon=0\.0001"),
        (lambda: nn.AdaGrad([W], lr_decay=0.5), TypeError, "write learning_rate_decay=0.5"),
        (lambda: nn.RMSProp([W], rho=0.5), TypeError, "write alpha=0.5"),
        (lambda: nn.AdamW([W], beta1=0.5), TypeError, r"write betas=\(0\.9, 0\.999\)"),
        (lambda: nn.SGD(params=[W]), TypeError, "write parameters="),
        (lambda: nn.SGD([W], eps=0.1), TypeError, "no eps: its settings are.*momentum"),
        (lambda: nn.SGD([W], foreach=True), TypeError, "no foreach: its settings are"),
        (lambda: nn.SGD([W], True), ValueError, "learning_rate must be .* got True"),
        (lambda: nn.SGD([W], None), ValueError, "learning_rate must be .* got None"),
        (lambda: nn.SGD([W], W), ValueError, "learning_rate must be .* got Value"),
        (lambda: nn.Adam([W], betas=0.9), ValueError, r"betas lie in \[0, 1\).*got 0.9"),
        (lambda: nn.Adam([W], betas=("a", "b")), ValueError, "betas must be"),
        (lambda: setattr(nn.SGD([W]), "learning_rate", math.nan), ValueError, "got nan"),
        (lambda: setattr(nn.SGD([W]), "momentum", "much"), ValueError, "got 'much'"),
        (lambda: nn.SGD([1.5]), TypeError, "parameters are Values, got float 1.5"),
        (lambda: nn.SGD([W * 2.0]), GraphError, "is computed, only leaves are parameters"),
        (lambda: nn.SGD([W], -0.1), ValueError, "learning_rate must be .* got -0.1"),
        (lambda: nn.SGD([W], math.nan), ValueError, "learning_rate must be .* got nan"),
        (lambda: nn.SGD([W], math.inf), ValueError, "learning_rate must be .* got inf"),
        (lambda: nn.SGD([W], "fast"), ValueError, "learning_rate must be .* got 'fast'"),
        (lambda: nn.SGD([W], momentum=-1.0), ValueError, "momentum must be"),
        (lambda: nn.SGD([W], weight_decay=-1.0), ValueError, "weight_decay must be"),
        (lambda: nn.SGD([W], nesterov=True), ValueError, "nesterov needs a momentum"),
        (
            lambda: nn.SGD([W], nesterov=True, momentum=0.9, dampening=0.1),
            ValueError,
            "no dampening",
        ),
        (lambda: nn.AdaGrad([W], learning_rate_decay=-1.0), ValueError, "learning_rate_decay"),
        (lambda: nn.AdaGrad([W], epsilon=-1.0), ValueError, "epsilon must be"),
        (lambda: nn.RMSProp([W], alpha=-0.1), ValueError, "alpha must be"),
        (lambda: nn.RMSProp([W], momentum=-0.1), ValueError, "momentum must be"),
        (lambda: nn.Adam([W], betas=(1.0, 0.9)), ValueError, r"betas lie in \[0, 1\)"),
        (lambda: nn.Adam([W], betas=(0.9, -0.1)), ValueError, r"betas lie in \[0, 1\)"),
        (lambda: nn.AdamW([W], weight_decay=-0.1), ValueError, "weight_decay must be"),
        (lambda: nn.NudgeDescent([W], nudge=-0.1), ValueError, "nudge must be"),
        (lambda: nn.clip_gradient_norm([W], -1.0), ValueError, "largest must be"),
        (lambda: nn.clip_gradient_value([W], math.nan), ValueError, "largest must be"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_a_subclass_of_ones_own_with_other_names_works():
    class Signs(nn.Optimizer):
        formula = staticmethod(lambda x, g, rate: (x - rate * (1.0 if g > 0.0 else -1.0),))

        def __init__(self, parameters, lr, **others):
            super().__init__(parameters, lr)

        def settings(self):
            return (self.learning_rate,)

    w = Value(1.0)
    optimizer = Signs([w], lr=0.25, eps=3.0)
    w.grad = 7.0
    optimizer.step()
    assert w.data == 0.75


def test_a_subclass_of_ones_own_takes_its_settings_by_name():
    class Shrinking(nn.Optimizer):
        formula = staticmethod(lambda x, g, seen, factor, rate: (factor * x - rate * g, seen + g))
        memory = 1
        factor = Setting(as_number, most=1.0)

        def __init__(self, parameters, learning_rate, *, factor=0.5):
            super().__init__(parameters, learning_rate, factor=factor)

        def settings(self):
            return self.operands(rate=self.learning_rate)

    w = Value(3.0)
    optimizer = Shrinking([w], 0.25, factor=1)
    w.grad = 4.0
    optimizer.step()
    assert (w.data, optimizer.state[0].tolist()) == (2.0, [4.0])
    with pytest.raises(TypeError, match="takes factor, rate, got speed"):
        optimizer.operands(speed=1.0)
    with pytest.raises(ValueError, match="factor must be a number from 0 to 1, got 2"):
        Shrinking([w], 0.25, factor=2)
    with pytest.raises(TypeError, match="has no Setting rate"):
        nn.Optimizer([w], 0.25, rate=1.0)


FORMULAS = [
    *(pytest.param(kind, {}, id=kind.__name__)
      for kind in (nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adam, nn.AdamW)),
    pytest.param(nn.Adam, {"amsgrad": True}, id="AMSGrad"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), FORMULAS)
def test_settings_defaults_and_memory_are_what_the_formula_takes(kind, options):
    optimizer = kind([Value(1.0)], **options)
    optimizer.steps = 1
    named = inspect.signature(kind).parameters
    settings = {name: named[name].default for name in settings_of(kind)}
    assert list(named) == ["parameters", *settings]  # in the order of the class
    assert {name: getattr(optimizer, name) for name in settings} == settings | options
    operands = list(inspect.signature(optimizer.formula).parameters)
    given = dict(zip(operands[2 + optimizer.memory :], optimizer.settings(), strict=True))
    known = {name: x for name, x in settings.items() if name in given}
    if kind is nn.AdamW:
        assert known.pop("weight_decay") == 0.01  # it shrinks the weight
        assert given["shrink"] == 1.0 - 0.001 * 0.01
    assert known.items() <= given.items()
    remembered = optimizer.formula(1.0, 0.5, *[0.0] * optimizer.memory, *given.values())[1:]
    assert len(remembered) == optimizer.memory


# --- state -------------------------------------------------------------------------------

KINDS = [
    (nn.SGD, {"momentum": 0.9, "nesterov": True}),
    (nn.AdaGrad, {"learning_rate_decay": 0.1}),
    (nn.RMSProp, {"momentum": 0.5, "centered": True}),
    (nn.Adam, {"betas": (0.8, 0.9)}),
    (nn.Adam, {"amsgrad": True}),
    (nn.AdamW, {"weight_decay": 0.1, "amsgrad": True}),
]


@pytest.mark.parametrize(("ours", "options"), KINDS)
def test_a_loaded_state_goes_on_to_the_bit(ours, options):
    whole = list(trajectory(ours(map(Value, START), 0.05, **options), 20))
    first = ours(map(Value, START), 0.05, **options)
    half = list(trajectory(first, 10))
    second = ours(map(Value, half[-1]))  # its settings come with the state
    state = json.loads(json.dumps(first.state_dict()))
    second.load_state_dict(state)
    assert half + list(trajectory(second, 10)) == whole
    assert second.steps == 20
    assert state == json.loads(json.dumps(state))


def test_a_state_is_a_copy():
    optimizer = nn.Adam(map(Value, START))
    list(trajectory(optimizer, 2))
    state = optimizer.state_dict()
    kept = json.dumps(state)
    list(trajectory(optimizer, 2))
    assert json.dumps(state) == kept
    assert state["settings"]["betas"] == (0.9, 0.999)
    assert state["steps"] == 2


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda s: s | {"optimizer": "SGD"}, ValueError, "that of SGD, this optimizer is Adam"),
        (lambda s: s | {"state": [[1.0]] * 2}, ValueError, "of .*1.* parameters.* has 5"),
        (lambda s: s | {"state": s["state"][:1]}, ValueError, "remembers 2 numbers.* has 1"),
        (lambda s: s | {"state": [["a"] * 5] * 2}, TypeError, "got str 'a'"),
        (lambda s: s | {"steps": -1}, ValueError, "steps must be at least 0, got -1"),
        (lambda s: s | {"steps": True}, ValueError, "steps must be a whole number"),
        (lambda s: s | {"settings": {}}, ValueError, "the settings of Adam are learning_rate"),
        (
            lambda s: s | {"settings": s["settings"] | {"epsilon": -1.0}},
            ValueError,
            "epsilon must be",
        ),
        (lambda s: {}, ValueError, "no state of an optimizer"),
        (lambda s: [1], TypeError, "what state_dict.* got a list"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, match):
    optimizer = nn.Adam(map(Value, START))
    list(trajectory(optimizer, 2))
    state = optimizer.state_dict()
    with pytest.raises(error, match=match):
        optimizer.load_state_dict(change(state))
    assert optimizer.state_dict() == state


@pytest.mark.parametrize("kind", [nn.SGD, nn.RMSProp, nn.AdaGrad, nn.Adam, nn.AdamW])
def test_a_setting_given_by_its_place_is_told_its_name(kind):
    with pytest.raises(TypeError, match=r"learning_rate by their place.*: write \w+=0\.9"):
        kind([Value(1.0)], 0.1, 0.9)
