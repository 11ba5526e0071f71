// What the reader asks about: one line, or what one neuron computed in the last step.

function row(tag, cells, classes = []) {
  return make("tr", {}, ...cells.map((cell, place) =>
    make(place ? tag : "th", { class: classes[place] ?? "", scope: place ? null : "row" }, cell)));
}

function drawPanel() {
  const asked = state.pointed ?? state.selected;
  const panel = element("panel");
  const focused = document.activeElement?.dataset?.key;
  if (!asked) {
    panel.replaceChildren(make("p", { class: "quiet" },
      "Point at a line for its weight, gradient and history. Choose a neuron for everything it "
      + "computed in this step. Click a sample to follow it."));
  } else if (asked.input === undefined) {
    panel.replaceChildren(...aboutNeuron(asked));
  } else {
    panel.replaceChildren(...aboutLine(asked));
  }
  if (focused) panel.querySelector(`[data-key="${focused}"]`)?.focus();
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function aboutLine(at) {
  const place = placeOfLine(at);
  const facts = make("dl", {});
  const fact = (name, number, kind) => facts.append(make("dt", {}, name),
    make("dd", { class: kind }, number));
  fact("weight now", told(state.parameters[place]), "data");
  fact("gradient ∂C/∂w", told(state.last?.gradients[place]), "gradient");
  fact("last update", told(state.last?.updates[place]), "");
  if (!state.trained[place]) fact("trained", "no: it is frozen", "");
  return [make("h2", {}, capital(nameOf(at.depth, at.neuron, at.input))), facts, history(place)];
}

// The history of one parameter as a small curve.
function history(place) {
  const numbers = state.kept.parameters.map((kept) => kept[place]);
  const { steps } = state.kept;
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const svg = document.createElementNS(SVG, "svg");
  const x = (step) => 2 + (236 * step) / Math.max(1, steps.at(-1));
  const y = (number) => 44 - 40 * ((number - least) / (most - least || 1));
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", numbers.map((number, k) => `${x(steps[k])},${y(number)}`).join(" "));
  svg.setAttribute("viewBox", "0 0 240 48");
  svg.setAttribute("class", "history");
  svg.setAttribute("role", "img");
  const from = `from ${told(numbers[0])} to ${told(numbers.at(-1))}`;
  svg.setAttribute("aria-label", `history of ${steps.at(-1)} steps, ${from}`);
  svg.append(line);
  return make("figure", {}, svg, make("figcaption", {},
    `${steps.at(-1)} steps: ${from}, between ${told(least)} and ${told(most)}`));
}

// All that this neuron did for one sample, with the numbers that the last step began with.
function aboutNeuron({ depth, neuron }) {
  const layer = state.network.layers[depth];
  const parameters = state.last?.before ?? state.parameters;
  const heading = make("h2", {}, `${capital(neuronName(depth, neuron))}: ${layer.activations[neuron]}`);
  let followed;
  try {
    followed = follow(parameters, state.sample);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [heading, sampleChooser(), make("p", {}, `It cannot be computed: ${error.message}.`)];
  }
  const { passes, by } = followed;
  const passed = passes[depth];
  const place = placeOf(layer, neuron);
  const [z, a] = [passed.z[neuron], (passed.alone ?? passed.a)[neuron]];
  const [byA, byZ] = [by[depth].alone[neuron], by[depth].z[neuron]];
  const [slope] = pullBack(content.activations[layer.activations[neuron]],
    passed.own[neuron].activated, [1]);
  const body = make("tbody");
  for (let input = 0; input <= layer.inputs; input += 1) {
    const bias = input === layer.inputs;
    const [w, x] = [parameters[place + input], bias ? 1 : passed.x[input]];
    const name = bias ? "bias" : make("button", {
      "data-key": `line ${input}`, onclick: () => select({ depth, neuron, input }),
    }, depth ? `neuron ${input + 1}` : inputName(input));
    body.append(row("td", [name, told(w), bias ? "" : told(x), told(w * x), told(byZ * x),
      told(state.last?.gradients[place + input])],
    ["", "data", "data", "data", "gradient", "gradient"]));
  }
  const columns = [depth ? `from ${layerName(depth - 1)}` : "from the inputs", "weight w", "input x", "w · x", "∂C/∂z · x", "∂C/∂w of the batch"];
  const head = make("thead", {}, make("tr", {}, ...columns.map((name) =>
    make("th", { scope: "col" }, name))));
  return [heading, sampleChooser(),
    equation("forward", ["z = Σ w · x + bias = ", told(z), "data"],
      [`a = ${layer.activations[neuron]}(z) = `, told(a), "data"]),
    equation("backward", ["∂C/∂a = ", told(byA), "gradient"],
      ["∂a/∂z = ", told(slope), "local"],
      ["∂C/∂z = ∂C/∂a · ∂a/∂z = ", told(byZ), "gradient"]),
    arrivals(depth, neuron, parameters, by),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Products" },
      make("table", {}, head, body)),
    make("p", { class: "quiet" }, state.last
      ? "C is the loss of this one sample. The numbers are those that the last step began with."
      : "C is the loss of this one sample. No step was taken yet.")];
}

function equation(name, ...parts) {
  return make("p", { class: "equation" }, make("small", {}, name), ...parts.map(
    ([text, number, kind]) => make("span", {}, text, make("b", { class: kind }, number))));
}

// Where ∂C/∂a comes from: each neuron of the next layer sends ∂C/∂z times its weight.
function arrivals(depth, neuron, parameters, by) {
  const next = state.network.layers[depth + 1];
  const own = state.network.layers[depth];
  if (!next || own.together) {
    return make("p", { class: "quiet" }, next || own.together
      ? `∂C/∂a comes through ${own.called}, which takes all outputs together.`
      : "∂C/∂a is the derivative of the loss.");
  }
  const terms = next.activations.map((_, other) => {
    const weight = parameters[placeOf(next, other) + neuron];
    return `${enclosed(by[depth + 1].z[other])} · ${enclosed(weight)}`;
  });
  const shown = terms.slice(0, 6).join(" + ") + (terms.length > 6 ? ` + … (${terms.length})` : "");
  return make("p", { class: "quiet" }, `∂C/∂a = Σ ∂C/∂z · w over ${layerName(depth + 1)} = ${shown}`);
}

// A number among others: a negative one in brackets.
function enclosed(number) {
  const text = told(number, 3);
  return text.startsWith("−") ? `(${text})` : text;
}

function follow(parameters, sample) {
  const passes = forward(state.network, parameters, state.X[sample]);
  const { replayed } = lossOf(outputsOf(passes), state.y[sample]);
  const upstream = pullBack(content.loss, replayed, [1]).slice(0, content.outputs);
  const by = backward(state.network, passes, upstream, new Array(state.network.size).fill(0));
  return { passes, by };
}

function sampleChooser() {
  const move = (by) => () => {
    const rows = state.last?.rows ?? [...state.X.keys()];
    const at = rows.indexOf(state.sample);
    state.sample = rows[(Math.max(0, at + by) + rows.length) % rows.length];
    refresh();
  };
  const x = state.X[state.sample].map((number) => told(number, 3)).join(", ");
  const inBatch = state.last?.rows.includes(state.sample) ? " (in the last batch)" : "";
  return make("p", { class: "chooser" },
    make("button", { "data-key": "before", "aria-label": "Sample before", onclick: move(-1) }, "‹"),
    make("span", {}, `sample ${state.sample}${inBatch}: x = ${x}; target ${
      state.y[state.sample].map((number) => told(number, 3)).join(", ")}`),
    make("button", { "data-key": "after", "aria-label": "Sample after", onclick: move(1) }, "›"));
}
