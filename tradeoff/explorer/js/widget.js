// The entry for Jupyter: what anywidget looks for.

import { render } from "./explorer.js";

async function renderInNotebook({ model, el }) {
  const release = keepKeys(el);
  const close = await render({ model, el });
  return () => {
    release();
    close();
  };
}

// JupyterLab listens for keys on the document before they reach us: with a slider in focus, arrow keys would select
// cells and "d d" delete one. Lumino leaves a key alone when the element in focus has this attribute. Keys with a
// modifier (save, run the cell) and Escape stay JupyterLab's.
function keepKeys(el) {
  const mark = (event) => {
    if (event.target === el || !el.contains(event.target)) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey && event.key !== "Escape";
    event.target.toggleAttribute("data-lm-suppress-shortcuts", plain);
  };
  window.addEventListener("keydown", mark, true);
  return () => window.removeEventListener("keydown", mark, true);
}

export default { render: renderInNotebook };
