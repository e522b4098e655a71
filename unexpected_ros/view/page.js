"use strict";
// One frame at a time: the page asks for the next when it has shown the last, so that it is never behind.

const $ = (id) => document.getElementById(id);
const make = (tag, fields = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), fields);
  element.append(...children);
  return element;
};

const CAPTIONS = {
  overlay: "overlay",
  photo: "photo",
  resynthesis: "resynthesis: painted from the labels",
  labels: "labels",
  score: "score: dark is expected",
  mask: "mask",
};
const picture = (name, fields = {}) => make("img", { id: name, alt: CAPTIONS[name], ...fields });
const figures = {};
for (const [name, caption] of Object.entries(CAPTIONS)) {
  const image = picture(name);
  const note = make("i");
  const frame = make("div", { className: "frame" }, image);
  const figure = make("figure", {}, frame, make("figcaption", {}, caption, note));
  figure.onclick = () => enlarge(figure);
  figures[name] = { figure, frame, image, note };
  $("pictures").append(figure);
}
const enlarge = (figure) => {
  for (const other of Object.values(figures)) other.figure.classList.toggle("large", other.figure === figure);
};
enlarge(figures.overlay.figure);

// ---- the socket

let socket, frozen = false, owed = false, arrivals = [];
function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => (data instanceof ArrayBuffer ? show(data) : hear(JSON.parse(data)));
  socket.onopen = () => {
    send({ camera: asked_for() });
    asked(); // for what was wanted meanwhile
  };
  socket.onclose = () => {
    state("bad", "the viewer's server does not answer; trying again");
    asking = null;
    setTimeout(connect, 1000);
  };
}
const send = (command) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(command));

function state(kind, text) {
  $("state").className = kind;
  $("state").textContent = text;
}
function say(text, bad = false) {
  $("said").textContent = text;
  $("said").className = bad ? "bad" : "";
}
function hear(message) {
  if (message.state) {
    known = message.state;
    choose(known);
    if (known.parameters) sliders(known.parameters);
    return;
  }
  if (message.text) say(message.text, message.done === "error");
  if (message.done === "error" && asking) for (const name in asking) fields[name]?.show();
  if (message.done !== "save") asked();
}

// ---- cameras: each page looks at one; its name stands behind the # of the address

let known = {}, camera, links = {};
const asked_for = () => decodeURIComponent(location.hash.slice(1));
function choose({ cameras = {}, watched = "", text = "" }) {
  const names = Object.keys(cameras);
  camera = names.includes(asked_for()) ? asked_for() : names[0];
  const { good, text: said, model } = cameras[camera] || {};
  state(good ? "good" : names.length ? "bad" : "wait", `${camera ? `${watched}/${camera}` : watched} ${said || text}`.trim());
  $("model").textContent = model || "";
  chooser(cameras, names);
}
function chooser(cameras, names) {
  if (JSON.stringify(names) !== JSON.stringify(Object.keys(links))) {
    links = Object.fromEntries(names.map((name) => [name, make("a", { href: `#${name}`, textContent: name })]));
    $("cameras").replaceChildren(...Object.values(links));
  }
  $("cameras").hidden = names.length < 2;
  for (const name of names) {
    const { good, text } = cameras[name];
    Object.assign(links[name], { className: good ? "good" : "bad", title: text, ariaCurrent: String(name === camera) });
  }
}
window.onhashchange = () => {
  if (frozen) $("freeze").click();
  clear();
  choose(known);
  send({ camera: asked_for() });
};

// ---- frames

function put(name, image, note) {
  const figure = figures[name];
  forget(figure.image);
  figure.image.replaceWith(image);
  figure.image = image;
  figure.note.textContent = note;
}
const forget = ({ src }) => src && URL.revokeObjectURL(src);
function clear() {
  for (const name in figures) put(name, picture(name), "waiting for a frame");
  table({ regions: [], size: [1, 1] });
  $("count").textContent = $("rate").textContent = "";
  $("empty").hidden = true; // nothing was looked at yet
  times({});
  arrivals = [];
}
async function show(data) {
  let here = false;
  try {
    const [header, images] = await unpack(data);
    here = header.camera === camera;
    if (here) paint(header, images);
    else images.forEach(forget); // on its way when another was chosen
  } finally { // without an answer nothing more would come
    if (here && frozen) owed = true;
    else send({ shown: true });
  }
}
async function unpack(data) {
  const length = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  let start = 4 + length;
  const images = header.pictures.map(([name, size]) => {
    start += size;
    return decoded(name, new Uint8Array(data, start - size, size));
  });
  return [header, await Promise.all(images)];
}
// In an element that nobody else has: in Chromium decode() never ends where the source is taken away meanwhile.
async function decoded(name, bytes) {
  const image = picture(name, { src: URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) });
  await image.decode().catch(() => {});
  return image;
}
function paint(header, images) {
  const fresh = Object.fromEntries(images.map((image) => [image.id, image]));
  for (const name in figures) {
    put(name, fresh[name] || picture(name), fresh[name] ? "" : header.missing[name] || "not in this frame");
  }
  table(header);
  times(header.times);
  document.body.dataset.frame = header.number;
  rate();
}
function rate() {
  const now = performance.now();
  arrivals = [...arrivals.filter((time) => now - time < 3000), now];
  const span = (now - arrivals[0]) / 1000;
  $("rate").textContent = span > 0.5 ? `${((arrivals.length - 1) / span).toFixed(1)} frames/s` : "";
}

const number = (value, digits, unit = "") => (value === null ? "–" : value.toFixed(digits) + unit);
function table({ regions, size }) {
  $("count").textContent = regions.length;
  $("empty").hidden = regions.length > 0;
  $("regions").hidden = regions.length === 0;
  for (const old of document.querySelectorAll(".box")) old.remove();
  $("regions").tBodies[0].replaceChildren(...regions.map((region) => {
    const cells = [region.id || "–", number(region.score, 2), region.label, number(100 * region.road, 0, " %"), region.age,
      number(region.bearing, 1, "°"), number(region.distance, 1, " m")];
    const row = make("tr", {}, ...cells.map((text) => make("td", { textContent: text })));
    row.dataset.id = region.id;
    return row;
  }));
  const pointed = regions.find(({ id }) => id && id === pointedAt);
  if (pointed) outline(pointed.box, size);
}
let pointedAt = 0; // the rows come and go with the frames; the region that the mouse is on stays
$("regions").onmouseover = ({ target }) => (pointedAt = +(target.closest("tr")?.dataset.id || 0));
$("regions").onmouseleave = () => (pointedAt = 0);
function outline([x, y, width, height], [rows, columns]) {
  for (const { frame } of Object.values(figures)) {
    const box = make("div", { className: "box" });
    Object.assign(box.style, {
      left: `${(100 * x) / columns}%`, top: `${(100 * y) / rows}%`,
      width: `${(100 * width) / columns}%`, height: `${(100 * height) / rows}%`,
    });
    frame.append(box);
  }
}
function times(stages) {
  const most = Math.max(...Object.values(stages), 1);
  $("times").replaceChildren(...Object.entries(stages).flatMap(([name, value]) => [
    make("dt", { textContent: name }), make("meter", { max: most, value }), make("dd", { textContent: `${value.toFixed(1)} ms` }),
  ]));
}

// ---- parameters: one change at a time is under way; what moves meanwhile is sent after it, newest value only

let asking = null, wanted = {};
const fields = {};
function ask(name, value) {
  wanted[name] = value;
  if (!asking) asked();
}
function asked() {
  if (socket.readyState !== WebSocket.OPEN) return; // nobody would answer, and nothing more be asked for
  asking = Object.keys(wanted).length ? wanted : null;
  wanted = {};
  if (asking) send({ set: asking });
}
function sliders(parameters) {
  const same = parameters.every(({ name }) => fields[name]) && parameters.length === Object.keys(fields).length;
  if (!same) build(parameters);
  for (const parameter of parameters) {
    const field = fields[parameter.name];
    field.value = parameter.value;
    const busy = parameter.name in wanted || (asking && parameter.name in asking);
    if (!busy) field.show();
  }
}
function build(parameters) {
  for (const name in fields) delete fields[name];
  const rows = { detect: [], others: [] };
  for (const parameter of parameters) {
    const [group, name] = parameter.name.split(/\.(.*)/);
    const field = parameter.type === "bool" ? checkbox(parameter) : slider(parameter);
    fields[parameter.name] = field;
    const text = (group === "detect" ? name : parameter.name).replaceAll("_", " ");
    rows[group === "detect" ? "detect" : "others"].push(
      make("label", { title: parameter.description }, text, field.input, field.output));
  }
  const others = rows.others.length ? [make("details", {}, make("summary", { textContent: "more" }), ...rows.others)] : [];
  $("parameters").replaceChildren(...rows.detect, ...others);
}
function checkbox({ name, value }) {
  const input = make("input", { type: "checkbox", id: name });
  const field = { value, input, output: make("output"), show: () => (input.checked = field.value) };
  input.onchange = () => ask(name, input.checked);
  return field;
}
function slider({ name, value, type, minimum, maximum }) {
  // a range of many decades is moved through by factors
  const decades = minimum > 0 && maximum / minimum > 1e3;
  const there = decades ? Math.log : (x) => x, back = decades ? Math.exp : (x) => x;
  const input = make("input", { type: "range", id: name, min: there(minimum), max: there(maximum), step: "any" });
  const output = make("output");
  const read = () => (type === "int" ? Math.round(back(+input.value)) : +(back(+input.value)).toFixed(3));
  const write = (x) => (output.textContent = type === "int" ? x : +x.toFixed(3));
  const field = { value, input, output, show: () => { input.value = there(field.value); write(field.value); } };
  input.oninput = () => { write(read()); ask(name, read()); };
  return field;
}

// ---- buttons

$("parameters").onsubmit = () => false;
$("save").onclick = () => send({ save: true });
$("settings").onclick = async (event) => {
  event.preventDefault();
  const answer = await fetch("settings").catch(() => null);
  if (!answer?.ok) return say(answer ? await answer.text() : "the viewer's server does not answer", true);
  const link = make("a", { href: URL.createObjectURL(await answer.blob()), download: "detector.param.yaml" });
  link.click();
  URL.revokeObjectURL(link.href);
  say("settings: detector.param.yaml, for params_file:=");
};
$("freeze").onclick = () => {
  frozen = !frozen;
  $("freeze").setAttribute("aria-pressed", frozen);
  if (!frozen && owed) send({ shown: true });
  owed = false;
};
document.addEventListener("keydown", (event) => {
  if (event.key === " " && !event.target.closest("button, input, a, summary")) {
    event.preventDefault();
    $("freeze").click();
  }
});
clear();
connect();
