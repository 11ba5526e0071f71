// What happens at each step of the lesson, with the classic mistakes as variants.
//
// A step is {phase, box, nodes} going forward and {phase, box, passes} going backward, where a
// pass is [node, position of an operand]. A closed box takes one step for all that is inside.

function lesson(graph, view, bug) {
  const boxOf = [];
  view.boxes.forEach((box, place) => box.members.forEach((member) => { boxOf[member] = place; }));
  const root = graph.nodes.length - 1;
  const forward = runs(scheduled(graph, boxOf), (number) => boxOf[number])
    .map(([box, nodes]) => ({ phase: "forward", box, nodes }));
  const seed = { phase: "seed", box: boxOf[root], passes: [] };
  const passes = bug === "no_topological_order" ? depthFirst(graph)
    : forward.toReversed().flatMap((step) => step.nodes.toReversed().flatMap(
      (number) => trainedSlots(graph, number).map((slot) => [number, slot])));
  const backward = runs(passes, ([number]) => (view.boxes[boxOf[number]].name
    ? boxOf[number] : `node ${number}`))
    .map(([, run]) => ({ phase: "backward", box: boxOf[run[0][0]], passes: run }));
  const steps = [{ phase: "given", box: null }, ...forward, seed, ...backward];
  if (bug === "no_zero_grad") {
    const again = { phase: "again", box: null };
    steps.push(again, { ...seed }, ...backward.map((step) => ({ ...step })));
  }
  return steps;
}

// The results in an order in which every operand comes first, without leaving a box needlessly.
function scheduled(graph, boxOf) {
  const consumers = consumersOf(graph);
  const missing = graph.nodes.map((node) => node.parents?.length ?? 0);
  const ready = new Set();
  const done = (number) => consumers[number].forEach(([consumer]) => {
    missing[consumer] -= 1;
    if (missing[consumer] === 0) ready.add(consumer);
  });
  graph.nodes.forEach((node, number) => { if (isLeaf(node)) done(number); });
  const order = [];
  let box = null;
  while (ready.size) {
    const here = [...ready].filter((number) => boxOf[number] === box);
    const next = Math.min(...(here.length ? here : ready));
    ready.delete(next);
    order.push(next);
    box = boxOf[next];
    done(next);
  }
  return order;
}

// Neighbours of one key together: [[key, [item, ...]], ...].
function runs(items, keyOf) {
  const found = [];
  for (const item of items) {
    const key = keyOf(item);
    if (found.length && found.at(-1)[0] === key) found.at(-1)[1].push(item);
    else found.push([key, [item]]);
  }
  return found;
}

// The mistake: a node passes its gradient on as soon as it has received anything.
function depthFirst(graph) {
  const passes = [];
  const root = graph.nodes.length - 1;
  const visited = new Set([root]);
  const open = [[root, trainedSlots(graph, root)]];
  while (open.length) {
    const [number, slots] = open.at(-1);
    if (!slots.length) {
      open.pop();
      continue;
    }
    const slot = slots.shift();
    const parent = graph.nodes[number].parents[slot];
    passes.push([number, slot]);
    if (!visited.has(parent)) {
      visited.add(parent);
      open.push([parent, trainedSlots(graph, parent)]);
    }
  }
  return passes;
}

// Where things stand after step number `position`: which results are known, and the gradients as
// lists of the terms they are the sum of.
function stateAfter(graph, partials, steps, position, bug) {
  const reached = reachedFromRoot(graph, partials);
  const known = new Set();
  const gradients = new Map();
  const terms = new Map();
  const arrivals = []; // of the last step: what flowed where
  const root = graph.nodes.length - 1;
  const left = new Map(); // what an earlier training step has left in the leaves
  for (const step of steps.slice(0, position + 1)) {
    arrivals.length = 0;
    if (step.phase === "again") leaveOnlyLeaves(graph, gradients, terms, left);
    for (const number of step.nodes ?? []) known.add(number);
    if (step.phase === "seed") {
      const seeds = [...terms.get(root) ?? [], 1]; // of a leaf that is the root
      gradients.set(root, seeds.length);
      terms.set(root, seeds);
    }
    for (const [from, slot] of step.passes ?? []) {
      const to = graph.nodes[from].parents[slot];
      const upstream = gradients.get(from);
      const amount = flowing(graph, partials, from, slot, upstream, reached);
      const before = bug === "overwrite" ? 0 : gradients.get(to) ?? 0;
      const lost = bug === "overwrite" ? gradients.get(to) : undefined;
      gradients.set(to, before + amount);
      terms.set(to, bug === "overwrite" ? [amount] : [...terms.get(to) ?? [], amount]);
      arrivals.push({ from, slot, to, upstream, amount, lost, terms: terms.get(to),
        total: before + amount });
    }
  }
  return { known, gradients, terms, arrivals, left };
}

// As backward() starts: what was added up in a leaf stays, every other value begins from zero.
function leaveOnlyLeaves(graph, gradients, terms, left) {
  for (const [number, gradient] of gradients) {
    if (isLeaf(graph.nodes[number])) {
      left.set(number, gradient);
      terms.set(number, [gradient]);
    } else {
      gradients.delete(number);
      terms.delete(number);
    }
  }
}

// Whether the mistake makes no gradient wrong: nothing is used twice, for example.
function isHarmless(graph, view, partials, right, bug) {
  const steps = lesson(graph, view, bug);
  const { gradients } = stateAfter(graph, partials, steps, steps.length - 1, bug);
  return right.every((gradient, number) => !isWrong(gradients.get(number) ?? 0, gradient));
}

// For each node, the last step that changes its gradient.
function lastChanges(graph, steps) {
  const last = new Map();
  steps.forEach((step, position) => {
    if (step.phase === "seed") last.set(graph.nodes.length - 1, position);
    for (const [from, slot] of step.passes ?? []) {
      last.set(graph.nodes[from].parents[slot], position);
    }
  });
  return last;
}

// Two orders of adding up may differ in the last digits; a mistake differs in the first.
const isWrong = (got, right) => !(Object.is(got, right)
  || Math.abs(got - right) <= 1e-9 * Math.max(Math.abs(got), Math.abs(right)));
