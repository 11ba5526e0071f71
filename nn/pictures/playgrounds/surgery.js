// Neurons and layers put in and taken out: what stays keeps its numbers, what is new gets
// weights between -1 and 1 and the bias 0. The optimiser forgets what it remembered.

const drawn = () => 2 * random() - 1;
const fresh = (inputs) => ({
  numbers: [...Array.from({ length: inputs }, drawn), 0], trained: Array(inputs + 1).fill(true),
});

// Each layer with the numbers of its neurons.
function takenApart() {
  return state.network.layers.map((layer) => ({
    ...layer,
    neurons: layer.activations.map((_, neuron) => {
      const place = placeOf(layer, neuron);
      const part = (numbers) => numbers.slice(place, place + layer.inputs + 1);
      return { numbers: part(state.parameters), trained: part(state.trained) };
    }),
  }));
}

function putTogether(layers) {
  const neurons = layers.flatMap((layer) => layer.neurons);
  state.network = networkOf(layers.map(({ neurons: _, ...layer }) => layer));
  state.parameters = neurons.flatMap((neuron) => neuron.numbers);
  state.trained = neurons.flatMap((neuron) => neuron.trained);
  state.optimizer = optimizerOf(
    { memory: content.optimizer.memory, steps: 0, rate: state.optimizer.rate }, state.network.size);
  state.selected = state.pointed = null;
  beginAgain();
}

function addNeuron(depth) {
  const layers = takenApart();
  layers[depth].activations = [...layers[depth].activations, layers[depth].activations.at(-1)];
  layers[depth].neurons.push(fresh(layers[depth].inputs));
  const next = layers[depth + 1];
  for (const neuron of next.neurons) {
    neuron.numbers.splice(next.inputs, 0, drawn());
    neuron.trained.splice(next.inputs, 0, true);
  }
  next.inputs += 1;
  putTogether(layers);
}

function removeNeuron(depth) {
  const layers = takenApart();
  layers[depth].activations = layers[depth].activations.slice(0, -1);
  layers[depth].neurons.pop();
  const next = layers[depth + 1];
  next.inputs -= 1;
  for (const neuron of next.neurons) {
    neuron.numbers.splice(next.inputs, 1);
    neuron.trained.splice(next.inputs, 1);
  }
  putTogether(layers);
}

// The layer before the output reads `inputs` now: the output reads it anew.
function reconnect(layer, inputs) {
  layer.inputs = inputs;
  layer.neurons = layer.neurons.map(() => fresh(inputs));
}

function addLayer() {
  const layers = takenApart();
  const before = layers.length > 1 ? layers.at(-2) : null;
  const inputs = before ? before.activations.length : layers[0].inputs;
  const width = before ? Math.min(4, before.activations.length) : 4;
  const name = before && !before.together ? before.activations[0] : "tanh";
  layers.splice(-1, 0, {
    inputs, activations: Array(width).fill(name), together: null,
    neurons: Array.from({ length: width }, () => fresh(inputs)),
  });
  reconnect(layers.at(-1), width);
  putTogether(layers);
}

function removeLayer() {
  const layers = takenApart();
  const [gone] = layers.splice(-2, 1);
  reconnect(layers.at(-1), gone.inputs);
  putTogether(layers);
}

function setActivation(name) {
  const layers = takenApart();
  for (const layer of layers.slice(0, -1)) {
    if (!layer.together) layer.activations = layer.activations.map(() => name);
  }
  putTogether(layers);
}

function drawAnew() {
  const layers = takenApart();
  for (const layer of layers) {
    for (const neuron of layer.neurons) {
      const drawnNow = fresh(layer.inputs).numbers;
      neuron.numbers = neuron.numbers.map((number, place) =>
        (neuron.trained[place] ? drawnNow[place] : number));
    }
  }
  putTogether(layers);
}

// What the hidden layers have in common, "" where they differ.
function commonActivation() {
  const names = new Set(state.network.layers.slice(0, -1).filter((layer) => !layer.together)
    .flatMap((layer) => layer.activations));
  return names.size === 1 ? [...names][0] : "";
}
