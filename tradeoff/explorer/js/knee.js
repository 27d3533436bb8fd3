// Where the tail turns up: the load with the most throughput per latency (Kleinrock's power, 1979). From there to any
// higher load the latency grows by a larger factor than the throughput.

// { load, lo, hi, latency, throughput, isFirst, isLast }: between which loads it lies by the replications one by one, and
// whether it is an end of what was looked at; null where too little is known. `isWhole`: loads are whole numbers.
export function turnsUp(curve, percentile, isWhole) {
  const points = curve.filter((point) => point.status === "ok" && point[percentile].value > 0);
  if (points.length < 3) return null;
  const found = topOf(points, (point) => point[percentile].value, isWhole);
  const count = Math.min(...points.map((point) => point[percentile].each.length));
  const each = Array.from({ length: count }, (_, at) => topOf(points, (point) => point[percentile].each[at], isWhole).load);
  const [one, other] = [points[found.at], points[found.at + (found.load < points[found.at].load ? -1 : 1)] ?? points[found.at]];
  const part = one.load === other.load ? 0 : (found.load - one.load) / (other.load - one.load);
  const between = (read) => read(one) * (1 - part) + read(other) * part;
  return {
    load: found.load,
    lo: Math.min(found.load, ...each),
    hi: Math.max(found.load, ...each),
    latency: Math.exp(between((point) => Math.log(point[percentile].value))),
    throughput: between((point) => point.throughput.value),
    isFirst: found.at === 0,
    isLast: found.at === points.length - 1,
  };
}

// The best point, and between its neighbours the top of a parabola through the three.
function topOf(points, latencyOf, isWhole) {
  const power = points.map((point) => point.throughput.value / latencyOf(point));
  const at = bestOf(power);
  const load = points[at].load;
  if (isWhole || at === 0 || at === points.length - 1) return { at, load };
  const [left, right] = [points[at - 1].load - load, points[at + 1].load - load];
  const [a, b] = [(power[at - 1] - power[at]) / left, (power[at + 1] - power[at]) / right]; // slopes
  const curvature = (b - a) / (right - left);
  const shift = curvature < 0 ? -(a - curvature * left) / (2 * curvature) : 0;
  return { at, load: load + Math.min(right / 2, Math.max(left / 2, shift)) };
}

export function bestOf(values) {
  return values.indexOf(Math.max(...values));
}
