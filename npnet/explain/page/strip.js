// The network as a strip of boxes: as high as the maps, with areas as the numbers of activations.

const TALLEST = 104, WIDEST = 84, LOWEST = 5;           // of the boxes, in pixels

// One box for a layer and those after it that keep the shape and have no parameters.
function boxes() {
  const list = [];
  LAYERS.forEach((layer, i) => {
    const last = list[list.length - 1];
    if (last && !layer.parameters && times(layer.shape_out) === times(LAYERS[last.layers[0]].shape_out)) last.layers.push(i);
    else list.push({layers: [i]});
  });
  const sides = list.map(box => LAYERS[box.layers[0]].shape_out).map(shape => shape.length === 3 ? shape[1] : 1);
  const tallest = Math.max(...sides);
  list.forEach((box, i) => { box.height = Math.max(LOWEST, TALLEST * sides[i] / tallest); });
  const areas = list.map(box => LAYERS[box.layers[0]].shape_out.reduce((a, b) => a * b, 1));
  const widest = Math.max(...list.map((box, i) => areas[i] / box.height));
  list.forEach((box, i) => { box.width = Math.max(1, WIDEST * areas[i] / box.height / widest); });
  return list;
}

function renderStrip() {
  const most = Math.max(...LAYERS.map(layer => layer.parameters)), items = boxes().map(box => {
    const layer = LAYERS[box.layers[0]];
    const shade = layer.parameters ? 0.95 * (Math.log1p(layer.parameters) / Math.log1p(most)) ** 3 : 0;
    const picture = make("span", {class: "box", "aria-hidden": "true"});
    picture.style.width = `${box.width}px`;
    picture.style.height = `${box.height}px`;
    picture.style.background = css(BLUES[Math.round(255 * shade)]);
    const ground = make("span", {class: "ground", "aria-hidden": "true"}, picture);
    ground.style.height = `${TALLEST + 6}px`;
    return make("li", {}, layerButton(box.layers[0], ground), ...box.layers.slice(1).map(i => layerButton(i)),
                make("span", {class: "shape"}, times(layer.shape_out)),
                make("span", {class: "shape"}, say("parameters_short", {count: num(layer.parameters)})));
  });
  place("strip").replaceChildren(make("ol", {}, ...items));
}

function layerButton(i, picture = null) {
  return make("button", {type: "button", class: picture ? "layer first" : "layer", "data-layer": i,
                         onclick: () => chooseLayer(i)}, picture, make("span", {}, LAYERS[i].name));
}

function markStrip() {
  for (const button of place("strip").querySelectorAll("button")) {
    const here = Number(button.dataset.layer) === state.layer;
    if (here) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    if (here) {
      const strip = place("strip"), item = button.closest("li");
      if (item.offsetLeft < strip.scrollLeft || item.offsetLeft + item.offsetWidth > strip.scrollLeft + strip.clientWidth) {
        strip.scrollLeft = item.offsetLeft - strip.clientWidth / 2;
      }
    }
  }
}
