"""What values are called in formulas: by their names, or v1, v2 ..., no two the same."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from autograd.calculus.readable import value_at
from autograd.calculus.rule_names import ByHand, RuleName, rule_named
from autograd.calculus.simplify import constant
from autograd.engines.select import Value
from autograd.export.notation import Symbol, operation, symbol_of
from autograd.export.text_printer import TextPrinter
from autograd.visual.graph.grouping import scope_of
from autograd.visual.texts import printable


class Symbols:
    """One symbol for each value of a formula, given when it is first asked for.

    `names` are those wanted; one that another value has already makes way for v1, v2, ...
    """

    def __init__(self, names: Mapping[Value, str]) -> None:
        self.names = names
        self.values: dict[str, Value] = {}  # by their keys, the names in expressions
        self.keys: dict[Value, str] = {}
        self.labels: dict[str, str] = {}  # by key
        self.taken: set[Symbol] = set()
        self.wanted = {symbol_of(printable(name)) for name in names.values()}
        self.counted = 0

    def key(self, value: Value) -> str:
        """The name that stands for `value` in an expression."""
        if value not in self.keys:
            key = self.keys[value] = f"value {len(self.keys)}"
            self.values[key] = value
        return self.keys[value]

    def expression(self, value: Value) -> ast.expr:
        """`value` as an operand: its number if it is one, else its name."""
        if self.is_plain_number(value):
            return constant(value.data)
        return ast.Name(self.key(value), ast.Load())

    def label(self, key: str) -> str:
        """The label printed for a name in an expression; others than keys stay as they are."""
        if key not in self.values:
            return key
        if key not in self.labels:
            self.name(self.values[key])
        return self.labels[key]

    def name(self, value: Value, otherwise: str = "") -> str:
        """The name of `value`; `otherwise` if it has none of its own and that is free."""
        key = self.key(value)
        if key not in self.labels:
            label = printable(self.names.get(value, ""))
            if not label or symbol_of(label) in self.taken:
                label = otherwise if otherwise and self.is_free(otherwise) else self.fresh()
            self.labels[key] = label
            self.taken.add(symbol_of(label))
        return self.labels[key]

    def settle(self, expressions: Iterable[ast.expr | None]) -> None:
        """Give a name to everything that will be seen of `expressions`, in their order."""
        printer = TextPrinter(self.label)
        for expression in expressions:
            if expression is not None:
                printer(expression)

    def note(self, key: str) -> str:
        """Where a leaf was made, and its own name if another value took it."""
        value = self.values[key]
        own = printable(self.names.get(value, ""))
        renamed = own not in ("", self.labels[key])
        scope = printable(scope_of(value))
        if value.parents or not (scope or renamed):
            return ""
        place = f"in {scope}" if scope else ""
        return f"{own} {place}".strip() if renamed else place

    def is_plain_number(self, value: Value) -> bool:
        """Whether `value` is a number that entered an expression, not a constant with a name."""
        return not (value.parents or value.requires_grad or self.names.get(value))

    def is_free(self, label: str) -> bool:
        """Whether no value has or wants the symbol of `label`."""
        symbol = symbol_of(label)
        return symbol not in self.taken and symbol not in self.wanted

    def fresh(self) -> str:
        """The next of v1, v2, ... that is free."""
        while True:
            self.counted += 1
            if self.is_free(f"v{self.counted}"):
                return f"v{self.counted}"


def definition(value: Value, operands: Sequence[ast.expr]) -> ast.expr:
    """The operation that made `value`, over the expressions of its operands."""
    if isinstance(value.op, ByHand):  # whatever its maker calls it, it may be something else
        return operation("made by hand", operands)
    rule = rule_named(value.op)
    if (
        rule is not None and isinstance(value.op, RuleName) and hasattr(rule, "formula")
    ):  # a derivative: spell it out
        numbers = [parent.data for parent in value.parents]
        with suppress(ArithmeticError, ValueError):  # where a leaf's data was changed since
            return value_at(rule, numbers, operands)
    return operation(value.op, operands)
