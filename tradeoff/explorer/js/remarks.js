// What is said of a point besides its numbers: the audit's findings, and what makes its tail.

import { html, setText } from "./dom.js";
import { count } from "./format.js";

// [[severity, sentence], …] of a cell, worst first; null when nothing was audited.
export function findingsAt(payload, slice, cell) {
  if (!payload.findings) return null;
  const places = payload.findings.cells[payload.slices.indexOf(slice)][cell] ?? [];
  return places.map((place) => payload.findings.said[place]);
}

// "Audit: 1 warning: the clock drifted." or "Audit: no finding."; "" when nothing was audited.
export function auditSentence(findings) {
  if (!findings) return "";
  if (!findings.length) return "Audit: no finding.";
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
  return `${auditHead(findings)}: ${findings[0][1].replace(/\.$/, "")}${more}.`;
}

// "Audit: 1 error, 2 warnings"
function auditHead(findings) {
  const counts = new Map();
  for (const [severity] of findings) counts.set(severity, (counts.get(severity) ?? 0) + 1);
  return `Audit: ${[...counts].map(([severity, number]) => `${count(number)} ${severity}${number === 1 ? "" : "s"}`).join(", ")}`;
}

export function createAudit(payload) {
  const summary = html("summary", {});
  const list = html("ul", {});
  const element = html("details", { class: "audit", "data-readout": "audit", hidden: true }, summary, list);

  function show(slice, cell) {
    const findings = findingsAt(payload, slice, cell) ?? [];
    element.hidden = findings.length === 0;
    setText(summary, auditHead(findings));
    list.replaceChildren(...findings.map(([severity, sentence]) => html("li", {}, html("span", { class: `severity ${knownSeverity(severity)}` }, severity), ` ${sentence}`)));
  }

  return { element, show };
}

function knownSeverity(severity) {
  return ["error", "warning", "note"].includes(severity) ? severity : "";
}

export function hasTails(payload) {
  return payload.slices.some((slice) => Object.keys(slice.tails).length > 0);
}

export function tailSentence(state, cell) {
  return state.tail ? (state.slice.tails[cell] ?? "What makes the tail is not known here.") : "";
}

// What makes the tail here; it stays open while the sliders move.
export function createTail(id) {
  const element = html("p", { class: "tail", id, "data-readout": "tail", hidden: true });

  function show(state, cell) {
    element.hidden = !state.tail;
    setText(element, tailSentence(state, cell));
  }

  return { element, show };
}
