// Convolutions that the page computes itself, forward and back: of networks whose outputs would be too large to keep.

// Calls visit(weight, k, to, from, first, last) for every weight that is not 0 and every row of outputs: the outputs
// y.data[to + q], q from first to last, see x.data[from + q * stride] through it.
function rowsOf({stride, pad, groups}, x, y, w, visit) {
  const filters = w.K / groups;
  for (let k = 0; k < w.K; k++) {
    for (let c = 0; c < w.own; c++) {
      const channel = Math.floor(k / filters) * w.own + c;
      for (let r = 0; r < w.R; r++) {
        for (let s = 0; s < w.S; s++) {
          const weight = w.value(k, c, r, s);
          if (weight === 0) continue;
          const first = Math.max(0, Math.ceil((pad - s) / stride));
          const last = Math.min(y.W - 1, Math.floor((x.W - 1 + pad - s) / stride));
          for (let p = 0; p < y.H; p++) {
            const h = p * stride + r - pad;
            if (h < 0 || h >= x.H) continue;
            visit(weight, k, (k * y.H + p) * y.W, (channel * x.H + h) * x.W + s - pad, first, last);
          }
        }
      }
    }
  }
}

function convolve(options, x, y, {w, layer}) {
  const {stride} = options,
    area = y.H * y.W;
  layer.b.forEach((bias, k) => y.data.fill(real(bias), k * area, (k + 1) * area));
  rowsOf(options, x, y, w, (weight, k, to, from, first, last) => {
    for (let q = first; q <= last; q++) y.data[to + q] += weight * x.data[from + q * stride];
  });
}

// dx of a whole convolution from dy(i), the gradient at each place of its output.
function convolveBack(options, dy, x, y, w) {
  const {stride} = options,
    sent = Float32Array.from(y.data, (_, i) => dy(i)),
    dx = new Float32Array(x.data.length);
  rowsOf(options, x, y, w, (weight, k, to, from, first, last) => {
    for (let q = first; q <= last; q++) dx[from + q * stride] += weight * sent[to + q];
  });
  return i => dx[i];
}

// Lets the browser draw and answer before something that takes long.
function pause() {
  return new Promise(done => setTimeout(done));
}
