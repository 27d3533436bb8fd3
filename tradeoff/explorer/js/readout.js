// One number with its unit and what it is worth.

import { html, setText } from "./dom.js";

export function createReadout(name) {
  const number = html("span", { class: "number" });
  const unit = html("span", { class: "unit" });
  const value = html("span", { class: "value", "data-readout": name }, number, unit);
  const detail = html("span", { class: "detail", "data-detail": name });
  const element = html("div", { class: "readout" }, html("span", { class: "readout-name" }, name), value, detail);
  return {
    element,
    // parts: [number, unit], or null where `absent` says why there is none
    set(parts, told, absent) {
      value.classList.toggle("absent", parts === null);
      setText(number, parts === null ? absent : parts[0]);
      setText(unit, parts === null ? "" : ` ${parts[1]}`);
      setText(detail, told);
    },
  };
}
