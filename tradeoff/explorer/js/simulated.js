// One load of one system, simulated in independent replications that share their draws with all other systems.
//
// A point is { load, status: "ok", n, replications, level, throughput, utilisation, batchMean, mean, p50, …, at }, each
// number { value, lo, hi, each }: of all requests together, its band, and what each replication gave; where a percentile
// has no upper end that is known, `isOpen` says so. Other statuses have no numbers.

import { needsEvents, roomFor, serve } from "./queue.js";
import { createMeans } from "./loads.js";
import { createPool, meanOfEach } from "./pool.js";
import { createStreams } from "./streams.js";
import { summarise } from "./summary.js";

export function createSimulator(payload) {
  const table = payload.table;
  const streams = createStreams(payload.seed);
  const host = new Float64Array(table.columns);
  const isFixed = [...table.lowN, ...table.highN].every((n) => n <= 1);
  const meanMs = createMeans(table);
  const ones = new Map();
  let room = roomFor(1024);
  const pool = createPool();

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

  // Clients that think for a constant time and batches that take a constant time: every replication is the same.
  const isDeterministic = (settings) => settings.loop === "closed" && isFixed;
  // Whether requests have to be followed one by one, which takes longer.
  const isSlow = (settings) => needsEvents(systemOf(settings, 1));

  // Yields between replications, and returns the point.
  function* simulate(settings, load, { replications, n, level }) {
    const system = systemOf(settings, load);
    // Where nothing is drawn one long run stands for all, and its sections for replications: it may take long to settle.
    const wanted = isDeterministic(settings) ? 1 : replications;
    const length = Math.max((n * replications) / wanted, 6 * system.clients);
    if (room.arrivals.length < length) room = roomFor(length);
    const found = [];
    pool.empty(wanted * length);
    for (let replication = 0; replication < wanted; replication += 1) {
      const one = replicate(settings, system, load, replication, length);
      if (one.n > 0) {
        for (const part of sectionsOf(room.latency.subarray(0, one.n), replications / wanted)) pool.add(part, wanted > 1 ? one.luck : 0);
        found.push(one);
      }
      yield null;
    }
    return found.length ? { ...gathered(load, found, pool.percentiles(), payload), level } : { load, status: "too short" };
  }

  function replicate(settings, system, load, replication, n) {
    host.fill(settings.host_ms);
    const isClosed = system.clients > 0;
    const unit = isClosed ? onesOf(n) : streams.arrivals(replication, n);
    const scale = isClosed ? settings.think_ms : 1e3 / load;
    const served = serve(system, unit, scale, host, table, streams.luck(replication, n), room);
    const tenth = Math.floor(n / 10);
    const tail = Math.min(tenth, Math.max(Math.floor(n / 100), system.size * system.workers, system.clients));
    const summary = summarise(room, served, { warmUp: tenth, tail, network: system.network, workers: system.workers });
    return { ...summary, luck: luckOf(system, served) };
  }

  // How much longer the batches took than they do on average, a request: nothing but luck, and its mean is nought.
  function luckOf(system, { batches, served }) {
    if (system.workers > 1 && table.rows > 1) return 0; // the mean depends on how many were under way
    let sum = 0;
    for (let batch = 0; batch < batches; batch += 1) sum += room.model[batch] - meanMs(room.sizes[batch], 1);
    return sum / served;
  }

  function onesOf(n) {
    if (!ones.has(n)) ones.set(n, new Float64Array(n).fill(1));
    return ones.get(n);
  }

  return { simulate, isDeterministic, isSlow };
}

function sectionsOf(latencies, count) {
  const endOf = (at) => Math.floor((at * latencies.length) / count);
  return Array.from({ length: count }, (_, at) => latencies.subarray(endOf(at), endOf(at + 1)));
}

function gathered(load, found, percentiles, payload) {
  const total = (read) => found.reduce((sum, one) => sum + read(one), 0);
  const n = total((one) => one.n);
  const point = { load, status: "ok", n, replications: found.length };
  for (const name of ["throughput", "utilisation", "batchMean", "mean"]) point[name] = meanOfEach(found.map((one) => one[name]));
  payload.percentiles.forEach((name, at) => {
    const each = found.map((one) => one[name]);
    const isKnown = each.every((one) => Number.isFinite(one));
    point[name] = { ...(isKnown ? percentiles[at] : { value: NaN, lo: NaN, hi: NaN }), each };
    if (at > 0) point[name].lo = Math.max(point[name].lo, point.p50.value);
  });
  point.at = {};
  for (const where of ["mean", "p50", "p99"]) {
    const parts = payload.stages.map((stage) => ({ stage, value: stage === "overhead" ? payload.network_ms : total((one) => one.at[where][stage]) / found.length }));
    point.at[where] = addedUpTo(point[where].value, parts, payload.network_ms).filter((part) => part.value > 0);
  }
  return point;
}

// The replications' parts add up to the mean of their percentiles, and shall add up to that of all requests.
function addedUpTo(whole, parts, network) {
  const sum = parts.reduce((all, part) => all + (part.stage === "overhead" ? 0 : part.value), 0);
  const scale = sum > 0 && Number.isFinite(whole) ? (whole - network) / sum : 1;
  return parts.map(({ stage, value }) => ({ stage, value: stage === "overhead" ? value : value * scale }));
}
