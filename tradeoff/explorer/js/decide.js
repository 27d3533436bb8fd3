// What answers an objective, by the rules of tradeoff.decide to the last digit: a test holds the two together.
//
// A constraint is met for sure when the far end of the interval meets it, missed when the near end does not, and open
// in between. A percentile whose far end is unknown while the other is known is never sure; a point without an interval
// is judged by its value, a point without a value by nothing.

const OPEN = { sure: false, possible: false };

export function judge(grid, slice, { metric, comparison, limit }, cell) {
  const value = grid.number(slice, metric, cell);
  if (value === null) return OPEN;
  const { low, high } = endsOf(grid, slice, metric, cell, value);
  if (comparison === "<=") return { sure: high !== null && high <= limit, possible: !(low === null ? value > limit : low > limit) };
  return { sure: low !== null && low >= limit, possible: !(high === null ? value < limit : high < limit) };
}

export function judgeAll(grid, slice, constraints, cell) {
  const found = { sure: true, possible: true };
  for (const constraint of constraints) {
    const { sure, possible } = judge(grid, slice, constraint, cell);
    found.sure &&= sure;
    found.possible &&= possible;
  }
  return found;
}

function endsOf(grid, slice, metric, cell, value) {
  const [low, high] = ["_lo", "_hi"].map((end) => grid.number(slice, metric + end, cell));
  return low === null && high === null ? { low: value, high: value } : { low, high };
}

// { verdict: "feasible" | "undecided" | "infeasible", point, runnerUp, contender, binding, shortfall }: cells and places
// among the constraints, -1 where there is none. Or { verdict: "", why } when it cannot be asked of this slice.
export function decide(payload, grid, slice, objective) {
  const { cells, why } = cellsAsked(payload, grid, slice, objective);
  if (why) return { verdict: "", why };
  const { constraints } = objective;
  const judged = new Map(cells.map((cell) => [cell, constraints.map((one) => judge(grid, slice, one, cell))]));
  const isSame = (at, other) => other >= 0 && ["metric", "comparison", "limit"].every((name) => constraints[at][name] === constraints[other][name]);
  const meets = (cell, how, except = -1) => judged.get(cell).every((one, at) => one[how] || isSame(at, except));
  const better = betterBy(grid, slice, objective);
  const sure = cells.filter((cell) => meets(cell, "sure"));
  const open = cells.filter((cell) => meets(cell, "possible") && !meets(cell, "sure"));
  if (!sure.length && !open.length) return infeasible(grid, slice, objective, cells);
  const how = sure.length ? "sure" : "possible";
  const point = best(sure.length ? sure : open, better);
  const score = scoreBy(grid, slice, objective);
  const contender = sure.length && open.length ? best(open, better) : -1;
  return {
    verdict: sure.length ? "feasible" : "undecided",
    point,
    runnerUp: sure.length > 1 ? best(sure.filter((cell) => cell !== point), better) : -1,
    contender: contender >= 0 && score(contender) > score(point) ? contender : -1,
    binding: bindingOf(constraints, (except) => {
      const without = cells.filter((cell) => meets(cell, how, except));
      return without.length ? without.reduce((most, cell) => Math.max(most, score(cell)), -Infinity) - score(point) : 0;
    }),
    shortfall: -1,
  };
}

// The cells an objective is about: usable, held where it holds them, with its metric.
export function cellsAsked(payload, grid, slice, objective) {
  const usable = grid.cells().filter((cell) => slice.rank[cell] !== null && !grid.unusable.has(slice.status[cell]));
  if (!usable.length) return { cells: [], why: "no point here can be decided on" };
  const at = payload.slices.indexOf(slice);
  let cells = usable;
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
  const others = objective.constraints.filter((_, place) => place !== at);
  const { cells } = cellsAsked(payload, grid, slice, objective);
  const sign = moving.comparison === "<=" ? 1 : -1;
  const entering = [];
  for (const cell of cells) {
    const value = grid.number(slice, moving.metric, cell);
    if (value === null || !judgeAll(grid, slice, others, cell).sure) continue;
    const { low, high } = endsOf(grid, slice, moving.metric, cell, value);
    const limit = moving.comparison === "<=" ? high : low;
    if (limit !== null) entering.push({ limit, cell });
  }
  entering.sort((one, other) => sign * (one.limit - other.limit));
  const better = betterBy(grid, slice, objective);
  const found = [];
  for (const { limit, cell } of entering) {
    const last = found.at(-1);
    if (last && !better(cell, last.cell)) continue;
    if (last?.limit === limit) found.pop();
    if (found.at(-1)?.cell !== cell) found.push({ limit, cell });
  }
  return found;
}

function scoreBy(grid, slice, { direction, metric }) {
  const sign = direction === "maximize" ? 1 : -1;
  return (cell) => sign * grid.number(slice, metric, cell);
}

// Equal scores: the one with more room under the constraints, then the smaller id.
function betterBy(grid, slice, objective) {
  const score = scoreBy(grid, slice, objective);
  return (cell, other) => {
    if (score(cell) !== score(other)) return score(cell) > score(other);
    for (const constraint of objective.constraints) {
      const [mine, theirs] = [cell, other].map((one) => excess(grid, slice, constraint, one));
      if (mine !== theirs) return mine < theirs;
    }
    return slice.rank[cell] < slice.rank[other];
  };
}

// How far a value lies beyond the limit, relative to it; negative inside, infinite without a value.
function excess(grid, slice, { metric, comparison, limit }, cell) {
  const value = grid.number(slice, metric, cell);
  if (value === null) return Infinity;
  return ((comparison === "<=" ? 1 : -1) * (value - limit)) / (Math.abs(limit) || 1);
}

function best(cells, better) {
  return cells.reduce((found, cell) => (better(cell, found) ? cell : found));
}

// The constraint without which a better point would have won, by most.
function bindingOf(constraints, gainWithout) {
  let [found, most] = [-1, 0];
  constraints.forEach((_, at) => {
    const gain = gainWithout(at);
    if (gain > most) [found, most] = [at, gain];
  });
  return found;
}

function infeasible(grid, slice, { constraints }, cells) {
  const beyond = (cell) => constraints.map((one) => excess(grid, slice, one, cell));
  const worst = new Map(cells.map((cell) => [cell, Math.max(...beyond(cell))]));
  const nearer = (cell, other) => (worst.get(cell) === worst.get(other) ? slice.rank[cell] < slice.rank[other] : worst.get(cell) < worst.get(other));
  const point = best(cells, nearer);
  return { verdict: "infeasible", point, runnerUp: -1, contender: -1, binding: -1, shortfall: beyond(point).indexOf(worst.get(point)) };
}
