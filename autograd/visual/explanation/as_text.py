"""An explanation as text for a terminal."""

import ast

from autograd.export.notation import NEGATIVE, PRODUCT, SUM
from autograd.export.text_printer import TextPrinter, derivative
from autograd.visual.explanation.story import Step, Story, WrittenPath
from autograd.visual.texts import counted

WIDEST = 100  # columns; a product that is wider is written one factor to a line


def written(story: Story) -> str:
    """The whole text, without a newline at its end."""
    return "\n".join(_Text(story).lines())


class Cells:
    """The cells of an explanation, printed: also those of the HTML."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.printer = TextPrinter(story.naming.label, number_format=story.number_format)

    def symbol(self, key: str) -> str:
        """What a key is printed as."""
        return self.printer(ast.Name(key, ast.Load()))

    def number(self, number: float) -> str:
        """A number, without brackets."""
        return self.printer(ast.Constant(number))

    def factors(self, path: WrittenPath) -> list[tuple[str, str, str]]:
        """The factors of a path as they stand in a product, or alone."""
        level = PRODUCT if len(path.steps) > 1 else NEGATIVE
        return [self.factor(step, level) for step in path.steps]

    def factor(self, step: Step, level: int) -> tuple[str, str, str]:
        """∂h/∂z, its formula and its number, with brackets as `level` needs them."""
        name = derivative(self.symbol(step.result), self.symbol(step.operand), step.mark)
        number = self.printer.at_least(level, ast.Constant(step.number))
        if step.formula is None:
            return name, number, number
        return name, self.printer.at_least(level, step.formula), number

    def whole(self) -> str:
        """∂L/∂w."""
        story = self.story
        return derivative(self.symbol(story.output), self.symbol(story.input))

    def route(self, path: WrittenPath) -> str:
        """The values along a path, from the input to the output."""
        keys = [step.operand for step in reversed(path.steps)] + [self.story.output]
        symbols = [self.symbol(key) for key in keys]
        if path.left_out:
            half = len(path.steps) // 2
            symbols[half:half] = [self.symbol(path.steps[half].result), "…"]
        return " → ".join(symbols)

    def count(self, number: int) -> str:
        """A number of paths."""
        return counted(number, "path")

    def rest(self) -> str:
        """How many paths are not written out."""
        return counted(self.story.count - len(self.story.paths), "more path")

    def terms(self) -> list[str]:
        """The products of the paths and the sum of the rest, as terms of a sum."""
        first, *others = [path.product for path in self.story.paths]
        if self.story.count > len(self.story.paths):
            others.append(self.story.rest)
        return [self.number(first), *(self.printer.at_least(SUM, ast.Constant(x)) for x in others)]

    def definitions(self) -> list[tuple[str, str, str, str]]:
        """(name, expression or "", number, note) of every value that is named anywhere."""
        return [
            (
                self.symbol(key),
                self.printer(expression) if expression else "",
                self.number(number),
                self.story.naming.note(key),
            )
            for key, expression, number in self.story.named
        ]

    def marks(self) -> str:
        """What the a⁽²⁾ of ∂L/∂a⁽²⁾ means, if it occurs."""
        steps = [step for path in self.story.paths for step in path.steps if step.mark]
        if not steps:
            return ""
        symbol = self.symbol(steps[0].operand)
        marked = derivative("", symbol, "(2)").partition("/∂")[2]
        return f"{marked} is {symbol} where it stands as the second operand, and so on"


class _Text(Cells):
    def lines(self) -> list[str]:
        story = self.story
        head = f"{self.whole()} = {self.number(story.gradient)}"
        if not story.count:
            return [f"{head}: {story.reason}"]
        if story.output == story.input:
            return [f"{head}: a value by itself"]
        lines = [head]
        several = story.count > 1
        if several:
            lines[0] += f", the sum over {self.count(story.count)}"
        for number, path in enumerate(story.paths, start=1):
            lines += ["", f"path {number}: {self.route(path)}" if several else self.route(path)]
            lines += self.product(path)
        if several:
            lines += ["", *self.sum()]
        if self.marks():
            lines += ["", self.marks()]
        return [*lines, "", "where", *self.where()]

    def where(self) -> list[str]:
        rows = self.definitions()
        name_width = max(len(name) for name, _, _, _ in rows)
        width = max(len(expression) for _, expression, _, _ in rows)
        lines = []
        for name, expression, number, note in rows:
            middle = f" = {expression:{width}}" if expression else ""
            lines.append(f"  {name:{name_width}}{middle} = {number}" + (note and f"  ({note})"))
        return lines

    def product(self, path: WrittenPath) -> list[str]:
        factors = self.factors(path)
        total = self.number(path.product)
        widths = [max(map(len, factor)) for factor in factors]
        if 4 + sum(widths) + 3 * (len(widths) - 1) <= WIDEST and not path.left_out:
            rows = [
                " · ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
                for row in zip(*factors, strict=True)
            ]
            if rows[1] == rows[2]:
                del rows[1]
            ends = [] if len(factors) == 1 and rows[-1] == total else [f"  = {total}"]
            return [f"    {rows[0]}", *(f"  = {row}" for row in rows[1:]), *ends]
        return [*self.column(path), f"  = {total}"]

    def column(self, path: WrittenPath) -> list[str]:
        """One factor to a line."""
        factors = [self.factor(step, NEGATIVE) for step in path.steps]
        widths = [max(len(factor[i]) for factor in factors) for i in (0, 1)]
        lines = []
        for name, formula, number in factors:
            middle = f" = {formula:{widths[1]}}" if formula != number else ""
            lines.append(f"  · {name:{widths[0]}}{middle} = {number}")
        lines[0] = lines[0].replace("·", " ", 1)
        if path.left_out:
            lines.insert(len(lines) // 2, f"  · … {path.left_out:,} more factors …")
        return lines

    def sum(self) -> list[str]:
        story = self.story
        rest = story.count - len(story.paths)
        lines = [f"{self.rest()}, together {self.number(story.rest)}", ""] if rest else []
        total = self.number(story.gradient)
        return [*lines, f"sum: {' + '.join(self.terms())} = {total} = {self.whole()}"]
