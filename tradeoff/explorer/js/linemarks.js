// What moves on the panels over the first axis: the chosen line with its intervals, the ring "here", holes, the limit.

import { setAttributes, setText, show, svg } from "./dom.js";
import { lineName } from "./figures.js";
import { boxAround, freePlace, pointsAlong } from "./labels.js";
import { limitLines } from "./limitlines.js";
import { bandAround, pathThrough } from "./overlay.js";

export const HOLE = "M-4-4L4 4M-4 4L4-4M0-7A7 7 0 1 1 0 7A7 7 0 1 1 0-7Z";

// metricsOf(state) lists the columns to draw, the one that carries the ring last.
export function lineMarks(overlay, context, metricsOf) {
  const { grid } = context;
  const lines = [0, 1].map((at) => ({
    band: svg("path", { class: "here-band" }),
    path: svg("path", { class: at === 0 ? "here-line" : "here-line second" }),
    dots: svg("path", { class: at === 0 ? "here-dots" : "here-dots second" }),
    name: svg("text", { class: "line-name halo" }),
    ring: svg("circle", { class: "here-ring", r: at === 0 ? 8 : 5, ...(at === 0 ? { "data-mark": "here" } : {}) }),
  }));
  const holes = grid.axes[0].values.map(() => hole());
  const column = svg("line", { class: "here-column" });
  overlay.inside.append(column);
  const limits = limitLines(overlay, context, (state) => ({ x: [], y: metricsOf(state) }), { named: false });
  overlay.inside.append(...lines.flatMap((line) => [line.band, line.path, line.dots]), ...lines.map((line) => line.ring).reverse());
  overlay.outside.append(...holes.map((mark) => mark.group), ...lines.map((line) => line.name));

  function place(scale, state) {
    const along = grid.along(0, state.index);
    const chosen = state.index[0];
    const xs = grid.axes[0].values.map(scale.x);
    const metrics = metricsOf(state).slice().reverse(); // the chosen percentile first
    const drawn = lines.map((line, at) => placeLine(line, scale, state, metrics[at], { along, chosen, xs }));
    placeNames(scale, state, metrics, [...drawn, ...limits.place(scale, state).drawn], xs);
    show(column, drawn.some((places) => places.some((place) => place !== null)));
    setAttributes(column, { x1: xs[chosen], x2: xs[chosen], y1: scale.top, y2: scale.bottom });
    along.forEach((cell, at) => placeHole(holes[at], scale, xs[at], at === chosen, grid.holeAt(state.slice, cell)));
  }

  // Returns where the points of the line lie.
  function placeLine(line, scale, state, metric, { along, chosen, xs }) {
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
    return places;
  }

  // A name stands above or below its line, near its end, where it covers least of this line and of the others.
  function placeNames(scale, state, metrics, drawn, xs) {
    const others = faintLines(scale, state, metrics[0], xs);
    // A name on a faint line is a blemish, a name on a strong one names the wrong line.
    const points = [...drawn.flatMap((places) => pointsAlong(places, 8)), ...others.flatMap((places) => pointsAlong(places))];
    const boxes = drawn.slice(0, lines.length).map((places) => places[state.index[0]] ?? null).filter((here) => here !== null).map((here) => boxAround(here, 9));
    lines.forEach((line, at) => {
      const inView = drawn[at].filter((place) => place !== null && place[0] >= scale.left && place[0] <= scale.right && place[1] > scale.top && place[1] < scale.bottom);
      const said = metrics.length > 1 ? metrics[at]?.split("_")[1] : lineName(grid, state.index);
      show(line.name, inView.length > 0 && Boolean(said));
      if (!inView.length || !said) return;
      setText(line.name, said);
      const found = freePlace(said, besideLine(inView), { boxes, points, scale });
      setAttributes(line.name, { x: found.place.x, y: found.place.y, "text-anchor": found.place.anchor });
      boxes.push(found.box);
    });
  }

  function faintLines(scale, state, metric, xs) {
    if (grid.axes.length < 2) return [];
    return grid.axes[1].values.map((_, at) => {
      const cells = grid.along(0, state.index.map((place, axis) => (axis === 1 ? at : place)));
      return cells.map((cell, place) => {
        const value = grid.number(state.slice, metric, cell);
        return value === null || at === state.index[1] ? null : [xs[place], scale.y(value)];
      });
    });
  }

  return { place };
}

function besideLine(places) {
  const last = places.at(-1);
  const ends = [-9, 18, -20, 29].map((lift) => ({ x: last[0] - 4, y: last[1] + lift, anchor: "end" }));
  const inner = places.slice(0, -1).reverse().slice(0, 5);
  return [...ends, ...inner.flatMap(([x, y]) => [-9, 18, -20, 29].map((lift) => ({ x, y: y + lift, anchor: "middle" })))];
}

function hole() {
  const title = svg("title");
  const mark = svg("path", { class: "hole", d: HOLE });
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
