// Sliders over measured values, the limit, and drop-downs for what really varies.

import { setText } from "./dom.js";
import { milliseconds } from "./format.js";
import { axisName, valueText } from "./grid.js";
import { createSelect, createSlider } from "./inputs.js";

// on: { move(axis, at), limit(at or null), settle(), percentile(name), slice(column, text) }
export function createControls({ payload, grid }, on) {
  const sliders = grid.axes.map((axis, at) =>
    createSlider({
      name: axis.label,
      column: axis.column,
      size: grid.sizes[at],
      shown: (place) => valueText(axis, place),
      spoken: (place) => `${axisName(axis)} ${valueText(axis, place)}`,
      moved: (place) => on.move(at, place),
      settled: on.settle,
    }),
  );
  // The loosest end, at the right, is no limit at all: nothing is called a winner before somebody has moved it.
  const none = payload.limits_ms.length;
  let percentile = "p99";
  const limitSaid = (place) => (place === none ? "none declared" : `≤ ${milliseconds(payload.limits_ms[place])}`);
  const limit = createSlider({
    name: "limit",
    column: "limit",
    size: none + 1,
    shown: limitSaid,
    spoken: (place) => (place === none ? "no limit declared" : `${percentile} limit ${milliseconds(payload.limits_ms[place])}`),
    moved: (place) => {
      declare(place !== none);
      on.limit(place === none ? null : place);
    },
    settled: on.settle,
  });
  const axis = createSelect("percentile", payload.percentiles, on.percentile);
  const slicers = payload.slicers.map((slicer) => ({
    ...createSelect(slicer.label, slicer.values, (text) => on.slice(slicer.column, text), slicer.column),
    column: slicer.column,
  }));

  function declare(declared) {
    limit.element.classList.toggle("undeclared", !declared);
  }

  function show(state) {
    percentile = state.percentile;
    sliders.forEach((slider, at) => slider.set(state.index[at]));
    setText(limit.name, `${state.percentile} limit`);
    declare(state.limit !== null);
    limit.set(state.limit ?? none);
    axis.set(state.percentile);
    for (const slicer of slicers) {
      slicer.set(state.slice.key[slicer.column]);
      // Said, not forbidden: choosing a value that does not go with the others changes the others.
      slicer.mark((text) => payload.slices.some((slice) => agrees(slice.key, state.slice.key, slicer.column, text)));
    }
  }

  return { sliders, limit, axis, slicers, show };
}

function agrees(key, chosen, column, text) {
  return Object.entries(key).every(([name, value]) => value === (name === column ? text : chosen[name]));
}
