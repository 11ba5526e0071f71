// Training: one step of the optimiser. `updates` are printed from nn/updates.py, what they are
// given at each step is a tape of what the optimiser computes from its rate and its steps.

function optimizerOf(told, size) {
  return {
    steps: told.steps,
    rate: told.rate,
    state: told.state ? told.state.map((numbers) => [...numbers])
      : Array.from({ length: told.memory }, () => new Array(size).fill(0)),
  };
}

// One step: the parameters after it, and what it did. Where a number is not finite nothing is
// changed, and `refused` says what it was.
function stepped(network, parameters, optimizer, trained, { X, y }, rows) {
  const { loss, gradients } = batch(network, parameters, X, y, rows);
  const steps = optimizer.steps + 1;
  const settings = replay(content.optimizer.settings, [optimizer.rate, steps]).outputs;
  const moved = [...parameters];
  const state = optimizer.state.map((numbers) => [...numbers]);
  for (let place = 0; place < network.size; place += 1) {
    if (!Number.isFinite(gradients[place])) return { refused: "gradient", place };
    if (!trained[place]) continue;
    const before = optimizer.state.map((numbers) => numbers[place]);
    const [x, ...after] = updates[content.optimizer.formula](
      parameters[place], gradients[place], ...before, ...settings);
    if (![x, ...after].every(Number.isFinite)) return { refused: "new number", place };
    moved[place] = x;
    after.forEach((number, which) => { state[which][place] = number; });
  }
  return { loss, gradients, parameters: moved, optimizer: { ...optimizer, steps, state } };
}
