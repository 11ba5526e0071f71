// The graph as SVG: built once for each view, then filled in at every step.

const SVG = "http://www.w3.org/2000/svg";
const ROW = 18;
const PADDING = 8;

function svg(tag, attributes = {}, text = undefined) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

class Picture {
  constructor(element, graph) {
    this.element = element;
    this.graph = graph;
    this.world = svg("g");
    element.append(this.world);
    this.view = null;
    this.camera = { x: 0, y: 0, scale: 1 };
  }

  build(view) {
    this.view = view;
    this.rooms = new Map(); // how wide a number may be
    this.edges = view.edges.map((edge) => this.edge(edge));
    this.boxes = view.boxes.map((box, place) => this.box(box, place));
    this.overlay = svg("g", { class: "overlay" });
    const layer = (name, elements) => {
      const group = svg("g", { class: name });
      group.append(...elements);
      return group;
    };
    this.element.classList.toggle("dense", view.edges.length > 100);
    this.world.replaceChildren(
      layer("edges", this.edges.map((edge) => edge.element)),
      layer("boxes", this.boxes.map((box) => box.element)),
      this.overlay,
    );
  }

  edge({ tail, head, points, label }) {
    const element = svg("g", { class: "edge" });
    const [start, ...rest] = points;
    const curves = [];
    for (let i = 0; i < rest.length; i += 3) curves.push(`C${rest.slice(i, i + 3).join(" ")}`);
    const line = svg("path", { class: "line", d: `M${start}${curves.join("")}` });
    const [[fromX, fromY], [x, y]] = [points.at(-2), points.at(-1)];
    const turn = Math.atan2(y - fromY, x - fromX) * 180 / Math.PI;
    const tip = svg("path", {
      class: "tip", d: "M0 0L-8 -3.5L-8 3.5Z", transform: `translate(${x} ${y}) rotate(${turn})`,
    });
    element.append(line, tip);
    return { element, line, tail, head, label };
  }

  box(box, place) {
    const element = svg("g", {
      transform: `translate(${box.x} ${box.y})`, tabindex: 0, role: "button", "data-box": place,
    });
    const parts = { element };
    if (box.name) {
      element.append(svg("rect", {
        class: "behind", x: 4, y: 4, width: box.width, height: box.height, rx: 7 }));
    }
    element.append(svg("rect", { class: "body", width: box.width, height: box.height, rx: 7 }));
    const node = this.graph.nodes[box.members[0]];
    const strip = box.name || isLeaf(node) ? 0 : stripOf(box, element, node);
    element.append(svg("rect", { class: "outline", width: box.width, height: box.height, rx: 7 }));
    const rows = svg("g", {
      transform: `translate(${strip} ${PADDING / 2})`, "aria-hidden": true }); // see aria-label
    element.append(rows);
    const right = box.width - strip - PADDING;
    const row = (number, key) => {
      const y = ROW * number + 13;
      const label = svg("text", { class: "key", x: PADDING, y }, key);
      const kind = key === "data" ? "data" : `gradient${key ? "" : " sum"}`;
      const text = svg("text", { class: kind, x: right, y });
      rows.append(label, text);
      this.rooms.set(text, () => right - PADDING - label.getComputedTextLength() - 8);
      return text;
    };
    if (box.name) {
      rows.append(svg("text", { class: "name", x: PADDING, y: 13 }, box.name));
      rows.append(svg("text", { class: "open", x: right, y: 14 }, "⊕"));
      rows.append(svg("text", { class: "key", x: PADDING, y: ROW + 13 },
        counted(box.members.length, "value")));
      parts.data = row(2, "data");
      parts.gradient = row(3, box.measured === undefined ? "‖grad‖"
        : `grad ${this.graph.nodes[box.measured].name}`);
      element.setAttribute("class", "box closed");
    } else if (isNameless(node)) {
      parts.data = svg("text", { class: "data lone", x: box.width / 2, y: 13 });
      rows.append(parts.data);
      this.rooms.set(parts.data, () => box.width - 6);
      element.setAttribute("class", "box constant");
    } else {
      const name = svg("text", { class: node.named ? "name" : "name made-up", x: PADDING, y: 13 },
        node.label ?? node.name);
      if (node.label) name.append(svg("tspan", { class: "made-up", dx: 4 }, node.name));
      rows.append(name);
      parts.data = row(1, "data");
      if (node.trained) parts.gradient = row(2, "grad");
      if (box.sums) parts.sum = row(3, "");
      const kind = isLeaf(node) ? "leaf" : "result";
      const editable = isLeaf(node) && node.trained && !this.graph.obstacle ? " editable" : "";
      element.setAttribute("class", `box ${kind}${editable}`);
    }
    return parts;
  }

  // What a step shows: texts of the boxes, what is active, what flows.
  fill(texts, active, marked) {
    this.boxes.forEach((box, place) => {
      this.write(box, texts[place]);
      const { classList } = box.element;
      classList.toggle("active", active.boxes.has(place));
      classList.toggle("off-path", marked !== null && !marked.boxes.has(place));
      classList.toggle("chosen", marked !== null && marked.start === place);
    });
    this.edges.forEach(({ element }, place) => {
      const flows = active.edges.has(place);
      element.classList.toggle("forward", flows && active.phase === "forward");
      element.classList.toggle("backward", flows && active.phase === "backward");
      element.classList.toggle("off-path", marked !== null && !marked.edges.has(place));
      element.classList.toggle("on-path", marked !== null && marked.edges.has(place));
    });
    this.overlay.replaceChildren(...[...active.edges].flatMap(([place, text]) => (
      text ? [this.label(this.edges[place], text.amount)] : [])));
  }

  write(box, said) {
    const key = Object.values(said).join("|");
    if (box.written === key) return; // of 1,500 boxes few change at a step
    box.written = key;
    const { element, data, gradient } = box;
    data.textContent = said.data;
    this.shrink(data);
    data.classList.toggle("missing", said.data === said.missing);
    if (gradient) {
      gradient.classList.toggle("missing", said.gradient === said.missing);
      gradient.replaceChildren(svg("tspan", { class: said.wrong ? "wrong" : "" }, said.gradient));
      const right = svg("tspan", { class: "right", dx: "0.5em" }, `✓ ${said.right}`);
      if (said.wrong) gradient.append(right);
      this.shrink(gradient);
    }
    if (box.sum) {
      box.sum.textContent = said.sum ? `= ${said.sum}` : "";
      this.shrink(box.sum);
    }
    element.setAttribute("aria-label", said.spoken);
    element.classList.toggle("waiting", said.waiting);
    element.classList.toggle("mistaken", Boolean(said.wrong));
    element.classList.toggle("not-finite", Boolean(said.notFinite));
  }

  // A number that is too long for its box, after an edit for example, in a smaller font.
  shrink(text) {
    text.style.fontSize = "";
    if (text.textContent.length < 5) return; // measuring takes time
    const share = this.rooms.get(text)() / text.getComputedTextLength();
    if (share < 1) text.style.fontSize = `${12 * share}px`;
  }

  label(edge, text) {
    const middle = edge.line.getPointAtLength(edge.line.getTotalLength() / 2);
    const [x, y] = edge.label ?? [middle.x, middle.y];
    const element = svg("g", { class: "contribution", transform: `translate(${x} ${y})` });
    this.token(element, text);
    return element;
  }

  // A number on its way.
  token(element, text) {
    if (element.said === text) return;
    element.said = text;
    element.classList.add("contribution");
    const half = text.length * 3.6 + 6;
    element.replaceChildren(
      svg("rect", { x: -half, y: -9, width: 2 * half, height: 17, rx: 8.5 }),
      svg("text", { y: 4 }, text),
    );
  }

  // Dots run along the active edges, from operand to result or back. Where one number flows back
  // along an edge, it sets out as the upstream gradient, meets the local derivative, and arrives
  // as their product.
  flow(active, duration) {
    cancelAnimationFrame(this.frame);
    this.dots?.forEach(({ dot }) => dot.remove());
    this.dots = [...active.edges].map(([place, text]) => {
      const { line } = this.edges[place];
      const dot = svg("g", { class: `dot ${active.phase}` });
      const said = text && [text.upstream, `${text.upstream} × ${text.local}`, text.amount];
      if (!said) dot.append(svg("circle", { r: 4.5 }));
      this.world.append(dot);
      return { dot, line, said, length: line.getTotalLength() };
    });
    this.overlay.classList.toggle("flowing", this.dots.some(({ said }) => said));
    const start = performance.now();
    const move = (time) => {
      const share = Math.min(Math.max((time - start) / duration, 0), 1);
      const eased = share * share * (3 - 2 * share);
      for (const { dot, line, said, length } of this.dots) {
        const gone = active.phase === "backward" ? 1 - eased : eased;
        const { x, y } = line.getPointAtLength(length * gone);
        dot.setAttribute("transform", `translate(${x} ${y})`);
        if (said) this.token(dot, said[Math.min(Math.floor(share * 3), 2)]);
      }
      if (share < 1) this.frame = requestAnimationFrame(move);
      else {
        this.overlay.classList.remove("flowing");
        this.dots.forEach(({ dot }) => dot.remove());
      }
    };
    if (this.dots.length) move(start);
  }

  focus(place) {
    this.boxes[place]?.element.focus({ preventScroll: true });
  }

  // --- the camera ------------------------------------------------------------------

  place(camera) {
    this.camera = camera;
    const { x, y, scale } = camera;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }

  // The scale at which a whole view fits.
  scaleOf(view) {
    const { clientWidth: width, clientHeight: height } = this.element;
    return Math.min(width / view.width, height / view.height);
  }

  // The whole graph; if that is too small to be read, a part of it from its left end.
  fit(legible = 0) {
    const { clientWidth: width, clientHeight: height } = this.element;
    const whole = this.scaleOf(this.view);
    const scale = Math.min(whole < legible ? legible * 1.1 : whole, Math.max(2, legible * 1.5));
    const along = (room, size) => (size * scale <= room ? (room - size * scale) / 2 : 0);
    const y = (height - this.view.height * scale) / 2;
    this.place({ scale, x: along(width, this.view.width), y });
  }

  zoom(factor, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const scale = Math.min(Math.max(this.camera.scale * factor, 0.02), 6);
    const ratio = scale / this.camera.scale;
    this.place({ scale, x: x - (x - this.camera.x) * ratio, y: y - (y - this.camera.y) * ratio });
  }

  move(dx, dy) {
    this.place({ ...this.camera, x: this.camera.x + dx, y: this.camera.y + dy });
  }

  // Moves the camera if what is active lies outside: the boxes, and the ends of the edges if they
  // fit as well.
  follow({ boxes, edges }) {
    if (!boxes.size) return;
    const ends = [...edges.keys()].map((edge) => this.edges[edge]);
    this.show([...boxes, ...ends.flatMap(({ tail, head }) => [tail, head])]);
    this.show([...boxes]);
  }

  show(places) {
    const boxes = places.map((place) => this.view.boxes[place]);
    const { x, y, scale } = this.camera;
    const margin = 6;
    const shift = (low, high, room) => {
      if (high - low > room - 2 * margin) return room / 2 - (low + high) / 2;
      return Math.max(margin - low, Math.min(0, room - margin - high));
    };
    const left = Math.min(...boxes.map((box) => box.x)) * scale + x;
    const right = Math.max(...boxes.map((box) => box.x + box.width)) * scale + x;
    const top = Math.min(...boxes.map((box) => box.y)) * scale + y;
    const bottom = Math.max(...boxes.map((box) => box.y + box.height)) * scale + y;
    this.move(shift(left, right, this.element.clientWidth),
      shift(top, bottom, this.element.clientHeight));
  }
}

// The strip with the symbol of the operation; how wide it is.
function stripOf(box, element, node) {
  const { strip, height } = box;
  element.append(
    svg("path", {
      class: "strip",
      d: `M${strip} 0H7A7 7 0 0 0 0 7V${height - 7}A7 7 0 0 0 7 ${height}H${strip}Z`,
    }),
    svg("text", { class: "symbol", x: strip / 2, y: height / 2 + 4.5 }, node.symbol),
  );
  return strip;
}
