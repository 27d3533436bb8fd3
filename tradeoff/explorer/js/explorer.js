// The explorer: what explorerWith gives, render({ model, el }), draws one payload and keeps it in step with the model.
//
// The model is anywidget's (get, set, save_changes, on, off, send); the stand-alone page brings a small one of its own.
//
// Keys read and, where marked, written on `change` (never while a slider is dragged):
//   payload      object   what tradeoff.explorer.payload.payload() returned; read once, read again on change:payload
//   batch_size   number   position on the axis of this name, a measured value           written
//   concurrency  number   likewise                                                      written
//   position     object   {column: value} for axes with other names, e.g. max_wait_ms   written
//   slice        object   {column: text} for the categorical columns that vary          written
//   percentile   string   "p50" | "p90" | "p95" | "p99" | "p999": the frontier's axis     written
//   objective    object   as objective.js has it; null while none is declared           written
//
// A value that was not measured moves to the nearest measured one, and the moved value is written back.
//
// Messages: model.send({ kind: "plotly", version }) when this page has no plotly.js of payload.plotly_version yet;
// the answer is msg:custom ({ kind: "plotly", version }, [gzipped bytes]) or ({ kind: "plotly", error: "sentence" }).

import { createAnswer } from "./answer.js";
import { createAnswers } from "./answers.js";
import { openBefore } from "./before.js";
import { createControls } from "./controls.js";
import { describePanels } from "./describe.js";
import { html, keepFocus, setText } from "./dom.js";
import { createPanels } from "./explorer_panels.js";
import { openGrid } from "./grid.js";
import { assemble } from "./layout.js";
import { loadPlotly } from "./loader.js";
import { percentileFor, withLimit } from "./objective.js";
import { createReadouts } from "./readouts.js";
import { hasTails } from "./remarks.js";
import { sentenceFor } from "./sentence.js";
import { MODEL_KEYS, readState, writeState } from "./state.js";
import { fillTable, markRow } from "./table.js";
import { currentTheme, watchTheme } from "./theme.js";

// createAsking(context, model, { objective }) makes what an objective is declared with: { element, show(state), close() }.
export function explorerWith(createAsking) {
  return async ({ model, el }) => {
    const root = html("section", { class: "tradeoff-explorer", "aria-label": "throughput and latency explorer" });
    el.append(root);
    let close = await open(root, model, createAsking);
    const reopen = async () => {
      const goOn = keepFocus(root);
      close();
      const opening = open(root, model, createAsking);
      goOn();
      close = await opening;
    };
    model.on("change:payload", reopen);
    return () => {
      model.off("change:payload", reopen);
      close();
      root.remove();
    };
  };
}

async function open(root, model, createAsking) {
  const payload = model.get("payload");
  const grid = openGrid(payload);
  const context = { payload, grid, answers: createAnswers(payload, grid), before: openBefore(payload, grid) };
  let state = readState(model, payload, grid);
  let theme = currentTheme();
  let Plotly = null;
  let frame = 0; // a pending animation frame

  const controls = createControls(context, { move, limit, limiting, settle: settleSlider, percentile, slice });
  const asking = createAsking(context, model, { objective: declare });
  const readouts = createReadouts(context, () => tell(!state.tail));
  const answer = createAnswer(context, go);
  const panels = createPanels(context, { go, ask: askTail, showBefore });
  const parts = assemble(root, context, { controls, asking, readouts, answer, panels, state: () => state });

  // --- while a slider moves: look up, place marks, write numbers; nothing else -------------------------------------
  function follow(isMoved = true) {
    readouts.show(state);
    answer.show(state);
    setText(panels.note, panels.frontier.place(state));
    for (const panel of [panels.throughput, panels.latency, ...(isMoved ? [panels.breakdown, panels.distribution] : [])]) panel.place(state);
  }

  function move(axis, at) {
    state = { ...state, index: state.index.map((old, name) => (name === axis ? at : old)) };
    follow();
    if (axis > 1) schedule(); // the faint lines of the panels lie at this place of the third axis
  }

  function limit(value) {
    state = { ...state, objective: withLimit(payload, state, value) };
    controls.limit.show(state);
    asking.show(state);
    follow(false); // the point is the same
  }

  // --- when it has come to rest ------------------------------------------------------------------------------------
  let writing = false;

  function settle() {
    say();
    write();
  }

  function say() {
    setText(parts.sentence, sentenceFor(context, state));
    parts.audit.show(state.slice, grid.cellAt(state.index));
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

  function tell(open) {
    state = { ...state, tail: open };
    readouts.show(state);
    say();
  }

  // A click on a point of the tail: the sliders move there, and what makes it is told.
  function askTail(cell) {
    state = { ...state, tail: hasTails(payload) };
    go(cell);
  }

  function limiting(at) {
    state = { ...state, limiting: at };
    controls.show(state);
    follow();
  }

  // A whole objective, put together in the page: the axis and the drop-downs go where it can be seen.
  function declare(objective) {
    const seen = objective && { percentile: percentileFor(payload, objective, state.percentile), slice: grid.sliceHolding(objective, state.slice) };
    const before = state;
    state = { ...state, objective, ...seen };
    if (state.slice !== before.slice || state.percentile !== before.percentile) {
      restage();
      return;
    }
    controls.show(state);
    asking.show(state);
    follow();
    settle();
  }

  function showBefore(shown) {
    state = { ...state, before: shown };
    follow();
    say();
    schedule();
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
    asking.show(state);
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
      state = readState(model, payload, grid, state);
      if (state.slice !== before.slice || state.percentile !== before.percentile) {
        restage();
        return;
      }
      controls.show(state);
      asking.show(state);
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
    asking.close();
    delete root.dataset.ready;
    cancelAnimationFrame(frame);
    stopTheme();
    sizes.disconnect();
    for (const key of MODEL_KEYS) model.off(`change:${key}`, fromModel);
    if (Plotly) for (const panel of panels.all) panel.remove(Plotly);
    root.replaceChildren();
  };
}
