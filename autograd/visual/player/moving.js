// Moving inputs: one by hand, to see what its gradient foretells, or all of them downhill.

const canMove = (number) => !graph.obstacle && isLeaf(graph.nodes[number])
  && graph.nodes[number].trained;

// The step of a number: a hundredth of its order, of 1 at least for what is near 0.
const stepOf = (number) => 10 ** (Math.floor(Math.log10(Math.max(Math.abs(number), 0.1))) - 1);

const difference = (number, kind) => [`${number < 0 ? "−" : "+"} ${show(Math.abs(number))}`, kind];

// x + 0.1 → f − 0.4; the slope −4 foretold − 0.4: from `before`, where the slopes were taken.
function nudgeLine(number, before, moved) {
  const by = moved - before.leaves[number];
  const slope = before.right[number];
  const changed = numbers.data[root] - before.data[root];
  return [
    nameToken(graph, numbers.data, number), plain(" "), difference(by, "data"), plain("  →  "),
    nameToken(graph, numbers.data, root), plain(" "), difference(changed, "data"),
    quiet(";  its slope "), gradientToken(slope), quiet(" foretold "),
    difference(slope * by, "gradient"),
  ];
}

const asTheyAre = () => ({ leaves: [...leaves], data: [...numbers.data], right: [...right] });

function say(tokens) {
  at("moved").hidden = !tokens;
  if (tokens) at("moved").replaceChildren(...tokens.map(span));
}

// Gives an input another number; what it said, or why it cannot be.
function nudge(number, before, to) {
  edit(number, String(Number(to.toPrecision(12))));
  if (leaves[number] !== before.leaves[number]) say(nudgeLine(number, before, leaves[number]));
  else say(null);
}

function downhill() {
  const rate = Number(at("rate").value);
  const before = asTheyAre();
  const moving = leaves.map((_, number) => canMove(number));
  try {
    compute(leaves.map((old, number) => (moving[number] ? old - rate * right[number] : old)));
  } catch (error) {
    if (!(error instanceof NoNumber)) throw error;
    announce(`${error.message}. No input moves: try a smaller rate.`);
    return;
  }
  moving.forEach((moves, number) => { if (moves) edited.add(number); });
  announce("");
  say([
    quiet(`every input − ${rate} · its gradient:  `), nameToken(graph, before.data, root),
    plain(" = "), [show(before.data[root]), "data"], plain("  →  "), dataToken(numbers.data[root]),
    quiet(numbers.data[root] > before.data[root] ? "  It rose: the rate is too large here." : ""),
  ]);
  pause();
  go(0);
  if (!calm.matches) play();
}
