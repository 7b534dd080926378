// Colours and canvases. Sequential: dark blue to yellow. Diverging: blue below 0, grey at 0, red above.

const SEQUENTIAL = ramp(
  "00224e 002e6a 1a386f 32436d 434e6c 535a6d 61656f 6f7073 7d7c78 " +
    "8c8878 9b9476 aba072 bcae6c cdbb63 dec958 f0d846 fee838"
);
const SIGNED = ramp(
  "3b4cc0 4e68d8 6282ea 779af7 8db0fe a3c2fe b9d0f9 ccd9ed dddcdc " +
    "ecd3c5 f5c4ac f7b093 f4987a eb7d62 dd5f4b ca3b37 b40426"
);
const BLUES = ramp("f7fbff deebf7 c6dbef 9ecae1 6baed6 4292c6 2171b5 08519c 08306b");

// 256 colours between stops.
function ramp(text) {
  const stops = text.split(" ").map(hex => [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16)));
  return Array.from({length: 256}, (_, i) => {
    const where = (i / 255) * (stops.length - 1),
      low = Math.min(Math.floor(where), stops.length - 2);
    return stops[low].map((part, j) => Math.round(part + (where - low) * (stops[low + 1][j] - part)));
  });
}

function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

// Black or white, whichever is read better on a colour.
function ink([red, green, blue]) {
  const light = [red, green, blue].map(part =>
    part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4
  );
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.18 ? "#000" : "#fff";
}

// A scale over these numbers: from the smallest to what 0.5 % exceed; about 0 where some are negative.
function scaleOf(data, exact = false) {
  const every = exact ? 1 : Math.ceil(data.length / 60000),
    sample = [];
  let signed = false;
  for (let i = 0; i < data.length; i++) {
    if (data[i] - data[i] !== 0) continue; // NaN and infinity
    signed ||= data[i] < 0;
    if (i % every === 0) sample.push(data[i]);
  }
  if (!sample.length) return {low: 0, high: 1, signed: false, colour: colourer(0, 1, false)};
  const sorted = Float32Array.from(signed ? sample.map(Math.abs) : sample).sort();
  let high = exact ? sorted[sorted.length - 1] : sorted[Math.floor(0.995 * (sorted.length - 1))];
  let low = signed ? -high : sorted[0];
  if (!(high > low)) high = sorted[sorted.length - 1];
  if (!(high > low)) {
    low = signed ? -1 : low;
    high = low + (signed ? 2 : 1);
  }
  if (signed) low = -high;
  return {low, high, signed, colour: colourer(low, high, signed)};
}

function colourer(low, high, signed) {
  const colours = signed ? SIGNED : SEQUENTIAL;
  return value =>
    Number.isFinite(value)
      ? colours[Math.max(0, Math.min(255, Math.round((255 * (value - low)) / (high - low))))]
      : [255, 255, 255];
}

// Fills a canvas of columns x rows points with colour(row, column).
function paint(canvas, rows, columns, colour) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d"),
    image = context.createImageData(columns, rows);
  for (let h = 0, i = 0; h < rows; h++) {
    for (let v = 0; v < columns; v++, i += 4) {
      const [red, green, blue] = colour(h, v);
      image.data[i] = red;
      image.data[i + 1] = green;
      image.data[i + 2] = blue;
      image.data[i + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// How a row of numbers becomes a rectangle: as nearly square as its size allows.
function folded(count) {
  for (let rows = Math.floor(Math.sqrt(count)); rows > 0; rows--) {
    if (count % rows === 0 && count / rows <= 8 * rows) return [rows, count / rows];
  }
  const rows = Math.max(1, Math.floor(Math.sqrt(count) / 2));
  return [rows, Math.ceil(count / rows)];
}

// The picture that the input is: red, green and blue (or grey) from the smallest number, black, to the largest.
function inputColour(x) {
  const low = real(FACTS.input.minimum),
    high = real(FACTS.input.maximum),
    span = high - low || 1;
  const order = x.C === 3 ? (FACTS.order === "BGR" ? [2, 1, 0] : [0, 1, 2]) : [0, 0, 0];
  return (h, v) => order.map(c => Math.round((255 * (at(x, c, h, v) - low)) / span));
}

// A canvas on which a map is drawn large, with a rectangle over it.
function mapWithBox(rows, columns, colour, box, side, label) {
  const canvas = make("canvas", {role: "img", "aria-label": label}),
    zoom = side / Math.max(rows, columns);
  const small = paint(document.createElement("canvas"), rows, columns, colour),
    ratio = 2;
  canvas.width = Math.max(1, Math.round(columns * zoom * ratio));
  canvas.height = Math.max(1, Math.round(rows * zoom * ratio));
  canvas.style.width = `${Math.round(columns * zoom)}px`;
  canvas.style.aspectRatio = `${columns} / ${rows}`;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (box)
    frame(
      context,
      box.map(value => value * zoom * ratio)
    );
  return canvas;
}

// A frame that is seen on light and on dark ground. box: [top, left, bottom, right] in points of the canvas.
function frame(context, [top, left, bottom, right]) {
  for (const [colour, width] of [
    ["#000", 6],
    ["#fff", 2.5]
  ]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.strokeRect(left, top, Math.max(right - left, 4), Math.max(bottom - top, 4));
  }
}

// A bar of the colours of a scale with its numbers.
function legend(scale) {
  const bar = make("span", {class: "bar"}),
    colours = scale.signed ? SIGNED : SEQUENTIAL,
    stops = [0, 51, 102, 153, 204, 255].map(i => css(colours[i]));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  return make("span", {class: "legend"}, num(scale.low, 3), bar, num(scale.high, 3));
}
