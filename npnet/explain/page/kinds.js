// What is shown of one output of each kind of layer.

const SHOW = {
  Concat: showConcat,
  Conv2D: showConvolution,
  Dense: showDense,
  MaxPool: showPool,
  AvgPool: showPool,
  AdaptiveAvgPool: showPool,
  LRN: showLRN,
  LRNWithin: showWithin,
  BatchNorm: showBatchNorm,
  Softmax: showSoftmax,
  Flatten: showFlatten,
  ReLU: (shown, value) => showOne(shown, value, x => `max(${num(x, 6)}, 0)`),
  Tanh: (shown, value) => showOne(shown, value, x => `tanh(${num(x, 6)})`),
  Sigmoid: (shown, value) => showOne(shown, value, x => `1 / (1 + exp(${num(-x, 6)}))`),
  Dropout: (shown, value) => showOne(shown, value, x => num(x, 6))
};

// The numbers of a window: value(r, s) of channel c, null outside the map.
function patch(x, c, [top, left, bottom, right]) {
  return {
    rows: bottom - top + 1,
    columns: right - left + 1,
    value: (r, s) => {
      const h = top + r,
        v = left + s;
      return h >= 0 && h < x.H && v >= 0 && v < x.W ? at(x, c, h, v) : null;
    }
  };
}

function indexed(...places) {
  return `x[0,${places.join(",")}]`;
}

// ---------------------------------------------------------------------------- convolution

function showConvolution({layer, x, w}, exact) {
  if (!w) return [ledger([[say("array_holds"), exact, "exact"]]), make("p", {class: "note"}, say("filters_left_out"))];
  const {k, p, q, c} = state,
    rectangle = windowOf(layer, p, q),
    channel = w.first(k) + c;
  const sums = channelSums(x, w, k, rectangle),
    bias = real(layer.b[k]),
    sum = sums.reduce((a, b) => a + b, 0);
  const seen = patch(x, channel, rectangle),
    most = largestWeight(w, k);
  const product = (r, s) => (seen.value(r, s) === null ? null : seen.value(r, s) * w.value(k, c, r, s));
  const products = [];
  for (let r = 0; r < w.R; r++) for (let s = 0; s < w.S; s++) products.push(product(r, s) ?? 0);
  const size = {rows: w.R, columns: w.S},
    outside = say("padding_zero");
  const largestProduct = Math.max(...products.map(Math.abs).filter(Number.isFinite), 1e-30);
  const grids = make(
    "div",
    {class: "grids"},
    grid({...size, value: seen.value, scale: shown.inputScale, title: say("grid_window", {c: channel}), outside}),
    make("span", {class: "sign", "aria-hidden": "true"}, "×"),
    grid({
      ...size,
      value: (r, s) => w.value(k, c, r, s),
      scale: {colour: colourer(-most, most, true)},
      title: say("grid_filter", {k, c})
    }),
    make("span", {class: "sign", "aria-hidden": "true"}, "="),
    grid({
      ...size,
      value: product,
      scale: {colour: colourer(-largestProduct, largestProduct, true)},
      title: say("grid_products"),
      outside
    })
  );
  const box = make("div", {}, channelChooser(w), grids, make("p", {class: "detail note"}, say("detail_help")));
  linked(box, (r, s) => {
    if (seen.value(r, s) === null) return say("detail_padding");
    const names = `${indexed(channel, rectangle[0] + r, rectangle[1] + s)} · w[${k},${c},${r},${s}]`;
    return `${names} = ${num(seen.value(r, s), 5)} · ${num(w.value(k, c, r, s), 4)} = ${num(product(r, s), 5)}`;
  });
  return [
    box,
    make("p", {class: "note"}, say("bars", {count: w.own})),
    bars(sums, state.c),
    ledger([
      [say("sum_channel", {c: channel}), sums[c]],
      [say("sum_all", {count: num(w.own)}), sum],
      [say("bias", {k}), bias],
      ...(layer.array
        ? verdict(sum + bias, exact, layer, layer.bits < 32)
        : [[say("computed_exact"), sum + bias, "computed"]])
    ]),
    make("p", {class: "note"}, layer.bits < 32 ? say("approximate", {bits: layer.bits}) : exactNote(layer))
  ];
}

// The sum over the window for every channel that filter k sees.
function channelSums(x, w, k, [top, left]) {
  return Array.from({length: w.own}, (_, c) => {
    let sum = 0;
    for (let r = 0; r < w.R; r++) {
      const h = top + r;
      if (h < 0 || h >= x.H) continue;
      for (let s = 0; s < w.S; s++) {
        const v = left + s;
        if (v >= 0 && v < x.W) sum += at(x, w.first(k) + c, h, v) * w.value(k, c, r, s);
      }
    }
    return sum;
  });
}

function channelChooser(w) {
  const first = w.first(state.k),
    input = make("input", {type: "number", id: "channel", min: first, max: first + w.own - 1, value: first + state.c});
  input.addEventListener("change", () =>
    chooseChannel(Math.max(0, Math.min(w.own - 1, Math.round(Number(input.value) || 0) - first)))
  );
  const step = by => () => chooseChannel(Math.max(0, Math.min(w.own - 1, state.c + by)));
  return make(
    "p",
    {class: "channel"},
    make("label", {for: "channel"}, say("channel")),
    " ",
    make(
      "button",
      {type: "button", class: "small", id: "channel-less", "aria-label": say("channel_less"), onclick: step(-1)},
      "−"
    ),
    input,
    make(
      "button",
      {type: "button", class: "small", id: "channel-more", "aria-label": say("channel_more"), onclick: step(1)},
      "+"
    ),
    " ",
    say("channel_of", {first, last: first + w.own - 1})
  );
}

// The sums of all channels as bars; a click chooses the channel.
function bars(sums, chosen) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"),
    high = 56,
    count = sums.length;
  const most = Math.max(...sums.map(Math.abs).filter(Number.isFinite), 1e-30);
  svg.setAttribute("viewBox", `0 0 ${count} ${high}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "bars");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", say("bars_label", {count, most: num(most)}));
  sums.forEach((sum, c) => {
    const bar = document.createElementNS(svg.namespaceURI, "rect"),
      length = Number.isFinite(sum) ? (Math.abs(sum) / most) * (high / 2 - 1) : 0;
    bar.setAttribute("x", c + 0.1);
    bar.setAttribute("width", 0.8);
    bar.setAttribute("y", sum > 0 ? high / 2 - length : high / 2);
    bar.setAttribute("height", Math.max(length, 0.5));
    bar.setAttribute("class", `${sum > 0 ? "above" : "below"}${c === chosen ? " chosen" : ""}`);
    svg.append(bar);
  });
  svg.addEventListener("click", event => {
    const edges = svg.getBoundingClientRect();
    chooseChannel(Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - edges.left) / edges.width) * count))));
  });
  return svg;
}

// ---------------------------------------------------------------------------- windows of one map

function showPool({layer, x}, value) {
  const {k, p, q} = state,
    rectangle = windowOf(layer, p, q),
    seen = patch(x, k, rectangle),
    numbers = [];
  let won = null,
    sum = 0;
  inside(x, k, ...rectangle, (number, h, v) => {
    numbers.push(number);
    sum += number;
    if (won === null || number > won.number || (number !== number && won.number === won.number))
      won = {number, r: h - rectangle[0], s: v - rectangle[1]};
  });
  const isMax = layer.kind === "MaxPool";
  const table = grid({
    ...seen,
    scale: shown.inputScale,
    title: say("grid_window", {c: k}),
    mark: isMax ? (r, s) => won && r === won.r && s === won.s : null,
    outside: say(isMax ? "padding_max" : "padding_mean")
  });
  const count = isMax ? 0 : divisor(layer.options, x, rectangle);
  return [
    make("div", {class: "grids"}, table),
    exactLedger(
      isMax
        ? [
            [
              say("pool_max", {
                count: numbers.length,
                place: `${indexed(k, rectangle[0] + won.r, rectangle[1] + won.s)}`
              }),
              won.number,
              "computed"
            ]
          ]
        : [
            [say("pool_sum", {count: numbers.length}), sum],
            [say("pool_count"), String(count)],
            [say("computed_exact"), sum / count, "computed"]
          ]
    )
  ];
}

// The numbers of a layer that the page computes itself, and the remark that says so.
function exactLedger(lines) {
  return make("div", {}, ledger(lines), make("p", {class: "note"}, exactNote(shown.layer)));
}

function exactNote(layer) {
  if (layer.apart === undefined) return "";
  return say("exact_note", {count: layer.probes.length, apart: layer.apart === 0 ? "0" : num(layer.apart, 2)});
}

function showOne({x, layer}, value, formula) {
  const {k, p, q} = state,
    number = x.flat ? x.data[k] : at(x, k, p, q),
    from = x.flat ? indexed(k) : indexed(k, p, q);
  return [
    make("p", {}, say(`how_${layer.kind}`)),
    exactLedger([
      [from, number],
      [formula(number), value, "computed"]
    ])
  ];
}

function showLRN({layer, x}, value) {
  const {k: i, p, q} = state,
    {k, alpha, beta, n, groups} = layer.options,
    [first, last] = neighbours(layer.options, x.C, i);
  const maps = Array.from({length: last - first + 1}, (_, j) => first + j),
    squares = maps.map(j => at(x, j, p, q) ** 2);
  const sum = squares.reduce((a, b) => a + b, 0);
  const rows = maps.map((j, o) =>
    make(
      "tr",
      {class: j === i ? "marked" : ""},
      make("th", {scope: "row"}, `${j === i ? "★ " : ""}${indexed(j, p, q)}`),
      make("td", {}, num(at(x, j, p, q))),
      make("td", {}, num(squares[o]))
    )
  );
  const edge = maps.length < n ? ` ${say(groups > 1 ? "lrn_edge_group" : "lrn_edge", {n, count: maps.length})}` : "";
  return [
    make("p", {}, say("how_LRN", {first, last}) + edge),
    make(
      "table",
      {class: "list"},
      make(
        "thead",
        {},
        make("tr", {}, ...["number", "value", "square"].map(id => make("th", {scope: "col"}, say(`column_${id}`))))
      ),
      make("tbody", {}, ...rows)
    ),
    exactLedger([
      [say("sum_squares"), sum],
      [`k + alpha · ${say("sum_word")} = ${num(k)} + ${num(alpha)} · ${num(sum)}`, k + alpha * sum],
      [
        `${num(at(x, i, p, q), 5)} · ${num(k + alpha * sum, 6)}^−${num(beta)}`,
        at(x, i, p, q) * Math.pow(k + alpha * sum, -beta),
        "computed"
      ]
    ])
  ];
}

function showWithin({layer, x}, value) {
  const {k: c, p, q} = state,
    {k, alpha, beta} = layer.options,
    rectangle = windowOf(layer, p, q),
    seen = patch(x, c, rectangle);
  let sum = 0;
  inside(x, c, ...rectangle, number => {
    sum += number * number;
  });
  return [
    make("p", {}, say("how_LRNWithin")),
    make(
      "div",
      {class: "grids"},
      grid({...seen, scale: shown.inputScale, title: say("grid_window", {c}), outside: say("padding_mean")})
    ),
    exactLedger([
      [say("sum_squares"), sum],
      [`k + alpha/n² · ${say("sum_word")} = ${num(k)} + ${num(alpha)} · ${num(sum)}`, k + alpha * sum],
      [
        `${num(at(x, c, p, q), 5)} · ${num(k + alpha * sum, 6)}^−${num(beta)}`,
        at(x, c, p, q) * Math.pow(k + alpha * sum, -beta),
        "computed"
      ]
    ])
  ];
}

function showBatchNorm({layer, x}, value) {
  const {k, p, q} = state,
    {w, b, mean, var: variance, eps} = layer.options,
    number = x.flat ? x.data[k] : at(x, k, p, q);
  const [scale, shift, middle, spread] = [w, b, mean, variance].map(list => real(list[k]));
  return [
    make("p", {}, say("how_BatchNorm")),
    exactLedger([
      [x.flat ? indexed(k) : indexed(k, p, q), number],
      [say("bn_mean"), middle],
      [say("bn_deviation"), Math.sqrt(spread + eps)],
      [say("bn_scale"), scale],
      [say("bn_shift"), shift],
      [
        `${num(scale)} · (${num(number)} − ${num(middle)}) / ${num(Math.sqrt(spread + eps))} + ${num(shift)}`,
        (scale * (number - middle)) / Math.sqrt(spread + eps) + shift,
        "computed"
      ]
    ])
  ];
}

function showSoftmax({x}, value) {
  const most = x.data.reduce((a, b) => Math.max(a, b), -Infinity),
    number = x.data[state.k];
  const sum = x.data.reduce((a, b) => a + Math.exp(b - most), 0);
  return [
    make("p", {}, say("how_Softmax")),
    exactLedger([
      [indexed(state.k), number],
      [say("softmax_largest"), most],
      [`exp(${num(number - most, 5)})`, Math.exp(number - most)],
      [say("softmax_sum", {count: num(x.C)}), sum],
      [say("computed_exact"), Math.exp(number - most) / sum, "computed"]
    ])
  ];
}

function showFlatten({x}, value) {
  const [c, h, v] = unfolded(state.k, [x.C, x.H, x.W]);
  return [
    make("p", {}, say("how_Flatten")),
    exactLedger([
      [x.flat ? indexed(state.k) : `${state.k} = (${c}·${x.H} + ${h})·${x.W} + ${v}`, x.flat ? "" : indexed(c, h, v)],
      [say("computed_exact"), x.data[state.k], "computed"]
    ])
  ];
}

function unfolded(d, [, H, W]) {
  return [Math.floor(d / (H * W)), Math.floor(d / W) % H, d % W];
}
