// The lesson: its numbers, its steps, and what the page shows of them.

const at = (id) => document.getElementById(id);
const told = JSON.parse(at("graph").textContent);
const { views, bug, ...graph } = told;
const root = graph.nodes.length - 1;
const consumers = consumersOf(graph);
const counts = pathCounts(graph, consumers);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const PHASES = { given: "Start", forward: "Forward", seed: "Backward", backward: "Backward",
  again: "Again" };

const READABLE = 0.55; // the smallest scale that a view starts with
const LEGIBLE = 0.75; // the smallest at which texts have 9 pixels

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

function frame() {
  picture.fit(READABLE);
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
  return candidates.find((each) => picture.scaleOf(each) >= LEGIBLE)
    ?? candidates.reduce((a, b) => (picture.scaleOf(b) > picture.scaleOf(a) ? b : a));
}

// A window that has got another size: a lesson not yet begun begins with another view.
function resized() {
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
  const target = viewOf(around(scope));
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

// --- what is shown ------------------------------------------------------------------------

// The boxes and edges that take part in the present step.
function activity() {
  const step = steps[position];
  const boxOf = new Map(view.boxes.flatMap((box, place) => box.members.map((m) => [m, place])));
  const active = { phase: step.phase, boxes: new Set(), edges: new Map() };
  if (step.box !== null) active.boxes.add(step.box);
  const between = new Map(); // two boxes: the edges that join them
  view.edges.forEach(({ tail, head }, place) => {
    const ends = `${tail} ${head}`;
    between.set(ends, [...between.get(ends) ?? [], place]);
  });
  const places = new Map(); // of a node's operands, among those from the same box
  const placed = (from) => {
    const counts = new Map();
    return graph.nodes[from].parents.map((parent) => {
      const tail = boxOf.get(parent);
      counts.set(tail, (counts.get(tail) ?? -1) + 1);
      return [tail, counts.get(tail)];
    });
  };
  const flows = (from, slot, text) => {
    if (!places.has(from)) places.set(from, placed(from));
    const [tail, same] = places.get(from)[slot];
    const edges = between.get(`${tail} ${boxOf.get(from)}`) ?? [];
    const edge = edges[Math.min(same, edges.length - 1)];
    if (edge !== undefined) active.edges.set(edge, active.edges.has(edge) ? "" : text);
  };
  for (const number of step.nodes ?? []) {
    graph.nodes[number].parents.forEach((_, slot) => flows(number, slot, ""));
  }
  for (const { from, slot, amount } of played().arrivals) flows(from, slot, show(amount));
  return active;
}

const scene = () => ({ graph, numbers, right, edited, bug, consumers, counts });
const played = () => stateAfter(graph, numbers.partials, steps, position, bug);

// What each box says now.
function texts(state) {
  const hidden = at("predict").checked ? "?" : "—";
  const step = steps[position];
  const isSettled = (number) => position >= lastChange.get(number);
  const data = (number) => (isLeaf(graph.nodes[number]) || state.known.has(number)
    ? show(numbers.data[number]) : hidden);
  return view.boxes.map((box) => {
    const number = box.members[0];
    if (box.name) return closedTexts(box, state, data, isSettled, hidden);
    const node = graph.nodes[number];
    const got = state.gradients.get(number);
    const wrong = got !== undefined && isSettled(number) && isWrong(got, right[number]);
    const gradient = got === undefined ? hidden : show(got);
    const said = { data: data(number), gradient, wrong, right: show(right[number]) };
    const name = nameOf(graph, numbers.data, number) + (isLeaf(node) ? "" : `, ${node.op}`);
    return {
      ...said,
      missing: hidden,
      waiting: said.data === hidden,
      spoken: `${name}: data ${said.data}${node.trained ? `, gradient ${gradient}` : ""}`
        + `${wrong ? `, wrong: it should be ${said.right}` : ""}`,
    };
  });
}

function closedTexts(box, state, data, isSettled, hidden) {
  const results = resultsOf(graph, box);
  const trained = box.members.filter((member) => graph.nodes[member].trained);
  const parameters = trained.filter((member) => isLeaf(graph.nodes[member]));
  const measured = parameters.length ? parameters : trained;
  const arrived = measured.filter((member) => state.gradients.has(member));
  const norm = (of) => show(Math.hypot(...measured.map(of)));
  const wrong = arrived.some(
    (member) => isSettled(member) && isWrong(state.gradients.get(member), right[member]));
  const values = results.map(data);
  const said = {
    data: values.length === 1 ? values[0] : `${counted(results.length, "result")}`,
    gradient: arrived.length ? norm((member) => state.gradients.get(member) ?? 0) : hidden,
    wrong,
    right: norm((member) => right[member]),
    missing: hidden,
    waiting: values.length > 0 && values.every((value) => value === hidden),
  };
  said.spoken = `${box.name}, ${counted(box.members.length, "value")}, closed: data ${said.data}, `
    + `norm of the gradients ${said.gradient}${wrong ? `, wrong: it should be ${said.right}` : ""}`;
  return said;
}

// The boxes and edges from a node to the root.
function marks(number) {
  if (number === null) return null;
  const on = towardsRoot(consumers, number);
  const boxes = new Set([...view.boxes.keys()].filter(
    (place) => view.boxes[place].members.some((member) => on.has(member))));
  const start = view.boxes.findIndex((box) => box.members.includes(number));
  const edges = new Set([...view.edges.keys()].filter(
    (place) => boxes.has(view.edges[place].tail) && boxes.has(view.edges[place].head)));
  return { boxes, edges, start };
}

function render() {
  const state = played();
  const step = steps[position];
  const looked = timer ? null : hovered ?? chosen;
  picture.fill(texts(state), activity(), marks(looked));
  at("scrub").value = position;
  at("count").textContent = `${position} / ${steps.length - 1}`;
  for (const id of ["first", "back"]) at(id).disabled = position === 0;
  for (const id of ["next", "last"]) at(id).disabled = position === steps.length - 1;
  at("now").dataset.phase = step.phase;
  const asked = at("predict").checked && !timer && canAsk(steps[position + 1]);
  const said = asked ? question() : words(scene(), view, step, state);
  at("phase").textContent = asked ? "What comes next?" : PHASES[step.phase];
  if (at("predict").checked) {
    at("phase").textContent += ` · ${score.right} of ${score.asked} right`;
  }
  at("said").replaceChildren(...saidElements(said));
  at("question").hidden = !asked;
  inspect(looked, state);
}

function saidElements({ heading, lines, rows, remark }) {
  const title = document.createElement("h2");
  title.textContent = heading;
  const last = document.createElement("p");
  last.className = remark.startsWith("Mistake") ? "remark mistake" : "remark";
  last.textContent = remark;
  title.classList.toggle("brief", lines.length < 3);
  return [title, ...lines.map(lineElement), ...(rows ? [tableOf(rows)] : []),
    ...(remark ? [last] : [])];
}

function tableOf(rows) {
  const table = document.createElement("table");
  table.className = "flows";
  const head = table.createTHead().insertRow();
  for (const text of ["local derivative", "upstream × local", "gradient so far"]) {
    const cell = document.createElement("th");
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const tokens of row) line.insertCell().append(...tokens.map(span));
  }
  return table;
}

function lineElement(tokens) {
  const line = document.createElement("p");
  line.className = "line";
  line.append(...tokens.map(span));
  return line;
}

function span([text, kind]) {
  const part = document.createElement("span");
  part.className = kind;
  part.textContent = text;
  return part;
}

// --- one node --------------------------------------------------------------------------------

function inspect(number, state) {
  const panel = at("inspector");
  if (number === null) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = graph.obstacle ? "Point at a value to see its chain rule."
      : "Point at a value to see its chain rule; click an input to change its number.";
    panel.replaceChildren(hint);
    panel.className = "idle";
    return;
  }
  // A number that is being typed stays.
  if (panel.querySelector(`form[data-node="${number}"] input:focus`)) return;
  panel.className = "";
  const node = graph.nodes[number];
  const title = document.createElement("h2");
  title.textContent = nameOf(graph, numbers.data, number);
  const scope = document.createElement("small");
  scope.textContent = node.scope;
  title.append(scope);
  const parts = [title];
  if (isLeaf(node)) parts.push(graph.obstacle ? obstacle() : editor(number));
  else if (state.known.has(number)) parts.push(lineElement(valueLine(graph, numbers.data, number)));
  const secret = at("predict").checked && !state.gradients.has(number);
  if (node.trained && !secret) {
    parts.push(...chainLines(scene(), number).map(lineElement));
  }
  panel.replaceChildren(...parts);
}

function editor(number) {
  const form = document.createElement("form");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const button = document.createElement("button");
  form.dataset.node = number;
  label.textContent = "data ";
  input.value = String(leaves[number]);
  input.inputMode = "decimal";
  input.autocomplete = "off";
  button.textContent = "Recompute";
  label.append(input);
  form.append(label, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    input.blur();
    edit(number, input.value);
  });
  return form;
}

function obstacle() {
  const text = document.createElement("p");
  text.className = "remark";
  text.textContent = `Numbers cannot be edited here: ${graph.obstacle}.`;
  return text;
}

function choose(place) {
  const box = view.boxes[place];
  if (box.name) {
    openScope(box.scope);
    return;
  }
  [chosen, hovered] = [box.members[0], null];
  render();
}
