// The facts of a layer, why its output has its size, and the lines of code that made it.

function renderFacts() {
  const {layer} = shown, rows = [];
  const add = (id, ...values) => rows.push(make("dt", {}, say(id)), ...values.map(value => make("dd", {}, value)));
  add("fact_shape", `${times(layer.shape_in)} → ${times(layer.shape_out)}`);
  const why = sizes(layer);
  if (why.length) add("fact_size", ...why);
  const sees = seen(layer);
  if (sees) add("fact_sees", sees);
  if (layer.parameters) {
    add("fact_parameters", `${weightsWords(layer)}${num(layer.parameters)} (${say("of_all", {share: percent(layer.parameter_share)})}${layer.trained ? "" : `, ${say("frozen")}`})`);
  }
  if (layer.multiply_adds) add("fact_work", `${num(layer.multiply_adds)} (${say("of_all", {share: percent(layer.share)})})`);
  add("fact_values", say("values", {minimum: num(real(layer.minimum)), maximum: num(real(layer.maximum)), mean: num(real(layer.mean)), zeros: percent(layer.zeros)}));
  if (layer.missing) add("fact_missing", say("missing", {count: num(layer.missing)}));
  add("fact_here", kept(layer));
  place("facts-list").replaceChildren(...rows);
  renderCode(layer);
}

function weightsWords(layer) {
  if (layer.kind === "Conv2D") {
    const {R, S, groups} = layer.options, K = layer.shape_out[0];
    return `${K} × ${layer.shape_in[0] / groups} × ${R} × ${S} + ${K} = `;
  }
  return layer.kind === "Dense" ? `${layer.shape_in[0]} × ${layer.shape_out[0]} + ${layer.shape_out[0]} = ` : "";
}

// What of the layer is in the page exactly, what in 8 bits, and what the page computes.
function kept(layer) {
  if (layer.kind === "Conv2D") {
    const output = layer.array ? say("kept_output") : "";
    return layer.w ? `${output} ${say("kept_weights", {bits: layer.bits, off: percent(real(layer.off))})}` : output;
  }
  if (layer.array) return say(layer.kind === "Dense" ? "kept_dense" : "kept_output");
  return layer.apart === undefined ? say("kept_nothing")
    : say("kept_computed", {count: layer.probes.length, apart: layer.apart === 0 ? "0" : num(layer.apart, 2)});
}

function seen(layer) {
  if (!layer.field) return "";
  const words = [];
  if (layer.kind === "Conv2D") words.push(say("sees_channels", {own: layer.shape_in[0] / layer.options.groups, all: layer.shape_in[0]}));
  words.push(layer.spacing ? say("sees_pixels", {field: times(layer.field), spacing: layer.spacing}) : say("sees_all"));
  return words.join(", ");
}

// Why the output has its size: one line, or one for rows and one for columns.
function sizes(layer) {
  const [, P, Q] = layer.shape_out, [, H, W] = layer.shape_in, {R, S} = layer.options;
  if (R !== undefined) {
    const rows = sizeLine(layer, H, R, P), columns = sizeLine(layer, W, S, Q);
    return rows === columns ? [rows] : [say("size_rows", {line: rows}), say("size_columns", {line: columns})];
  }
  if (layer.kind === "Dense") return [say("size_dense", {M: num(layer.shape_out[0]), D: num(layer.shape_in[0])})];
  if (layer.kind === "Flatten") return [say("size_flatten", {product: times(layer.shape_in), D: num(layer.shape_out[0])})];
  if (layer.kind === "AdaptiveAvgPool") return [say("size_adaptive", {P, Q})];
  return layer.kind === "own" ? [] : [say("size_same")];
}

function sizeLine(layer, size, window, outputs) {
  const {stride, pad, ceil_mode} = layer.options, room = size + 2 * pad - window;
  const quotient = `(${size}${pad ? ` + 2·${pad}` : ""} − ${window})/${stride}`;
  if (room % stride === 0) return `${quotient} + 1 = ${outputs}`;
  const values = {quotient, exact: trimmed((room / stride).toFixed(2)), down: Math.floor(room / stride), up: Math.ceil(room / stride), outputs};
  if (!ceil_mode) return say("size_down", values);
  return say(outputs === values.up ? "size_caffe" : "size_up", values);
}

function renderCode(layer) {
  const name = JSON.stringify(layer.name), parts = [make("h3", {}, say("code")), make("pre", {tabindex: "0"}, make("code", {}, `x = net[${name}].forward(x)`))];
  layer.code.forEach((source, i) => {
    const head = say(i === 0 ? "code_of" : "code_loops", {file: source.file, line: source.line});
    const text = make("pre", {tabindex: "0", "aria-label": head}, make("code", {}, numbered(source)));
    parts.push(i === 0 ? make("p", {class: "note"}, head) : null, i === 0 ? text : make("details", {}, make("summary", {}, head), text));
  });
  place("code").replaceChildren(...parts.filter(Boolean));
}

function numbered(source) {
  const lines = source.text.trimEnd().split("\n"), width = String(source.line + lines.length).length;
  return lines.map((line, i) => `${String(source.line + i).padStart(width)}  ${line}`).join("\n");
}
