// A slider over steps, a drop-down.

import { html, setAttributes, setText, uniqueId } from "./dom.js";

export function createSlider({ name, column, size, shown, spoken, moved, settled }) {
  const id = uniqueId("slider");
  const value = html("output", { class: "slider-value", for: id });
  const label = html("span", { class: "slider-name" }, name);
  const input = html("input", { type: "range", id, min: 0, max: Math.max(0, size - 1), step: 1, "data-slider": column });
  input.disabled = size < 2;
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
    resize(steps) {
      setAttributes(input, { max: Math.max(0, steps - 1) });
      input.disabled = steps < 2;
    },
    set(place, exact = null) {
      if (Number(input.value) !== place) input.value = String(place);
      tell(place, exact);
    },
  };
}

export function createSelect(name, options, chosen, column = null) {
  const select = html("select", column === null ? { "data-select": name } : { "data-select": column });
  const texts = () => [...select.options].map((option) => option.value);
  function offer(wanted) {
    if (JSON.stringify(wanted) !== JSON.stringify(texts())) select.replaceChildren(...wanted.map((text) => html("option", { value: text }, text)));
  }
  offer(options);
  select.addEventListener("change", () => chosen(select.value));
  return {
    element: html("label", { class: "select" }, html("span", {}, name), select),
    texts,
    offer,
    set(text) {
      if (select.value !== text) select.value = text;
    },
    mark(possible) {
      for (const option of select.options) option.classList.toggle("elsewhere", !possible(option.value));
    },
  };
}
