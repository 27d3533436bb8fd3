// What answers the objective: winner, runner-up, what binds, and where the winner changes. Empty until one is declared.

import { constraintSaid, fromSaid, namedPlace, valueSaid } from "./answers.js";
import { html, setText } from "./dom.js";
import { capital, interval, rate } from "./format.js";
import { winnerAt } from "./limit.js";
import { limitOf } from "./objective.js";

// go(cell) moves the sliders to a point.
export function createAnswer(context, go) {
  const { payload, grid, answers, before } = context;
  const objective = html("p", { class: "objective", "data-readout": "objective" });
  const rows = Object.fromEntries(["winner", "runner_up", "contender", "before"].map((name) => [name, createRow(name, go)]));
  const verdict = html("p", { class: "verdict", "data-readout": "verdict" });
  const choice = html("p", { class: "verdict", "data-readout": "choice" });
  const binding = html("span", { "data-readout": "binding" });
  const flips = html("span", { "data-readout": "flips" });
  const element = html("div", { class: before ? "answer compared" : "answer", role: "group", "aria-label": "what answers the objective" }, verdict, ...Object.values(rows).map((row) => row.element), choice, html("p", { class: "verdict" }, binding, " ", flips));

  function show(state) {
    setText(objective, state.objective?.text ?? "no objective declared");
    objective.classList.toggle("undeclared", state.objective === null);
    const answer = answers.answerOf(state);
    for (const row of Object.values(rows)) row.hide();
    setText(verdict, answer ? verdictSaid(context, state, answer) : undeclaredSaid(payload));
    setText(choice, answer?.verdict ? choiceSaid(context, state, answer) : "");
    setText(binding, answer ? bindingSaid(context, state, answer) : "");
    setText(flips, answer ? flipSaid(context, state) : "");
    if (!answer?.verdict) return;
    const put = (row, said, cell) => cell >= 0 && rows[row].set(said, cell, namedPlace(grid, state.slice, cell), reachedSaid(payload, grid, state.slice, state.objective, cell, answer));
    if (answer.verdict === "feasible") {
      put("winner", "winner", answer.point);
      put("runner_up", "runner-up", answer.runnerUp);
      put("contender", "undecided", answer.contender);
    } else {
      put("contender", answer.verdict === "undecided" ? "best that may" : "nearest", answer.point);
    }
    const then = before?.answerOf(state);
    if (then?.verdict !== "feasible") return;
    rows.before.set("won before", before.hereOf(then.point), namedPlace(before.grid, before.sliceOf(state.slice), then.point), reachedSaid(payload, before.grid, before.sliceOf(state.slice), state.objective, then.point));
  }

  return { element, objective, show };
}

function undeclaredSaid(payload) {
  const known = payload.percentiles.some((name) => payload.metrics[`latency_${name}_ms`]?.steps.length);
  return known ? "Declare an objective, or move the limit: what wins is named here." : "No latency is known: there is nothing to limit.";
}

export function verdictSaid({ grid, answers }, state, answer) {
  if (!answer.verdict) return `${capital(answer.why)}.`;
  if (answer.verdict === "feasible") return "";
  const { constraints } = state.objective;
  const named = constraints.length === 0 ? "the objective" : constraints.length === 1 ? "the limit" : "all limits";
  const why = answers.whyOpenAt(state, answer.point);
  if (answer.verdict === "undecided") return `No point surely meets ${named}; ${namedPlace(grid, state.slice, answer.point)} may. ${why.length ? `${capital(why.join("; "))}.` : "Measure longer to know."}`;
  return `No point meets ${named}.`;
}

// For which choice the winner's intervals allow, and from which points it cannot be told.
export function choiceSaid({ payload, grid }, state, answer) {
  const said = answer.among > 1 ? [`Its intervals allow for the choice among ${answer.among} points.`] : [];
  const { metric } = state.objective;
  const others = answer.alike.filter((cell) => grid.number(state.slice, metric, cell) !== grid.number(state.slice, metric, answer.point));
  if (others.length) {
    const named = others.length === 1 ? namedPlace(grid, state.slice, others[0]) : `${others.length} other points`;
    const preferred = payload.metrics[answer.preferred];
    const word = preferred?.better === "higher" ? "high" : "low";
    const taken = preferred ? `: the one with the ${word}${others.length === 1 ? "er" : "est"} ${preferred.short} is taken.` : ": measure longer.";
    said.push(`It cannot be told from ${named} in ${payload.metrics[metric].short}${taken}`);
  }
  return said.join(" ");
}

export function bindingSaid({ payload }, state, answer) {
  const { constraints } = state.objective;
  if (answer.shortfall >= 0) return constraints.length > 1 ? `Missed by most: ${constraintSaid(payload, constraints[answer.shortfall])}.` : "";
  if (!answer.verdict || !constraints.length) return "";
  return answer.binding >= 0 ? `Binding: ${constraintSaid(payload, constraints[answer.binding])}.` : "No limit binds: none keeps a better point out.";
}

// "From 4.24 ms on batch 16 × concurrency 4 wins."
export function flipSaid({ payload, grid, answers }, state) {
  const { metric, comparison, limit } = limitOf(state);
  const found = answers.flipsOf(state);
  const next = found[winnerAt(found, comparison, limit) + 1];
  if (!next) return "";
  const from = fromSaid(payload, { metric, comparison }, next.limit);
  const moving = state.objective.constraints.length > 1 ? `With ${payload.metrics[metric].short} ${from}` : capital(from);
  return `${moving}, ${namedPlace(grid, state.slice, next.cell)} wins.`;
}

// "41 800 requests/s, p99 9.80 ms (9.10 to 11.0 ms)": what an objective is about, at one point.
// Of the point that answers, `answer` has intervals that allow for the choice.
function reachedSaid(payload, grid, slice, objective, cell, answer = null) {
  const metrics = [...new Set([objective.metric, ...objective.constraints.map((one) => one.metric)])];
  const told = metrics.map((metric) => {
    const value = grid.number(slice, metric, cell);
    const isWide = answer?.among > 1 && answer.point === cell && ["_lo", "_hi"].some((end) => grid.number(slice, metric + end, cell) !== null);
    const [low, high] = isWide ? answer.ends(metric) : ["_lo", "_hi"].map((end) => grid.number(slice, metric + end, cell));
    if (metric === "throughput_rps") return isWide ? `${rate(value)} (${interval(low, high, value)})` : rate(value);
    const isTime = payload.metrics[metric].unit === "ms";
    const ends = isTime && value !== null ? interval(low, high, value, "time") || "no interval" : "";
    return `${payload.metrics[metric].short} ${valueSaid(payload, metric, value)}${ends ? ` (${ends})` : ""}`;
  });
  return told.join(", ") + (slice.turned_away?.[cell] ? `. ${slice.turned_away[cell]}` : "");
}

function createRow(name, go) {
  const label = html("span", { class: "answer-name" });
  const button = html("button", { type: "button", class: "place", title: "move the sliders there" });
  const detail = html("span", { class: "detail" });
  const element = html("p", { class: `answer-row ${name}`, "data-readout": name, hidden: true }, label, " ", button, " ", detail);
  let target = -1;
  button.addEventListener("click", () => go(target));
  return {
    element,
    hide: () => {
      element.hidden = true;
    },
    set(said, cell, place, told) {
      target = cell;
      button.disabled = cell < 0; // measured before, and not now
      setText(label, said);
      setText(button, place);
      setText(detail, told);
      element.hidden = false;
    },
  };
}
