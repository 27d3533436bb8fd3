// Where the time goes at the chosen point: the mean, the median and the tail side by side, each part in words.

import { html, setText } from "./dom.js";
import { milliseconds } from "./format.js";
import { ROWS_AT, createWaterfall, stageName } from "./waterfall.js";

export function breakdownPanel({ payload, grid }) {
  const { element, layer, key, resize, ...waterfall } = createWaterfall(payload.stages);
  const aside = html("p", { class: "panel-note" });

  function place(state) {
    const cell = grid.cellAt(state.index);
    const parts = ROWS_AT.map((at) => partsAt(state, at, cell));
    const absent = grid.holeAt(state.slice, cell) || "where the time goes was not recorded";
    const drawn = waterfall.place(parts, { told: toldRow(state, cell), chosen: state.percentile, absent });
    aside.hidden = !drawn;
    if (drawn) setText(aside, asideFor(state, cell));
  }

  // The row that is told in words: that of the chosen percentile, or else the tail, or else the median.
  function toldRow(state, cell) {
    return [state.percentile, "p99", "p50"].find((at) => ROWS_AT.includes(at) && partsAt(state, at, cell).length) ?? "p50";
  }

  function asideFor(state, cell) {
    const at = toldRow(state, cell);
    return at === state.percentile ? "" : `The parts of the ${state.percentile} are not kept; told are those of the ${at}.`;
  }

  function partsAt(state, at, cell) {
    return payload.stages
      .map((stage) => ({ stage, value: grid.number(state.slice, `at_${at}_${stage}_ms`, cell) }))
      .filter((part) => part.value !== null && part.value !== 0);
  }

  function told(state) {
    const cell = grid.cellAt(state.index);
    const at = toldRow(state, cell);
    const said = partsAt(state, at, cell).map((part) => `${stageName(part.stage)} ${milliseconds(part.value)}`);
    return said.length ? `At ${at}: ${said.join(", ")}. ${asideFor(state, cell)}`.trim() : grid.holeAt(state.slice, cell) || "Not recorded here.";
  }

  return { element, key, aside, layer, resize, place, told };
}
