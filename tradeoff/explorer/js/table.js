// The same numbers as a table, and as a file for a spreadsheet.

import { html } from "./dom.js";
import { download } from "./exports.js";
import { count, exact, milliseconds, three } from "./format.js";
import { countsSaid, findingsAt } from "./remarks.js";

const DANGEROUS = /^[=+\-@\t\r]/; // a spreadsheet would run a text that begins so

export function fillTable(table, { payload, grid }, state) {
  const heads = [...grid.axes.map((axis) => axis.label), "throughput, requests/s", ...payload.percentiles, "n", ...(payload.findings ? ["audit"] : []), "frontier", "status"];
  const body = html("tbody");
  for (const cell of grid.cells()) {
    const slice = state.slice;
    const number = (metric) => grid.number(slice, metric, cell);
    const index = grid.indexOf(cell);
    const hole = grid.holeAt(slice, cell);
    const row = html("tr", { "data-cell": cell });
    grid.axes.forEach((axis, at) => row.append(html(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : {}, exact(axis.values[index[at]]))));
    row.append(html("td", {}, three(number("throughput_rps"))));
    for (const name of payload.percentiles) row.append(html("td", {}, milliseconds(number(`latency_${name}_ms`))));
    row.append(html("td", {}, count(slice.n[cell])));
    if (payload.findings) row.append(html("td", {}, countsSaid(findingsAt(payload, slice, cell)) || "–"));
    row.append(html("td", {}, slice.frontier[state.percentile]?.[cell] ?? "–"));
    row.append(html("td", { class: hole ? "reason" : "" }, hole || slice.status[cell] || "–"));
    body.append(row);
  }
  const head = html("thead", {}, html("tr", {}, ...heads.map((text) => html("th", { scope: "col" }, text))));
  const caption = html("caption", {}, `All points${sliceText(state.slice)}; frontier by ${state.percentile}.`);
  table.replaceChildren(caption, head, body);
}

export function markRow(table, cell) {
  for (const row of table.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
  table.querySelector(`tr[data-cell="${cell}"]`)?.setAttribute("aria-current", "true");
}

export function sliceText(slice) {
  const texts = Object.values(slice.key);
  return texts.length ? ` of ${texts.join(", ")}` : "";
}

export function saveCsv(context) {
  download("tradeoff.csv", "text/csv;charset=utf-8", toCsv(context));
}

// All slices, full precision of the payload, a row a measured or failed point.
export function toCsv({ payload, grid }) {
  const metrics = [...new Set(payload.slices.flatMap((slice) => Object.keys(slice.metrics)))];
  const slicers = payload.slicers.map((slicer) => slicer.column);
  const labels = payload.percentiles.map((name) => `frontier_${name}`);
  const lines = [[...slicers, ...grid.axes.map((axis) => axis.column), ...metrics, "n", ...labels, "status", "reason", "flags"]];
  for (const slice of payload.slices) {
    for (const cell of grid.cells()) {
      if (slice.status[cell] === null && !grid.isMeasured(slice, cell)) continue;
      const index = grid.indexOf(cell);
      lines.push([
        ...slicers.map((name) => slice.key[name]),
        ...grid.axes.map((axis, at) => axis.values[index[at]]),
        ...metrics.map((metric) => grid.number(slice, metric, cell)),
        slice.n[cell],
        ...payload.percentiles.map((name) => slice.frontier[name]?.[cell]),
        slice.status[cell],
        slice.reason[cell],
        (slice.flags[cell] ?? []).join(";"),
      ]);
    }
  }
  return lines.map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n";
}

function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = DANGEROUS.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
