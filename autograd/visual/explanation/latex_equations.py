"""The expression of a value as LaTeX: in one line, or in named intermediate steps."""

import ast
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

from autograd.engines.select import Value
from autograd.errors import GraphError
from autograd.export.latex_printer import NEW_LINE, LatexPrinter
from autograd.support.provenance import check_up_to_date
from autograd.visual.arguments import expect_format, expect_value
from autograd.visual.explanation.definitions import definition
from autograd.visual.naming import Naming

MOST = 300  # values; nobody reads a longer formula
LONGEST = 16  # names and numbers in one line; what is longer is broken into named steps


class Latex(str):
    """LaTeX math, without the dollars around it; notebooks show it typeset."""

    __slots__ = ()

    def __new__(cls, formula: str) -> Self:
        """A formula that is LaTeX already."""
        return str.__new__(cls, formula)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self}$"


def latex(
    value: Value,
    *,
    substitute: str = "symbols",
    names: Mapping[str, Any] | None = None,
    number_format: str = ".4g",
) -> Latex:
    r"""The expression that computed `value`, as LaTeX math.

    `substitute` says what stands for the leaves: ``"symbols"`` (the label w1 as
    w with an index, alpha as the letter), ``"labels"`` (letter for letter), or
    ``"numbers"``. What is long or used more than once becomes a named step. What
    has no label is called as in `draw`, or as its variable with ``names=locals()``.
    More than 300 values raise GraphError, and so do numbers of which
    some are no longer those that others were computed from.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w1"), Value(2.0, "x")
    >>> print(latex((w * x).tanh() ** 2))
    \tanh^{2}\left(w_{1} \, x\right)
    """
    expect_value("latex", value)
    if substitute not in ("symbols", "labels", "numbers"):
        raise ValueError(f"substitute is 'symbols', 'labels' or 'numbers', got {substitute!r}")
    expect_format(number_format)
    naming = Naming(value, names)
    order = naming.order
    if substitute == "numbers":
        check_up_to_date(order)
    if len(order) > MOST:
        raise GraphError(
            f"{len(order)} values make no formula that can be read (at most {MOST} do): "
            "print a value nearer to the leaves, or draw the graph"
        )
    return _Equations(naming, substitute, number_format).written()


class _Equations:
    """Builds the expression of each value from those of its operands, in topological order."""

    def __init__(self, naming: Naming, substitute: str, number_format: str) -> None:
        self.order, self.naming, self.substitute = naming.order, naming, substitute
        self.printer = LatexPrinter(
            naming.label, number_format=number_format, spelled=substitute == "labels"
        )
        self.expressions: dict[Value, ast.expr] = {}
        self.sizes: dict[Value, int] = {}
        self.steps: set[Value] = set()  # what has a line of its own

    def written(self) -> Latex:
        root = self.order[-1]
        uses = Counter(parent for node in self.order for parent in node.parents)
        for node in self.order:
            self.build(node)
            if node.parents and (uses[node] > 1 or node is root or self.naming.has_name(node)):
                self.steps.add(node)
        if self.steps == {root} and not self.naming.own(root):
            result = self.printer(self.expressions[root])
            return Latex(self.with_number(result, root))
        steps = [node for node in self.order if node in self.steps]
        lines = [self.line(node) for node in steps]
        if not lines:
            return Latex(self.printer(self.operand(root)))
        if len(lines) == 1:
            return Latex(lines[0].replace(" &= ", " = "))
        return Latex(rf"\begin{{aligned}} {NEW_LINE.join(lines)} \end{{aligned}}")

    def build(self, node: Value) -> None:
        """The expression of one node; operands that make it too long become steps."""
        if not node.parents:
            return
        size = sum(self.size(parent) for parent in node.parents)
        for parent in sorted(dict.fromkeys(node.parents), key=self.size, reverse=True):
            if size <= LONGEST or self.size(parent) == 1:
                break
            size -= self.size(parent) - 1
            self.steps.add(parent)
        operands = [self.operand(parent) for parent in node.parents]
        self.expressions[node] = definition(node, operands)
        self.sizes[node] = 1 + sum(self.size(parent) for parent in node.parents)

    def size(self, node: Value) -> int:
        return 1 if node in self.steps else self.sizes.get(node, 1)

    def operand(self, node: Value) -> ast.expr:
        if node.parents and node not in self.steps:
            return self.expressions[node]
        if not node.parents and (self.substitute == "numbers" or self.naming.is_plain_number(node)):
            return ast.Constant(node.data)
        return ast.Name(self.naming.key(node), ast.Load())

    def line(self, node: Value) -> str:
        name = self.printer(ast.Name(self.naming.key(node), ast.Load()))
        return self.with_number(f"{name} &= {self.printer(self.expressions[node])}", node)

    def with_number(self, text: str, node: Value) -> str:
        if self.substitute != "numbers":
            return text
        return f"{text} = {self.printer(ast.Constant(node.data))}"
