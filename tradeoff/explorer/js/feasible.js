// Which loads keep a latency limit. A percentile need not grow with the load (where batches wait to fill it falls at
// first), so that the loads that keep a limit are intervals, each between loads that were simulated.

const EQUAL = 1 + 1e-9; // a latency that is the limit but for rounding keeps it

// "kept" where the whole band of a point does, "broken" where none of it does, "open" between.
export function verdictAt(point, percentile, limit) {
  if (point.status === "saturated") return "broken";
  if (point.status !== "ok" || !Number.isFinite(point[percentile].value)) return "open";
  if (!point[percentile].isOpen && point[percentile].hi <= limit * EQUAL) return "kept";
  return point[percentile].lo > limit * EQUAL ? "broken" : "open";
}

// Runs of neighbouring loads that were looked at, without one that breaks the limit among them: [{ from, to, first,
// last, below, above }], in order. `from` and `to` are points; `first` and `last` say whether they end what was looked
// at; `below` and `above` are the next loads whose verdict is clear, null where none was looked at.
function runsOf(curve, percentile, limit, belongs) {
  const verdicts = curve.map((point) => verdictAt(point, percentile, limit));
  const runs = [];
  for (let at = 0; at < curve.length; at += 1) {
    if (!belongs(verdicts[at])) continue;
    let end = at;
    while (end + 1 < curve.length && belongs(verdicts[end + 1])) end += 1;
    let [below, above] = [at - 1, end + 1];
    while (below >= 0 && verdicts[below] === "open") below -= 1;
    while (above < curve.length && verdicts[above] === "open") above += 1;
    runs.push({ from: curve[at], to: curve[end], first: at === 0, last: end === curve.length - 1, below: curve[below]?.load ?? null, above: curve[above]?.load ?? null });
    at = end;
  }
  return runs;
}

// kept: surely; possible: as far as the bands leave it open.
export function feasible(curve, percentile, limit) {
  return {
    kept: runsOf(curve, percentile, limit, (verdict) => verdict === "kept"),
    possible: runsOf(curve, percentile, limit, (verdict) => verdict !== "broken"),
  };
}

// The point at which a percentile is lowest, by the upper end of its band; null where nothing is known.
export function lowestOf(curve, percentile) {
  const points = curve.filter((point) => point.status === "ok" && Number.isFinite(point[percentile].value));
  return points.reduce((best, point) => (best === null || point[percentile].hi < best[percentile].hi ? point : best), null);
}

// The same by the best guess, its ends interpolated: while a slider moves.
export function guessed(curve, percentile, limit, isWhole) {
  const points = curve.filter((point) => point.status === "ok" && point[percentile].value > 0);
  const runs = runsOf(points.map((point) => ({ ...point, [percentile]: { ...point[percentile], hi: point[percentile].value } })), percentile, limit, (verdict) => verdict === "kept");
  const ends = isWhole ? runs : runs.map((run) => ({ ...run, from: endOf(points, run.from.load, -1, percentile, limit), to: endOf(points, run.to.load, 1, percentile, limit) }));
  return { kept: ends, possible: ends };
}

function endOf(points, load, way, percentile, limit) {
  const at = points.findIndex((point) => point.load === load);
  const [one, other] = [points[at], points[at + way]];
  if (!other) return one;
  const [near, far] = [one, other].map((point) => Math.log(point[percentile].value));
  const part = far > near ? (Math.log(limit) - near) / (far - near) : 0;
  const between = (read) => read(one) * (1 - part) + read(other) * part;
  return { ...one, load: between((point) => point.load), throughput: { ...one.throughput, value: between((point) => point.throughput.value) }, [percentile]: { ...one[percentile], value: limit } };
}
