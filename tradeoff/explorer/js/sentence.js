// The one sentence for those who listen, and for those who read: what is here, what it is worth, and what wins.

import { bindingSaid, flipSaid, verdictSaid } from "./answer.js";
import { namedPlace } from "./answers.js";
import { beforeSentence } from "./before.js";
import { capital, count, interval, milliseconds, rate } from "./format.js";
import { standingAt } from "./readouts.js";
import { auditSentence, findingsAt, tailSentence } from "./remarks.js";

// "Batch 16 × concurrency 8: 41 800 requests/s, p50 3.10 ms, p99 9.80 ms (9.10 to 11.0 ms, n = 2400). On the frontier."
export function sentenceFor(context, state) {
  const { payload, grid } = context;
  const cell = grid.cellAt(state.index);
  const place = capital(grid.placeOf(cell));
  const hole = grid.holeAt(state.slice, cell);
  const here = hole ? `${place}: ${hole}.` : `${place}: ${numbersSaid(context, state, cell)}.`;
  const parts = [here, hole ? "" : standingAt(context, state), auditSentence(findingsAt(payload, state.slice, cell)), tailSentence(state, cell), beforeSentence(context, state), answerSaid(context, state)];
  return parts.filter(Boolean).join(" ");
}

function numbersSaid({ payload, grid }, state, cell) {
  const number = (metric) => grid.number(state.slice, metric, cell);
  const told = [...new Set(["p50", state.percentile])].filter((name) => payload.percentiles.includes(name)).map((name) => {
    const value = number(`latency_${name}_ms`);
    if (value === null) return `${name} not known`;
    if (name !== state.percentile) return `${name} ${milliseconds(value)}`;
    const ends = interval(number(`latency_${name}_ms_lo`), number(`latency_${name}_ms_hi`), value, "time");
    return `${name} ${milliseconds(value)} (${ends ? `${ends}, ` : ""}n = ${count(state.slice.n[cell])})`;
  });
  return [rate(number("throughput_rps")), ...told].join(", ");
}

function answerSaid(context, state) {
  const { grid, answers } = context;
  const answer = answers.answerOf(state);
  if (!answer) return "";
  const asked = `${capital(state.objective.text)}:`;
  if (answer.verdict !== "feasible") return [asked, verdictSaid(context, state, answer), bindingSaid(context, state, answer), flipSaid(context, state)].filter(Boolean).join(" ");
  const second = answer.runnerUp >= 0 ? `, runner-up ${namedPlace(grid, state.slice, answer.runnerUp)}` : "";
  return [`${asked} ${namedPlace(grid, state.slice, answer.point)} wins${second}.`, bindingSaid(context, state, answer), flipSaid(context, state)].filter(Boolean).join(" ");
}
