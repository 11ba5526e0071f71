"""The page of a drawing: fitted to the window, zoomed and moved with wheel, mouse and keys."""

from autograd.visual.page import FOLLOW, document, escape, themed
from autograd.visual.themes import THEMES, Theme

BUTTONS = 32  # pixels below a picture, so that its buttons cover nothing


def zoomable(
    svg: str, *, title: str, theme: Theme = THEMES["light"], dark: Theme | None = None
) -> str:
    """A page that shows `svg` fitted to the window: wheel, drag and keys zoom and move it.

    With `dark` it is that where the reader, or the page around it, is dark.
    """
    body = (
        f'<header><h1>{escape(title)}</h1></header><main tabindex="0">{svg}</main>\n'
        '<nav aria-label="Zoom"><button id="in" title="zoom in (+)" aria-label="Zoom in">+</button>'
        '<button id="out" title="zoom out (-)" aria-label="Zoom out">&minus;</button>'
        '<button id="fit" title="fit (0)" aria-label="Fit the whole picture">fit</button></nav>'
    )
    style = themed(_variables(theme), None if dark is None else _variables(dark))
    style += STYLE.replace("BUTTONS", str(BUTTONS))
    script = (FOLLOW if dark else "") + SCRIPT
    return document(body, title=title, style=style, script=script, background="var(--background)")


def _variables(theme: Theme) -> str:
    return f"--background: {theme.background}; --ink: {theme.ink};"


STYLE = """\
html, body { height: 100%; }
body { overflow: hidden; }
main { height: calc(100% - BUTTONSpx); cursor: grab; outline: none; touch-action: none;
  user-select: none; -webkit-user-select: none; }
main:active { cursor: grabbing; }
main:focus-visible { box-shadow: inset 0 0 0 2px #4285f4; }
main > svg { display: block; width: 100%; height: 100%; }
h1 { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
nav { height: 28px; padding-left: 8px; display: flex; gap: 4px; }
button { font: 12px/1 Helvetica, Arial, sans-serif; min-width: 26px; height: 24px;
  color: var(--ink); background: var(--background); border: 1px solid transparent;
  border-radius: 5px; cursor: pointer; }
nav:hover button { border-color: #80868b; }
button:hover, button:focus-visible { border-color: #4285f4; outline: none; color: #4285f4; }
"""

SCRIPT = """\
"use strict";
const main = document.querySelector("main");
const svg = main.querySelector("svg");
const whole = svg.viewBox.baseVal;
const home = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
const drawn = svg.width.baseVal.value / whole.width; // how large it was asked to be
let view, fitted;

function show(next) {
  view = next;
  svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
}

// The whole picture, centred, but never larger than it was drawn.
function fit() {
  const [wide, high] = [main.clientWidth / home.width, main.clientHeight / home.height];
  const scale = Math.min(drawn, wide, high) || 1;
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
