// The window of one output: grids of numbers, and what they add up to.

const LEGIBLE = 7; // up to so many rows and columns, the numbers stand in the cells

// A grid of numbers as a table. value(r, s): a number, or null outside the map; mark(r, s): whether it is the chosen.
function grid({rows, columns, value, scale, title, mark, outside}) {
  const body = make("tbody"),
    legible = rows <= LEGIBLE && columns <= LEGIBLE;
  for (let r = 0; r < rows; r++) {
    const row = make("tr");
    for (let s = 0; s < columns; s++) row.append(cell(value(r, s), scale, legible, mark && mark(r, s), outside, r, s));
    body.append(row);
  }
  return make(
    "figure",
    {class: legible ? "grid" : "grid small"},
    make("figcaption", {}, title),
    make("table", {"aria-label": title}, body)
  );
}

function cell(number, scale, legible, marked, outside, r, s) {
  if (number === null)
    return make(
      "td",
      {class: "outside", "data-r": r, "data-s": s, title: outside},
      legible ? (outside === say("padding_zero") ? "0" : "") : ""
    );
  const text = short(number),
    colour = scale.colour(number);
  const element = make(
    "td",
    {"data-r": r, "data-s": s, class: marked ? "marked" : "", title: num(number, 6)},
    legible ? (marked ? `★${text}` : text) : make("span", {class: "unseen"}, text)
  );
  element.style.background = css(colour);
  element.style.color = ink(colour);
  return element;
}

// Lines of a sum: [[label, number or text, class], ...].
function ledger(lines) {
  return make(
    "dl",
    {class: "ledger"},
    ...lines
      .filter(Boolean)
      .flatMap(([label, value, kind]) => [
        make("dt", {class: kind || ""}, label),
        make(
          "dd",
          {
            class: kind || "",
            "data-value": typeof value === "number" ? value : null,
            id: kind === "computed" ? "computed" : kind === "exact" ? "exact" : null
          },
          typeof value === "number" ? num(value, 7) : value
        )
      ])
  );
}

// What was computed beside what the array holds, and how far they are apart.
function verdict(computed, exact, layer, approximate) {
  const apart = Math.abs(computed - exact),
    share = apart / (layer.largest || 1);
  return [
    [say(approximate ? "computed_approximate" : "computed_exact"), computed, "computed"],
    [say("array_holds"), exact, "exact"],
    Number.isFinite(apart)
      ? [say("apart"), `${num(apart, 2)} = ${say("of_largest", {share: percent(share)})}`, "apart"]
      : null
  ];
}

function outputName(k, p, q, flat) {
  return flat ? `y[0,${k}]` : `y[0,${k},${p},${q}]`;
}

let spoken = 0; // the timer of what is read out: only when the pixel rests

function speak(text) {
  clearTimeout(spoken);
  spoken = setTimeout(() => {
    place("live").textContent = text;
  }, 350);
}

function renderWindow() {
  const holder = place("window"),
    {layer, x, y} = shown;
  if (!y) {
    holder.replaceChildren(make("p", {class: "note"}, say("window_none")));
    return;
  }
  const name = outputName(state.k, state.p, state.q, y.flat),
    value = y.flat ? y.data[state.k] : at(y, state.k, state.p, state.q);
  const parts =
    layer.kind === "own"
      ? [make("p", {}, say("own_layer", {type: layer.type}))]
      : !x
        ? [make("p", {class: "note"}, say("window_left_out"))]
        : SHOW[layer.kind](shown, value);
  const title = make(
    "p",
    {class: "output"},
    make("code", {}, name),
    " = ",
    make("strong", {}, num(value, 7)),
    className(layer)
  );
  holder.replaceChildren(title, ...parts.filter(Boolean));
  const computed = place("computed");
  const numbers = {name, value: num(value, 5), computed: computed ? computed.textContent : num(value, 5)};
  speak(say(layer.kind === "Conv2D" && computed ? "spoken_conv" : "spoken", numbers));
}

// What the class is called, where the channels of the output are the classes.
function className(layer) {
  return FACTS.names && channelsAreClasses(LAYERS.indexOf(layer)) ? ` (${FACTS.names[state.k]})` : "";
}

// Whether every channel of a layer's output belongs to one class: what comes after changes no channel's number.
function channelsAreClasses(index) {
  const kept = ["ReLU", "Dropout", "AvgPool", "AdaptiveAvgPool", "Flatten", "Softmax"],
    classes = LAYERS[LAYERS.length - 1].shape_out;
  if (!FACTS.best.length || LAYERS[index].shape_out[0] !== classes[0]) return false;
  return LAYERS.slice(index + 1).every(layer => kept.includes(layer.kind));
}

// Pointing at a cell of one grid shows the same place in the others, and the numbers in a line.
function linked(holder, line) {
  const show = event => {
    const td = event.target.closest("td[data-r]");
    for (const old of holder.querySelectorAll(".same")) old.classList.remove("same");
    if (!td) return;
    const {r, s} = td.dataset;
    for (const other of holder.querySelectorAll(`td[data-r="${r}"][data-s="${s}"]`)) other.classList.add("same");
    holder.querySelector(".detail").textContent = line(Number(r), Number(s));
  };
  holder.addEventListener("pointerover", show);
  holder.addEventListener("click", show);
  return holder;
}
