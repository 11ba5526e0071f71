"""Random scalar code as a Program and with Values: the same numbers and gradients."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, ops

BOUNDED = ["tanh", "sigmoid", "sin", "cos", "relu", "softsign", "neg", "abs", "softplus", "gelu",
           "atan", "square", "elu", "silu", "mish", "erf", "hardtanh", "sign", "leaky_relu",
           "logsigmoid", "sinc", "ndtr"]  # fmt: skip
PAIRS = ["add", "sub", "mul", "maximum", "minimum", "hypot", "logaddexp", "atan2"]
MANY = ["sum", "mean", "max", "min", "logsumexp", "norm", "prod", "softmax", "dot"]


@autograd.op
def bent(x):
    """One of our own."""
    return x * x / 4.0, x / 2.0


class Code:
    """Random straight-line code over inputs and weights; the same for the same seed."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.inputs = rng.randint(1, 4)
        self.weights = [Value(rng.uniform(-1.0, 1.0)) for _ in range(rng.randint(1, 6))]
        self.unused = Value(3.0)
        kinds = [rng.choice("ubbmmcrd") for _ in range(rng.randint(3, 25))]
        self.steps = [(kind, rng.random(), rng.getrandbits(30)) for kind in kinds]
        self.several = rng.random() < 0.3

    def __call__(self, x):
        v = [*x, *self.weights, Value(0.5)]
        for kind, share, bits in self.steps:
            rng = random.Random(bits)
            pick = [rng.choice(v) for _ in range(4)]
            if kind == "u":
                v.append(getattr(autograd, BOUNDED[int(share * len(BOUNDED))])(pick[0]))
            elif kind == "b":
                out = getattr(autograd, PAIRS[int(share * len(PAIRS))])(pick[0], pick[1])
                v.append(autograd.tanh(out))
            elif kind == "m":
                name = MANY[int(share * len(MANY))]
                if name == "softmax":
                    v += autograd.softmax(pick)
                elif name == "dot":
                    v.append(autograd.tanh(autograd.dot(pick[:2], pick[2:])))
                else:
                    v.append(autograd.tanh(getattr(autograd, name)(pick)))
            elif kind == "c":
                v.append(autograd.where(autograd.relu(pick[0]), pick[1], pick[2]))
            elif kind == "r":
                v.append(bent(pick[0]) + 2.0 * pick[1] - 1.0)
            else:
                v.append(pick[0].detach() * pick[1])
        out = v[-1] + 0.0 * v[-2]
        return [out, v[0], v[len(x)], 7.0] if self.several else out


def rows(code, count, seed):
    rng = random.Random(seed)
    made = [[rng.uniform(-1.0, 1.0) for _ in range(code.inputs)] for _ in range(count)]
    return [made[rng.randrange(i + 1)] if rng.random() < 0.2 else made[i] for i in range(count)]


def eager(code, x):
    """Value and gradients, with Values."""
    for w in code.weights:
        w.zero_grad()
    leaves = [Value(number) for number in x]
    out = code(leaves)
    if isinstance(out, list):
        return [o.data if isinstance(o, Value) else o for o in out], None, None
    if out.requires_grad:
        out.backward()
    return out.data, [w.grad for w in code.weights], [leaf.grad for leaf in leaves]


def close(found, wanted, size=1e-12):
    scale = max([1.0, *map(abs, wanted)])
    assert len(found) == len(wanted)
    assert all(abs(a - b) <= size * scale for a, b in zip(found, wanted, strict=True))


@given(st.integers(0, 10**6), st.booleans())
def test_random_code(seed, exact):
    code = Code(seed)
    program = autograd.compile(code, exact=exact)
    for x in rows(code, 3, seed):
        value, by_weights, by_inputs = eager(code, x)
        if code.several:
            close(program(x), value)
            continue
        close([program(x)], [value])
        found, slopes = program.value_and_gradient(x)
        close([found], [value])
        close(slopes, by_inputs)
        if any(by_weights):
            for w in code.weights:
                w.zero_grad()
            close([program.backward(x)], [value])
            close([w.grad for w in code.weights], by_weights)
    assert code.unused.grad == 0.0


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 17, 64, 100, 129, 1000])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exact", [True, False])
def test_batches_of_random_code(count, seed, exact):
    code = Code(seed * 1000 + 17)
    program = autograd.compile(code, exact=exact)
    X = rows(code, count, seed)
    values, total = [], [0.0] * len(code.weights)
    for x in X:
        value, by_weights, _ = eager(code, x)
        values.append(value)
        if by_weights:
            total = [a + b for a, b in zip(total, by_weights, strict=True)]
    found = program.batch(X)
    if code.several:
        for a, b in zip(found, values, strict=True):
            close(a, b)
        return
    close(found, values)
    if not any(total):
        return
    for w in code.weights:
        w.zero_grad()
    close([program.batch_backward(X, reduction="sum")], [sum(values)])
    close([w.grad for w in code.weights], total)


def test_all_these_are_operations():
    names = {rule.__name__ for rule in ops.TABLE}
    assert {*BOUNDED, *PAIRS, *MANY} - {"softmax"} <= names
