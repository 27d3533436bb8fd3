// What moves on the panels over the first axis: the chosen line with its intervals, the ring "here", holes, the limit.

import { setAttributes, setText, show, svg } from "./dom.js";
import { milliseconds } from "./format.js";
import { lineName } from "./figures.js";
import { bandAround, pathThrough } from "./overlay.js";
import { limitOf } from "./state.js";

// metricsOf(state) lists the columns to draw, the one that carries the ring last; `limited` draws the latency limit.
export function lineMarks(overlay, { payload, grid }, metricsOf, limited) {
  const lines = [0, 1].map((at) => ({
    band: svg("path", { class: "here-band" }),
    path: svg("path", { class: at === 0 ? "here-line" : "here-line second" }),
    dots: svg("path", { class: at === 0 ? "here-dots" : "here-dots second" }),
    name: svg("text", { class: "line-name halo" }),
    ring: svg("circle", { class: "here-ring", r: at === 0 ? 8 : 5, ...(at === 0 ? { "data-mark": "here" } : {}) }),
  }));
  const limitLine = svg("line", { class: "limit-line" });
  const holes = grid.axes[0].values.map(() => hole());
  const column = svg("line", { class: "here-column" });
  overlay.inside.append(column, limitLine, ...lines.flatMap((line) => [line.band, line.path, line.dots]), ...lines.map((line) => line.ring).reverse());
  overlay.outside.append(...holes.map((mark) => mark.group), ...lines.map((line) => line.name));

  function place(scale, state) {
    const along = grid.along(0, state.index);
    const chosen = state.index[0];
    const xs = grid.axes[0].values.map(scale.x);
    const metrics = metricsOf(state).slice().reverse(); // the chosen percentile first
    const lowest = Math.min(...metrics.map(rankOf));
    lines.forEach((line, at) => {
      const below = metrics.length > 1 && rankOf(metrics[at]) === lowest; // names keep out of each other's way
      placeLine(line, scale, state, metrics[at], { along, chosen, xs, several: metrics.length > 1, below });
    });
    setAttributes(column, { x1: xs[chosen], x2: xs[chosen], y1: scale.top, y2: scale.bottom });
    along.forEach((cell, at) => placeHole(holes[at], scale, xs[at], at === chosen, grid.holeAt(state.slice, cell)));
    placeLimit(scale, state);
  }

  function rankOf(metric) {
    return metric ? payload.percentiles.indexOf(metric.split("_")[1]) : Infinity;
  }

  function placeLine(line, scale, state, metric, { along, chosen, xs, several, below }) {
    const numbers = (name) => (metric ? along.map((cell) => grid.number(state.slice, name, cell)) : []);
    const [middle, low, high] = ["", "_lo", "_hi"].map((end) => numbers(metric + end));
    const places = middle.map((value, at) => (value === null ? null : [xs[at], scale.y(value)]));
    const bands = middle.map((value, at) =>
      value === null || low[at] === null ? null : [xs[at], scale.y(low[at]), high[at] === null ? scale.top : scale.y(high[at])],
    );
    setAttributes(line.path, { d: pathThrough(places) });
    setAttributes(line.band, { d: bandAround(bands) });
    setAttributes(line.dots, { d: places.map((place) => (place ? `M${place[0].toFixed(2)} ${place[1].toFixed(2)}h0` : "")).join("") });
    const here = places[chosen] ?? null;
    show(line.ring, here !== null);
    if (here) setAttributes(line.ring, { cx: here[0].toFixed(2), cy: here[1].toFixed(2) });
    const last = places.findLast((place) => place !== null && place[0] <= scale.right - 2) ?? null;
    const visible = last !== null && last[0] >= scale.left && last[1] > scale.top && last[1] < scale.bottom;
    show(line.name, visible);
    if (!visible) return;
    setText(line.name, several ? metric.split("_")[1] : lineName(grid, state.index));
    const under = below || last[1] - 24 < scale.top; // at the top there is room for a name only below its line
    const y = under ? Math.min(scale.bottom - 5, last[1] + 20) : last[1] - 12;
    setAttributes(line.name, { x: last[0] - 4, y, "text-anchor": "end" });
  }

  function placeLimit(scale, state) {
    const limit = limited ? limitOf(payload, state) : null;
    const y = limit === null ? null : scale.y(limit);
    const visible = y !== null && y >= scale.top && y <= scale.bottom;
    show(limitLine, visible);
    if (visible) setAttributes(limitLine, { x1: scale.left, x2: scale.right, y1: y, y2: y });
  }

  return { place };
}

function hole() {
  const title = svg("title");
  const mark = svg("path", { class: "hole", d: "M-4-4L4 4M-4 4L4-4M0-7A7 7 0 1 1 0 7A7 7 0 1 1 0-7Z" });
  return { group: svg("g", { class: "hole-group" }, title, mark), title, mark };
}

// A cell without numbers: a hollow mark on the axis, with the reason.
function placeHole({ group, title, mark }, scale, x, chosen, reason) {
  const visible = reason !== "" && x >= scale.left && x <= scale.right;
  show(group, visible);
  if (!visible) return;
  setAttributes(mark, { class: chosen ? "hole here-hole" : "hole" });
  setAttributes(group, { transform: `translate(${x.toFixed(2)} ${(scale.bottom - 9).toFixed(2)})` });
  setText(title, reason);
}

export function limitSaid(payload, state) {
  const limit = limitOf(payload, state);
  return limit === null ? "no limit declared" : `${state.percentile} at most ${milliseconds(limit)}`;
}
