// The points that an objective chooses among, by the rules of tradeoff.objective.selection: intervals move out to allow
// for the choice among the points that one cannot be told from, and of points that cannot be told apart in what is
// optimised the one with the lower latency wins.

import { columnsOf, PERCENTILE } from "./columns.js";

const LARGEST_EXPONENT = 700;

// { among(cell), columns(metric) and own(metric) with ends moved out, score(cell), worst(cell), preferred: metric or "", isBefore(cell,
// other) }: what is known of the cells asked about.
export function candidatesOf(payload, slice, cells, objective) {
  const up = objective.direction === "maximize" ? 1 : -1;
  const preferred = preferredOf(payload, slice, cells, objective);
  const signs = [[objective.metric, up], ...objective.constraints.map((one) => [one.metric, one.comparison === "<=" ? -1 : 1])];
  if (preferred) signs.push([preferred, betterSign(payload, preferred)]);
  const rivals = new Map(cells.map((cell) => [cell, 1]));
  for (const [metric, sign] of new Map(signs.map((pair) => [pair.join(), pair])).values()) countRivals(payload, slice, cells, metric, sign, rivals);
  const among = (cell) => rivals.get(cell) ?? 1;
  const columns = (metric) => movedOut(payload, slice, metric, among);
  const { score, worst } = scoresOf(columns(objective.metric), cells, up);
  // Of those that were answered, for what a point itself reached.
  const own = (metric) => movedOut(payload, { ...slice, everyones: {} }, metric, among);
  return { among, columns, own, score, worst, preferred, isBefore: orderBy(payload, slice, cells, objective, columns, score, preferred) };
}

// The winner among `marked`, and the others that it cannot be told from.
export function choose({ score, worst, isBefore }, marked) {
  const floor = floorOf({ worst }, marked);
  const alike = marked.filter((cell) => score(cell) >= floor);
  const winner = alike.reduce((best, cell) => (isBefore(cell, best) ? cell : best));
  return { winner, alike: alike.filter((cell) => cell !== winner) };
}

// What a value must reach for its point to be the best perhaps.
export function floorOf({ worst }, marked) {
  return marked.reduce((best, cell) => Math.max(best, worst(cell)), -Infinity);
}

// How far a value lies beyond the limit, relative to it; negative inside, infinite without a value.
export function excessBy(slice, { metric, comparison, limit }) {
  const [sign, scale] = [comparison === "<=" ? 1 : -1, Math.abs(limit) || 1];
  const { value } = columnsOf(slice, metric);
  return (cell) => (value(cell) === null ? Infinity : (sign * (value(cell) - limit)) / scale);
}

function movedOut(payload, slice, metric, among) {
  const { value, low, high, isBare } = columnsOf(slice, metric);
  const bounds = slice.bounds?.[PERCENTILE.exec(metric)?.[2]] ?? {};
  const far = (cell) => payload.factors[slice.degrees?.[cell] ?? 0][among(cell) - 1];
  const upper = (cell) => {
    if (among(cell) > 1 && among(cell) > (bounds[cell] ?? Infinity) && !isBare(cell)) return Infinity;
    return moved(value(cell), high(cell), far(cell));
  };
  return { value, low: (cell) => moved(value(cell), low(cell), far(cell)), high: upper, isBare };
}

function moved(value, end, far) {
  if (far === 1 || end === value || !Number.isFinite(end) || !Number.isFinite(value)) return end;
  if (value > 0 && end > 0) return value * Math.exp(Math.min(far * Math.log(end / value), LARGEST_EXPONENT));
  const straight = value + far * (end - value);
  return value >= 0 && end >= 0 ? Math.max(straight, 0) : straight;
}

// Rows that a cell cannot be told from in one column, where that is more than was counted in others.
function countRivals(payload, slice, cells, metric, sign, rivals) {
  const plain = columnsOf(slice, metric);
  if (cells.every(plain.isBare)) return;
  const known = cells.filter((cell) => plain.value(cell) !== null);
  const wide = movedOut(payload, slice, metric, () => Math.max(1, known.length));
  const best = known.map((cell) => (sign > 0 ? plain.high(cell) : -plain.low(cell)));
  const worst = known.map((cell) => (sign > 0 ? wide.low(cell) : -wide.high(cell)));
  const [upper, lower] = [Float64Array.from(best).sort(), Float64Array.from(worst).sort()];
  known.forEach((cell, at) => {
    const reach = upper.length - placeIn(upper, worst[at], false);
    const beyond = lower.length - placeIn(lower, best[at], true);
    rivals.set(cell, Math.max(rivals.get(cell), reach - beyond));
  });
}

// How many of the sorted numbers lie below one, or with `isAfter` up to it.
function placeIn(sorted, number, isAfter) {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < number || (isAfter && sorted[middle] === number)) from = middle + 1;
    else to = middle;
  }
  return from;
}

// Scores, higher being better, and their pessimistic ends: of cells without an interval unknown where others have one.
function scoresOf({ value, low, high, isBare }, cells, sign) {
  const score = (cell) => sign * value(cell);
  if (cells.every(isBare)) return { score, worst: score };
  const worst = new Map(cells.map((cell) => [cell, isBare(cell) ? -Infinity : sign * (sign > 0 ? low(cell) : high(cell))]));
  return { score, worst: (cell) => worst.get(cell) };
}

function preferredOf(payload, slice, cells, { metric, constraints }) {
  const isLatency = (name) => payload.metrics[name]?.unit === "ms" && payload.metrics[name].better === "lower";
  const limited = constraints.map((one) => one.metric).filter(isLatency);
  const wanted = isLatency(metric) ? ["throughput_rps"] : [...limited, "latency_p99_ms"];
  const isKnown = (name) => cells.some((cell) => columnsOf(slice, name).value(cell) !== null);
  return wanted.find((name) => name !== metric && payload.metrics[name] && isKnown(name)) ?? "";
}

const betterSign = (payload, metric) => (payload.metrics[metric].better === "higher" ? 1 : -1);

// By the pessimistic end of the preferred column; then the score, more room under the constraints, the smaller id.
function orderBy(payload, slice, cells, objective, columns, score, preferred) {
  const excesses = objective.constraints.map((one) => excessBy(slice, one));
  const keys = [(cell) => -score(cell), ...excesses, (cell) => slice.rank[cell]];
  if (preferred) {
    const found = columns(preferred);
    const sign = betterSign(payload, preferred);
    const { worst } = scoresOf(found, cells, sign);
    const last = (read) => (cell) => (found.value(cell) === null ? Infinity : -read(cell));
    keys.unshift(last(worst), last((cell) => sign * found.value(cell)));
  }
  return (cell, other) => {
    for (const key of keys) if (key(cell) !== key(other)) return key(cell) < key(other);
    return false;
  };
}
