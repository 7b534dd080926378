// The way back: gradients of the logits of the best classes, layer by layer, and what each pixel contributed.

let backwardTurn = 0;

async function renderBackward() {
  const back = FACTS.backward,
    holder = place("backward");
  if (back.why) {
    holder.replaceChildren(make("p", {}, say(`backward_${back.why}`, {error: back.error || ""})));
    return;
  }
  const turn = ++backwardTurn,
    chosen = back.classes[state.cls];
  const buttons = make(
    "div",
    {class: "outputs", role: "group", "aria-label": say("backward_class")},
    ...back.classes.map((each, i) =>
      make(
        "button",
        {
          type: "button",
          class: "small",
          id: `class-${i}`,
          "aria-pressed": String(i === state.cls),
          onclick: () => {
            chooseClass(i);
          }
        },
        `${FACTS.best[i].name} ${percent(real(FACTS.best[i].probability))}`
      )
    )
  );
  const left = backMapped().length > MANY ? ` ${say("one_place_left_out")}` : "";
  const parts = [
    make("p", {}, say("backward_note")),
    buttons,
    ...(await pixelShares(chosen)),
    make("h3", {}, say("backward_maps")),
    make("p", {class: "note"}, say("backward_maps_note") + left),
    make("ul", {class: "row"}, ...(await backMaps())),
    make("h3", {}, say("backward_one"))
  ];
  if (turn !== backwardTurn) return;
  const focused = document.activeElement && document.activeElement.id,
    last = place("back-one"),
    one = make("div", {id: "back-one"}, ...(last ? last.childNodes : []));
  holder.replaceChildren(...parts.filter(Boolean), one);
  if (focused && focused.startsWith("class-")) place(focused).focus({preventScroll: true});
  whenNear(one, async () => {
    const found = turn === backwardTurn ? await backOne() : [];
    if (turn === backwardTurn) one.replaceChildren(...found);
  });
}

// Calls work() when an element is on the screen or not far from it: what takes long waits until somebody comes.
function whenNear(element, work) {
  const watch = entries => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    observer.disconnect();
    work();
  };
  const observer = new IntersectionObserver(watch, {rootMargin: "500px"});
  observer.observe(element);
}

// Gradient times input over the picture, and its sum beside the logit.
async function pixelShares(chosen) {
  const back = FACTS.backward;
  if (!back.shares || FACTS.input_shape.length !== 3) return [];
  const data = await unpack(back.shares),
    [, H, W] = FACTS.input_shape,
    x = await outputOf(-1),
    factor = real(back.shares.scales[state.cls]);
  const share = (h, v) => data[(state.cls * H + h) * W + v] * factor;
  const values = Float32Array.from({length: H * W}, (_, i) => share(Math.floor(i / W), i % W)),
    scale = scaleOf(values),
    most = scale.high || 1;
  const grey = x && (x.C === 3 || x.C === 1) ? inputColour(x) : () => [128, 128, 128],
    sides = Math.max(H, W) > 64 ? 300 : 240;
  const strong = (h, v) => {
    const value = share(h, v),
      [red, green, blue] = grey(h, v),
      light = 0.35 * (0.3 * red + 0.6 * green + 0.1 * blue) + 120,
      weight = Math.min(1, Math.abs(value) / most) ** 0.7;
    const colour = value > 0 ? [190, 20, 30] : [35, 70, 200];
    return colour.map(part => Math.round(light + weight * (part - light)));
  };
  const picture = x && (x.C === 3 || x.C === 1) ? mapWithBox(H, W, inputColour(x), null, sides, say("input")) : null;
  const map = mapWithBox(H, W, strong, null, sides, say("shares_label", {name: FACTS.best[state.cls].name}));
  const signed = {low: -most, high: most, signed: true},
    sum = real(back.sums[state.cls]);
  return [
    make("h3", {}, say("shares")),
    make(
      "div",
      {class: "shares"},
      picture && make("figure", {}, picture, make("figcaption", {}, say("input"))),
      make("figure", {}, map, make("figcaption", {}, legend(signed), " ", say("shares_colours"))),
      make(
        "div",
        {class: "words"},
        ledger([
          [say("shares_sum"), sum],
          [say("shares_logit", {name: FACTS.best[state.cls].name}), real(chosen.logit)],
          [say("shares_apart"), real(chosen.logit) - sum]
        ]),
        make("p", {class: "note"}, say("shares_note"))
      )
    )
  ];
}

// The layers whose gradients have a map, the last first.
function backMapped() {
  return [...LAYERS.keys()].filter(i => LAYERS[i].back_map).reverse();
}

// One map a layer: over its channels the sum of the gradients' absolute values.
async function backMaps() {
  const items = [];
  const add = async (entry, shape, name, index) => {
    const data = await unpack(entry),
      [, H, W] = shape,
      factor = real(entry.scales[state.cls]);
    const part = Float32Array.from(data.subarray(state.cls * H * W, (state.cls + 1) * H * W), value => value * factor),
      scale = scaleOf(part);
    const box =
      index === state.layer && shown && shown.y && !shown.y.flat ? [state.p, state.q, state.p + 1, state.q + 1] : null;
    const canvas = mapWithBox(
      H,
      W,
      (h, v) => scale.colour(part[h * W + v]),
      box,
      96,
      say("back_map_label", {layer: name, most: num(largestOf(part))})
    );
    const head =
      index < 0
        ? make("strong", {}, name)
        : make("button", {type: "button", class: "link", onclick: () => chooseLayer(index)}, name);
    items.push(
      make(
        "li",
        {},
        make(
          "figure",
          {},
          canvas,
          make("figcaption", {}, head, make("br"), say("up_to", {most: num(largestOf(part), 3)}))
        )
      )
    );
  };
  for (const i of drawn(backMapped())) await add(LAYERS[i].back_map, LAYERS[i].shape_out, LAYERS[i].name, i);
  if (FACTS.backward.input_map) await add(FACTS.backward.input_map, FACTS.input_shape, say("input"), -1);
  return items;
}

// The gradient at the chosen output and, where its layer is a convolution, in its whole window.
async function backOne() {
  if (!shown || !shown.y) return [];
  const {layer, y, x, w, index} = shown,
    own = await gradientOf(index),
    source = layer.from[0],
    from = await gradientOf(source),
    alone = readers(source).length === 1; // no other path reads the same input
  const {k, p, q, c} = state,
    name = outputName(k, p, q, y.flat),
    here = y.flat ? k : (k * y.H + p) * y.W + q;
  if (layer.kind === "Softmax") return [make("p", {class: "note"}, say("back_softmax"))];
  if (!own) return [make("p", {class: "note"}, say("back_left_out", {layer: layer.name}))];
  const dy = own(here),
    lines = [[`d${name}`, dy, "dy"]];
  const parts = [make("p", {}, say("back_here", {name, layer: layer.name}))];
  if (layer.kind === "Conv2D" && w && x) {
    const rectangle = windowOf(layer, p, q),
      seen = patch(x, w.first(k) + c, rectangle),
      sent = (r, s) => (seen.value(r, s) === null ? null : dy * w.value(k, c, r, s));
    const all = (r, s) =>
      seen.value(r, s) === null
        ? null
        : fromConvolution(own, x, y, layer, w, w.first(k) + c, rectangle[0] + r, rectangle[1] + s);
    const size = {rows: w.R, columns: w.S, outside: say("padding_zero")};
    parts.push(
      ledger(lines),
      make(
        "div",
        {class: "grids"},
        grid({...size, value: sent, scale: signedScale(size, sent), title: say("back_sent", {k, c: w.first(k) + c})}),
        grid({...size, value: all, scale: signedScale(size, all), title: say("back_arrived", {c: w.first(k) + c})})
      ),
      make("p", {class: "note"}, `${say("back_conv_note")}${alone ? "" : ` ${say("back_other_paths")}`}`)
    );
    return parts;
  }
  if (layer.kind === "MaxPool" && x) parts.push(make("p", {}, say("back_maxpool")));
  if (layer.kind === "ReLU" && x)
    parts.push(make("p", {}, say((y.flat ? y.data[k] : at(y, k, p, q)) > 0 ? "back_relu_open" : "back_relu_shut")));
  if (layer.kind === "Concat") parts.push(make("p", {}, say("back_concat", {path: pathOf(layer, k).path + 1})));
  else if (from && x && x.data.length === y.data.length && alone) lines.push([`dx[${name.slice(2)}`, from(here), "dx"]);
  return [...parts, ledger(lines), make("p", {class: "note"}, say(layer.back ? "back_note" : "back_computed"))];
}

function signedScale({rows, columns}, value) {
  let most = 0;
  for (let r = 0; r < rows; r++) for (let s = 0; s < columns; s++) most = Math.max(most, Math.abs(value(r, s) ?? 0));
  return {colour: colourer(-(most || 1), most || 1, true)};
}
