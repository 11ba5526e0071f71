"""Which rule a name stands for: the `op` of a node leads back to what made it."""

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, Self, TypeVar

from autograd import ops

Made = TypeVar("Made")

told_of_derived: list[Callable[[ops.Rule], None]] = []


def tell_of_derived(adopt: Callable[[ops.Rule], None]) -> None:
    """Let an engine, which computes some derived rules natively, hear of each that is made."""
    told_of_derived.append(adopt)


def kept_by_rule(make: Callable[..., Made]) -> Callable[..., Made]:
    """`make` of a rule, made once and kept in the rule: the two are forgotten together."""

    @wraps(make)
    def made(rule: ops.Rule, *others: Any) -> Made:
        kept: dict[Any, Made] = getattr(rule, "__dict__", {}).setdefault("kept", {})
        key = (make.__name__, *others)
        if key not in kept:
            kept[key] = make(rule, *others)
        return kept[key]

    return made


class RuleName(str):
    """The `op` of a node whose rule is not in `ops`: its name, which leads back to the rule."""

    __slots__ = ("rule",)
    rule: ops.Rule

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # a pickle holds no functions; `rule_named` says so

    def __deepcopy__(self, _: object) -> "RuleName":
        return self


class ByHand(str):
    """The `op` of a node made by hand: what its maker calls it, which names no rule of ours."""

    __slots__ = ("given",)
    given: str
    rule = "made by hand"  # no rule of ours, whatever the name: see `ops.chooses`

    def __new__(cls, given: str) -> Self:
        """The name to show; `given` may be empty."""
        name = super().__new__(cls, given or "made by hand")
        name.given = str(given)
        return name

    def __reduce__(self) -> tuple[type["ByHand"], tuple[str]]:
        return type(self), (self.given,)

    def __deepcopy__(self, _: object) -> Self:
        return self


class Unknown(ByHand):
    """The `op` of a node made by hand without its partials."""

    __slots__ = ()


def named_after(rule: ops.Rule) -> RuleName:
    """The name of `rule`, leading back to it."""
    name = RuleName(rule.__name__)
    name.rule = rule
    return name


def rule_named(name: str) -> ops.Rule | None:
    """The rule that made a node, by the node's `op`; None if the name alone does not tell."""
    if isinstance(name, RuleName):
        return name.rule
    if isinstance(name, ByHand):
        return None
    rule = getattr(ops, name, None)
    return rule if isinstance(rule, FunctionType) and is_own(rule) else None


def is_own(rule: ops.Rule) -> bool:
    """Whether `rule` is one of those in `ops`: an operation, or a part of some."""
    return rule in ops.TABLE or rule in ops.PARTS
