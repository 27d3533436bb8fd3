// Where the sliders stand, read from the model and written back to it.

import { nearestIndex } from "./grid.js";

const OWN_KEYS = ["batch_size", "concurrency"]; // axes with a trait of their own; others live in `position`
export const MODEL_KEYS = [...OWN_KEYS, "position", "slice", "percentile", "objective"];

// state: { index: place on each axis, slice, percentile, objective: as it travels or null, limiting: which of its
// constraints the slider moves, before: whether the other Run is drawn, tail: whether the tail is told }
export function readState(model, payload, grid, now = { limiting: 0, before: true, tail: false }) {
  const slice = grid.sliceFor(model.get("slice") ?? {});
  const middle = grid.nearestMeasured(slice, grid.sizes.map((size) => Math.floor((size - 1) / 2)));
  const index = grid.axes.map((axis, at) => {
    const wanted = OWN_KEYS.includes(axis.column) ? model.get(axis.column) : model.get("position")?.[axis.column];
    if (wanted === null || wanted === undefined) return middle[at];
    return nearestIndex(axis.values, wanted) ?? middle[at];
  });
  const wished = model.get("percentile");
  const fallback = payload.percentiles.includes("p99") ? "p99" : payload.percentiles.at(-1);
  return {
    ...now,
    index,
    slice,
    percentile: payload.percentiles.includes(wished) ? wished : fallback,
    objective: model.get("objective") ?? null,
  };
}

export function writeState(model, payload, grid, state) {
  const position = {};
  const wanted = {};
  grid.axes.forEach((axis, at) => {
    const value = axis.values[state.index[at]];
    if (OWN_KEYS.includes(axis.column)) wanted[axis.column] = value;
    else position[axis.column] = value;
  });
  Object.assign(wanted, {
    position,
    slice: { ...state.slice.key },
    percentile: state.percentile,
    objective: state.objective,
  });
  let changed = false;
  for (const [key, value] of Object.entries(wanted)) {
    if (JSON.stringify(model.get(key)) === JSON.stringify(value)) continue;
    model.set(key, value);
    changed = true;
  }
  if (changed) model.save_changes();
}

export function isSameObjective(one, other) {
  return one?.text === other?.text;
}
