"""Programs and optimisers work on arrays; a Value has the same numbers as if they did not."""

import random

import pytest

import autograd
import nn
from autograd import Value
from autograd.engines import select

pytestmark = pytest.mark.skipif(select.name != "compiled", reason="stores are compiled")


class Pair:
    """The same parameters twice: one side is trained by a Program, the other eagerly."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.models = [nn.MLP(2, [12, 1], activation="tanh", generator=seed) for _ in range(2)]
        kind = self.rng.choice([nn.SGD, nn.Adam, nn.AdaGrad])
        order = list(range(len(self.models[0].parameters())))
        if self.rng.random() < 0.4:
            self.rng.shuffle(order)
        self.parameters = [[m.parameters()[i] for i in order] for m in self.models]
        # Parameters that the first program does not read, the second does.
        self.extras = [[Value(0.1), Value(-0.2)] for _ in self.models]
        if self.rng.random() < 0.6:
            at = self.rng.randrange(len(order))
            for own, extras in zip(self.parameters, self.extras, strict=True):
                own[at:at] = extras
        self.optimizers = [kind(own, 0.05) for own in self.parameters]
        self.program = autograd.compile(lambda x, y: nn.squared_error(self.models[0](x), y))
        first, second = self.extras[0]
        self.other = autograd.compile(lambda x: self.models[0](x) * first + second * x[0])
        self.kept = []

    def backward(self):
        x, y = [self.rng.gauss(0, 1), self.rng.gauss(0, 1)], self.rng.gauss(0, 1)
        self.program.backward(x, y)
        nn.squared_error(self.models[1](x), y).backward()

    def other_backward(self):
        x = [self.rng.gauss(0, 1), 0.5]
        self.other.backward(x)
        first, second = self.extras[1]
        (self.models[1](x) * first + second * x[0]).backward()

    def eager_backward(self):
        x = [0.3, self.rng.gauss(0, 1)]
        for model in self.models:
            model(x).backward()

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self):
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def zero_one(self):
        i = self.rng.randrange(len(self.parameters[0]))
        for own in self.parameters:
            own[i].zero_grad()

    def assign(self):
        i, number = self.rng.randrange(len(self.parameters[0])), self.rng.gauss(0, 1)
        for own in self.parameters:
            own[i].data = number

    def assign_gradient(self):
        i, number = self.rng.randrange(len(self.parameters[0])), self.rng.gauss(0, 1)
        for own in self.parameters:
            own[i].grad = number

    def freeze(self):
        i, state = self.rng.randrange(len(self.parameters[0])), self.rng.random() < 0.5
        for own in self.parameters:
            own[i].requires_grad = state

    def hook(self):
        i = self.rng.randrange(len(self.parameters[0]))
        handles = [
            own[i].register_hook(lambda g: 0.5 * g)
            for own in self.parameters
            if own[i].requires_grad
        ]
        if self.rng.random() < 0.7:
            for handle in handles:
                handle.remove()

    def look(self):
        i = self.rng.randrange(len(self.parameters[0]))
        a, b = (own[i] for own in self.parameters)
        assert a.grad == pytest.approx(b.grad, rel=1e-9, abs=1e-12)
        assert (a._arrived, a._reached) == (b._arrived, b._reached)
        assert (a + 1.0).data == pytest.approx((b + 1.0).data, rel=1e-9)
        assert (a < 0.2) == (b < 0.2)

    def clip(self):
        for own in self.parameters:
            nn.clip_gradient_norm(own, 0.5)

    def load(self):
        state = nn.MLP(2, [12, 1], activation="tanh", generator=self.rng.randrange(99)).state_dict()
        for model in self.models:
            model.load_state_dict(state)

    def compare(self):
        for a, b in zip(*self.parameters, strict=True):
            assert a.data == pytest.approx(b.data, rel=1e-8, abs=1e-10)
            assert a.grad == pytest.approx(b.grad, rel=1e-8, abs=1e-10)


MOVES = [
    "backward", "backward", "backward", "other_backward", "eager_backward", "step", "step",
    "zero_grad", "zero_grad", "zero_one", "assign", "assign_gradient", "freeze", "hook", "look",
    "clip", "load",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_any_order_of_moves_gives_what_eager_code_gives(seed):
    pair = Pair(seed)
    for _ in range(60):
        getattr(pair, pair.rng.choice(MOVES))()
        if pair.rng.random() < 0.1:
            pair.compare()
    pair.compare()


def test_a_training_loop_gives_the_same_whether_anybody_looks_or_not():
    def trained(look):
        model = nn.MLP(2, [16, 1], activation="tanh", generator=0)
        program = autograd.compile(lambda x, y: nn.squared_error(model(x), y))
        optimizer = nn.Adam(model.parameters(), 0.01)
        X, y = nn.data.xor(40, seed=0)
        for _ in range(20):
            optimizer.zero_grad()
            program.batch_backward(X, [float(t) for t in y])
            if look:
                assert all(p.grad == p.grad for p in model.parameters())
            optimizer.step()
            if look:
                assert all(p.data == p.data for p in model.parameters())
        return [(p.data, p.grad) for p in model.parameters()]

    assert trained(look=False) == trained(look=True)


def test_what_waits_is_written_back_before_anything_is_computed():
    weights = [Value(0.1 * i) for i in range(40)]
    program = autograd.compile(lambda x: autograd.sum([w * x for w in weights]))
    optimizer = nn.SGD(weights, 1.0)
    program.backward(2.0)
    optimizer.step()
    assert (weights[3] * 1.0).data == 0.1 * 3 - 2.0
    program.backward(2.0)
    assert weights[3].grad == 4.0
    assert repr(weights[0]) == "Value(data=-2.0, grad=4.0)"
    optimizer.step()
    assert weights[0] < -5.9
    optimizer.zero_grad()
    assert [w.grad for w in weights] == [0.0] * 40
    assert not any(w._arrived for w in weights)


def test_leaves_outlive_the_programs_that_held_them():
    weights = [Value(1.0) for _ in range(40)]
    program = autograd.compile(lambda x: autograd.sum([w * x for w in weights]))
    program.backward(2.0)
    del program
    assert [w.grad for w in weights] == [2.0] * 40


def test_a_hook_that_runs_a_program_in_the_middle_of_a_backward_pass():
    weights = [Value(1.0) for _ in range(40)]
    program = autograd.compile(lambda x: autograd.sum([w * x for w in weights]))
    program(1.0)
    product = weights[0] * weights[1]
    out = product * 3.0
    product.register_hook(lambda gradient: program.backward(5.0) and None)
    out.backward()
    assert weights[2].grad == 5.0
    assert weights[0].grad == 3.0 + 5.0


def test_a_number_that_waits_is_detached_as_it_is_now():
    weights = [Value(1.0) for _ in range(40)]
    program = autograd.compile(lambda x: autograd.sum([w * x for w in weights]))
    program.backward(2.0)
    nn.SGD(weights, 1.0).step()
    assert weights[0].detach().data == -1.0


def test_a_list_with_repeats_is_not_taken_for_all_leaves_of_its_length():
    weights = [Value(1.0) for _ in range(40)]
    program = autograd.compile(lambda x: autograd.sum([w * x for w in weights]))
    program.backward(2.0)
    autograd.zero_grad([weights[0], weights[1]] * 20)
    assert [w.grad for w in weights] == [0.0] * 2 + [2.0] * 38


def test_leaves_lie_as_they_were_made_whichever_is_read_first():
    made = [Value(float(i)) for i in range(700)]  # more than share a serial number
    read = random.Random(0).sample(made, len(made))
    program = autograd.compile(lambda x: x * autograd.sum(read))
    program(1.0)
    assert program.parameters == made


@pytest.mark.parametrize("count", [3, 50])
def test_numbers_that_a_replay_reads_do_not_change_under_it(count):
    leaves = [Value(float(i)) for i in range(count)]
    program = autograd.compile(lambda x: x * autograd.sum(leaves))
    program(1.0)
    held = next(iter(program._versions.values())).held
    before = held.numbers()
    leaves[1].data = 100.0
    after = held.numbers()
    assert before.tolist() == [float(i) for i in range(count)]
    assert after[1] == 100.0
    optimizer = nn.SGD(leaves, 0.5)
    program.backward(1.0)
    optimizer.step()
    assert after[1] == 100.0
    assert held.numbers()[1] == 99.5
