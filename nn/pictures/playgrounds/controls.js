// Buttons, fields and keys; the clock of the training.

const PICTURES_EVERY = 120; // milliseconds between two pictures of all neurons, while it plays

function select(what) {
  state.selected = isSame(what, state.selected) ? null : what;
  if (state.last) noteStep();
  state.pointed = null;
  refresh();
}

function point(at) {
  state.pointed = at;
  drawStage();
  drawPanel();
}

// Something about the network itself is another.
function changed(action) {
  action();
  buildStage();
  fillFields();
  recompute();
  say();
}

// All that the pictures show, computed anew.
function recompute() {
  Object.assign(state, computeMaps());
  state.judged = judged();
  noteLosses();
  refresh();
}

function refresh() {
  drawStage();
  drawData();
  drawOutput();
  drawLosses();
  drawPanel();
  drawCounts();
  if (element("python").open) toPython();
}

function drawCounts() {
  const right = state.judged?.right;
  element("steps").textContent = state.steps;
  element("epochs").textContent = state.epoch;
  element("loss").textContent = told(state.judged?.loss);
  element("accuracy").textContent = right
    ? `${told((100 * right.filter(Boolean).length) / right.length, 3)} %` : "—";
  element("banner").hidden = !state.refused;
  element("banner").textContent = state.refused;
  const { innerText } = element("counts");
  element("output").setAttribute("aria-label",
    `What the network gives over its inputs. ${innerText.replaceAll("\n", " ")}`);
}

// For screen readers, when something was done, not while it plays.
function say() {
  const accuracy = state.judged?.right ? `, accuracy ${element("accuracy").textContent}` : "";
  element("said").textContent = state.refused || `Step ${state.steps}, epoch ${state.epoch}, `
    + `loss ${told(state.judged?.loss)}${accuracy}`;
}

function showPlaying(playing) {
  state.playing = playing;
  const button = element("play");
  button.setAttribute("aria-pressed", String(playing));
  button.lastElementChild.textContent = playing ? "Pause" : "Play";
}

function setPlaying(playing) {
  showPlaying(playing);
  if (playing) {
    clock.owed = 0;
    clock.before = clock.pictured = performance.now();
    requestAnimationFrame(tick);
  } else {
    recompute();
    say();
  }
}

const clock = { before: 0, owed: 0, pictured: 0 };

// One frame: as many steps as the speed wants, but no longer than a frame should take.
function tick(now) {
  if (!state.playing) return;
  const speed = Number(element("speed").value); // steps a second, or 0 for as many as can be
  clock.owed = speed ? Math.min(clock.owed + ((now - clock.before) * speed) / 1000, speed) : Infinity;
  clock.before = now;
  const started = performance.now();
  let went = true;
  while (went && clock.owed >= 1 && performance.now() - started < 14) {
    went = step();
    clock.owed -= 1;
    if (went && state.last) noteStep();
  }
  if (!went) return setPlaying(false);
  if (now - clock.pictured > PICTURES_EVERY) {
    recompute();
    clock.pictured = performance.now(); // the pictures may take longer than that
  } else {
    element("steps").textContent = state.steps;
  }
  requestAnimationFrame(tick);
}

// The sample that the panel follows is one of the batch.
function noteStep() {
  if (state.selected && !state.last.rows.includes(state.sample)) [state.sample] = state.last.rows;
}

function oneStep() {
  state.playing = false;
  if (step()) noteStep();
  setPlaying(false);
}

function oneEpoch() {
  const wanted = state.epoch + 1;
  while (state.epoch < wanted && step()) noteStep();
  setPlaying(false);
}

function fillFields() {
  const activation = element("activation");
  const common = commonActivation();
  const names = content.choices.includes(common) || !common ? content.choices
    : [...content.choices, common];
  activation.replaceChildren(...(common ? [] : [make("option", { value: "" }, "mixed")]),
    ...names.map((name) => make("option", { value: name }, name)));
  activation.value = common;
  const hidden = state.network.layers.length - 1;
  activation.disabled = !hidden;
  element("layer-count").textContent = hidden;
  const last = state.network.layers.at(-1);
  element("more-layers").disabled = hidden + 1 >= content.most.layers || last.inputs < 1;
  element("fewer-layers").disabled = hidden < 1;
  const rates = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.1, 0.3, 1, 3, state.optimizer.rate];
  choices("rate", rates, state.optimizer.rate);
  const sizes = [1, 2, 5, 10, 20, 32, 50, 100].filter((size) => size < state.X.length);
  choices("batch", [...sizes, state.batchSize, state.X.length], state.batchSize,
    (size) => (size === state.X.length ? `all ${size}` : size));
}

function choices(id, numbers, chosen, text = String) {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  element(id).replaceChildren(...sorted.map((number) => make("option", { value: number }, text(number))));
  element(id).value = String(chosen);
}

function setNoise(share) {
  state.noise = share;
  state.X = content.X.map((x, row) => x.map((number, input) =>
    number + share * spread * shakes[row][input]));
  element("noise-shown").textContent = `${Math.round(100 * share)} %`;
  recompute();
}

function nearestSample(event) {
  const { left, top, width, height } = event.target.getBoundingClientRect();
  const [least, most] = targetRange();
  const margin = 0.15 * (most - least);
  const flat = state.network.inputs === 1;
  const ranges = flat ? [state.ranges[0], [least - margin, most + margin]] : state.ranges;
  const pixel = pixelOf(ranges, width, height);
  const distances = state.X.map((x, row) => {
    const [across, down] = pixel(flat ? [x[0], state.y[row][0]] : x);
    return Math.hypot(across - (event.clientX - left), down - (event.clientY - top));
  });
  state.sample = distances.indexOf(Math.min(...distances));
  refresh();
}

// The numbers as Python takes them.
function toPython() {
  const found = {};
  state.network.layers.forEach((layer, depth) => layer.activations.forEach((_, neuron) => {
    const place = placeOf(layer, neuron);
    for (let input = 0; input <= layer.inputs; input += 1) {
      const part = input < layer.inputs ? `w.${input}` : "b";
      found[`layers.${depth}.neurons.${neuron}.${part}`] = state.parameters[place + input];
    }
  }));
  element("numbers").value = JSON.stringify(found);
}

// Which colour is which class.
function nameClasses() {
  const numbers = [...new Set(content.classes ?? [])].sort((a, b) => a - b);
  element("classes").replaceChildren(...numbers.map((number) => {
    const several = content.outputs > 1;
    const dot = make("span", { class: several ? "dot" : `dot ${number ? "positive" : "negative"}` });
    if (several) dot.style.background = classColour(number);
    return make("span", {}, dot, `class ${number}`);
  }));
  const kinds = numbers.length ? `, in ${numbers.length} classes` : "";
  element("data").setAttribute("aria-label", `${state.X.length} samples${kinds}`);
}

const ACTIONS = {
  play: () => setPlaying(!state.playing),
  step: oneStep,
  epoch: oneEpoch,
  reset: () => {
    showPlaying(false);
    changed(restart);
  },
  anew: () => changed(drawAnew),
  "more-layers": () => changed(addLayer),
  "fewer-layers": () => changed(removeLayer),
};
for (const [id, action] of Object.entries(ACTIONS)) element(id).addEventListener("click", action);
element("rate").addEventListener("change", (event) => {
  state.optimizer = { ...state.optimizer, rate: Number(event.target.value) };
});
element("batch").addEventListener("change", (event) => {
  state.batchSize = Number(event.target.value);
  state.order = [];
});
element("activation").addEventListener("change", (event) => {
  if (event.target.value) changed(() => setActivation(event.target.value));
});
element("noise").addEventListener("input", (event) => setNoise(Number(event.target.value) / 100));
for (const radio of document.querySelectorAll("[name=shown]")) {
  radio.addEventListener("change", () => {
    state.shown = radio.value;
    refresh();
  });
}
element("python").addEventListener("toggle", toPython);
for (const id of ["data", "output"]) element(id).addEventListener("click", nearestSample);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("button, input, select, textarea, summary")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const action = { " ": ACTIONS.play, s: oneStep, e: oneEpoch, Escape: () => select(null) }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
function painted() {
  readColours();
  refresh();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", painted);
new MutationObserver(painted).observe(document.documentElement, { attributeFilter: ["data-theme"] });
let laidOut = "";
new ResizeObserver(() => {
  const size = `${element("network").clientWidth} ${element("network").clientHeight} ${
    document.documentElement.clientWidth} ${devicePixelRatio}`;
  if (size === laidOut) return;
  laidOut = size;
  buildStage();
  refresh();
}).observe(document.body);

element("title").textContent = content.title;
element("what-loss").textContent = content.lossName;
element("optimizer").textContent = content.optimizer.name;
element("across").textContent = element("across-out").textContent = inputName(0);
for (const axis of document.querySelectorAll(".axis.up")) {
  axis.textContent = state.X[0].length > 1 ? inputName(1) : "";
}
element("accuracy-side").hidden = element("misread").hidden = !content.classes;
if (state.X[0].length === 1) element("misread").hidden = true; // its curve rings none
nameClasses();
element("held").hidden = state.X[0].length < 3;
readColours();
restart();
fillFields();
buildStage();
recompute();
