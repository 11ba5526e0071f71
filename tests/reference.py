"""Independent truth for the tests: the operations in 50 digits by mpmath, and random graphs."""

import math
import random

import mpmath

from autograd import ops

mp = mpmath.mp.clone()
mp.dps = 50

_NAMES = {name: getattr(mp, name) for name in dir(mp) if not name.startswith("_")}


def written(rule, text):
    """The function that `text` says over the operands of a rule, on mpmath numbers."""
    code = compile(text, rule.__name__, "eval")
    return lambda *operands: eval(code, _NAMES | ops.named_operands(rule, operands))  # noqa: S307


def meaning(rule, facts):
    """What an operation means, on mpmath numbers."""
    if not facts.reference and rule.__name__ not in _NAMES:
        raise LookupError(f"mpmath has no {rule.__name__}: give its row in ops.TABLE a reference=")
    return written(rule, facts.reference) if facts.reference else _NAMES[rule.__name__]


REFERENCE = {rule.__name__: meaning(rule, facts) for rule, facts in ops.TABLE.items()}
# Their partials in closed form, where nudging fails: at the edge of a domain, at a jump or a tie
# that the sampled corners hit, and where 50 digits of 1 - 1e-304 hold nothing but 1.
PARTIALS = {
    rule.__name__: written(rule, facts.slopes) for rule, facts in ops.TABLE.items() if facts.slopes
}


def true_value(name, operands):
    """The value of operation `name` in 50 digits."""
    return REFERENCE[name](*map(mp.mpf, operands))


def true_partial(name, operands, position):
    """Its partial derivative by one operand in 50 digits."""
    operands = [mp.mpf(x) for x in operands]
    if name in PARTIALS:
        return PARTIALS[name](*operands)[position]
    return slope(lambda *x: REFERENCE[name](*x), operands, position)


def slope(function, operands, position):
    """The partial derivative of any `function` of mpmath numbers, by nudging in extra digits."""
    before, after = operands[:position], operands[position + 1 :]
    return mp.diff(lambda x: function(*before, x, *after), operands[position])


def error(got, expected, slack=0.0):
    """The relative error of a float, after forgiving an absolute `slack`."""
    if got == expected:
        return 0.0
    if not (math.isfinite(got) and mp.isfinite(expected)):
        return math.inf
    off = max(abs(got - expected) - slack, mp.zero)
    return float(off / abs(expected)) if off else 0.0


def same(x, y):
    """Whether two floats are equal, nan to nan included."""
    return x == y or (math.isnan(x) and math.isnan(y))


def identical(x, y):
    """Whether two floats are the same to the last bit, the sign of zero included."""
    return same(x, y) and (math.isnan(x) or math.copysign(1.0, x) == math.copysign(1.0, y))


is_sequence_rule = ops.takes_sequence


def point_of(rule):
    """Operands well inside the domain of a rule, the same at every run; four for a sequence."""
    rng, count = random.Random(rule.__name__), rule.__code__.co_argcount or 4
    domain = ((-4.0, 4.0),) if rule is ops.logsumexp else ops.TABLE[rule].domain
    domain = [*domain, *domain[-1:] * count][:count]
    return [rng.uniform(low + (high - low) / 9, high - (high - low) / 9) for low, high in domain]


def random_graph(rng, names, leaves, nodes):
    """The steps of a random graph: [(operation, positions of its operands among all before)].

    `leaves` are its first numbers. Operands repeat and are shared; each lies inside the domain of
    its operation, each result between 0.001 and 10, so that nothing overflows and no step sits on
    a kink. The last step sums everything not used before it.
    """
    rules = {rule.__name__: (rule, facts.domain) for rule, facts in ops.TABLE.items()}
    numbers, steps = [mp.mpf(x) for x in leaves], []
    while len(steps) < nodes:
        name = rng.choice(names)
        rule, domain = rules[name]
        count = rng.choice((2, 4)) if is_sequence_rule(rule) else rule.__code__.co_argcount
        positions = [rng.randrange(len(numbers)) for _ in range(count)]
        operands = [numbers[position] for position in positions]
        domain += domain[-1:] * count
        if all(low < x < high for x, (low, high) in zip(operands, domain, strict=False)):
            result = REFERENCE[name](*operands)
            if 0.001 < abs(result) < 10:
                numbers.append(result)
                steps.append((name, positions))
    used = {position for _, positions in steps for position in positions}
    return [*steps, ("sum", [p for p in range(len(numbers)) if p not in used])]


def run(steps, leaves, call):
    """The result of a graph's `steps` from `leaves` on; ``call(name, operands)`` does a step."""
    numbers = list(leaves)
    for name, positions in steps:
        numbers.append(call(name, [numbers[position] for position in positions]))
    return numbers[-1]


def largest_contributions(order):
    """For each node of a topological `order`: the sum over its paths to the root of |contribution|.

    Where contributions cancel, this is the size that rounding is relative to.
    """
    sizes = dict.fromkeys(order, 0.0)
    sizes[order[-1]] = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials, strict=True):
            sizes[parent] += sizes[node] * abs(partial)
    return sizes
