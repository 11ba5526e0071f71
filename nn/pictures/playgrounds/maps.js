// What the network computes over the plane of its first two inputs, or along its only one.

const POINTS = content.X[0].length > 1 ? 26 : 80; // along each side

// From where to where the samples lie in each input, with a margin.
function rangesOf(X) {
  return X[0].map((_, input) => {
    const numbers = X.map((row) => row[input]);
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    const margin = 0.12 * (most - least) || 1;
    return [least - margin, most + margin];
  });
}

// The other inputs stand at their means.
function sampleAt(ranges, means, across, down) {
  const at = ([least, most], share) => least + share * (most - least);
  const sample = [...means];
  sample[0] = at(ranges[0], across);
  if (sample.length > 1) sample[1] = at(ranges[1], 1 - down);
  return sample;
}

// `a` of every neuron at every point: maps[depth][neuron][point]; depth 0 are the inputs.
function computeMaps() {
  const ranges = rangesOf(state.X);
  const means = state.X[0].map((_, input) =>
    state.X.reduce((sum, row) => sum + row[input], 0) / state.X.length);
  const widths = [state.network.inputs, ...state.network.layers.map(widthOf)];
  const maps = widths.map((width) => Array.from({ length: width }, () => []));
  const rows = state.network.inputs > 1 ? POINTS : 1;
  for (let down = 0; down < rows; down += 1) {
    for (let across = 0; across < POINTS; across += 1) {
      const sample = sampleAt(ranges, means, across / (POINTS - 1), down / Math.max(1, rows - 1));
      const passes = computed(sample);
      maps.forEach((layer, depth) => {
        const a = depth ? passes?.[depth - 1].a : sample;
        layer.forEach((map, neuron) => map.push(a ? a[neuron] : NaN));
      });
    }
  }
  return { maps, ranges };
}

function computed(sample) {
  try {
    return forward(state.network, state.parameters, sample);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

// The colours of the theme as numbers; they change with it.
const colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["negative", "zero", "positive", "ink", "quiet", "background", "line", "data",
    "gradient", "edge", "path"]) {
    const hex = style.getPropertyValue(`--${name}`).trim();
    colours[name] = [1, 3, 5].map((place) => Number.parseInt(hex.slice(place, place + 2), 16));
  }
}
const css = (name, opacity = 1) => `rgb(${colours[name].join(" ")} / ${opacity})`;

// From negative (-1) over zero to positive (1).
function mixed(share) {
  const end = colours[share < 0 ? "negative" : "positive"];
  const amount = Math.min(1, Math.abs(share));
  return colours.zero.map((from, channel) => from + (end[channel] - from) * amount);
}
const classColour = (number) => content.palette[number % content.palette.length];
const rgbOf = (hex) => [1, 3, 5].map((place) => Number.parseInt(hex.slice(place, place + 2), 16));

// A canvas as sharp as the screen, and its size in CSS pixels.
function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

// A small map of one neuron, in the two colours of heat maps and in a scale of its own.
function drawMap(canvas, map) {
  const largest = Math.max(...map.map((a) => (Number.isFinite(a) ? Math.abs(a) : 0))) || 1;
  if (state.network.inputs === 1) return drawSmallCurve(canvas, map, largest);
  if (canvas.width !== POINTS) canvas.width = canvas.height = POINTS;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(POINTS, POINTS);
  map.forEach((a, point) => {
    const colour = Number.isFinite(a) ? mixed(a / largest) : colours.quiet;
    image.data.set([...colour, 255], 4 * point);
  });
  pen.putImageData(image, 0, 0);
}

function drawSmallCurve(canvas, map, largest) {
  const { pen, width, height } = sharp(canvas);
  const y = (a) => height / 2 - (a / largest) * height * 0.32;
  pen.strokeStyle = css("line");
  pen.beginPath();
  pen.moveTo(0, y(0));
  pen.lineTo(width, y(0));
  pen.stroke();
  pen.strokeStyle = css("data");
  pen.lineWidth = 1.8;
  pen.beginPath();
  map.forEach((a, point) => {
    if (Number.isFinite(a)) pen.lineTo((point / (POINTS - 1)) * width, y(a));
  });
  pen.stroke();
}
