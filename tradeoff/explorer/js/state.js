// Where the sliders stand, read from the model and written back to it.

import { limitText } from "./format.js";
import { nearestIndex } from "./grid.js";

const OWN_KEYS = ["batch_size", "concurrency"]; // axes with a trait of their own; others live in `position`
export const MODEL_KEYS = [...OWN_KEYS, "position", "slice", "percentile", "limit_ms"];

// state: { index: place on each axis, slice, percentile, limit: place among payload.limits_ms or null }
export function readState(model, payload, grid) {
  const slice = grid.sliceFor(model.get("slice") ?? {});
  const middle = grid.nearestMeasured(slice, grid.sizes.map((size) => Math.floor((size - 1) / 2)));
  const index = grid.axes.map((axis, at) => {
    const wanted = OWN_KEYS.includes(axis.column) ? model.get(axis.column) : model.get("position")?.[axis.column];
    if (wanted === null || wanted === undefined) return middle[at];
    return nearestIndex(axis.values, wanted) ?? middle[at];
  });
  const wished = model.get("percentile");
  const fallback = payload.percentiles.includes("p99") ? "p99" : payload.percentiles.at(-1);
  const limit = model.get("limit_ms");
  return {
    index,
    slice,
    percentile: payload.percentiles.includes(wished) ? wished : fallback,
    limit: limit > 0 && payload.limits_ms.length ? nearestIndex(payload.limits_ms, limit, true) : null,
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
    limit_ms: limitOf(payload, state),
    objective: objectiveOf(payload, state),
  });
  let changed = false;
  for (const [key, value] of Object.entries(wanted)) {
    if (JSON.stringify(model.get(key)) === JSON.stringify(value)) continue;
    model.set(key, value);
    changed = true;
  }
  if (changed) model.save_changes();
}

export function limitOf(payload, state) {
  return state.limit === null ? null : payload.limits_ms[state.limit];
}

export function objectiveOf(payload, state) {
  if (state.limit === null) return "";
  return `maximize throughput subject to ${limitText(state.percentile, limitOf(payload, state))}`;
}

// What Python decided for this slice, percentile and limit; null while no limit is declared.
export function answerOf(payload, state) {
  const answers = state.slice.decisions[state.percentile];
  if (state.limit === null || !answers) return null;
  const at = (name) => answers[name][state.limit];
  return {
    verdict: payload.verdicts[at("verdict")],
    point: at("point"),
    runnerUp: at("runner_up"),
    contender: at("contender"),
    feasible: at("feasible"),
    undecided: at("undecided"),
  };
}

// Whether one cell meets the declared limit: "feasible", "undecided", "infeasible", or "" where nothing is known.
export function verdictAt(payload, state, cell) {
  const answers = state.slice.decisions[state.percentile];
  if (state.limit === null || !answers || answers.sure_from[cell] === null) return "";
  if (state.limit >= answers.sure_from[cell]) return "feasible";
  return state.limit >= answers.possible_from[cell] ? "undecided" : "infeasible";
}
