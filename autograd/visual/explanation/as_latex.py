"""An explanation as LaTeX math: one ``aligned`` block."""

import ast
import re
from collections.abc import Sequence

from autograd.export.latex_printer import NEW_LINE, LatexPrinter, derivative, escaped
from autograd.export.notation import NEGATIVE, PRODUCT, SUM
from autograd.visual.explanation.story import Step, Story, WrittenPath
from autograd.visual.texts import counted

FACTORS_A_LINE = 7
GAP = r" \\[1.5ex] "


def written(story: Story) -> str:
    """The whole block, without dollars around it."""
    return rf"\begin{{aligned}} {_Latex(story).body()} \end{{aligned}}"


class _Latex:
    def __init__(self, story: Story) -> None:
        self.story = story
        self.printer = LatexPrinter(story.naming.label, number_format=story.number_format)

    def body(self) -> str:
        story = self.story
        whole = derivative(self.symbol(story.output), self.symbol(story.input))
        total = self.number(story.gradient)
        if not any(path.steps for path in story.paths):
            return f"{whole} &= {total}"
        if story.count == 1:
            blocks = [f"{whole} {self.product(story.paths[0])}"]
        else:
            first, *others = story.paths
            terms = [self.number(first.product), *(self.term(path.product) for path in others)]
            more = story.count - len(story.paths)
            if more:
                note = counted(more, "more path").replace(",", "").replace(" ", r"\ ")
                note = re.sub(r"\^(\d+)", r"^{\1}", note)
                terms.append(rf"\underbrace{{{self.term(story.rest)}}}_{{\mathrm{{{note}}}}}")
            blocks = [f"{whole} &= {self.broken(terms, ' + ')}{NEW_LINE}&= {total}"]
            blocks += [
                rf"\mathrm{{path\ {number}}} {self.product(path)}"
                for number, path in enumerate(story.paths, start=1)
            ]
        return GAP.join([*blocks, self.definitions()])

    def symbol(self, key: str) -> str:
        return self.printer(ast.Name(key, ast.Load()))

    def number(self, number: float) -> str:
        return self.printer(ast.Constant(number))

    def term(self, number: float) -> str:
        return self.printer.at_least(SUM, ast.Constant(number))

    def product(self, path: WrittenPath) -> str:
        level = PRODUCT if len(path.steps) > 1 else NEGATIVE
        columns = list(zip(*(self.factor(step, level) for step in path.steps), strict=True))
        if columns[1] == columns[2]:
            del columns[1]
        if path.left_out:
            dots = rf"\cdots_{{{path.left_out}\ \mathrm{{more}}}}"
            half = len(path.steps) // 2
            columns = [(*cells[:half], dots, *cells[half:]) for cells in columns]
        rows = [self.broken(cells, r" \cdot ") for cells in columns]
        if rows[-1] != self.number(path.product):
            rows.append(self.number(path.product))
        return NEW_LINE.join(f"&= {row}" for row in rows)

    def factor(self, step: Step, level: int) -> tuple[str, str, str]:
        name = derivative(self.symbol(step.result), self.symbol(step.operand), step.mark)
        number = self.printer.at_least(level, ast.Constant(step.number))
        if step.formula is None:
            return name, number, number
        return name, self.printer.at_least(level, step.formula), number

    def broken(self, parts: Sequence[str], sign: str) -> str:
        """`parts` joined by `sign`, over as many lines as they need."""
        lines = [
            sign.join(parts[start : start + FACTORS_A_LINE])
            for start in range(0, len(parts), FACTORS_A_LINE)
        ]
        return rf"{NEW_LINE}&\quad{sign}".join(lines)

    def definitions(self) -> str:
        rows = []
        for key, expression, number in self.story.named:
            middle = f" = {self.printer(expression)}" if expression else ""
            note = self.story.naming.note(key)
            aside = rf"\quad {escaped(note)}" if note else ""
            rows.append(f"{self.symbol(key)} &{middle} = {self.number(number)}{aside}")
        rows[0] = rf"\mathrm{{where}}\quad {rows[0]}"
        return NEW_LINE.join(rows)
