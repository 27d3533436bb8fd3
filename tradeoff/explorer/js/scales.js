// Axes that stand still: ranges from all the data of a slice, ticks where people expect them.

const PADDING = 0.06; // of the range, on either side

// "log" where every value is positive and they span a factor of three or more; "linear" otherwise.
export function kindOf(values) {
  const low = Math.min(...values);
  return low > 0 && Math.max(...values) >= 3 * low ? "log" : "linear";
}

// The range plotly is given: in log10 on a log axis.
export function rangeOf(values, kind, padding = PADDING) {
  const known = values.filter((value) => value !== null && Number.isFinite(value) && (kind !== "log" || value > 0));
  if (!known.length) return kind === "log" ? [-1, 1] : [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)].map((end) => (kind === "log" ? Math.log10(end) : end));
  const room = (high - low) * padding || (kind === "log" ? 0.15 : Math.abs(high) * 0.2 || 1);
  return [low - room, high + room];
}

// Steps within a decade.
const STEPS = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7], [1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9]];
const SHORT = 0.9; // decades: a log axis no longer than this may have evenly spaced ticks
const AN_END = 1.6; // how much worse than between two ticks a bare stretch is at an end, where nothing lets one guess

// Ticks within a range as plotly has it, about `most` of them. On a log axis those that have room for their labels and
// leave the least of it bare, its ends included.
export function ticksOf(range, kind, most) {
  const [low, high] = range[0] <= range[1] ? range : [range[1], range[0]];
  if (kind !== "log") return linearTicks(low, high, 1.25 * most);
  const room = (0.6 * (high - low)) / Math.max(1, most);
  const even = Array.from({ length: high - low <= SHORT ? 2 * most : 0 }, (_, at) => linearTicks(10 ** low, 10 ** high, at + 1));
  const found = [...STEPS.map((steps) => logTicks(low, high, steps)), ...even].filter((ticks) => ticks.length > 2 && Math.min(...inner(ticks)) >= room);
  if (!found.length) return high - low <= SHORT ? linearTicks(10 ** low, 10 ** high, most) : thinned(logTicks(low, high, [1]), most);
  const bare = found.map((ticks) => Math.max(AN_END * (Math.log10(ticks[0]) - low), AN_END * (high - Math.log10(ticks.at(-1))), ...inner(ticks)));
  return found[bare.indexOf(Math.min(...bare))];
}

// How far apart ticks are, in decades.
function inner(ticks) {
  return ticks.slice(1).map((tick, at) => Math.log10(tick / ticks[at]));
}

function logTicks(low, high, steps) {
  const ticks = [];
  for (let decade = Math.floor(low); decade <= Math.ceil(high); decade += 1) {
    for (const step of steps) {
      const at = Math.log10(step) + decade;
      if (at >= low && at <= high) ticks.push(Number(`${step}e${decade}`));
    }
  }
  return ticks;
}

function linearTicks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) ticks.push(Number((at * step).toPrecision(12)));
  return ticks;
}

function thinned(values, most) {
  const every = Math.ceil(values.length / Math.max(1, most));
  return values.filter((_, at) => at % every === 0);
}

// Labels at measured values, left out where they would run into the one before; the ends are kept.
export function labelsThatFit(values, texts, { kind, range, pixels, perCharacter = 7 }) {
  const place = (value) => (((kind === "log" ? Math.log10(value) : value) - range[0]) / (range[1] - range[0])) * pixels;
  const width = (text) => text.length * perCharacter + 6;
  const last = values.length - 1;
  const kept = texts.map(() => "");
  let free = -Infinity;
  values.forEach((value, at) => {
    const [center, half] = [place(value), width(texts[at]) / 2];
    const beforeLast = at === last || center + half <= place(values[last]) - width(texts[last]) / 2;
    if (center - half >= free && beforeLast) {
      kept[at] = texts[at];
      free = center + half;
    }
  });
  return kept;
}
