"""Small graphs made at random, the same for the same seed."""

import random

import autograd
from autograd import Value, scope


def random_graph(seed):
    """Leaves with and without labels, labels that are shared, constants, values used again."""
    rng = random.Random(seed)
    labels = ["", "", "", "x", "w1", "w_1", "h", "v1", "v₃", "alpha", "learning rate"]
    values = [Value(rng.uniform(0.1, 0.9), rng.choice(labels)) for _ in range(rng.randint(1, 4))]
    names = {"ws": [Value(rng.uniform(0.1, 0.9)) for _ in range(2)]}
    values += names["ws"]
    for _ in range(rng.randint(3, 12)):
        a, b = rng.choice(values), rng.choice([*values, rng.uniform(0.1, 0.9)])
        with scope(rng.choice(["block1", "block2"])):
            make = rng.choice([
                lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a.tanh(),
                lambda a, b: a.sin(), lambda a, b: autograd.dot([a, b], [0.3, a]),
            ])  # fmt: skip
            node = make(a, b)
        node.label = rng.choice(labels)
        values.append(node)
    root = autograd.sum([*rng.sample(values, 3), values[-1]])
    root.label = rng.choice(["", "", "loss", "h"])
    return root, rng.choice([None, names])
