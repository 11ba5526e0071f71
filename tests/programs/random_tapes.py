"""Tapes made at random, the same for the same seed: every kind of instruction, every layout."""

import random
from array import array

from autograd import ops
from autograd.programs.tape import Instruction, Tape, tape_of

BOUNDED = ["tanh", "sigmoid", "sin", "relu", "softsign", "neg", "abs", "softplus", "gelu", "atan"]
TWO = ["add", "sub", "mul", "maximum", "minimum", "leaky_relu"]
THREE = ["clip", "where", "hardtanh"]
MANY = ["sum", "mean", "dot", "max", "min", "logsumexp"]
IN_PYTHON = ["hypot", "atan2", "norm", "prod", "asinh"]


class Maker:
    """Adds random instructions to a tape; numbers stay small, so that all is finite."""

    def __init__(self, seed, *, python=True):
        self.rng = rng = random.Random(seed)
        self.inputs, self.leaves = rng.randint(1, 5), rng.randint(1, 30)
        self.constants = tuple(rng.uniform(-1.0, 1.0) for _ in range(rng.randint(0, 3)))
        self.slots = self.inputs + self.leaves + len(self.constants)
        self.python = python
        self.code = []

    def run_or_list(self, count):
        """So many slots: in a row, the same again, or any."""
        kind = self.rng.random()
        if kind < 0.5 and self.slots > count:
            start = self.rng.randrange(self.slots - count)
            return [start + i for i in range(count)]
        if kind < 0.6:
            return [self.rng.randrange(self.slots)] * count
        return [self.rng.randrange(self.slots) for _ in range(count)]

    def add(self, op, operands, count):
        self.code.append(Instruction(op, tuple(operands), self.slots, count))
        self.slots += count

    def damped(self, op, operands, count):
        """The instruction, and its results brought back to the size of 1."""
        first = self.slots
        self.add(op, operands, count)
        self.add("tanh", range(first, first + count), count)

    def step(self):
        rng = self.rng
        count = rng.choice([1, 1, 1, 2, 3, 5, 8, 17])
        kind = rng.choice("uuubbbttssmmlp" if self.python else "uuubbbttssmml")

        def columns(width):
            return [slot for _ in range(width) for slot in self.run_or_list(count)]

        if kind == "m":
            width = rng.randint(1, 9)
            weights = [s for _ in range(count) for s in self.run_or_list(width)]
            self.damped("matrix", [*weights, *self.run_or_list(width)], count)
        elif kind == "l":
            self.damped("log_softmax", self.run_or_list(count), count)
        elif kind == "s":
            self.damped(rng.choice(MANY), columns(2 * rng.randint(1, 4)), count)
        elif kind == "p":
            op = rng.choice(IN_PYTHON)
            width = 3 if op in ("norm", "prod") else 1 if op == "asinh" else 2
            self.damped(op, columns(width), count)
        else:
            names, width = {"u": (BOUNDED, 1), "b": (TWO, 2), "t": (THREE, 3)}[kind]
            self.damped(rng.choice(names), columns(width), count)

    def tape(self, steps):
        for _ in range(steps):
            self.step()
        rng = self.rng
        fixed = [i for i in self.code if rng.random() < 0.05]
        slots = {slot for i in fixed for slot in range(i.first, i.first + i.count)}
        slots |= {rng.randrange(self.code[0].first, self.slots)}
        outputs = [self.slots - 1, rng.randrange(self.slots), rng.randrange(self.slots)]
        return Tape(
            self.inputs, self.leaves, self.constants, tuple(self.code),
            tuple(outputs[: rng.randint(1, 3)]), frozenset(slots),
        )  # fmt: skip


def random_tape(seed, steps=12, *, python=True):
    return Maker(seed, python=python).tape(steps)


def numbers_for(tape, count, seed=0):
    """Leaves and rows."""
    rng = random.Random(seed)
    leaves = array("d", [rng.uniform(-1.0, 1.0) for _ in range(tape.leaves)])
    rows = array("d", [rng.uniform(-1.0, 1.0) for _ in range(tape.inputs * count)])
    return leaves, rows


def tape_of_rule(rule, rng):
    """A tape of that rule and a little more; its leaves and rows are drawn where it is defined."""
    facts = ops.TABLE[rule]
    many = ops.takes_sequence(rule)
    width = rng.choice([2, 4, 6]) if many else rule.__code__.co_argcount
    places = sorted(range(width), key=lambda _: rng.random())
    split = rng.randint(0, width)
    inputs, leaves = places[:split], places[split:]
    operands = [(inputs + leaves).index(k) for k in range(width)]
    tape = tape_of(
        len(inputs), len(leaves), [],
        [(rule.__name__, tuple(operands)), ("mul", (width, width)), ("add", (width, width + 1))],
        [width + 2],
    )  # fmt: skip
    domains = facts.domain

    def draw(k):
        domain = domains[0] if many or len(domains) == 1 else domains[k]
        return rng.uniform(*domain)

    def numbers(count):
        return (
            array("d", map(draw, leaves)),
            array("d", [draw(k) for _ in range(count) for k in inputs]),
        )

    return tape, numbers


def chained_tape(seed, steps=40):
    """Sums and products written out, on few numbers of which many are 0, -0 or 1."""
    rng = random.Random(seed)
    inputs, leaves = rng.randint(0, 3), rng.randint(0, 4)
    constants = rng.sample([0.0, -0.0, 1.0, -1.0, 0.5], rng.randint(1, 5))
    first = inputs + leaves + len(constants)
    code, slots = [], first
    for _ in range(steps):
        last = [slots - 1 - k for k in range(min(slots, 6))]
        pool = last if rng.random() < 0.7 else range(slots)
        op = rng.choice(["add"] * 6 + ["mul"] * 6 + ["sub", "neg", "sum", "dot", "max", "atan2"])
        width = {"neg": 1, "sum": 3, "max": 3, "dot": 4}.get(op, 2)
        code.append((op, tuple(rng.choice(pool) for _ in range(width))))
        slots += 1
        if rng.random() < 0.3:
            code.append(("tanh", (slots - 1,)))
            slots += 1
    fixed = [slot for slot in range(first, slots) if rng.random() < 0.04]
    outputs = [slots - 1, *(rng.randrange(slots) for _ in range(rng.randint(0, 4)))]
    return tape_of(inputs, leaves, constants, code, outputs, fixed)
