// Predict, then reveal: the next number is hidden until the reader has had a guess.

const canAsk = (step) => step !== undefined && ["forward", "backward"].includes(step.phase)
  && !view.boxes[step.box].name;

// What the next step will be, its results hidden; the form asks for them.
function question() {
  const step = steps[position + 1];
  const state = stateAfter(graph, numbers.partials, steps, position + 1, bug);
  const name = (number) => nameOf(graph, numbers.data, number);
  if (step.phase === "forward") {
    const [number] = step.nodes;
    askFor([{ text: name(number), answer: numbers.data[number] }]);
    return { heading: `What will ${name(number)} be?`,
      lines: [valueLine(graph, numbers.data, number, true)], remark: "" };
  }
  const targets = [...new Set(state.arrivals.map(({ to }) => to))].slice(0, 4);
  askFor(targets.map((to) => ({ text: `${name(to)}.grad`, answer: state.gradients.get(to) })));
  return {
    heading: `${name(step.passes[0][0])} passes its gradient on. What arrives?`,
    lines: [],
    rows: state.arrivals.slice(0, MOST_LINES).map(
      (arrival) => arrivalRow(scene(), arrival, true)),
    remark: targets.some((to) => played().gradients.has(to)) ? "Mind what has arrived before." : "",
  };
}

function askFor(wanted) {
  const form = at("question");
  const inputs = wanted.map(({ text }) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.textContent = `${text} = `;
    input.inputMode = "text";
    input.autocomplete = "off";
    input.size = 8;
    label.append(input);
    return label;
  });
  const button = document.createElement("button");
  button.textContent = "Check";
  form.replaceChildren(...inputs, button);
  form.onsubmit = (event) => {
    event.preventDefault();
    const given = [...form.querySelectorAll("input")].map((input) => numberFrom(input.value));
    reveal(wanted, given);
  };
}

function reveal(wanted, given) {
  const lines = wanted.map(({ text, answer }, place) => {
    const typed = given[place];
    const slack = Math.max(0.005, Math.abs(answer) / 100);
    const close = typed !== null && Math.abs(typed - answer) <= slack;
    score = { right: score.right + close, asked: score.asked + (typed !== null) };
    const verdict = typed === null ? "" : close ? "✓ " : "✗ ";
    const said = typed === null || close ? "" : `  (you said ${show(typed)})`;
    const line = lineElement([[`${verdict}${text} = ${show(answer)}`, "name"], [said, "quiet"]]);
    line.classList.add(close ? "good" : typed === null ? "told" : "bad");
    return line;
  });
  go(position + 1);
  at("verdict").replaceChildren(...lines);
  at("question").querySelector("input")?.focus();
}
