// The data on the left, the output on the right, the loss below.

const FINE = 104; // pixels of the output's picture, between the points of the map
const scratch = document.createElement("canvas");
scratch.width = scratch.height = FINE;

const pixelOf = (ranges, width, height) => (x) => {
  const along = ([least, most], number) => (number - least) / (most - least);
  return [along(ranges[0], x[0]) * width, (1 - along(ranges[1], x[1])) * height];
};

function drawData() {
  const { pen, width, height } = sharp(element("data"));
  const ranges = state.ranges;
  if (state.network.inputs === 1) drawCurve(pen, width, height, null);
  else drawPoints(pen, pixelOf(ranges, width, height), null);
}

function drawOutput() {
  const { pen, width, height } = sharp(element("output"));
  const right = state.judged?.right ?? null;
  if (state.network.inputs === 1) return drawCurve(pen, width, height, state.maps.at(-1));
  drawField(pen, width, height);
  drawPoints(pen, pixelOf(state.ranges, width, height), right);
}

// Between -1 and 1: which side of the border an output is on, and how far.
function sideOf(output) {
  const { reading } = content;
  if (!reading) {
    const [least, most] = targetRange();
    return (2 * (output - least)) / (most - least) - 1;
  }
  const share = (number) => {
    if (reading.scale === "logit") return rules.sigmoid(number)[0];
    return Math.min(1, Math.max(0, reading.scale === "tanh" ? 0.5 + 0.5 * number : number));
  };
  const [here, border] = [share(output), share(reading.threshold)];
  return here > border ? (here - border) / (1 - border) : (here - border) / border;
}

const targetRange = () => {
  const numbers = content.y.map((target) => target[0]);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least < most ? [least, most] : [least - 1, most + 1];
};

// The map of the output between its points.
function between(map, across, down) {
  const [x, y] = [across * (POINTS - 1), down * (POINTS - 1)];
  const [left, top] = [Math.min(POINTS - 2, Math.floor(x)), Math.min(POINTS - 2, Math.floor(y))];
  const [u, v] = [x - left, y - top];
  const at = (i, j) => map[(top + j) * POINTS + left + i];
  return (1 - v) * ((1 - u) * at(0, 0) + u * at(1, 0)) + v * ((1 - u) * at(0, 1) + u * at(1, 1));
}

function drawField(pen, width, height) {
  const outputs = state.maps.at(-1);
  const image = new ImageData(FINE, FINE);
  const classes = outputs.length > 1 && content.reading;
  const tints = content.palette.map((hex) => rgbOf(hex).map((channel, place) =>
    0.45 * channel + 0.55 * colours.background[place]));
  for (let point = 0; point < FINE * FINE; point += 1) {
    const [across, down] = [(point % FINE) / (FINE - 1), Math.floor(point / FINE) / (FINE - 1)];
    const found = outputs.map((map) => between(map, across, down));
    let colour = colours.quiet;
    if (found.every(Number.isFinite)) {
      colour = classes ? tints[classOf(found) % tints.length] : mixed(0.85 * sideOf(found[0]));
    }
    image.data.set([...colour, 255], 4 * point);
  }
  scratch.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(scratch, 0, 0, width, height);
  if (!classes && content.reading) drawBorder(pen, outputs[0], width, height);
}

// The line where the output crosses the border between two classes (marching squares).
function drawBorder(pen, map, width, height) {
  const border = content.reading.threshold;
  const cell = [width / (POINTS - 1), height / (POINTS - 1)];
  pen.strokeStyle = css("ink");
  pen.lineWidth = 1.6;
  pen.beginPath();
  for (let top = 0; top < POINTS - 1; top += 1) {
    for (let left = 0; left < POINTS - 1; left += 1) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
      const above = corners.map(([i, j]) => map[(top + j) * POINTS + left + i] - border);
      const crossed = [];
      corners.forEach((corner, side) => {
        const next = (side + 1) % 4;
        if ((above[side] > 0) === (above[next] > 0)) return;
        const share = above[side] / (above[side] - above[next]);
        crossed.push([0, 1].map((axis) => (axis ? top : left)
          + corner[axis] + share * (corners[next][axis] - corner[axis])));
      });
      for (let pair = 0; pair + 1 < crossed.length; pair += 2) {
        pen.moveTo(crossed[pair][0] * cell[0], crossed[pair][1] * cell[1]);
        pen.lineTo(crossed[pair + 1][0] * cell[0], crossed[pair + 1][1] * cell[1]);
      }
    }
  }
  pen.stroke();
}

function colourOfSample(row) {
  if (!content.classes) return `rgb(${mixed(sideOf(content.y[row][0])).join(" ")})`;
  const number = content.classes[row];
  if (content.outputs > 1) return classColour(number);
  return css(number ? "positive" : "negative");
}

function drawPoints(pen, pixel, right) {
  const radius = state.X.length > 400 ? 2.4 : 3.6;
  state.X.forEach((x, row) => {
    const [across, down] = pixel(x);
    const misread = right && !right[row];
    pen.beginPath();
    pen.arc(across, down, radius, 0, 2 * Math.PI);
    pen.fillStyle = colourOfSample(row);
    pen.fill();
    pen.lineWidth = misread ? 2 : 1;
    pen.strokeStyle = misread ? css("ink") : css("background");
    pen.stroke();
  });
  const [across, down] = pixel(state.X[state.sample]);
  pen.strokeStyle = css("ink");
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.arc(across, down, radius + 4, 0, 2 * Math.PI);
  pen.stroke();
}

// Samples of one input, and the curves of the outputs.
function drawCurve(pen, width, height, maps) {
  const [least, most] = targetRange();
  const margin = 0.15 * (most - least);
  const ranges = [state.ranges[0], [least - margin, most + margin]];
  const pixel = pixelOf(ranges, width, height);
  const values = state.X.map((x, row) => [x[0], content.y[row][0]]);
  values.forEach((value, row) => {
    const [across, down] = pixel(value);
    pen.beginPath();
    pen.arc(across, down, row === state.sample ? 5 : 3, 0, 2 * Math.PI);
    pen.fillStyle = content.classes ? colourOfSample(row) : css("quiet", 0.8);
    pen.fill();
  });
  (maps ?? []).forEach((map, output) => {
    pen.strokeStyle = maps.length > 1 ? classColour(output) : css("data");
    pen.lineWidth = 2.5;
    pen.beginPath();
    map.forEach((a, point) => {
      const x = ranges[0][0] + (point / (POINTS - 1)) * (ranges[0][1] - ranges[0][0]);
      if (Number.isFinite(a)) pen.lineTo(...pixel([x, a]));
    });
    pen.stroke();
  });
}

const MOST_LOSSES = 1200;

// Now and then the loss of all samples; of many losses every second is forgotten.
function noteLosses() {
  const { losses } = state;
  if (losses.all.at(-1)?.[0] === state.steps) losses.all.pop(); // the noise was changed, say
  losses.all.push([state.steps, state.judged?.loss ?? NaN]);
  for (const name of ["batch", "all"]) {
    while (losses[name].length > MOST_LOSSES) {
      losses[name] = losses[name].filter((_, place) => place % 2 === 0);
    }
  }
}

function drawLosses() {
  const { pen, width, height } = sharp(element("losses"));
  const { batch, all } = state.losses;
  const finite = [...batch, ...all].map(([, loss]) => loss).filter(Number.isFinite);
  const most = Math.max(...finite, 1e-9) * 1.05;
  const [left, bottom] = [44, 20];
  const x = (step) => left + (step / Math.max(1, state.steps)) * (width - left - 8);
  const y = (loss) => 6 + (1 - loss / most) * (height - bottom - 6);
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = css("quiet");
  pen.strokeStyle = css("line");
  pen.lineWidth = 1;
  pen.textAlign = "right";
  for (const share of [0, 0.5, 1]) {
    const value = (share * most) / 1.05;
    pen.fillText(told(value, 2), left - 6, y(value) + 4);
    pen.beginPath();
    pen.moveTo(left, y(value));
    pen.lineTo(width - 8, y(value));
    pen.stroke();
  }
  pen.fillText(`step ${state.steps}`, width - 8, height - 5);
  const curve = (losses, colour, thick) => {
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.beginPath();
    for (const [step, loss] of losses) if (Number.isFinite(loss)) pen.lineTo(x(step), y(loss));
    pen.stroke();
  };
  curve(batch, css("quiet", 0.5), 1);
  curve(all, css("path"), 2);
}
