// One number with its unit and what it is worth.

import { html, setAttributes, setText } from "./dom.js";

// opens: { toggled(), controls, title } makes the number a button that opens what is said of it.
export function createReadout(name, opens = null) {
  const number = html("span", { class: "number" });
  const unit = html("span", { class: "unit" });
  const held = opens ? { type: "button", "aria-expanded": "false", "aria-controls": opens.controls, title: opens.title } : {};
  const value = html(opens ? "button" : "span", { class: "value", "data-readout": name, ...held }, number, unit);
  if (opens) value.addEventListener("click", opens.toggled);
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
    expand(isOpen) {
      if (opens) setAttributes(value, { "aria-expanded": String(isOpen) });
    },
  };
}
