// What answers an objective, by the rules of tradeoff.decide to the last digit: a test holds the two together.
//
// A constraint is met for sure when the far end of the interval, the choice allowed for (choice.js), meets it, missed when
// the near end does not, and open in between; an end that is missing is unknown. A percentile without any interval meets no limit for sure, another column
// is judged by its value, a point without a value by nothing. Percentiles of a point that lost requests are those of all
// who asked (Python works them out: `everyones`); more than one in a hundred lost is never plainly feasible.

import { candidatesOf, choose, excessBy } from "./choice.js";
import { columnsOf, PERCENTILE } from "./columns.js";

const [MISSED, OPEN, SURE] = [0, 1, 2];
const VERDICTS = ["infeasible", "undecided", "feasible"];
const MOST_LOST = 0.01;

// judge(cell) for one constraint: MISSED, OPEN or SURE. `wide` holds the ends that allow for the choice.
function judgeBy(slice, { metric, comparison, limit }, wide) {
  const { value, low, high, isBare } = columnsOf(slice, metric);
  const isMost = comparison === "<=";
  const far = isMost ? wide(metric).high : wide(metric).low;
  const mayBeSure = PERCENTILE.test(metric) ? (cell) => !isBare(cell) : () => true;
  return (cell) => {
    if (value(cell) === null) return MISSED;
    const near = isMost ? low(cell) : high(cell);
    if ((isMost ? near > limit : near < limit)) return MISSED;
    return (isMost ? far(cell) <= limit : far(cell) >= limit) && mayBeSure(cell) ? SURE : OPEN;
  };
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

// verdictAt(cell): whether it meets all limits, "feasible", "undecided" or "infeasible"; candidates as answers hold them.
export function verdictsOf(payload, grid, slice, objective) {
  const { cells } = cellsAsked(payload, grid, slice, objective);
  const { columns } = candidatesOf(payload, slice, cells, objective);
  const judges = objective.constraints.map((one) => judgeBy(slice, one, columns));
  return (cell) => VERDICTS[Math.min(losesTooMany(slice, objective.constraints, cell) ? OPEN : SURE, ...judges.map((judge) => judge(cell)))];
}

// { verdict: "feasible" | "undecided" | "infeasible", point, runnerUp, contender, binding, shortfall, alike, preferred,
// among, ends(metric) }: cells and places among the constraints, -1 where there is none; the cells that the point cannot
// be told from, the column by which it is taken among them, and the ends of its intervals that allow for the choice among
// so many. Or { verdict: "", why } when it cannot be asked of this slice.
export function decide(payload, grid, slice, objective) {
  const { cells, why } = cellsAsked(payload, grid, slice, objective);
  if (why) return { verdict: "", why };
  const { constraints } = objective;
  const found = candidatesOf(payload, slice, cells, objective);
  const { score, worst } = found;
  const judges = constraints.map((one) => judgeBy(slice, one, found.columns));
  const same = constraints.map((one) => constraints.findIndex((other) => isSame(one, other)));
  const marked = { [SURE]: [], [OPEN]: [] };
  // The best pessimistic score of those that only one constraint keeps from being sure, and from being possible.
  const kept = { [SURE]: constraints.map(() => -Infinity), [OPEN]: constraints.map(() => -Infinity) };
  for (const cell of cells) {
    const bears = !losesTooMany(slice, constraints, cell) && Number.isFinite(score(cell));
    let least = bears ? SURE : OPEN;
    const by = { [SURE]: -1, [OPEN]: -1 }; // which constraint keeps it out: -1 none, -2 several
    judges.forEach((judge, at) => {
      const now = judge(cell);
      least = Math.min(least, now);
      for (const level of [OPEN, SURE]) if (now < level) by[level] = by[level] === -1 || by[level] === same[at] ? same[at] : -2;
    });
    for (const level of bears ? [OPEN, SURE] : [OPEN]) if (by[level] >= 0) kept[level][by[level]] = Math.max(kept[level][by[level]], worst(cell));
    if (least !== MISSED) marked[least].push(cell);
  }
  const level = marked[SURE].length ? SURE : OPEN;
  if (!marked[level].length) return infeasible(slice, objective, cells);
  const { winner, alike } = choose(found, marked[level]);
  const best = score(winner);
  const firstOf = (some) => some.reduce((first, cell) => (first < 0 || score(cell) > score(first) || (score(cell) === score(first) && found.isBefore(cell, first)) ? cell : first), -1);
  const gains = same.map((group) => (kept[level][group] > best ? kept[level][group] - best : 0));
  const most = Math.max(0, ...gains);
  return {
    verdict: VERDICTS[level],
    point: winner,
    runnerUp: level === SURE ? firstOf(marked[SURE].filter((cell) => cell !== winner)) : -1,
    contender: level === SURE ? firstOf(marked[OPEN].filter((cell) => worst(cell) > best)) : -1,
    binding: most > 0 ? gains.indexOf(most) : -1,
    shortfall: -1,
    alike,
    preferred: found.preferred,
    among: found.among(winner),
    ends: (metric) => {
      const { low, high } = found.own(metric);
      return [low(winner), high(winner)].map((end) => (Number.isFinite(end) ? end : null));
    },
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
  const { cells } = cellsAsked(payload, grid, slice, objective);
  const known = candidatesOf(payload, slice, cells, objective);
  const others = objective.constraints.filter((_, place) => place !== at).map((one) => judgeBy(slice, one, known.columns));
  const { value, low, high, isBare } = known.columns(moving.metric);
  const [far, sign] = moving.comparison === "<=" ? [high, 1] : [low, -1];
  const isSure = (cell) => Number.isFinite(far(cell)) && !(PERCENTILE.test(moving.metric) && isBare(cell));
  const entering = cells
    .filter((cell) => value(cell) !== null && isSure(cell) && !losesTooMany(slice, objective.constraints, cell) && Number.isFinite(known.score(cell)) && others.every((judge) => judge(cell) === SURE))
    .map((cell) => ({ limit: far(cell), cell }))
    .sort((one, other) => sign * (one.limit - other.limit));
  const [found, entered] = [[], []];
  let [floor, winner] = [-Infinity, -1];
  entering.forEach(({ limit, cell }, place) => {
    entered.push(cell);
    const raised = Math.max(floor, known.worst(cell));
    if (winner >= 0 && known.score(winner) >= raised) winner = known.score(cell) >= raised && known.isBefore(cell, winner) ? cell : winner;
    else winner = choose(known, entered).winner;
    floor = raised;
    if (entering[place + 1]?.limit !== limit && found.at(-1)?.cell !== winner) found.push({ limit, cell: winner });
  });
  return found;
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
  return { verdict: "infeasible", point, runnerUp: -1, contender: -1, binding: -1, alike: [], preferred: "", among: 1, ends: () => null, shortfall: beyond(point).indexOf(least) };
}
