// The maps of the chosen layer: one large, in which a pixel is chosen, and all of them small.

let shown = null; // {index, layer, x, y, w, scale, rows, columns} of the chosen layer

async function load(index) {
  const layer = LAYERS[index];
  const [x, y, w] = await Promise.all([
    outputOf(layer.from[0]),
    outputOf(index),
    layer.kind === "Conv2D" ? filtersOf(layer) : null
  ]);
  const [rows, columns] = y ? (y.flat ? folded(y.C) : [y.H, y.W]) : [1, 1];
  return {index, layer, x, y, w, rows, columns, scale: y ? scaleOf(y.data) : null};
}

// The number at (row, column) of the large picture: of map k, or of a row of numbers folded into a rectangle.
function cellOf(k, row, column) {
  if (!shown.y.flat) return at(shown.y, k, row, column);
  const i = row * shown.columns + column;
  return i < shown.y.C ? shown.y.data[i] : NaN;
}

function renderMaps() {
  const {layer, y} = shown;
  place("map-heading").textContent = !y
    ? ""
    : y.flat
      ? say("row_heading", {count: num(y.C)})
      : say("map_heading", {k: state.k, count: y.C - 1});
  place("map-help").textContent = y ? say(y.flat ? "row_help" : "map_help") : "";
  if (!y) {
    place("big").replaceChildren(make("p", {class: "note"}, say(layer.left_out ? "map_left_out" : "map_unknown")));
    place("maps").replaceChildren();
    place("maps-note").replaceChildren();
    return;
  }
  renderBig();
  const missing = layer.missing ? ` ${say("missing", {count: num(layer.missing)})}` : "";
  place("maps-note").replaceChildren(legend(shown.scale), ` ${say(y.flat ? "scale_row" : "scale_note")}${missing}`);
}

function renderBig() {
  const canvas = make("canvas", {"aria-hidden": "true"});
  paint(canvas, shown.rows, shown.columns, (h, v) => shown.scale.colour(cellOf(state.k, h, v)));
  const map = make(
    "div",
    {
      class: "bigmap",
      tabindex: "0",
      role: "application",
      "aria-describedby": "map-help",
      id: "map",
      "aria-label": say(shown.y.flat ? "row_label" : "map_label", {layer: shown.layer.name, k: state.k})
    },
    canvas,
    make("span", {class: "cursor", id: "cursor", "aria-hidden": "true"})
  );
  map.style.aspectRatio = `${shown.columns} / ${shown.rows}`;
  map.style.maxWidth = `min(100%, ${Math.round((26 * shown.columns) / Math.max(shown.rows, shown.columns * 0.6))}rem)`;
  map.addEventListener("pointermove", event => {
    if (event.pointerType === "mouse" && !state.pinned) point(map, event);
  });
  map.addEventListener("pointerdown", event => {
    if (event.pointerType === "mouse") state.pinned = !state.pinned;
    point(map, event);
    moveCursor();
  });
  map.addEventListener("keydown", moveByKey);
  const focused = document.activeElement && document.activeElement.id === "map";
  place("big").replaceChildren(map);
  if (focused) map.focus({preventScroll: true});
  moveCursor();
}

function point(map, event) {
  const edges = map.getBoundingClientRect(),
    limit = (value, most) => Math.max(0, Math.min(most - 1, Math.floor(value)));
  choosePixel(
    limit(((event.clientY - edges.top) / edges.height) * shown.rows, shown.rows),
    limit(((event.clientX - edges.left) / edges.width) * shown.columns, shown.columns)
  );
}

function moveByKey(event) {
  const [row, column] = cursorPlace(),
    maps = {PageUp: -1, PageDown: 1}[event.key];
  const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
  if (!step && !maps) return;
  event.preventDefault();
  event.stopPropagation();
  if (maps) {
    if (!shown.y.flat) chooseMap(Math.max(0, Math.min(shown.y.C - 1, state.k + maps)));
    return;
  }
  choosePixel(
    Math.max(0, Math.min(shown.rows - 1, row + step[0])),
    Math.max(0, Math.min(shown.columns - 1, column + step[1]))
  );
}

// Where the cursor stands on the large picture.
function cursorPlace() {
  return shown.y.flat ? [Math.floor(state.k / shown.columns), state.k % shown.columns] : [state.p, state.q];
}

function moveCursor() {
  const cursor = place("cursor"),
    [row, column] = cursorPlace();
  if (!cursor) return;
  cursor.style.left = `${(100 * column) / shown.columns}%`;
  cursor.style.top = `${(100 * row) / shown.rows}%`;
  cursor.style.width = `${100 / shown.columns}%`;
  cursor.style.height = `${100 / shown.rows}%`;
  cursor.classList.toggle("pinned", Boolean(state.pinned));
}

function renderThumbs() {
  const {y, layer, scale} = shown;
  if (!y || y.flat) {
    place("maps").replaceChildren();
    shown.mark = null;
    return;
  }
  shown.mark = chooser(place("maps"), {
    count: y.C,
    selected: state.k,
    size: y.C > 128 ? 34 : y.C > 24 ? 44 : 62,
    name: say("maps_label", {layer: layer.name}),
    label: k => say("map_number", {k}),
    chosen: chooseMap,
    draw: (canvas, k) => paint(canvas, y.H, y.W, (h, v) => scale.colour(at(y, k, h, v)))
  });
}

// The filters: of a convolution that sees the picture all in colour; of others the channels of one filter.
function renderFilters() {
  const {layer, w} = shown,
    panel = place("filters-panel");
  panel.hidden = layer.kind !== "Conv2D";
  if (panel.hidden) return;
  if (!w) {
    place("filters-note").textContent = say("filters_left_out");
    place("filters").replaceChildren();
    return;
  }
  const colour = layer.from[0] === -1 && w.own === 3;
  place("filters-note").textContent = colour
    ? say("filters_colour", {count: w.K, R: w.R, S: w.S})
    : say("filters_channels", {
        k: state.k,
        count: w.own,
        R: w.R,
        S: w.S,
        first: w.first(state.k),
        last: w.first(state.k) + w.own - 1
      });
  if (colour) colourFilters(w);
  else channelFilters(w);
}

function colourFilters(w) {
  const order = FACTS.order === "BGR" ? [2, 1, 0] : [0, 1, 2];
  shown.markFilter = chooser(place("filters"), {
    count: w.K,
    selected: state.k,
    size: 44,
    name: say("filters"),
    label: k => say("filter_number", {k}),
    chosen: chooseMap,
    draw: (canvas, k) => {
      const most = largestWeight(w, k);
      paint(canvas, w.R, w.S, (r, s) => order.map(c => Math.round(127.5 + (127.5 * w.value(k, c, r, s)) / most)));
    }
  });
}

function channelFilters(w) {
  const most = largestWeight(w, state.k),
    colour = colourer(-most, most, true);
  shown.markFilter = null;
  shown.markChannel = chooser(place("filters"), {
    count: w.own,
    selected: state.c,
    size: w.own > 64 ? 26 : 34,
    name: say("filters"),
    chosen: chooseChannel,
    label: c => say("channel_number", {c: w.first(state.k) + c}),
    draw: (canvas, c) => paint(canvas, w.R, w.S, (r, s) => colour(w.value(state.k, c, r, s)))
  });
}

function largestWeight(w, k) {
  let most = 0;
  for (let c = 0; c < w.own; c++) {
    for (let r = 0; r < w.R; r++) for (let s = 0; s < w.S; s++) most = Math.max(most, Math.abs(w.value(k, c, r, s)));
  }
  return most || 1;
}
