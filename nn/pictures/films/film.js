// Plays a film: every panel draws itself once, and then the moment that the slider stands at.

const told = JSON.parse(document.getElementById("film-data").textContent);
const at = (id) => document.getElementById(id);
const last = told.moments.length - 1;
let moment = 0;
let timer = null;

function made(name, attributes = {}, ...inside) {
  const isSvg = SHAPES.has(name);
  const element = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}
const SHAPES = new Set(["svg", "g", "path", "rect", "circle", "line", "text", "title"]);

function show(number) {
  if (number === null || number === undefined) return "—";
  const size = Math.abs(number);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5)
    ? number.toExponential(1) : String(Number(number.toPrecision(3)));
  return text.replaceAll("-", "−");
}

// --- scales -------------------------------------------------------------------------------

const scaled = (from, to, low, high) => {
  const range = high - low || 1;
  return (x) => from + (to - from) * (x - low) / range;
};

// A few round numbers between two.
function ticks(low, high, most = 5) {
  const range = high - low || 1;
  const step = 10 ** Math.floor(Math.log10(range / most));
  const wide = [1, 2, 5, 10].map((k) => k * step).find((s) => range / s <= most) ?? step * 10;
  const found = [];
  for (let x = Math.ceil(low / wide) * wide; x <= high + wide * 1e-9; x += wide) found.push(x);
  return found;
}

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

const CHANNELS = (colour) => [1, 3, 5].map((i) => parseInt(colour.trim().slice(i, i + 2), 16));
function mixed(start, end, share) {
  const [a, b] = [CHANNELS(start), CHANNELS(end)];
  return `rgb(${a.map((x, i) => Math.round(x + (b[i] - x) * share)).join(",")})`;
}

// --- panels: each returns what draws a moment -----------------------------------------------

const [WIDE, HIGH] = [420, 300];

function legend(lines, value) {
  const numbers = lines.map(() => made("b"));
  const list = made("ul", { class: "legend" }, ...lines.map((line, k) => {
    const dot = made("i");
    dot.style.background = line.colour;
    return made("li", {}, dot, made("span", {}, line.name), numbers[k]);
  }));
  return [list, (t) => numbers.forEach((element, k) => { element.textContent = value(k, t); })];
}

function curves(panel, section) {
  const known = panel.lines.flatMap((line) => line.y).filter((y) => y !== null);
  const lift = (y) => (panel.log ? Math.log10(y) : y);
  const [low, high] = [Math.min(...known.map(lift)), Math.max(...known.map(lift))];
  const [left, right, top, bottom] = [52, WIDE - 10, 10, HIGH - 34];
  const x = scaled(left, right, panel.xs[0], panel.xs.at(-1));
  const y = scaled(bottom, top, low - 0.04 * (high - low), high + 0.04 * (high - low));
  const svg = made("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img",
    "aria-label": `${panel.title} of ${panel.lines.map((line) => line.name).join(", ")}` });
  const heights = panel.log && high - low >= 1
    ? ticks(low, high).filter(Number.isInteger) : ticks(low, high);
  for (const tick of heights) {
    svg.append(made("line", { class: "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }));
    const said = panel.log ? show(10 ** tick) : show(tick);
    svg.append(made("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, said));
  }
  for (const tick of ticks(panel.xs[0], panel.xs.at(-1))) {
    svg.append(made("text", { x: x(tick), y: bottom + 16, "text-anchor": "middle" }, show(tick)));
  }
  const balls = panel.lines.map((line) => {
    let path = "";
    line.y.forEach((value, k) => {
      if (value !== null) path += `${path ? "L" : "M"}${x(panel.xs[k])} ${y(lift(value))}`;
    });
    svg.append(made("path", { class: "line", d: path, stroke: line.colour }));
    return made("circle", { class: "ball", r: 5, fill: line.colour });
  });
  const now = made("line", { class: "now", y1: top, y2: bottom });
  svg.append(now, ...balls);
  const [list, say] = legend(panel.lines, (k, t) => show(panel.lines[k].y[t]));
  section.append(svg, list);
  return (t) => {
    now.setAttribute("x1", x(panel.xs[t]));
    now.setAttribute("x2", x(panel.xs[t]));
    balls.forEach((ball, k) => {
      const value = panel.lines[k].y[t];
      ball.setAttribute("visibility", value === null ? "hidden" : "visible");
      if (value !== null) {
        ball.setAttribute("cx", x(panel.xs[t]));
        ball.setAttribute("cy", y(lift(value)));
      }
    });
    say(t);
  };
}

// A surface as a heat map, in which low is pale; on a logarithmic scale where it is steep.
function plane(panel, section) {
  const { xs, ys } = panel;
  const [left, right, top, bottom] = [44, WIDE - 8, 8, WIDE - 46];
  const x = scaled(left, right, xs[0], xs.at(-1));
  const y = scaled(bottom, top, ys[0], ys.at(-1));
  const known = panel.values.flat().filter((value) => value !== null);
  const lowest = Math.min(...known);
  const room = (Math.max(...known) - lowest) / 200 || 1;
  const lift = (value) => Math.log(value - lowest + room);
  const height = scaled(0, 1, lift(lowest), Math.max(...known.map(lift)));
  const svg = made("svg", { viewBox: `0 0 ${WIDE} ${WIDE - 6}`, role: "img",
    "aria-label": `${panel.title}, with a ball for ${panel.paths.map((p) => p.name).join(", ")}` });
  const cells = [];
  const [wide, high] = [(right - left) / (xs.length - 1), (bottom - top) / (ys.length - 1)];
  panel.values.forEach((row, k) => row.forEach((value, i) => {
    const rect = made("rect", { "shape-rendering": "crispEdges", x: x(xs[i]) - wide / 2, y: y(ys[k]) - high / 2,
      width: wide + 0.4, height: high + 0.4 });
    svg.append(rect);
    cells.push([rect, value === null ? null : Math.round(height(lift(value)) * 12) / 12]);
  }));
  const paint = () => {
    const [pale, full, none] = [colourOf("zero"), colourOf("negative"), colourOf("strip")];
    for (const [rect, share] of cells) {
      rect.setAttribute("fill", share === null ? none.trim() : mixed(pale, full, share * 0.85));
    }
  };
  paint();
  repaint.push(paint);
  for (const tick of ticks(xs[0], xs.at(-1))) {
    svg.append(made("text", { x: x(tick), y: bottom + 18, "text-anchor": "middle" }, show(tick)));
  }
  for (const tick of ticks(ys[0], ys.at(-1))) {
    svg.append(made("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, show(tick)));
  }
  svg.append(made("text", { class: "name", x: right, y: bottom + 32, "text-anchor": "end" },
    panel.xName));
  svg.append(made("text", { class: "name", x: left + 4, y: top + 12 }, panel.yName));
  const shapes = panel.paths.map((path) => {
    const whole = path.points.map(([a, b], k) => `${k ? "L" : "M"}${x(a)} ${y(b)}`).join("");
    svg.append(made("path", { class: "line ghost", d: whole, stroke: path.colour }));
    const trail = made("path", { class: "line", stroke: path.colour });
    const ball = made("circle", { class: "ball", r: 6, fill: path.colour });
    return [path, trail, ball];
  });
  svg.append(...shapes.map(([, trail]) => trail), ...shapes.map(([, , ball]) => ball));
  const [list, say] = legend(panel.paths, (k, t) => {
    const [a, b] = panel.paths[k].points[t];
    return `(${show(a)}, ${show(b)})`;
  });
  section.append(svg, list,
    made("p", { class: "note" }, "The fainter, the lower; steps are finer where it is lowest."));
  return (t) => {
    for (const [path, trail, ball] of shapes) {
      const so = path.points.slice(0, t + 1);
      trail.setAttribute("d", so.map(([a, b], k) => `${k ? "L" : "M"}${x(a)} ${y(b)}`).join(""));
      ball.setAttribute("cx", x(so.at(-1)[0]));
      ball.setAttribute("cy", y(so.at(-1)[1]));
    }
    say(t);
  };
}

// What the network says in every cell: a class, or a score from -100 to 100.
function map(panel, section) {
  const { side, ends: [[left, right], [low, high]] } = panel;
  const size = 320;
  const x = scaled(0, size, left, right);
  const y = scaled(size, 0, low, high);
  const svg = made("svg", { viewBox: `0 0 ${size} ${size}`, role: "img",
    "aria-label": `What ${panel.title} says over the inputs, with the samples` });
  const one = size / side;
  const cells = panel.cells[0].map((_, k) => made("rect", { "shape-rendering": "crispEdges", x: (k % side) * one,
    y: Math.floor(k / side) * one, width: one + 0.4, height: one + 0.4 }));
  svg.append(...cells);
  const classes = panel.points.map(([, , label]) => label);
  const many = Math.max(...classes) > 1;
  for (const [a, b, label] of panel.points) {
    svg.append(made("circle", { class: "ball", cx: x(a), cy: y(b), r: 4,
      fill: panel.palette[label % panel.palette.length] }));
  }
  section.append(svg);
  const draw = (t) => {
    const back = colourOf("background");
    panel.cells[t].forEach((said, k) => {
      const share = many ? 0.55 : 0.12 + 0.5 * Math.min(1, Math.abs(said) / 100);
      const label = many ? said : said > 0 ? 1 : 0;
      cells[k].setAttribute("fill", mixed(back, panel.palette[label % panel.palette.length], share));
    });
  };
  repaint.push(() => draw(moment));
  return draw;
}

// Gradients of each layer on a logarithmic scale from 1e-8 to 1, and its units.
function flow(panel, section) {
  const draws = panel.layers.map((layer) => {
    const said = made("p");
    const fill = made("div");
    const box = made("div", { class: "layer" }, made("h3", {}, `${layer.name}: ${layer.summary}`),
      said, made("div", { class: "track" }, fill));
    const units = (layer.units?.[0] ?? []).map((_, k) => made("span", { role: "img" }));
    if (units.length) box.append(made("div", { class: "units" }, ...units));
    section.append(box);
    return (t) => {
      const [size, ratio] = [layer.gradient[t], layer.ratio[t]];
      const share = size ? Math.max(0, Math.min(1, 1 + Math.log10(size) / 8)) : 0;
      fill.style.width = `${100 * share}%`;
      const word = size === 0 ? "none arrives" : size < 1e-6 ? "vanishing" : size > 10 ? "exploding" : "";
      said.replaceChildren(`mean |gradient| ${show(size)}, update / weights ${show(ratio)} `,
        made("span", { class: "warn" }, word));
      const slopes = layer.units?.[layer.unitsAt[t]] ?? [];
      const [pale, full] = [colourOf("background"), colourOf("data")];
      units.forEach((unit, k) => {
        unit.style.background = mixed(pale, full, slopes[k]);
        const state = slopes[k] === 0 ? "off: nothing passes" : slopes[k] < 0.05 ? "saturated" : "passes";
        unit.setAttribute("aria-label", `unit ${k}: ${state}, slope ${show(slopes[k])} of the largest`);
        unit.title = unit.getAttribute("aria-label");
      });
    };
  });
  const note = "Bars: 1e−8 is empty, 1 is full, each power of ten an eighth.";
  const some = panel.layers.some((layer) => layer.units);
  section.append(made("p", { class: "note" }, some
    ? `${note} Squares: units; the fuller, the more of a gradient they pass on, the paler the less.`
    : note));
  repaint.push(() => draws.forEach((draw) => draw(moment)));
  return (t) => draws.forEach((draw) => draw(t));
}

const KINDS = { curves, plane, map, flow };
const repaint = [];

// --- the slider -----------------------------------------------------------------------------

at("title").textContent = told.title;
at("scrub").max = last;
const draws = told.panels.map((panel) => {
  const section = made("section", {}, made("h2", {}, panel.title));
  at("panels").append(section);
  return KINDS[panel.kind](panel, section);
});

function go(to) {
  moment = Math.max(0, Math.min(last, to));
  at("scrub").value = moment;
  at("scrub").setAttribute("aria-valuetext", told.moments[moment]);
  at("moment").textContent = told.moments[moment];
  for (const draw of draws) draw(moment);
}

function pause() {
  clearInterval(timer);
  timer = null;
  at("play").textContent = "Play";
  at("play").setAttribute("aria-pressed", "false");
}

function play() {
  if (timer !== null) return pause();
  if (moment === last) go(0);
  at("play").textContent = "Pause";
  at("play").setAttribute("aria-pressed", "true");
  timer = setInterval(() => {
    go(moment + 1);
    if (moment === last) pause();
  }, 1000 / Number(at("speed").value));
  return undefined;
}

at("play").addEventListener("click", play);
at("back").addEventListener("click", () => { pause(); go(moment - 1); });
at("onward").addEventListener("click", () => { pause(); go(moment + 1); });
at("scrub").addEventListener("input", () => { pause(); go(Number(at("scrub").value)); });
at("speed").addEventListener("change", () => { if (timer !== null) { pause(); play(); } });
addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key === " " && !event.target.matches("button")) { event.preventDefault(); play(); }
  if (event.key in keys) { pause(); go(moment + keys[event.key]); }
  if (event.key === "Home") go(0);
  if (event.key === "End") go(last);
});
// The page around may turn dark.
new MutationObserver(() => repaint.forEach((paint) => paint()))
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change",
  () => repaint.forEach((paint) => paint()));
go(0);
