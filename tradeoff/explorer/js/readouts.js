// The numbers at the chosen point, the answer under the limit, and one sentence for those who listen.

import { html, setText } from "./dom.js";
import { capital, count, interval, milliseconds, rate, three } from "./format.js";
import { createReadout } from "./readout.js";
import { answerOf, limitOf, objectiveOf, verdictAt } from "./state.js";

const MEETS = { feasible: "meets the limit", undecided: "may meet the limit", infeasible: "does not meet the limit" };
const LABELS = { frontier: "on the frontier", ambiguous: "ambiguous: intervals overlap with a better point", dominated: "dominated by another point" };

export function createReadouts({ payload, grid }) {
  const names = ["throughput", ...payload.percentiles];
  const items = Object.fromEntries(names.map((name) => [name, createReadout(name)]));
  const standing = html("p", { class: "standing", "data-readout": "standing" });
  const element = html("div", { class: "readouts", role: "group", "aria-label": "at the chosen point" }, ...names.map((name) => items[name].element), standing);

  function show(state) {
    const cell = grid.cellAt(state.index);
    const hole = grid.holeAt(state.slice, cell);
    const number = (metric) => grid.number(state.slice, metric, cell);
    const ends = (metric) => [number(`${metric}_lo`), number(`${metric}_hi`)];
    const wanted = new Set(["p50", "p99", state.percentile]);
    const throughput = number("throughput_rps");
    items.throughput.set(throughput === null ? null : [three(throughput), "requests/s"], throughput === null ? "" : interval(...ends("throughput_rps"), throughput), hole);
    for (const name of payload.percentiles) {
      const value = number(`latency_${name}_ms`);
      items[name].element.hidden = !wanted.has(name);
      items[name].element.classList.toggle("chosen", name === state.percentile);
      const counted = `n\u00a0=\u00a0${count(state.slice.n[cell])}`;
      const detail = value === null ? counted : [interval(...ends(`latency_${name}_ms`), value, "time"), counted].filter(Boolean).join(", ");
      items[name].set(value === null ? null : milliseconds(value).split(" "), hole ? "" : detail, hole ? "not measured" : "too few samples");
    }
    setText(standing, standingAt(payload, grid, state));
  }

  return { element, show };
}

function standingAt(payload, grid, state) {
  const cell = grid.cellAt(state.index);
  if (!grid.isMeasured(state.slice, cell)) return "";
  const label = state.slice.frontier[state.percentile]?.[cell];
  const verdict = verdictAt(payload, state, cell);
  const flags = (state.slice.flags[cell] ?? []).map((flag) => flag.replaceAll("_", " "));
  const said = [label ? `${capital(LABELS[label])}.` : ""];
  if (grid.unusable.has(state.slice.status[cell])) said.push(`${capital(state.slice.status[cell])}: no decision may rest on it.`);
  if (verdict) said.push(`${capital(MEETS[verdict])}.`);
  if (flags.length) said.push(`Flags: ${flags.join(", ")}.`);
  return said.filter(Boolean).join(" ");
}

// "Batch 16 × concurrency 8: 41 800 requests/s, p50 3.10 ms, p99 9.80 ms (9.10 to 11.0 ms, n = 2400). On the frontier."
export function sentenceFor(payload, grid, state) {
  const cell = grid.cellAt(state.index);
  const place = capital(grid.placeOf(cell));
  const hole = grid.holeAt(state.slice, cell);
  const answer = answerSentence(payload, grid, state);
  if (hole) return [`${place}: ${hole}.`, answer].filter(Boolean).join(" ");
  const number = (metric) => grid.number(state.slice, metric, cell);
  const told = [...new Set(["p50", state.percentile])].filter((name) => payload.percentiles.includes(name)).map((name) => {
    const value = number(`latency_${name}_ms`);
    if (value === null) return `${name} not known`;
    if (name !== state.percentile) return `${name} ${milliseconds(value)}`;
    const ends = interval(number(`latency_${name}_ms_lo`), number(`latency_${name}_ms_hi`), value, "time");
    return `${name} ${milliseconds(value)} (${ends ? `${ends}, ` : ""}n = ${count(state.slice.n[cell])})`;
  });
  return [`${place}: ${[rate(number("throughput_rps")), ...told].join(", ")}.`, standingAt(payload, grid, state), answer].filter(Boolean).join(" ");
}

function answerSentence(payload, grid, state) {
  const answer = answerOf(payload, state);
  if (!answer) return "";
  const limit = `${state.percentile} at most ${milliseconds(limitOf(payload, state))}`;
  if (answer.verdict === "feasible") return `Winner with ${limit}: ${grid.placeOf(answer.point)}.`;
  if (answer.verdict === "undecided") return `No point surely has ${limit}.`;
  return `No point has ${limit}.`;
}

// go(cell) moves the sliders to a point.
export function createAnswer({ payload, grid }, go) {
  const objective = html("p", { class: "objective", "data-readout": "objective" });
  const rows = ["winner", "runner_up", "contender"].map((name) => createAnswerRow(name, go));
  const verdict = html("p", { class: "verdict", "data-readout": "verdict" });
  const element = html("div", { class: "answer", role: "group", "aria-label": "under the limit" }, verdict, ...rows.map((row) => row.element));

  function show(state) {
    const answer = answerOf(payload, state);
    setText(objective, objectiveOf(payload, state) || "no limit declared");
    objective.classList.toggle("undeclared", state.limit === null);
    const [winner, second, contender] = rows;
    for (const row of rows) row.hide();
    if (state.limit === null) {
      const known = payload.limits_ms.length > 0;
      setText(verdict, known ? "Move the limit: the best throughput that surely meets it is named here." : "No latency is known: there is nothing to limit.");
      return;
    }
    if (!answer) {
      setText(verdict, `No point has a ${state.percentile}.`);
      return;
    }
    const told = (cell) => answerText(grid, state, cell);
    if (answer.verdict === "feasible") {
      setText(verdict, "");
      winner.set("winner", answer.point, grid.placeOf(answer.point), told(answer.point));
      if (answer.runnerUp >= 0) second.set("runner-up", answer.runnerUp, grid.placeOf(answer.runnerUp), told(answer.runnerUp));
      if (answer.contender >= 0) contender.set("undecided", answer.contender, grid.placeOf(answer.contender), told(answer.contender));
    } else if (answer.verdict === "undecided") {
      setText(verdict, `No point surely meets the limit; ${answer.undecided} may. Measure longer to know.`);
      contender.set("best that may", answer.point, grid.placeOf(answer.point), told(answer.point));
    } else {
      setText(verdict, "No point meets the limit.");
      contender.set("nearest", answer.point, grid.placeOf(answer.point), told(answer.point));
    }
  }

  return { element, objective, show };
}

function createAnswerRow(name, go) {
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
      setText(label, said);
      setText(button, place);
      setText(detail, told);
      element.hidden = false;
    },
  };
}

function answerText(grid, state, cell) {
  const number = (metric) => grid.number(state.slice, metric, cell);
  const metric = `latency_${state.percentile}_ms`;
  const ends = interval(number(`${metric}_lo`), number(`${metric}_hi`), number(metric), "time");
  return `${rate(number("throughput_rps"))}, ${state.percentile} ${milliseconds(number(metric))}${ends ? ` (${ends})` : ""}`;
}
