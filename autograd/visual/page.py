"""Everything of ours that a browser shows: the one place that escapes, frames and completes pages.

`document` makes a whole page, which can contact no address. `framed` makes the
``text/html`` of a notebook output: JupyterLab, Notebook and exported pages run
the frame; viewers that sanitise (untrusted notebooks, code hosts) strip the
frame and the ``<style>`` rule that hides what stands beside it, and so show
that. A frame with ``sandbox="allow-scripts"`` cannot reach the page around it.
"""

import base64
import html
import json
from collections.abc import Iterable, Sequence
from typing import Any

TALLEST = 640  # pixels of a frame in a notebook, unless it says how tall it is


#: In a page: it is told the theme of the notebook around its frame (see `_TELL`).
FOLLOW = """\
addEventListener("message", ({ data }) => {
  if (["dark", "light"].includes(data?.chainrule)) {
    document.documentElement.dataset.theme = data.chainrule;
  }
});
"""

# Beside the frames in a notebook, where that runs scripts: what colour is behind them?
_TELL = """\
(() => {
  const tell = () => {
    for (const frame of document.querySelectorAll("iframe.chainrule")) {
      let behind = frame, colour = "";
      while ((behind = behind.parentElement)) {
        colour = getComputedStyle(behind).backgroundColor;
        if (!/^(transparent|rgba\\(.*, 0\\))$/.test(colour)) break;
      }
      const [red, green, blue] = behind ? colour.match(/[\\d.]+/g).map(Number) : [255, 255, 255];
      const theme = 0.3 * red + 0.6 * green + 0.1 * blue < 128 ? "dark" : "light";
      frame.contentWindow?.postMessage({ chainrule: theme }, "*");
    }
  };
  for (const frame of document.querySelectorAll("iframe.chainrule")) {
    frame.addEventListener("load", tell);
  }
  tell();
  if (window.chainruleTells) return;
  window.chainruleTells = new MutationObserver(() => setTimeout(tell, 200));
  for (const element of [document.documentElement, document.body]) {
    window.chainruleTells.observe(element, { attributes: true });
  }
})();
"""


def themed(light: str, dark: str | None) -> str:
    """Variables of a style sheet, such as ``--ink: #000;``; `dark` where that is wanted."""
    if dark is None:
        return f":root {{ {light} }}\n"
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f':root[data-theme="light"] {{ color-scheme: light; {light} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {dark} }}\n'
        f"@media print {{ :root, :root[data-theme] {{ color-scheme: light; {light} }} }}\n"
    )


def document(
    body: str,
    *,
    title: str,
    style: str = "",
    script: str = "",
    background: str = "#ffffff",
) -> str:
    """A complete page that works offline; `body`, `style` and `script` must be safe already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>html, body {{ margin: 0; background: {background}; }}\n{style}</style>\n"
        f"</head>\n<body>\n{body}\n"
        + (f"<script>\n{script}\n</script>\n" if script else "")
        + "</body>\n</html>\n"
    )


def _policy(script: str) -> str:
    """No address can be contacted: what a page needs is in the page."""
    scripts = "script-src 'unsafe-inline'; " if script else ""
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; {scripts}"
        "base-uri 'none'; form-action 'none'"
    )


def framed(
    page: str,
    fallback: str,
    *,
    title: str,
    height: float,
    width: float | None = None,
    least: float = 120.0,
    scripts: bool = True,
    follows: bool = False,
) -> str:
    """HTML for a notebook: `page` in a sandboxed frame, or `fallback` where frames are cut.

    `fallback` is one element, such as an `image`. With a `width` the frame is as
    large as the page wants to be, in pixels; narrower outputs keep the proportions, but no
    frame is lower than `least` or taller than `TALLEST`. Without, it is as wide as
    the output and as tall as `height`. Scripts of the page run unless `scripts` is False.
    With `follows` the page has `FOLLOW`, and is told the theme of the notebook.
    """
    size = f"width:100%;height:{height:.0f}px"
    if width is not None:
        shape = f"max-width:{width:.0f}px;aspect-ratio:{width:.0f}/{height:.0f}"
        size = f"width:100%;{shape};max-height:{TALLEST}px;min-height:{least:.0f}px"
    # The rule hides nothing in an output whose frame was cut, even if it came from another output;
    # "!important", because JupyterLab has a rule of its own for pictures in outputs.
    return (
        f'<iframe sandbox="{"allow-scripts" if scripts else ""}" srcdoc="{escape(page)}" '
        f'class="chainrule" title="{escape(title)}" style="display:block;border:0;{size}">'
        "</iframe><style>iframe.chainrule + style + * {display:none !important}</style>"
        f"{fallback}" + (f"<script>{_TELL}</script>" if follows else "")
    )


def style_element(sheet: str) -> str:
    """A style sheet of ours as an element of a page or of an SVG."""
    return f"<style>\n{sheet}\n</style>"


def escape(text: str) -> str:
    """`text` as it may stand in HTML and SVG, between elements and in quoted attributes."""
    return html.escape(text)


def image(content: bytes | str, kind: str, alt: str, width: float | None = None) -> str:
    """An ``<img>`` that holds its own data, of the media type `kind`; as wide as it says."""
    encoded = base64_text(content.encode() if isinstance(content, str) else content)
    size = "" if width is None else f'width="{width:.0f}" '
    return f'<img alt="{escape(alt)}" {size}src="data:{kind};base64,{encoded}">'


def captioned(picture: str, text: str) -> str:
    """A picture, an element of ours, with a line of text below it."""
    return f"<figure style='margin:0'>{picture}<figcaption>{escape(text)}</figcaption></figure>"


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1
) -> str:
    """A table for the output of a cell, in the colours around it; every text is escaped.

    The first columns, so many as `texts`, stand to the left, numbers to the right.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        sides = ["left"] * texts + ["right"] * (len(cells) - texts)
        return "".join(
            f'<{tag} style="text-align:{side};padding:2px 14px 2px 0">{escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return (
        f'<table><caption style="text-align:left;padding:2px 0">{escape(caption)}</caption>'
        f"<thead><tr>{line(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"
    )


def base64_text(content: bytes) -> str:
    """`content` as the text after the comma of a data address."""
    return base64.b64encode(content).decode("ascii")


def script_json(content: Any) -> str:
    """`content` as JSON that may stand inside ``<script>``, whatever texts it holds."""
    text = json.dumps(content, allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def data_element(name: str, content: Any) -> str:
    """An element with the id `name` that shows nothing and holds `content` as JSON for scripts."""
    return f'<script type="application/json" id="{escape(name)}">{script_json(content)}</script>'
