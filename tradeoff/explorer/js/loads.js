// Which loads of a server are looked at before anything is known of it, and what is known without simulating.

import { batchMs } from "./queue.js";
import { PERCENTILES } from "./summary.js";

const FRACTIONS = [0.02, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.68, 0.76, 0.83, 0.89, 0.92, 0.95]; // of capacity
const ALONE = 0.02; // requests that come within another's wait and service, at the lowest load: as good as none
const LOWER = 3; // how much lower each further low load is
const EACH = 48; // clients up to which each number of them is looked at
const WIDER = 1.06; // of the numbers of clients beyond

export function createLoads(payload) {
  const table = payload.table;
  const meanMs = createMeans(table);

  // Requests a second that all workers complete in full batches.
  function capacityOf({ max_batch_size: size, workers, host_ms: host }) {
    return (1e3 * workers * size) / (meanMs(size, workers) + host);
  }

  // An open loop at capacity or beyond: the queue grows without end, and no percentile has a value.
  function isBeyond(settings, load) {
    return settings.loop === "open" && load >= capacityOf(settings);
  }

  // The percentile of a request that meets no other: what the latency comes to as an open load goes to nothing.
  function aloneMs({ max_batch_size: size, max_wait_ms: wait, host_ms: host, percentile }) {
    const p = PERCENTILES[payload.percentiles.indexOf(percentile)];
    return (size > 1 ? wait : 0) + host + batchMs(table, 1, 1, p) + payload.network_ms;
  }

  // In order, the load that is asked for among them.
  function loadsOf(settings, isResting) {
    const loads = settings.loop === "open" ? openLoads(settings) : closedLoads(settings, isResting);
    if (!isBeyond(settings, loadOf(settings))) loads.push(loadOf(settings));
    return [...new Set(loads)].sort((a, b) => a - b);
  }

  // Where the wait is long, batches begin to fill at loads far below a hundredth of capacity.
  function openLoads(settings) {
    const loads = FRACTIONS.map((part) => part * capacityOf(settings));
    const lowest = (1e3 * ALONE) / (settings.max_wait_ms + settings.host_ms + meanMs(1, 1));
    for (let load = loads[0] / LOWER; load > lowest / LOWER; load /= LOWER) loads.push(load);
    return loads;
  }

  function closedLoads(settings, isResting) {
    const most = Math.max(2 * settings.clients, 4 * settings.workers * settings.max_batch_size);
    const next = (load) => (isResting ? Math.max(load + 1, load < EACH ? 0 : WIDER * load) : Math.SQRT2 * load);
    const loads = [most];
    for (let load = 1; load < most; load = next(load)) loads.push(Math.round(load));
    return loads;
  }

  return { capacityOf, isBeyond, aloneMs, loadsOf };
}

export function loadOf(settings) {
  return settings.loop === "closed" ? settings.clients : settings.request_rate;
}

// The mean time of a batch of a size with so many under way.
export function createMeans(table) {
  const means = new Map();
  return (size, underWay) => {
    const at = (Math.min(underWay, table.rows) - 1) * table.columns + size;
    if (!means.has(at)) means.set(at, meanOf(table, at));
    return means.get(at);
  };
}

function meanOf(table, at) {
  const mean = (from, n) => table.times.slice(from, from + n).reduce((sum, time) => sum + time, 0) / n;
  const high = mean(table.highAt[at], table.highN[at]);
  const part = table.weight[at];
  return part === 1 ? high : mean(table.lowAt[at], table.lowN[at]) * (1 - part) + high * part;
}
