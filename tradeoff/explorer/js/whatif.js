// What-if: renderWhatIf({ model, el }) simulates one server while its sliders move, and keeps in step with the model.
//
// Keys read and, where marked, written on `change` (never while a slider is dragged): payload (what
// tradeoff.explorer.service made), the settings of settings.js (written), objective (written, never read), and reading
// (written when the simulation has come to rest, never read).
//
// Root attributes: data-ready once something is drawn; data-settled when it is drawn as well as it will be.

import { createForecast, devicesOf } from "./forecast.js";
import { html, setText } from "./dom.js";
import { download, saveSvg } from "./exports.js";
import { milliseconds, three } from "./format.js";
import { feasible, guessed } from "./feasible.js";
import { turnsUp } from "./knee.js";
import { loadSaid } from "./limit_words.js";
import { loadOf } from "./loads.js";
import { SETTINGS, readSettings, sameCurve, sameOthers, writeSettings } from "./settings.js";
import { currentTheme, watchTheme } from "./theme.js";
import { createWhatIfControls } from "./whatif_controls.js";
import { createWhatIfPanels } from "./whatif_panels.js";
import { createWhatIfAnswers, createWhatIfReadouts, whatIfSentence } from "./whatif_words.js";

const REST_MS = 160; // no move for so long: the slider rests, and the simulation may take its time
const SLICE_MS = 12; // of computing before the page may do something else

export async function renderWhatIf({ model, el }) {
  const root = html("section", { class: "tradeoff-explorer whatif", "aria-label": "what if: throughput and latency of a simulated server" });
  el.append(root);
  let close = openWhatIf(root, model);
  const reopen = () => {
    close();
    close = openWhatIf(root, model);
  };
  model.on("change:payload", reopen);
  return () => {
    model.off("change:payload", reopen);
    close();
    root.remove();
  };
}

function openWhatIf(root, model) {
  const payload = model.get("payload");
  const forecast = createForecast(payload);
  let settings = readSettings(model);
  let result = null;
  let marks = null;
  let kept = null;
  let writing = false;
  let closed = false;
  let waiting = 0; // until the slider counts as resting
  let running = 0; // a slice of refining that is to come
  let work = null; // what is being refined

  const controls = createWhatIfControls(payload, { moved, settle, chosen });
  const readouts = createWhatIfReadouts(payload);
  const answers = createWhatIfAnswers();
  const panels = createWhatIfPanels(payload, clicked);
  const parts = layOut(root, payload, { controls, readouts, answers, panels }, { keep, csv, svg });

  // --- while a slider moves: simulate as much as fits into a frame -------------------------------------------------
  function moved(name, value) {
    settings = { ...settings, [name]: value };
    follow();
  }

  function follow() {
    delete root.dataset.settled;
    const before = result;
    if (before && before.isRefined && loadOf(before.settings) === loadOf(settings) && sameCurve(before.settings, settings)) {
      result = { ...before, settings: { ...settings } }; // only what is asked of the curve has changed
    } else {
      result = forecast.quick(settings);
      if (before?.others && sameOthers(before.settings, settings)) result.others = before.others;
    }
    draw(false);
    refineSoon();
  }

  function draw(isResting) {
    const { percentile, limit_ms: limit, loop } = settings;
    const find = result.isRefined ? feasible : guessed;
    const loads = limit === null ? { kept: [], possible: [] } : find(result.curve, percentile, limit, loop === "closed");
    marks = { turns: turnsUp(result.curve, percentile, loop === "closed"), loads, devices: devicesOf(result, loads) };
    readouts.show(result);
    answers.show(result, marks);
    panels.draw(result, marks, kept, isResting);
  }

  // --- when it has come to rest ------------------------------------------------------------------------------------
  function settle() {
    say();
    write(null);
  }

  function say() {
    setText(parts.sentence, whatIfSentence(result, marks));
  }

  function write(reading) {
    writing = true;
    writeSettings(model, settings, reading);
    writing = false;
  }

  function refineSoon() {
    clearTimeout(waiting);
    clearTimeout(running);
    work = null;
    waiting = setTimeout(() => {
      work = forecast.refine(settings);
      refineSlice();
    }, REST_MS);
  }

  function refineSlice() {
    const started = performance.now();
    while (work !== null && performance.now() - started < SLICE_MS) {
      const { value, done } = work.next();
      if (value) {
        result = { ...value, settings: { ...settings }, others: value.others ?? (result.others && sameOthers(result.settings, settings) ? result.others : null) };
        draw(true);
      }
      if (done) {
        work = null;
        rested();
      }
    }
    if (work !== null) running = setTimeout(refineSlice);
  }

  function rested() {
    say();
    fillWhatIfTable(parts.table, result);
    write(readingOf(result, marks, payload));
    root.dataset.settled = "";
  }

  // --- what people do besides --------------------------------------------------------------------------------------
  function chosen(name, value) {
    settings = { ...settings, [name]: value };
    controls.show(settings);
    follow();
    settle();
  }

  function clicked(load) {
    if (settings.loop === "closed") chosen("clients", Math.max(1, Math.round(load)));
    else if (load > 0) chosen("request_rate", Number(load.toPrecision(3)));
  }

  function keep() {
    kept = kept === null ? result : null;
    setText(parts.keep, kept === null ? "keep for comparison" : "drop what was kept");
    draw(true);
  }

  function csv() {
    download("tradeoff-what-if.csv", "text/csv;charset=utf-8", curveCsv(result, payload));
  }

  function svg() {
    saveSvg(root, panels.all.map((panel) => panel.element), whatIfSentence(result, marks));
  }

  // --- from outside ------------------------------------------------------------------------------------------------
  let asked = false;

  function fromModel() {
    if (writing || asked || closed) return;
    asked = true; // several keys may change together: read them once, when all have
    queueMicrotask(() => {
      asked = false;
      if (closed) return;
      const next = readSettings(model);
      if (JSON.stringify(next) === JSON.stringify(settings)) return;
      settings = next;
      controls.show(settings);
      follow();
      settle();
    });
  }

  function redraw() {
    panels.resize();
    draw(root.dataset.settled !== undefined);
  }

  root.dataset.theme = currentTheme();
  const stopTheme = watchTheme((theme) => {
    root.dataset.theme = theme;
  });
  const sizes = new ResizeObserver(redraw);
  for (const key of SETTINGS) model.on(`change:${key}`, fromModel);
  controls.show(settings);
  follow();
  settle();
  redraw();
  for (const panel of panels.all) sizes.observe(panel.holder);
  root.dataset.ready = "";

  return () => {
    closed = true;
    delete root.dataset.ready;
    delete root.dataset.settled;
    clearTimeout(waiting);
    clearTimeout(running);
    work = null;
    stopTheme();
    sizes.disconnect();
    for (const key of SETTINGS) model.off(`change:${key}`, fromModel);
    root.replaceChildren();
  };
}

function layOut(root, payload, { controls, readouts, answers, panels }, on) {
  const sentence = html("p", { class: "sentence", role: "status", "aria-live": "polite", "data-readout": "sentence" });
  const table = html("table", { "data-table": "curve" });
  const press = (name, title, text, pressed) => {
    const element = html("button", { type: "button", title, "data-save": name }, text);
    element.addEventListener("click", pressed);
    return element;
  };
  const keepButton = press("keep", "draw this curve dashed while the sliders move on", "keep for comparison", on.keep);
  const rests = payload.rests_on.flatMap(([name, text]) => [html("dt", {}, name), html("dd", {}, text)]);
  root.replaceChildren(
    html("header", { class: "top" },
      html("div", { class: "heading" }, html("h2", {}, `${payload.title}: what if`), answers.objective),
      html("div", { class: "selects" }, controls.loop.element, keepButton),
    ),
    html("div", { class: "controls" },
      html("div", { class: "here-side" }, controls.sliders, readouts.element),
      html("div", { class: "limit-side" }, controls.limits, answers.element),
    ),
    ...payload.warnings.map((text) => html("p", { class: "panel-note warning" }, text)),
    html("div", { class: "panels" }, ...panels.all.map((panel) => panel.element)),
    sentence,
    html("footer", { class: "foot" },
      html("details", {}, html("summary", {}, "table"), html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "latency over load" }, table)),
      html("details", {}, html("summary", {}, "what this rests on"), html("dl", { class: "measured" }, ...rests)),
      html("div", { class: "files" }, press("csv", "the curve as a CSV file", "⤓ CSV", on.csv), press("svg", "the panels as they stand as one SVG file", "⤓ SVG", on.svg)),
    ),
  );
  return { sentence, table, keep: keepButton };
}

function fillWhatIfTable(table, { settings, here, curve }) {
  const names = [...new Set(["p50", "p95", "p99", settings.percentile])];
  const chosen = settings.percentile;
  const heads = [settings.loop === "open" ? "load" : "clients", "throughput, requests/s", "utilisation, %", "mean batch", ...names, `${chosen} from`, "to", "n"];
  const rows = curve.map((point) => {
    const ok = point.status === "ok";
    const ends = () => ["lo", "hi"].map((end) => milliseconds(point[chosen][end]));
    const cells = ok ? [three(point.throughput.value), three(100 * point.utilisation.value), three(point.batchMean.value), ...names.map((name) => milliseconds(point[name].value)), ...ends(), point.n] : [point.status];
    return html("tr", point === here ? { class: "here-row", "aria-current": "true" } : {}, html("th", { scope: "row" }, loadSaid(settings, point.load)), ...cells.map((text) => html("td", {}, String(text))));
  });
  const head = html("thead", {}, html("tr", {}, ...heads.map((text) => html("th", { scope: "col" }, text))));
  const times = curve.find((point) => point.status === "ok")?.replications ?? 0;
  const from = times > 1 ? `${times} replications of each load; from, to: the lowest and the highest of them` : "nothing in it is drawn";
  table.replaceChildren(html("caption", {}, `The curve of these settings, simulated: ${from}.`), head, html("tbody", {}, ...rows));
}

function curveCsv({ settings, curve }, { percentiles }) {
  const given = ["loop", "max_batch_size", "max_wait_ms", "workers", "host_ms", "think_ms"];
  const ends = (name, stem) => [`${stem}`, `${stem}_lo`, `${stem}_hi`].map((column, at) => [column, (point) => point[name][["value", "lo", "hi"][at]]]);
  const columns = [...ends("throughput", "throughput_rps"), ...percentiles.flatMap((name) => ends(name, `latency_${name}_ms`)), ["n", (point) => point.n]];
  const lines = [[...given, settings.loop === "open" ? "request_rate_rps" : "concurrency", ...columns.map(([name]) => name)]];
  for (const point of curve.filter((one) => one.status === "ok")) {
    lines.push([...given.map((name) => settings[name]), point.load, ...columns.map(([, read]) => (Number.isFinite(read(point)) ? read(point) : ""))]);
  }
  return lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
}

// What Python may read of it.
function readingOf({ settings, here, capacity, curve }, { turns, loads, devices }, { percentiles }) {
  const finite = (value) => (Number.isFinite(value) ? value : null);
  const reading = { status: here.status, capacity_rps: capacity };
  if (here.status === "ok") {
    const columns = [["throughput", "throughput_rps"], ...percentiles.map((name) => [name, `latency_${name}_ms`])];
    for (const [name, column] of columns) {
      for (const [end, tail] of [["value", ""], ["lo", "_lo"], ["hi", "_hi"]]) reading[column + tail] = finite(here[name][end]);
    }
    Object.assign(reading, { utilisation: finite(here.utilisation.value), batch_size_mean: finite(here.batchMean.value), n: here.n, replications: here.replications });
  }
  reading.looked_at = [curve[0].load, curve.at(-1).load];
  reading.turns_up_at = turns && !turns.isLast ? turns.load : null;
  reading.kept = loads.kept.map(({ from, to }) => [from.load, to.load]);
  reading.perhaps_kept = settings.limit_ms === null ? [] : loads.possible.map(({ from, to, below, above }) => [below ?? from.load, above ?? to.load]);
  reading.bears = loads.kept.at(-1)?.to.load ?? null;
  reading.devices = devices?.value ?? null;
  reading.devices_perhaps = devices?.perhaps ?? null;
  return reading;
}
