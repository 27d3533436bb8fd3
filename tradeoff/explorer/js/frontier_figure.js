// The static part of the frontier: every point, the step between those on it, and quieter the same of a Run before.

import { absent, ends, hoverText, latencyAxis, layoutOf, rateAxis, values } from "./figures.js";
import { coloursOf, sizeColour } from "./theme.js";

const SYMBOLS = { frontier: "circle", ambiguous: "diamond-open", dominated: "circle-open" };

export function frontierFigure(view) {
  const { grid, state, size } = view;
  const metric = `latency_${state.percentile}_ms`;
  const labels = state.slice.frontier[state.percentile] ?? [];
  const known = grid.cells().filter((cell) => both(view, metric, cell));
  const groups = Object.keys(SYMBOLS).map((label) => known.filter((cell) => labels[cell] === label)).reverse();
  const withEnds = known.filter((cell) => labels[cell] !== "dominated");
  const then = viewBefore(view);
  // The axes hold both Runs, shown or not: they stand still when one is hidden.
  const all = (name) => [...values(view, name, known), ...ends(view, name, withEnds), ...(then ? values(then, name, then.grid.cells()) : [])];
  const [xs, ys] = [all(metric), all("throughput_rps")];
  const axes = {
    xaxis: latencyAxis(view, `${state.percentile} latency`, "← better", xs, { side: "x" }),
    yaxis: rateAxis(view, ys),
  };
  const data = [...groups.map((cells, at) => pointsTrace(view, metric, cells, Object.keys(SYMBOLS).reverse()[at]))];
  data.splice(1, 0, stepTrace(view, metric, groups[2], axes));
  if (then && state.before) data.unshift(...beforeTraces(then, metric, axes, view.before));
  return { data, layout: { ...layoutOf(view, axes, size), annotations: absent(view, known) } };
}

// The other Run as something to draw; null where there is none, or none like this slice.
function viewBefore(view) {
  const slice = view.before?.sliceOf(view.state.slice);
  return slice ? { ...view, grid: view.before.grid, state: { ...view.state, slice } } : null;
}

function beforeTraces(then, metric, axes, before) {
  const { muted } = coloursOf(then.theme);
  const known = then.grid.cells().filter((cell) => both(then, metric, cell));
  const isOn = (cell) => then.state.slice.frontier[then.state.percentile]?.[cell] === "frontier";
  const step = stepTrace(then, metric, known.filter(isOn), axes);
  const here = (cell) => (before.hereOf(cell) >= 0 ? before.hereOf(cell) : null); // where a click leads
  const points = {
    type: "scatter", mode: "markers", name: "before", showlegend: false, cliponaxis: true,
    x: values(then, metric, known), y: values(then, "throughput_rps", known),
    customdata: known.map(here), text: known.map((cell) => `before: ${hoverText(then, cell)}`), hoverinfo: "text",
    marker: { symbol: "square-open", size: known.map((cell) => (isOn(cell) ? 6 : 4)), color: muted, opacity: 0.75, line: { width: 1, color: muted } },
  };
  return [{ ...step, name: "step before", line: { ...step.line, dash: "dot", width: 1.5 } }, points];
}

function both(view, metric, cell) {
  const { grid, state } = view;
  return grid.number(state.slice, metric, cell) !== null && grid.isMeasured(state.slice, cell) && !grid.unusable.has(state.slice.status[cell]);
}

function pointsTrace(view, metric, cells, label) {
  const colours = coloursOf(view.theme);
  const at = view.grid.axes.length > 1 ? 1 : 0;
  const ordered = cells.map((cell) => sizeColour(view.theme, view.grid.indexOf(cell)[at], view.grid.sizes[at]));
  const grey = label === "dominated";
  return {
    type: "scatter", mode: "markers", name: label, showlegend: false, cliponaxis: true,
    x: cells.map((cell) => view.grid.number(view.state.slice, metric, cell)),
    y: cells.map((cell) => view.grid.number(view.state.slice, "throughput_rps", cell)),
    customdata: cells, text: cells.map((cell) => hoverText(view, cell)), hoverinfo: "text",
    marker: {
      symbol: SYMBOLS[label], size: { frontier: 9, ambiguous: 8, dominated: 6 }[label], opacity: 1,
      color: grey ? colours.faint : ordered,
      line: { width: label === "frontier" ? 1 : 1.3, color: grey ? colours.faint : label === "frontier" ? colours.ink : ordered },
    },
    error_x: grey ? { visible: false } : errorBars(view, metric, cells, colours.faint),
    error_y: grey ? { visible: false } : errorBars(view, "throughput_rps", cells, colours.faint),
  };
}

function errorBars(view, metric, cells, color) {
  const reach = (end, sign) =>
    cells.map((cell) => {
      const [value, other] = [metric, metric + end].map((name) => view.grid.number(view.state.slice, name, cell));
      return value === null || other === null ? 0 : Math.max(0, sign * (other - value));
    });
  return { type: "data", symmetric: false, array: reach("_hi", 1), arrayminus: reach("_lo", -1), color, thickness: 1, width: 0 };
}

// The best throughput at or below each latency: a step, for nothing is interpolated between measured points.
function stepTrace(view, metric, cells, axes) {
  const ordered = cells
    .map((cell) => [metric, "throughput_rps"].map((name) => view.grid.number(view.state.slice, name, cell)))
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const far = { log: (value) => 10 ** (value + 9), linear: (value) => value + 1e9 }[axes.xaxis.type];
  const low = { log: (value) => 10 ** (value - 9), linear: (value) => value - 1e9 }[axes.yaxis.type];
  const x = ordered.map((place) => place[0]);
  const y = ordered.map((place) => place[1]);
  if (x.length) {
    x.unshift(x[0]);
    y.unshift(low(axes.yaxis.range[0]));
    x.push(far(axes.xaxis.range[1]));
    y.push(y.at(-1));
  }
  return {
    type: "scatter", mode: "lines", x, y, name: "step", hoverinfo: "skip", showlegend: false,
    line: { color: coloursOf(view.theme).muted, width: 1.5, shape: "hv" },
  };
}
