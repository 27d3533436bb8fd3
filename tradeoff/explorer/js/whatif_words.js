// What-if in words: the numbers, the answers under the limit, and one sentence that declares everything it rests on.

import { html, setText } from "./dom.js";
import { capital, count, interval, milliseconds, rate, three } from "./format.js";
import { bandSaid, devicesSaid, keptSaid, loadSaid, turnsUpSaid } from "./limit_words.js";
import { createReadout } from "./readout.js";

export function createWhatIfReadouts(payload) {
  const items = Object.fromEntries(["throughput", ...payload.percentiles, "utilisation"].map((name) => [name, createReadout(name)]));
  const element = html("div", { class: "readouts", role: "group", "aria-label": "at these settings" }, ...Object.values(items).map((item) => item.element));
  const standing = html("p", { class: "standing", "data-readout": "standing" });
  element.append(standing);

  function show(result) {
    const { settings, here } = result;
    const wanted = new Set(["p50", "p99", settings.percentile]);
    const ok = here.status === "ok";
    const absent = absentOf(here);
    const { throughput } = here;
    items.throughput.set(ok ? [three(throughput.value), "requests/s"] : null, ok && here.replications > 1 ? interval(throughput.lo, throughput.hi, throughput.value) : "", absent);
    for (const name of payload.percentiles) {
      items[name].element.hidden = !wanted.has(name);
      items[name].element.classList.toggle("chosen", name === settings.percentile);
      const known = ok && Number.isFinite(here[name].value);
      const detail = known ? worthOf(here, name) : "";
      items[name].set(known ? milliseconds(here[name].value).split(" ") : null, detail, absent || "too few requests");
    }
    const busy = ok ? three(100 * here.utilisation.value) : "100";
    items.utilisation.set(here.status === "too short" ? null : [busy, "%"], ok ? `mean batch ${three(here.batchMean.value)}` : "", absent);
    setText(standing, whyNothing(result));
  }

  return { element, show };
}

const worthOf = (here, name) => `${bandSaid(here, name) || "nothing is drawn"}, n\u00a0=\u00a0${count(here.n)}`;

const ABSENT = { ok: "", saturated: "beyond capacity", "too short": "none served" };
const absentOf = (here) => ABSENT[here.status];

// Why a point has no numbers; nothing where it has some.
function whyNothing({ settings, here, capacity }) {
  if (here.status === "ok") return "";
  if (here.status === "too short") return "The simulation was too short: none of its requests was served, and nothing is known of this load.";
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
    setText(rows.bears, keptSaid(result, marks));
    setText(rows.devices, devicesSaid(result, marks));
  }

  return { element, objective, show };
}

export function policySaid(settings) {
  const wait = settings.max_wait_ms > 0 ? `waiting ${milliseconds(settings.max_wait_ms)} at most` : "without waiting";
  const workers = settings.workers === 1 ? "1 worker" : `${settings.workers} workers`;
  const host = settings.host_ms > 0 ? `, host ${milliseconds(settings.host_ms)} a batch` : "";
  return `batches of up to ${settings.max_batch_size} ${wait}, ${workers}${host}`;
}

export function whatIfSentence(result, marks) {
  const { settings, here } = result;
  const think = settings.think_ms > 0 ? ` thinking ${milliseconds(settings.think_ms)}` : "";
  const load = settings.loop === "open" ? `Poisson arrivals, ${rate(settings.request_rate)}` : `closed loop, ${loadSaid(settings, settings.clients)}${think}`;
  const given = `${capital(load)}; ${policySaid(settings)}`;
  const answers = [turnsUpSaid(result, marks), settings.limit_ms === null ? "No limit is declared." : keptSaid(result, marks), devicesSaid(result, marks)];
  if (here.status !== "ok") return [`${given}.`, whyNothing(result), ...answers].filter(Boolean).join(" ");
  const names = [...new Set(["p50", settings.percentile])];
  const banded = (name) => (name === settings.percentile && Number.isFinite(here[name].value) ? ` (${worthOf(here, name)})` : "");
  const told = names.map((name) => `${name} ${milliseconds(here[name].value)}${banded(name)}`);
  return [`${given}: ${[rate(here.throughput.value), ...told].join(", ")}, simulated.`, ...answers].filter(Boolean).join(" ");
}
