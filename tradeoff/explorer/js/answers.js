// The answer to the objective as it stands, worked out once however many ask for it.

import { decide, flips, verdictsOf, whyOpen } from "./decide.js";
import { milliseconds, outward, three } from "./format.js";
import { limitOf } from "./objective.js";

export function createAnswers(payload, grid) {
  const answered = keptLast((slice, objective) => decide(payload, grid, slice, objective));
  const judged = keptLast((slice, objective) => verdictsOf(payload, grid, slice, objective));
  const turned = keptLast((slice, objective, at) => flips(payload, grid, slice, objective, at));

  // null while no objective is declared: nothing is called a winner.
  function answerOf(state) {
    return state.objective === null ? null : answered([state.slice, state.objective.text], state.slice, state.objective);
  }

  // Where the winner changes along the slider of the limit: [{ limit, cell }], the tightest first.
  function flipsOf(state) {
    const { at, ...moving } = limitOf(state);
    if (state.objective === null || !payload.metrics[moving.metric]) return [];
    const { constraints } = state.objective;
    const whole = { ...state.objective, constraints: at < 0 ? [...constraints, { ...moving, limit: 0 }] : constraints };
    const place = at < 0 ? constraints.length : at;
    const others = whole.constraints.filter((_, other) => other !== place);
    const asked = [state.slice, JSON.stringify([whole.direction, whole.metric, moving.metric, moving.comparison, others, whole.at])];
    return turned(asked, state.slice, whole, place);
  }

  // Whether one cell meets the limits: "feasible", "undecided", "infeasible", or "" where there are none.
  function verdictAt(state, cell) {
    if (!state.objective?.constraints.length || grid.unusable.has(state.slice.status[cell])) return "";
    return judged([state.slice, state.objective.text], state.slice, state.objective)(cell);
  }

  // Why it is open whether a point meets the limits, where it is not for an interval: clauses.
  const whyOpenAt = (state, cell) => whyOpen(payload, state.slice, state.objective?.constraints ?? [], cell);

  return { answerOf, flipsOf, verdictAt, whyOpenAt };
}

function keptLast(work) {
  let asked = [];
  let found = null;
  return (next, ...given) => {
    if (next.some((one, at) => one !== asked[at])) [asked, found] = [next, work(...given)];
    return found;
  };
}

// A point by its place, and what there is to mind about it: "batch 16 × concurrency 4 (unstable, on a busy machine)".
export function namedPlace(grid, slice, cell) {
  const marks = slice.marks?.[cell];
  return marks ? `${grid.placeOf(cell)} (${marks})` : grid.placeOf(cell);
}

// "from 4.24 ms on", as the limit is relaxed; rounded so that it holds.
export function fromSaid(payload, { metric, comparison }, limit) {
  const told = valueSaid(payload, metric, outward(limit, comparison));
  return comparison === "<=" ? `from ${told} on` : `from ${told} down`;
}

// "p99 ≤ 20 ms"
export function constraintSaid(payload, { metric, comparison, limit }) {
  return `${payload.metrics[metric].short} ${comparison === "<=" ? "≤" : "≥"} ${valueSaid(payload, metric, limit)}`;
}

// A value of a column with its unit, three digits.
export function valueSaid(payload, metric, value) {
  const { unit } = payload.metrics[metric];
  if (unit === "ms") return milliseconds(value);
  return value === null || !unit ? three(value) : `${three(value)} ${unit}`;
}
