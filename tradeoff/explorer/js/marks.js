// What moves on the frontier: the ring "here", its intervals, the limit with its feasible side, winner and runner-up.

import { setAttributes, setText, show, svg } from "./dom.js";
import { milliseconds } from "./format.js";
import { aroundMark, boxAround, freePlace, textBox } from "./labels.js";
import { pathThrough } from "./overlay.js";
import { answerOf, limitOf } from "./state.js";

export function frontierMarks(overlay, { payload, grid }) {
  const shade = svg("rect", { class: "feasible-side" });
  const limitLine = svg("line", { class: "limit-line" });
  const trail = svg("path", { class: "trail" });
  const across = svg("line", { class: "here-interval" });
  const upright = svg("line", { class: "here-interval" });
  const ring = svg("circle", { class: "here-ring", r: 8, "data-mark": "here" });
  const winner = named("winner");
  const second = named("runner-up");
  const limitName = svg("text", { class: "limit-name halo" });
  overlay.inside.append(shade, limitLine, trail, across, upright, second.ring, winner.ring, ring);
  overlay.outside.append(limitName, second.text, winner.text);

  // Returns why there is no ring, or "".
  function place(scale, state) {
    const metric = `latency_${state.percentile}_ms`;
    const at = (cell) => {
      const x = grid.number(state.slice, metric, cell);
      const y = grid.number(state.slice, "throughput_rps", cell);
      return x === null || y === null ? null : [scale.x(x), scale.y(y)];
    };
    const cell = grid.cellAt(state.index);
    const here = at(cell);
    show(ring, here !== null);
    if (here) setAttributes(ring, { cx: here[0].toFixed(2), cy: here[1].toFixed(2) });
    placeInterval(across, here, ends(scale.x, metric, cell, state, scale.right), "x");
    placeInterval(upright, here, ends(scale.y, "throughput_rps", cell, state, scale.top), "y");
    setAttributes(trail, { d: pathThrough(grid.along(0, state.index).map(at)) });
    const taken = [...(here ? [boxAround(here, 10)] : []), ...placeLimit(scale, state)];
    placeAnswer(scale, state, at, taken);
    if (here) return "";
    return grid.holeAt(state.slice, cell) || `${state.percentile} is not known here: too few samples`;
  }

  function ends(toPixel, metric, cell, state, open) {
    const [low, high] = ["_lo", "_hi"].map((end) => grid.number(state.slice, metric + end, cell));
    if (low === null && high === null) return null;
    const value = grid.number(state.slice, metric, cell);
    return [toPixel(low ?? value), high === null ? open : toPixel(high)];
  }

  // Returns the boxes that the limit's line and name take.
  function placeLimit(scale, state) {
    const limit = limitOf(payload, state);
    const x = limit === null ? null : scale.x(limit);
    const visible = x !== null && x >= scale.left;
    show(shade, visible);
    show(limitLine, visible && x <= scale.right);
    show(limitName, visible && x <= scale.right);
    if (!visible) return [];
    const edge = Math.min(x, scale.right);
    setAttributes(shade, { x: scale.left, y: scale.top, width: edge - scale.left, height: scale.bottom - scale.top });
    setAttributes(limitLine, { x1: x, x2: x, y1: scale.top, y2: scale.bottom });
    const leftward = x > (scale.left + scale.right) / 2;
    const told = `${state.percentile} ≤ ${milliseconds(limit)}`;
    const [nameX, nameY, anchor] = [x + (leftward ? -6 : 6), scale.bottom - 8, leftward ? "end" : "start"];
    setAttributes(limitName, { x: nameX, y: nameY, "text-anchor": anchor });
    setText(limitName, told);
    return [textBox(told, nameX, nameY, anchor), { left: x - 2, right: x + 2, top: scale.top, bottom: scale.bottom }];
  }

  function placeAnswer(scale, state, at, taken) {
    const answer = answerOf(payload, state);
    const feasible = answer?.verdict === "feasible";
    const first = feasible ? at(answer.point) : null;
    const other = feasible && answer.runnerUp >= 0 ? at(answer.runnerUp) : null;
    const boxes = [...taken];
    const ringed = (place) => (place === null ? null : boxAround(place, 13));
    const rings = [ringed(first), ringed(other)].filter((box) => box !== null);
    const points = first ? grid.cells().map(at).filter((place) => place !== null) : [];
    for (const [mark, own, rival] of [[winner, first, other], [second, other, first]]) {
      const box = placeNamed(mark, scale, own, { boxes: [...boxes, ...rings], points, own: ringed(own), rival: ringed(rival) });
      if (box) boxes.push(box);
    }
  }

  return { place };
}

function named(name) {
  return {
    ring: svg("circle", { class: `${name}-ring`, r: 12 }),
    text: svg("text", { class: `${name}-name halo` }, name),
  };
}

// The name stands beside its ring, inside the panel, on no other mark or name where that is possible. Returns its box.
function placeNamed({ ring, text }, scale, place, among) {
  const visible = place !== null && place[0] >= scale.left && place[0] <= scale.right && place[1] >= scale.top && place[1] <= scale.bottom;
  show(ring, visible);
  show(text, visible);
  if (!visible) return null;
  setAttributes(ring, { cx: place[0].toFixed(2), cy: place[1].toFixed(2) });
  const found = freePlace(text.textContent, aroundMark(place, 14), { ...among, scale });
  setAttributes(text, { x: found.place.x, y: found.place.y, "text-anchor": found.place.anchor });
  return found.box;
}

function placeInterval(line, here, reach, axis) {
  show(line, here !== null && reach !== null);
  if (!here || !reach) return;
  const [x, y] = here;
  setAttributes(line, axis === "x" ? { x1: reach[0], x2: reach[1], y1: y, y2: y } : { x1: x, x2: x, y1: reach[0], y2: reach[1] });
}
