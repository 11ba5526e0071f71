"""Agreement with PyTorch in float64, on random graphs of every operation both have."""

import random

import pytest
from reference import error, largest_contributions, random_graph, run, same

from autograd import ops
from autograd.checking.torch_comparison import _known

torch = pytest.importorskip("torch")

RULES = {rule.__name__: rule for rule in ops.TABLE}
ROUNDED = {"cbrt"}  # PyTorch has none; what is written out for it is a power
TORCH = {name: known for name, known in _known(torch).items() if name in RULES.keys() - ROUNDED}
TORCH = {name: TORCH[name] for name in RULES if name in TORCH}  # in the order of the table


def test_pytorch_has_all_but_one():
    assert set(RULES) - set(TORCH) == {"cbrt"}
    assert set(TORCH) <= set(RULES)


def tensors(numbers):
    return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]


def gradient(tensor):
    return 0.0 if tensor.grad is None else tensor.grad.item()  # None: it only decided a where


@pytest.mark.parametrize("seed", range(200))
def test_random_graphs_agree_with_pytorch(engine, seed):
    rng = random.Random(seed)
    numbers = [rng.uniform(-2.0, 2.0) for _ in range(rng.randint(2, 4))]
    steps = random_graph(rng, list(TORCH), numbers, rng.randint(5, 30))

    leaves = [engine.Value(x) for x in numbers]
    root = run(steps, leaves, lambda name, operands: engine.apply(RULES[name], *operands))
    root.backward()

    theirs = tensors(numbers)
    their_root = run(steps, theirs, lambda name, operands: TORCH[name](*operands))
    their_root.backward()

    sizes = largest_contributions(engine.topological_order(root))
    assert error(root.data, their_root.item(), slack=1e-12) < 1e-12
    for leaf, tensor in zip(leaves, theirs, strict=True):
        # Contributions may cancel; each engine rounds relative to the largest of them.
        assert error(leaf.grad, gradient(tensor), slack=1e-12 * sizes[leaf]) < 1e-12


TIES_AND_KINKS = [
    ("abs", (0.0,)),
    ("sign", (0.0,)),
    ("sqrt", (0.0,)),
    ("asin", (1.0,)),
    ("acos", (-1.0,)),
    ("acosh", (1.0,)),
    ("relu", (0.0,)),
    ("leaky_relu", (0.0, 0.1)),
    ("maximum", (2.0, 2.0)),
    ("minimum", (2.0, 2.0)),
    ("clip", (-1.0, -1.0, 2.0)),
    ("clip", (2.0, -1.0, 2.0)),
    ("clip", (5.0, 3.0, 1.0)),
    ("hardtanh", (-1.0, -1.0, 2.0)),
    ("hardtanh", (2.0, -1.0, 2.0)),
    ("entropy", (0.0, 0.3)),
    ("floor", (3.0,)),
    ("ceil", (3.0,)),
    ("norm", (0.0, 0.0)),
    ("max", (3.0, 1.0, 3.0)),
    ("min", (1.0, 1.0, 3.0)),
    ("prod", (0.0, 3.0, 5.0)),
    ("prod", (0.0, 0.0, 5.0)),
    ("pow", (0.0, 2.0)),
    ("pow", (0.0, 1.0)),
    ("pow", (0.0, 0.5)),
    ("fmod", (6.0, 3.0)),
    ("sigmoid", (1000.0,)),
    ("softplus", (1000.0,)),
    ("tanh", (1000.0,)),
]


@pytest.mark.parametrize(("name", "numbers"), TIES_AND_KINKS)
def test_ties_and_kinks_agree_with_pytorch(engine, name, numbers):
    leaves, theirs = [engine.Value(x) for x in numbers], tensors(numbers)
    root, their_root = engine.apply(RULES[name], *leaves), TORCH[name](*theirs)
    root.backward()
    their_root.backward()
    assert root.data == pytest.approx(their_root.item(), rel=1e-15, abs=0)
    for leaf, tensor in zip(leaves, theirs, strict=True):
        assert same(leaf.grad, gradient(tensor))
