"""A student's class under test: how it is run, how its numbers are read, what is found in it."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograd.errors import ChainruleError

_HERE = str(Path(__file__).parent)


@dataclass(frozen=True)
class Finding:
    """One thing that was found: what it is called, what was seen, and what to do about it.

    `also` are further places where the same was seen.
    """

    name: str
    seen: str
    advice: str
    also: tuple[str, ...] = ()


class FoundError(ChainruleError, AssertionError):
    """A check ends here: this was found."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.name)
        self.finding = finding


class NotThereError(ChainruleError, NotImplementedError):
    """A check ends here: what it asks for is not there yet."""


class Student:
    """A student's class, which may do anything."""

    def __init__(self, kind: Any) -> None:
        self.kind, self.name = kind, kind.__name__

    def attempt(self, shown: str, function: Callable[..., Any], *given: Any) -> Any:
        """What the student's code gives; what it raises is a finding."""
        try:
            return function(*given)
        except (FoundError, NotThereError):
            raise
        except (NotImplementedError, AssertionError) as error:  # "not supported": honest
            raise NotThereError(str(error)) from None
        except RecursionError:
            raise FoundError(
                Finding(
                    "calls itself without end",
                    f"{shown} never comes to an end: Python stopped it.",
                    "Look for a method that uses its own operator, as __sub__ written with '-', "
                    "or two that call each other.",
                )
            ) from None
        except Exception as error:  # noqa: BLE001 - anything may be in there
            raise FoundError(self._raised(shown, error)) from None

    def _raised(self, shown: str, error: Exception) -> Finding:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if _HERE not in f.filename]
        where = f", in {frames[-1].name}: `{frames[-1].line}`" if frames and frames[-1].line else ""
        seen = f"{shown} raises {type(error).__name__}: {error}{where}."
        if "NoneType" in str(error):
            return Finding(
                "starts from None",
                seen,
                "A gradient that nothing has reached yet is 0.0: set self.grad = 0.0 in __init__.",
            )
        return Finding("raises an error", seen, "Call it by hand with the same numbers.")

    def leaves(self, *numbers: float) -> list[Any]:
        """Values without a history."""
        return [self.attempt(f"{self.name}({x:g})", self.kind, x) for x in numbers]

    def compute(self, shown: str, function: Callable[..., Any], *leaves: Any) -> Any:
        """A node that the student's operators make."""
        node = self.attempt(shown, function, *leaves)
        if node is NotImplemented:
            raise NotThereError(shown)
        if isinstance(node, self.kind) or (hasattr(node, "data") and hasattr(node, "grad")):
            return node
        raise FoundError(
            Finding(
                "loses the graph",
                f"{shown} gives {node!r}, of type {type(node).__name__}.",
                f"An operation gives a new {self.name}, which knows what it was made from.",
            )
        )

    def backward(self, shown: str, node: Any) -> None:
        """One pass backwards."""
        self.attempt(f"backward() of {shown}", node.backward)

    def data(self, shown: str, node: Any) -> float:
        """The number of a node."""
        return float(self.attempt(f"float of the data of {shown}", float, node.data))

    def grad(self, shown: str, node: Any) -> float:
        """The gradient of a node; None counts as 0."""
        grad = node.grad if node.grad is not None else 0.0
        grad = getattr(grad, "data", grad) if not hasattr(grad, "__float__") else grad
        return float(self.attempt(f"float of the gradient of {shown}", float, grad))

    def grads(self, names: str, nodes: Sequence[Any]) -> list[float]:
        """The gradients of nodes that are called `names`, a letter each."""
        return [self.grad(name, node) for name, node in zip(names, nodes, strict=True)]


def same(one: float, other: float) -> bool:
    """Whether two numbers are the same but for rounding, single precision included."""
    return abs(one - other) <= 1e-6 * max(1.0, abs(one), abs(other))


def all_same(some: Sequence[float], others: Sequence[float]) -> bool:
    """Whether each number is the same as its counterpart."""
    return all(same(one, other) for one, other in zip(some, others, strict=True))


def shown_number(number: float) -> str:
    """A number as a student reads it: six digits."""
    return f"{number + 0.0:.6g}"


def at(names: str, numbers: Sequence[float]) -> str:
    """Where a graph was computed: ``at x = 3, y = 4``."""
    pairs = zip(names, numbers, strict=True)
    return "at " + ", ".join(f"{name} = {number:g}" for name, number in pairs)


def wanted(what: str, right: float, got: float, name: str) -> str:
    """What came out, beside what should have."""
    return f"the gradient of {what} is {shown_number(right)}, {name} gives {shown_number(got)}."
