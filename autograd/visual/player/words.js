// What is said about a step or a node: lines of tokens [text, kind], where the kind is a colour.
//
// A scene is { graph, numbers, right, edited, bug, consumers, counts }: the data and partials of
// every node, the gradients as they should be, the leaves that were edited, the mistake on show,
// who reads each node, and how many paths lead from it to the root.

const MISTAKES = {
  overwrite: "gradients are overwritten (=) instead of added up (+=).",
  no_topological_order: "no topological order. Each value passes its gradient on as soon as "
    + "anything has arrived.",
  no_zero_grad: "two training steps, and no zero_grad between them.",
};

const MOST_TERMS = 8; // of a sum or product that is written out
const MOST_LINES = 6; // of contributions

const plain = (text) => [text, ""];
const quiet = (text) => [text, "quiet"];
const dataToken = (number) => [show(number), "data"];
const gradientToken = (number) => [show(number), "gradient"];
const localToken = (number) => [show(number), "local"];
const contributionToken = (number) => [show(number), "contribution"];

// What a value is called in a formula.
const nameOf = (graph, data, number) => {
  const node = graph.nodes[number];
  return isNameless(node) ? show(data[number]) : node.name;
};

const nameToken = (graph, data, number) => [nameOf(graph, data, number), "name"];
const wrapped = (token) => (token[0].startsWith("−") ? [`(${token[0]})`, token[1]] : token);

function joined(tokens, separator) {
  const shown = tokens.length <= MOST_TERMS ? tokens : [
    ...tokens.slice(0, MOST_TERMS - 3), quiet(`… ${tokens.length - MOST_TERMS + 2} more …`),
    tokens.at(-1)];
  return shown.flatMap((token, place) => (place ? [plain(separator), token] : [token]));
}

// The operation of a node applied to operands that are tokens, as on a blackboard: as it is `said`
// (see `Facts` in ops.py). In "x + [y]" the sign goes between all operands, and those in [] are
// put in brackets where they are negative; "x×y + …" goes through two sequences at once.
function operation(node, operands) {
  if (!node.said) return [plain(`${node.symbol}(`), ...joined(operands, ", "), plain(")")];
  const [before, first, between, later, after = between] = node.said.split(/(\[?[xy]\]?)/);
  if (after.endsWith("…")) {
    const half = operands.length / 2;
    return joined(operands.slice(0, half).map((token, place) => {
      const other = operands[half + place];
      return [`${wrapped(token)[0]}${between}${wrapped(other)[0]}`, token[1]];
    }), after.slice(0, -1));
  }
  const shown = operands.map((token, place) => (
    (place ? later : first).startsWith("[") ? wrapped(token) : token));
  return [plain(before), ...joined(shown, between), plain(after.replace("n", operands.length))]
    .filter(([text]) => text);
}

// q = x + y = -2 + 5 = 3, or with its last number hidden.
function valueLine(graph, data, number, hidden = false) {
  const node = graph.nodes[number];
  const equals = plain(" = ");
  const name = nameToken(graph, data, number);
  return [name, equals,
    ...operation(node, node.parents.map((parent) => nameToken(graph, data, parent))), equals,
    ...operation(node, node.parents.map((parent) => dataToken(data[parent]))), equals,
    hidden ? ["?", "data"] : dataToken(data[number])];
}

// ∂f/∂q
const derivative = (graph, data, above, below) => (
  `∂${nameOf(graph, data, above)}/∂${nameOf(graph, data, below)}`);

// A row about what one operand receives: local derivative, upstream × local, gradient so far.
function arrivalRow(scene, arrival, hidden = false) {
  const { graph, numbers } = scene;
  const local = wrapped(localToken(numbers.partials[arrival.from][arrival.slot]));
  const product = [gradientToken(arrival.upstream), plain(" × "), local];
  return [
    localCell(scene, arrival),
    hidden ? product : [...product, plain(" = "), contributionToken(arrival.amount)],
    sumCell(graph, numbers.data, arrival, hidden),
  ];
}

// ∂h/∂z = 1 − h² = 0.75: the formula where there is one.
function localCell({ graph, numbers, edited }, arrival) {
  const { data, partials } = numbers;
  const node = graph.nodes[arrival.from];
  // A formula such as 2a holds the numbers that entered the expression as they were.
  const outdated = (parent) => edited.has(parent) && isNameless(graph.nodes[parent]);
  const formula = node.parents.some(outdated) ? "" : node.local[arrival.slot];
  const local = partials[arrival.from][arrival.slot];
  const isNumber = formula === "" || formula === show(local);
  return [
    plain(`${derivative(graph, data, arrival.from, arrival.to)} = `),
    ...(isNumber ? [] : [[formula, "name"], plain(" = ")]),
    localToken(local),
  ];
}

// The terms of a gradient as a sum: 3 + 3, or 1 − 0.2834; of many the first and the last.
function sumOf(terms) {
  const shown = terms.length > 3 ? [terms[0], null, terms.at(-1)] : terms;
  return shown.map((term, place) => {
    if (term === null) return " + …";
    if (!place) return show(term);
    return term < 0 ? ` − ${show(-term)}` : ` + ${show(term)}`;
  }).join("");
}

// How a gate passes a gradient on, in a word.
const GATES = {
  add: "+ passes its gradient on as it is, to every operand.",
  sub: "− passes its gradient on, with its sign turned to what is taken away.",
  mul: "× swaps: each operand gets the gradient times the other operand.",
  neg: "− turns the sign of the gradient.",
  sum: "Σ passes its gradient on as it is, to every operand.",
  max: "max routes the whole gradient to the largest operand.",
  min: "min routes the whole gradient to the smallest operand.",
  maximum: "max routes the whole gradient to the larger operand.",
  minimum: "min routes the whole gradient to the smaller operand.",
};

// a.grad = 3 + 3 = 6
function sumCell(graph, data, arrival, hidden) {
  const name = [`${nameOf(graph, data, arrival.to)}.grad`, "name"];
  const terms = arrival.terms.map((term) => contributionToken(term));
  if (hidden) return [name, plain(" = "), ["?", "gradient"]];
  const sum = terms.length < 2 ? [] : [
    ...joined([terms[0], ...terms.slice(1).map(wrapped)], " + "), plain(" = ")];
  return [name, plain(" = "), ...sum, gradientToken(arrival.total)];
}

const more = (lines) => (lines > MOST_LINES ? `… and ${lines - MOST_LINES} more. ` : "");

function listed(names) {
  if (names.length < 2) return names.join("");
  const first = names.length <= MOST_TERMS ? names.slice(0, -1)
    : [...names.slice(0, MOST_TERMS - 2), `… ${names.length - MOST_TERMS + 1} more …`];
  return `${first.join(", ")} and ${names.at(-1)}`;
}

// Everything the page says about a step: a heading, formulas, a remark.
function words(scene, view, step, state) {
  const { graph, numbers: { data } } = scene;
  const root = graph.nodes.length - 1;
  const name = (number) => nameOf(graph, data, number);
  const box = view.boxes[step.box];
  switch (step.phase) {
    case "given":
      return {
        heading: "The inputs are given",
        lines: [],
        remark: `Step forward: every operation computes its value, up to ${name(root)}.`,
      };
    case "forward":
      if (box.name) {
        const results = resultsOf(graph, box).filter((number) => step.nodes.includes(number));
        return {
          heading: `${box.name} computes ${counted(step.nodes.length, "value")}`,
          lines: results.slice(0, MOST_LINES).map((number) => (
            [nameToken(graph, data, number), plain(" = "), dataToken(data[number])])),
          remark: `${more(results.length)}Open the box to see every step inside.`,
        };
      }
      return {
        heading: `${name(step.nodes[0])} computes its value`,
        lines: [valueLine(graph, data, step.nodes[0])],
        remark: step.nodes[0] === root ? "The forward pass is complete." : "",
      };
    case "seed":
      return {
        heading: `The backward pass starts at ${name(root)}`,
        lines: [[[`∂${name(root)}/∂${name(root)}`, "name"], plain(" = "), gradientToken(1)]],
        remark: `Each step asks: how does ${name(root)} change when this value changes a little?`,
      };
    case "again":
      return {
        heading: "The next training step — without zero_grad",
        lines: [],
        remark: "The same forward pass, then backward once more. What is computed in between "
          + "starts from zero again, but nobody has reset the inputs: every new contribution is "
          + "added to what is left in them. (In micrograd it is left in every value.)",
      };
    default:
      return backwardWords(scene, box, step, state);
  }
}

function backwardWords(scene, box, step, state) {
  const { graph, numbers: { data } } = scene;
  const { arrivals } = state;
  const from = step.passes[0][0];
  const shown = arrivals.slice(0, MOST_LINES);
  const said = {
    remark: mistake(scene, state) || more(arrivals.length) || GATES[graph.nodes[from].rule] || "",
  };
  if (box.name) return { ...said, ...throughBox(scene, box, state) };
  const targets = [...new Set(arrivals.map(({ to }) => nameOf(graph, data, to)))];
  return {
    ...said,
    heading: `${nameOf(graph, data, from)} passes its gradient on to ${listed(targets)}`,
    lines: [],
    rows: shown.map((arrival) => arrivalRow(scene, arrival)),
  };
}

// A closed box: what leaves it, as upstream × local = contribution, and what stays in it.
function throughBox({ graph, numbers: { data, partials }, view }, box, { arrivals, gradients }) {
  const inside = new Set(box.members);
  const leaving = arrivals.filter(({ to }) => !inside.has(to));
  const goal = (number) => {
    const other = view.boxes.find(({ members }) => members.includes(number));
    return other.name || nameOf(graph, data, number);
  };
  const lines = leaving.slice(0, MOST_LINES).map(({ from, slot, to, upstream, amount }) => [
    gradientToken(upstream), plain(" × "), wrapped(localToken(partials[from][slot])), plain(" = "),
    contributionToken(amount), plain(" → "), [goal(to), "name"]]);
  const own = box.members.filter((m) => isLeaf(graph.nodes[m]) && gradients.has(m));
  if (own.length) {
    const norm = Math.hypot(...own.map((m) => gradients.get(m)));
    lines.push([quiet(`its ${counted(own.length, "parameter")}: ‖grad‖ = `), gradientToken(norm)]);
  }
  return { heading: `Gradients flow back through ${box.name}`, lines,
    remark: leaving.length > MOST_LINES ? more(leaving.length) : "" };
}

// Which mistake is played, and whether it is one here.
const announcement = (bug, harmless) => (
  `Mistake ${harmless ? "without harm" : "on show"}: ${MISTAKES[bug]}`
    + (harmless ? " In this graph every gradient comes out right all the same." : ""));

// What went wrong in this step, if it did.
function mistake({ graph, numbers, right, bug, last }, { arrivals, left, gradients }) {
  const name = (number) => `${nameOf(graph, numbers.data, number)}.grad`;
  const overwritten = arrivals.find((arrival) => arrival.lost !== undefined);
  if (bug === "overwrite" && overwritten) {
    return `Mistake: = instead of +=. The ${show(overwritten.lost)} that was in `
      + `${name(overwritten.to)} is lost.`;
  }
  if (bug === "no_topological_order" && last) {
    const late = graph.nodes.findIndex((node, number) => (
      node.trained && isWrong(gradients.get(number) ?? 0, right[number])));
    if (late >= 0) {
      return `Mistake: ${name(late)} stays ${show(gradients.get(late) ?? 0)}, and should be `
        + `${show(right[late])}. What was missing has arrived above it by now, but too late: every `
        + "value passes its gradient on once, and that was before.";
    }
  }
  const early = arrivals.find(({ from, upstream }) => isWrong(upstream, right[from]));
  if (bug && early) {
    return `Mistake: ${name(early.from)} is ${show(early.upstream)} here, but should be `
      + `${show(right[early.from])}${bug === "no_topological_order"
        ? ": not every contribution had arrived when it passed its gradient on." : "."}`;
  }
  const kept = arrivals.find(({ to }) => left.get(to));
  return kept ? `Mistake: the ${show(left.get(kept.to))} left in ${name(kept.to)} was added to, `
    + "not reset." : "";
}

// The values in a closed box that something outside reads, or the root.
function resultsOf(graph, box) {
  const inside = new Set(box.members);
  const read = new Set([graph.nodes.length - 1]);
  graph.nodes.forEach((node, number) => {
    if (!inside.has(number)) node.parents?.forEach((parent) => read.add(parent));
  });
  return box.members.filter((member) => read.has(member) && !isLeaf(graph.nodes[member]));
}

const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// The chain rule from a node to the root: one product for each path, and their sum.
function chainLines({ graph, numbers: { data, partials }, right, consumers, counts }, number) {
  const root = graph.nodes.length - 1;
  const left = [derivative(graph, data, root, number), "name"];
  const total = gradientToken(right[number]);
  if (number === root) return [[left, plain(" = "), total]];
  const most = 4;
  const paths = somePaths(graph, consumers, number, most);
  const products = paths.map((path) => {
    const below = (place) => (place + 1 < path.length ? path[place + 1][0] : number);
    const symbols = path.map(
      ([above], place) => [derivative(graph, data, above, below(place)), "name"]);
    const factors = path.map(([above, slot]) => wrapped(localToken(partials[above][slot])));
    const product = path.some(([above, slot]) => passesNothing(graph, partials, above, slot))
      ? 0 : path.reduce((so, [above, slot]) => so * partials[above][slot], 1);
    return { symbols: joined(symbols, " · "),
      worked: [plain("= "), ...(path.length > 1 ? [...joined(factors, " × "), plain(" = ")] : []),
        gradientToken(product)] };
  });
  if (counts[number] === 1n) {
    const [{ symbols, worked }] = products;
    const direct = paths[0].length === 1; // its own derivative would be repeated
    return direct ? [[left, plain(" "), ...worked]] : [[left, plain(" = "), ...symbols], worked];
  }
  const others = counts[number] - BigInt(paths.length);
  return [
    [left, plain(" = "), total, quiet(`  summed over ${bigCount(counts[number])} paths:`)],
    ...products.map(({ symbols, worked }) => [quiet("+ "), ...symbols, plain(" "), ...worked]),
    ...(others > 0n ? [[quiet(`… and ${bigCount(others)} more`)]] : []),
  ];
}

function bigCount(count) {
  const digits = String(count);
  return digits.length <= 15 ? digits.replace(/\B(?=(\d{3})+$)/g, ",")
    : `about 10^${digits.length - 1}`;
}
