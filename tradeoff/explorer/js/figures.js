// The static part of the plotly panels: axes, and the lines over the first axis, drawn once for a slice, a percentile
// and a theme.

import { capital, count, exact, interval, milliseconds, plain, rate, scaled, short } from "./format.js";
import { axisName, valueText } from "./grid.js";
import { kindOf, labelsThatFit, rangeOf, ticksOf } from "./scales.js";
import { coloursOf, sizeColour } from "./theme.js";

const MARGIN = { l: 66, r: 18, t: 14, b: 50 };
const SAID = { frontier: "on the frontier", ambiguous: "ambiguous: intervals overlap", dominated: "dominated" };

export const CONFIG = {
  displaylogo: false,
  doubleClick: "reset",
  modeBarButtonsToRemove: ["toImage", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
  responsive: false,
  scrollZoom: false,
};

// What stands in a panel that has nothing to draw.
export function absent(view, known) {
  if (known.length) return [];
  const text = "no point here has numbers";
  return [{ text, xref: "paper", yref: "paper", x: 0.5, y: 0.6, showarrow: false, bgcolor: coloursOf(view.theme).paper, font: { size: 14, color: coloursOf(view.theme).muted } }];
}

export function linesFigure(view, metrics, yaxis) {
  const { grid, state } = view;
  const other = grid.axes.length > 1 ? 1 : null;
  const colours = coloursOf(view.theme);
  const data = (other === null ? [0] : grid.axes[1].values.map((_, at) => at)).map((at) => {
    const index = other === null ? state.index : state.index.map((place, axis) => (axis === 1 ? at : place));
    const cells = grid.along(0, index);
    const colour = other === null ? colours.faint : sizeColour(view.theme, at, grid.sizes[1]);
    return {
      type: "scatter", mode: "lines+markers", x: grid.axes[0].values, y: cells.map((cell) => grid.number(state.slice, metrics.at(-1), cell)),
      customdata: cells, text: cells.map((cell) => hoverText(view, cell)), hoverinfo: "text", connectgaps: false,
      line: { color: colour, width: 1 }, marker: { color: colour, size: 4 }, opacity: 0.55, showlegend: false,
    };
  });
  const known = data.flatMap((line) => line.y).filter((value) => value !== null);
  return { data, layout: { ...layoutOf(view, { xaxis: sizeAxis(view), yaxis }, view.size), annotations: absent(view, known) } };
}

export function throughputFigure(view) {
  const cells = view.grid.cells();
  const ys = [...values(view, "throughput_rps", cells), ...ends(view, "throughput_rps", cells)];
  return linesFigure(view, ["throughput_rps"], rateAxis(view, ys, true));
}

export function latencyFigure(view) {
  const metrics = latencyPair(view.state.percentile, view.payload.percentiles).map((name) => `latency_${name}_ms`);
  const cells = view.grid.cells();
  const ys = metrics.flatMap((metric) => [...values(view, metric, cells), ...ends(view, metric, cells)]);
  const title = latencyPair(view.state.percentile, view.payload.percentiles).join(" and ");
  return linesFigure(view, [`latency_${view.state.percentile}_ms`], latencyAxis(view, title, "↓ better", ys, { side: "y" }));
}

// The chosen percentile, with p50 (or, for p50 itself, p99) to compare it with.
export function latencyPair(percentile, percentiles) {
  const other = percentile === "p50" ? "p99" : "p50";
  return percentiles.includes(other) ? ["p50", percentile === "p50" ? "p99" : percentile] : [percentile];
}

// One unit for all latencies of a payload, so that panels can be compared at a glance.
export function timeUnit(payload) {
  const all = payload.percentiles.flatMap((name) => payload.metrics[`latency_${name}_ms`]?.steps ?? []);
  if (!all.length) return "ms";
  if (Math.max(...all) < 1) return "µs";
  return Math.min(...all) > 1000 ? "s" : "ms";
}

export function values(view, metric, cells) {
  return cells.map((cell) => view.grid.number(view.state.slice, metric, cell)).filter((value) => value !== null);
}

export function ends(view, metric, cells) {
  return [...values(view, `${metric}_lo`, cells), ...values(view, `${metric}_hi`, cells)];
}

export function hoverText(view, cell) {
  const { grid, state } = view;
  const number = (metric) => grid.number(state.slice, metric, cell);
  const lines = [capital(grid.placeOf(cell)), rate(number("throughput_rps"))];
  for (const name of latencyPair(state.percentile, view.payload.percentiles)) {
    const [value, low, high] = ["", "_lo", "_hi"].map((end) => number(`latency_${name}_ms${end}`));
    const told = interval(low, high, value, "time");
    lines.push(`${name} ${value === null ? "not known" : milliseconds(value)}${told && value !== null ? ` (${told})` : ""}`);
  }
  lines.push(`n = ${count(state.slice.n[cell])}`);
  const label = state.slice.frontier[state.percentile]?.[cell];
  if (label) lines.push(SAID[label]);
  return lines.map(plain).join("<br>");
}

export function layoutOf(view, axes, { width, height }) {
  const colours = coloursOf(view.theme);
  return {
    ...axes, width, height, autosize: false, margin: MARGIN, showlegend: false, hovermode: "closest", dragmode: "zoom",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: view.font, size: 12, color: colours.muted },
    hoverlabel: { bgcolor: colours.paper, bordercolor: colours.faint, align: "left", font: { family: view.font, size: 12, color: colours.ink } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.faint, activecolor: colours.ink },
    uirevision: view.revision, // zoom survives another theme or size, not another slice or percentile
  };
}

function axisOf(view, { title, kind, range, ticks, texts }) {
  const colours = coloursOf(view.theme);
  return {
    type: kind, range, autorange: false, tickmode: "array", tickvals: ticks, ticktext: texts, ticks: "outside", ticklen: 4,
    title: { text: plain(title), standoff: 8, font: { size: 12, color: colours.ink } },
    tickcolor: colours.faint, linecolor: colours.faint, showline: true, gridcolor: colours.rule, gridwidth: 1, zeroline: false,
    minor: { ticks: "" },
  };
}

export function latencyAxis(view, name, better, all, { side }) {
  const unit = timeUnit(view.payload);
  const kind = all.length ? kindOf(all.map((value) => value)) : "log";
  const shown = zoomed(view, `${side}axis`) ?? rangeOf(all, kind);
  const most = side === "x" ? Math.max(3, Math.floor(view.size.width / 80)) : Math.max(3, Math.floor(view.size.height / 34));
  const ticks = all.length ? ticksOf(shown, kind, most) : [];
  const texts = ticks.map((value) => short(scaled(value, unit)));
  return axisOf(view, { title: `${name} (${unit})  ${better}`, kind, range: rangeOf(all, kind), ticks, texts });
}

export function rateAxis(view, all, brief = false) {
  const kind = all.length ? kindOf(all) : "log";
  const shown = zoomed(view, "yaxis") ?? rangeOf(all, kind);
  const ticks = all.length ? ticksOf(shown, kind, Math.max(3, Math.floor(view.size.height / 34))) : [];
  const title = brief ? "requests/s  ↑ better" : "throughput (requests/s)  ↑ better";
  return axisOf(view, { title, kind, range: rangeOf(all, kind), ticks, texts: ticks.map(short) });
}

function sizeAxis(view) {
  const axis = view.grid.axes[0];
  const kind = kindOf(axis.values);
  const range = rangeOf(axis.values, kind, 0.04);
  const texts = axis.values.map((value) => exact(value));
  const pixels = view.size.width - MARGIN.l - MARGIN.r;
  const labels = labelsThatFit(axis.values, texts, { kind, range: zoomed(view, "xaxis") ?? range, pixels });
  const unit = axis.unit && axis.unit !== "in flight" ? ` (${axis.unit})` : "";
  return axisOf(view, { title: `${axis.label}${unit}`, kind, range, ticks: axis.values, texts: labels });
}

function zoomed(view, name) {
  return view.zoom?.[name] ?? null;
}

// "concurrency 8": what the chosen line of a line panel is.
export function lineName(grid, index) {
  return grid.axes.slice(1).map((axis, at) => `${axisName(axis)} ${valueText(axis, index[at + 1])}`).join(" × ");
}
