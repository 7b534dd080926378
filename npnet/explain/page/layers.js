// The layers, computed again from exact numbers. Dense layers are not, nor most convolutions: their outputs are in the
// page. Every layer names those whose outputs it gets: LAYERS[i].from; -1 is the input.

const outputs = new Map();

// The output of layer `index` (-1: the input) as maps, or null where it cannot be had.
function outputOf(index) {
  if (!outputs.has(index)) outputs.set(index, compute(index));
  return outputs.get(index);
}

async function compute(index) {
  if (index < 0) return FACTS.input.array ? maps(await unpack(FACTS.input.array), FACTS.input_shape) : null;
  const layer = LAYERS[index];
  if (layer.array) return maps(await unpack(layer.array), layer.shape_out);
  if (!FORWARD[layer.kind] || (layer.kind === "Conv2D" && layer.bits !== 32)) return null;
  const inputs = await Promise.all(layer.from.map(outputOf)),
    w = layer.kind === "Conv2D" ? await filtersOf(layer) : null;
  if (inputs.includes(null) || (layer.kind === "Conv2D" && !w)) return null;
  const y = maps(new Float32Array(layer.shape_out.reduce((a, b) => a * b, 1)), layer.shape_out);
  if (w) await pause();
  FORWARD[layer.kind](layer.options, inputs[0], y, {layer, inputs, w});
  layer.apart = distance(layer, y);
  return y;
}

// How far what was computed here is from numbers of the array that were kept, as a share of its largest number.
function distance(layer, y) {
  let worst = 0;
  for (const [i, value] of layer.probes) {
    const apart = Math.abs(y.data[i] - real(value));
    if (apart > worst) worst = apart;
  }
  return worst / (layer.largest || 1);
}

function each(one) {
  return (options, x, y) => {
    for (let i = 0; i < x.data.length; i++) y.data[i] = one(x.data[i]);
  };
}

// Calls visit(value, h, v) for the numbers of the rectangle that lie inside the map; returns how many there were.
function inside(x, c, top, left, bottom, right, visit) {
  let count = 0;
  for (let h = Math.max(0, top); h <= Math.min(x.H - 1, bottom); h++) {
    for (let v = Math.max(0, left); v <= Math.min(x.W - 1, right); v++) {
      visit(at(x, c, h, v), h, v);
      count++;
    }
  }
  return count;
}

// The rectangle of its input that output (p, q) of a layer sees, padding included: [top, left, bottom, right].
function windowOf(layer, p, q) {
  const {R, S, stride, pad, n, P, Q} = layer.options;
  if (R !== undefined) return [p * stride - pad, q * stride - pad, p * stride - pad + R - 1, q * stride - pad + S - 1];
  if (layer.kind === "LRNWithin") return [p - (n >> 1), q - (n >> 1), p + (n >> 1), q + (n >> 1)];
  if (layer.kind === "AdaptiveAvgPool") {
    const [, H, W] = layer.shape_in;
    return [
      Math.floor((p * H) / P),
      Math.floor((q * W) / Q),
      Math.ceil(((p + 1) * H) / P) - 1,
      Math.ceil(((q + 1) * W) / Q) - 1
    ];
  }
  return [p, q, p, q];
}

function windows(one) {
  return (options, x, y, kind) => {
    const layer = {kind, options, shape_in: [x.C, x.H, x.W]};
    for (let c = 0, i = 0; c < y.C; c++) {
      for (let p = 0; p < y.H; p++) {
        for (let q = 0; q < y.W; q++) y.data[i++] = one(options, x, c, windowOf(layer, p, q));
      }
    }
  };
}

function largest(options, x, c, rectangle) {
  let best = -Infinity;
  inside(x, c, ...rectangle, value => {
    if (value > best || value !== value) best = value; // NaN wins, and stays: nothing is larger
  });
  return best;
}

function total(x, c, rectangle) {
  let sum = 0;
  const count = inside(x, c, ...rectangle, value => {
    sum += value;
  });
  return [sum, count];
}

function mean(options, x, c, rectangle) {
  const [sum] = total(x, c, rectangle);
  return sum / divisor(options, x, rectangle);
}

// By how many numbers an average is divided: the window without what lies outside (or outside the padding).
function divisor(options, x, [top, left, bottom, right]) {
  const edge = options.count_include_pad ? options.pad : 0;
  const rows = Math.min(bottom, x.H - 1 + edge) - Math.max(top, -edge) + 1;
  return rows * (Math.min(right, x.W - 1 + edge) - Math.max(left, -edge) + 1);
}

// The channels whose squares damp channel i: [first, last], inside its group.
function neighbours({n, groups}, C, i) {
  const size = C / groups,
    first = Math.floor(i / size) * size;
  return [Math.max(first, i - (n >> 1)), Math.min(first + size - 1, i + (n >> 1))];
}

function lrn(options, x, y) {
  const {k, alpha, beta} = options,
    area = x.H * x.W;
  for (let i = 0; i < x.C; i++) {
    const [first, last] = neighbours(options, x.C, i);
    for (let o = 0; o < area; o++) {
      let sum = 0;
      for (let j = first; j <= last; j++) sum += x.data[j * area + o] ** 2;
      y.data[i * area + o] = x.data[i * area + o] * Math.pow(k + alpha * sum, -beta);
    }
  }
}

function damped({k, alpha, beta}, x, c, [top, left, bottom, right]) {
  let sum = 0;
  inside(x, c, top, left, bottom, right, value => {
    sum += value * value;
  });
  return at(x, c, (top + bottom) / 2, (left + right) / 2) * Math.pow(k + alpha * sum, -beta);
}

function batchnorm({w, b, mean, var: variance, eps}, x, y) {
  const area = x.H * x.W;
  for (let i = 0; i < x.data.length; i++) {
    const c = Math.floor(i / area);
    y.data[i] = (real(w[c]) * (x.data[i] - real(mean[c]))) / Math.sqrt(real(variance[c]) + eps) + real(b[c]);
  }
}

function softmax(options, x, y) {
  const most = x.data.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (const value of x.data) sum += Math.exp(value - most);
  for (let i = 0; i < x.data.length; i++) y.data[i] = Math.exp(x.data[i] - most) / sum;
}

// The channels of every path, one path after the other.
function concat(options, x, y, {inputs}) {
  let first = 0;
  for (const each of inputs) {
    y.data.set(each.data, first);
    first += each.data.length;
  }
}

// Which layer's output a channel of a Concat is, which channel there, and the number of the path.
function pathOf(layer, k) {
  for (let path = 0, channel = k; path < layer.from.length; path++) {
    const index = layer.from[path],
      channels = (index < 0 ? FACTS.input_shape : LAYERS[index].shape_out)[0];
    if (channel < channels) return {path, index, channel, first: k - channel, last: k - channel + channels - 1};
    channel -= channels;
  }
  return null;
}

const sigmoid = value => (value >= 0 ? 1 / (1 + Math.exp(-value)) : Math.exp(value) / (1 + Math.exp(value)));
const copy = each(value => value);
const FORWARD = {
  Conv2D: convolve,
  Concat: concat,
  ReLU: each(value => (value <= 0 ? 0 : value)),
  Tanh: each(Math.tanh),
  Sigmoid: each(sigmoid),
  Dropout: copy,
  Flatten: copy,
  LRN: lrn,
  BatchNorm: batchnorm,
  Softmax: softmax,
  MaxPool: (options, x, y) => windows(largest)(options, x, y, "MaxPool"),
  AvgPool: (options, x, y) => windows(mean)(options, x, y, "AvgPool"),
  AdaptiveAvgPool: (options, x, y) => windows(mean)(options, x, y, "AdaptiveAvgPool"),
  LRNWithin: (options, x, y) => windows(damped)(options, x, y, "LRNWithin")
};

// A convolution's filters: w(k, c, r, s), the number of channels that a filter sees, the first of them.
function filtersOf(layer) {
  layer.filters ||= unpackFilters(layer);
  return layer.filters;
}

async function unpackFilters(layer) {
  if (!layer.w) return null;
  const data = await unpack(layer.w),
    [K, own, R, S] = layer.w.shape,
    {scales, table} = layer.w;
  const all = Float64Array.from(data, (code, i) =>
    table ? real(table[code]) : scales ? code * real(scales[Math.floor(i / (own * R * S))]) : code
  );
  const value = (k, c, r, s) => all[((k * own + c) * R + r) * S + s];
  return {value, K, own, R, S, first: k => Math.floor(k / (K / layer.options.groups)) * own};
}

// What a rectangle of a layer's output sees of its input, padding included; null where nobody knows.
function before(layer, [top, left, bottom, right]) {
  if (layer.kind === "own") return null;
  if (layer.shape_out.length !== 3) return [0, 0, (layer.shape_in[1] || 1) - 1, (layer.shape_in[2] || 1) - 1];
  const first = windowOf(layer, top, left),
    last = windowOf(layer, bottom, right);
  return [first[0], first[1], last[2], last[3]];
}
