// The distribution at the chosen point, to its last sample, with the mean drawn in: one sees what it hides.
//
// The axis is the point's own: on one axis for all points, three decades wide, each distribution would be a sliver.
// Shares are on a logarithmic axis, for one request in two thousand is what a p99 is made of.

import { html, setAttributes, setText, show, svg } from "./dom.js";
import { count, milliseconds, scaled, short, unitOf } from "./format.js";
import { ticksOf } from "./scales.js";

const FRAME = { left: 80, right: 16, top: 40, bottom: 46, height: 236 };
const SHARES = [1, 0.1, 0.01, 0.001, 0.0001, 0.00001];
const MOST_TICKS = 22;
const LIKED_TICKS = 12; // a log axis may have a few more

export function distributionPanel({ payload, grid }) {
  const marked = [...new Set(["mean", "p50", ...payload.percentiles.filter((name) => ["p95", "p99"].includes(name)), ...payload.percentiles])];
  const outline = svg("path", { class: "outline" });
  const bars = svg("path", { class: "bars" });
  const lines = Object.fromEntries(marked.map((name) => [name, { line: svg("line", { class: `quantile ${name}` }), text: svg("text", { class: `quantile-name halo ${name}`, "text-anchor": "middle" }) }]));
  const xTicks = Array.from({ length: MOST_TICKS }, () => ({ line: svg("line", { class: "tick-line" }), text: svg("text", { class: "tick", "text-anchor": "middle" }) }));
  const yTicks = SHARES.map(() => ({ line: svg("line", { class: "grid-line" }), text: svg("text", { class: "tick", "text-anchor": "end" }) }));
  const base = svg("line", { class: "base-line" });
  const xName = svg("text", { class: "axis-name", "text-anchor": "middle" });
  const yName = svg("text", { class: "axis-name", "text-anchor": "middle" }, "share of requests");
  const quantiles = Object.values(lines);
  const names = quantiles.map(({ text }) => text);
  const marks = svg("g", { "data-mark": "here" }, bars, outline, ...quantiles.map(({ line }) => line), ...names);
  const frame = svg("g", {}, ...yTicks.flatMap(({ line, text }) => [line, text]), ...xTicks.flatMap(({ line, text }) => [line, text]), base, xName, yName);
  const layer = svg("svg", { class: "own-plot", "aria-hidden": "true" }, frame, marks);
  const note = html("p", { class: "panel-note" });
  let width = 480;

  function resize(pixels) {
    width = Math.max(240, pixels);
    setAttributes(layer, { width, height: FRAME.height, viewBox: `0 0 ${width} ${FRAME.height}` });
  }

  function place(state) {
    const cell = grid.cellAt(state.index);
    const found = state.slice.histograms[cell];
    show(frame, Boolean(found));
    show(marks, Boolean(found));
    setText(note, found ? "" : grid.holeAt(state.slice, cell) || "its samples were not kept");
    if (!found) return;
    const total = found.counts.reduce((sum, counted) => sum + counted, 0);
    const [low, high] = [Math.log10(found.low_ms), Math.log10(found.high_ms)];
    const room = Math.max((high - low) * 0.03, 0.002);
    const range = [low - room, high + room];
    const x = (ms) => FRAME.left + ((Math.log10(ms) - range[0]) / (range[1] - range[0])) * (width - FRAME.left - FRAME.right);
    const floor = 0.5 / total; // half a request: a single one still stands above the line
    const y = (share) => FRAME.height - FRAME.bottom - (1 - Math.log10(share) / Math.log10(floor)) * (FRAME.height - FRAME.top - FRAME.bottom);
    placeBars(found, total, x, y);
    placeTicks(range, x, y, floor);
    placeQuantiles(state, cell, x);
  }

  function placeBars({ low_ms: low, high_ms: high, counts }, total, x, y) {
    const edges = Array.from({ length: counts.length + 1 }, (_, at) => x(low * (high / low) ** (at / counts.length)));
    const foot = FRAME.height - FRAME.bottom;
    let steps = `M${edges[0].toFixed(1)} ${foot}`;
    counts.forEach((counted, at) => {
      const top = counted ? y(counted / total) : foot;
      steps += `V${top.toFixed(1)}H${edges[at + 1].toFixed(1)}`;
    });
    setAttributes(outline, { d: `${steps}V${foot}` });
    setAttributes(bars, { d: `${steps}V${foot}Z` });
  }

  function placeTicks(range, x, y, floor) {
    const unit = unitOf(10 ** ((range[0] + range[1]) / 2));
    const most = Math.min(LIKED_TICKS, Math.max(3, Math.floor((width - FRAME.left - FRAME.right) / 56)));
    const ticks = ticksOf(range, "log", most);
    xTicks.forEach(({ line, text }, at) => {
      const visible = at < ticks.length;
      show(line, visible);
      show(text, visible);
      if (!visible) return;
      const place = x(ticks[at]);
      setAttributes(line, { x1: place, x2: place, y1: FRAME.height - FRAME.bottom, y2: FRAME.height - FRAME.bottom + 4 });
      setAttributes(text, { x: place, y: FRAME.height - FRAME.bottom + 17 });
      setText(text, short(Number(scaled(ticks[at], unit).toPrecision(6))));
    });
    yTicks.forEach(({ line, text }, at) => {
      const visible = SHARES[at] >= floor * 0.999;
      show(line, visible);
      show(text, visible);
      if (!visible) return;
      const place = y(SHARES[at]);
      setAttributes(line, { x1: FRAME.left, x2: width - FRAME.right, y1: place, y2: place });
      setAttributes(text, { x: FRAME.left - 7, y: place + 4 });
      setText(text, `${Number((100 * SHARES[at]).toPrecision(2))} %`);
    });
    setAttributes(base, { x1: FRAME.left, x2: width - FRAME.right, y1: FRAME.height - FRAME.bottom, y2: FRAME.height - FRAME.bottom });
    setAttributes(xName, { x: (FRAME.left + width - FRAME.right) / 2, y: FRAME.height - 8 });
    setText(xName, `latency (${unit})`);
    const middle = (FRAME.top + FRAME.height - FRAME.bottom) / 2;
    setAttributes(yName, { x: 12, y: middle, transform: `rotate(-90 12 ${middle})` });
  }

  // The mean has the upper row of names; percentiles share the lower one, those that do not fit keep their line only.
  function placeQuantiles(state, cell, x) {
    const taken = [];
    const first = [state.percentile, ...marked.filter((name) => name !== state.percentile)];
    for (const name of first) {
      const { line, text } = lines[name];
      const value = grid.number(state.slice, `latency_${name}_ms`, cell);
      const place = value === null ? null : x(value);
      const visible = place !== null && place >= FRAME.left - 1 && place <= width - FRAME.right + 1;
      show(line, visible);
      show(text, false);
      if (!visible) continue;
      const mean = name === "mean";
      setAttributes(line, { x1: place, x2: place, y1: mean ? FRAME.top - 20 : FRAME.top - 4, y2: FRAME.height - FRAME.bottom, class: `quantile ${name}${name === state.percentile ? " chosen" : ""}` });
      const told = mean ? `mean ${milliseconds(value)}` : `${name} ${milliseconds(value)}`;
      const half = told.length * 3.3 + 4;
      const center = [0, 0.7, -0.7, 1.1, -1.1]
        .map((shift) => Math.min(width - half, Math.max(half, place + shift * half)))
        .find((middle) => mean || !taken.some(([from, to]) => middle + half > from && middle - half < to));
      if (center === undefined) continue;
      if (!mean) taken.push([center - half, center + half]);
      show(text, true);
      setText(text, told);
      setAttributes(text, { x: center, y: mean ? FRAME.top - 26 : FRAME.top - 9 });
    }
  }

  function told(state) {
    const cell = grid.cellAt(state.index);
    const found = state.slice.histograms[cell];
    if (!found) return grid.holeAt(state.slice, cell) || "Its samples were not kept.";
    return `${count(state.slice.n[cell])} samples from ${milliseconds(found.low_ms)} to ${milliseconds(found.high_ms)}, mean ${milliseconds(grid.number(state.slice, "latency_mean_ms", cell))}.`;
  }

  return { element: html("div", { class: "own-holder" }, layer, note), layer, resize, place, told };
}
