// What was seen of a served system: equal to `summarise` of tradeoff.serving.virtual.kernels in Python.

export const PERCENTILES = [0.5, 0.9, 0.95, 0.99, 0.999];
const AROUND = 0.0025; // ranks to either side of a percentile, as a share of all
const SHIFT = 43 - 32; // digits of the upper half of a float64 that do not choose a bucket: 512 buckets an octave
const FIRST = (1023 - 20) << 9;
const BUCKETS = 512 * 44;
const LOWEST = 2 ** -20;

const counts = new Int32Array(BUCKETS);
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

export function rankOf(n, p) {
  return Math.min(n, Math.max(1, Math.ceil(n * p - 1e-9)));
}

export function summarise(room, found, { warmUp = 0, tail = 0, network = 0, workers = 1 } = {}) {
  const { sizes } = room;
  // Of requests that were not rejected as large a share is left out as of all.
  const kept = found.served + found.left;
  const share = (requests) => Math.floor((requests * kept) / (kept + found.rejected));
  const { first, end, before } = windowOf(room, found, share(warmUp), share(tail), network);
  let request = before;
  let n = 0;
  let busy = 0;
  const sums = { latency: 0, model: 0, pre: 0, queue_wait: 0, batch_wait: 0 };
  for (let batch = first; batch < end; batch++) {
    const free = room.free[batch];
    const dispatch = room.dispatch[batch];
    const done = room.done[batch];
    busy += done - dispatch;
    sums.model += room.model[batch] * sizes[batch];
    sums.pre += room.host[batch] * sizes[batch];
    for (let place = 0; place < sizes[batch]; place++) {
      const arrival = room.began[request++];
      room.latency[n] = done - arrival + network;
      room.queued[n] = Math.max(0, free - arrival);
      room.formed[n] = dispatch - Math.max(arrival, free);
      sums.latency += room.latency[n];
      sums.queue_wait += room.queued[n];
      sums.batch_wait += room.formed[n];
      n++;
    }
  }
  const rejected = rejectedInside(room, found, before, n);
  if (n === 0) {
    return { n: 0, rejected };
  }
  const duration = span(room, found, first, end, network);
  const five = PERCENTILES.map((p) => rankOf(n, p));
  const reach = Math.max(1, Math.floor(n * AROUND));
  const edges = [
    Math.max(1, five[0] - reach), Math.min(five[0] + reach, five[1]),
    Math.max(five[3] - reach, five[2]), Math.min(five[3] + reach, five[4]),
  ];
  const values = orderStatistics(room.latency.subarray(0, n), [...five, ...edges], room.scratch);
  const known = (at) => (n * (1 - PERCENTILES[at]) < 1 - 1e-9 ? NaN : values[at]);
  const at = {
    mean: Object.fromEntries(Object.entries(sums).filter(([name]) => name !== "latency").map(([name, sum]) => [name, sum / n])),
    p50: partsAround(room, sizes, first, end, values[5], values[6], values[0], network),
    p99: partsAround(room, sizes, first, end, values[7], values[8], values[3], network),
  };
  return {
    n,
    rejected,
    duration,
    throughput: (n / duration) * 1e3,
    utilisation: busy / (duration * workers),
    batchMean: n / (end - first),
    mean: sums.latency / n,
    p50: known(0),
    p90: known(1),
    p95: known(2),
    p99: known(3),
    p999: known(4),
    at,
  };
}

// A window that is shorter than the mean latency of those in it does not hold their work: all counts then.
function windowOf(room, found, warmUp, tail, network) {
  const cut = measured(room.sizes, found.batches, warmUp, tail);
  let request = cut.before;
  let latency = 0;
  for (let batch = cut.first; batch < cut.end; batch++) {
    for (let place = 0; place < room.sizes[batch]; place++) {
      latency += room.done[batch] - room.began[request++] + network;
    }
  }
  const n = request - cut.before;
  const holds = n > 0 && latency <= n * span(room, found, cut.first, cut.end, network) * (1 + 1e-9);
  return holds ? cut : { first: 0, end: found.batches, before: 0 };
}

// How long some batches took: from one dispatch to another. Where they are the first or the last of all, from when the
// first request came, and until the last was answered.
function span(room, found, first, end, network) {
  let start = room.dispatch[first];
  if (first === 0) {
    start = found.rejected > 0 ? room.rejected[0] : Infinity;
    for (let request = 0; request < found.served; request++) {
      start = Math.min(start, room.began[request]);
    }
  }
  if (end < found.batches) {
    return room.dispatch[end] - start;
  }
  let last = start;
  for (let batch = first; batch < end; batch++) {
    last = Math.max(last, room.done[batch] + network);
  }
  return last - start;
}

// Rejected requests that came between those that count.
function rejectedInside(room, found, before, n) {
  const low = before > 0 ? room.began[before] : -Infinity;
  const high = before + n < found.served ? room.began[before + n] : Infinity;
  let inside = 0;
  for (let at = 0; at < found.rejected; at++) {
    inside += room.rejected[at] >= low && room.rejected[at] < high ? 1 : 0;
  }
  return inside;
}

function measured(sizes, batches, warmUp, tail) {
  let first = 0;
  let before = 0;
  while (first < batches && before < warmUp) {
    before += sizes[first++];
  }
  let end = batches;
  let left = 0;
  while (end > first && left < tail) {
    left += sizes[--end];
  }
  return { first, end, before };
}

// The requests around a percentile are not exactly as slow as it: their parts are made to add up to it.
function partsAround(room, sizes, first, end, low, high, whole, network) {
  const parts = { pre: 0, model: 0, queue_wait: 0, batch_wait: 0 };
  let total = 0;
  let at = 0;
  for (let batch = first; batch < end; batch++) {
    for (let place = 0; place < sizes[batch]; place++, at++) {
      if (room.latency[at] >= low && room.latency[at] <= high) {
        parts.pre += room.host[batch];
        parts.model += room.model[batch];
        parts.queue_wait += room.queued[at];
        parts.batch_wait += room.formed[at];
        total += room.latency[at] - network;
      }
    }
  }
  const scale = total > 0 ? (whole - network) / total : 0;
  for (const name of Object.keys(parts)) {
    parts[name] *= scale;
  }
  return parts;
}

// Values of ranks, counted from 1, in any order: a histogram says in which bucket each is, a pick which value it is.
export function orderStatistics(values, ranks, scratch) {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const upper = LITTLE_ENDIAN ? 1 : 0;
  const bucketOf = (at) => Math.min((words[2 * at + upper] >>> SHIFT) - FIRST, BUCKETS - 1);
  let first = BUCKETS;
  let last = -1;
  let below = 0;
  for (let at = 0; at < values.length; at++) {
    if (values[at] >= LOWEST) {
      const bucket = bucketOf(at);
      counts[bucket]++;
      first = Math.min(first, bucket);
      last = Math.max(last, bucket);
    } else {
      below++;
    }
  }
  const order = ranks.map((_, at) => at).sort((a, b) => ranks[a] - ranks[b]);
  const found = new Array(ranks.length).fill(0);
  const slots = [];
  let next = 0;
  while (next < order.length && ranks[order[next]] <= below) {
    next++;
  }
  let passed = below;
  let room = 0;
  for (let bucket = first; bucket <= last; bucket++) {
    const here = counts[bucket];
    counts[bucket] = 0; // from here on: the slot of those that are picked from
    if (next < order.length && ranks[order[next]] <= passed + here) {
      const slot = { start: room, end: room, wanted: [] };
      slots.push(slot);
      counts[bucket] = slots.length;
      room += here;
      while (next < order.length && ranks[order[next]] <= passed + here) {
        slot.wanted.push([order[next], ranks[order[next]] - passed]);
        next++;
      }
    }
    passed += here;
  }
  for (let at = 0; at < values.length; at++) {
    if (values[at] >= LOWEST) {
      const slot = counts[bucketOf(at)];
      if (slot > 0) {
        scratch[slots[slot - 1].end++] = values[at];
      }
    }
  }
  for (const { start, end, wanted } of slots) {
    const held = scratch.subarray(start, end).sort();
    for (const [at, rank] of wanted) {
      found[at] = held[rank - 1];
    }
  }
  if (last >= 0) {
    counts.fill(0, first, last + 1);
  }
  return found;
}
