// The limits of an objective as lines on a plotly panel, and on the frontier the side of them that meets them all.

import { constraintSaid } from "./answers.js";
import { setAttributes, setText, show, svg } from "./dom.js";
import { freePlace } from "./labels.js";

const MOST = 4; // on one panel: at most and at least, of two columns

// columnsOf(state): { x: columns on the x axis, y: columns on the y axis }. `named` shades the side that meets the limits
// and writes each beside its line.
export function limitLines(overlay, { payload, answers }, columnsOf, { named }) {
  const shade = svg("rect", { class: "feasible-side" });
  const lines = Array.from({ length: MOST }, () => ({ line: svg("line", { class: "limit-line" }), name: svg("text", { class: "limit-name halo" }) }));
  overlay.inside.append(...(named ? [shade] : []), ...lines.map(({ line }) => line));
  if (named) overlay.outside.append(...lines.map(({ name }) => name));

  // Returns the boxes that lines and names take, and the lines' ends.
  function place(scale, state, taken = []) {
    const limits = limitsOn(columnsOf(state), state.objective?.constraints ?? []).slice(0, MOST);
    const binding = state.objective?.constraints[answers.answerOf(state)?.binding];
    const boxes = [];
    const drawn = [];
    if (named) placeShade(scale, limits);
    lines.forEach(({ line, name }, at) => {
      const limit = limits[at];
      const ends = limit ? lineEnds(scale, limit) : null;
      show(line, ends !== null);
      show(name, ends !== null);
      if (!ends) return;
      const [[x1, y1], [x2, y2]] = ends;
      setAttributes(line, { x1, y1, x2, y2, class: limit.constraint === binding ? "limit-line binding" : "limit-line" });
      drawn.push(ends);
      boxes.push({ left: x1 - 2, right: x2 + 2, top: y1 - 2, bottom: y2 + 2 });
      if (named) boxes.push(placeName(name, scale, ends, limit, limit.constraint === binding, [...taken, ...boxes.slice(0, -1)]));
    });
    return { boxes, drawn };
  }

  function placeShade(scale, limits) {
    const side = { left: scale.left, right: scale.right, top: scale.top, bottom: scale.bottom };
    for (const { axis, constraint } of limits) {
      const pixel = scale[axis](constraint.limit);
      const atMost = constraint.comparison === "<=";
      if (axis === "x") side[atMost ? "right" : "left"] = atMost ? Math.min(side.right, pixel) : Math.max(side.left, pixel);
      else side[atMost ? "top" : "bottom"] = atMost ? Math.max(side.top, pixel) : Math.min(side.bottom, pixel);
    }
    const visible = limits.length > 0 && side.right > side.left && side.bottom > side.top;
    show(shade, visible);
    if (visible) setAttributes(shade, { x: side.left, y: side.top, width: side.right - side.left, height: side.bottom - side.top });
  }

  function placeName(name, scale, [[x1, y1], [x2, y2]], { axis, constraint }, binds, boxes) {
    const told = `${constraintSaid(payload, constraint)}${binds ? ", binding" : ""}`;
    const leftward = x1 > (scale.left + scale.right) / 2;
    const beside = (left, y) => ({ x: x1 + (left ? -6 : 6), y, anchor: left ? "end" : "start" });
    const upright = [scale.bottom - 8, scale.bottom - 24, scale.top + 14].flatMap((y) => [beside(leftward, y), beside(!leftward, y)]);
    const across = [-6, 14].flatMap((lift) => [{ x: x2 - 6, y: y1 + lift, anchor: "end" }, { x: x1 + 6, y: y1 + lift, anchor: "start" }]);
    const { place, box } = freePlace(told, axis === "x" ? upright : across, { boxes, scale });
    setAttributes(name, { x: place.x, y: place.y, "text-anchor": place.anchor });
    setText(name, told);
    return box;
  }

  return { place };
}

// [{ axis, constraint }]: the tightest limit of each kind.
function limitsOn(columns, constraints) {
  const found = new Map();
  for (const axis of ["x", "y"]) {
    for (const constraint of constraints.filter((one) => columns[axis].includes(one.metric))) {
      const kind = `${axis} ${constraint.metric} ${constraint.comparison}`;
      const before = found.get(kind)?.constraint;
      const isTighter = !before || (constraint.comparison === "<=" ? constraint.limit < before.limit : constraint.limit > before.limit);
      if (isTighter) found.set(kind, { axis, constraint });
    }
  }
  return [...found.values()];
}

// Where a limit's line begins and ends; null outside the panel.
function lineEnds(scale, { axis, constraint }) {
  const pixel = scale[axis](constraint.limit);
  if (axis === "x") return pixel >= scale.left && pixel <= scale.right ? [[pixel, scale.top], [pixel, scale.bottom]] : null;
  return pixel >= scale.top && pixel <= scale.bottom ? [[scale.left, pixel], [scale.right, pixel]] : null;
}
