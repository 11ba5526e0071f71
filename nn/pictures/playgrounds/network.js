// The network: layers of neurons, forward and backward for one sample.
//
// All parameters lie in one array, those of a neuron together: its weights, then its bias.
// A layer says how many `inputs` it reads, the `activations` of its neurons by name, and
// `together` which of all outputs at once (a softmax), if any.

function networkOf(layers) {
  let size = 0;
  const placed = layers.map((layer) => {
    const first = size;
    size += layer.activations.length * (layer.inputs + 1);
    return { ...layer, first, together: layer.together ?? null };
  });
  return { layers: placed, size, inputs: layers[0].inputs };
}

const widthOf = (layer) => layer.activations.length;
const placeOf = (layer, neuron) => layer.first + neuron * (layer.inputs + 1);

// What every neuron computes: in each layer the inputs `x`, the sums `z`, the activations `a`.
function forward(network, parameters, sample) {
  let x = sample;
  return network.layers.map((layer) => {
    const passed = { x, z: [], own: [], a: [] };
    layer.activations.forEach((name, neuron) => {
      const place = placeOf(layer, neuron);
      const weights = parameters.slice(place, place + layer.inputs);
      const [dot, byOperand] = rules.dot([...weights, ...x]);
      const [z, byDot, byBias] = rules.add(dot, parameters[place + layer.inputs]);
      const activated = replay(content.activations[name], [z]);
      passed.z.push(z);
      passed.a.push(activated.outputs[0]);
      passed.own.push({ byOperand, byDot, byBias, activated });
    });
    if (layer.together) {
      passed.together = replay(layer.together, passed.a);
      passed.alone = passed.a;
      passed.a = passed.together.outputs;
    }
    x = passed.a;
    return passed;
  });
}

const outputsOf = (passes) => passes.at(-1).a;

// Adds the gradient by every parameter to `gradients`, from that by each output. Returns the
// gradients by `z` and `a` of every neuron: what the backward pass brings to it.
function backward(network, passes, upstream, gradients) {
  const told = [];
  let byA = upstream;
  for (let depth = network.layers.length - 1; depth >= 0; depth -= 1) {
    const layer = network.layers[depth];
    const passed = passes[depth];
    const by = { a: byA, alone: byA, z: [], products: [] };
    if (layer.together) by.alone = pullBack(layer.together, passed.together, byA);
    const byX = Array(layer.inputs).fill(0);
    layer.activations.forEach((name, neuron) => {
      const { byOperand, byDot, byBias, activated } = passed.own[neuron];
      const [byZ] = pullBack(content.activations[name], activated, [by.alone[neuron]]);
      const place = placeOf(layer, neuron);
      by.z.push(byZ);
      for (let input = 0; input < layer.inputs; input += 1) {
        gradients[place + input] += byZ * byDot * byOperand[input];
        byX[input] += byZ * byDot * byOperand[layer.inputs + input];
      }
      gradients[place + layer.inputs] += byZ * byBias;
    });
    told[depth] = by;
    byA = byX;
  }
  return told;
}

// The loss of one sample, and its derivative by each output.
function lossOf(outputs, target) {
  const replayed = replay(content.loss, [...outputs, ...target]);
  return { loss: replayed.outputs[0], replayed };
}

// The loss of samples `rows` and the gradient of it by every parameter.
function batch(network, parameters, X, y, rows) {
  const gradients = new Array(network.size).fill(0);
  const passes = rows.map((row) => forward(network, parameters, X[row]));
  const losses = rows.map((row, place) => lossOf(outputsOf(passes[place]), y[row]));
  const [loss, shares] = rules[content.reduction](losses.map((each) => each.loss));
  rows.forEach((_, place) => {
    const byInput = pullBack(content.loss, losses[place].replayed, [shares[place]]);
    backward(network, passes[place], byInput.slice(0, content.outputs), gradients);
  });
  return { loss, gradients };
}
