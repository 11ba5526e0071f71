"""The chain rule, written out: every path from a value to a result, and what each step gives."""

# ruff: noqa: RUF002 - mathematics has signs of its own

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from autograd.calculus.readable import partial_at
from autograd.calculus.rule_names import rule_named
from autograd.engines.select import Value, topological_order
from autograd.errors import FormulaError
from autograd.support.provenance import check_up_to_date
from autograd.visual.arguments import expect_format, expect_value
from autograd.visual.explanation import as_html, as_latex, as_text
from autograd.visual.explanation.paths import Paths, find_paths
from autograd.visual.naming import names_of
from autograd.visual.symbols import Symbols, definition
from autograd.visual.texts import counted, for_terminal

Edges: TypeAlias = tuple[tuple[Value, int], ...]

MOST_WRITTEN = 1000  # paths
MOST_SPELLED = 256  # operands of an operation whose partials are written as formulas
LONGEST_PATH = 14  # factors; of a longer product the middle is left out, and said so


def explain(
    output: Value,
    input: Value,
    *,
    most: int = 10,
    names: Mapping[str, Any] | None = None,
    number_format: str = ".4g",
) -> "Explanation":
    """The chain rule for d `output` / d `input`: its paths, its factors, their products, the sum.

    The `most` paths with the largest products are written out, the rest are
    counted and added up. Values are called by their labels, or by the names of
    variables with ``names=locals()``. No `grad` is read or changed, and hooks
    are not run. What is no Value raises TypeError, `most` outside of 1 to 1000
    ValueError; a graph with too many paths to follow, or a path on which a leaf
    was changed since, raises GraphError.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w1"), Value(2.0, "x")
    >>> y = (w * x).tanh()
    >>> print(explain(y.square(), w, names={"y": y}))
    ∂L/∂w₁ = 1.279
    <BLANKLINE>
    w₁ → v₁ → y → L
        ∂L/∂y · ∂y/∂v₁   · ∂v₁/∂w₁
      = 2y    · (1 − y²) · x
      = 1.523 · 0.42     · 2
      = 1.279
    <BLANKLINE>
    where
      w₁ = 0.5
      x  = 2
      v₁ = w₁·x     = 1
      y  = tanh(v₁) = 0.7616
      L  = y²       = 0.58
    """
    expect_value("explain", output, "output")
    expect_value("explain", input, "input")
    expect_format(number_format)
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= MOST_WRITTEN:
        raise ValueError(f"most must be a whole number from 1 to {MOST_WRITTEN}, got {most!r}")
    paths = find_paths(output, input, most)
    if output is not input:
        check_up_to_date(paths.order)
    order = topological_order(output)
    symbols = Symbols(names_of([*order, input], names))
    symbols.name(output, "L" if output is not input else "x")
    symbols.name(input, "w")
    return _Writer(paths, symbols, order, input, number_format).explanation()


@dataclass(frozen=True)
class Step:
    """One factor of a product: the partial of `result` by its operand number `position`."""

    result: str  # a key of the names
    operand: str
    mark: str  # "(2)" for the second of equal operands, "" where there is but one
    formula: ast.expr | None  # None for a rule that cannot be read
    number: float


@dataclass(frozen=True)
class WrittenPath:
    """One path as shown: `steps` from the output down, without the `left_out` ones in between."""

    steps: tuple[Step, ...]
    left_out: int  # factors after the first half of `steps`
    product: float


class Explanation:
    """The chain rule for one pair of values, as text, LaTeX and HTML.

    `gradient` is the derivative, `count` the number of paths, `paths` those
    written out, `rest` the sum of the products of the others.
    """

    def __init__(
        self,
        symbols: Symbols,
        output: str,
        input: str,
        paths: Paths,
        written: tuple[WrittenPath, ...],
        named: tuple[tuple[str, ast.expr | None, float], ...],
        number_format: str,
        reason: str,
    ) -> None:
        self.symbols, self.output, self.input = symbols, output, input
        self.gradient, self.count, self.rest = paths.gradient, paths.count, paths.rest
        self.paths = written
        self.named = named  # (key, expression, number): leaves, then results
        self.number_format = number_format
        self.reason = reason  # why there is no path

    @cached_property
    def text(self) -> str:
        """For a terminal."""
        return as_text.written(self)

    @cached_property
    def latex(self) -> str:
        """LaTeX math for MathJax, KaTeX and LaTeX, without the dollars around it."""
        return as_latex.written(self)

    @cached_property
    def html(self) -> str:
        """A piece of a page: tables, without scripts."""
        return as_html.written(self)

    def __str__(self) -> str:
        return for_terminal(self.text)

    def __repr__(self) -> str:
        paths = counted(self.count, "path")
        pair = f"{self.symbols.label(self.output)} by {self.symbols.label(self.input)}"
        return f"<Explanation of {pair}: {self.gradient:{self.number_format}} over {paths}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {
            "text/plain": self.text,
            "text/latex": f"$$\n{self.latex}\n$$",
            "text/html": self.html,
        }


class _Writer:
    """Turns paths of values into steps with formulas and names."""

    def __init__(
        self,
        paths: Paths,
        symbols: Symbols,
        order: list[Value],
        input: Value,
        number_format: str,
    ) -> None:
        self.paths, self.symbols, self.number_format = paths, symbols, number_format
        self.order, self.output, self.input = order, order[-1], input
        self.steps: dict[tuple[Value, int], Step] = {}
        self.marks: dict[Value, list[str]] = {}
        self.partials: dict[Value, tuple[float, ...]] = {}

    def explanation(self) -> Explanation:
        shown = [_shortened(path.edges) for path in self.paths.largest]
        on_shown = {self.output, self.input}
        for edges, _ in shown:
            on_shown.update(node for node, _ in edges)
            on_shown.update(node.parents[position] for node, position in edges)
        order = [node for node in self.paths.order if node in on_shown]
        for node in order:
            self.symbols.name(node)
        written = tuple(
            WrittenPath(tuple(self.step(*edge) for edge in edges), left_out, path.product)
            for path, (edges, left_out) in zip(self.paths.largest, shown, strict=True)
        )
        definitions = {node: self.definition(node) for node in order}
        formulas = [step.formula for step in self.steps.values()]
        self.symbols.settle([*formulas, *definitions.values()])
        return Explanation(
            self.symbols,
            self.symbols.key(self.output),
            self.symbols.key(self.input),
            self.paths,
            written,
            tuple(self.named(definitions)),
            self.number_format,
            self.reason(),
        )

    def step(self, node: Value, position: int) -> Step:
        if (node, position) not in self.steps:
            if node not in self.marks:
                self.marks[node], self.partials[node] = _marks(node.parents), node.partials
            result, operand = self.symbols.key(node), self.symbols.key(node.parents[position])
            mark, number = self.marks[node][position], self.partials[node][position]
            formula = self.formula(node, position)
            self.steps[node, position] = Step(result, operand, mark, formula, number)
        return self.steps[node, position]

    def formula(self, node: Value, position: int) -> ast.expr | None:
        rule = rule_named(node.op)
        if rule is None or len(node.parents) > MOST_SPELLED:
            return None
        operands = [self.symbols.expression(parent) for parent in node.parents]
        numbers = [parent.data for parent in node.parents]
        out = ast.Name(self.symbols.key(node), ast.Load())
        try:
            return partial_at(rule, position, numbers, operands, out)
        except (FormulaError, ArithmeticError, ValueError):
            return None  # beyond reading

    def definition(self, node: Value) -> ast.expr | None:
        if not node.parents:
            return None
        return definition(node, [self.symbols.expression(x) for x in node.parents])

    def named(
        self, definitions: dict[Value, ast.expr | None]
    ) -> Iterator[tuple[str, ast.expr | None, float]]:
        """Every value with a name: leaves as they are met along the paths, then the results."""
        met: dict[Value, None] = {}
        visited: set[Value] = set()
        for path in self.paths.largest:
            for node, position in reversed(path.edges):
                met |= {node.parents[position]: None}
                if node not in visited:
                    visited.add(node)
                    met |= dict.fromkeys(node.parents)
        leaves = [value for value in [*met, *self.order] if not value.parents]
        for value in dict.fromkeys([*leaves, *self.order]):
            key = self.symbols.key(value)
            if key in self.symbols.labels:
                yield key, definitions.get(value), value.data

    def reason(self) -> str:
        if self.paths.count:
            return ""
        output, input = self.symbols.name(self.output), self.symbols.name(self.input)
        if not self.input.requires_grad:
            return f"{input} is a constant: it requires no gradient"
        if not self.output.parents:
            return f"{output} was not computed from anything: a leaf, detached, or under no_grad"
        return f"{output} does not depend on {input}"


def _marks(parents: Sequence[Value]) -> list[str]:
    """For each operand, which of several equal ones it is, as "(2)"; "" for the only one."""
    uses, seen = Counter(parents), Counter[Value]()
    marks = []
    for parent in parents:
        seen[parent] += 1
        marks.append(f"({seen[parent]})" if uses[parent] > 1 else "")
    return marks


def _shortened(edges: Edges) -> tuple[Edges, int]:
    """The edges to show of a path, and how many are left out in their middle."""
    if len(edges) <= LONGEST_PATH:
        return edges, 0
    half = LONGEST_PATH // 2
    return (*edges[:half], *edges[-half:]), len(edges) - 2 * half
