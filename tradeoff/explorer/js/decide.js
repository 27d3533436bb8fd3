// What answers an objective, by the rules of tradeoff.decide to the last digit: a test holds the two together.
//
// A constraint is met for sure when the far end of the interval meets it, missed when the near end does not, and open in
// between; an end that is missing is unknown. A percentile without any interval meets no limit for sure, another column
// is judged by its value, a point without a value by nothing. Percentiles of a point that lost requests are those of all
// who asked (Python works them out: `everyones`); more than one in a hundred lost is never plainly feasible.

const [MISSED, OPEN, SURE] = [0, 1, 2];
const VERDICTS = ["infeasible", "undecided", "feasible"];
const MOST_LOST = 0.01;
const PERCENTILE = /(^|_)(p50|p90|p95|p99|p999)(_ms)?$/;

// judge(cell) for one constraint: MISSED, OPEN or SURE.
function judgeBy(slice, { metric, comparison, limit }) {
  const { value, low, high, isBare } = columnsOf(slice, metric);
  const isMost = comparison === "<=";
  const mayBeSure = PERCENTILE.test(metric) ? (cell) => !isBare(cell) : () => true;
  return (cell) => {
    if (value(cell) === null) return MISSED;
    const [near, far] = isMost ? [low(cell), high(cell)] : [high(cell), low(cell)];
    if ((isMost ? far <= limit : far >= limit) && mayBeSure(cell)) return SURE;
    return (isMost ? near > limit : near < limit) ? MISSED : OPEN;
  };
}

// What is known of a column: its value and the ends of its interval, infinite where unknown; both the value where it is bare.
function columnsOf(slice, metric) {
  const [values, lows, highs] = ["", "_lo", "_hi"].map((end) => slice.metrics[metric + end]);
  const everyones = slice.everyones?.[metric] ?? {};
  const value = (cell) => (everyones[cell] ? (everyones[cell][0] ?? Infinity) : (values?.[cell] ?? null));
  const isBare = (cell) => (lows?.[cell] ?? null) === null && (highs?.[cell] ?? null) === null;
  const end = (place, sign, ends) => (cell) => {
    if (isBare(cell)) return value(cell);
    if (everyones[cell]) return everyones[cell][place] ?? Infinity;
    const known = ends?.[cell] ?? null;
    if (known === null) return sign * Infinity;
    return sign < 0 ? Math.min(known, value(cell)) : Math.max(known, value(cell));
  };
  return { value, low: end(1, -1, lows), high: end(2, 1, highs), isBare };
}

// Whether a point lost more requests than a verdict can bear, apart from what a declared limit judges.
function losesTooMany(slice, constraints, cell) {
  const lost = slice.lost?.[cell];
  if (!lost || constraints.some((one) => one.metric === "attainment")) return false; // which counts them as misses
  const limited = ["error_rate", "rejection_rate"].map((metric) => constraints.some((one) => one.metric === metric));
  if (lost.some((share, at) => share === null && !limited[at])) return true;
  return lost.reduce((sum, share, at) => sum + (limited[at] ? 0 : share), 0) > MOST_LOST;
}

// Why it is open whether a point meets the limits, beside intervals that hold one: a clause each.
export function whyOpen(payload, slice, constraints, cell) {
  const why = losesTooMany(slice, constraints, cell) ? ["more than 1 % of its requests got no answer"] : [];
  const bare = constraints.filter(({ metric }) => PERCENTILE.test(metric) && columnsOf(slice, metric).isBare(cell));
  if (bare.length) why.push(`nothing is known about the spread of its ${bare.map(({ metric }) => payload.metrics[metric].short).join(" and ")}`);
  return why;
}

// Whether a cell meets all limits: "feasible", "undecided" or "infeasible".
export function verdictOf(slice, constraints, cell) {
  const most = losesTooMany(slice, constraints, cell) ? OPEN : SURE;
  return VERDICTS[Math.min(most, ...constraints.map((one) => judgeBy(slice, one)(cell)))];
}

// { verdict: "feasible" | "undecided" | "infeasible", point, runnerUp, contender, binding, shortfall }: cells and places
// among the constraints, -1 where there is none. Or { verdict: "", why } when it cannot be asked of this slice.
export function decide(payload, grid, slice, objective) {
  const { cells, why } = cellsAsked(payload, grid, slice, objective);
  if (why) return { verdict: "", why };
  const { constraints } = objective;
  const judges = constraints.map((one) => judgeBy(slice, one));
  const alike = constraints.map((one) => constraints.findIndex((other) => isSame(one, other)));
  const score = scoreBy(slice, objective);
  const better = betterBy(slice, objective);
  const bestOf = { [SURE]: -1, [OPEN]: -1 };
  let second = -1; // of those that are sure
  // The best score of those that only one constraint keeps from being sure, and from being possible.
  const kept = { [SURE]: constraints.map(() => -Infinity), [OPEN]: constraints.map(() => -Infinity) };
  for (const cell of cells) {
    const bears = !losesTooMany(slice, constraints, cell) && Number.isFinite(score(cell));
    let worst = bears ? SURE : OPEN;
    const by = { [SURE]: -1, [OPEN]: -1 }; // which constraint keeps it out: -1 none, -2 several
    judges.forEach((judge, at) => {
      const found = judge(cell);
      worst = Math.min(worst, found);
      for (const level of [OPEN, SURE]) if (found < level) by[level] = by[level] === -1 || by[level] === alike[at] ? alike[at] : -2;
    });
    for (const level of bears ? [OPEN, SURE] : [OPEN]) if (by[level] >= 0) kept[level][by[level]] = Math.max(kept[level][by[level]], score(cell));
    if (worst === MISSED) continue;
    const first = bestOf[worst];
    const isBest = first < 0 || better(cell, first);
    if (worst === SURE && (isBest || second < 0 || better(cell, second))) second = isBest ? first : cell;
    if (isBest) bestOf[worst] = cell;
  }
  const level = bestOf[SURE] >= 0 ? SURE : OPEN;
  const point = bestOf[level];
  if (point < 0) return infeasible(slice, objective, cells);
  const contends = level === SURE && bestOf[OPEN] >= 0 && score(bestOf[OPEN]) > score(point);
  const gains = alike.map((group) => (kept[level][group] > score(point) ? kept[level][group] - score(point) : 0));
  const most = Math.max(0, ...gains);
  return {
    verdict: VERDICTS[level],
    point,
    runnerUp: level === SURE ? second : -1,
    contender: contends ? bestOf[OPEN] : -1,
    binding: most > 0 ? gains.indexOf(most) : -1,
    shortfall: -1,
  };
}

function isSame(one, other) {
  return one.metric === other.metric && one.comparison === other.comparison && one.limit === other.limit;
}

// The cells an objective is about: usable, held where it holds them, with its metric.
export function cellsAsked(payload, grid, slice, objective) {
  let cells = grid.cells().filter((cell) => slice.rank[cell] !== null && !grid.unusable.has(slice.status[cell]));
  if (!cells.length) return { cells, why: "no point here can be decided on" };
  const at = payload.slices.indexOf(slice);
  for (const setting of objective.at) {
    cells = cells.filter((cell) => isHeld(grid, at, setting, cell));
    if (!cells.length) return { cells, why: `nothing was measured here at ${setting.text}` };
  }
  for (const metric of [objective.metric, ...objective.constraints.map((one) => one.metric)]) {
    const known = cells.filter((cell) => grid.number(slice, metric, cell) !== null);
    if (!known.length) return { cells: [], why: `no point here has a ${payload.metrics[metric].short}` };
    if (metric === objective.metric) cells = known;
  }
  return { cells, why: "" };
}

function isHeld(grid, slice, { column, value, held }, cell) {
  const axis = grid.axes.findIndex((one) => one.column === column);
  if (axis >= 0) return grid.axes[axis].values[grid.indexOf(cell)[axis]] === value;
  const there = held[slice] ?? false;
  return Array.isArray(there) ? there.includes(cell) : there;
}

// The limits at which the winner changes while the limit of one constraint is relaxed and the others stay:
// [{ limit, cell }], the tightest first.
export function flips(payload, grid, slice, objective, at) {
  const moving = objective.constraints[at];
  const others = objective.constraints.filter((_, place) => place !== at).map((one) => judgeBy(slice, one));
  const { cells } = cellsAsked(payload, grid, slice, objective);
  const { value, low, high, isBare } = columnsOf(slice, moving.metric);
  const [far, sign] = moving.comparison === "<=" ? [high, 1] : [low, -1];
  const isSure = (cell) => Number.isFinite(far(cell)) && !(PERCENTILE.test(moving.metric) && isBare(cell));
  const entering = cells
    .filter((cell) => value(cell) !== null && isSure(cell) && !losesTooMany(slice, objective.constraints, cell) && Number.isFinite(scoreBy(slice, objective)(cell)) && others.every((judge) => judge(cell) === SURE))
    .map((cell) => ({ limit: far(cell), cell }))
    .sort((one, other) => sign * (one.limit - other.limit));
  const better = betterBy(slice, objective);
  const found = [];
  for (const { limit, cell } of entering) {
    const last = found.at(-1);
    if (last && !better(cell, last.cell)) continue;
    if (last?.limit === limit) found.pop();
    found.push({ limit, cell });
  }
  return found;
}

function scoreBy(slice, { direction, metric }) {
  const sign = direction === "maximize" ? 1 : -1;
  const { value } = columnsOf(slice, metric);
  return (cell) => sign * value(cell);
}

// Equal scores: the one with more room under the constraints, then the smaller id.
function betterBy(slice, objective) {
  const score = scoreBy(slice, objective);
  const excesses = objective.constraints.map((one) => excessBy(slice, one));
  return (cell, other) => {
    if (score(cell) !== score(other)) return score(cell) > score(other);
    for (const excess of excesses) if (excess(cell) !== excess(other)) return excess(cell) < excess(other);
    return slice.rank[cell] < slice.rank[other];
  };
}

// How far a value lies beyond the limit, relative to it; negative inside, infinite without a value.
function excessBy(slice, { metric, comparison, limit }) {
  const [sign, scale] = [comparison === "<=" ? 1 : -1, Math.abs(limit) || 1];
  const { value } = columnsOf(slice, metric);
  return (cell) => (value(cell) === null ? Infinity : (sign * (value(cell) - limit)) / scale);
}

// The point that misses its worst limit by least, and that limit.
function infeasible(slice, { constraints }, cells) {
  const excesses = constraints.map((one) => excessBy(slice, one));
  const beyond = (cell) => excesses.map((excess) => excess(cell));
  let [point, least] = [-1, Infinity];
  for (const cell of cells) {
    const worst = Math.max(...beyond(cell));
    if (point >= 0 && (worst > least || (worst === least && slice.rank[cell] > slice.rank[point]))) continue;
    [point, least] = [cell, worst];
  }
  return { verdict: "infeasible", point, runnerUp: -1, contender: -1, binding: -1, shortfall: beyond(point).indexOf(least) };
}
