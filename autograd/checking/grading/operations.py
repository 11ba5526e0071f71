"""Each operation by itself: its number, its slopes, and the known slips in them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import ops
from autograd.checking.grading.student import (
    Finding,
    FoundError,
    NotThereError,
    Student,
    at,
    same,
    shown_number,
    wanted,
)

_FACTOR = 5.0  # what an operation is multiplied by, to see whether it passes that on


@dataclass(frozen=True)
class Slip:
    """A known mistake: the slope by one operand that it gives, from the operands and the result."""

    operand: int
    slope: Callable[..., float]
    name: str
    advice: str


@dataclass(frozen=True)
class Operation:
    """One operation: how it is written, what it needs, its rule and where it is tried."""

    shown: str
    method: str  # which the class must have
    rule: Callable[..., Any]  # the value and the slopes, on numbers
    point: tuple[float, ...]
    call: Callable[..., Any]
    slips: tuple[Slip, ...] = ()
    turned: str = ""  # the name of the mistake of turning the operands around
    base: str = ""  # the operation that it is a case of: what is wrong there is wrong here
    is_basic: bool = True  # its absence is worth a word

    @property
    def names(self) -> str:
        """The operands, a letter each."""
        return "xy"[: len(self.point)]

    @property
    def where(self) -> str:
        """Where it is tried."""
        return f"{self.shown} {at(self.names, self.point)}"


def _by_name(rule: Callable[..., Any], number: float, *slips: Slip, basic: bool) -> Operation:
    name = rule.__name__
    return Operation(
        f"x.{name}()", name, rule, (number,), lambda x: getattr(x, name)(), slips, is_basic=basic
    )


def _with_two(
    shown: str, method: str, rule: Callable[..., Any], call: Callable[..., Any]
) -> Operation:
    """An operation with the plain number 2 as one operand."""
    turned, base = f"turns {shown} around", f"x {shown.strip('2x ')} y"
    return Operation(shown, method, rule, (3.0,), call, (), turned, base)


_POWER = (
    Slip(0, lambda x, out: 3.0 * out, "keeps the exponent", "d(xⁿ)/dx = n · xⁿ⁻¹: one less."),
    Slip(0, lambda x, out: x**2, "forgets the factor n", "d(xⁿ)/dx = n · xⁿ⁻¹: n comes down."),
)
_INPUT = "takes the input where the output belongs"
OPERATIONS = (
    Operation("x + y", "__add__", ops.add, (3.0, 4.5), lambda x, y: x + y),
    Operation("x * y", "__mul__", ops.mul, (3.0, 4.5), lambda x, y: x * y, (
        Slip(0, lambda x, y, out: x, "gives each factor its own value",
             "d(x · y)/dx = y: the slope by one factor is the other one."),
        Slip(1, lambda x, y, out: y, "gives each factor its own value",
             "d(x · y)/dy = x: the slope by one factor is the other one."),
        Slip(0, lambda x, y, out: 1.0, "treats a product as a sum",
             "d(x · y)/dx = y, not 1."),
    )),
    Operation("-x", "__neg__", lambda x: (-x, -1.0), (3.0,), lambda x: -x, (
        Slip(0, lambda x, out: 1.0, "forgets the minus of -x", "d(-x)/dx = -1."),
    )),
    Operation("x - y", "__sub__", ops.sub, (3.0, 4.5), lambda x, y: x - y, (
        Slip(1, lambda x, y, out: 1.0, "forgets the minus of d/dy of x - y", "d(x - y)/dy = -1."),
        Slip(1, lambda x, y, out: 0.0, "forgets d/dy of x - y", "d(x - y)/dy = -1."),
    ), "turns x - y around"),
    Operation("x ** 3", "__pow__", lambda x: (x**3, 3.0 * x**2), (1.5,), lambda x: x**3, _POWER),
    Operation("x ** -1", "__pow__", lambda x: (1.0 / x, -1.0 / x**2), (1.5,), lambda x: x**-1, (
        Slip(0, lambda x, out: 1.0 / x**2, "forgets the minus of d/dx of 1/x",
             "d(x⁻¹)/dx = -1 · x⁻²."),
    ), base="x ** 3"),
    Operation("x / y", "__truediv__", ops.div, (3.0, 4.5), lambda x, y: x / y, (
        Slip(1, lambda x, y, out: 0.0, "forgets d/dy of x/y",
             "Below the line counts too: d(x/y)/dy = -x / y²."),
        Slip(1, lambda x, y, out: x / y**2, "forgets the minus of d/dy of x/y",
             "x/y falls as y grows: d(x/y)/dy = -x / y²."),
        Slip(1, lambda x, y, out: -x / y, "divides once where twice belongs",
             "d(x/y)/dy = -x / y², with y squared."),
        Slip(1, lambda x, y, out: -1.0 / y**2, "forgets the x in d/dy of x/y",
             "d(x/y)/dy = -x / y²."),
        Slip(0, lambda x, y, out: y, "treats x/y as a product",
             "d(x/y)/dx = 1/y."),
    ), "turns x / y around"),
    _with_two("x + 2", "__add__", lambda x: (x + 2.0, 1.0), lambda x: x + 2.0),
    _with_two("2 + x", "__radd__", lambda x: (x + 2.0, 1.0), lambda x: 2.0 + x),
    _with_two("x * 2", "__mul__", lambda x: (x * 2.0, 2.0), lambda x: x * 2.0),
    _with_two("2 * x", "__rmul__", lambda x: (x * 2.0, 2.0), lambda x: 2.0 * x),
    _with_two("x - 2", "__sub__", lambda x: (x - 2.0, 1.0), lambda x: x - 2.0),
    _with_two("2 - x", "__rsub__", lambda x: (2.0 - x, -1.0), lambda x: 2.0 - x),
    _with_two("x / 2", "__truediv__", lambda x: (x / 2.0, 0.5), lambda x: x / 2.0),
    _with_two("2 / x", "__rtruediv__", lambda x: (2.0 / x, -2.0 / x**2), lambda x: 2.0 / x),
    _by_name(ops.exp, 0.5, Slip(0, lambda x, out: x * math.exp(x - 1.0),
             "takes exp for a power", "exp is its own slope: d(eˣ)/dx = eˣ."), basic=True),
    _by_name(ops.tanh, 0.5, Slip(0, lambda x, out: 1.0 - x * x, _INPUT,
             "d(tanh x)/dx = 1 - tanh²x: square the output, not the input."),
             Slip(0, lambda x, out: 1.0 - out, "forgets the square in 1 - tanh²",
             "d(tanh x)/dx = 1 - tanh²x."), basic=True),
    _by_name(ops.relu, 3.0, basic=True),
    _by_name(ops.relu, -3.0, Slip(0, lambda x, out: 1.0, "lets a gradient through a closed ReLU",
             "Where x < 0 the output is 0 whatever x does: its slope is 0."), basic=True),
    _by_name(ops.sigmoid, 0.5, Slip(0, lambda x, out: x * (1.0 - x), _INPUT,
             "d(sigmoid x)/dx = out · (1 - out): of the output, not the input."), basic=False),
    _by_name(ops.log, 1.5, Slip(0, lambda x, out: 1.0 / out, _INPUT, "d(log x)/dx = 1/x."),
             basic=False),
    _by_name(ops.sin, 0.5, Slip(0, lambda x, out: -math.cos(x), "has a minus too many",
             "d(sin x)/dx = cos x."), basic=False),
    _by_name(ops.cos, 0.5, Slip(0, lambda x, out: math.sin(x), "forgets the minus of d/dx of cos",
             "d(cos x)/dx = -sin x."), basic=False),
    _by_name(ops.sqrt, 1.5, Slip(0, lambda x, out: 2.0 * out, "divides the wrong way round",
             "d(√x)/dx = 1 / (2·√x)."), basic=False),
)  # fmt: skip


def check_number(student: Student, operation: Operation) -> None:
    """Whether an operation gives the right number and leaves its operands alone."""
    if not hasattr(student.kind, operation.method):
        raise NotThereError(operation.shown)
    point, where = operation.point, operation.where
    leaves = student.leaves(*point)
    try:
        node = student.compute(where, operation.call, *leaves)
    except FoundError as error:
        takes_no_number = "2" in operation.shown and "has no attribute" in error.finding.seen
        if takes_no_number or "Error: unsupported operand" in error.finding.seen:
            raise NotThereError(operation.shown) from None
        raise
    value, got = operation.rule(*point)[0], student.data(where, node)
    if not same(value, got):
        raise FoundError(_wrong_number(student, operation, value, got))
    for name, leaf, number in zip(operation.names, leaves, point, strict=True):
        if not same(student.data(name, leaf), number):
            raise FoundError(
                Finding(
                    "changes its operand",
                    f"After {where}, the data of {name} is {shown_number(leaf.data)}.",
                    "An operation makes a new node and leaves its operands as they are.",
                )
            )


def _wrong_number(student: Student, operation: Operation, value: float, got: float) -> Finding:
    seen = f"{operation.where} is {shown_number(value)}, {student.name} gives {shown_number(got)}."
    if operation.turned and (same(got, -value) or same(got * value, 1.0)):
        return Finding(operation.turned, seen, f"In {operation.shown}, mind which one comes first.")
    return Finding("computes a wrong number", seen, f"Look at {operation.method}.")


def check_slopes(student: Student, operation: Operation) -> None:
    """Whether the slopes by all operands are right, where the operation is the whole graph."""
    value, *right = operation.rule(*operation.point)
    for i, got in _wrong(right, _gradients(student, operation, lambda node, *_: node)):
        name, advice = "gives a wrong slope", "Nudge that operand by 0.001 and look."
        for slip in operation.slips:
            if slip.operand == i and same(slip.slope(*operation.point, value), got):
                name, advice = slip.name, slip.advice
                break
        raise FoundError(Finding(name, _seen(student, operation, i, right[i], got), advice))


def check_chain(student: Student, operation: Operation) -> None:
    """Whether what arrives from above is multiplied by the slopes."""
    _, *slopes = operation.rule(*operation.point)
    right = [slope * _FACTOR for slope in slopes]
    got_all = _gradients(student, operation, lambda node, *more: node * more[-1], _FACTOR)
    for i, got in _wrong(right, got_all):
        seen = _seen(student, operation, i, right[i], got, f"({operation.shown}) * {_FACTOR:g}")
        if same(got, slopes[i]):
            name = "forgets the gradient from above"
        elif same(got, slopes[i] + _FACTOR):
            name = "adds the gradient from above"
        else:
            name = "breaks the chain rule"
        advice = (
            "What arrives at the result (out.grad) is multiplied by the slope of the operation."
        )
        raise FoundError(Finding(name, seen, advice))


def check_addition(student: Student, operation: Operation) -> None:
    """Whether gradients add up at operands that something else uses too.

    The last sum of all goes first: what the operation gives comes to what is there.
    """
    _, *slopes = operation.rule(*operation.point)
    two = len(slopes) == 2
    got_all = _gradients(
        student, operation, lambda node, x, *y: (node + x) + y[0] if two else node + x
    )
    right = [slope + 1.0 for slope in slopes]
    shown = f"({operation.shown}) + x" + (" + y" if two else "")
    for i, got in _wrong(right, got_all):
        seen = _seen(student, operation, i, right[i], got, shown)
        if same(got, slopes[i]):
            raise FoundError(overwrites(operation.names[i], seen))
        raise FoundError(Finding("adds up wrongly at branches", seen, "Use += for every operand."))


def overwrites(name: str, seen: str) -> Finding:
    """The finding of `=` where `+=` belongs."""
    return Finding(
        "overwrites at branches",
        seen,
        f"{name} is used twice, so two contributions come back to it: add each one up (+=), "
        "do not write it over the other (=).",
    )


def _gradients(
    student: Student, operation: Operation, graph: Callable[..., Any], *others: float
) -> list[float]:
    """The gradients of the operands of a graph that is made of a node, its leaves and others."""
    leaves, more = student.leaves(*operation.point), student.leaves(*others)
    node = student.compute(operation.where, operation.call, *leaves)
    root = student.compute(f"a graph of {operation.where}", graph, node, *leaves, *more)
    student.backward(operation.where, root)
    return student.grads(operation.names, leaves)


def _wrong(right: Sequence[float], got: Sequence[float]) -> list[tuple[int, float]]:
    return [(i, got[i]) for i in range(len(right)) if not same(right[i], got[i])]


def _seen(
    student: Student, operation: Operation, i: int, right: float, got: float, shown: str = ""
) -> str:
    where = f"{shown or operation.shown} {at(operation.names, operation.point)}"
    return f"{where}: {wanted(operation.names[i], right, got, student.name)}"
