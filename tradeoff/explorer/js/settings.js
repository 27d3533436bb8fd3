// What the sliders of what-if say, read from the model and written to it.

export const SETTINGS = ["loop", "request_rate", "clients", "think_ms", "max_batch_size", "max_wait_ms", "workers", "host_ms", "percentile", "limit_ms", "needed"];

export function readSettings(model) {
  return Object.fromEntries(SETTINGS.map((name) => [name, model.get(name) ?? null]));
}

export function writeSettings(model, settings, reading) {
  const { percentile, limit_ms: limit } = settings;
  const objective = limit === null ? "" : `maximize throughput subject to ${percentile} <= ${limit} ms`;
  let changed = false;
  for (const [name, value] of Object.entries({ ...settings, objective, ...(reading && { reading }) })) {
    if (JSON.stringify(model.get(name)) === JSON.stringify(value)) continue;
    model.set(name, value);
    changed = true;
  }
  if (changed) model.save_changes();
}

// Whether two settings give the same curve: all but the load itself and what is asked of it.
export function sameCurve(one, other) {
  return sameOthers(one, other) && one.max_batch_size === other.max_batch_size;
}

// Whether the curves of other batch sizes are the same.
export function sameOthers(one, other) {
  const names = ["loop", "max_wait_ms", "workers", "host_ms", ...(one.loop === "closed" ? ["think_ms"] : [])];
  return names.every((name) => one[name] === other[name]);
}
