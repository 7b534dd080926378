// Gradients at one place: those in the page as they are, the others from the layer after, whose backward is short.

const BACKWARD = {Conv2D: fromConvolution, ReLU: fromReLU, MaxPool: fromMaxPool, LRN: fromLRN, BatchNorm: fromBatchNorm};

// The gradient of layer `index`'s output for the chosen class: a function of the place in it, or null.
async function gradientOf(index) {
  const entry = index >= 0 && LAYERS[index].back;
  if (entry) {
    const data = await unpack(entry), size = data.length / entry.shape[0], scale = real(entry.scales[state.cls]), first = state.cls * size;
    return i => data[first + i] * scale;
  }
  const next = LAYERS[index + 1], through = index >= 0 && next && BACKWARD[next.kind];
  if (!through || (next.kind === "Conv2D" && !next.back)) return null;  // two convolutions in a row would take minutes
  const [dy, x, y, w] = await Promise.all([gradientOf(index + 1), outputOf(index), outputOf(index + 1), next.kind === "Conv2D" ? filtersOf(next) : null]);
  if (!dy || !x || x.flat || (next.kind === "Conv2D" && !w)) return null;
  return i => through(dy, x, y, next, w, ...unfolded(i, [x.C, x.H, x.W]));
}

// dx[c, h, v] of a convolution: from every output whose window covers the pixel, dy times the weight that met it.
function fromConvolution(dy, x, y, layer, w, channel, h, v) {
  const {stride, pad, groups} = layer.options, group = Math.floor(channel / w.own), filters = w.K / groups, c = channel % w.own;
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
  let best = -Infinity, where = [];
  inside(x, c, ...rectangle, (value, h, v) => {
    if (value > best || !where.length) [best, where] = [value, [h, v]];
  });
  return where;
}

// dx of LRN: dy * scale^-beta, less what the channel's square does to its neighbours.
function fromLRN(dy, x, y, layer, w, c, h, v) {
  const {k, alpha, beta} = layer.options, place = h * x.W + v, area = x.H * x.W;
  const scale = j => {
    const [first, last] = neighbours(layer.options, x.C, j);
    let sum = 0;
    for (let i = first; i <= last; i++) sum += x.data[i * area + place] ** 2;
    return k + alpha * sum;
  };
  const [first, last] = neighbours(layer.options, x.C, c);
  let sum = 0;
  for (let j = first; j <= last; j++) sum += dy(j * area + place) * y.data[j * area + place] / scale(j);
  return dy(c * area + place) * Math.pow(scale(c), -beta) - 2 * alpha * beta * x.data[c * area + place] * sum;
}

// dx of batch normalisation as at test: mean and variance are constants.
function fromBatchNorm(dy, x, y, layer, filters, c, h, v) {
  const {w, var: variance, eps} = layer.options;
  return dy((c * x.H + h) * x.W + v) * real(w[c]) / Math.sqrt(real(variance[c]) + eps);
}
