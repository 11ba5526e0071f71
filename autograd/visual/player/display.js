// What the page shows of the present step: in the boxes, along the edges, and in words.

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
    if (edge !== undefined) active.edges.set(edge, active.edges.has(edge) ? null : text);
  };
  for (const number of step.nodes ?? []) {
    graph.nodes[number].parents.forEach((_, slot) => flows(number, slot, null));
  }
  for (const { from, slot, amount, upstream } of played().arrivals) {
    const local = show(numbers.partials[from][slot]);
    flows(from, slot, { amount: show(amount), upstream: show(upstream), local });
  }
  return active;
}

const scene = () => ({ graph, numbers, right, edited, bug, consumers, counts, view,
  last: position === steps.length - 1 });
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
    const seen = said.data === show(numbers.data[number]) ? [numbers.data[number]] : [];
    said.notFinite = ![...seen, got ?? 0].every(Number.isFinite);
    const terms = state.terms.get(number) ?? [];
    said.sum = terms.length > 1 ? sumOf(terms) : "";
    const name = nameOf(graph, numbers.data, number) + (isLeaf(node) ? "" : `, ${node.op}`);
    return {
      ...said,
      missing: hidden,
      waiting: said.data === hidden,
      spoken: `${name}: data ${said.data}${node.trained ? `, gradient ${gradient}` : ""}`
        + `${wrong ? `, wrong: it should be ${said.right}` : ""}`
        + `${said.notFinite ? ", not a finite number" : ""}`,
    };
  });
}

function closedTexts(box, state, data, isSettled, hidden) {
  const results = resultsOf(graph, box);
  const trained = box.members.filter((member) => graph.nodes[member].trained);
  const parameters = trained.filter((member) => isLeaf(graph.nodes[member]));
  const one = box.measured !== undefined; // the sum of a neuron, or the result of a call
  const measured = one ? [box.measured] : parameters.length ? parameters : trained;
  const arrived = measured.filter((member) => state.gradients.has(member));
  const norm = (of) => show(one ? of(box.measured) : Math.hypot(...measured.map(of)));
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
    + `${one ? "gradient" : "norm of the gradients"} ${said.gradient}${wrong ? `, wrong: it should be ${said.right}` : ""}`;
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
    for (const tokens of row) line.insertCell().append(...tokens.flatMap(breakable));
  }
  return table;
}

function lineElement(tokens) {
  const line = document.createElement("p");
  line.className = "line";
  line.append(...tokens.map(span));
  return line;
}

// A line may end before an operator, and nowhere else.
const breakable = (token) => (token[0].startsWith(" ")
  ? [document.createElement("wbr"), span(token)] : [span(token)]);

function span([text, kind]) {
  const part = document.createElement("span");
  part.className = kind;
  part.textContent = text;
  return part;
}
