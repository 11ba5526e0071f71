"""Independent truth for the tests: the operations in 50 digits by mpmath, and random graphs."""

import math
import random

import mpmath

from autograd import ops

mp = mpmath.mp.clone()
mp.dps = 50

# What each operation means, on mpmath numbers.
REFERENCE = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "pow": lambda x, y: x**y,
    "abs": lambda x: abs(x),
    "sign": lambda x: mp.sign(x),
    "square": lambda x: x**2,
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x, 2),
    "log10": lambda x: mp.log(x, 10),
    "log1p": mp.log1p,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "relu": lambda x: max(x, mp.zero),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * mp.expm1(x),
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "hypot": lambda x, y: mp.sqrt(x**2 + y**2),
    "maximum": lambda x, y: max(x, y),
    "minimum": lambda x, y: min(x, y),
    "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda condition, x, y: x if condition else y,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "fmod": lambda x, y: mp.sign(x) * mp.fmod(abs(x), abs(y)),
    "floordiv": lambda x, y: mp.floor(x / y),
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "sum": lambda *x: mp.fsum(x),
    "mean": lambda *x: mp.fsum(x) / len(x),
    "prod": lambda *x: mp.fprod(x),
    "dot": lambda *xy: mp.fdot(xy[: len(xy) // 2], xy[len(xy) // 2 :]),
    "norm": lambda *x: mp.sqrt(mp.fsum(a**2 for a in x)),
    "max": lambda *x: max(x),
    "min": lambda *x: min(x),
    "logsumexp": lambda *x: mp.log(mp.fsum(map(mp.exp, x))),
}


def _shared(x, chosen):
    return [mp.mpf(a == chosen) / x.count(chosen) for a in x]


# Their partials in closed form, where nudging fails: at the edge of a domain, at a jump or a tie
# that the sampled corners hit, and where 50 digits of 1 - 1e-304 hold nothing but 1.
PARTIALS = {
    "sqrt": lambda x: [1 / (2 * mp.sqrt(x)) if x else mp.inf],
    "asin": lambda x: [1 / mp.sqrt(1 - x**2) if abs(x) < 1 else mp.inf],
    "acos": lambda x: [-1 / mp.sqrt(1 - x**2) if abs(x) < 1 else -mp.inf],
    "acosh": lambda x: [1 / mp.sqrt(x**2 - 1) if x > 1 else mp.inf],
    "sigmoid": lambda x: [mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2],
    "floor": lambda x: [mp.zero],
    "ceil": lambda x: [mp.zero],
    "fmod": lambda x, y: [mp.one, -mp.sign(x * y) * mp.floor(abs(x / y))],
    "floordiv": lambda x, y: [mp.zero, mp.zero],
    "mod": lambda x, y: [mp.one, -mp.floor(x / y)],
    "maximum": lambda *x: _shared(x, max(x)),
    "minimum": lambda *x: _shared(x, min(x)),
    "max": lambda *x: _shared(x, max(x)),
    "min": lambda *x: _shared(x, min(x)),
    "logsumexp": lambda *x: [mp.exp(a) / mp.fsum(map(mp.exp, x)) for a in x],
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


def is_sequence_rule(rule):
    """Whether a rule takes any number of operands (``*x``)."""
    return rule.__code__.co_argcount == 0


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
