// An objective as it travels: { text, direction, metric, constraints: [{ metric, comparison, limit }],
// at: [{ column, value, text, held }] }. Only Python reads the text; here it is written, letter by letter as Python does.

// What the slider of the limit moves: a constraint of the objective, or the one it would declare.
export function limitOf(state) {
  const declared = state.objective?.constraints ?? [];
  const at = Math.min(state.limiting, declared.length - 1);
  if (at >= 0) return { at, ...declared[at] };
  return { at: -1, metric: `latency_${state.percentile}_ms`, comparison: "<=", limit: null };
}

// The objective after the slider has moved; null is no limit. What is left without any part is no objective.
export function withLimit(payload, state, limit) {
  const { at, metric, comparison } = limitOf(state);
  const asked = state.objective ?? { direction: "maximize", metric: "throughput_rps", constraints: [], at: [] };
  const moved = limit === null ? [] : [{ metric, comparison, limit }];
  const constraints = at < 0 ? [...asked.constraints, ...moved] : asked.constraints.flatMap((one, place) => (place === at ? moved : [one]));
  if (limit === null && !constraints.length && !asked.at.length) return null;
  return written(payload, { ...asked, constraints });
}

// The same with its text.
export function written(payload, { direction, metric, constraints, at }) {
  const parts = [`${direction} ${payload.metrics[metric].short}`];
  if (constraints.length) parts.push(`subject to ${constraints.map((one) => constraintText(payload, one)).join(" and ")}`);
  if (at.length) parts.push(`at ${at.map((one) => one.text).join(" and ")}`);
  return { text: parts.join(" "), direction, metric, constraints, at };
}

export function constraintText(payload, { metric, comparison, limit }) {
  const { short, written: unit } = payload.metrics[metric];
  return `${short} ${comparison} ${numberText(limit)}${unit}`;
}

// As Python spells a number: an exponent below 1e-4 and from 1e16 on, and a point in whole ones from 1e15 on.
export function numberText(value) {
  const size = Math.abs(value);
  if (size >= 1e15 && size < 1e16 && Number.isInteger(value)) return `${value}.0`;
  if (size === 0 || (size >= 1e-4 && size < 1e16)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

// Why no point could ever meet these constraints, or "".
export function contradiction(payload, constraints) {
  for (const most of constraints.filter((one) => one.comparison === "<=")) {
    const least = constraints.find((one) => one.comparison === ">=" && one.metric === most.metric && one.limit > most.limit);
    if (least) return `${constraintText(payload, least)} and ${constraintText(payload, most)} exclude each other`;
  }
  return "";
}

// Whether a limit says something at all of a column: a latency is never below zero, nor zero.
export function isPossible(payload, metric, limit) {
  const { least } = payload.metrics[metric];
  return Number.isFinite(limit) && (least === "any" || limit > 0 || (least === "zero" && limit === 0));
}

// The percentile on whose axis an objective is seen best: that of a limit, the one chosen now first.
export function percentileFor(payload, objective, now) {
  const named = [...objective.constraints.map((one) => one.metric), objective.metric];
  const seen = named.map((metric) => payload.percentiles.find((name) => metric === `latency_${name}_ms`)).filter(Boolean);
  return seen.length === 0 || seen.includes(now) ? now : seen[0];
}
