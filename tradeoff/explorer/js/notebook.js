// A widget in Jupyter: its payload unpacked, its keys kept from JupyterLab.

import { inflate } from "./loader.js";

// What anywidget calls, from what draws.
export function inNotebook(render) {
  return async ({ model, el }) => {
    const release = keepKeys(el);
    const close = await render({ model: await unpacked(model), el });
    return () => {
      release();
      close();
    };
  };
}

// The model with its payload, which travels gzipped: a fourth of the bytes. After a new payload listeners wait until it
// has been unpacked; what else came with it (a limit that is a step of the new payload only) must not be read before.
async function unpacked(model) {
  let packed = null;
  let payload = null;
  let unpacking = null;
  const heardBy = new Map();

  function freshen() {
    if (model.get("payload") === packed) return;
    const mine = (packed = model.get("payload"));
    unpacking = inflate(mine).then((text) => {
      if (packed !== mine) return; // a newer one came meanwhile
      payload = JSON.parse(text);
      unpacking = null;
    });
  }

  function hearer(listener) {
    return async (...told) => {
      freshen();
      while (unpacking) await unpacking;
      listener(...told);
    };
  }

  freshen();
  await unpacking;
  return {
    get: (key) => (key === "payload" ? payload : model.get(key)),
    set: (key, value) => model.set(key, value),
    save_changes: () => model.save_changes(),
    send: (content) => model.send(content),
    on(name, listener) {
      if (!heardBy.has(listener)) heardBy.set(listener, hearer(listener));
      model.on(name, heardBy.get(listener));
    },
    off(name, listener) {
      if (heardBy.has(listener)) model.off(name, heardBy.get(listener));
    },
  };
}

// JupyterLab listens for keys on the document before they reach us: with a slider in focus, arrow keys would select
// cells and "d d" delete one. Lumino leaves a key alone when the element in focus has this attribute. Keys with a
// modifier (save, run the cell) and Escape stay JupyterLab's.
function keepKeys(el) {
  const mark = (event) => {
    if (event.target === el || !el.contains(event.target)) return;
    const typed = event.target.matches("input[type=text]") && event.key.length === 1; // capitals, and "<" with shift
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && (!event.shiftKey || typed) && event.key !== "Escape";
    event.target.toggleAttribute("data-lm-suppress-shortcuts", plain);
  };
  window.addEventListener("keydown", mark, true);
  return () => window.removeEventListener("keydown", mark, true);
}
