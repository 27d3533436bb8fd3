// What is said of a point besides its numbers: the audit's findings, and what makes its tail.

import { html, setText } from "./dom.js";
import { capital, count } from "./format.js";

const NOUNS = new Map([["error", "error"], ["warning", "warning"], ["info", "note"]]);
const MOST_NAMED = 4;

// [[severity, check, sentence], …] of a cell, worst first; null when nothing was audited.
export function findingsAt(payload, slice, cell) {
  if (!payload.findings) return null;
  const places = payload.findings.cells[payload.slices.indexOf(slice)][cell] ?? [];
  return places.map((place) => payload.findings.said[place]);
}

// "Audit: 1 error, 2 warnings: Little's law, errors." or "Audit: no finding."; "" when nothing was audited.
export function auditSentence(findings) {
  if (!findings) return "";
  if (!findings.length) return "Audit: no finding.";
  // Beside what is grave, what is only worth knowing is counted and not named.
  const grave = findings.filter(([severity]) => severity !== "info");
  const named = [...new Set((grave.length ? grave : findings).map(([, check]) => check))];
  const more = named.length > MOST_NAMED ? [`${named.length - MOST_NAMED} more`] : [];
  return `Audit: ${countsSaid(findings)}: ${[...named.slice(0, MOST_NAMED), ...more].join(", ")}.`;
}

// "1 error, 2 warnings"
export function countsSaid(findings) {
  const counts = new Map();
  for (const [severity] of findings) counts.set(severity, (counts.get(severity) ?? 0) + 1);
  return [...counts].map(([severity, number]) => `${count(number)} ${nounOf(severity)}${number === 1 ? "" : "s"}`).join(", ");
}

function nounOf(severity) {
  return NOUNS.get(severity) ?? severity;
}

export function createAudit(payload) {
  const summary = html("summary", {});
  const list = html("ul", {});
  const element = html("details", { class: "audit", "data-readout": "audit", hidden: true }, summary, list);

  function show(slice, cell) {
    const findings = findingsAt(payload, slice, cell) ?? [];
    element.hidden = findings.length === 0;
    setText(summary, `Audit: ${countsSaid(findings)}`);
    list.replaceChildren(...findings.map(([severity, check, sentence]) => html("li", {}, html("span", { class: NOUNS.has(severity) ? `severity ${severity}` : "severity" }, nounOf(severity)), ` ${capital(check)}: ${sentence}`)));
  }

  return { element, show };
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
