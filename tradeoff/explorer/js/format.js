// Numbers as people read them: three significant digits, with their unit.

const THIN = "\u202f"; // narrow no-break space between groups of three digits
const MILLI = { ms: 1, "µs": 1e3, s: 1e-3 }; // one millisecond in each unit

export function three(value) {
  return significant(value, 3);
}

export function significant(value, wanted) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(wanted));
  const digits = Math.max(0, wanted - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  return grouped(rounded.toFixed(Math.min(digits, 12)));
}

// The ends of an interval, each rounded into it: what holds for all of it holds for what is read. Three digits, or as
// many more as tell the ends apart.
export function inward(low, high) {
  for (let digits = 3; digits < 9; digits += 1) {
    const ends = [roundedTo(low, digits, Math.ceil), roundedTo(high, digits, Math.floor)];
    if (ends[0] <= ends[1]) return ends.map((end) => significant(end, digits));
  }
  return [significant(low, 9), significant(high, 9)];
}

function roundedTo(value, digits, round) {
  if (!(value > 0)) return 0;
  const step = 10 ** (Math.floor(Math.log10(value)) - digits + 1);
  return Number((round(Number((value / step).toPrecision(12))) * step).toPrecision(12));
}

export function count(value) {
  return value === null || value === undefined ? "–" : grouped(String(value));
}

export function unitOf(ms) {
  if (ms >= 1000) return "s";
  return ms < 0.1 ? "µs" : "ms";
}

export function milliseconds(ms) {
  if (ms === null || ms === undefined) return "–";
  const unit = unitOf(Math.abs(ms));
  return `${three(ms * MILLI[unit])} ${unit}`;
}

export function scaled(ms, unit) {
  return ms * MILLI[unit];
}

export function rate(value) {
  return value === null || value === undefined ? "–" : `${three(value)} requests/s`;
}

// "(9.10 to 11.0 ms)": both ends in the unit of the value they belong to.
export function interval(low, high, middle, asText) {
  if (low === null && high === null) return "";
  if (asText === "time") {
    const unit = unitOf(middle);
    const [a, b] = [low, high].map((end) => (end === null ? null : three(scaled(end, unit))));
    if (b === null) return `from ${a} ${unit}, no upper end`;
    return a === null ? `up to ${b} ${unit}` : `${a} to ${b} ${unit}`;
  }
  if (high === null) return `from ${three(low)}, no upper end`;
  return low === null ? `up to ${three(high)}` : `${three(low)} to ${three(high)}`;
}

// A measured value of an axis, exactly as measured.
export function exact(value) {
  return String(value);
}

// A limit with three digits, rounded to the side on which what meets it still does.
export function outward(limit, comparison) {
  const near = Number(limit.toPrecision(3));
  const step = 10 ** (Math.floor(Math.log10(Math.abs(near))) - 2);
  if (comparison === "<=" ? near >= limit : near <= limit) return near;
  return Number((near + (comparison === "<=" ? step : -step)).toPrecision(3));
}

export function percentOf(part, whole) {
  const share = (100 * part) / whole;
  if (Math.abs(share) >= 10) return `${Math.round(share)} %`;
  return `${Number(share.toPrecision(Math.abs(share) < 1 ? 1 : 2))} %`;
}

// Axis ticks: 10k, 2M.
export function short(value) {
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(6))}${letter}`;
  }
  return String(Number(value.toPrecision(6)));
}

export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// plotly reads a few tags in its texts: a name from a stranger's file must not become one.
export function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function grouped(digits) {
  const [whole, rest] = digits.split(".");
  const sign = whole.startsWith("-") ? "−" : "";
  const figures = whole.replace("-", "");
  const spaced = figures.length > 3 ? figures.replace(/\B(?=(\d{3})+$)/g, THIN) : figures;
  return sign + spaced + (rest === undefined ? "" : `.${rest}`);
}
