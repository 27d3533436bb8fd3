// Where everything stands: controls, numbers, panels, the sentence, the table, how it was measured, and files.

import { html } from "./dom.js";
import { saveSvg } from "./exports.js";
import { createAudit } from "./remarks.js";
import { sentenceFor } from "./sentence.js";
import { saveCsv } from "./table.js";

export function assemble(root, context, { controls, asking, readouts, answer, panels, state }) {
  const { payload } = context;
  const sentence = html("p", { class: "sentence", role: "status", "aria-live": "polite", "data-readout": "sentence" });
  const alert = html("p", { class: "trouble", role: "alert", hidden: true });
  const table = html("table", { "data-table": "points" });
  const audit = createAudit(payload);
  const csv = button("CSV", "all points as a CSV file", () => saveCsv(context));
  const svg = button("SVG", "the panels as they stand as one SVG file", () =>
    saveSvg(root, panels.all.map((panel) => panel.element), sentenceFor(context, state())),
  );
  root.replaceChildren(
    html("header", { class: "top" },
      html("h2", {}, payload.title),
      html("div", { class: "selects" }, ...controls.slicers.map((slicer) => slicer.element)),
      asking.element,
      answer.objective,
    ),
    html("div", { class: "controls" },
      html("div", { class: "here-side" }, html("div", { class: "sliders" }, ...controls.sliders.map((slider) => slider.element)), readouts.element),
      html("div", { class: "limit-side" }, html("div", { class: "sliders" }, controls.limit.element, html("div", { class: "choices" }, controls.limit.which, controls.axis.element)), controls.limit.words, answer.element),
    ),
    alert,
    html("div", { class: "panels" }, ...panels.all.map((panel) => panel.element)),
    sentence,
    html("footer", { class: "foot" },
      html("details", {}, html("summary", {}, "table"), html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "all points" }, table)),
      html("details", {}, html("summary", {}, "how this was measured"), measuredList(payload)),
      audit.element,
      html("div", { class: "files" }, csv, svg),
    ),
  );
  return {
    sentence,
    audit,
    table,
    trouble(message) {
      alert.textContent = message;
      alert.hidden = false;
    },
  };
}

function button(text, title, clicked) {
  const element = html("button", { type: "button", title, "data-save": text.toLowerCase() }, `⤓ ${text}`);
  element.addEventListener("click", clicked);
  return element;
}

function measuredList(payload) {
  const entries = [
    ...payload.measured,
    ...Object.entries(payload.flags).map(([flag, meaning]) => [`flag: ${flag.replaceAll("_", " ")}`, meaning]),
    ...payload.notes.map((note) => ["note", note]),
  ];
  return html("dl", { class: "measured" }, ...entries.flatMap(([name, text]) => [html("dt", {}, name), html("dd", {}, text)]));
}
