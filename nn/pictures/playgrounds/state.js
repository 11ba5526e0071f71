// What the page holds: the network and its numbers, the samples, the course of the training.

const content = JSON.parse(document.getElementById("playground-data").textContent);
const sequences = new Set(content.sequences);
const element = (id) => document.getElementById(id);

// Random numbers that are the same at every start (mulberry32), evenly from 0 to 1.
function generatorOf(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const random = generatorOf(1);
const bell = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const spread = (() => {
  const all = content.X.flat();
  const middle = all.reduce((sum, x) => sum + x, 0) / all.length;
  return Math.sqrt(all.reduce((sum, x) => sum + (x - middle) ** 2, 0) / all.length) || 1;
})();
const shakes = content.X.map((row) => row.map(bell)); // of the noise, whatever its size

const state = {
  playing: false, shown: "weights", selected: null, pointed: null, sample: 0,
  batchSize: Math.min(content.batchSize, content.X.length), noise: 0, X: content.X, y: content.y,
};

// Back to the network that was given.
function restart() {
  state.network = networkOf(content.layers);
  state.parameters = [...content.parameters];
  state.trained = [...content.trained];
  state.selected = state.pointed = null;
  state.optimizer = optimizerOf({ ...content.optimizer, rate: state.optimizer?.rate
    ?? content.optimizer.rate }, state.network.size);
  beginAgain();
}

// The course of a training that has not begun.
function beginAgain() {
  Object.assign(state, { order: [], epoch: 0, steps: 0, last: null, refused: "" });
  state.losses = { batch: [], all: [] }; // each as [step, loss]
  state.kept = { every: 1, steps: [], parameters: [] };
  keep();
}

const MOST_KEPT = 400;

// The parameters now, for the history of each; of many steps every second, fourth ... is kept.
function keep() {
  const { kept } = state;
  if (state.steps % kept.every) return;
  kept.steps.push(state.steps);
  kept.parameters.push(state.parameters);
  if (kept.steps.length > MOST_KEPT) {
    kept.every *= 2;
    const stays = kept.steps.map((step) => step % kept.every === 0);
    kept.parameters = kept.parameters.filter((_, place) => stays[place]);
    kept.steps = kept.steps.filter((_, place) => stays[place]);
  }
}

function shuffled(count) {
  const order = [...Array(count).keys()];
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

// One step of the training with the next samples; false where it was refused.
function step() {
  if (!state.order.length) {
    const all = state.batchSize >= state.X.length;
    state.order = all ? [...Array(state.X.length).keys()] : shuffled(state.X.length);
  }
  const rows = state.order.slice(0, state.batchSize);
  const before = state.parameters;
  let done;
  try {
    done = stepped(state.network, before, state.optimizer, state.trained, state, rows);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    done = { refused: "loss", why: error.message };
  }
  if (done.refused) {
    state.refused = refusal(done);
    return false;
  }
  state.order = state.order.slice(rows.length);
  state.steps += 1;
  if (!state.order.length) state.epoch += 1;
  state.parameters = done.parameters;
  state.optimizer = done.optimizer;
  const updates = done.parameters.map((number, place) => number - before[place]);
  state.last = { before, rows, gradients: done.gradients, updates, loss: done.loss };
  state.refused = "";
  state.losses.batch.push([state.steps, done.loss]);
  keep();
  return true;
}

function refusal({ refused, place, why }) {
  const what = why ? `the loss cannot be computed: ${why}`
    : `the ${refused} of ${nameOf(...whereIs(place))} is not finite`;
  return `Not stepped, and nothing was changed: ${what}. Lower the learning rate, or start anew.`;
}

// Layer, neuron and input of the parameter at `place`; the input after the last is the bias.
function whereIs(place) {
  const depth = state.network.layers.findLastIndex((layer) => layer.first <= place);
  const layer = state.network.layers[depth];
  const within = place - layer.first;
  return [depth, Math.floor(within / (layer.inputs + 1)), within % (layer.inputs + 1)];
}

const placeOfLine = ({ depth, neuron, input }) =>
  placeOf(state.network.layers[depth], neuron) + input;

const LOWERED = "₀₁₂₃₄₅₆₇₈₉";
const lowered = (number) => [...String(number)].map((digit) => LOWERED[digit]).join("");
const inputName = (input) => content.names[input] ?? `x${lowered(input + 1)}`;
const isOutput = (depth) => depth === state.network.layers.length - 1;
const layerName = (depth) => (isOutput(depth) ? "output" : `layer ${depth + 1}`);
const neuronName = (depth, neuron) => (depth < 0 ? inputName(neuron)
  : `${layerName(depth)}, neuron ${neuron + 1}`);
function nameOf(depth, neuron, input) {
  if (input === state.network.layers[depth].inputs) return `the bias of ${neuronName(depth, neuron)}`;
  return `the weight from ${neuronName(depth - 1, input)} to ${neuronName(depth, neuron)}`;
}

// The numbers that lines show: weights, or gradients and updates of the last step.
function shownNumbers() {
  if (state.shown === "weights") return state.parameters;
  return state.last?.[state.shown] ?? null;
}

// The loss of all samples and the share that is read right; null where it cannot be computed.
function judged() {
  try {
    const outputs = state.X.map((x) => outputsOf(forward(state.network, state.parameters, x)));
    const losses = outputs.map((out, row) => lossOf(out, state.y[row]).loss);
    const right = content.classes
      && outputs.map((out, row) => classOf(out) === content.classes[row]);
    return { loss: rules[content.reduction](losses)[0], right };
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function classOf(outputs) {
  if (outputs.length > 1) return outputs.indexOf(Math.max(...outputs));
  return outputs[0] > content.reading.threshold ? 1 : 0;
}

// A number as it is read: four digits, with a true minus.
function told(number, digits = 4) {
  if (number === null || number === undefined) return "—";
  const size = Math.abs(number);
  const text = size !== 0 && (size < 1e-4 || size >= 1e5) ? number.toExponential(digits - 2)
    : String(Number(number.toPrecision(digits)));
  return text.replace(/^-0$/, "0").replaceAll("-", "−");
}
