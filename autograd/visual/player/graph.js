// The graph and its two passes. A node knows its parents by number; nodes are in topological order.

// A result that has no number: which node, and why.
class NoNumber extends Error {
  constructor(node, message) {
    super(message);
    this.node = node;
  }
}

const isLeaf = (node) => !node.parents;
// A number that entered the expression: it is called by its value.
const isNameless = (node) => isLeaf(node) && !node.trained && !node.named;

// The data of every node, and the partials of every result, from the numbers of the leaves.
function forwardPass(graph, leaves) {
  const data = [];
  const partials = [];
  graph.nodes.forEach((node, number) => {
    let result = [leaves[number]];
    if (!isLeaf(node)) {
      result = graph.obstacle
        ? [Number(node.data), ...node.partials.map(Number)]
        : applyRule(graph, node, number, node.parents.map((parent) => data[parent]));
    }
    data.push(result[0]);
    partials.push(result.slice(1));
  });
  return { data, partials };
}

function applyRule(graph, node, number, operands) {
  try {
    if (!node.sequence) return rules[node.rule](...operands);
    const [value, partials] = rules[node.rule](operands);
    return [value, ...partials];
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const given = node.parents.map((parent, slot) => {
      const operand = graph.nodes[parent];
      return (isNameless(operand) ? "" : `${operand.name} = `) + show(operands[slot]);
    });
    throw new NoNumber(number, `${node.op}(${given.join(", ")}): ${refusal.message}`);
  }
}

// The operands of a node that gradients flow to, as positions in its parents.
function trainedSlots(graph, number) {
  const parents = graph.nodes[number].parents ?? [];
  const slots = parents.map((_, slot) => slot);
  return slots.filter((slot) => graph.nodes[parents[slot]].trained);
}

// What flows over an edge: nothing to a side that a choice has not taken, however steep it is.
const passesNothing = (graph, partials, number, slot) =>
  graph.nodes[number].chooses?.[slot] && partials[number][slot] === 0;
const flowing = (graph, partials, number, slot, upstream, reached) =>
  passesNothing(graph, partials, number, slot) || !reached[number]
    ? 0 : upstream * partials[number][slot];

// For every node, whether anything but sides not taken leads from the root to it.
function reachedFromRoot(graph, partials) {
  const reached = graph.nodes.map(() => false);
  reached[reached.length - 1] = true;
  for (let number = graph.nodes.length - 1; number >= 0; number -= 1) {
    for (const slot of reached[number] ? trainedSlots(graph, number) : []) {
      if (!passesNothing(graph, partials, number, slot)) {
        reached[graph.nodes[number].parents[slot]] = true;
      }
    }
  }
  return reached;
}

// d root / d node for every node, as backward() gives it.
function backwardPass(graph, partials) {
  const reached = reachedFromRoot(graph, partials);
  const gradients = graph.nodes.map(() => 0);
  gradients[gradients.length - 1] = 1;
  for (let number = graph.nodes.length - 1; number >= 0; number -= 1) {
    for (const slot of trainedSlots(graph, number)) {
      const amount = flowing(graph, partials, number, slot, gradients[number], reached);
      gradients[graph.nodes[number].parents[slot]] += amount;
    }
  }
  return gradients;
}

// For every node, who reads it: [node, position among its operands].
function consumersOf(graph) {
  const consumers = graph.nodes.map(() => []);
  graph.nodes.forEach((node, number) => node.parents?.forEach(
    (parent, slot) => consumers[parent].push([number, slot])));
  return consumers;
}

// How many paths lead from each node to the root, as a BigInt: there may be 2^1500.
function pathCounts(graph, consumers) {
  const counts = graph.nodes.map(() => 0n);
  counts[counts.length - 1] = 1n;
  for (let number = counts.length - 2; number >= 0; number -= 1) {
    for (const [consumer] of consumers[number]) counts[number] += counts[consumer];
  }
  return counts;
}

// The first paths from a node to the root, at most so many: lists of [consumer, position].
// Whatever reads a node leads on to the root, so no step is taken in vain.
function somePaths(graph, consumers, start, most) {
  const found = [];
  const root = graph.nodes.length - 1;
  const open = [{ at: start, path: null }];
  while (open.length && found.length < most) {
    const { at, path } = open.pop();
    if (at === root) {
      const steps = [];
      for (let link = path; link; link = link.before) steps.push(link.step);
      found.push(steps); // from the root down
      continue;
    }
    for (const step of consumers[at].toReversed()) {
      open.push({ at: step[0], path: { step, before: path } });
    }
  }
  return found;
}

// Everything on some path from a node to the root.
function towardsRoot(consumers, start) {
  const reached = new Set([start]);
  for (const number of reached) for (const [consumer] of consumers[number]) reached.add(consumer);
  return reached;
}

// Four significant digits; whole numbers in full up to a million.
function show(number) {
  if (number < 0) return `−${show(-number)}`;
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return "inf";
  if (Number.isInteger(number) && Math.abs(number) < 1e6) return String(number + 0);
  const size = Math.abs(number);
  const digits = number.toPrecision(4);
  return size < 1e-4 || size >= 1e6
    ? Number(digits).toExponential().replace("-", "−") : String(Number(digits));
}
