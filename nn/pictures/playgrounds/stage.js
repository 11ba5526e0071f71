// The network: circles with a map each, and lines between them.

const SVG = "http://www.w3.org/2000/svg";
const stage = { places: [], lines: [], circles: [] };

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Anew whenever neurons come or go, or the window changes.
function buildStage() {
  const widths = [state.network.inputs, ...state.network.layers.map(widthOf)];
  const box = element("network");
  const tallest = Math.max(...widths);
  const head = 58;
  const least = head + tallest * 24 + 12;
  box.style.setProperty("--tall", `${Math.min(least, 460)}px`);
  const height = Math.max(box.clientHeight, least);
  const width = Math.max(box.clientWidth, widths.length * 92);
  const gap = Math.min(74, (height - head - 12) / tallest);
  const radius = Math.max(9.5, Math.min(25, gap * 0.4));
  stage.radius = radius;
  const longest = Math.max(...content.X[0].map((_, input) => inputName(input).length));
  const left = radius + 14 + Math.min(90, 7.5 * longest); // the names of the inputs
  const right = radius + 30;
  stage.places = widths.map((count, column) => Array.from({ length: count }, (_, neuron) => [
    left + (column / (widths.length - 1)) * (width - left - right),
    head + (height - head - 12) / 2 + (neuron - (count - 1) / 2) * gap,
  ]));
  const inner = element("inner");
  Object.assign(inner.style, { width: `${width}px`, height: `${height}px` });
  const focused = document.activeElement?.dataset?.key;
  buildLines(width, height);
  element("circles").replaceChildren(...stage.places.flatMap(buildColumn));
  stage.circles = [...element("circles").querySelectorAll("canvas")];
  if (focused) element("circles").querySelector(`[data-key="${focused}"]`)?.focus();
}

function buildColumn(places, column) {
  const depth = column - 1;
  const size = 2 * stage.radius;
  const circles = places.map(([x, y], neuron) => {
    const style = `left:${x - stage.radius}px;top:${y - stage.radius}px;width:${size}px;`
      + `height:${size}px`;
    const canvas = make("canvas", { "aria-hidden": "true" });
    if (depth < 0) {
      const name = make("span", { class: "input-name" }, inputName(neuron));
      return make("div", { class: "neuron", style, role: "img", "aria-label":
        `input ${inputName(neuron)}` }, canvas, name);
    }
    return make("button", {
      class: "neuron", style, "data-key": `${depth} ${neuron}`, "aria-pressed": "false",
      onclick: () => select({ depth, neuron }),
    }, canvas);
  });
  return [...circles, columnHead(depth, places)];
}

function columnHead(depth, places) {
  const head = make("div", { class: "column", style: `left:${places[0][0]}px` });
  if (depth < 0) {
    head.append(make("span", {}, "inputs"));
    return head;
  }
  const layer = state.network.layers[depth];
  const names = [...new Set(layer.activations)];
  const called = layer.called ?? (names.length === 1 ? names[0] : "mixed");
  head.append(make("span", {}, isOutput(depth) ? "output" : `layer ${depth + 1}`),
    make("small", {}, called));
  if (isOutput(depth) || layer.together) return head;
  const button = (sign, what, action, allowed) => make("button", {
    "aria-label": `${what} ${layerName(depth)}`, title: `${what} ${layerName(depth)}`,
    "data-key": `${sign} ${depth}`, disabled: allowed ? null : "", onclick: () => changed(action),
  }, sign);
  head.append(make("span", { class: "pair" },
    button("−", "Take a neuron out of", () => removeNeuron(depth), widthOf(layer) > 1),
    button("+", "Put a neuron into", () => addNeuron(depth),
      widthOf(layer) < content.most.neurons && !state.network.layers[depth + 1].together)));
  return head;
}

function buildLines(width, height) {
  const svg = element("lines");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  stage.lines = [];
  state.network.layers.forEach((layer, depth) => {
    layer.activations.forEach((_, neuron) => {
      for (let input = 0; input < layer.inputs; input += 1) {
        const [[x1, y1], [x2, y2]] = [stage.places[depth][input], stage.places[depth + 1][neuron]];
        const bend = (x2 - x1) * 0.45;
        const path = `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
        const line = document.createElementNS(SVG, "path");
        const target = document.createElementNS(SVG, "path");
        line.setAttribute("d", path);
        target.setAttribute("d", path);
        target.setAttribute("class", "target");
        const at = { depth, neuron, input };
        target.addEventListener("pointerenter", () => point(at));
        target.addEventListener("pointerleave", () => point(null));
        target.addEventListener("click", () => select(at));
        stage.lines.push({ line, target, at, place: placeOfLine(at) });
      }
    });
  });
  svg.append(...stage.lines.map(({ line }) => line), ...stage.lines.map(({ target }) => target));
}

const isSame = (a, b) => Boolean(a && b) && a.depth === b.depth && a.neuron === b.neuron
  && a.input === b.input;

function drawStage() {
  const numbers = shownNumbers();
  const largest = numbers
    ? Math.max(...stage.lines.map(({ place }) => Math.abs(numbers[place]))) : 0;
  const marked = state.pointed ?? state.selected;
  for (const { line, at, place } of stage.lines) {
    const number = numbers?.[place] ?? 0;
    const share = largest ? Math.abs(number) / largest : 0;
    const chosen = isSame(at, marked);
    const near = marked && marked.input === undefined && marked.depth === at.depth
      && marked.neuron === at.neuron;
    line.style.stroke = number ? css(number < 0 ? "negative" : "positive") : css("line");
    line.style.strokeWidth = (0.6 + 6 * share + (chosen ? 2 : 0)).toFixed(2);
    line.style.strokeOpacity = chosen || near ? 1 : (0.22 + 0.6 * share).toFixed(3);
  }
  element("scale").textContent = numbers ? `widest line: ${told(largest, 3)}`
    : "after the first step";
  state.maps.flat().forEach((map, place) => drawMap(stage.circles[place], map));
  for (const button of element("circles").querySelectorAll("button.neuron")) {
    const [depth, neuron] = button.dataset.key.split(" ").map(Number);
    const chosen = isSame({ depth, neuron }, state.selected);
    button.setAttribute("aria-pressed", String(chosen));
    const layer = state.network.layers[depth];
    const bias = state.parameters[placeOf(layer, neuron) + layer.inputs];
    button.setAttribute("aria-label",
      `${neuronName(depth, neuron)}, ${layer.activations[neuron]}, bias ${told(bias)}`);
  }
}
