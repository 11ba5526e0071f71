"""Pages that notebooks show in a frame of their own, with a still picture where scripts are cut.

`framed` makes the ``text/html`` of a notebook output. JupyterLab, Notebook and
exported pages run the frame; viewers that sanitise (untrusted notebooks, code
hosts) strip the frame and the ``<style>`` rule that hides the still picture,
and so show that. A frame with ``sandbox="allow-scripts"`` cannot reach the
page around it.
"""

import base64
import html
import json
from typing import Any

# No address can be contacted: what a page needs is in the page.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
TALLEST = 640  # pixels of a frame in a notebook
BUTTONS = 32  # pixels below a picture, so that its buttons cover nothing


def document(
    body: str, *, title: str, style: str = "", script: str = "", background: str = "#ffffff"
) -> str:
    """A complete page that works offline; `body`, `style` and `script` must be safe already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>html, body {{ margin: 0; background: {background}; }}\n{style}</style>\n"
        f"</head>\n<body>\n{body}\n<script>\n{script}\n</script>\n</body>\n</html>\n"
    )


def framed(
    page: str, still_svg: str, *, title: str, width: float, height: float, least: float = 120.0
) -> str:
    """HTML for a notebook: `page` in a sandboxed frame, or `still_svg` where frames are cut.

    `width` and `height` are those the page wants, in pixels; narrower outputs
    keep the proportions, but no frame is lower than `least` or taller than `TALLEST`.
    """
    encoded = base64.b64encode(still_svg.encode()).decode("ascii")
    heights = f"max-height:{TALLEST}px;min-height:{least:.0f}px"
    shape = f"aspect-ratio:{width:.0f}/{height:.0f};{heights}"
    title = html.escape(title)
    # The rule hides nothing in an output whose frame was cut, even if it came from another output;
    # "!important", because JupyterLab has a rule of its own for pictures in outputs.
    return (
        f'<iframe class="chainrule" sandbox="allow-scripts" srcdoc="{html.escape(page)}" '
        f'title="{title}" '
        f'style="display:block;border:0;width:100%;max-width:{width:.0f}px;{shape}"></iframe>'
        "<style>iframe.chainrule ~ img{display:none !important}</style>"
        f'<img alt="{title}" src="data:image/svg+xml;base64,{encoded}">'
    )


def script_json(content: Any) -> str:
    """`content` as JSON that may stand inside ``<script>``, whatever texts it holds."""
    text = json.dumps(content, allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def zoomable(svg: str, *, title: str, background: str = "#ffffff", ink: str = "#202124") -> str:
    """A page that shows `svg` fitted to the window: wheel, drag and keys zoom and move it."""
    body = (
        f'<main tabindex="0">{svg}</main>\n'
        '<nav aria-label="Zoom"><button id="in" title="zoom in (+)" aria-label="Zoom in">+</button>'
        '<button id="out" title="zoom out (-)" aria-label="Zoom out">&minus;</button>'
        '<button id="fit" title="fit (0)" aria-label="Fit the whole picture">fit</button></nav>'
    )
    style = (
        STYLE.replace("INK", ink).replace("BACKGROUND", background).replace("BUTTONS", str(BUTTONS))
    )
    return document(body, title=title, style=style, script=SCRIPT, background=background)


STYLE = """\
html, body { height: 100%; }
body { overflow: hidden; }
main { height: calc(100% - BUTTONSpx); cursor: grab; outline: none; touch-action: none;
  user-select: none; -webkit-user-select: none; }
main:active { cursor: grabbing; }
main:focus-visible { box-shadow: inset 0 0 0 2px #4285f4; }
main > svg { display: block; width: 100%; height: 100%; }
nav { height: 28px; padding-left: 8px; display: flex; gap: 4px; opacity: 0.25;
  transition: opacity 0.15s; }
body:hover nav, nav:focus-within { opacity: 1; }
button { font: 12px/1 Helvetica, Arial, sans-serif; min-width: 26px; height: 24px; color: INK;
  background: BACKGROUND; border: 1px solid #80868b; border-radius: 5px; cursor: pointer; }
button:hover, button:focus-visible { border-color: #4285f4; outline: none; color: #4285f4; }
"""

SCRIPT = """\
"use strict";
const main = document.querySelector("main");
const svg = main.querySelector("svg");
const whole = svg.viewBox.baseVal;
const home = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
let view, fitted;

function show(next) {
  view = next;
  svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
}

// The whole picture, centred, but never larger than it was drawn.
function fit() {
  const scale = Math.min(1, main.clientWidth / home.width, main.clientHeight / home.height) || 1;
  const width = main.clientWidth / scale, height = main.clientHeight / scale;
  show({ x: home.x + (home.width - width) / 2, y: home.y + (home.height - height) / 2,
         width, height });
  fitted = size();
}

function size() {
  return `${main.clientWidth} ${main.clientHeight}`;
}

// By `factor`, so that the point at (x, y) of the picture stays where it is.
function zoom(factor, x = main.clientWidth / 2, y = main.clientHeight / 2) {
  const width = Math.min(Math.max(view.width / factor, 40), home.width * 20 + 1000);
  const left = x / main.clientWidth, top = y / main.clientHeight, ratio = width / view.width;
  show({ x: view.x + left * (view.width - width),
         y: view.y + top * view.height * (1 - ratio), width, height: view.height * ratio });
}

function move(dx, dy) {
  show({ ...view, x: view.x - dx * view.width / main.clientWidth,
         y: view.y - dy * view.height / main.clientHeight });
}

// Inside a notebook the wheel scrolls the notebook until the picture has been clicked.
main.addEventListener("wheel", event => {
  if (!document.hasFocus() && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 300), event.clientX, event.clientY);
}, { passive: false });

const fingers = new Map();
main.addEventListener("pointerdown", event => {
  main.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, event);
});
main.addEventListener("pointermove", event => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const other = [...fingers.values()].find(finger => finger.pointerId !== event.pointerId);
  if (other) {
    const distance = finger =>
      Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    zoom(distance(event) / (distance(before) || 1), other.clientX, other.clientY);
  } else {
    move(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  fingers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"])
  main.addEventListener(end, event => fingers.delete(event.pointerId));

const keys = {
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": fit, "f": fit,
  ArrowLeft: () => move(40, 0), ArrowRight: () => move(-40, 0),
  ArrowUp: () => move(0, 40), ArrowDown: () => move(0, -40),
};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
document.getElementById("in").addEventListener("click", () => zoom(1.25));
document.getElementById("out").addEventListener("click", () => zoom(0.8));
document.getElementById("fit").addEventListener("click", fit);
fit();
// Not the event "resize": a frame may get its first size after this script has run.
new ResizeObserver(() => { if (fitted !== size()) fit(); }).observe(main);
"""
