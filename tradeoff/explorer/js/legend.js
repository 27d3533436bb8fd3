// The few words that decode the marks, where a label does not fit into the plot.

import { html, setAttributes, setText, svg } from "./dom.js";
import { axisName, valueText } from "./grid.js";
import { HOLE } from "./linemarks.js";
import { coloursOf, sizeColour } from "./theme.js";

const MOST_REASONS = 3;
const LONGEST_REASON = 160;

const GLYPHS = {
  frontier: { d: "M6 2.5A3.5 3.5 0 1 1 6 9.5A3.5 3.5 0 1 1 6 2.5Z", full: true },
  ambiguous: { d: "M6 1.5L10.5 6L6 10.5L1.5 6Z", full: false },
  dominated: { d: "M6 3A3 3 0 1 1 6 9A3 3 0 1 1 6 3Z", full: false },
};

// "○ here  ● frontier  ◇ ambiguous  ○ dominated  □ before"
export function frontierLegend({ before }) {
  const entries = Object.entries(GLYPHS).map(([name, { d, full }]) => {
    const mark = svg("path", { d });
    return { name, mark, full, element: html("span", { class: "legend-entry" }, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, mark), name) };
  });
  const here = html("span", { class: "legend-entry" }, svg("svg", { width: 14, height: 12, "aria-hidden": "true" }, svg("circle", { class: "here-ring", cx: 7, cy: 6, r: 5 })), "here");
  function colour(theme) {
    const { ink, faint } = coloursOf(theme);
    for (const { name, mark, full } of entries) {
      const stroke = name === "dominated" ? faint : ink;
      setAttributes(mark, { stroke, "stroke-width": 1.3, fill: full ? ink : "none" });
    }
  }
  const then = html("span", { class: "legend-entry" }, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, svg("rect", { class: "before-ring", x: 2, y: 2, width: 8, height: 8 })), "before");
  return { element: html("p", { class: "legend" }, here, ...entries.map(({ element }) => element), ...(before ? [then] : [])), colour };
}

// "concurrency 1 [ramp] 64": the colour of points and lines, an ordered size.
export function sizeLegend(grid) {
  const at = grid.axes.length > 1 ? 1 : 0;
  const axis = grid.axes[at];
  const last = grid.sizes[at] - 1;
  const ramp = html("span", { class: "ramp", "aria-hidden": "true" });
  const element = html("p", { class: "legend" });
  if (last > 0) element.append(`${axisName(axis)} ${valueText(axis, 0)} `, ramp, ` ${valueText(axis, last)}`);
  function colour(theme) {
    const stops = Array.from({ length: 9 }, (_, step) => sizeColour(theme, step, 9));
    ramp.dataset.stops = stops.join(" ");
    ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  }
  return { element, colour };
}

// "⊗ no numbers", where there are such places.
export function holeLegend({ grid }) {
  const mark = svg("svg", { width: 14, height: 14, viewBox: "-8 -8 16 16", "aria-hidden": "true" }, svg("path", { class: "hole", d: HOLE }));
  const element = html("p", { class: "legend" }, html("span", { class: "legend-entry" }, mark, "no numbers"));
  function show(state) {
    element.hidden = grid.cells().every((cell) => grid.isMeasured(state.slice, cell));
  }
  return { element, show };
}

// "6 of 144 places have no numbers: 5 oom (it wanted 3 GiB), 1 not measured."
export function holesNote({ grid }) {
  const element = html("p", { class: "panel-note holes" });
  function show(state) {
    const reasons = new Map();
    for (const cell of grid.cells()) {
      if (grid.isMeasured(state.slice, cell)) continue;
      const status = state.slice.status[cell] ?? "not measured";
      reasons.set(status, [...(reasons.get(status) ?? []), state.slice.reason[cell] ?? ""]);
    }
    const holes = [...reasons.values()].reduce((sum, all) => sum + all.length, 0);
    const told = [...reasons].map(([status, all]) => `${all.length} ${status}${inBrackets(all)}`).join(", ");
    setText(element, holes ? `${holes} of ${grid.cells().length} places have no numbers: ${told}.` : "");
  }
  return { element, show };
}

function inBrackets(reasons) {
  const different = [...new Set(reasons.filter(Boolean))];
  if (!different.length) return "";
  const said = different.slice(0, MOST_REASONS).map((text) => (text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON - 1)}…` : text));
  const left = different.length - said.length;
  return ` (${[...said, ...(left ? [`${left} other reasons: see the table`] : [])].join("; ")})`;
}
