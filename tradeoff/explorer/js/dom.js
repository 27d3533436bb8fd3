// Making elements. Text from data only ever becomes a text node or an attribute: nothing here parses markup.

const SVG = "http://www.w3.org/2000/svg";

export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element, visible) {
  if (visible) element.removeAttribute("display");
  else element.setAttribute("display", "none");
}

// Before a part of the page is made anew: what puts the focus back where it was, and a text half typed.
export function keepFocus(root) {
  const before = root.querySelector("[data-field]:focus, [data-slider]:focus");
  return () => {
    const [name, value] = Object.entries(before?.dataset ?? {}).find(([key]) => ["field", "slider"].includes(key)) ?? [];
    const now = before && root.querySelector(`[data-${name}="${value}"]`);
    if (!now) return;
    now.focus();
    if (name !== "field") return;
    now.value = before.value;
    now.setSelectionRange(before.selectionStart, before.selectionEnd);
  };
}

let counter = 0;

// An id no other explorer in this document has.
export function uniqueId(stem) {
  counter += 1;
  return `tradeoff-${stem}-${counter}-${Math.random().toString(36).slice(2, 8)}`;
}
