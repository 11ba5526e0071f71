"""An explanation as a piece of a page: tables of text, without scripts or style sheets."""

from autograd.visual.explanation.as_text import Cells
from autograd.visual.explanation.story import Story, WrittenPath
from autograd.visual.page import escape
from autograd.visual.themes import THEMES, TO_BE_MIXED

# The colours of pictures, mixed with that of the text around them: so they can be read on light and
# on dark pages. What knows no mixing shows those of light pages.
_LIGHT = THEMES["light"]
_FONT = "font:15px/1.5 Cambria,'DejaVu Serif',Georgia,serif"
_CELL = "padding:1px 6px;text-align:center;border:0;background:none;white-space:nowrap"
_LEFT = _CELL.replace("center", "left")


def written(story: Story) -> str:
    """The whole piece, in one ``<div>``; whatever labels hold is escaped."""
    return _Html(story).whole_piece()


class _Html(Cells):
    def whole_piece(self) -> str:
        story = self.story
        head = f"<b>{escape(self.whole())} = {self.coloured(story.gradient, 'gradient')}</b>"
        several = story.count > 1
        if not story.count:
            head += f": {escape(story.reason)}"
        elif several:
            head += f", the sum over {self.count(story.count)}"
        parts = [f"<p style='margin:.3em 0'>{head}</p>"]
        for number, path in enumerate(story.paths, start=1):
            if path.steps:
                title = f"path {number}: " if several else ""
                parts.append(_paragraph(f"{title}{escape(self.route(path))}"))
                parts.append(self.product(path))
        if several:
            parts.append(self.sum())
        if self.marks():
            parts.append(_paragraph(escape(self.marks())))
        if any(path.steps for path in story.paths):
            parts += [_paragraph("where"), self.definitions_table()]
        # The two classes keep a notebook from reading dollars in labels as mathematics.
        return (
            f'<div class="tex2jax_ignore mathjax_ignore" style="{_FONT};overflow-x:auto">'
            f"{''.join(parts)}</div>"
        )

    def coloured(self, number: float, quantity: str) -> str:
        return _coloured(self.number(number), quantity)

    def product(self, path: WrittenPath) -> str:
        rows = [list(row) for row in zip(*self.factors(path), strict=True)]
        if rows[1] == rows[2]:
            del rows[1]
        rows = [[escape(cell) for cell in row] for row in rows]
        rows[-1] = [_coloured(cell, "local", escaped=True) for cell in rows[-1]]
        for row in rows:
            if path.left_out:
                row.insert(len(row) // 2, f"… {path.left_out:,} more …")
        ends = ["", *["="] * (len(rows) - 1)]
        lines = []
        for start, row in zip(ends, rows, strict=True):
            cells = f"</td><td style='{_CELL}'>·</td><td style='{_CELL}'>".join(row)
            lines.append(f"<td style='{_CELL}'>{start}</td><td style='{_CELL}'>{cells}</td>")
        result = self.coloured(path.product, "contribution" if self.story.count > 1 else "gradient")
        lines[-1] += f"<td style='{_CELL}'>=</td><td style='{_CELL}'><b>{result}</b></td>"
        return _table(lines)

    def sum(self) -> str:
        story = self.story
        text = ""
        if story.count > len(story.paths):
            text = f"{self.rest()}, together {self.coloured(story.rest, 'contribution')}<br>"
        terms = [_coloured(term, "contribution") for term in self.terms()]
        total = self.coloured(story.gradient, "gradient")
        return _paragraph(f"{text}sum: {' + '.join(terms)} = <b>{total}</b>")

    def definitions_table(self) -> str:
        lines = []
        for name, expression, number, note in self.definitions():
            value = _coloured(number, "data")
            cells = [f"= {escape(expression)}"] if expression else []
            cells = [escape(name), *cells, f"= {value}", f"({escape(note)})" if note else ""]
            lines.append("".join(f"<td style='{_LEFT}'>{cell}</td>" for cell in cells))
        return _table(lines)


def _coloured(text: str, quantity: str, *, escaped: bool = False) -> str:
    plain, bright = getattr(_LIGHT, quantity), TO_BE_MIXED[quantity]
    style = f"color:{plain};color:color-mix(in srgb, {bright} 65%, currentColor)"
    return f'<span style="{style}">{text if escaped else escape(text)}</span>'


def _paragraph(text: str) -> str:
    return f"<p style='margin:.6em 0 .1em'>{text}</p>"


def _table(rows: list[str]) -> str:
    body = "".join(f"<tr style='background:none;border:0'>{row}</tr>" for row in rows)
    style = "margin:0;border:0;border-collapse:collapse;font:inherit;color:inherit"
    return f"<table style='{style}'>{body}</table>"
