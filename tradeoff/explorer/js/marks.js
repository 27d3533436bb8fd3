// What moves on the frontier: the ring "here", its intervals, the limits, winner and runner-up, the same place before.

import { setAttributes, setText, show, svg } from "./dom.js";
import { aroundMark, boxAround, freePlace } from "./labels.js";
import { limitLines } from "./limitlines.js";
import { pathThrough } from "./overlay.js";

export function frontierMarks(overlay, context) {
  const { grid, answers, before } = context;
  const limits = limitLines(overlay, context, (state) => ({ x: [`latency_${state.percentile}_ms`], y: ["throughput_rps"] }), { named: true });
  const trail = svg("path", { class: "trail" });
  const across = svg("line", { class: "here-interval" });
  const upright = svg("line", { class: "here-interval" });
  const ring = svg("circle", { class: "here-ring", r: 8, "data-mark": "here" });
  const then = { line: svg("line", { class: "before-line" }), ring: svg("rect", { class: "before-ring", width: 11, height: 11, "data-mark": "before" }) };
  const winner = named("winner");
  const second = named("runner-up");
  overlay.inside.append(then.line, then.ring, trail, across, upright, second.ring, winner.ring, ring);
  overlay.outside.append(second.text, winner.text);

  // Returns why there is no ring, or "".
  function place(scale, state) {
    const metric = `latency_${state.percentile}_ms`;
    const spot = (cells, slice, cell) => {
      const [x, y] = [metric, "throughput_rps"].map((name) => cells.number(slice, name, cell));
      return x === null || y === null ? null : [scale.x(x), scale.y(y)];
    };
    const at = (cell) => spot(grid, state.slice, cell);
    const cell = grid.cellAt(state.index);
    const here = at(cell);
    show(ring, here !== null);
    if (here) setAttributes(ring, { cx: here[0].toFixed(2), cy: here[1].toFixed(2) });
    placeInterval(across, here, ends(scale.x, metric, cell, state, scale.right), "x");
    placeInterval(upright, here, ends(scale.y, "throughput_rps", cell, state, scale.top), "y");
    placeBefore(state, here, spot, cell);
    setAttributes(trail, { d: pathThrough(grid.along(0, state.index).map(at)) });
    const taken = here ? [boxAround(here, 10)] : [];
    placeAnswer(scale, state, at, [...taken, ...limits.place(scale, state, taken).boxes]);
    if (here) return "";
    return grid.holeAt(state.slice, cell) || `${state.percentile} is not known here: too few samples`;
  }

  function ends(toPixel, metric, cell, state, open) {
    const [low, high] = ["_lo", "_hi"].map((end) => grid.number(state.slice, metric + end, cell));
    if (low === null && high === null) return null;
    const value = grid.number(state.slice, metric, cell);
    return [toPixel(low ?? value), high === null ? open : toPixel(high)];
  }

  // The same place in the other Run, tied to the ring.
  function placeBefore(state, here, spot, cell) {
    const slice = state.before ? before?.sliceOf(state.slice) : null;
    const there = slice && before.thereOf(cell) >= 0 ? spot(before.grid, slice, before.thereOf(cell)) : null;
    show(then.ring, there !== null);
    show(then.line, there !== null && here !== null);
    if (!there) return;
    setAttributes(then.ring, { x: (there[0] - 5.5).toFixed(2), y: (there[1] - 5.5).toFixed(2) });
    if (here) setAttributes(then.line, { x1: there[0], y1: there[1], x2: here[0], y2: here[1] });
  }

  function placeAnswer(scale, state, at, taken) {
    const answer = answers.answerOf(state);
    const feasible = answer?.verdict === "feasible";
    const first = feasible ? at(answer.point) : null;
    const other = feasible && answer.runnerUp >= 0 ? at(answer.runnerUp) : null;
    const boxes = [...taken];
    const ringed = (place) => (place === null ? null : boxAround(place, 13));
    const rings = [ringed(first), ringed(other)].filter((box) => box !== null);
    for (const [mark, said, cell] of [[winner, "winner", answer?.point], [second, "runner-up", answer?.runnerUp]]) {
      const minds = feasible && state.slice.marks?.[cell];
      setText(mark.text, minds ? `${said} (${minds})` : said);
    }
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
