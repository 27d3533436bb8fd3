// A slider over steps, a drop-down.

import { html, setAttributes, setText, uniqueId } from "./dom.js";

export function createSlider({ name, column, size, shown, spoken, moved, settled }) {
  const id = uniqueId("slider");
  const value = html("output", { class: "slider-value", for: id });
  const label = html("span", { class: "slider-name" }, name);
  const input = html("input", { type: "range", id, min: 0, max: Math.max(0, size - 1), step: 1, "data-slider": column });
  if (size < 2) input.disabled = true;
  const element = html("label", { class: `slider ${column === "limit" ? "limit" : "axis"}`, for: id }, html("span", { class: "slider-head" }, label, value), input);

  // `exact`: the text of a value that lies between two steps
  function tell(place, exact = null) {
    setText(value, exact ?? shown(place));
    setAttributes(input, { "aria-valuetext": exact === null ? spoken(place) : `${label.textContent} ${exact}` });
  }
  input.addEventListener("input", () => {
    tell(Number(input.value));
    moved(Number(input.value));
  });
  input.addEventListener("change", settled);

  return {
    element,
    name: label,
    input,
    set(place, exact = null) {
      if (Number(input.value) !== place) input.value = String(place);
      tell(place, exact);
    },
  };
}

export function createSelect(name, options, chosen, column = null) {
  const select = html("select", column === null ? { "data-select": name } : { "data-select": column });
  for (const text of options) select.append(html("option", { value: text }, text));
  select.addEventListener("change", () => chosen(select.value));
  return {
    element: html("label", { class: "select" }, html("span", {}, name), select),
    set(text) {
      if (select.value !== text) select.value = text;
    },
    mark(possible) {
      for (const option of select.options) option.classList.toggle("elsewhere", !possible(option.value));
    },
  };
}
