"""Whole passes backwards: where they start, how far they go, in which order, and the next ones."""

import itertools
import random
import sys
from collections.abc import Callable
from typing import Any

from autograd.checking.grading.operations import Operation, overwrites
from autograd.checking.grading.student import (
    Finding,
    FoundError,
    Student,
    all_same,
    at,
    same,
    shown_number,
    wanted,
)
from autograd.engines.select import Value

_LARGEST = 9  # operations in a random graph
_TOO_LARGE = 1e6  # a gradient, to be compared
_DOUBLINGS = 12


def check_start(student: Student) -> None:
    """Whether a pass starts with 1 at its root and reaches the operands of the root."""
    x, y = student.leaves(3.0, 4.5)
    out = student.compute("x + y", lambda: x + y)
    student.backward("x + y", out)
    root, grads = student.grad("out", out), student.grads("xy", (x, y))
    if same(root, 1.0) and all_same(grads, (1.0, 1.0)):
        return
    seen = f"out = x + y, then out.backward(): {wanted('out', 1.0, root, student.name)}"
    if same(root, 0.0):
        raise FoundError(
            Finding(
                "does not start with 1",
                seen,
                "d out / d out = 1: set self.grad = 1.0 before anything goes backwards.",
            )
        )
    seen = "out = x + y, then out.backward(): the gradient of x is 1, of y 1; "
    seen += f"{student.name} gives {shown_number(grads[0])} and {shown_number(grads[1])}."
    if all_same(grads, (0.0, 0.0)):
        raise FoundError(
            Finding(
                "passes nothing on",
                seen,
                "Does the result keep its operands and its _backward? Is that called?",
            )
        )
    raise FoundError(Finding("gives a wrong slope", seen, "d(x + y)/dx = 1 and d(x + y)/dy = 1."))


def check_depth(student: Student) -> None:
    """Whether a pass goes all the way down, from the result to the inputs."""
    x, y, z = student.leaves(3.0, 4.5, 2.0)
    q = student.compute("q = x + y", lambda: x + y)
    out = student.compute("out = q + z", lambda: q + z)
    student.backward("(x + y) + z", out)
    got = student.grad("x", x)
    if same(got, 1.0):
        return
    seen = f"(x + y) + z {at('xyz', (3.0, 4.5, 2.0))}: {wanted('x', 1.0, got, student.name)}"
    if not same(got, 0.0):
        raise FoundError(Finding("breaks the chain rule", seen, "Pass on what arrives: out.grad."))
    raise FoundError(
        Finding(
            "stops after one step",
            seen,
            "Every node on the way passes its gradient on, after it has got its own: go through "
            "all of them, from the result to the inputs (the sorted nodes reversed).",
        )
    )


def check_equal_numbers(student: Student) -> None:
    """Whether two nodes that hold the same number stay two."""
    w, x, y, z = student.leaves(1.0, 6.0, 3.0, 4.0)
    out = student.compute("(w + x) + (y + z)", lambda: (w + x) + (y + z))
    student.backward("(w + x) + (y + z)", out)
    got = student.grads("wxyz", (w, x, y, z))
    if all_same(got, (1.0,) * 4):
        return
    where = f"(w + x) + (y + z) {at('wxyz', (1.0, 6.0, 3.0, 4.0))}"
    seen = f"{where}: all gradients are 1, {student.name} gives {', '.join(map(shown_number, got))}"
    raise FoundError(
        Finding(
            "takes two nodes with the same number for one",
            f"{seen}. Both sums are 7.",
            "`in` asks __eq__: leave that alone, so that two nodes are equal only if they are "
            "the same object, or remember id(node).",
        )
    )


def check_same_operand(student: Student) -> None:
    """Whether an operand that stands twice in one operation gets both contributions."""
    [x] = student.leaves(3.0)
    out = student.compute("x + x", lambda: x + x)
    student.backward("x + x", out)
    got = student.grad("x", x)
    if same(got, 2.0):
        return
    seen = f"x + x {at('x', (3.0,))}: {wanted('x', 2.0, got, student.name)}"
    u, v = student.leaves(3.0, 4.5)
    node = student.compute("(u + v) + u", lambda: (u + v) + u)
    student.backward("(u + v) + u", node)
    if same(student.grad("u", u), 2.0):
        raise FoundError(
            Finding(
                "keeps a repeated operand once",
                seen,
                "A set forgets that x stands there twice: keep the operands in a tuple.",
            )
        )
    raise FoundError(overwrites("x", seen))


def _orders() -> list[tuple[str, Callable[..., Any], float]]:
    """Graphs in which q is used twice, and how much arrives at q where z = 5."""
    return [
        ("q * z + q", lambda q, z: q * z + q, 6.0),
        ("q + q * z", lambda q, z: q + q * z, 6.0),
        ("(q * z) * z + q", lambda q, z: (q * z) * z + q, 26.0),
        ("q + (q * z) * z", lambda q, z: q + (q * z) * z, 26.0),
        ("q + q", lambda q, z: q + q, 2.0),
    ]


def check_order(student: Student) -> None:
    """Whether a node passes its gradient on once, when all of it has arrived."""
    for shown, graph, arriving in _orders():
        x, y, z = student.leaves(2.0, 3.5, 5.0)
        q = student.compute("q = x * y", lambda x=x, y=y: x * y)
        out = student.compute(shown, graph, q, z)
        student.backward(shown, out)
        right, got, at_q = 3.5 * arriving, student.grad("x", x), student.grad("q", q)
        if same(right, got):
            continue
        where = f"q = x * y, {shown} {at('xyz', (2.0, 3.5, 5.0))}"
        seen = f"{where}: {wanted('x', right, got, student.name)}"
        if not same(at_q, arriving) and at_q < arriving:
            raise FoundError(overwrites("q", seen))
        if abs(got) > right:
            raise FoundError(
                Finding(
                    "visits a node twice",
                    seen,
                    "q is reached over two branches, but passes its gradient on once: "
                    "remember which nodes have been visited.",
                )
            )
        raise FoundError(
            Finding(
                "passes a gradient on too early",
                seen,
                f"At q all of {shown_number(at_q)} arrives, but it went on before. Sort by "
                "dependency: a node comes after everything that uses it "
                "(topological order, reversed).",
            )
        )


def check_random_graphs(student: Student, sound: list[Operation]) -> None:
    """Whether graphs of operations that are right by themselves are right, the smallest first."""
    numbers = [0.5, -0.75, 1.25]
    for size, seed in itertools.product(range(2, _LARGEST + 1), range(8)):
        shown, build = _random_graph(size, random.Random(100 * size + seed), sound)
        theirs, ours = student.leaves(*numbers), [Value(x) for x in numbers]
        node = student.compute(shown, build, theirs)
        student.backward(shown, node)
        build(ours).backward()
        right, got = [v.grad for v in ours], student.grads("xyz", theirs)
        if all_same(right, got) or max(map(abs, right)) > _TOO_LARGE:
            continue
        i = next(i for i in range(3) if not same(right[i], got[i]))
        raise FoundError(
            Finding(
                "goes wrong in a larger graph",
                f"{shown} {at('xyz', numbers)}: {wanted('xyz'[i], right[i], got[i], student.name)}",
                "Every operation is right by itself. Build it with autograd.Value too, and "
                "compare with play(...), step by step.",
            )
        )


def _random_graph(
    size: int, rng: random.Random, sound: list[Operation]
) -> tuple[str, Callable[[list[Any]], Any]]:
    """An expression, and the function that builds it from the leaves x, y, z.

    Each step takes the result of the one before and a node of any age.
    """
    able = [o for o in sound if o.shown in ("x + y", "x * y", "x - y", "-x", "x.tanh()")]
    steps = [(rng.choice(able), rng.randrange(i + 3)) for i in range(size)]
    texts = ["x", "y", "z"]
    for operation, j in steps:
        texts.append(operation.shown.translate({120: f"({texts[-1]})", 121: f"({texts[j]})"}))

    def build(leaves: list[Any]) -> Any:
        nodes = list(leaves)
        for operation, j in steps:
            nodes.append(operation.call(*[nodes[-1], nodes[j]][: len(operation.point)]))
        return nodes[-1]

    return texts[-1], build


def check_next_graph(student: Student) -> list[Finding]:
    """Whether a second graph is free of the first; a remark where gradients start anew."""
    x, y = student.leaves(3.0, 4.5)
    first = student.compute("x * y", lambda: x * y)
    student.backward("x * y", first)
    second = student.compute("x + y", lambda: x + y)
    student.backward("x + y", second)
    got = student.grad("x", x)
    where = f"a = x * y, b = x + y {at('xy', (3.0, 4.5))}, a.backward(), b.backward()"
    seen = f"{where}: {wanted('x', 5.5, got, student.name)}"
    if same(got, 1.0):
        return [
            Finding(
                "starts from zero at every backward",
                seen,
                "So gradients of two losses do not add up; with others they do, until zero_grad.",
            )
        ]
    if not same(got, 5.5):
        raise FoundError(_earlier(student, seen))
    return []


def _earlier(student: Student, seen: str) -> Finding:
    """What goes through an earlier graph again: a record of all nodes, or a list that is kept."""
    x, y = student.leaves(3.0, 4.5)
    q = student.compute("x * y", lambda: x * y)
    out = student.compute("q + x", lambda: q + x)
    stranger = student.compute("q * y", lambda: q * y)
    stranger.grad = 1.0  # out does not depend on it
    student.backward("q + x", out)
    if same(student.grad("q", q), 1.0):
        return Finding(
            "goes through an earlier graph again",
            seen,
            "The list of nodes is left over from the pass before: begin with an empty one "
            "(a default argument such as topo=[] is made once, not at each call).",
        )
    return Finding(
        "sorts by creation, not by dependency",
        seen,
        "It goes through every node ever made, latest first. Go through those that the "
        "result depends on, each after all that use it.",
    )


def check_visited_again(student: Student) -> None:
    """Whether a node that an earlier pass has visited is visited by the next one."""
    x, y = student.leaves(3.0, 4.5)
    q = student.compute("q = x * y", lambda: x * y)
    first, second = student.compute("q + y", lambda: q + y), student.compute("q + q", lambda: q + q)
    student.backward("q + y", first)
    before = student.grad("x", x)
    student.backward("q + q", second)
    got = student.grad("x", x)
    if same(got, before) and not same(got, 9.0):
        where = f"q = x * y, a = q + y, b = q + q {at('xy', (3.0, 4.5))}"
        raise FoundError(
            Finding(
                "never visits a node again",
                f"{where}, a.backward(), b.backward(): "
                + wanted("x", 4.5 + 9.0, got, student.name),
                "Which nodes have been visited is forgotten after each pass: "
                "keep it in a set of that pass, not in the nodes.",
            )
        )


def remarks(student: Student) -> list[Finding]:
    """What is right for one pass over one graph of usual size, but worth knowing."""
    looks = (_twice, _paths, _deep)
    return [finding for look in looks for finding in look(student)]


def _twice(student: Student) -> list[Finding]:
    x, y, z = student.leaves(3.0, 4.5, 2.0)
    out = student.compute("(x + y) * z", lambda: (x + y) * z)
    student.backward("(x + y) * z", out)
    student.backward("(x + y) * z", out)
    got = student.grad("x", x)
    if same(got, 4.0) or same(got, 2.0):
        return []
    return [
        Finding(
            "keeps old interior gradients",
            f"(x + y) * z {at('xyz', (3.0, 4.5, 2.0))}, backward() twice: "
            + wanted("x", 4.0, got, student.name),
            "Leaves add up over passes; the nodes between have to start from 0 each time. "
            "Where every step builds its graph anew, as usual, it does not show (micrograd "
            "does the same).",
        )
    ]


def _paths(student: Student) -> list[Finding]:
    """Counts calls: a pass that follows every path takes twice as many for each doubling."""
    [x] = student.leaves(1.0)
    node = x
    for _ in range(_DOUBLINGS):
        node = student.compute("v + v", lambda v=node: v + v)
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        student.backward("v + v", node)
    finally:
        sys.setprofile(before)
    if calls < 2**_DOUBLINGS:
        return []
    return [
        Finding(
            "follows every path by itself",
            f"After {_DOUBLINGS} doublings v = v + v there are {2**_DOUBLINGS:,} paths, and "
            f"backward() makes {calls:,} calls for {_DOUBLINGS + 1} nodes.",
            "The result is right, but it takes twice as long for each further doubling: visit "
            "each node once, in topological order.",
        )
    ]


def _deep(student: Student) -> list[Finding]:
    depth = sys.getrecursionlimit() + 200
    x, one = student.leaves(1.0, 1.0)
    node = x
    for _ in range(depth):
        node = student.compute("v + 1", lambda v=node: v + one)
    try:
        node.backward()
    except RecursionError:
        return [
            Finding(
                "cannot go deep",
                f"A chain of {depth:,} operations stops with a RecursionError.",
                "Good enough to learn with. A stack of your own in place of recursion goes as "
                "deep as you like.",
            )
        ]
    return []
