// The packed arrays: each is unpacked when it is first needed, and kept.

const FACTS = JSON.parse(document.getElementById("facts").textContent);
const LAYERS = FACTS.layers;
const KINDS = {f4: Float32Array, i1: Int8Array, i2: Int16Array, u1: Uint8Array};
const unpacked = new Map();

// Numbers come as numbers, or as the names NaN, Infinity and -Infinity.
function real(value) {
  return Number(value);
}

// The typed array of an entry {id, kind, shape}.
function unpack(entry) {
  if (!unpacked.has(entry.id)) unpacked.set(entry.id, read(entry));
  return unpacked.get(entry.id);
}

// The element of this id once all of it has been read: while the page still loads, the next one has begun then.
async function complete(id) {
  while (document.readyState === "loading" && !document.getElementById(id)?.nextElementSibling) {
    await new Promise(done => setTimeout(done, 10));
  }
  return document.getElementById(id);
}

async function read(entry) {
  const element = await complete(`blob-${entry.id}`);
  const letters = atob(element.textContent),
    packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  element.textContent = ""; // the text is not needed again
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const width = KINDS[entry.kind].BYTES_PER_ELEMENT,
    count = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) bytes[i * width + plane] = planes[plane * count + i];
  }
  return new KINDS[entry.kind](bytes.buffer);
}

// The largest of many numbers: as arguments of Math.max they would be too many.
function largestOf(data) {
  return data.reduce((best, value) => Math.max(best, value), -Infinity);
}

// Maps: {data, C, H, W, flat}. A row of D numbers has C = D and H = W = 1.
function maps(data, shape) {
  return shape.length === 3
    ? {data, C: shape[0], H: shape[1], W: shape[2], flat: false}
    : {data, C: shape.reduce((a, b) => a * b, 1), H: 1, W: 1, flat: true};
}

function at(x, c, h, v) {
  return x.data[(c * x.H + h) * x.W + v];
}
