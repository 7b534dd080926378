// Gradients at one place: those in the page as they are, the others from the layer after, whose backward is short.

const BACKWARD = {
  Conv2D: fromConvolution,
  ReLU: fromReLU,
  MaxPool: fromMaxPool,
  LRN: fromLRN,
  BatchNorm: fromBatchNorm,
  Dropout: fromDropout
};

const gradients = new Map(); // "layer class": what was computed here

// The gradient of layer `index`'s output for the chosen class: a function of the place in it, or null.
async function gradientOf(index) {
  if (index < 0) return null;
  const entry = LAYERS[index].back,
    key = `${index} ${state.cls}`;
  if (entry) {
    const data = await unpack(entry),
      size = data.length / entry.shape[0],
      scale = real(entry.scales[state.cls]),
      first = state.cls * size;
    return i => data[first + i] * scale;
  }
  if (!gradients.has(key)) gradients.set(key, gathered(index));
  return gradients.get(key);
}

// The layers that get the output of layer `index`.
function readers(index) {
  return LAYERS.map((layer, i) => i).filter(i => LAYERS[i].from.includes(index));
}

// The sum of what all layers send back that got the output of layer `index`.
async function gathered(index) {
  const parts = await Promise.all(readers(index).map(reader => sentBack(reader, index)));
  if (!parts.length || parts.includes(null)) return null;
  return parts.length === 1 ? parts[0] : i => parts.reduce((sum, part) => sum + part(i), 0);
}

// What layer `reader` sends back to the output of layer `index`: a function of the place in it, or null.
async function sentBack(reader, index) {
  const layer = LAYERS[reader],
    through = BACKWARD[layer.kind];
  if (!through && layer.kind !== "Concat") return null;
  const [dy, x, y, w] = await Promise.all([
    gradientOf(reader),
    outputOf(index),
    outputOf(reader),
    layer.kind === "Conv2D" ? filtersOf(layer) : null
  ]);
  if (!dy || !x || !y || x.flat || (layer.kind === "Conv2D" && !w)) return null;
  if (layer.kind === "Concat") return fromConcat(dy, layer, index);
  if (layer.kind !== "Conv2D" || layer.back) return i => through(dy, x, y, layer, w, ...unfolded(i, [x.C, x.H, x.W]));
  await pause(); // one place after the other would take minutes here
  return convolveBack(layer.options, dy, x, y, w);
}

// dx of a Concat: the part of dy that belongs to the paths which end in this layer.
function fromConcat(dy, layer, index) {
  const firsts = [];
  layer.from.reduce((first, source) => {
    if (source === index) firsts.push(first);
    const shape = source < 0 ? FACTS.input_shape : LAYERS[source].shape_out;
    return first + shape.reduce((a, b) => a * b, 1);
  }, 0);
  return i => firsts.reduce((sum, first) => sum + dy(first + i), 0);
}

// dx[c, h, v] of a convolution: from every output whose window covers the pixel, dy times the weight that met it.
function fromConvolution(dy, x, y, layer, w, channel, h, v) {
  const {stride, pad, groups} = layer.options,
    group = Math.floor(channel / w.own),
    filters = w.K / groups,
    c = channel % w.own;
  let sum = 0;
  for (let k = group * filters; k < (group + 1) * filters; k++) {
    for (let r = 0; r < w.R; r++) {
      const p = (h + pad - r) / stride;
      if (p < 0 || p >= y.H || p % 1) continue;
      for (let s = 0; s < w.S; s++) {
        const q = (v + pad - s) / stride;
        if (q >= 0 && q < y.W && q % 1 === 0) sum += dy((k * y.H + p) * y.W + q) * w.value(k, c, r, s);
      }
    }
  }
  return sum;
}

function fromDropout(dy, x, y, layer, w, c, h, v) {
  return dy((c * x.H + h) * x.W + v);
}

function fromReLU(dy, x, y, layer, w, c, h, v) {
  return at(x, c, h, v) > 0 ? dy((c * x.H + h) * x.W + v) : 0;
}

// dx of max-pooling: from every window that the pixel won; of equal numbers the first wins.
function fromMaxPool(dy, x, y, layer, w, c, h, v) {
  const {R, S, stride, pad} = layer.options;
  let sum = 0;
  for (let p = Math.max(0, Math.ceil((h + pad - R + 1) / stride)); p < y.H && p * stride - pad <= h; p++) {
    for (let q = Math.max(0, Math.ceil((v + pad - S + 1) / stride)); q < y.W && q * stride - pad <= v; q++) {
      const [row, column] = winner(x, c, windowOf(layer, p, q));
      if (row === h && column === v) sum += dy((c * y.H + p) * y.W + q);
    }
  }
  return sum;
}

function winner(x, c, rectangle) {
  let best = -Infinity,
    where = [];
  inside(x, c, ...rectangle, (value, h, v) => {
    if (value > best || !where.length) [best, where] = [value, [h, v]];
  });
  return where;
}

// dx of LRN: dy * scale^-beta, less what the channel's square does to its neighbours.
function fromLRN(dy, x, y, layer, w, c, h, v) {
  const {k, alpha, beta} = layer.options,
    place = h * x.W + v,
    area = x.H * x.W;
  const scale = j => {
    const [first, last] = neighbours(layer.options, x.C, j);
    let sum = 0;
    for (let i = first; i <= last; i++) sum += x.data[i * area + place] ** 2;
    return k + alpha * sum;
  };
  const [first, last] = neighbours(layer.options, x.C, c);
  let sum = 0;
  for (let j = first; j <= last; j++) sum += (dy(j * area + place) * y.data[j * area + place]) / scale(j);
  return dy(c * area + place) * Math.pow(scale(c), -beta) - 2 * alpha * beta * x.data[c * area + place] * sum;
}

// dx of batch normalisation as at test: mean and variance are constants.
function fromBatchNorm(dy, x, y, layer, filters, c, h, v) {
  const {w, var: variance, eps} = layer.options;
  return (dy((c * x.H + h) * x.W + v) * real(w[c])) / Math.sqrt(real(variance[c]) + eps);
}
