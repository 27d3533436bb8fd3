// The frame of a panel: a heading, what stands beside it, and room for what is drawn.

import { html } from "./dom.js";

export function createFrame(name, title, ...below) {
  const heading = html("h3", {}, title);
  const holder = html("div", { class: "holder", role: "img" });
  const element = html("section", { class: `panel ${name}`, "data-panel": name }, html("div", { class: "panel-head" }, heading, ...below), holder);
  return { element, heading, holder };
}
