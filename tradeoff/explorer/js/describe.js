// What each plot shows, in words, for those who do not see it.

import { namedPlace } from "./answers.js";
import { setAttributes } from "./dom.js";
import { interval, milliseconds, rate } from "./format.js";
import { latencyPair, lineName } from "./figures.js";

export function describePanels(panels, context, state) {
  const said = {
    frontier: frontierSaid(context, state),
    throughput: lineSaid(context, state, ["throughput_rps"], "Throughput"),
    latency: lineSaid(context, state, latencyPair(state.percentile, context.payload.percentiles).map((name) => `latency_${name}_ms`), "Latency"),
    breakdown: `Where the time goes. ${panels.told.breakdown(state)}`,
    distribution: `Distribution of latency. ${panels.told.distribution(state)}`,
  };
  for (const [name, text] of Object.entries(said)) setAttributes(panels[name].holder, { "aria-label": text });
}

function frontierSaid({ grid, answers, before }, state) {
  const metric = `latency_${state.percentile}_ms`;
  const labels = state.slice.frontier[state.percentile] ?? [];
  const on = grid.cells().filter((cell) => labels[cell] === "frontier");
  const known = labels.filter((label) => label !== null).length;
  const ordered = on.toSorted((a, b) => grid.number(state.slice, metric, a) - grid.number(state.slice, metric, b));
  const told = (cell) => `${rate(grid.number(state.slice, "throughput_rps", cell))} at ${milliseconds(grid.number(state.slice, metric, cell))} (${namedPlace(grid, state.slice, cell)})`;
  const range = ordered.length ? `, from ${told(ordered[0])} to ${told(ordered.at(-1))}` : "";
  const answer = answers.answerOf(state);
  const winner = answer?.verdict === "feasible" ? ` Winner: ${told(answer.point)}.` : "";
  const then = before && state.before && before.sliceOf(state.slice) ? " The frontier of the run before is drawn dotted." : "";
  return `Throughput over ${state.percentile} latency: ${known} points, ${on.length} on the frontier${range}.${winner}${then}`;
}

function lineSaid({ grid }, state, metrics, name) {
  const cells = grid.along(0, state.index);
  const line = lineName(grid, state.index);
  const where = `over ${grid.axes[0].label}${line ? ` at ${line}` : ""}`;
  const text = (metric, cell) => {
    const value = grid.number(state.slice, metric, cell);
    if (metric === "throughput_rps") return rate(value);
    const ends = [grid.number(state.slice, `${metric}_lo`, cell), grid.number(state.slice, `${metric}_hi`, cell)];
    const told = interval(...ends, value, "time");
    return `${milliseconds(value)}${told ? ` (${told})` : ""}`;
  };
  const parts = metrics.map((metric) => {
    const known = cells.filter((cell) => grid.number(state.slice, metric, cell) !== null);
    const label = metric === "throughput_rps" ? "" : `${metric.split("_")[1]} `;
    if (!known.length) return `${label}not measured`;
    return `${label}from ${text(metric, known[0])} at ${grid.placeOf(known[0])} to ${text(metric, known.at(-1))} at ${grid.placeOf(known.at(-1))}`;
  });
  return `${name} ${where}: ${parts.join("; ")}.`;
}
