// What a curve of latency over load says to a planner: where the tail turns up, what load a limit bears, how many
// devices a load needs.

import { lastWithin } from "./forecast.js";

// The load with the most throughput per latency (Kleinrock's power, 1979): there the tail begins to grow faster than the
// load. A parabola through the points around the best one evens out the noise; for one queue without batches it is exact. Gives { load, latency };
// `isBeyond` when the curve ends before it turns.
export function turnsUp(curve, percentile) {
  const points = curve.filter((point) => point.status === "ok" && point[percentile].value > 0);
  if (points.length < 3) return null;
  const power = points.map((point) => point.throughput.value / point[percentile].value);
  const best = power.indexOf(Math.max(...power));
  if (best === points.length - 1) return { load: points[best].load, latency: points[best][percentile].value, isBeyond: true };
  if (best === 0) return { load: points[0].load, latency: points[0][percentile].value, isBeyond: false };
  const near = points.map((point, at) => ({ x: point.load, y: power[at] })).filter((_, at) => Math.abs(at - best) <= 3);
  const [low, high] = [points[best - 1].load, points[best + 1].load];
  const load = Math.min(high, Math.max(low, topOfParabola(near) ?? points[best].load));
  return { load, latency: latencyAt(points, percentile, load), isBeyond: false };
}

// The largest load whose percentile keeps the limit, with what the band leaves open. status: "none" (no load keeps
// it), "some", or "all" (every load up to the end of the curve does).
export function bears(curve, percentile, limit) {
  const points = curve.filter((point) => point.status === "ok" && Number.isFinite(point[percentile].value));
  if (!points.length) return null;
  const at = (end) => crossing(points, percentile, limit, end);
  const [load, lo, hi] = [at("value"), at("hi"), at("lo")];
  const status = load === null ? "none" : load === points.at(-1).load ? "all" : "some";
  return { status, load, lo: lo ?? 0, hi: hi ?? load, throughput: load === null ? 0 : valueAt(points, load, (point) => point.throughput.value) };
}

// Devices of this kind for a load that is shared out evenly among them.
export function devicesFor(needed, borne) {
  if (!borne || borne.status === "none") return null;
  const each = (load) => (load > 0 ? Math.ceil(needed / ((borne.throughput * load) / borne.load) - 1e-9) : Infinity);
  return { value: each(borne.load), fewest: each(borne.hi), most: each(borne.lo) };
}

function crossing(points, percentile, limit, end) {
  const below = lastWithin(points, percentile, limit, end);
  if (below < 0) return null;
  if (below === points.length - 1) return points[below].load;
  const [one, other] = [points[below], points[below + 1]];
  const [low, high] = [one, other].map((point) => Math.log(Math.max(1e-12, point[percentile][end])));
  const part = high > low ? (Math.log(limit) - low) / (high - low) : 0;
  return one.load + (other.load - one.load) * Math.min(1, Math.max(0, part));
}

export function latencyAt(points, percentile, load) {
  return valueAt(points, load, (point) => point[percentile].value);
}

function valueAt(points, load, read) {
  const after = points.findIndex((point) => point.load >= load);
  if (after <= 0) return read(points[after === 0 ? 0 : points.length - 1]);
  const [one, other] = [points[after - 1], points[after]];
  const part = (load - one.load) / (other.load - one.load);
  return Math.exp(Math.log(read(one)) * (1 - part) + Math.log(read(other)) * part);
}

// Least squares of y = a + b x + c x²; null when it has no top.
function topOfParabola(points) {
  const middle = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const sums = [0, 1, 2, 3, 4].map((power) => points.reduce((sum, { x }) => sum + (x - middle) ** power, 0));
  const [y0, y1, y2] = [0, 1, 2].map((power) => points.reduce((sum, { x, y }) => sum + y * (x - middle) ** power, 0));
  const [n, s1, s2, s3, s4] = sums;
  const determinant = n * (s2 * s4 - s3 * s3) - s1 * (s1 * s4 - s3 * s2) + s2 * (s1 * s3 - s2 * s2);
  const b = (n * (y1 * s4 - y2 * s3) - y0 * (s1 * s4 - s3 * s2) + s2 * (s1 * y2 - y1 * s2)) / determinant;
  const c = (n * (s2 * y2 - s3 * y1) - s1 * (s1 * y2 - y1 * s2) + y0 * (s1 * s3 - s2 * s2)) / determinant;
  return c < 0 ? middle - b / (2 * c) : null;
}
