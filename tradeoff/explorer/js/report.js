// A page of one figure, what it says, and its table: renderReport({ model, el }) in the reader's own theme.

import { html } from "./dom.js";
import { loadPlotly } from "./loader.js";
import { currentTheme, watchTheme } from "./theme.js";

export async function renderReport({ model, el }) {
  const { title, sentence, figures, table, notes, plotly_version: version } = model.get("payload");
  const plot = html("div", { class: "report-plot", role: "img", "aria-label": sentence });
  const [heads, ...rows] = table;
  const cells = (tag, texts) => html("tr", {}, ...texts.map((text) => html(tag, {}, text)));
  const root = html("section", { class: "tradeoff-explorer report", "data-theme": currentTheme() },
    html("header", { class: "top" }, html("h2", {}, title)),
    html("p", { class: "sentence", "data-readout": "sentence" }, sentence),
    plot,
    html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "table" }, html("table", {}, html("thead", {}, cells("th", heads)), html("tbody", {}, ...rows.map((texts) => cells("td", texts))))),
    html("dl", { class: "measured" }, ...notes.flatMap(([name, text]) => [html("dt", {}, name), html("dd", {}, text)])),
  );
  el.append(root);
  const Plotly = await loadPlotly(model, version);
  const draw = () => {
    const { data, layout } = figures[root.dataset.theme];
    return Plotly.react(plot, data, { ...layout, width: plot.clientWidth }, { displaylogo: false, displayModeBar: false });
  };
  watchTheme((theme) => {
    root.dataset.theme = theme;
    draw();
  });
  await draw();
  new ResizeObserver(draw).observe(root);
  root.dataset.ready = "";
}
