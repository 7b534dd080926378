// The facts of a layer, why its output has its size, and the lines of code that made it.

function renderFacts() {
  const {layer} = shown,
    rows = [];
  const add = (id, ...values) => rows.push(make("dt", {}, say(id)), ...values.map(value => make("dd", {}, value)));
  add("fact_shape", `${times(layer.shape_in)} → ${times(layer.shape_out)}`);
  if (layer.size[language].length) add("fact_size", ...layer.size[language]);
  if (layer.paths[language].length) add("fact_paths", ...layer.paths[language]);
  const sees = seen(layer);
  if (sees) add("fact_sees", sees);
  if (layer.parameters) {
    const share = say("of_all", {share: percent(layer.parameter_share)}),
      frozen = layer.trained ? "" : `, ${say("frozen")}`;
    add("fact_parameters", `${weightsWords(layer)}${num(layer.parameters)} (${share}${frozen})`);
  }
  if (layer.multiply_adds)
    add("fact_work", `${num(layer.multiply_adds)} (${say("of_all", {share: percent(layer.share)})})`);
  add(
    "fact_values",
    say("values", {
      minimum: num(real(layer.minimum)),
      maximum: num(real(layer.maximum)),
      mean: num(real(layer.mean)),
      zeros: percent(layer.zeros)
    })
  );
  if (layer.missing) add("fact_missing", say("missing", {count: num(layer.missing)}));
  add("fact_here", kept(layer));
  place("facts-list").replaceChildren(...rows);
  renderCode(layer);
}

function weightsWords(layer) {
  if (layer.kind === "Conv2D") {
    const {R, S, groups} = layer.options,
      K = layer.shape_out[0];
    return `${K} × ${layer.shape_in[0] / groups} × ${R} × ${S} + ${K} = `;
  }
  return layer.kind === "Dense" ? `${layer.shape_in[0]} × ${layer.shape_out[0]} + ${layer.shape_out[0]} = ` : "";
}

// What of the layer is in the page exactly, what in 8 bits, and what the page computes.
function kept(layer) {
  if (layer.kind === "Conv2D") {
    const output = layer.array || layer.bits < 32 ? (layer.array ? say("kept_output") : "") : keptComputed(layer);
    if (!layer.w) return output;
    if (layer.bits === 32) return `${say("kept_exact_weights")} ${output}`;
    return `${output} ${say("kept_weights", {bits: layer.bits, off: percent(real(layer.off))})}`;
  }
  return layer.array ? say(layer.kind === "Dense" ? "kept_dense" : "kept_output") : keptComputed(layer);
}

function keptComputed(layer) {
  if (layer.apart === undefined) return say("kept_nothing");
  return say("kept_computed", {count: layer.probes.length, apart: layer.apart === 0 ? "0" : num(layer.apart, 2)});
}

function seen(layer) {
  if (!layer.field) return "";
  const words = [];
  if (layer.kind === "Conv2D")
    words.push(say("sees_channels", {own: layer.shape_in[0] / layer.options.groups, all: layer.shape_in[0]}));
  words.push(layer.spacing ? say("sees_pixels", {field: times(layer.field), spacing: layer.spacing}) : say("sees_all"));
  return words.join(", ");
}

function renderCode(layer) {
  const parts = [
    make("h3", {}, say("code")),
    make("pre", {tabindex: "0"}, make("code", {}, `x = ${layer.call}.forward(x)`))
  ];
  layer.code.forEach((source, i) => {
    const head = say(i === 0 ? "code_of" : "code_loops", {file: source.file, line: source.line});
    const text = make("pre", {tabindex: "0", "aria-label": head}, make("code", {}, numbered(source)));
    parts.push(
      i === 0 ? make("p", {class: "note"}, head) : null,
      i === 0 ? text : make("details", {}, make("summary", {}, head), text)
    );
  });
  place("code").replaceChildren(...parts.filter(Boolean));
}

function numbered(source) {
  const lines = source.text.trimEnd().split("\n"),
    width = String(source.line + lines.length).length;
  return lines.map((line, i) => `${String(source.line + i).padStart(width)}  ${line}`).join("\n");
}
