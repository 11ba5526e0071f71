"""Which rule a name stands for: the `op` of a node leads back to what made it.

A name is there to be read, and two may read alike: your rule may be called ``tanh``
as one of `ops` is, or ``tanh_x`` as the derivative of that one. So nothing is
concluded from letters. A plain text is the name of a rule in `ops`; any other name
is a text that carries what it stands for: `RuleName` its rule, `DerivedName` what
it was derived from, `ByHand` and `Forgotten` that there is no rule to be had.

This file stays small, as every `import autograd` loads it; what has to read or
differentiate formulas is in `derived_rules.py`.
"""

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, Self, TypeVar

from autograd import ops

Made = TypeVar("Made")


def rule_named(name: str) -> ops.Rule | None:
    """The rule that made a node, by the node's `op`; None if the name alone does not tell."""
    if isinstance(name, RuleName):
        return name.rule
    if type(name) is not str:
        return None
    rule = getattr(ops, name, None)
    return rule if isinstance(rule, FunctionType) and is_own(rule) else None


def is_own(rule: ops.Rule) -> bool:
    """Whether `rule` is one of those in `ops`: an operation, or a part of some."""
    return rule in ops.TABLE or rule in ops.PARTS


def remember_by_name(rule: ops.Rule) -> None:
    """From now on let the name of `rule`, a function that is not in `ops`, lead back to it.

    Nodes take their `op` from ``rule.__name__``, so that is where it has to stand:
    a text equal to what stood there.
    """
    plain = type(getattr(rule, "__name__", None)) is str
    if plain and isinstance(rule, FunctionType) and not is_own(rule):
        rule.__name__ = RuleName.of(rule)


class RuleName(str):
    """The `op` of a node whose rule is not in `ops`: its name, which leads back to the rule."""

    __slots__ = ("rule",)
    rule: ops.Rule

    @classmethod
    def of(cls, rule: ops.Rule) -> Self:
        """The name of `rule`, leading back to it."""
        name = cls(rule.__name__)
        name.rule = rule
        return name

    def __reduce__(self) -> tuple[Any, ...]:
        return Forgotten, (str(self),)  # a pickle holds no functions

    def __deepcopy__(self, _: object) -> Self:
        return self


class DerivedName(str):
    """What formulas call the rule whose value is the partial of rule `base` by `operand`.

    `base` is such a name again for a second derivative.
    """

    __slots__ = ("base", "operand")
    base: str
    operand: str

    def __new__(cls, base: str, operand: str) -> Self:
        """It reads ``tanh_x``."""
        name = super().__new__(cls, f"{base}_{operand}")
        name.base, name.operand = base, operand
        return name

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.base, self.operand)

    def __deepcopy__(self, _: object) -> Self:
        return self


class Forgotten(str):
    """The `op` of a node from a pickle, whose rule was not in `ops` and did not come along."""

    __slots__ = ()
    rule = "forgotten"  # no rule of ours, whatever the name: see `ops.chooses`

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (str(self),)

    def __deepcopy__(self, _: object) -> Self:
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


# --- what is kept with a rule, and who hears of new ones ---------------------------------


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


told_of_derived: list[Callable[[ops.Rule], None]] = []


def tell_of_derived(adopt: Callable[[ops.Rule], None]) -> None:
    """Let an engine, which computes some derived rules natively, hear of each that is made."""
    told_of_derived.append(adopt)
