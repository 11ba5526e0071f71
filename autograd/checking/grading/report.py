"""What is right in a student's Value class, what is not, and what that mistake is called."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from autograd.checking.grading import passes
from autograd.checking.grading.operations import (
    OPERATIONS,
    Operation,
    check_addition,
    check_chain,
    check_number,
    check_slopes,
)
from autograd.checking.grading.student import (
    Finding,
    FoundError,
    NotThereError,
    Student,
    same,
    shown_number,
)

_WIDTH = 96
_ESSENTIAL = ("x + y", "x * y", "backward()")


def grade(kind: type) -> "Grade":
    """Try a Value class of your own on small graphs, and name the mistakes in it.

    `kind` is the class itself: ``kind(2.0)`` makes a leaf with ``.data`` and ``.grad``,
    operators make nodes, and ``backward()`` of one fills the gradients in. The result
    is true when nothing is wrong and the class has ``+``, ``*`` and ``backward``; what
    else is not there yet is listed, not held against it. What the class raises is a
    finding too. Raises TypeError unless `kind` is a class.

    >>> import autograd
    >>> class Mine:
    ...     def __init__(self, data, parents=(), slopes=()):
    ...         self.data, self.grad, self.parents, self.slopes = data, 0.0, parents, slopes
    ...     def __add__(self, other):
    ...         return Mine(self.data + other.data, (self, other), (1.0, 1.0))
    ...     def backward(self, gradient=1.0):
    ...         self.grad = gradient  # should be +=
    ...         for parent, slope in zip(self.parents, self.slopes):
    ...             parent.backward(gradient * slope)
    >>> report = autograd.grade(Mine)
    >>> bool(report), [mistake.name for mistake in report.mistakes]
    (False, ['overwrites at branches'])
    >>> print(report)  # doctest: +NORMALIZE_WHITESPACE
    Mine: 1 mistake; 6 checks are right
    <BLANKLINE>
    overwrites at branches
      x + x at x = 3: the gradient of x is 2, Mine gives 1.
      x is used twice, so two contributions come back to it: add each one up (+=), do not write
      it over the other (=).
    <BLANKLINE>
    Not there yet: x * y, -x, x - y, ...
    """
    if not inspect.isclass(kind):
        shown = f"{type(kind).__name__} {kind!r}"
        raise TypeError(f"grade takes the class itself, as in grade(MyValue), got {shown}")
    return _Grading(Student(kind)).report()


@dataclass(frozen=True, repr=False)
class Grade:
    """What `grade` found: true when nothing is wrong; printed with the mistakes by name.

    Each of `mistakes` and `remarks` has a ``name``, what was ``seen`` and an ``advice``;
    remarks are of what is right, but worth knowing. `missing` is what the class does not
    have yet, `right` the number of checks that it passed.
    """

    name: str
    right: int
    mistakes: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    missing: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.mistakes and not set(self.missing) & set(_ESSENTIAL)

    def __repr__(self) -> str:
        blocks = [self._verdict(), *map(_told, self.mistakes)]
        if self.remarks:
            blocks.append("\n\n".join(["Good to know", *map(_told, self.remarks)]))
        if self.missing:
            blocks.append(_wrapped(f"Not there yet: {', '.join(self.missing)}"))
        return "\n\n".join(blocks)

    def _verdict(self) -> str:
        right = "1 check is right" if self.right == 1 else f"{self.right} checks are right"
        if not self.mistakes:
            return f"{self.name}: nothing is wrong; {right}"
        count = len(self.mistakes)
        if count == 1:
            return f"{self.name}: 1 mistake; {right}"
        return (
            f"{self.name}: {count} mistakes; {right}. Mend the first one first: it may explain more"
        )


def _told(finding: Finding) -> str:
    also = f"The same in {', '.join(finding.also)}." if finding.also else ""
    lines = [_wrapped(text, "  ") for text in (finding.seen, finding.advice, also) if text]
    return "\n".join([finding.name, *lines])


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )


class _Grading:
    """One grading: the checks in their order, and what has come of them."""

    def __init__(self, student: Student) -> None:
        self.student, self.right = student, 0
        self.mistakes: dict[str, Finding] = {}
        self.missing: list[str] = []
        self.remarks: list[Finding] = []

    def report(self) -> Grade:
        self._grade()
        return Grade(
            self.student.name,
            self.right,
            tuple(self.mistakes.values()),
            tuple(self.remarks),
            tuple(dict.fromkeys(self.missing)),
        )

    def _check(self, where: str, check: Callable[..., Any], *given: Any) -> bool:
        """Whether a check passes; what it finds is written down."""
        try:
            found = check(self.student, *given)
        except NotThereError:
            self.missing.append(where)
            return False
        except FoundError as error:
            finding = error.finding
            earlier = self.mistakes.get(finding.name)
            if earlier is None:
                self.mistakes[finding.name] = finding
            elif where not in earlier.also:
                self.mistakes[finding.name] = replace(earlier, also=(*earlier.also, where))
            return False
        self.right += 1
        self.remarks += found or []
        return True

    def _grade(self) -> None:
        if not self._check("a leaf", _check_leaf):
            return
        sound = [o for o in OPERATIONS if self._has_right_number(o)]
        if not hasattr(self.student.kind, "backward"):
            self.missing.append("backward()")
            return
        if "x + y" not in [o.shown for o in sound]:
            return
        first = (passes.check_start, passes.check_depth, passes.check_equal_numbers)
        if not all(self._check("x + y", check) for check in first):
            return
        adds_up = self._check("x + y", passes.check_same_operand)
        sound = self._sound(sound, check_slopes)
        if "x * y" in [o.shown for o in sound]:
            sound = self._sound(sound, check_chain)
        if adds_up:
            sound = self._sound(sound, check_addition)
        if adds_up and {"x + y", "x * y"} <= {o.shown for o in sound}:
            self._grade_passes(sound)

    def _has_right_number(self, operation: Operation) -> bool:
        if hasattr(self.student.kind, operation.method) or operation.is_basic:
            return self._check(operation.shown, check_number, operation)
        return False

    def _sound(self, operations: list[Operation], check: Callable[..., Any]) -> list[Operation]:
        """The operations that pass a check; cases of one that does not are not asked."""
        passed: dict[str, Operation] = {}
        known = {o.shown for o in operations}
        for operation in operations:
            asked = operation.base not in known or operation.base in passed
            if asked and self._check(operation.shown, check, operation):
                passed[operation.shown] = operation
        return list(passed.values())

    def _grade_passes(self, sound: list[Operation]) -> None:
        alone = (passes.check_order, passes.check_next_graph, passes.check_visited_again)
        if not all(self._check("a whole graph", check) for check in alone):
            return
        if self._check("a larger graph", passes.check_random_graphs, sound) and not self.mistakes:
            self.remarks += passes.remarks(self.student)


def _check_leaf(student: Student) -> None:
    """Whether a leaf can be made, and holds its number and the gradient 0."""
    [leaf] = student.leaves(3.0)
    made = f"x = {student.name}(3.0)"
    for field in ("data", "grad"):
        if not hasattr(leaf, field):
            seen = f"{made} has no attribute {field}."
            advice = "In __init__: self.data = data, self.grad = 0.0."
            raise FoundError(Finding(f"keeps no {field}", seen, advice))
    data, gradient = student.data("x", leaf), student.grad("x", leaf)
    if not same(data, 3.0):
        seen = f"{made}: x.data is 3, {student.name} gives {shown_number(data)}."
        raise FoundError(Finding("keeps another number", seen, "In __init__: self.data = data."))
    if not same(gradient, 0.0):
        seen = f"{made}: x.grad is 0 at first, {student.name} gives {shown_number(gradient)}."
        advice = "Gradients add up, so they start from 0.0; backward() sets that of its root to 1."
        raise FoundError(Finding("does not start from 0", seen, advice))
