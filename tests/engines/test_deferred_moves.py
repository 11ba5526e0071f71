"""Any order of moves gives the same bits whether arrays wait to be written back or are not used."""

import copy
import math
import pickle
import random

import pytest

import autograd
import nn
from autograd import Value, errors
from autograd.engines import select
from autograd.programs import held

pytestmark = pytest.mark.skipif(select.name != "compiled", reason="stores are compiled")


class Training:
    """A model, other parameters, and all that may be done with them; `seen` is what was seen."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.model = nn.MLP(2, [12, 1], activation="tanh", generator=seed)
        self.weights = self.model.parameters()
        self.others = [Value(self.number()) for _ in range(40)]
        self.all = self.weights + self.others
        order = self.rng.sample(self.weights, len(self.weights))
        self.optimizers = [
            self.rng.choice([nn.SGD, nn.Adam, nn.AdaGrad])(order, 0.05),
            nn.SGD(self.weights[:35], 0.01, momentum=0.5),
            nn.Adam(self.all, 0.01),
        ][: self.rng.randrange(1, 4)]
        self.seen, self.handles, self.kept = [], [], []
        self.trace()

    def number(self):
        return self.rng.gauss(0, 1)

    def one(self):
        return self.rng.choice(self.all)

    def trace(self):
        self.programs = [
            autograd.compile(lambda x: nn.squared_error(self.model([x, 0.5]), 1.0)),
            autograd.compile(lambda x: autograd.sum([w * x for w in self.others])),
            autograd.compile(lambda x: autograd.sum([w * w * x for w in reversed(self.weights)])),
        ]

    def backward(self):
        self.seen.append(self.rng.choice(self.programs).backward(self.number()))

    def batch(self):
        rows = [self.number() for _ in range(self.rng.randrange(1, 9))]
        self.seen.append(self.programs[0].batch_backward(rows))

    def value_and_gradient(self):
        self.seen.append(self.programs[0].value_and_gradient(self.number()))

    def eagerly(self):
        out = self.model([0.3, self.number()])
        self.kept.append(out)
        self.seen.append(out.data)

    def backward_eagerly(self):
        if self.kept:
            self.kept.pop(self.rng.randrange(len(self.kept))).backward()

    def backward_within_a_hook(self):
        out = self.one() * 2.0
        if out.requires_grad:
            out.register_hook(lambda gradient: self.programs[0].backward(0.3) and None)
            (out * 3.0).backward()

    def step(self):
        self.rng.choice(self.optimizers).step()

    def step_watched(self):
        with autograd.detect_anomaly():
            self.backward()
            self.step()

    def zero(self):
        self.rng.choice(self.optimizers).zero_grad()

    def zero_some(self):
        autograd.zero_grad([self.rng.choice(self.weights) for _ in self.weights])

    def zero_one(self):
        self.one().zero_grad()

    def assign(self):
        self.one().data = self.number()

    def assign_gradient(self):
        self.one().grad = math.inf if self.rng.random() < 0.1 else self.number()

    def freeze(self):
        self.one().requires_grad = False

    def thaw(self):
        for parameter in self.all:
            parameter.requires_grad = True

    def hook(self):
        parameter = self.one()
        if parameter.requires_grad:
            self.handles.append(parameter.register_hook(lambda gradient: 0.5 * gradient))

    def unhook(self):
        while self.handles:
            self.handles.pop().remove()

    def load(self):
        other = nn.MLP(2, [12, 1], activation="tanh", generator=self.rng.randrange(99))
        self.model.load_state_dict(other.state_dict())

    def restore(self):
        optimizer = self.rng.choice(self.optimizers)
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))

    def clip(self):
        self.seen.append(nn.clip_gradient_norm(self.weights, 0.5))

    def look(self):
        a, b = self.one(), self.one()
        self.seen += [a.data, b.grad, a._arrived, b._reached]

    def look_otherwise(self):
        a, b = self.one(), self.one()
        ways = [
            lambda: repr(a),
            lambda: (a < b, a >= b, a == 0.25, bool(a)),
            lambda: a.detach().data,
            lambda: copy.deepcopy(a).grad,
            lambda: pickle.loads(pickle.dumps(a)).data,
            lambda: repr(self.model.state_dict()),
            lambda: autograd.grad(lambda v: v * v * a)(0.7),
        ]
        self.seen.append(self.rng.choice(ways)())


MOVES = [
    name for name in vars(Training) if not name.startswith("_") and name not in ("number", "one")
]
FREQUENT = ["backward", "batch", "step", "step", "zero"] * 3


def trained(seed, looks=False):
    """All that was seen, and how everything is at the end."""
    training = Training(seed)
    for _ in range(60):
        move = training.rng.choice(MOVES + FREQUENT)
        try:
            getattr(training, move)()
        except errors.ChainruleError as error:
            training.seen.append(str(error))
        if looks:
            assert all(w.grad is not None for w in training.all)
    ends = [(w.data, w.grad, w._arrived, w._reached, w.requires_grad) for w in training.all]
    return repr(training.seen), repr(ends)


@pytest.fixture
def without_stores(monkeypatch):
    """Programs read and write Values themselves, and so do optimisers."""
    begin = held.Held.__init__

    def begin_without(self, leaves):
        begin(self, leaves)
        self._store = None

    return lambda: monkeypatch.setattr(held.Held, "__init__", begin_without)


@pytest.mark.parametrize("seed", range(40))
def test_any_order_of_moves_gives_the_same_bits_with_stores_and_without(seed, without_stores):
    waiting, looked_at = trained(seed), trained(seed, looks=True)
    without_stores()
    assert trained(seed) == waiting
    assert looked_at == waiting
