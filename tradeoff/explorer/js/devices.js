// How many servers of a kind a needed throughput takes, where each gets the same load and that load keeps the limit.

const WHOLE = 1e-9; // what rounding may add to a whole number of servers

// { value, each } with `each` the load of one server, { value: null } where no number is sure to do; `perhaps`: the
// fewest that the bands leave open, null unless fewer than that.
export function devicesFor(needed, { kept, possible }, curve, { isClosed, reachesNone }) {
  const sure = isClosed ? closedOf(needed, pointsOf(kept, curve), "lo") : openOf(needed, kept.map((run) => [lowerOf(run, reachesNone), run.to.load]));
  const hopeful = isClosed ? closedOf(needed, pointsOf(possible, curve), "hi") : openOf(needed, possible.map((run) => [run.below ?? lowerOf(run, reachesNone), run.above ?? run.to.load]));
  const perhaps = hopeful && (sure === null || hopeful.value < sure.value) ? hopeful.value : null;
  return { value: sure?.value ?? null, each: sure?.each ?? null, perhaps };
}

// Where even a request that meets no other keeps the limit, so do all loads below the lowest that was looked at.
const lowerOf = (run, reachesNone) => (run.first && reachesNone ? 0 : run.from.load);

function openOf(needed, intervals) {
  const found = intervals.map(([low, high]) => {
    const value = Math.max(1, Math.ceil(needed / high - WHOLE));
    return needed / value >= low * (1 - WHOLE) ? value : Infinity;
  });
  const value = Math.min(...found);
  return Number.isFinite(value) ? { value, each: needed / value } : null;
}

// Clients are whole: of those that keep the limit as many as complete the most.
function closedOf(needed, points, end) {
  let best = null;
  for (const point of points) {
    const value = Math.max(1, Math.ceil(needed / point.throughput[end] - WHOLE));
    if (best === null || value < best.value) best = { value, each: point.load };
  }
  return best;
}

function pointsOf(runs, curve) {
  return runs.flatMap(({ from, to }) => curve.filter((point) => point.status === "ok" && point.load >= from.load && point.load <= to.load));
}
