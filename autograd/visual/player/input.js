// Buttons, keys and pointers; at the end, the beginning.

const stepBy = (by) => { pause(); go(position + by); };
const actions = {
  first: () => { pause(); go(0); },
  back: () => stepBy(-1),
  play: () => (timer ? pause() : play()),
  next: () => stepBy(1),
  last: () => { pause(); go(steps.length - 1); },
  help: () => at("manual").showModal(),
  closer: () => { cameraTaken = true; picture.zoom(1.25); },
  farther: () => { cameraTaken = true; picture.zoom(0.8); },
  fit: () => { cameraTaken = true; picture.fit(); },
};
for (const [id, action] of Object.entries(actions)) at(id).addEventListener("click", action);

const keys = {
  ArrowRight: actions.next, ArrowLeft: actions.back, " ": actions.play,
  Home: actions.first, End: actions.last, "?": actions.help,
  "+": actions.closer, "=": actions.closer, "-": actions.farther, 0: actions.fit,
  p: () => at("predict").click(),
  d: () => { if (!at("downhill").hidden) downhill(); },
  l: () => { lecture = !lecture; resized(); },
  Escape: () => letGo(),
};
at("picture").addEventListener("dblclick", () => typeNumber());

function typeNumber() {
  at("inspector").querySelector("input")?.select();
}

function letGo() {
  [chosen, hovered] = [null, null];
  document.activeElement?.blur();
  render();
}

addEventListener("keydown", (event) => {
  const { target } = event;
  const typing = target.matches("input:not([type=range]):not([type=checkbox]), select");
  const pressing = target.matches("button, input[type=checkbox]") && event.key === " ";
  if (event.ctrlKey || event.metaKey || event.altKey || at("manual").open) return;
  const box = target.closest?.("[data-box]");
  if (box && event.key === "Enter") {
    event.preventDefault();
    choose(Number(box.dataset.box));
    typeNumber();
    return;
  }
  if (!keys[event.key] || pressing || (typing && event.key !== "Escape")) return;
  event.preventDefault();
  keys[event.key]();
});

at("downhill").addEventListener("click", downhill);
at("scrub").addEventListener("input", () => { pause(); go(Number(at("scrub").value)); });
at("predict").addEventListener("change", () => {
  pause();
  score = { right: 0, asked: 0 };
  at("verdict").replaceChildren();
  render();
});

const boxUnder = (event) => event.target.closest?.("[data-box]");
const hover = (number) => {
  // What is being typed stays.
  if (hovered === number || timer || at("words").contains(document.activeElement)) return;
  hovered = number;
  render();
};
at("picture").addEventListener("pointerover", (event) => {
  const box = boxUnder(event);
  const one = box && view.boxes[box.dataset.box];
  if (event.pointerType !== "mouse" || pointers.size) return;
  hover(one && !one.name ? one.members[0] : null);
});
at("picture").addEventListener("pointerleave", () => hover(null));

const pointers = new Map();
let dragged = 0;
let held = null; // an input that is being dragged: its number, and how everything was before
at("picture").addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  dragged = 0;
  const box = boxUnder(event) && view.boxes[boxUnder(event).dataset.box];
  held = box && !box.name && canMove(box.members[0]) && pointers.size === 1
    ? { number: box.members[0], before: asTheyAre(), from: event.clientX } : null;
});
addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const other = [...pointers.values()].find((each) => each.pointerId !== event.pointerId);
  dragged += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  if (other) {
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const { left, top } = at("picture").getBoundingClientRect();
    picture.zoom(apart(event) / (apart(before) || 1), other.clientX - left, other.clientY - top);
  } else if (dragged > 4 && held) {
    const { number, before: was, from } = held;
    const step = stepOf(was.leaves[number]);
    nudge(number, was, was.leaves[number] + step * Math.round((event.clientX - from) / 3));
  } else if (dragged > 4) {
    picture.move(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  cameraTaken ||= dragged > 4 && !held;
  pointers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, (event) => pointers.delete(event.pointerId));
}
at("picture").addEventListener("click", (event) => {
  const box = boxUnder(event);
  if (dragged > 4) return;
  if (box) choose(Number(box.dataset.box));
  else letGo();
});
// Inside a notebook the wheel scrolls the notebook until the player has been clicked.
at("picture").addEventListener("wheel", (event) => {
  if (window !== window.top && !document.hasFocus() && !event.ctrlKey) return;
  event.preventDefault();
  cameraTaken = true;
  const { left, top } = at("picture").getBoundingClientRect();
  const turned = Math.max(-60, Math.min(60, event.deltaY));
  picture.zoom(Math.exp(-turned / 300), event.clientX - left, event.clientY - top);
}, { passive: false });
new ResizeObserver(resized).observe(at("picture"));

// --- the beginning ----------------------------------------------------------------------------

measure();
compute(leaves);
for (const part of [at("downhill"), at("rate").parentElement]) {
  part.hidden = Boolean(bug) || !leaves.some((_, number) => canMove(number));
}
at("title").textContent = told.title;
at("predict").checked = told.quiz;
announce("");
open(firstView());
