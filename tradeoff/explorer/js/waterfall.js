// Where the time goes: the mean, the median and the tail as bars of stages, each part also in words.

import { html, setAttributes, setText, show, svg } from "./dom.js";
import { milliseconds, percentOf } from "./format.js";

export const ROWS_AT = ["mean", "p50", "p99"];
const BARS = { left: 50, right: 78, top: 8, row: 46, thick: 26, axis: 38 };
const WHOLE_TICKS = [0, 0.25, 0.5, 0.75, 1];

// Okabe and Ito's colours, the two accents left out; every part also has its name and its own hatch in dark and light.
export const STAGE_COLOURS = {
  pre: "#999999", batch_wait: "#f0e442", queue_wait: "#e69f00", model: "#009e73", post: "#cc79a7", overhead: "#7d8590",
};

export function stageName(stage) {
  return { pre: "host before", post: "host after" }[stage] ?? stage.replace("_", " ");
}

export function createWaterfall(stages) {
  const layer = svg("svg", { class: "own-plot", "aria-hidden": "true" });
  const note = html("p", { class: "panel-note" });
  const marks = svg("g", { "data-mark": "here" });
  const frame = svg("g");
  layer.append(frame, marks);
  const ticks = WHOLE_TICKS.map(() => ({ line: svg("line", { class: "grid-line" }), text: svg("text", { class: "tick", "text-anchor": "middle" }) }));
  const axisName = svg("text", { class: "axis-name", "text-anchor": "middle" });
  frame.append(...ticks.flatMap(({ line, text }) => [line, text]), axisName);
  const rows = ROWS_AT.map((at) => makeRow(at, stages));
  marks.append(...rows.map((row) => row.group));
  const key = html("ul", { class: "stage-key" });
  const entries = stages.map((stage) => {
    const value = html("span", { class: "stage-value" });
    const entry = html("li", {}, html("i", { style: `background:${STAGE_COLOURS[stage] ?? "#999999"}` }), `${stageName(stage)} `, value);
    key.append(entry);
    return { stage, entry, value };
  });
  let width = 480;
  const height = BARS.top + ROWS_AT.length * BARS.row + BARS.axis;

  function resize(pixels) {
    width = Math.max(240, pixels);
    setAttributes(layer, { width, height, viewBox: `0 0 ${width} ${height}` });
  }

  // parts: of each row, [{ stage, value }]; `told` is the row whose parts are said in words, `chosen` the one in colour.
  // Gives whether there was anything to draw; `absent` says why not.
  function place(parts, { told, chosen, absent }) {
    const totals = parts.map((found) => found.reduce((sum, part) => sum + part.value, 0));
    const whole = Math.max(...totals, 0);
    show(frame, whole > 0);
    show(marks, whole > 0);
    setText(note, whole > 0 ? "" : absent);
    key.hidden = !(whole > 0);
    if (!(whole > 0)) return false;
    const longest = ROWS_AT[totals.indexOf(whole)];
    const span = width - BARS.left - BARS.right;
    const x = (value) => BARS.left + (value / whole) * span;
    ticks.forEach(({ line, text }, at) => {
      const tick = x(WHOLE_TICKS[at] * whole);
      setAttributes(line, { x1: tick, x2: tick, y1: BARS.top, y2: BARS.top + ROWS_AT.length * BARS.row });
      setAttributes(text, { x: tick, y: BARS.top + ROWS_AT.length * BARS.row + 14 });
      setText(text, `${100 * WHOLE_TICKS[at]} %`);
    });
    setAttributes(axisName, { x: BARS.left + span / 2, y: height - 4 });
    setText(axisName, `share of the ${longest} latency here`);
    rows.forEach((row, at) => placeRow(row, BARS.top + at * BARS.row, parts[at], totals[at], x));
    placeKey(parts, totals, ROWS_AT.indexOf(told));
    for (const row of rows) row.name.classList.toggle("chosen", row.at === chosen);
    return true;
  }

  function placeKey(parts, totals, at) {
    for (const { stage, entry, value } of entries) {
      const part = parts[at].find((found) => found.stage === stage);
      entry.hidden = !parts.some((row) => row.some((found) => found.stage === stage));
      setText(value, part ? `${milliseconds(part.value)}, ${percentOf(part.value, totals[at])} of ${ROWS_AT[at]}` : `0 at ${ROWS_AT[at]}`);
    }
  }

  return { element: html("div", { class: "own-holder" }, layer, note), layer, key, resize, place };
}

function makeRow(at, stages) {
  const bars = Object.fromEntries(stages.map((stage) => [stage, svg("rect", { class: "part", fill: STAGE_COLOURS[stage] ?? "#999999" })]));
  const names = Object.fromEntries(stages.map((stage) => [stage, svg("text", { class: "part-name", "text-anchor": "middle" })]));
  const name = svg("text", { class: at === "mean" ? "row-name quiet" : "row-name", "text-anchor": "end" }, at);
  const total = svg("text", { class: "row-total" });
  return { group: svg("g", {}, ...Object.values(bars), ...Object.values(names), name, total), bars, names, name, total, at };
}

function placeRow(row, y, parts, total, x) {
  const middle = y + BARS.row / 2 - 4;
  setAttributes(row.name, { x: BARS.left - 8, y: middle + 5 });
  setAttributes(row.total, { x: x(Math.max(0, total)) + 8, y: middle + 5 });
  setText(row.total, parts.length ? milliseconds(total) : "not known");
  let end = 0;
  for (const [stage, bar] of Object.entries(row.bars)) {
    const part = parts.find((found) => found.stage === stage);
    show(bar, part !== undefined);
    show(row.names[stage], false);
    if (!part) continue;
    // A negative overhead is a finding: it reaches back from where the others end.
    const [from, to] = part.value < 0 ? [end + part.value, end] : [end, end + part.value];
    end += part.value;
    setAttributes(bar, { x: x(from), y: middle - BARS.thick / 2, width: Math.max(0.5, x(to) - x(from)), height: BARS.thick, class: part.value < 0 ? "part negative" : "part" });
    const text = stageName(stage);
    if (x(to) - x(from) < text.length * 7 + 8) continue;
    show(row.names[stage], true);
    setText(row.names[stage], text);
    setAttributes(row.names[stage], { x: (x(from) + x(to)) / 2, y: middle + 4 });
  }
}
