"""A picture that follows the theme of what shows it: light, and dark where that is wanted."""

import re
from itertools import chain

from autograd.visual.page import style_element

#: The root of such a picture has this class, which keeps its rules from other pictures in a page.
CLASS = "chainrule-auto"
_PAINTED = re.compile(r'\b(fill|stroke)="(#[0-9a-f]{6})"')


def following(light: str, dark: str) -> str:
    """`light`, an SVG, with a style sheet that turns its colours into those of `dark`.

    Both are the same picture but for colours. What has no style sheets, or no preference,
    shows it light. A page around it can ask for either with ``data-theme="dark"``.
    """
    turned: dict[tuple[str, str], str] = {}
    darker = iter(_PAINTED.findall(dark))

    def painted(found: re.Match[str]) -> str:
        kind, colour = found.groups()
        _, wanted = next(darker)
        while turned.setdefault((kind, colour), wanted) != wanted:
            colour = _next_to(colour)  # one colour that is two in the dark: a shade apart
        return f'{kind}="{colour}"'

    text = _PAINTED.sub(painted, light)
    rules = [
        (f'[{kind}="{colour}"]', f"{{{kind}:{wanted}}}")
        for (kind, colour), wanted in turned.items()
        if colour != wanted
    ]
    here = f".{CLASS}"
    preferred = [f"{here}:not([data-theme=light] *) {what}{how}" for what, how in rules]
    asked = [f"[data-theme=dark] {here} {what}{how}" for what, how in rules]
    sheet = "\n".join(chain(["@media (prefers-color-scheme: dark) {"], preferred, ["}"], asked))
    return text.replace("<svg ", f'<svg class="{CLASS}" ', 1).replace(
        "</desc>\n", f"</desc>\n{style_element(sheet)}\n", 1
    )


def _next_to(colour: str) -> str:
    """A colour that nobody can tell from it.

    >>> _next_to("#ffffff"), _next_to("#102030")
    ('#fffffe', '#10202f')
    """
    number = int(colour[1:], 16)
    return f"#{number - 1 if number & 255 else number + 1:06x}"
