// What is chosen, and what is drawn again when something else is chosen.

const state = {layer: 0, k: 0, p: 0, q: 0, c: 0, cls: 0, view: null, pinned: false};

async function chooseLayer(index) {
  const turn = (state.turn = (state.turn || 0) + 1);
  state.layer = index;
  markStrip();
  const next = await load(index);
  if (turn !== state.turn) return;
  shown = next;
  if (shown.x) shown.inputScale = scaleOf(shown.x.data);
  startPlace();
  renderLayer();
}

// A telling place: the middle of the first map that is not zero there; of a row the largest number; of maps that are
// the classes the largest number of the best one.
function startPlace() {
  const {y, layer} = shown;
  state.p = state.q = state.k = state.c = 0;
  state.pinned = false;
  if (!y) return;
  if (y.flat) {
    state.k = layer.outputs
      ? layer.outputs[0].m
      : y.data.reduce((best, value, i) => (value > y.data[best] ? i : best), 0);
    return;
  }
  if (channelsAreClasses(shown.index)) {
    state.k = FACTS.best[0].label;
    [state.p, state.q] = strongest(y, state.k);
    return;
  }
  state.p = y.H >> 1;
  state.q = y.W >> 1;
  while (state.k < y.C - 1 && at(y, state.k, state.p, state.q) === 0) state.k++;
  if (at(y, state.k, state.p, state.q) === 0) state.k = 0;
}

// The place of the largest number of a map.
function strongest(y, k) {
  const area = y.H * y.W,
    map = y.data.subarray(k * area, (k + 1) * area),
    i = map.indexOf(largestOf(map));
  return [Math.floor(Math.max(0, i) / y.W), Math.max(0, i) % y.W];
}

function chooseMap(k) {
  state.k = k;
  if (shown.w) state.c = Math.min(state.c, shown.w.own - 1);
  if (shown.mark) shown.mark(k);
  if (shown.markFilter) shown.markFilter(k);
  else renderFilters();
  place("map-heading").textContent = shown.y.flat
    ? place("map-heading").textContent
    : say("map_heading", {k, count: shown.y.C - 1});
  if (!shown.y.flat) renderBig();
  else moveCursor();
  renderPixel();
}

function choosePixel(row, column) {
  const k = row * shown.columns + column;
  if (shown.y.flat ? k >= shown.y.C || k === state.k : row === state.p && column === state.q) return;
  if (shown.y.flat) state.k = k;
  else [state.p, state.q] = [row, column];
  moveCursor();
  renderPixel();
}

function chooseChannel(c) {
  state.c = c;
  if (shown.markChannel) shown.markChannel(c);
  const focused = document.activeElement && document.activeElement.id;
  renderWindow();
  if (focused && place(focused) && focused.startsWith("channel")) place(focused).focus();
  renderBackward();
}

let waiting = 0;

// The window at once, what is further away when the pixel rests.
function renderPixel() {
  renderWindow();
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    renderTrail();
    renderBackward();
  }, 120);
}

function renderLayer() {
  const {layer} = shown;
  markStrip();
  place("layer-name").textContent = layer.name;
  place("layer-expression").textContent = layer.expression;
  const what = say(layer.kind === "own" ? "what_own" : `what_${layer.kind}`, {type: layer.type});
  place("layer-what").textContent = what + whereInside(layer);
  place("before").disabled = state.layer === 0;
  place("after").disabled = state.layer === LAYERS.length - 1;
  renderMaps();
  renderWindow();
  renderFacts();
  const now = shown;
  setTimeout(() => {
    // the one output first: it is what one waits for
    if (shown !== now) return;
    renderThumbs();
    renderFilters();
    renderTrail();
    renderBackward();
  });
}

// ---------------------------------------------------------------------------- language, theme, keys

function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  for (const each of ["en", "ko"]) place(`language-${each}`).setAttribute("aria-pressed", String(each === chosen));
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]"))
    element.setAttribute("aria-label", say(element.dataset.label));
  place("subtitle").textContent = say("subtitle", {
    shape: times(FACTS.input_shape),
    layers: LAYERS.filter(layer => layer.kind !== "Concat").length,
    parameters: num(FACTS.parameters),
    work: num(FACTS.multiply_adds)
  });
  document.title = say("page_title", {title: FACTS.title});
  for (const element of document.querySelectorAll(".random")) {
    element.hidden = !FACTS.random;
    element.textContent = say("random");
  }
  const out = place("left-out");
  out.hidden = !FACTS.left_out.length;
  out.textContent = say("left_out", {layers: FACTS.left_out.join(", ")});
  place("footer").textContent =
    `${say(FACTS.random ? "footer_random" : "footer", {weights: FACTS.weights})} npnet ${FACTS.npnet}.`;
  renderStrip();
  renderAttention();
  if (shown) renderLayer();
}

function setTheme(chosen) {
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  for (const each of ["auto", "light", "dark"])
    place(`theme-${each}`).setAttribute("aria-pressed", String(each === chosen));
}

function start() {
  for (const each of ["en", "ko"]) place(`language-${each}`).addEventListener("click", () => setLanguage(each));
  for (const each of ["auto", "light", "dark"]) place(`theme-${each}`).addEventListener("click", () => setTheme(each));
  place("before").addEventListener("click", () => chooseLayer(Math.max(0, state.layer - 1)));
  place("after").addEventListener("click", () => chooseLayer(Math.min(LAYERS.length - 1, state.layer + 1)));
  document.addEventListener("keydown", event => {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, pre, .scroll")) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(LAYERS.length - 1, state.layer + step)),
      inStrip = event.target.closest("#strip");
    chooseLayer(index);
    if (inStrip) place("strip").querySelector(`[data-layer="${index}"]`).focus();
  });
  if (FACTS.attention) state.view = FACTS.attention.views[FACTS.attention.views.length - 1].name;
  setTheme("auto");
  setLanguage(language);
  chooseLayer(0);
}

start();
