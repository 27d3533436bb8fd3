// What-if in words: the numbers, the answers under the limit, and one sentence that declares everything it rests on.

import { html, setText } from "./dom.js";
import { capital, count, interval, milliseconds, percentOf, rate, three } from "./format.js";
import { loadOf } from "./forecast.js";
import { createReadout } from "./readout.js";

export function createWhatIfReadouts(payload) {
  const items = Object.fromEntries(["throughput", ...payload.percentiles, "utilisation"].map((name) => [name, createReadout(name)]));
  const element = html("div", { class: "readouts", role: "group", "aria-label": "at these settings" }, ...Object.values(items).map((item) => item.element));
  const standing = html("p", { class: "standing", "data-readout": "standing" });
  element.append(standing);

  function show({ settings, here, capacity }) {
    const wanted = new Set(["p50", "p99", settings.percentile]);
    const ok = here.status === "ok";
    const absent = ok ? "" : "beyond capacity";
    const { throughput } = here;
    items.throughput.set(ok ? [three(throughput.value), "requests/s"] : null, ok ? interval(throughput.lo, throughput.hi, throughput.value) : "", absent);
    for (const name of payload.percentiles) {
      items[name].element.hidden = !wanted.has(name);
      items[name].element.classList.toggle("chosen", name === settings.percentile);
      const known = ok && Number.isFinite(here[name].value);
      const detail = known ? `${interval(here[name].lo, here[name].hi, here[name].value, "time")}, n\u00a0=\u00a0${count(here.n)}` : "";
      items[name].set(known ? milliseconds(here[name].value).split(" ") : null, detail, absent || "too few requests");
    }
    items.utilisation.set(ok ? [three(100 * here.utilisation.value), "%"] : ["100", "%"], ok ? `mean batch ${three(here.batchMean.value)}` : "", "");
    setText(standing, ok ? "" : beyond(settings, capacity));
  }

  return { element, show };
}

function beyond(settings, capacity) {
  return `Saturated: ${rate(settings.request_rate)} are asked for and full batches serve ${rate(capacity)} at most. The queue grows without end, and no percentile has a value.`;
}

export function createWhatIfAnswers() {
  const objective = html("p", { class: "objective", "data-readout": "objective" });
  const rows = Object.fromEntries(["turns_up", "bears", "devices"].map((name) => [name, html("p", { class: `answer-row ${name}`, "data-readout": name })]));
  const element = html("div", { class: "answer", role: "group", "aria-label": "what the load may be" }, ...Object.values(rows));

  function show(result, marks) {
    const { settings } = result;
    setText(objective, settings.limit_ms === null ? "no limit declared" : `maximize throughput subject to ${settings.percentile} <= ${settings.limit_ms} ms`);
    objective.classList.toggle("undeclared", settings.limit_ms === null);
    setText(rows.turns_up, turnsUpSaid(result, marks));
    setText(rows.bears, bearsSaid(result, marks));
    setText(rows.devices, devicesSaid(result, marks));
  }

  return { element, objective, show };
}

export function loadSaid(settings, load) {
  if (settings.loop === "open") return rate(load);
  const whole = Math.round(load);
  return whole === 1 ? "1 client" : `${count(whole)} clients`;
}

function turnsUpSaid({ settings, capacity }, { turns }) {
  if (!turns) return "";
  const name = settings.percentile;
  if (turns.isBeyond) return `${name} does not turn up before ${loadSaid(settings, turns.load)}.`;
  const share = settings.loop === "open" ? `, ${percentOf(turns.load, capacity)} of capacity` : "";
  return `${name} turns up at ${loadSaid(settings, turns.load)}${share}: beyond it the tail grows faster than the load.`;
}

function bearsSaid({ settings, here, curve }, { borne }) {
  const { limit_ms: limit, percentile: name } = settings;
  if (limit === null) return "Move the limit: the load that it bears, and the head-room, are told here.";
  const within = `${name} ≤ ${milliseconds(limit)}`;
  if (!borne || borne.status === "none") {
    const first = curve.find((point) => point.status === "ok");
    return `No load has ${within}${first ? `: it is ${milliseconds(first[name].value)} at ${loadSaid(settings, first.load)} already` : ""}.`;
  }
  const most = `${within} is kept up to ${loadSaid(settings, borne.load)}`;
  const open = settings.loop === "open";
  if (borne.status === "all") return `${most}, ${open ? "95 % of capacity" : "all that was tried"}, and beyond. ${headroomSaid(settings, here, borne)}`.trim();
  const told = open ? ` (${three(borne.lo)} to ${three(borne.hi)})` : "";
  return `${most}${told}. ${headroomSaid(settings, here, borne)}`;
}

function headroomSaid(settings, here, borne) {
  const now = loadOf(settings);
  const share = borne.load / now - 1;
  const verdict = here.status === "ok" && here[settings.percentile].lo <= settings.limit_ms && here[settings.percentile].hi > settings.limit_ms ? " (too close to call)" : "";
  if (share >= 0) return `Head-room: ${percentOf(borne.load - now, now)} more load than now${verdict}.`;
  return `That is ${percentOf(now - borne.load, now)} less than the load now${verdict}.`;
}

function devicesSaid({ settings }, { borne, devices }) {
  if (settings.needed === null) return "";
  const load = rate(settings.needed);
  if (settings.limit_ms === null) return `${capital(load)} in all: declare a limit to know how many such servers that takes.`;
  if (!devices || !borne) return `No number of such servers gives ${load} within the limit.`;
  const range = devices.fewest === devices.most ? "" : devices.most === Infinity ? ` (${count(devices.fewest)} or more)` : ` (${count(devices.fewest)} to ${count(devices.most)})`;
  const servers = devices.value === 1 ? "1 such server" : `${count(devices.value)} such servers`;
  const size = settings.workers === 1 ? "" : ` of ${settings.workers} workers`;
  return `${capital(load)} in all take ${servers}${size}${range}, the load shared out evenly.`;
}

export function policySaid(settings) {
  const wait = settings.max_wait_ms > 0 ? `waiting ${milliseconds(settings.max_wait_ms)} at most` : "without waiting";
  const workers = settings.workers === 1 ? "1 worker" : `${settings.workers} workers`;
  const host = settings.host_ms > 0 ? `, host ${milliseconds(settings.host_ms)} a batch` : "";
  return `batches of up to ${settings.max_batch_size} ${wait}, ${workers}${host}`;
}

export function whatIfSentence(result, marks) {
  const { settings, here, capacity } = result;
  const think = settings.think_ms > 0 ? ` thinking ${milliseconds(settings.think_ms)}` : "";
  const load = settings.loop === "open" ? `Poisson arrivals, ${rate(settings.request_rate)}` : `closed loop, ${loadSaid(settings, settings.clients)}${think}`;
  const given = `${capital(load)}; ${policySaid(settings)}`;
  const answers = [turnsUpSaid(result, marks), settings.limit_ms === null ? "No limit is declared." : bearsSaid(result, marks), devicesSaid(result, marks)];
  if (here.status !== "ok") return [`${given}.`, beyond(settings, capacity), ...answers].filter(Boolean).join(" ");
  const names = [...new Set(["p50", settings.percentile])];
  const told = names.map((name) => {
    const { value, lo, hi } = here[name];
    return `${name} ${milliseconds(value)}${name === settings.percentile ? ` (${interval(lo, hi, value, "time")}, n = ${count(here.n)})` : ""}`;
  });
  return [`${given}: ${[rate(here.throughput.value), ...told].join(", ")}, simulated.`, ...answers].filter(Boolean).join(" ");
}
