// The explorer's five panels, what stands beside their headings and below them.

import { createToggle } from "./before.js";
import { breakdownPanel } from "./breakdown.js";
import { distributionPanel } from "./distribution.js";
import { html, setText } from "./dom.js";
import { latencyFigure, latencyPair, throughputFigure } from "./figures.js";
import { frontierFigure } from "./frontier_figure.js";
import { frontierLegend, holeLegend, holesNote, sizeLegend } from "./legend.js";
import { lineMarks } from "./linemarks.js";
import { frontierMarks } from "./marks.js";
import { createOwnPanel, createPlotPanel } from "./panels.js";

// on: { go(cell), ask(cell), showBefore(shown) }
export function createPanels(context, on) {
  const { payload, grid } = context;
  const legend = frontierLegend(context);
  const ramps = [sizeLegend(grid), sizeLegend(grid)];
  const holes = holesNote(context);
  const crosses = [holeLegend(context), holeLegend(context)];
  const note = html("p", { class: "panel-note" });
  const pair = (state) => latencyPair(state.percentile, payload.percentiles).map((name) => `latency_${name}_ms`);
  // The chosen percentile carries the large ring, whatever its place in the pair.
  const latencies = (state) => pair(state).sort((a, b) => (a.includes(`_${state.percentile}_`) ? 1 : 0) - (b.includes(`_${state.percentile}_`) ? 1 : 0));
  const breakdown = breakdownPanel(context);
  const distribution = distributionPanel(context);
  const first = grid.axes[0].label;
  const panels = {
    frontier: createPlotPanel({ name: "frontier", title: "Frontier", below: [legend.element, ramps[0].element], figureOf: frontierFigure, marksOn: (overlay) => frontierMarks(overlay, context), chosen: on.go }),
    throughput: createPlotPanel({ name: "throughput", title: `Throughput over ${first}`, below: [ramps[1].element, crosses[0].element], figureOf: throughputFigure, marksOn: (overlay) => lineMarks(overlay, context, () => ["throughput_rps"]), chosen: on.go }),
    latency: createPlotPanel({ name: "latency", title: `Latency over ${first}`, below: [crosses[1].element], figureOf: latencyFigure, marksOn: (overlay) => lineMarks(overlay, context, latencies), chosen: on.ask }),
    breakdown: createOwnPanel({ name: "breakdown", title: "Where the time goes here", own: breakdown }),
    distribution: createOwnPanel({ name: "distribution", title: "Distribution here", own: distribution }),
  };
  panels.frontier.element.append(note, holes.element);
  if (context.before) panels.frontier.heading.after(createToggle(on.showBefore));
  panels.breakdown.element.append(breakdown.key, breakdown.aside);

  function stage(state, theme) {
    setText(panels.frontier.heading, `Throughput over ${state.percentile} latency`);
    setText(panels.latency.heading, `${pair(state).map((name) => name.split("_")[1]).join(" and ")} over ${first}`);
    for (const key of [legend, ...ramps]) key.colour(theme);
    for (const told of [holes, ...crosses]) told.show(state);
  }

  return { ...panels, all: Object.values(panels), note, stage, told: { breakdown: breakdown.told, distribution: distribution.told } };
}
