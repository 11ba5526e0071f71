// Tapes: what a function computed, one rule after the other. `rules` are printed from
// autograd/ops.py: each gives its value and the partial derivative by each operand.

// The value and the partials of one rule, [value, [partial, ...]].
function applied(name, operands) {
  if (sequences.has(name)) return rules[name](operands);
  const [value, ...partials] = rules[name](...operands);
  return [value, partials];
}

// All numbers of `tape` for `inputs`, and the partials of each of its steps.
function replay(tape, inputs) {
  const slots = [...inputs, ...tape.numbers];
  const partials = tape.steps.map(([name, operands, slot]) => {
    const [value, by] = applied(name, operands.map((operand) => slots[operand]));
    slots[slot] = value;
    return by;
  });
  return { slots, partials, outputs: tape.outputs.map((slot) => slots[slot]) };
}

// The gradient by each input of a replayed tape, from that by each output.
function pullBack(tape, { partials }, upstream) {
  const gradients = [];
  const add = (slot, amount) => { gradients[slot] = (gradients[slot] ?? 0) + amount; };
  tape.outputs.forEach((slot, place) => add(slot, upstream[place]));
  for (let step = tape.steps.length - 1; step >= 0; step -= 1) {
    const [, operands, slot] = tape.steps[step];
    if (gradients[slot] === undefined || tape.fixed.includes(slot)) continue;
    operands.forEach((operand, place) => add(operand, gradients[slot] * partials[step][place]));
  }
  return Array.from({ length: tape.inputs }, (_, input) => gradients[input] ?? 0);
}
