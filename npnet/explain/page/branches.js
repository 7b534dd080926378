// Paths side by side: what is shown of a Concat, and which way back is followed where paths part.

// The layer whose output layer `index` got (-1: the input). At a Concat the path of the chosen channel, or, on the way
// back from a later layer, the path that sees most: it holds what the others see.
function sourceOf(index) {
  const layer = LAYERS[index];
  if (layer.from.length === 1) return layer.from[0];
  if (index === state.layer && shown.y) return pathOf(layer, state.k).index;
  const width = i => (i < 0 || !LAYERS[i].field ? 0 : LAYERS[i].field[0]);
  return layer.from.reduce((best, i) => (width(i) > width(best) ? i : best));
}

// Where a layer inside a Concat stands: its path and its neighbours; "" on the way itself.
function whereInside(layer) {
  if (!layer.inside.length) return "";
  const [name, path] = layer.inside[layer.inside.length - 1],
    concat = LAYERS.find(each => each.name === name);
  return ` ${say("inside", {path: path + 1, count: concat.from.length, name})}`;
}

const MANY = 24; // layers in a row of pictures: from there on those that look at one place only are left out
const ONE_PLACE = ["ReLU", "Tanh", "Sigmoid", "Dropout", "BatchNorm", "LRN", "Concat"];

// Of a row of layers (-1: the input) those that are drawn.
function drawn(indices) {
  const kept = i => i < 0 || i === state.layer || !ONE_PLACE.includes(LAYERS[i].kind);
  return indices.length > MANY ? indices.filter(kept) : indices;
}

function ownName(layer) {
  return layer.name.split(".").pop();
}

// The chosen output of a Concat: its path, and the same pixel in the last layer of it.
function showConcat({layer}, value) {
  const {k, p, q} = state,
    found = pathOf(layer, k),
    inner = found.index < 0 || LAYERS[found.index].inside.length <= layer.inside.length ? null : LAYERS[found.index];
  const channels = {first: found.first, last: found.last, path: found.path + 1};
  const words = inner
    ? say("concat_path", {...channels, k, channel: found.channel, name: ownName(inner)})
    : say("concat_empty", channels);
  const follow = () => choosePlace(found.index, found.channel, p, q);
  return [
    make("p", {}, words),
    inner && make("p", {}, make("button", {type: "button", class: "small", id: "follow", onclick: follow}, inner.name)),
    exactLedger([[say("computed_exact"), value, "computed"]])
  ];
}

// Chooses a layer and, in it, one output.
async function choosePlace(index, k, p, q) {
  await chooseLayer(index);
  if (state.layer !== index || !shown.y || shown.y.flat) return;
  [state.p, state.q] = [p, q];
  chooseMap(k);
}
