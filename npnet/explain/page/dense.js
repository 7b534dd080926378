// One output of a dense layer: its largest products, and the sum of the others.

function showDense({layer}, exact) {
  const chosen = layer.outputs.find(output => output.m === state.k);
  const buttons = make(
    "div",
    {class: "outputs", role: "group", "aria-label": say("dense_choose")},
    ...layer.outputs.map(output =>
      make(
        "button",
        {
          type: "button",
          class: "small",
          "aria-pressed": String(output.m === state.k),
          onclick: () => chooseMap(output.m)
        },
        denseName(layer, output.m)
      )
    )
  );
  const head = [make("p", {class: "note"}, say("dense_choose")), buttons];
  return chosen
    ? [...head, ...denseRows(layer, chosen, exact)]
    : [...head, make("p", {class: "note"}, say("dense_other"))];
}

function denseName(layer, m) {
  return layer === LAYERS[LAYERS.length - 1] && FACTS.names ? FACTS.names[m] : `y[0,${m}]`;
}

function denseRows(layer, chosen, exact) {
  const flatten = LAYERS[layer.from[0]],
    shape = flatten && flatten.kind === "Flatten" && flatten.shape_in.length === 3 ? flatten.shape_in : null;
  const rows = chosen.rows.map(([d, x, w]) => ({d, x: real(x), w: real(w)})),
    most = Math.max(...rows.map(row => Math.abs(row.x * row.w)), 1e-30);
  const lines = rows.map(({d, x, w}) => {
    const bar = make("span", {class: x * w > 0 ? "bar above" : "bar below", "aria-hidden": "true"}),
      [c, h, v] = shape ? unfolded(d, shape) : [];
    bar.style.width = `${Math.max(1, (100 * Math.abs(x * w)) / most / 2)}%`;
    return make(
      "tr",
      {},
      make("th", {scope: "row"}, shape ? `x[0,${d}] = [${c},${h},${v}]` : indexed(d)),
      make("td", {}, num(x)),
      make("td", {}, num(w)),
      make("td", {}, num(x * w)),
      make("td", {class: "bars-cell"}, bar)
    );
  });
  const first = rows.reduce((sum, row) => sum + row.x * row.w, 0),
    bias = real(chosen.bias),
    rest = real(chosen.rest);
  return [
    make("p", {class: "note"}, say(shape ? "dense_note_maps" : "dense_note", {count: rows.length})),
    make(
      "div",
      {class: "scroll", tabindex: "0", role: "region", "aria-label": say("dense_table")},
      make(
        "table",
        {class: "list"},
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            ...["number", "x", "w", "product"].map(id => make("th", {scope: "col"}, say(`column_${id}`))),
            make("td")
          )
        ),
        make("tbody", {}, ...lines)
      )
    ),
    ledger([
      [say("dense_first", {count: rows.length}), first],
      chosen.others ? [say("dense_rest", {count: num(chosen.others)}), rest] : null,
      [say("bias", {k: chosen.m}), bias],
      ...verdict(first + rest + bias, exact, layer, false)
    ])
  ];
}
