// What is known of a column at each cell of a slice: value, ends of its interval, whether it has one.

export const PERCENTILE = /(^|_)(p50|p90|p95|p99|p999)(_ms)?$/;

// Ends are infinite where unknown; both are the value where it is bare.
export function columnsOf(slice, metric) {
  const [values, lows, highs] = ["", "_lo", "_hi"].map((end) => slice.metrics[metric + end]);
  const everyones = slice.everyones?.[metric] ?? {};
  const infinite = (number, sign) => (number === null ? sign * Infinity : number);
  const value = (cell) => (everyones[cell] ? infinite(everyones[cell][0], 1) : (values?.[cell] ?? null));
  const isBare = (cell) => (lows?.[cell] ?? null) === null && (highs?.[cell] ?? null) === null;
  const end = (place, sign, ends) => (cell) => {
    if (isBare(cell)) return value(cell);
    if (everyones[cell]) return infinite(everyones[cell][place], place === 1 && everyones[cell][0] !== null && everyones[cell][1] === null ? -1 : 1);
    const known = ends?.[cell] ?? null;
    if (known === null) return sign * Infinity;
    return sign < 0 ? Math.min(known, value(cell)) : Math.max(known, value(cell));
  };
  return { value, low: end(1, -1, lows), high: end(2, 1, highs), isBare };
}
