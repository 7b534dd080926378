// Where an output comes from: its window in every layer before, back to the photograph.

const means = new Map(); // of a layer's output: the mean size over its maps

async function meanMap(index) {
  if (!means.has(index)) {
    const y = await outputOf(index);
    let mean = null;
    if (y) {
      mean = new Float32Array(y.H * y.W);
      for (let c = 0; c < y.C; c++)
        for (let i = 0; i < mean.length; i++) mean[i] += Math.abs(y.data[c * mean.length + i]) / y.C;
    }
    means.set(index, mean && {data: mean, scale: scaleOf(mean)});
  }
  return means.get(index);
}

// [[layer or -1, rectangle], ...] from the chosen output back to the input; it ends early where nobody knows.
function wayBack() {
  const start = shown.y && !shown.y.flat ? [state.p, state.q, state.p, state.q] : [0, 0, 0, 0],
    way = [[state.layer, start]];
  for (let i = state.layer, rectangle = start; i >= 0; ) {
    rectangle = before(LAYERS[i], rectangle);
    if (!rectangle) return way;
    i = sourceOf(i);
    way.push([i, rectangle]);
  }
  return way;
}

let trailTurn = 0;

async function renderTrail() {
  const turn = ++trailTurn,
    way = wayBack(),
    figures = [];
  const kept = drawn(way.map(([index]) => index));
  for (const [index, rectangle] of way.filter(([i]) => kept.includes(i))) {
    const shape = index < 0 ? FACTS.input_shape : LAYERS[index].shape_out;
    if (shape.length !== 3) continue;
    const part = await trailFigure(index, rectangle, shape);
    if (turn !== trailTurn) return;
    if (part) figures.push(part);
  }
  const last = way[way.length - 1];
  const picture = last[0] === -1 ? await photographFigure(last[1]) : null;
  if (turn !== trailTurn) return;
  place("trail").replaceChildren(...[...figures, picture].filter(Boolean).map(figure => make("li", {}, figure)));
  place("trail-note").textContent = trailWords(way, Boolean(picture));
}

function trailWords(way, picture) {
  const [index, rectangle] = way[way.length - 1];
  if (index !== -1) return say("trail_ends", {layer: LAYERS[index].name});
  const shape = FACTS.input_shape;
  if (shape.length !== 3) return "";
  const rows = rectangle[2] - rectangle[0] + 1,
    columns = rectangle[3] - rectangle[1] + 1,
    [, H, W] = shape;
  const inRows = Math.min(rectangle[2], H - 1) - Math.max(rectangle[0], 0) + 1,
    inColumns = Math.min(rectangle[3], W - 1) - Math.max(rectangle[1], 0) + 1;
  const words = say("trail_note", {rows, columns});
  const padding =
    inRows < rows || inColumns < columns ? ` ${say("trail_padding", {rows: inRows, columns: inColumns})}` : "";
  const known = !FACTS.photograph
    ? say("trail_no_photograph")
    : FACTS.photograph.part
      ? say("trail_cut")
      : say("trail_unknown_cut");
  const parted = way.slice(1).some(([i]) => i >= 0 && LAYERS[i].kind === "Concat") ? ` ${say("trail_paths")}` : "";
  const left = way.length > MANY ? ` ${say("one_place_left_out")}` : "";
  return `${words}${padding} ${known}${parted}${left}`;
}

async function trailFigure(index, rectangle, [, H, W]) {
  const x = await outputOf(index);
  if (!x) return null;
  const clipped = [
    Math.max(0, rectangle[0]),
    Math.max(0, rectangle[1]),
    Math.min(H, rectangle[2] + 1),
    Math.min(W, rectangle[3] + 1)
  ];
  const name = index < 0 ? say("input") : LAYERS[index].name,
    own = index === state.layer,
    mean = own || index < 0 ? null : await meanMap(index);
  const colour =
    index < 0 && (x.C === 3 || x.C === 1)
      ? inputColour(x)
      : own
        ? (h, v) => shown.scale.colour(at(x, state.k, h, v))
        : (
            source => (h, v) =>
              source.scale.colour(source.data[h * W + v])
          )(mean || (await meanMap(index)));
  const words = say("trail_box", {
    rows: rectangle[2] - rectangle[0] + 1,
    columns: rectangle[3] - rectangle[1] + 1,
    H,
    W
  });
  const outside = rectangle[0] < 0 || rectangle[1] < 0 || rectangle[2] >= H || rectangle[3] >= W;
  const canvas = mapWithBox(H, W, colour, clipped, 116, `${name}: ${words}`);
  const head =
    index < 0
      ? make("strong", {}, name)
      : make("button", {type: "button", class: "link", onclick: () => chooseLayer(index)}, name);
  return make(
    "figure",
    {},
    canvas,
    make(
      "figcaption",
      {},
      head,
      make("br"),
      words,
      outside ? make("span", {class: "edge"}, ` ${say("trail_outside")}`) : ""
    )
  );
}

// The photograph with the part that the network was given, and in it the window.
async function photographFigure(rectangle) {
  const photograph = FACTS.photograph;
  if (!photograph) return null;
  const picture = await photographImage(),
    side = 220,
    zoom = side / Math.max(photograph.width, photograph.height),
    ratio = 2;
  const canvas = make("canvas", {role: "img", "aria-label": say("photograph")});
  canvas.width = Math.round(photograph.width * zoom * ratio);
  canvas.height = Math.round(photograph.height * zoom * ratio);
  canvas.style.width = `${Math.round(photograph.width * zoom)}px`;
  canvas.style.aspectRatio = `${photograph.width} / ${photograph.height}`;
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (photograph.part) {
    const [top, left, high, wide] = photograph.part.map(value => value * zoom * ratio),
      [, H, W] = FACTS.input_shape;
    context.fillStyle = "rgba(255, 255, 255, 0.55)";
    context.beginPath();
    context.rect(0, 0, canvas.width, canvas.height);
    context.rect(left, top, wide, high);
    context.fill("evenodd"); // what was cut off is pale
    const share = (value, most) => Math.max(0, Math.min(most, value)) / most;
    frame(context, [
      top + share(rectangle[0], H) * high,
      left + share(rectangle[1], W) * wide,
      top + share(rectangle[2] + 1, H) * high,
      left + share(rectangle[3] + 1, W) * wide
    ]);
  }
  return make(
    "figure",
    {},
    canvas,
    make(
      "figcaption",
      {},
      make("strong", {}, say("photograph")),
      make("br"),
      `${photograph.width} × ${photograph.height}`
    )
  );
}

let image = null;

function photographImage() {
  image ||= new Promise((done, failed) => {
    const picture = new Image();
    picture.onload = () => done(picture);
    picture.onerror = failed;
    picture.src = FACTS.photograph.url;
  });
  return image;
}
