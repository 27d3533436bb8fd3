// What a server would do: one system simulated over its load, quickly while a slider moves and well when it rests.
//
// Settings: { loop, request_rate, clients, think_ms, max_batch_size, max_wait_ms, workers, host_ms }, and what is asked:
// { percentile, limit_ms, needed }. A load is a request rate (open) or a number of clients (closed). A result is
// { settings, capacity, alone, here, curve, others, isRefined }: `here` is the point of the curve at the load that is
// asked for, so that it comes from the same runs, or says "saturated".

import { closer } from "./closer.js";
import { devicesFor } from "./devices.js";
import { feasible } from "./feasible.js";
import { createLoads, loadOf } from "./loads.js";
import { createSimulator } from "./simulated.js";

const WHILE_DRAGGED = { replications: 4, fewest: 400, most: 4000, budget_ms: 16, level: "95 %" };
const AT_REST = { replications: 12, first: 4000, n: 25_000, longest: 100_000, slow: { n: 16_000, longest: 32_000 }, error: 0.07, errorAtLimit: 0.02, level: "99.9 %" };
const OTHERS = { sizes: 5, replications: 12, n: 5000, level: "99.9 %" };
const MOST_POINTS = { open: 80, closed: 240 };
const STEADY = 0.9; // of capacity: up to there bands are made as narrow as wished,
const MOST_OF = 0.75; // of the loads

export function createForecast(payload) {
  const simulator = createSimulator(payload);
  const { capacityOf, isBeyond, aloneMs, loadsOf } = createLoads(payload);
  let affordable = WHILE_DRAGGED.fewest * 2;
  let kept = { key: "", points: new Map() }; // of the curve that was looked at last

  function whole(settings, curve, more) {
    const now = loadOf(settings);
    const here = curve.find((point) => point.load === now) ?? { load: now, status: "saturated" };
    return { settings: { ...settings }, capacity: capacityOf(settings), alone: aloneMs(settings), here, curve, others: null, ...more };
  }

  // Within a frame: as many requests as this machine has proved to afford.
  function quick(settings) {
    const started = performance.now();
    const plan = { ...WHILE_DRAGGED, n: affordable };
    const curve = loadsOf(settings, false).map((load) => atOnce(simulator.simulate(settings, load, plan)));
    const took = Math.max(0.1, performance.now() - started);
    const wished = affordable * Math.min(2, Math.max(0.5, WHILE_DRAGGED.budget_ms / took));
    affordable = Math.round(Math.min(WHILE_DRAGGED.most, Math.max(WHILE_DRAGGED.fewest, wished)));
    return whole(settings, curve, { isRefined: false });
  }

  // Step by step, for whoever gives it the time: yields between replications, and a result when there is one. First a
  // short look, which says how long a good one has to be; then the curve, and closer where something is said of it;
  // then the curves of other batch sizes.
  function* refine(settings) {
    const pilot = yield* pointsAt(settings, loadsOf(settings, false), { ...AT_REST, n: AT_REST.first });
    yield whole(settings, pilot, { isRefined: false });
    const plan = { ...AT_REST, n: lengthFor(settings, pilot) };
    let curve = yield* pointsAt(settings, loadsOf(settings, true), plan);
    yield whole(settings, curve, { isRefined: false });
    for (;;) {
      const more = stillToSee(settings, curve);
      if (!more.length || curve.length >= MOST_POINTS[settings.loop]) break;
      curve = [...curve, ...(yield* pointsAt(settings, more, plan))].sort((one, other) => one.load - other.load);
    }
    yield whole(settings, curve, { isRefined: true });
    const others = [];
    for (const size of otherSizes(payload.steps.max_batch_size)) {
      const other = { ...settings, max_batch_size: size };
      const points = [];
      for (const load of loadsOf(other, false)) points.push(yield* simulator.simulate(other, load, OTHERS));
      others.push({ size, points });
    }
    return whole(settings, curve, { isRefined: true, others });
  }

  // Points that were simulated for this curve before are taken as they are.
  function* pointsAt(settings, loads, plan) {
    const points = [];
    for (const load of loads) {
      const key = curveKey(settings);
      if (kept.key !== key) kept = { key, points: new Map() };
      const name = `${load} ${plan.n}`;
      if (!kept.points.has(name)) {
        const held = kept.points;
        held.set(name, yield* simulator.simulate(settings, load, plan));
        points.push(held.get(name));
      } else {
        points.push(kept.points.get(name));
      }
    }
    return points;
  }

  // Requests of a replication, of every load the same, so that the band is as smooth as the curve: as many as a band
  // takes that is as narrow as wished at most loads, and narrower where the limit is in it.
  function lengthFor(settings, pilot) {
    const { percentile, limit_ms: limit, loop } = settings;
    const { n, longest } = simulator.isSlow(settings) ? AT_REST.slow : AT_REST;
    const steady = pilot.filter((point) => point.status === "ok" && point[percentile].value > 0 && (loop === "closed" || point.load <= STEADY * capacityOf(settings)));
    const wide = steady.map((point) => point[percentile]).map(({ value, lo, hi }) => ({ lo, hi, share: (hi - lo) / 2 / value })).sort((one, other) => one.share - other.share);
    const needed = [(wide[Math.floor(MOST_OF * wide.length)]?.share ?? 0) / AT_REST.error];
    if (limit !== null) needed.push(...wide.filter(({ lo, hi }) => lo <= limit && limit <= hi).map(({ share }) => share / AT_REST.errorAtLimit));
    let length = n;
    while (length < AT_REST.first * Math.max(...needed) ** 2 && 2 * length <= longest) length *= 2;
    return length;
  }

  function stillToSee(settings, curve) {
    const { percentile, limit_ms: limit, needed } = settings;
    const isClosed = settings.loop === "closed";
    const loads = closer(curve, { percentile, limit, isClosed, capacity: capacityOf(settings) });
    if (limit !== null && needed !== null && !isClosed) {
      const { each } = devicesOf(whole(settings, curve), feasible(curve, percentile, limit));
      if (each !== null) loads.push(each); // what is said of it is simulated at it
    }
    const seen = new Set(curve.map((point) => point.load));
    return [...new Set(loads)].filter((load) => !seen.has(load) && !isBeyond(settings, load)).sort((a, b) => a - b);
  }

  return { quick, refine };
}

export function devicesOf({ settings, curve, alone }, loads) {
  const { limit_ms: limit, needed } = settings;
  if (limit === null || needed === null) return null;
  return devicesFor(needed, loads, curve, { isClosed: settings.loop === "closed", reachesNone: alone <= limit });
}

function curveKey({ loop, think_ms, max_batch_size, max_wait_ms, workers, host_ms }) {
  return JSON.stringify([loop, think_ms, max_batch_size, max_wait_ms, workers, host_ms]);
}

function atOnce(steps) {
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
  }
}

// A few sizes: the largest and powers of two below it.
function otherSizes(sizes) {
  const largest = sizes.at(-1);
  const powers = sizes.filter((size) => size < largest && Number.isInteger(Math.log2(size)));
  const every = Math.ceil(powers.length / (OTHERS.sizes - 1));
  return [...powers.filter((_, at) => (powers.length - at) % every === 0), largest];
}
