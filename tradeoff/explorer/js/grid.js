// Look-ups in a payload: cells by their place on the axes, slices by their texts. Nothing is computed from metrics.

import { exact } from "./format.js";

const SHORT_NAMES = { batch_size: "batch", max_wait_ms: "wait", request_rate_rps: "rate" };

export function openGrid(payload) {
  const axes = payload.axes;
  const sizes = axes.map((axis) => axis.values.length);
  const strides = sizes.map((_, at) => sizes.slice(at + 1).reduce((product, size) => product * size, 1));
  const unusable = new Set(payload.unusable);

  const cellAt = (index) => index.reduce((cell, at, axis) => cell + at * strides[axis], 0);
  const indexOf = (cell) => sizes.map((size, axis) => Math.floor(cell / strides[axis]) % size);

  function number(slice, metric, cell) {
    const values = slice.metrics[metric];
    return values === undefined || cell < 0 ? null : values[cell];
  }

  function isMeasured(slice, cell) {
    return number(slice, "throughput_rps", cell) !== null;
  }

  // Why a cell has no numbers, or "".
  function holeAt(slice, cell) {
    if (isMeasured(slice, cell)) return "";
    const status = slice.status[cell];
    if (status === null) return "not measured";
    const reason = slice.reason[cell];
    return reason ? `${status}: ${reason}` : status;
  }

  function placeOf(cell) {
    return indexOf(cell).map((at, axis) => `${axisName(axes[axis])} ${valueText(axes[axis], at)}`).join(" × ");
  }

  // "16 × 4": where there is no room for more
  function shortPlaceOf(cell) {
    return indexOf(cell).map((at, axis) => exact(axes[axis].values[at])).join(" × ");
  }

  const everyCell = Array.from({ length: sizes.reduce((product, size) => product * size, 1) }, (_, cell) => cell);
  const cells = () => everyCell;

  // The cells along one axis, everything else as at `index`.
  function along(axis, index) {
    return axes[axis].values.map((_, at) => cellAt(index.map((other, name) => (name === axis ? at : other))));
  }

  function nearestMeasured(slice, index) {
    const distance = (cell) => indexOf(cell).reduce((sum, at, axis) => sum + Math.abs(at - index[axis]), 0);
    const measured = cells().filter((cell) => isMeasured(slice, cell));
    return measured.length ? indexOf(measured.reduce((a, b) => (distance(b) < distance(a) ? b : a))) : index;
  }

  // The slice with `changed` as wished that keeps most of the other choices.
  function sliceFor(wish, changed = null) {
    const score = (slice) =>
      Object.entries(wish).reduce(
        (sum, [column, text]) => sum + (slice.key[column] === text ? (column === changed ? 1000 : 1) : 0),
        0,
      );
    return payload.slices.reduce((best, slice) => (score(slice) > score(best) ? slice : best), payload.slices[0]);
  }

  // A slice in which an objective's settings hold somewhere: the one chosen now if it is, else the nearest to it.
  function sliceHolding(objective, now) {
    const fits = (slice) => objective.at.every(({ held }) => held === null || held[payload.slices.indexOf(slice)] !== false);
    const fitting = payload.slices.filter(fits);
    if (!fitting.length || fitting.includes(now)) return now;
    const agrees = (slice) => Object.entries(now.key).filter(([column, text]) => slice.key[column] === text).length;
    return fitting.reduce((best, slice) => (agrees(slice) > agrees(best) ? slice : best));
  }

  return {
    axes, sizes, unusable, cellAt, indexOf, number, isMeasured, holeAt, placeOf, shortPlaceOf, cells, along, nearestMeasured, sliceFor, sliceHolding,
  };
}

export function axisName(axis) {
  return SHORT_NAMES[axis.column] ?? axis.label;
}

// "16", or with a unit that is not said already by the name: "2 ms".
export function valueText(axis, at) {
  const text = exact(axis.values[at]);
  return ["requests", "in flight", "workers", ""].includes(axis.unit) ? text : `${text} ${axis.unit}`;
}

export function nearestIndex(values, wanted, logarithmic = false) {
  const scale = logarithmic ? Math.log : (value) => value;
  const target = scale(Number(wanted));
  if (!Number.isFinite(target)) return null;
  let best = 0;
  values.forEach((value, at) => {
    if (Math.abs(scale(value) - target) < Math.abs(scale(values[best]) - target)) best = at;
  });
  return best;
}
