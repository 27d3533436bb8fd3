// Where to look next: between which loads of a curve something that will be said of it is not yet known well.

import { feasible, verdictAt } from "./feasible.js";
import { bestOf } from "./knee.js";

const EDGE = 0.01; // of a load: how well the end of an interval that keeps the limit is known
const OPEN_EDGE = 0.04; // the same of loads that are too close to call
const NEAR = 1.2; // a factor of the limit within which a bump or a dip between two loads might reach it
const BUMP = 0.03; // of capacity: how far apart loads are then
const KNEE = 0.04; // of capacity: around the load where the tail turns up
const MOST_BETWEEN = 96; // numbers of clients that are looked at in an interval; beyond, every so many

// Loads, in order. wanted: { percentile, limit (null: none), isClosed, capacity }.
export function closer(curve, { percentile, limit, isClosed, capacity }) {
  const known = curve.filter((point) => point.status === "ok" && Number.isFinite(point[percentile].value));
  const loads = new Set();
  // Splits the gap after a point unless it is narrow enough.
  const split = (at, widest) => {
    const [low, high] = [known[at]?.load, known[at + 1]?.load];
    if (low === undefined || high === undefined || high - low <= (isClosed ? Math.max(1, Math.floor(widest)) : widest)) return;
    if (isClosed) loads.add(Math.round((low + high) / 2));
    else loads.add(high > 2 * low ? Math.sqrt(low * high) : (low + high) / 2);
  };
  const around = (at, widest) => {
    split(at - 1, widest);
    split(at, widest);
  };
  around(bestOf(known.map((point) => point.throughput.value / point[percentile].value)), isClosed ? 1 : KNEE * capacity);
  if (limit === null) return [...loads];
  const verdicts = known.map((point) => verdictAt(point, percentile, limit));
  known.forEach(({ load }, at) => {
    const pair = [verdicts[at], verdicts[at + 1]];
    if (pair[1] !== undefined && pair[0] !== pair[1]) split(at, isClosed ? 1 : (pair.includes("kept") ? EDGE : OPEN_EDGE) * load);
    if (isTurn(known, at, percentile, limit, verdicts[at] === "kept")) around(at, isClosed ? 1 : BUMP * capacity);
  });
  if (isClosed) fillGaps(curve, feasible(curve, percentile, limit).kept, known, split);
  return [...loads];
}

// A highest point below the limit, or a lowest one above it, that comes near to it.
function isTurn(points, at, percentile, limit, isKept) {
  const value = (place) => points[place]?.[percentile].hi ?? (isKept ? -Infinity : Infinity);
  const here = value(at);
  if (isKept) return here >= limit / NEAR && here >= value(at - 1) && here >= value(at + 1);
  return here <= limit * NEAR && here <= value(at - 1) && here <= value(at + 1);
}

// Latencies of a closed loop may jump from one number of clients to the next.
function fillGaps(curve, kept, known, split) {
  for (const { from, to } of kept) {
    const widest = Math.max(1, Math.ceil((to.load - from.load) / MOST_BETWEEN));
    known.forEach(({ load }, at) => {
      if (load >= from.load && load < to.load) split(at, widest);
    });
  }
}
