// Another Run to compare with: its points on axes of its own, its answer to the same objective, and what has changed.

import { decide } from "./decide.js";
import { html } from "./dom.js";
import { milliseconds, percentOf, rate } from "./format.js";
import { openGrid } from "./grid.js";

// null where there is none.
export function openBefore(payload, grid) {
  if (!payload.before) return null;
  const other = { ...payload, ...payload.before };
  const own = openGrid(other);
  let last = { slice: null, text: null, answer: null };

  const matchOf = (slice) => other.matches[payload.slices.indexOf(slice)];

  function sliceOf(slice) {
    return other.slices[matchOf(slice)] ?? null;
  }

  const moved = (from, to, cell) => {
    const index = from.indexOf(cell).map((at, axis) => to.axes[axis].values.indexOf(from.axes[axis].values[at]));
    return index.includes(-1) ? -1 : to.cellAt(index);
  };

  // The cell of the other Run at the same place, -1 where it has none; and back.
  const thereOf = (cell) => moved(grid, own, cell);
  const hereOf = (cell) => moved(own, grid, cell);

  // The answer to the same objective there; null where there is nothing to compare with.
  function answerOf(state) {
    const slice = sliceOf(state.slice);
    if (!slice || !state.objective) return null;
    if (last.slice === slice && last.text === state.objective.text) return last.answer;
    const held = (setting) => setting.held && other.slices.map((_, at) => setting.held[other.matches.indexOf(at)] === true);
    const objective = { ...state.objective, at: state.objective.at.map((setting) => ({ ...setting, held: held(setting) })) };
    last = { slice, text: state.objective.text, answer: decide(other, own, slice, objective) };
    return last.answer;
  }

  return { grid: own, sliceOf, thereOf, hereOf, answerOf };
}

// "Before: 35 000 requests/s, p99 4.10 ms; now throughput +19 %, p99 +103 %."
export function beforeSentence({ grid, before }, state) {
  const slice = before?.sliceOf(state.slice);
  if (!before || !state.before) return "";
  const cell = grid.cellAt(state.index);
  const there = slice ? before.thereOf(cell) : -1;
  const names = ["throughput_rps", `latency_${state.percentile}_ms`];
  const then = names.map((metric) => (there < 0 ? null : before.grid.number(slice, metric, there)));
  if (then.every((value) => value === null)) return "Not measured before.";
  const now = names.map((metric) => grid.number(state.slice, metric, cell));
  const told = [rate(then[0]), `${state.percentile} ${then[1] === null ? "not known" : milliseconds(then[1])}`];
  const changes = names.flatMap((metric, at) => {
    if (then[at] === null || now[at] === null || !(then[at] > 0)) return [];
    const [mine, theirs] = [reach(grid, state.slice, metric, cell, now[at]), reach(before.grid, slice, metric, there, then[at])];
    const overlap = mine[0] <= theirs[1] && theirs[0] <= mine[1];
    const name = at === 0 ? "throughput" : state.percentile;
    if (now[at] === then[at]) return [`${name} unchanged`];
    const change = `${now[at] < then[at] ? "−" : "+"}${percentOf(Math.abs(now[at] - then[at]), then[at])}`;
    return [`${name} ${change}${overlap ? " (intervals overlap)" : ""}`];
  });
  return `Before: ${told.join(", ")}${changes.length ? `; now ${changes.join(", ")}` : ""}.`;
}

function reach(grid, slice, metric, cell, value) {
  return ["_lo", "_hi"].map((end) => grid.number(slice, metric + end, cell) ?? value);
}

export function createToggle(pressed) {
  const button = html("button", { type: "button", class: "toggle", "aria-pressed": "true", "data-toggle": "before", title: "show or hide the run before" }, "before");
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    pressed(shown);
  });
  return button;
}
