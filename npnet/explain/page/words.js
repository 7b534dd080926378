// The sentences of the page, in the language that is chosen, and how numbers are written.

const WORDS = JSON.parse(document.getElementById("words").textContent);
let language = document.documentElement.lang === "ko" ? "ko" : "en";

// The sentence `id` with {name} replaced by values.name.
function say(id, values = {}) {
  const entry = WORDS[id];
  if (!entry) throw new Error(`no sentence is called ${id}`);
  return entry[language].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

// A number with about four digits: 0.8123, 1.2e-7, 1,234,567 if it is whole.
function num(value, digits = 4) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return minus(value.toLocaleString("en-US"));
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) {
    const [head, power] = value.toExponential(digits - 1).split("e");
    return minus(`${trimmed(head)}e${power.replace("+", "")}`);
  }
  return minus(trimmed(value.toPrecision(digits)));
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

function minus(text) {
  return text.replace("-", "−").replace("e-", "e−");
}

// Three digits that fit into a small cell.
function short(value) {
  if (!Number.isFinite(value)) return num(value);
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1000 || size < 0.001) return minus(value.toExponential(0).replace("+", ""));
  return minus(
    trimmed(
      size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 0.1 ? value.toFixed(2) : value.toFixed(3)
    )
  );
}

function percent(share) {
  if (!Number.isFinite(share)) return num(share);
  const hundred = 100 * share;
  return `${hundred > 0 && hundred < 0.01 ? num(hundred, 2) : trimmed(hundred.toFixed(hundred < 1 ? 2 : 1))} %`;
}

function times(shape) {
  return shape.join(" × ");
}

// An element with attributes, and children that are elements or texts.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "class") element.className = value;
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

function place(id) {
  return document.getElementById(id);
}
