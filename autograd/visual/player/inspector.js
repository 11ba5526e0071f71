// One node that was chosen: its chain rule, and the number of a leaf to edit.

function inspect(number, state) {
  const panel = at("inspector");
  if (number === null) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = graph.obstacle ? "Point at a value to see its chain rule."
      : "Point at a value to see its chain rule; click an input to change its number, or drag it.";
    panel.replaceChildren(hint);
    panel.className = "idle";
    return;
  }
  // A number that is being typed stays.
  if (panel.querySelector(`form[data-node="${number}"] input:focus`)) return;
  panel.className = "";
  const node = graph.nodes[number];
  const title = document.createElement("h2");
  title.textContent = nameOf(graph, numbers.data, number);
  const scope = document.createElement("small");
  scope.textContent = node.scope;
  title.append(scope);
  const parts = [title];
  if (isLeaf(node)) parts.push(graph.obstacle ? obstacle() : editor(number));
  else if (state.known.has(number)) parts.push(lineElement(valueLine(graph, numbers.data, number)));
  // Who points at a value is not told what the backward pass will find; who asks for it is.
  const asked = number === chosen && !at("predict").checked;
  if (node.trained && (asked || state.gradients.has(number))) {
    parts.push(...chainLines(scene(), number).map(lineElement));
  } else if (node.trained) {
    const missing = document.createElement("p");
    missing.className = "remark";
    missing.textContent = "Its gradient is still to come: the backward pass has not reached it.";
    parts.push(missing);
  }
  panel.replaceChildren(...parts);
}

function editor(number) {
  const form = document.createElement("form");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const button = document.createElement("button");
  form.dataset.node = number;
  label.textContent = "data ";
  input.value = String(leaves[number]);
  input.inputMode = "decimal";
  input.autocomplete = "off";
  button.textContent = "Recompute";
  label.append(input);
  form.append(label, button);
  input.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || !canMove(number)) return;
    event.preventDefault();
    event.stopPropagation();
    const before = asTheyAre();
    nudge(number, before, before.leaves[number] + by * stepOf(before.leaves[number]));
    input.value = String(leaves[number]);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    input.blur();
    edit(number, input.value);
    picture.focus(view.boxes.findIndex(({ members }) => members[0] === number));
  });
  return form;
}

function obstacle() {
  const text = document.createElement("p");
  text.className = "remark";
  text.textContent = `Numbers cannot be edited here: ${graph.obstacle}.`;
  return text;
}

function choose(place) {
  const box = view.boxes[place];
  if (box.name) {
    openScope(box.scope);
    return;
  }
  [chosen, hovered] = [box.members[0], null];
  render();
}
