// The numbers at the chosen point, and what it is: on the frontier or not, within the limits or not.

import { html, setText, uniqueId } from "./dom.js";
import { capital, count, interval, milliseconds, three } from "./format.js";
import { createReadout } from "./readout.js";
import { createTail, hasTails } from "./remarks.js";

const MEETS = { feasible: "meets", undecided: "may meet", infeasible: "does not meet" };
const LABELS = { frontier: "on the frontier", ambiguous: "ambiguous: intervals overlap with a better point", dominated: "dominated by another point" };

// toggled() opens what is said of the tail, or closes it.
export function createReadouts(context, toggled) {
  const { payload, grid } = context;
  const names = ["throughput", ...payload.percentiles];
  const tail = createTail(uniqueId("tail"));
  const opens = (name) => (name === "p99" && hasTails(payload) ? { toggled, controls: tail.element.id, title: "what makes the tail here" } : null);
  const items = Object.fromEntries(names.map((name) => [name, createReadout(name, opens(name))]));
  const standing = html("p", { class: "standing", "data-readout": "standing" });
  const element = html("div", { class: "readouts", role: "group", "aria-label": "at the chosen point" }, ...names.map((name) => items[name].element), standing, tail.element);

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
    setText(standing, standingAt(context, state));
    tail.show(state, cell);
    items.p99?.expand(state.tail);
  }

  return { element, show };
}

export function standingAt({ grid, answers }, state) {
  const cell = grid.cellAt(state.index);
  if (!grid.isMeasured(state.slice, cell)) return "";
  const label = state.slice.frontier[state.percentile]?.[cell];
  const verdict = answers.verdictAt(state, cell);
  const flags = (state.slice.flags[cell] ?? []).map((flag) => flag.replaceAll("_", " "));
  const said = [label ? `${capital(LABELS[label])}.` : ""];
  if (grid.unusable.has(state.slice.status[cell])) said.push(`${capital(state.slice.status[cell])}: no decision may rest on it.`);
  if (state.slice.marks?.[cell]) said.push(`${capital(state.slice.marks[cell])}: measure it again before relying on it.`);
  if (state.slice.turned_away?.[cell]) said.push(state.slice.turned_away[cell]);
  if (verdict) said.push(`${capital(MEETS[verdict])} ${state.objective.constraints.length > 1 ? "all limits" : "the limit"}.`);
  if (flags.length) said.push(`Flags: ${flags.join(", ")}.`);
  return said.filter(Boolean).join(" ");
}
