// What a server would do: one system simulated over its load, quickly while a slider moves and well when it rests.
//
// Settings: { loop, request_rate, clients, think_ms, max_batch_size, max_wait_ms, workers, host_ms }. A load is a
// request rate (open) or a number of clients (closed). A point is { load, status, n, throughput, utilisation,
// batchMean, p50, ... (each { value, lo, hi }), at } or, beyond capacity, { load, status: "saturated" }.

import { roomFor, serve } from "./queue.js";
import { createStreams } from "./streams.js";
import { summarise } from "./summary.js";

const FRACTIONS = [0.02, 0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.68, 0.76, 0.83, 0.89, 0.92, 0.95]; // of capacity
const WHILE_DRAGGED = { replications: 4, fewest: 400, most: 4000, budget_ms: 16 };
const AT_REST = { replications: 5, n: 40_000, others: 4, ofOthers: 8000, steps: 6, longest: 160_000, error: 0.05 };
const OTHER_SIZES = 5;

// Student's t at 97.5 %, by degrees of freedom.
const STUDENT = [NaN, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export function createForecast(payload) {
  const table = payload.table;
  const streams = createStreams(payload.seed);
  const host = new Float64Array(table.columns);
  const ones = new Map();
  const means = new Map();
  let room = roomFor(1024);
  let affordable = WHILE_DRAGGED.fewest * 2;

  function meanMs(size, workers) {
    const at = (Math.min(workers, table.rows) - 1) * table.columns + size;
    if (!means.has(at)) means.set(at, meanOf(table, at));
    return means.get(at);
  }

  // Requests a second that all workers complete in full batches.
  function capacityOf(settings) {
    const { max_batch_size: size, workers, host_ms } = settings;
    return (1e3 * workers * size) / (meanMs(size, workers) + host_ms);
  }

  function systemOf(settings, load) {
    return {
      size: settings.max_batch_size,
      wait: settings.max_wait_ms,
      workers: settings.workers,
      limit: -1,
      perWorker: payload.formation === "per_worker",
      clients: settings.loop === "closed" ? load : 0,
      network: payload.network_ms,
    };
  }

  // One replication.
  function seen(settings, load, replication, n) {
    const system = systemOf(settings, load);
    const length = Math.max(n, 6 * system.clients);
    if (room.arrivals.length < length) room = roomFor(length);
    host.fill(settings.host_ms);
    const closed = settings.loop === "closed";
    const unit = closed ? onesOf(length) : streams.arrivals(replication, length);
    const scale = closed ? settings.think_ms : 1e3 / load;
    const found = serve(system, unit, scale, host, table, streams.luck(replication, length), room);
    const tenth = Math.floor(length / 10);
    const tail = Math.min(tenth, Math.max(Math.floor(length / 100), system.size * system.workers, system.clients));
    return summarise(room, found, { warmUp: tenth, tail, network: system.network, workers: system.workers });
  }

  function onesOf(n) {
    if (!ones.has(n)) ones.set(n, new Float64Array(n).fill(1));
    return ones.get(n);
  }

  function pointOf(settings, load, replications, n) {
    if (isBeyond(settings, load)) return { load, status: "saturated" };
    return gathered(load, Array.from({ length: replications }, (_, replication) => seen(settings, load, replication, n)), payload);
  }

  // An open loop at capacity or beyond: the queue grows without end, and no percentile has a value.
  function isBeyond(settings, load) {
    return settings.loop === "open" && load >= capacityOf(settings);
  }

  function loadsOf(settings) {
    const capacity = capacityOf(settings);
    if (settings.loop === "open") return FRACTIONS.map((part) => part * capacity);
    const most = Math.max(2 * settings.clients, 4 * settings.workers * settings.max_batch_size);
    const loads = new Set();
    for (let load = 1; load < most; load *= Math.SQRT2) loads.add(Math.round(load));
    return [...loads.add(most)];
  }

  function whole(settings, here, curve, more) {
    return { settings: { ...settings }, capacity: capacityOf(settings), here, curve, others: null, ...more };
  }

  // Within a frame: as many requests as this machine has proved to afford.
  function quick(settings) {
    const started = performance.now();
    const n = affordable;
    const { replications } = WHILE_DRAGGED;
    const here = pointOf(settings, loadOf(settings), replications, n);
    const curve = loadsOf(settings).map((load) => pointOf(settings, load, replications, n));
    const took = Math.max(0.1, performance.now() - started);
    const wished = n * Math.min(2, Math.max(0.5, WHILE_DRAGGED.budget_ms / took));
    affordable = Math.round(Math.min(WHILE_DRAGGED.most, Math.max(WHILE_DRAGGED.fewest, wished)));
    return whole(settings, here, curve, { isRefined: false });
  }

  // Step by step, for whoever gives it the time: yields between replications; the curve first, then where it crosses
  // `limit` in ms of `percentile` (null: no limit), then the curves of other batch sizes.
  function* refine(settings, { percentile, limit }) {
    const { replications, n } = AT_REST;
    const here = yield* slowly(settings, loadOf(settings), replications, n, percentile);
    const curve = [];
    for (const load of loadsOf(settings)) curve.push(yield* slowly(settings, load, replications, n));
    if (limit !== null) yield* closeIn(settings, curve, percentile, limit);
    yield whole(settings, here, curve, { isRefined: true });
    const others = [];
    for (const size of otherSizes(payload.steps.max_batch_size)) {
      const other = { ...settings, max_batch_size: size };
      const points = [];
      for (const load of loadsOf(other)) points.push(yield* slowly(other, load, AT_REST.others, AT_REST.ofOthers));
      others.push({ size, points });
    }
    return whole(settings, here, curve, { isRefined: true, others });
  }

  // `wanted`: the percentile that has to be known well, whatever it takes.
  function* slowly(settings, load, replications, n, wanted = null) {
    if (isBeyond(settings, load)) return { load, status: "saturated" };
    for (let length = n; ; length *= 2) {
      const found = [];
      for (let replication = 0; replication < replications; replication += 1) {
        found.push(seen(settings, load, replication, length));
        yield null;
      }
      const point = gathered(load, found, payload);
      const known = wanted === null ? null : point[wanted];
      if (known === null || 2 * length > AT_REST.longest || known.hi - known.value <= AT_REST.error * known.value) return point;
    }
  }

  // Puts points into the curve where it crosses the limit.
  function* closeIn(settings, curve, percentile, limit) {
    for (let step = 0; step < AT_REST.steps; step += 1) {
      const below = lastWithin(curve, percentile, limit);
      if (below < 0 || below === curve.length - 1) return;
      const [low, high] = [curve[below].load, curve[below + 1].load];
      const load = settings.loop === "closed" ? Math.round((low + high) / 2) : (low + high) / 2;
      if (load <= low || load >= high || high < 1.01 * low) return;
      curve.splice(below + 1, 0, yield* slowly(settings, load, AT_REST.replications, AT_REST.n));
    }
  }

  return { capacityOf, quick, refine, loadsOf };
}

export function loadOf(settings) {
  return settings.loop === "closed" ? settings.clients : settings.request_rate;
}

// The last point of a curve that keeps a limit by its best guess; -1 when none does.
export function lastWithin(curve, percentile, limit, end = "value") {
  for (let at = curve.length - 1; at >= 0; at -= 1) {
    if (curve[at].status === "ok" && curve[at][percentile][end] <= limit) return at;
  }
  return -1;
}

function gathered(load, replications, payload) {
  const told = replications.filter((one) => one.n > 0);
  if (!told.length) return { load, status: "too short" };
  const of = (read) => estimate(told.map(read));
  const point = { load, status: "ok", n: told.reduce((sum, one) => sum + one.n, 0) };
  for (const name of ["throughput", "utilisation", "batchMean", "mean", ...payload.percentiles]) point[name] = of((one) => one[name]);
  point.at = {};
  for (const where of ["mean", "p50", "p99"]) {
    const mean = (stage) => told.reduce((sum, one) => sum + one.at[where][stage], 0) / told.length;
    point.at[where] = payload.stages.map((stage) => ({ stage, value: stage === "overhead" ? payload.network_ms : mean(stage) })).filter((part) => part.value > 0);
  }
  return point;
}

function estimate(values) {
  const known = values.filter((value) => Number.isFinite(value));
  if (known.length < values.length) return { value: NaN, lo: NaN, hi: NaN };
  const value = known.reduce((sum, one) => sum + one, 0) / known.length;
  const spread = known.reduce((sum, one) => sum + (one - value) ** 2, 0) / (known.length - 1);
  const half = STUDENT[known.length - 1] * Math.sqrt(spread / known.length);
  return { value, lo: Math.max(0, value - half), hi: value + half };
}

function meanOf(table, at) {
  const mean = (from, n) => table.times.slice(from, from + n).reduce((sum, time) => sum + time, 0) / n;
  const high = mean(table.highAt[at], table.highN[at]);
  const part = table.weight[at];
  return part === 1 ? high : mean(table.lowAt[at], table.lowN[at]) * (1 - part) + high * part;
}

// A few sizes: the largest and powers of two below it.
function otherSizes(sizes) {
  const largest = sizes.at(-1);
  const powers = sizes.filter((size) => size < largest && Number.isInteger(Math.log2(size)));
  const every = Math.ceil(powers.length / (OTHER_SIZES - 1));
  return [...powers.filter((_, at) => (powers.length - at) % every === 0), largest];
}
