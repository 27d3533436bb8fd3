// The three panels of what-if: throughput over latency, latency over load, and where the time goes.

import { createChart, createRange } from "./chart.js";
import { html, setAttributes, setText } from "./dom.js";
import { milliseconds, rate } from "./format.js";
import { createFrame } from "./frame.js";
import { loadSaid } from "./limit_words.js";
import { loadOf } from "./loads.js";
import { createWaterfall } from "./waterfall.js";
import { policySaid } from "./whatif_words.js";

const OVER_CAPACITY = 1.04; // how far the axis of the load reaches

// chosen(load): somebody has clicked at a load
export function createWhatIfPanels(payload, chosen) {
  const panels = [frontierPanel(), loadPanel(chosen), wherePanel(payload)];
  return {
    all: panels,
    resize() {
      for (const panel of panels) panel.resize();
    },
    // result: of forecast.js; marks: { turns, loads, devices }; kept: the result that is kept for comparison, or null
    draw(result, marks, kept, isResting) {
      for (const panel of panels) panel.draw(result, marks, kept, isResting);
    },
  };
}

const known = (points, ...names) => points.filter((point) => point.status === "ok" && names.every((name) => Number.isFinite(point[name].value)));

function frontierPanel() {
  const chart = createChart();
  const frame = createFrame("frontier", "Throughput over latency");
  frame.holder.append(chart.element);
  const note = html("p", { class: "panel-note" });
  frame.element.append(note);
  const x = createRange("log", 0.05);
  const y = createRange("linear", 0);
  let before = "";

  function draw(result, { turns, loads }, kept, isResting) {
    const { settings, here, curve, others } = result;
    const name = settings.percentile;
    const along = (points) => known(points, name).map((point) => [point[name].value, point.throughput.value]);
    const [mine, ghost] = [along(curve), kept ? along(kept.curve) : []];
    const rest = (others ?? []).filter(({ size }) => size !== settings.max_batch_size).map(({ size, points }) => ({ size, points: along(points) }));
    const every = [...mine, ...ghost, ...rest.flatMap(({ points }) => points)];
    const limit = settings.limit_ms;
    const fresh = isResting || before !== name;
    before = name;
    const xs = x.take([...every.map(([latency]) => latency), ...known(curve, name).map((point) => point[name].hi), ...(limit ? [limit] : [])], fresh);
    const ys = y.take([0, 1.06 * Math.max(1e-9, ...every.map(([, throughput]) => throughput))], fresh);
    const shapes = [];
    if (limit !== null) shapes.push({ key: "feasible", type: "span", along: "x", class: "feasible-side", from: 10 ** xs[0], to: limit });
    rest.forEach(({ points }, at) => shapes.push({ key: `other ${at}`, type: "line", class: "faint-line", points }));
    if (ghost.length) shapes.push({ key: "kept", type: "line", class: "kept-line", points: ghost, data: { "data-line": "kept" } });
    const band = known(curve, name);
    shapes.push({ key: "band", type: "band", class: "here-band", points: [...band.map((point) => [point[name].lo, point.throughput.value]), ...band.map((point) => [point[name].hi, point.throughput.value]).reverse()] });
    shapes.push({ key: "curve", type: "line", class: "here-line", points: mine, data: { "data-line": "curve" } });
    if (limit !== null) shapes.push({ key: "limit", type: "rule", class: "limit-line", x: limit }, { key: "limit name", type: "label", class: "limit-name halo", at: [limit, ys[0]], dx: 5, dy: -7, text: `${name} ≤ ${milliseconds(limit)}` });
    if (turns && !turns.isLast) shapes.push(...turnMark([turns.latency, turns.throughput], name, { dx: 9, dy: 16 }));
    loads.kept.forEach(({ to }, at) => shapes.push({ key: `bears ${at}`, type: "dot", class: "winner-ring", at: [to[name].value, to.throughput.value], r: 6, data: { "data-mark": "bears" } }));
    if (here.status === "ok" && Number.isFinite(here[name].value)) {
      const at = [here[name].value, here.throughput.value];
      shapes.push({ key: "interval", type: "line", class: "here-interval", points: [[here[name].lo, at[1]], [here[name].hi, at[1]]] });
      shapes.push({ key: "here", type: "dot", class: "here-ring", at, r: 7, data: { "data-mark": "here" } });
    }
    // The name of another batch size stands at the end of its curve, where there is room for it.
    let free = Infinity;
    for (const { size, points } of rest) {
      if (!points.length) continue;
      const [latency, throughput] = points.at(-1);
      const share = throughput / ys[1];
      if (Math.abs(share - free) < 0.05) continue;
      free = share;
      shapes.push({ key: `name ${size}`, type: "label", class: "faint-name halo", at: [latency, throughput], dx: 4, dy: -4, text: `batch ≤ ${size}` });
    }
    chart.draw({ x: { kind: "log", range: xs, title: `${name} latency (ms)  ← better` }, y: { kind: "linear", range: ys, title: "throughput (requests/s)  ↑ better" }, shapes });
    setText(frame.heading, `Throughput over ${name} latency, as the load rises`);
    setText(note, `One curve a server: the load rises along it.${rest.length ? " Grey: the same with other maximum batches." : ""}${kept ? ` Dashed: ${policySaid(kept.settings)}.` : ""}`);
    setAttributes(frame.holder, { "aria-label": `Throughput over ${name} latency, from ${told(mine[0])} to ${told(mine.at(-1))}.` });
  }

  const told = (point) => (point ? `${rate(point[1])} at ${milliseconds(point[0])}` : "nothing");
  return { ...frame, draw, resize: () => chart.resize(frame.holder.clientWidth, frame.holder.clientHeight) };
}

// The name stands where the curve is not: `beside` says on which side that is.
function turnMark(at, name, beside) {
  return [
    { key: "turn", type: "dot", class: "turn-mark", at, r: 4.5, data: { "data-mark": "turns-up" } },
    { key: "turn name", type: "label", class: "turn-name halo", at, ...beside, text: `${name} turns up` },
  ];
}

function loadPanel(chosen) {
  const chart = createChart();
  const frame = createFrame("load", "Latency over load");
  frame.holder.append(chart.element);
  const note = html("p", { class: "panel-note" });
  frame.element.append(note);
  frame.holder.classList.add("clickable");
  const ranges = { open: createRange("linear", 0), closed: createRange("log", 0.03) };
  const y = createRange("log", 0.05);
  let drawn = null;
  let pointed = null; // the load under the pointer
  let before = "";

  frame.holder.addEventListener("click", (event) => {
    const load = chart.valueAt(event);
    if (load !== null && drawn) chosen(load);
  });
  for (const [kind, read] of [["pointermove", (event) => chart.valueAt(event)], ["pointerleave", () => null]]) {
    frame.holder.addEventListener(kind, (event) => {
      pointed = read(event);
      if (drawn) tell();
    });
  }

  const bands = (point) => (point?.replications > 1 ? `, bands ${point.level} by ${point.replications} replications` : "");

  function tell() {
    const { settings, curve } = drawn;
    const points = known(curve, "p50", settings.percentile);
    if (pointed === null || !points.length) {
      setText(note, `Solid ${settings.percentile}, dashed p50${bands(points[0])}. Click a load to go there.`);
      return;
    }
    const near = points.reduce((best, point) => (Math.abs(point.load - pointed) < Math.abs(best.load - pointed) ? point : best));
    setText(note, `At ${loadSaid(settings, near.load)}: ${rate(near.throughput.value)}, p50 ${milliseconds(near.p50.value)}, ${settings.percentile} ${milliseconds(near[settings.percentile].value)}.`);
  }

  function draw(result, { turns, loads }, kept, isResting) {
    drawn = result;
    const { settings, here, curve, capacity } = result;
    const name = settings.percentile;
    const open = settings.loop === "open";
    const points = known(curve, "p50", name);
    const ghost = kept && kept.settings.loop === settings.loop ? known(kept.curve, name) : [];
    const load = loadOf(settings);
    const limit = settings.limit_ms;
    const fresh = isResting || before !== settings.loop + name;
    before = settings.loop + name;
    const span = open ? [0, OVER_CAPACITY * Math.max(capacity, kept && ghost.length ? kept.capacity : 0)] : [1, ...points.map((point) => point.load), load];
    const xs = ranges[settings.loop].take(span, fresh);
    const values = points.flatMap((point) => [point.p50.value, point[name].value, point[name].hi]);
    const ys = y.take([...values, ...ghost.map((point) => point[name].value), ...(limit ? [limit] : [])], fresh);
    const shapes = [];
    if (limit !== null) shapes.push({ key: "feasible", type: "span", along: "y", class: "feasible-side", from: 10 ** ys[0], to: limit });
    loads.kept.forEach(({ from, to }, at) => shapes.push({ key: `kept ${at}`, type: "span", along: "x", class: "room", from: from.load, to: to.load, data: { "data-mark": "kept" } }));
    if (ghost.length) shapes.push({ key: "kept", type: "line", class: "kept-line", points: ghost.map((point) => [point.load, point[name].value]), data: { "data-line": "kept" } });
    for (const [metric, second] of [["p50", name !== "p50"], [name, false]]) {
      const around = [...points.map((point) => [point.load, point[metric].lo]), ...points.map((point) => [point.load, point[metric].hi]).reverse()];
      shapes.push({ key: `band ${second}`, type: "band", class: "here-band", points: around });
      shapes.push({ key: `line ${second}`, type: "line", class: second ? "here-line second" : "here-line", points: points.map((point) => [point.load, point[metric].value]), data: { "data-line": second ? "p50" : "curve" } });
    }
    if (open) shapes.push({ key: "capacity", type: "rule", class: "capacity-line", x: capacity });
    if (limit !== null) shapes.push({ key: "limit", type: "rule", class: "limit-line", y: limit });
    if (turns && !turns.isLast) shapes.push(...turnMark([turns.load, turns.latency], name, { dx: -8, dy: -9, anchor: "end" }));
    shapes.push({ key: "now", type: "rule", class: "here-column", x: load, data: { "data-mark": "here" } });
    if (here.status === "ok") {
      for (const metric of new Set(["p50", name])) {
        if (!Number.isFinite(here[metric].value)) continue;
        shapes.push({ key: `interval ${metric === name}`, type: "line", class: "here-interval", points: [[load, here[metric].lo], [load, here[metric].hi]] });
        shapes.push({ key: `ring ${metric === name}`, type: "dot", class: "here-ring", at: [load, here[metric].value], r: metric === name ? 6 : 4 });
      }
    }
    const last = points.at(-1);
    if (last) {
      shapes.push({ key: "name", type: "label", class: "line-name halo", at: [last.load, last[name].value], dx: 6, dy: 4, anchor: "end", text: name });
      if (name !== "p50") shapes.push({ key: "name p50", type: "label", class: "line-name halo", at: [last.load, last.p50.value], dx: 6, dy: 14, anchor: "end", text: "p50" });
    }
    const inTitle = open ? "load (requests/s), grey line: capacity" : "clients";
    chart.draw({ x: { kind: ranges[settings.loop].kind, range: xs, title: inTitle }, y: { kind: "log", range: ys, title: "latency (ms)  ↓ better" }, shapes });
    setText(frame.heading, name === "p50" ? "p50 over load" : `p50 and ${name} over load`);
    tell();
    const said = (point) => `p50 ${milliseconds(point.p50.value)} and ${name} ${milliseconds(point[name].value)} at ${loadSaid(settings, point.load)}`;
    setAttributes(frame.holder, { "aria-label": last ? `Latency over load: ${said(points[0])}, ${said(last)}.` : "Latency over load: nothing to show." });
  }

  return { ...frame, draw, resize: () => chart.resize(frame.holder.clientWidth, frame.holder.clientHeight) };
}

function wherePanel({ stages }) {
  const frame = createFrame("breakdown", "Where the time goes here");
  const waterfall = createWaterfall(stages);
  frame.holder.append(waterfall.element);
  frame.element.append(waterfall.key);

  function draw({ settings, here }) {
    const rows = here.status === "ok" ? ["mean", "p50", "p99"].map((where) => here.at[where]) : [[], [], []];
    const told = settings.percentile === "p50" ? "p50" : "p99";
    waterfall.place(rows, { told, chosen: settings.percentile, absent: here.status === "too short" ? "none of the simulated requests was served" : "beyond capacity: waiting grows without end" });
    const said = rows[told === "p50" ? 1 : 2].map((part) => `${part.stage.replace("_", " ")} ${milliseconds(part.value)}`);
    setAttributes(frame.holder, { "aria-label": said.length ? `Where the time goes at ${told}: ${said.join(", ")}.` : "Beyond capacity: waiting grows without end." });
  }

  return { ...frame, draw, resize: () => waterfall.resize(frame.holder.clientWidth) };
}
