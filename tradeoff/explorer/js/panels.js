// A panel: a heading, a static plotly figure drawn seldom, and an overlay of marks placed often.

import { html } from "./dom.js";
import { CONFIG } from "./figures.js";
import { createFrame } from "./frame.js";
import { createOverlay } from "./overlay.js";

// figureOf(view) -> { data, layout }; marksOn(overlay) -> { place(scale, state) }; chosen(cell) after a click.
export function createPlotPanel({ name, title, below = [], figureOf, marksOn, chosen }) {
  const frame = createFrame(name, title, ...below);
  const plot = html("div", { class: "plot" });
  frame.holder.append(plot);
  const overlay = createOverlay(frame.holder);
  const marks = marksOn(overlay);
  let view = null;
  let drawn = false;
  let zoom = null;

  function place() {
    const scale = drawn ? overlay.follow(plot) : null;
    return scale ? marks.place(scale, view.state) : "";
  }

  async function draw(Plotly, next) {
    const size = { width: frame.holder.clientWidth, height: frame.holder.clientHeight };
    if (size.width < 40 || size.height < 40) return; // in a tab that is not shown
    if (view?.revision !== next.revision) zoom = null;
    view = { ...next, size, zoom };
    const { data, layout } = figureOf(view);
    if (drawn) {
      await Plotly.react(plot, data, layout, CONFIG);
    } else {
      await Plotly.newPlot(plot, data, layout, CONFIG);
      drawn = true;
      listen(Plotly);
    }
    place();
  }

  function listen(Plotly) {
    plot.on("plotly_click", (event) => {
      const cell = event.points[0]?.customdata;
      if (Number.isInteger(cell)) chosen(cell);
    });
    plot.on("plotly_relayouting", place);
    plot.on("plotly_afterplot", place);
    plot.on("plotly_relayout", (changed) => {
      if (!Object.keys(changed).some((key) => /^[xy]axis\.range/.test(key))) return;
      zoom = { xaxis: [...plot.layout.xaxis.range], yaxis: [...plot.layout.yaxis.range] };
      retick(Plotly);
    });
  }

  // Ticks are ours (measured values, 1-2-5): a zoomed axis needs others.
  function retick(Plotly) {
    const { layout } = figureOf({ ...view, zoom });
    const changes = {};
    for (const axis of ["xaxis", "yaxis"]) {
      changes[`${axis}.tickvals`] = layout[axis].tickvals;
      changes[`${axis}.ticktext`] = layout[axis].ticktext;
    }
    Plotly.relayout(plot, changes);
  }

  return {
    ...frame,
    plot,
    draw,
    place(state) {
      if (view) view.state = state;
      return place();
    },
    remove(Plotly) {
      if (drawn) Plotly.purge(plot);
    },
  };
}

// A panel that draws itself whole: no axes to zoom, a few dozen elements that follow the sliders.
export function createOwnPanel({ name, title, own, below = [] }) {
  const frame = createFrame(name, title, ...below);
  frame.holder.append(own.element);
  return {
    ...frame,
    draw(_, view) {
      own.resize(frame.holder.clientWidth);
      own.place(view.state);
    },
    place: (state) => own.place(state),
    remove() {},
  };
}
