"""The chain rule, written out: every path from a value to a result, and what each step gives."""

# ruff: noqa: RUF002 - mathematics has signs of its own

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from autograd.calculus.readable import partial_at
from autograd.calculus.rule_names import rule_named
from autograd.engines.select import Value
from autograd.errors import FormulaError
from autograd.export.text_printer import TextPrinter
from autograd.support.provenance import check_up_to_date
from autograd.visual.arguments import expect_format, expect_value
from autograd.visual.explanation import as_html, as_latex, as_text
from autograd.visual.explanation.definitions import definition
from autograd.visual.explanation.simplified import LONGEST, simplified
from autograd.visual.explanation.story import Step, Story, WrittenPath
from autograd.visual.naming import Naming
from autograd.visual.paths import Paths, find_paths
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
    simplify: bool = True,
) -> "Explanation":
    """The chain rule for d `output` / d `input`: its paths, its factors, their products, the sum.

    The `most` paths with the largest products are written out, the rest are
    counted and added up. Values are called by their labels, or by the names of
    variables with ``names=locals()``, and the others as in ``draw(output)``. A value without
    a name goes where others on the path have one, as in a textbook, and so does a factor of 1;
    with `simplify` False every operation is a factor. No `grad` is read or changed, and hooks
    are not run. What is no Value raises TypeError,
    `most` outside of 1 to 1000 ValueError; a graph with too many paths to follow, or a
    path on which a leaf was changed since, raises GraphError.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w1"), Value(2.0, "x")
    >>> y = (w * x).tanh()
    >>> print(explain(y.square(), w, names={"y": y}))
    ∂L/∂w₁ = 1.279
    <BLANKLINE>
    w₁ → y → L
        ∂L/∂y · ∂y/∂w₁
      = 2y    · (1 − y²)·x
      = 1.523 · 0.8399
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
    naming = Naming(output, names, others=[input])
    return _Writer(paths, naming, input, number_format, simplify=bool(simplify)).explanation()


class Explanation(Story):
    """The chain rule for one pair of values, as text, LaTeX and HTML.

    `gradient` is the derivative, `count` the number of paths, `paths` those
    written out, `rest` the sum of the products of the others.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "symbols" in state:  # of a pickle from before there was one naming
            state["naming"] = state.pop("symbols")
        self.__dict__.update(state)

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
        pair = f"{self.naming.label(self.output)} by {self.naming.label(self.input)}"
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
        self, paths: Paths, naming: Naming, input: Value, number_format: str, *, simplify: bool
    ) -> None:
        self.simplify = simplify
        self.paths, self.naming, self.number_format = paths, naming, number_format
        self.output, self.input = naming.root, input
        self.steps: dict[tuple[Value, int], Step] = {}
        self.marks: dict[Value, list[str]] = {}
        self.partials: dict[Value, tuple[float, ...]] = {}

    def explanation(self) -> Explanation:
        written = tuple(self.written(path.edges, path.product) for path in self.paths.largest)
        steps = [step for path in written for step in path.steps]
        values = self.naming.values
        on_shown = {self.output, self.input}
        on_shown.update(values[key] for step in steps for key in (step.result, step.operand))
        seen = on_shown | self.seen_in([step.formula for step in steps])
        definitions: dict[Value, ast.expr | None] = {}
        shown = [_shortened(path.edges)[0] for path in self.paths.largest]
        on_a_path = {self.output, *(node for edges in shown for node, _ in edges)}
        while fresh := [node for node in seen & on_a_path if node not in definitions]:
            definitions |= {node: self.definition(node) for node in fresh}
            if not self.simplify:
                seen |= self.seen_in(definitions.values())
                break
            seen |= self.seen_in([definitions[node] for node in fresh])
        return Explanation(
            naming=self.naming,
            output=self.naming.key(self.output),
            input=self.naming.key(self.input),
            gradient=self.paths.gradient,
            count=self.paths.count,
            paths=written,
            rest=self.paths.rest,
            named=tuple(self.named(definitions, seen)),
            number_format=self.number_format,
            reason=self.reason(),
        )

    def written(self, edges: Edges, product: float) -> WrittenPath:
        """A path; of a long one without its middle."""
        if not self.simplify or len(edges) > LONGEST:
            shown, left_out = _shortened(edges)
            return WrittenPath(tuple(self.step(*edge) for edge in shown), left_out, product)
        steps = [self.step(*edge) for edge in edges]
        found, left_out = _shortened(simplified(steps, self.naming, self.paths.order))
        return WrittenPath(found, left_out, product)

    def step(self, node: Value, position: int) -> Step:
        if (node, position) not in self.steps:
            if node not in self.marks:
                self.marks[node], self.partials[node] = _marks(node.parents), node.partials
            result, operand = self.naming.key(node), self.naming.key(node.parents[position])
            mark, number = self.marks[node][position], self.partials[node][position]
            formula = self.formula(node, position)
            self.steps[node, position] = Step(result, operand, mark, formula, number)
        return self.steps[node, position]

    def formula(self, node: Value, position: int) -> ast.expr | None:
        rule = rule_named(node.op)
        if rule is None or len(node.parents) > MOST_SPELLED:
            return None
        operands = [self.naming.expression(parent) for parent in node.parents]
        numbers = [parent.data for parent in node.parents]
        out = ast.Name(self.naming.key(node), ast.Load())
        try:
            return partial_at(rule, position, numbers, operands, out)
        except (FormulaError, ArithmeticError, ValueError):
            return None  # beyond reading

    def definition(self, node: Value) -> ast.expr | None:
        if not node.parents:
            return None
        return definition(node, [self.naming.expression(x) for x in node.parents])

    def seen_in(self, expressions: Iterable[ast.expr | None]) -> set[Value]:
        """The values whose names are printed; of a long sum those in its middle are not."""
        keys: set[str] = set()

        def label(key: str) -> str:
            keys.add(key)
            return self.naming.label(key)

        printer = TextPrinter(label)
        for expression in filter(None, expressions):
            printer(expression)
        return {self.naming.values[key] for key in keys & self.naming.values.keys()}

    def named(
        self, definitions: dict[Value, ast.expr | None], seen: set[Value]
    ) -> Iterator[tuple[str, ast.expr | None, float]]:
        """Every value that is `seen`: leaves as they are met along the paths, then the results."""
        met: dict[Value, None] = {}
        visited: set[Value] = set()
        for path in self.paths.largest:
            for node, position in reversed(path.edges):
                met |= {node.parents[position]: None}
                if node not in visited:
                    visited.add(node)
                    met |= dict.fromkeys(node.parents)
        order = self.naming.order
        leaves = [value for value in [*met, *order] if not value.parents]
        for value in dict.fromkeys([*leaves, *order]):
            if value in seen:
                yield self.naming.key(value), definitions.get(value), value.data

    def reason(self) -> str:
        if self.paths.count:
            return ""
        output, input = self.naming.name(self.output), self.naming.name(self.input)
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


def _shortened(edges: tuple[Any, ...]) -> tuple[tuple[Any, ...], int]:
    """The edges, or steps, to show of a path, and how many are left out in their middle."""
    if len(edges) <= LONGEST_PATH:
        return edges, 0
    half = LONGEST_PATH // 2
    return (*edges[:half], *edges[-half:]), len(edges) - 2 * half
