// The objective by its parts, in the stand-alone page: there is no kernel to read a text, so that none is typed.

import { valueSaid } from "./answers.js";
import { html, setAttributes, setText, uniqueId } from "./dom.js";
import { contradiction, isPossible, numberText, written } from "./objective.js";

const TIME_UNITS = { ns: 1e-6, "µs": 1e-3, ms: 1, s: 1e3 };
const NONE = "";

// on: { objective(the whole, or null) }
export function createForm({ payload }, model, on) {
  const direction = choice("direction", "what is asked", [[NONE, "nothing declared"], ["maximize", "maximize"], ["minimize", "minimize"]]);
  const metrics = Object.entries(payload.metrics).map(([name, { short }]) => [name, short]);
  const metric = choice("metric", "the metric to optimise", metrics);
  const constraints = html("span", { class: "parts", "data-parts": "constraints" });
  const settings = html("span", { class: "parts", "data-parts": "at" });
  const said = html("div", { class: "said", role: "alert", "data-readout": "objective-error" });
  const line = html("div", { class: "form", role: "group", "aria-label": "objective" }, html("span", { class: "asking-name" }, "objective"), direction, metric, constraints, settings);
  const element = html("div", { class: "asking" }, line, said);
  let asked = null;

  direction.addEventListener("change", () => declare(direction.value === NONE ? null : { ...parts(), direction: direction.value }));
  metric.addEventListener("change", () => declare({ ...parts(), metric: metric.value }));

  const parts = () => asked ?? { direction: "maximize", metric: "throughput_rps", constraints: [], at: [] };

  function declare(next) {
    const wrong = next === null ? "" : contradiction(payload, next.constraints);
    tell(wrong);
    if (!wrong) on.objective(next && written(payload, next));
    else show({ objective: asked }, true);
  }

  function tell(wrong, input = null) {
    for (const one of element.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
    if (wrong && input) setAttributes(input, { "aria-invalid": "true" });
    setText(said, wrong);
  }

  function replaced(list, at, next) {
    return next === null ? list.filter((_, place) => place !== at) : list.map((one, place) => (place === at ? next : one));
  }

  function show({ objective }, again = false) {
    if (objective?.text === asked?.text && !again && line.dataset.shown === "") return;
    const before = asked;
    asked = objective;
    line.dataset.shown = "";
    direction.value = objective?.direction ?? NONE;
    metric.hidden = objective === null;
    if (objective) metric.value = objective.metric;
    if (sameShape(before, objective) && !again) {
      objective?.constraints.forEach((one, at) => constraints.children[at].follow(one));
      return;
    }
    keepingFocus(line, () => {
      constraints.replaceChildren(...(objective ? [...objective.constraints.map(constraintRow), constraintAdder(objective)] : []));
      settings.replaceChildren(...(objective ? [...objective.at.map(settingRow), settingAdder(objective)].filter(Boolean) : []));
    });
  }

  function constraintRow(constraint, at) {
    const change = (next) => declare({ ...asked, constraints: replaced(asked.constraints, at, next) });
    const name = `limit ${at + 1}`;
    const what = choice(`constraint-${at}`, `${name}: the metric`, metrics, constraint.metric);
    const sign = choice(`comparison-${at}`, `${name}: at most or at least`, [["<=", "≤"], [">=", "≥"]], constraint.comparison);
    const isTime = payload.metrics[constraint.metric].unit === "ms";
    const amount = html("input", { type: "number", step: "any", class: "amount", "data-part": `limit-${at}`, "aria-label": `${name}: its value` });
    const unit = isTime ? choice(`unit-${at}`, `${name}: its unit`, Object.keys(TIME_UNITS).map((one) => [one, one]), "ms") : html("span", {}, payload.metrics[constraint.metric].written);
    const scale = () => (isTime ? TIME_UNITS[unit.value] : 1);
    const row = html("span", { class: "part" }, html("span", { class: "word" }, at === 0 ? "subject to" : "and"), what, sign, amount, unit, remover(`constraint-${at}`, `take ${name} back`, () => change(null)));
    let now = constraint;
    what.addEventListener("change", () => change(startingAt(payload, what.value)));
    sign.addEventListener("change", () => change({ ...now, comparison: sign.value }));
    amount.addEventListener("change", () => read(amount, scale()));
    if (isTime) unit.addEventListener("change", () => write());
    function read(input, factor) {
      const limit = input.value === "" ? NaN : Number((input.valueAsNumber * factor).toPrecision(15));
      if (isPossible(payload, now.metric, limit)) change({ ...now, limit });
      else tell(`a limit of ${payload.metrics[now.metric].short} is a number${leastSaid(payload.metrics[now.metric].least)}`, input);
    }
    function write() {
      amount.value = numberText(Number((now.limit / scale()).toPrecision(15)));
    }
    row.follow = (next) => {
      now = next;
      write();
    };
    write();
    return row;
  }

  function constraintAdder(objective) {
    const free = [[NONE, objective.constraints.length ? "and …" : "subject to …"], ...metrics];
    const add = choice("constraint-new", "add a limit on", free);
    add.addEventListener("change", () => declare({ ...asked, constraints: [...asked.constraints, startingAt(payload, add.value)] }));
    return add;
  }

  function settingRow(setting, at) {
    const options = payload.settings.find((one) => one.column === setting.column)?.options ?? [setting];
    const change = (next) => declare({ ...asked, at: replaced(asked.at, at, next) });
    const value = choice(`at-${at}`, "held at", options.map((one) => [one.text, one.text]), setting.text);
    value.addEventListener("change", () => change({ column: setting.column, ...options.find((one) => one.text === value.value) }));
    return html("span", { class: "part" }, html("span", { class: "word" }, at === 0 ? "at" : "and"), value, remover(`at-${at}`, `do not hold ${setting.column}`, () => change(null)));
  }

  function settingAdder(objective) {
    const held = new Set(objective.at.map((one) => one.column));
    const free = payload.settings.filter((one) => !held.has(one.column));
    if (!free.length) return null;
    const add = choice("at-new", "hold a column at a value", [[NONE, "at …"], ...free.map((one) => [one.column, payload.metrics[one.column]?.short ?? one.column])]);
    add.addEventListener("change", () => {
      const { column, options } = free.find((one) => one.column === add.value);
      declare({ ...asked, at: [...asked.at, { column, ...options[0] }] });
    });
    return add;
  }

  return { element, show, close() {} };
}

function startingAt(payload, metric) {
  const { steps, better } = payload.metrics[metric];
  return { metric, comparison: better === "higher" ? ">=" : "<=", limit: steps.length ? steps[Math.floor(steps.length / 2)] : 1 };
}

function leastSaid(least) {
  return { any: "", zero: ", 0 or more", positive: " above 0" }[least];
}

function sameShape(one, other) {
  const shape = (objective) => objective && JSON.stringify([objective.metric, objective.constraints.map(({ metric, comparison }) => [metric, comparison]), objective.at.map(({ text }) => text)]);
  return shape(one) === shape(other);
}

function choice(part, label, options, value = null) {
  const select = html("select", { "data-part": part, "aria-label": label });
  for (const [name, text] of options) select.append(html("option", { value: name }, text));
  if (value !== null) select.value = value;
  return select;
}

function remover(part, label, clicked) {
  const button = html("button", { type: "button", class: "remove", "data-remove": part, "aria-label": label, title: label }, "×");
  button.addEventListener("click", clicked);
  return button;
}

// Parts are made anew when their number changes: whoever uses keys stays where they were.
function keepingFocus(line, work) {
  const part = line.contains(document.activeElement) ? document.activeElement.dataset.part : undefined;
  work();
  if (part === undefined || line.contains(document.activeElement)) return;
  const added = part.endsWith("-new") ? [...line.querySelectorAll(`[data-part^="${part.split("-")[0] === "at" ? "at-" : "limit-"}"]`)].filter((one) => !one.dataset.part.endsWith("-new")).at(-1) : null;
  (added ?? line.querySelector(`[data-part="${part}"]`) ?? line.querySelector("[data-part]")).focus();
}
