// A light SVG over a static plotly panel. Its marks are placed with the axes' own d2p and _offset, private names of
// plotly.js: a browser test holds marks and plotly's markers together to a pixel.

import { svg, setAttributes, uniqueId } from "./dom.js";

export function createOverlay(holder) {
  const clip = uniqueId("clip");
  const window = svg("rect");
  const inside = svg("g", { "clip-path": `url(#${clip})` });
  const outside = svg("g");
  const layer = svg("svg", { class: "overlay", "aria-hidden": "true" }, svg("defs", {}, svg("clipPath", { id: clip }, window)), inside, outside);
  holder.append(layer);

  // Follow the panel after it was drawn, zoomed, panned or resized; gives the scale, or null before the first drawing.
  function follow(plot) {
    const layout = plot._fullLayout;
    if (!layout?.xaxis?.d2p) return null;
    const { xaxis, yaxis } = layout;
    const scale = {
      x: (value) => xaxis._offset + xaxis.d2p(value),
      y: (value) => yaxis._offset + yaxis.d2p(value),
      left: xaxis._offset,
      right: xaxis._offset + xaxis._length,
      top: yaxis._offset,
      bottom: yaxis._offset + yaxis._length,
    };
    setAttributes(layer, { width: layout.width, height: layout.height });
    setAttributes(window, { x: scale.left, y: scale.top, width: xaxis._length, height: yaxis._length });
    return scale;
  }

  return { layer, inside, outside, follow };
}

// "M x y L x y", a new stroke after every hole.
export function pathThrough(places) {
  let text = "";
  let pen = "M";
  for (const place of places) {
    if (place === null) {
      pen = "M";
      continue;
    }
    text += `${pen}${place[0].toFixed(2)} ${place[1].toFixed(2)}`;
    pen = "L";
  }
  return text;
}

// A closed outline around stretches of [x, low, high] without holes.
export function bandAround(places) {
  const stretches = [];
  let open = [];
  for (const place of [...places, null]) {
    if (place !== null) open.push(place);
    else if (open.length) {
      stretches.push(open);
      open = [];
    }
  }
  const corner = ([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`;
  return stretches
    .map((stretch) => {
      const there = stretch.map(([x, low]) => corner([x, low]));
      const back = stretch.map(([x, , high]) => corner([x, high])).reverse();
      return `M${[...there, ...back].join("L")}Z`;
    })
    .join("");
}
