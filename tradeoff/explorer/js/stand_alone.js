// A widget in a page of its own: a model in memory, plotly.js from the page itself, no kernel and no network.

function createModel(state) {
  const listeners = new Map();
  const emit = (name, ...told) => {
    for (const listener of [...(listeners.get(name) ?? [])]) listener(...told);
  };
  return {
    get: (key) => state[key],
    set(key, value) {
      if (Object.is(state[key], value)) return;
      state[key] = value;
      emit(`change:${key}`);
      emit("change");
    },
    save_changes() {},
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    off: (name, listener) => listeners.set(name, (listeners.get(name) ?? []).filter((other) => other !== listener)),
    send(content) {
      if (content.kind !== "plotly") return;
      const bytes = fromBase64(document.getElementById("tradeoff-plotly").textContent);
      queueMicrotask(() => emit("msg:custom", { kind: "plotly", version: content.version }, [bytes]));
    },
  };
}

function fromBase64(text) {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function standAlone(render) {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const model = createModel({ ...read("tradeoff-state"), payload: read("tradeoff-payload") });
  globalThis.tradeoff = { model }; // for whoever wants to drive the page by script
  render({ model, el: document.getElementById("tradeoff-explorer") });
}
