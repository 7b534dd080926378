// The network as a strip of boxes: as high as the maps, with areas as the numbers of activations.

const TALLEST = 104,
  WIDEST = 84,
  LOWEST = 5; // of the boxes, in pixels

// One box for a layer and those after it that keep the shape and have no parameters.
function boxes() {
  const list = [];
  LAYERS.forEach((layer, i) => {
    const last = list[list.length - 1],
      path = JSON.stringify(layer.inside.slice(0, 1));
    const goesOn = last && last.path === path && layer.kind !== "Concat" && !layer.parameters;
    if (goesOn && times(layer.shape_out) === times(LAYERS[last.layers[0]].shape_out)) last.layers.push(i);
    else list.push({layers: [i], path});
  });
  const sides = list.map(box => LAYERS[box.layers[0]].shape_out).map(shape => (shape.length === 3 ? shape[1] : 1));
  const tallest = Math.max(...sides);
  list.forEach((box, i) => {
    box.height = Math.max(LOWEST, (TALLEST * sides[i]) / tallest);
  });
  const areas = list.map(box => LAYERS[box.layers[0]].shape_out.reduce((a, b) => a * b, 1));
  const widest = Math.max(...list.map((box, i) => areas[i] / box.height));
  list.forEach((box, i) => {
    box.width = Math.max(1, (WIDEST * areas[i]) / box.height / widest);
  });
  return list;
}

function renderStrip() {
  const list = boxes(),
    items = [];
  for (let i = 0; i < list.length; ) {
    const end = list.findIndex((box, j) => j > i && concatOf(box) !== concatOf(list[i]));
    const part = list.slice(i, end < 0 ? list.length : end);
    items.push(...(concatOf(list[i]) ? [pathsItem(part)] : part.map(box => boxItem(box, TALLEST + 6))));
    i += part.length;
  }
  place("strip").replaceChildren(make("ol", {}, ...items));
}

// The name of the Concat that a box is in; undefined on the way itself.
function concatOf(box) {
  return LAYERS[box.layers[0]].inside[0]?.[0];
}

// The boxes of a Concat, one path above the other.
function pathsItem(part) {
  const high = Math.max(...part.map(box => box.height)) + 6,
    paths = [...new Set(part.map(box => box.path))];
  const lists = paths.map(path =>
    make("ol", {}, ...part.filter(box => box.path === path).map(box => boxItem(box, high)))
  );
  return make("li", {class: "paths"}, ...lists);
}

function boxItem(box, high) {
  const layer = LAYERS[box.layers[0]],
    most = Math.max(...LAYERS.map(each => each.parameters)),
    shade = layer.parameters ? 0.95 * (Math.log1p(layer.parameters) / Math.log1p(most)) ** 3 : 0;
  const picture = make("span", {class: "box", "aria-hidden": "true"});
  picture.style.width = `${box.width}px`;
  picture.style.height = `${box.height}px`;
  picture.style.background = css(BLUES[Math.round(255 * shade)]);
  const ground = make("span", {class: "ground", "aria-hidden": "true"}, picture);
  ground.style.height = `${high}px`;
  return make(
    "li",
    {},
    layerButton(box.layers[0], ground),
    ...box.layers.slice(1).map(i => layerButton(i)),
    make("span", {class: "shape"}, times(layer.shape_out)),
    make("span", {class: "shape"}, say("parameters_short", {count: num(layer.parameters)}))
  );
}

function layerButton(i, picture = null) {
  return make(
    "button",
    {type: "button", class: picture ? "layer first" : "layer", "data-layer": i, onclick: () => chooseLayer(i)},
    picture,
    make("span", {}, ownName(LAYERS[i]))
  );
}

function markStrip() {
  for (const button of place("strip").querySelectorAll("button")) {
    const here = Number(button.dataset.layer) === state.layer;
    if (here) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (here) {
      const strip = place("strip"),
        item = button.closest("li");
      if (
        item.offsetLeft < strip.scrollLeft ||
        item.offsetLeft + item.offsetWidth > strip.scrollLeft + strip.clientWidth
      ) {
        strip.scrollLeft = item.offsetLeft - strip.clientWidth / 2;
      }
    }
  }
}
