// The explorer: render({ model, el }) draws one payload and keeps it in step with the model.
//
// The model is anywidget's (get, set, save_changes, on, off, send); the stand-alone page brings a small one of its own.
//
// Keys read and, where marked, written on `change` (never while a slider is dragged):
//   payload      object   what tradeoff.explorer.payload.payload() returned; read once, read again on change:payload
//   batch_size   number   position on the axis of this name, a measured value           written
//   concurrency  number   likewise                                                      written
//   position     object   {column: value} for axes with other names, e.g. max_wait_ms   written
//   slice        object   {column: text} for the categorical columns that vary          written
//   percentile   string   "p50" | "p90" | "p95" | "p99" | "p999": axis and limit          written
//   limit_ms     number   latency limit on that percentile; null: none is declared      written
//   objective    string   the objective in words; "" while no limit is declared         written, never read
//
// A value that was not measured moves to the nearest measured one (limit_ms: to the nearest of payload.limits_ms),
// and the moved value is written back.
//
// Messages: model.send({ kind: "plotly", version }) when this page has no plotly.js of payload.plotly_version yet;
// the answer is msg:custom ({ kind: "plotly", version }, [gzipped bytes]) or ({ kind: "plotly", error: "sentence" }).

import { breakdownPanel } from "./breakdown.js";
import { createControls } from "./controls.js";
import { describePanels } from "./describe.js";
import { distributionPanel } from "./distribution.js";
import { html, setText } from "./dom.js";
import { frontierFigure, latencyFigure, latencyPair, throughputFigure } from "./figures.js";
import { openGrid } from "./grid.js";
import { assemble } from "./layout.js";
import { frontierLegend, holeLegend, holesNote, sizeLegend } from "./legend.js";
import { lineMarks } from "./linemarks.js";
import { loadPlotly } from "./loader.js";
import { frontierMarks } from "./marks.js";
import { createOwnPanel, createPlotPanel } from "./panels.js";
import { createAnswer, createReadouts, sentenceFor } from "./readouts.js";
import { MODEL_KEYS, readState, writeState } from "./state.js";
import { fillTable, markRow } from "./table.js";
import { currentTheme, watchTheme } from "./theme.js";

export async function render({ model, el }) {
  const root = html("section", { class: "tradeoff-explorer", "aria-label": "throughput and latency explorer" });
  el.append(root);
  let close = await open(root, model);
  const reopen = async () => {
    close();
    close = await open(root, model);
  };
  model.on("change:payload", reopen);
  return () => {
    model.off("change:payload", reopen);
    close();
    root.remove();
  };
}

async function open(root, model) {
  const payload = model.get("payload");
  const grid = openGrid(payload);
  const context = { payload, grid };
  let state = readState(model, payload, grid);
  let theme = currentTheme();
  let Plotly = null;
  let frame = 0; // a pending animation frame

  const controls = createControls(context, { move, limit, settle: settleSlider, percentile, slice });
  const readouts = createReadouts(context);
  const answer = createAnswer(context, go);
  const panels = createPanels(context, go);
  const parts = assemble(root, context, { controls, readouts, answer, panels, state: () => state });

  // --- while a slider moves: look up, place marks, write numbers; nothing else -------------------------------------
  function follow() {
    readouts.show(state);
    answer.show(state);
    setText(panels.note, panels.frontier.place(state));
    for (const panel of [panels.throughput, panels.latency, panels.breakdown, panels.distribution]) panel.place(state);
  }

  function move(axis, at) {
    state = { ...state, index: state.index.map((old, name) => (name === axis ? at : old)) };
    follow();
    if (axis > 1) schedule(); // the faint lines of the panels lie at this place of the third axis
  }

  function limit(at) {
    state = { ...state, limit: at };
    follow();
  }

  // --- when it has come to rest ------------------------------------------------------------------------------------
  let writing = false;

  function settle() {
    say();
    write();
  }

  function say() {
    setText(parts.sentence, sentenceFor(payload, grid, state));
    describePanels(panels, context, state);
    markRow(parts.table, grid.cellAt(state.index));
  }

  function write() {
    writing = true;
    writeState(model, payload, grid, state);
    writing = false;
  }

  // Frame first: the kernel hears of it once it has been painted.
  let pending = false;

  function settleSlider() {
    say();
    if (pending) return;
    pending = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        pending = false;
        if (!closed) write();
      }),
    );
  }

  function go(cell) {
    state = { ...state, index: grid.indexOf(cell) };
    controls.show(state);
    follow();
    settle();
  }

  function percentile(name) {
    state = { ...state, percentile: name };
    restage();
  }

  function slice(column, text) {
    state = { ...state, slice: grid.sliceFor({ ...state.slice.key, [column]: text }, column) };
    restage();
  }

  // --- when the static part changes --------------------------------------------------------------------------------
  function restage() {
    controls.show(state);
    panels.stage(state, theme);
    fillTable(parts.table, context, state);
    settle();
    follow();
    return draw();
  }

  async function draw() {
    if (!Plotly || !root.isConnected) return;
    const revision = JSON.stringify([state.slice.key, state.percentile]);
    const view = { ...context, state, theme, revision, font: getComputedStyle(root).fontFamily };
    await Promise.all(panels.all.map((panel) => panel.draw(Plotly, view)));
    setText(panels.note, panels.frontier.place(state));
  }

  function schedule() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  }

  // --- from outside ------------------------------------------------------------------------------------------------
  let asked = false;

  function fromModel() {
    if (writing || asked || closed) return;
    asked = true; // several keys may change together: read them once, when all have
    queueMicrotask(() => {
      asked = false;
      if (closed) return; // a view that is gone must not write what it thought
      const before = state;
      state = readState(model, payload, grid);
      if (state.slice !== before.slice || state.percentile !== before.percentile) {
        restage();
        return;
      }
      controls.show(state);
      follow();
      settle();
      if (state.index.some((at, axis) => axis > 1 && at !== before.index[axis])) schedule();
    });
  }

  root.dataset.theme = theme;
  const stopTheme = watchTheme((next) => {
    theme = next;
    root.dataset.theme = theme;
    panels.stage(state, theme);
    schedule();
  });
  const sizes = new ResizeObserver(schedule);
  for (const key of MODEL_KEYS) model.on(`change:${key}`, fromModel);
  let closed = false;

  restage();
  try {
    Plotly = await loadPlotly(model, payload.plotly_version);
    if (!closed) await draw();
    if (!closed) for (const panel of panels.all) sizes.observe(panel.holder);
  } catch (error) {
    parts.trouble(error.message);
  }
  root.dataset.ready = "";

  return () => {
    closed = true;
    delete root.dataset.ready;
    cancelAnimationFrame(frame);
    stopTheme();
    sizes.disconnect();
    for (const key of MODEL_KEYS) model.off(`change:${key}`, fromModel);
    if (Plotly) for (const panel of panels.all) panel.remove(Plotly);
    root.replaceChildren();
  };
}

function createPanels(context, chosen) {
  const { payload, grid } = context;
  const legend = frontierLegend();
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
    frontier: createPlotPanel({ name: "frontier", title: "Frontier", below: [legend.element, ramps[0].element], figureOf: frontierFigure, marksOn: (overlay) => frontierMarks(overlay, context), chosen }),
    throughput: createPlotPanel({ name: "throughput", title: `Throughput over ${first}`, below: [ramps[1].element, crosses[0].element], figureOf: throughputFigure, marksOn: (overlay) => lineMarks(overlay, context, () => ["throughput_rps"], false), chosen }),
    latency: createPlotPanel({ name: "latency", title: `Latency over ${first}`, below: [crosses[1].element], figureOf: latencyFigure, marksOn: (overlay) => lineMarks(overlay, context, latencies, true), chosen }),
    breakdown: createOwnPanel({ name: "breakdown", title: "Where the time goes here", own: breakdown }),
    distribution: createOwnPanel({ name: "distribution", title: "Distribution here", own: distribution }),
  };
  panels.frontier.element.append(note, holes.element);
  panels.breakdown.element.append(breakdown.key, breakdown.aside);

  function stage(state, theme) {
    setText(panels.frontier.heading, `Throughput over ${state.percentile} latency`);
    setText(panels.latency.heading, `${pair(state).map((name) => name.split("_")[1]).join(" and ")} over ${first}`);
    for (const key of [legend, ...ramps]) key.colour(theme);
    for (const told of [holes, ...crosses]) told.show(state);
  }

  return { ...panels, all: Object.values(panels), note, stage, told: { breakdown: breakdown.told, distribution: distribution.told } };
}
