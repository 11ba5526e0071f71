// The lesson: its numbers, its views, its steps, and where in them the reader is.

const at = (id) => document.getElementById(id);
const told = JSON.parse(at("graph").textContent);
const { views, bug, ...graph } = told;
const root = graph.nodes.length - 1;
const consumers = consumersOf(graph);
const counts = pathCounts(graph, consumers);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const PHASES = { given: "Start", forward: "Forward", seed: "Backward", backward: "Backward",
  again: "Again" };

const READABLE = 11 / 12; // the smallest scale: texts have 11 pixels, times `size`

const picture = new Picture(at("picture"), graph);
const edited = new Set(); // leaves whose number is not the one they came with
let leaves = graph.nodes.map((node) => Number(node.data));
let numbers; // data and partials of every node
let right; // the gradient of every node, as backward() gives it
let view; // which scopes are open
let steps;
let lastChange; // of each gradient: the number of a step
let position = 0;
let timer = null;
let chosen = null; // the node whose chain rule is shown
let hovered = null;
let score = { right: 0, asked: 0 };
let cameraTaken = false; // the reader has moved it
let viewTaken = told.asked; // the reader has said what is to be open
let lecture = false; // texts twice as large, for the last row
let size = 1; // of texts: they grow with the window

// --- numbers --------------------------------------------------------------------------

// Computes everything from these numbers of the leaves; throws NoNumber and changes nothing.
function compute(newLeaves) {
  const computed = forwardPass(graph, newLeaves);
  [leaves, numbers, right] = [newLeaves, computed, backwardPass(graph, computed.partials)];
}

function edit(number, text) {
  const typed = numberFrom(text);
  const name = nameOf(graph, numbers.data, number);
  if (typed === null) {
    announce(`${text.trim() || "Nothing"} is not a number. ${name} stays ${show(leaves[number])}.`);
    return;
  }
  try {
    compute(leaves.map((old, place) => (place === number ? typed : old)));
    edited.add(number);
    announce("");
  } catch (error) {
    if (!(error instanceof NoNumber)) throw error;
    announce(`${error.message}. ${name} stays ${show(leaves[number])}.`);
  }
  render();
}

// A number as people type it: -2, 0,5, 1/3 or 1e-3; null for anything else.
function numberFrom(text) {
  const parts = text.trim().replace(/[−–]/g, "-").replace(",", ".").split("/");
  const typed = parts.map((part) => (part.trim() === "" ? NaN : Number(part)));
  const number = typed.length === 2 ? typed[0] / typed[1] : typed[0];
  return typed.length > 2 || !Number.isFinite(number) ? null : number;
}

const mistakeOnShow = () => (bug
  ? announcement(bug, isHarmless(graph, views[0], numbers.partials, right, bug)) : "");

function announce(message) {
  at("banner").textContent = message || mistakeOnShow();
  at("banner").hidden = !at("banner").textContent;
  at("banner").classList.toggle("error", Boolean(message));
}

// --- views and steps --------------------------------------------------------------------

function open(newView) {
  const share = steps ? position / (steps.length - 1) : 0;
  view = newView;
  steps = lesson(graph, view, bug);
  lastChange = lastChanges(graph, steps);
  position = Math.round(share * (steps.length - 1));
  picture.build(view);
  at("scrub").max = steps.length - 1;
  const forward = steps.findIndex((step) => step.phase === "seed") - 1;
  at("scrub").style.setProperty("--forward", `${100 * forward / (steps.length - 1)}%`);
  cameraTaken = false;
  crumbs();
  render();
  frame();
}

// Texts grow with the window; in a lecture they are twice as large, if as much is left for the graph.
function measure() {
  const { innerWidth: width, innerHeight: height } = window;
  const grown = Math.max(1, Math.min(width / 1280, height / 760));
  const most = Math.max(1, Math.min(width / 560, height / 420));
  size = Math.min(lecture ? 2 * grown : grown, most);
  const { classList, style } = document.documentElement;
  style.setProperty("--size", size);
  classList.toggle("medium", width / size <= 900);
  classList.toggle("narrow", width / size <= 620);
  classList.toggle("short", height / size <= 620);
  classList.toggle("low", height <= 480);
  classList.toggle("lecture", lecture);
}

const leastScale = () => READABLE * (lecture ? size : 1);

function frame() {
  picture.fit(leastScale());
  picture.follow(activity());
}

// The view to begin with: with as much open as can be read in this window.
function firstView() {
  if (viewTaken) return views[0];
  const depth = (scope) => around(scope).length;
  const scopes = [...new Set(views.flatMap((each) => each.open))];
  const isLevel = ({ open: opened }) => {
    const deepest = Math.max(0, ...opened.map(depth));
    return opened.length === scopes.filter((scope) => depth(scope) <= deepest).length;
  };
  const levels = views.filter(isLevel).filter(
    (each) => each.open.every((scope) => views[0].open.includes(scope)));
  const candidates = [views[0], ...levels.toSorted((a, b) => b.open.length - a.open.length)];
  return candidates.find((each) => picture.scaleOf(each) >= leastScale())
    ?? candidates.reduce((a, b) => (picture.scaleOf(b) > picture.scaleOf(a) ? b : a));
}

// A window that has got another size: a lesson not yet begun begins with another view.
function resized() {
  measure();
  const first = viewTaken || cameraTaken || position > 0 ? view : firstView();
  if (first !== view) open(first);
  else if (!cameraTaken) frame();
}

const viewOf = (scopes) => views.find(({ open: opened }) => (
  opened.length === scopes.length && scopes.every((scope) => opened.includes(scope))));
// mlp/layer0 lies in mlp and in mlp/layer0.
const around = (scope) => scope.split("/")
  .map((_, end, parts) => parts.slice(0, end + 1).join("/"));

function openScope(scope) {
  const target = viewOf([...new Set([...view.open, ...around(scope)])]) ?? viewOf(around(scope));
  viewTaken = true;
  if (target) open(target);
}

// Buttons for the scopes around what is open: the way back.
function crumbs() {
  const all = views.find((each) => each.boxes.every((box) => !box.name));
  const deepest = view.open.find((scope) => around(scope).length === view.open.length);
  const path = deepest === undefined ? [] : around(deepest);
  const button = (text, target, title) => {
    const made = document.createElement("button");
    made.textContent = text;
    made.title = title;
    made.disabled = target === view;
    made.addEventListener("click", () => {
      viewTaken = true;
      open(target);
    });
    return made;
  };
  const closed = viewOf([]);
  at("scopes").replaceChildren(...(views.length < 2 ? [] : [
    button("all closed", closed, "Close every scope"),
    ...(views[0] === closed ? [] : [button("as at first", views[0], "Open what was open at first")]),
    ...path.map((scope) => button(scope.split("/").at(-1), viewOf(around(scope)), `Open ${scope}`)),
    ...(all && path.length < all.open.length ? [button("all open", all, "Open every scope")] : []),
  ]));
}

function go(to) {
  const target = Math.min(Math.max(to, 0), steps.length - 1);
  const onward = target === position + 1;
  position = target;
  at("verdict").replaceChildren();
  render();
  const active = activity();
  if (!cameraTaken || timer) picture.follow(active);
  if (onward && !calm.matches) picture.flow(active, Math.min(700 / speed(), 900));
  if (position === steps.length - 1) pause();
}

const speed = () => Number(at("speed").value);

function play() {
  if (position === steps.length - 1) go(0);
  const tick = () => {
    go(position + 1);
    if (timer) timer = setTimeout(tick, 1800 / speed());
  };
  timer = setTimeout(tick, 300 / speed());
  at("player").classList.add("playing");
  at("play").setAttribute("aria-label", "Pause");
}

function pause() {
  clearTimeout(timer);
  timer = null;
  at("player").classList.remove("playing");
  at("play").setAttribute("aria-label", "Play");
}
