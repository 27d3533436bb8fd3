// The sliders of what-if: the load, the policy, the limit, and what has to be served in all.

import { html, setText } from "./dom.js";
import { count, milliseconds, rate } from "./format.js";
import { createSelect, createSlider } from "./inputs.js";

const LOOPS = { open: "open: arrivals at a rate", closed: "closed: clients that wait" };

// What each slider is called, and how its value reads.
const SLIDERS = {
  request_rate: { label: "load", read: (value) => rate(value) },
  clients: { label: "clients", read: (value) => count(value) },
  think_ms: { label: "think time", read: (value) => (value > 0 ? milliseconds(value) : "none") },
  max_batch_size: { label: "maximum batch", read: (value) => count(value) },
  max_wait_ms: { label: "maximum wait", read: (value) => (value > 0 ? milliseconds(value) : "none") },
  workers: { label: "workers", read: (value) => count(value) },
  host_ms: { label: "host time", read: (value) => (value > 0 ? milliseconds(value) : "none") },
};
const ONLY_IN = { request_rate: "open", clients: "closed", think_ms: "closed" };

// on: { moved(name, value), settle(), chosen(name, value) }
export function createWhatIfControls(payload, on) {
  const { steps } = payload;
  const sliders = Object.entries(SLIDERS).map(([name, { label, read }]) => ({
    column: name,
    read,
    ...createSlider({
      name: label,
      column: name,
      size: steps[name].length,
      shown: (at) => read(steps[name][at]),
      spoken: (at) => `${label} ${read(steps[name][at])}`,
      moved: (at) => on.moved(name, steps[name][at]),
      settled: on.settle,
    }),
  }));
  // The loosest end, at the right, is no limit at all.
  const none = steps.limit_ms.length;
  const limitSaid = (at) => (at === none ? "none declared" : `≤ ${milliseconds(steps.limit_ms[at])}`);
  let percentile = "p99";
  const limit = createSlider({
    name: "limit",
    column: "limit",
    size: none + 1,
    shown: limitSaid,
    spoken: (at) => (at === none ? "no limit declared" : `${percentile} limit ${milliseconds(steps.limit_ms[at])}`),
    moved(at) {
      limit.element.classList.toggle("undeclared", at === none);
      on.moved("limit_ms", at === none ? null : steps.limit_ms[at]);
    },
    settled: on.settle,
  });
  const neededSaid = (at) => (at === 0 ? "not asked" : rate(steps.needed[at - 1]));
  const needed = createSlider({
    name: "needed in all",
    column: "needed",
    size: steps.needed.length + 1,
    shown: neededSaid,
    spoken: (at) => `needed in all ${neededSaid(at)}`,
    moved: (at) => on.moved("needed", at === 0 ? null : steps.needed[at - 1]),
    settled: on.settle,
  });
  needed.element.classList.replace("axis", "limit");
  const loop = createSelect("load", Object.values(LOOPS), (text) => on.chosen("loop", Object.keys(LOOPS).find((name) => LOOPS[name] === text)), "loop");
  const axis = createSelect("percentile", payload.percentiles, (name) => on.chosen("percentile", name));

  function show(settings) {
    percentile = settings.percentile;
    loop.set(LOOPS[settings.loop]);
    axis.set(percentile);
    for (const { column, element, set, read } of sliders) {
      element.hidden = column in ONLY_IN && ONLY_IN[column] !== settings.loop;
      const [at, isStep] = nearest(steps[column], settings[column]);
      set(at, isStep ? null : read(settings[column]));
    }
    setText(limit.name, `${percentile} limit`);
    limit.element.classList.toggle("undeclared", settings.limit_ms === null);
    if (settings.limit_ms === null) {
      limit.set(none);
    } else {
      const [at, isStep] = nearest(steps.limit_ms, settings.limit_ms);
      limit.set(at, isStep ? null : `≤ ${milliseconds(settings.limit_ms)}`);
    }
    needed.element.classList.toggle("undeclared", settings.needed === null);
    if (settings.needed === null) {
      needed.set(0);
    } else {
      const [at, isStep] = nearest(steps.needed, settings.needed);
      needed.set(at + 1, isStep ? null : rate(settings.needed));
    }
  }

  return {
    sliders: html("div", { class: "sliders" }, ...sliders.map(({ element }) => element)),
    limits: html("div", { class: "sliders" }, limit.element, axis.element, needed.element),
    loop,
    show,
  };
}

function nearest(steps, value) {
  let best = 0;
  steps.forEach((step, at) => {
    if (Math.abs(step - value) < Math.abs(steps[best] - value)) best = at;
  });
  return [best, steps[best] === value];
}
