// What a curve of latency over load says to a planner, in words: where the tail turns up, which loads keep the limit,
// how much room there is to them, how many servers a needed load takes. Loads are rounded into the intervals that are
// told, so that what is said holds for the numbers as they are read. Before the simulation has come to rest it is "about".

import { capital, count, interval, inward, milliseconds, percentOf, rate, significant } from "./format.js";
import { lowestOf, verdictAt } from "./feasible.js";
import { loadOf } from "./loads.js";

const MOST_TOLD = 5; // intervals in one sentence

export function loadSaid(settings, load) {
  return settings.loop === "open" ? rate(load) : clientsSaid(load);
}

// The band of a percentile; nothing where there is only one replication, for nothing is drawn then.
export function bandSaid(point, name, before = "", after = "") {
  const { value, lo, hi, isOpen } = point[name];
  return point.replications > 1 || hi > lo ? `${before}${interval(lo, isOpen ? null : hi, value, "time")}${after}` : "";
}

const clientsSaid = (clients) => (clients === 1 ? "1 client" : `${count(clients)} clients`);
const about = (result) => (result.isRefined ? "" : "about ");

export function turnsUpSaid(result, { turns }) {
  const { settings, capacity } = result;
  if (!turns) return "";
  const name = settings.percentile;
  if (turns.isLast) return `${name} does not turn up before ${loadSaid(settings, turns.load)}, the most that was looked at.`;
  const open = settings.loop === "open";
  const between = turns.hi > turns.lo ? ` (${open ? interval(turns.lo, turns.hi, turns.load) : `${turns.lo} to ${turns.hi}`})` : "";
  const share = open ? `, ${percentOf(turns.load, capacity)} of capacity` : "";
  return `${name} turns up at ${about(result)}${loadSaid(settings, turns.load)}${between}${share}: from there to any higher load it grows by a larger factor than the throughput.`;
}

export function keptSaid(result, { loads }) {
  const { settings, curve } = result;
  const { limit_ms: limit, percentile: name } = settings;
  if (limit === null) return "Move the limit: the loads that keep it, and the head-room, are told here.";
  const within = `${name} ≤ ${milliseconds(limit)}`;
  const unclear = result.isRefined ? unclearSaid(result, loads) : "";
  if (!loads.kept.length) {
    const lowest = lowestOf(curve, name);
    const least = lowest ? `it is lowest, ${milliseconds(lowest[name].value)}${bandSaid(lowest, name, " (", ")")}, at ${loadSaid(settings, lowest.load)}` : "it is known at none";
    return `No load that was looked at ${loads.possible.length ? "is sure to keep" : "keeps"} ${within}: ${least}${unclear}.`;
  }
  const told = listed(loads.kept.map((run) => runSaid(result, run)));
  return `${within} is kept ${told}${unclear}. ${headroomSaid(result, loads)}`;
}

function runSaid(result, { from, to, first, last }) {
  const { settings, alone, capacity } = result;
  const open = settings.loop === "open";
  const near = about(result);
  const [low, high] = open ? inward(from.load, to.load) : [count(from.load), count(to.load)];
  const unit = open ? "requests/s" : to.load === 1 ? "client" : "clients";
  const share = open ? ` (${percentOf(to.load, capacity)} of capacity)` : "";
  const ends = last ? `, the most that was looked at${share}` : "";
  if (first && (open ? alone <= settings.limit_ms : from.load === 1)) return `up to ${near}${high} ${unit}${ends}${skippedSaid(result, from, to)}`;
  if (from.load === to.load) return `at ${near}${loadSaid(settings, from.load)}${ends}`;
  return `from ${near}${low}${first ? " (the least that was looked at)" : ""} to ${near}${high} ${unit}${ends}${skippedSaid(result, from, to)}`;
}

// Of many clients not each number is looked at.
function skippedSaid({ settings, curve, isRefined }, from, to) {
  if (settings.loop === "open" || !isRefined) return "";
  const loads = curve.map((point) => point.load).filter((load) => load >= from.load && load <= to.load);
  const widest = Math.max(...loads.slice(1).map((load, at) => load - loads[at]));
  return widest > 1 ? ` (every ${count(widest)} clients or closer were looked at)` : "";
}

// Loads between such that are clear.
function unclearSaid({ settings, curve }, loads) {
  const { percentile: name, limit_ms: limit } = settings;
  const zones = [];
  for (const run of loads.possible) {
    const within = curve.filter((point) => point.load >= run.from.load && point.load <= run.to.load);
    let begun = null;
    let before = run.below;
    for (const point of within) {
      const isOpen = verdictAt(point, name, limit) === "open";
      if (isOpen && begun === null) begun = before ?? point.load;
      if (!isOpen && begun !== null) {
        zones.push([begun, point.load]);
        begun = null;
      }
      before = point.load;
    }
    if (begun !== null) zones.push([begun, run.above ?? run.to.load]);
  }
  if (!zones.length) return "";
  const said = settings.loop === "open" ? (load) => significant(load, 3) : count;
  return `; too close to call ${listed(together(zones, loads.kept).map(({ low, high, many }) => `${many ? "in places " : ""}from ${said(low)} to ${said(high)}`))}`;
}

// Many zones between which no load keeps the limit are told as one.
function together(zones, kept) {
  const gapOf = ([low]) => kept.filter(({ to }) => to.load <= low).length;
  const found = [];
  for (const gap of new Set(zones.map(gapOf))) {
    const within = zones.filter((zone) => gapOf(zone) === gap);
    if (within.length < MOST_TOLD) found.push(...within.map(([low, high]) => ({ low, high, many: false })));
    else found.push({ low: within[0][0], high: within.at(-1)[1], many: true });
  }
  return found;
}

function listed(parts) {
  const told = parts.length > MOST_TOLD ? [...parts.slice(0, MOST_TOLD - 1), `in ${parts.length - MOST_TOLD + 1} more intervals`] : parts;
  return told.length === 1 ? told[0] : `${told.slice(0, -1).join(", ")} and ${told.at(-1)}`;
}

// How far the load is from the ends of the interval that it is in, or from the nearest one.
function headroomSaid(result, { kept }) {
  const { settings, here } = result;
  const now = loadOf(settings);
  const open = settings.loop === "open";
  const run = kept.find(({ from, to }) => now >= from.load && now <= to.load);
  if (run) {
    const more = stepSaid(result, run.to.load - now, Math.floor);
    const less = run.first ? "" : stepSaid(result, now - run.from.load, Math.floor);
    if (!more) return `Head-room: none, the load now is the most${less ? `; ${less} less would do` : ""}.`;
    return `Head-room: ${more} more ${open ? "load" : ""} than now${less ? `, or ${less} less` : ""}.`.replace("  ", " ");
  }
  const verdict = verdictAt(here, settings.percentile, settings.limit_ms);
  const state = verdict === "broken" || !result.isRefined ? "The load now does not keep it" : "The load now is too close to call";
  const ways = kept.map(({ from, to }) => (to.load < now ? [now - to.load, "less", now - from.load] : [from.load - now, "more", to.load - now]));
  const [distance, way, most] = ways.reduce((best, one) => (one[0] < best[0] ? one : best));
  const step = stepSaid(result, distance, Math.ceil, most);
  return step ? `${state}: ${step} ${way} would.` : `${state}.`;
}

// A step of the load in per cent of what it is now, or in clients; "" where there is none.
function stepSaid(result, step, round, most = Infinity) {
  const { settings } = result;
  const now = loadOf(settings);
  if (settings.loop === "closed") return step >= 1 ? clientsSaid(step) : "";
  for (const unit of [1, 0.1]) {
    const share = (round(((100 * step) / now) / unit - 1e-9 * (round === Math.ceil ? 1 : -1)) * unit).toFixed(unit === 1 ? 0 : 1);
    if (Number(share) > 0 && (Number(share) / 100) * now <= most) return `${about(result)}${share} %`;
  }
  return "";
}

export function devicesSaid(result, { loads, devices }) {
  const { settings } = result;
  if (settings.needed === null) return "";
  const load = `${capital(rate(settings.needed))} in all`;
  if (settings.limit_ms === null) return `${load}: declare a limit to know how many such servers that takes.`;
  const might = devices.perhaps === null ? "" : devices.perhaps;
  if (devices.value === null) {
    const none = `${load}: no number of such servers ${devices.perhaps === null ? "keeps" : "is sure to keep"} the limit`;
    const tried = settings.loop === "open" && loads.kept.length ? `: ${triedSaid(settings.needed, loads.kept.at(-1).to.load)}` : "";
    return `${none}${tried}.${might === "" ? "" : ` ${count(might)} might.`}`;
  }
  const size = settings.workers === 1 ? "" : ` of ${settings.workers} workers`;
  const each = settings.loop === "open" ? `with ${rate(devices.each)} each` : `with ${clientsSaid(devices.each)} each`;
  const perhaps = might === "" ? "" : ` (perhaps ${count(might)})`;
  return `${load} take ${about(result)}${serversSaid(devices.value)}${size}${perhaps}, ${each}.`;
}

const serversSaid = (servers) => (servers === 1 ? "1 such server" : `${count(servers)} such servers`);

function triedSaid(needed, most) {
  const many = Math.floor(needed / most);
  const few = `${count(many + 1)} would get ${rate(needed / (many + 1))}${many ? " each" : ""}, too few`;
  return many ? `${count(many)} would get ${rate(needed / many)}${many > 1 ? " each" : ""}, too many, and ${few}` : few;
}
