// Saliency and Grad-CAM of the best classes, laid over the photograph.

let attentionTurn = 0;

async function renderAttention() {
  const panel = place("attention-panel"),
    views = FACTS.attention ? FACTS.attention.views : [];
  panel.hidden = !views.length;
  if (!views.length) return;
  const turn = ++attentionTurn,
    view = views.find(each => each.name === state.view),
    figure = await attentionFigure(view);
  if (turn !== attentionTurn) return;
  const focused = document.activeElement && document.activeElement.id;
  place("attention").replaceChildren(
    choices("attention_view", ["photograph", ...views.map(each => each.name)], (name, i) => ({
      id: `view-${name}`,
      pressed: i ? view && view.name === name : !view,
      text: say(i ? `view_${name}` : "view_none"),
      chosen: () => chooseView(i ? name : null)
    })),
    choices("attention_class", FACTS.best.slice(0, views[0].maps.shape[0]), (best, i) => ({
      id: `looks-${i}`,
      pressed: i === state.cls,
      text: `${best.name} ${percent(real(best.probability))}`,
      chosen: () => chooseClass(i)
    })),
    make("div", {class: "shares"}, figure, make("div", {class: "words"}, ...attentionWords(view)))
  );
  if (focused && /^(view|looks)-/.test(focused)) place(focused).focus({preventScroll: true});
}

// What the map shows, and what it does not.
function attentionWords(view) {
  if (!view) return [make("p", {}, say("view_none_is"))];
  return [make("p", {}, say(`view_${view.name}_is`)), make("p", {}, view.hides[language][0])];
}

// Buttons of which one is pressed. of(item, i): {id, pressed, text, chosen}.
function choices(label, items, of) {
  const buttons = items.map((item, i) => {
    const {id, pressed, text, chosen} = of(item, i);
    const pressable = {type: "button", class: "small", id, "aria-pressed": String(Boolean(pressed)), onclick: chosen};
    return make("button", pressable, text);
  });
  return make("div", {class: "outputs", role: "group", "aria-label": say(label)}, ...buttons);
}

function chooseView(name) {
  state.view = name;
  renderAttention();
}

// The class whose maps and gradients are shown: everywhere the same.
function chooseClass(i) {
  state.cls = i;
  renderAttention();
  renderBackward();
}

// The photograph, or the input where the photograph's part is not known, with the map of the chosen class over it.
async function attentionFigure(view) {
  const photograph = FACTS.photograph && FACTS.photograph.part ? FACTS.photograph : null,
    [, H, W] = FACTS.input_shape,
    x = await outputOf(-1),
    {width, height} = photograph || {width: W, height: H},
    zoom = Math.min(460 / width, 340 / height),
    canvas = make("canvas", {role: "img", "aria-label": attentionLabel(view)});
  canvas.width = Math.round(2 * width * zoom);
  canvas.height = Math.round(2 * height * zoom);
  canvas.style.width = `${Math.round(width * zoom)}px`;
  canvas.style.aspectRatio = `${width} / ${height}`;
  const context = canvas.getContext("2d");
  if (photograph) context.drawImage(await photographImage(), 0, 0, canvas.width, canvas.height);
  else if (x) {
    const input = paint(document.createElement("canvas"), H, W, inputColour(x));
    context.drawImage(input, 0, 0, canvas.width, canvas.height);
  }
  const part = photograph ? photograph.part : [0, 0, height, width],
    [top, left, high, wide] = part.map(value => 2 * value * zoom);
  if (view) context.drawImage(await heat(view), left, top, wide, high);
  if (photograph) paleOutside(context, top, left, high, wide);
  const note = view ? [legend({low: 0, high: 1, signed: false}), " ", say("attention_scale")] : [];
  return make("figure", {class: "attention"}, canvas, make("figcaption", {}, ...note));
}

function attentionLabel(view) {
  const name = FACTS.best[state.cls].name;
  return view ? say("attention_label", {view: say(`view_${view.name}`), name}) : say("photograph");
}

// What was cut off before the network saw the photograph is pale.
function paleOutside(context, top, left, high, wide) {
  context.fillStyle = "rgba(255, 255, 255, 0.55)";
  context.beginPath();
  context.rect(0, 0, context.canvas.width, context.canvas.height);
  context.rect(left, top, wide, high);
  context.fill("evenodd");
}

// The map of the chosen class as colours that let the photograph through; 1 is what 0.5 % of the pixels exceed.
async function heat(view) {
  const [, H, W] = view.maps.shape,
    data = await unpack(view.maps),
    map = data.subarray(state.cls * H * W, (state.cls + 1) * H * W),
    most = Float32Array.from(map).sort()[Math.floor(0.995 * (map.length - 1))] || largestOf(map) || 1;
  const canvas = document.createElement("canvas");
  canvas.width = W;
  canvas.height = H;
  const context = canvas.getContext("2d"),
    image = context.createImageData(W, H);
  map.forEach((value, i) => {
    const share = Math.min(1, value / most);
    image.data.set([...SEQUENTIAL[Math.round(255 * share)], Math.round(255 * (0.35 + 0.4 * share))], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
