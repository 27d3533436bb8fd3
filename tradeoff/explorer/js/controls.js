// Sliders over measured values, the limit, and drop-downs for what really varies.

import { axisName, valueText } from "./grid.js";
import { createSelect, createSlider } from "./inputs.js";
import { createLimit } from "./limit.js";

// on: { move(axis, at), limit(limit or null), limiting(at), settle(), percentile(name), slice(column, text) }
export function createControls(context, on) {
  const { payload, grid } = context;
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
  const limit = createLimit(context, on);
  const axis = createSelect("percentile", payload.percentiles, on.percentile);
  const slicers = payload.slicers.map((slicer) => ({
    ...createSelect(slicer.label, slicer.values, (text) => on.slice(slicer.column, text), slicer.column),
    column: slicer.column,
  }));

  function show(state) {
    sliders.forEach((slider, at) => slider.set(state.index[at]));
    limit.show(state);
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
