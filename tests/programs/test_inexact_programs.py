"""`compile(exact=False)`: other roundings, the same numbers to a few units in the last place."""

import math
import pickle
import random

import mpmath
import pytest

import autograd
from autograd import Value

_replay = pytest.importorskip("autograd.programs._replay")
pytestmark = pytest.mark.skipif(
    autograd.engine != "compiled", reason="only the compiled part computes otherwise"
)


@pytest.fixture(autouse=True, params=_replay.instruction_sets)
def instruction_set(request):
    """Every set of instructions that this machine has."""
    _replay.choose(request.param)
    yield request.param
    _replay.choose("")


def deep(seed, steps=60):
    """Code whose operands lie here and there: all that has a quick form, and what surrounds it."""
    rng = random.Random(seed)
    plan = [(rng.randrange(9), [rng.random() for _ in range(6)]) for _ in range(steps)]

    def code(x):
        v = list(x)
        for kind, where in plan:
            a, b, c, d, e, f = (v[int(at * len(v))] for at in where)
            if kind == 0:
                v.append(autograd.softplus(3.0 * a))
            elif kind == 1:
                v.append(autograd.sigmoid(5.0 * a))
            elif kind == 2:
                v += autograd.softmax([a, b, c, d])
            elif kind == 3:
                v += autograd.softmax([a, b, c, d, e, f])[1:4]
            elif kind == 4:
                v += autograd.log_softmax([a, b])
            elif kind == 5:
                v.append(autograd.mean([a, b, c, d]))
            elif kind == 6:
                p = autograd.log_softmax([a, b, c])
                v += [p[0], autograd.exp(p[0]), autograd.exp(p[2])]
            elif kind == 7:
                v.append(autograd.tanh(a * b - c))
            else:
                v.append(autograd.exp(autograd.log_softmax([a, b])[0].detach()) + a)
        return autograd.sum(v[-8:])

    return code


def eager(code, x):
    leaves = [Value(number) for number in x]
    out = code(leaves)
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("seed", range(25))
def test_one_row_is_what_eager_code_gives(seed):
    code, rng = deep(seed), random.Random(seed)
    program = autograd.compile(code, exact=False)
    for _ in range(3):
        x = [rng.uniform(-3.0, 3.0) for _ in range(5)]
        value, slopes = eager(code, x)
        found, by_inputs = program.value_and_gradient(x)
        assert found == pytest.approx(value, rel=1e-13)
        assert by_inputs == pytest.approx(slopes, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("count", [2, 7, 8, 100, 129])
def test_many_rows_are_what_eager_code_gives(count):
    code, rng = deep(3), random.Random(count)
    weights = [Value(rng.uniform(-1.0, 1.0)) for _ in range(4)]
    program = autograd.compile(lambda x: code([*x, *weights]), exact=False)
    X = [[rng.uniform(-3.0, 3.0) for _ in range(2)] for _ in range(count)]
    wanted = [eager(code, [*x, *[w.data for w in weights]]) for x in X]
    assert program.batch(X) == pytest.approx([value for value, _ in wanted], rel=1e-13)
    program.batch_backward(X, reduction="sum")
    for i, w in enumerate(weights):
        assert w.grad == pytest.approx(math.fsum(s[2 + i] for _, s in wanted), rel=1e-11)


@pytest.mark.parametrize("width", [2, 3, 4, 5, 8, 300])
@pytest.mark.parametrize("far", [0.0, 1.0, 30.0, 300.0])
def test_softmax_loses_no_digit_of_small_numbers(width, far):
    logits = [far if i == 1 else 0.25 * (i % 5) for i in range(width)]
    weights = [float(i % 7) - 2.5 for i in range(width)]

    def mixed(x):
        return autograd.dot(autograd.softmax(x), weights)

    program = autograd.compile(mixed, exact=False)
    _, slopes = program.value_and_gradient(logits)
    batch = autograd.compile(autograd.softmax, exact=False).batch([logits] * 9)
    with mpmath.workdps(400):
        powers = [mpmath.exp(x) for x in logits]
        total = mpmath.fsum(powers)
        shares = [power / total for power in powers]
        mean = mpmath.fsum(p * w for p, w in zip(shares, weights, strict=True))
        truth = [float(p * (w - mean)) for p, w in zip(shares, weights, strict=True)]
        shares = [float(p) for p in shares]
    for row in batch:
        assert row == pytest.approx(shares, rel=1e-14)
    assert slopes == pytest.approx(truth, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("name", ["softplus", "sigmoid"])
def test_elements_are_right_to_a_few_units_in_the_last_place(name):
    program = autograd.compile(getattr(autograd, name), exact=False)
    rng = random.Random(name)
    places = [rng.uniform(-40.0, 40.0) for _ in range(3000)]
    for x in [*places, 0.0, -0.0, 1e-300, -1e-18, 690.0, -690.0, 0.8813735870195432]:
        value, slope = program.value_and_gradient(x)
        with mpmath.workdps(40):
            e = mpmath.exp(-mpmath.mpf(x))
            truth = 1 / (1 + e) if name == "sigmoid" else mpmath.log1p(mpmath.exp(mpmath.mpf(x)))
            by_x = e / (1 + e) ** 2 if name == "sigmoid" else 1 / (1 + e)
        assert abs(value - truth) <= 6e-16 * truth
        assert abs(slope - by_x) <= 1e-15 * by_x


def test_powers_below_the_smallest_are_zero():
    share = autograd.compile(lambda x: autograd.softmax([x, 0.0])[0], exact=False)
    assert share(-699.0) == pytest.approx(math.exp(-699.0), rel=1e-12)
    assert share(-701.0) == 0.0
    assert autograd.compile(autograd.softplus, exact=False)(-701.0) == 0.0


def test_what_eager_code_refuses_is_refused():
    program = autograd.compile(
        lambda x, y: autograd.softmax([autograd.exp(x), y, 0.0, 1.0])[0], exact=False
    )
    with pytest.raises(OverflowError):
        program(1000.0, 0.0)
    with pytest.raises(OverflowError, match="row 2"):
        program.batch([0.0, 1.0, 1000.0], [0.0, 0.0, 0.0])
    assert program(0.0, 1.0) == pytest.approx(autograd.softmax([1.0, 1.0, 0.0, 1.0])[0])


def test_it_is_said_once_and_stays():
    @autograd.compile(exact=False)
    def loss(x):
        return -autograd.log(autograd.softmax(x)[0])

    assert loss.__name__ == "loss"
    assert not loss.exact
    assert autograd.compile(loss).exact
    assert autograd.compile(loss, exact=False) is loss
    assert loss([1.0, 2.0]) == pytest.approx(math.log1p(math.e), rel=1e-14)
    again = pickle.loads(pickle.dumps(loss))
    assert not again.exact
    assert again([1.0, 2.0]) == loss([1.0, 2.0])
    slopes = autograd.grad(loss)
    assert slopes([1.0, 2.0]) == pytest.approx([-0.7310585786300049, 0.7310585786300049])


class Model:
    """With a method that is a Program."""

    @autograd.compile(exact=False)
    def share(self, x):
        """The first of two."""
        return autograd.softmax([x, 1.0])[0]


def test_methods_keep_it():
    model = Model()
    assert not model.share.exact
    assert model.share(1.0) == 0.5
