// A small chart that is drawn whole in a millisecond: axes, and shapes that keep their element from draw to draw.

import { html, setAttributes, setText, show, svg } from "./dom.js";
import { short } from "./format.js";
import { rangeOf, ticksOf } from "./scales.js";

const MARGIN = { left: 62, right: 16, top: 10, bottom: 42 };
const TAGS = { line: "path", band: "path", dot: "circle", rule: "line", span: "rect", label: "text" };

export function createChart() {
  const layer = svg("svg", { class: "own-plot", "aria-hidden": "true" });
  const element = html("div", { class: "own-holder" }, layer);
  const clip = svg("clipPath", { id: `clip-${Math.random().toString(36).slice(2, 10)}` }, svg("rect", {}));
  const grid = svg("g");
  const shapes = svg("g", { "clip-path": `url(#${clip.id})` });
  const labels = svg("g");
  const names = { x: svg("text", { class: "axis-name", "text-anchor": "middle" }), y: svg("text", { class: "axis-name", "text-anchor": "middle" }) };
  layer.append(svg("defs", {}, clip), grid, shapes, labels, names.x, names.y);
  const held = new Map(); // of each shape its element
  const ticks = [];
  let size = { width: 480, height: 320 };
  let axes = null;

  function resize(width, height) {
    size = { width: Math.max(240, width), height: Math.max(180, height) };
    setAttributes(layer, { ...size, viewBox: `0 0 ${size.width} ${size.height}` });
    const box = { x: MARGIN.left, y: MARGIN.top, width: size.width - MARGIN.left - MARGIN.right, height: size.height - MARGIN.top - MARGIN.bottom };
    setAttributes(clip.firstChild, box);
  }

  // x, y: { kind, range, title }. shapes: [{ key, type, class, ... }] in the order in which they lie on each other:
  //   line, band { points: [[x, y], …] } · dot { at: [x, y], r } · rule { x } or { y } · span { from, to } of y
  //   label { at: [x, y], text, anchor, dx, dy, within }: `within` keeps it inside the frame
  function draw({ x, y, shapes: wanted }) {
    axes = { x: scaleOf(x, [MARGIN.left, size.width - MARGIN.right]), y: scaleOf(y, [size.height - MARGIN.bottom, MARGIN.top]) };
    drawTicks(x, y);
    setText(names.x, x.title);
    setAttributes(names.x, { x: (MARGIN.left + size.width - MARGIN.right) / 2, y: size.height - 6 });
    setText(names.y, y.title);
    setAttributes(names.y, { transform: `translate(14 ${(MARGIN.top + size.height - MARGIN.bottom) / 2}) rotate(-90)` });
    for (const shape of held.values()) shape.used = false;
    for (const shape of wanted) {
      if (!held.has(shape.key)) hold(shape);
      const kept = held.get(shape.key);
      kept.used = true;
      setAttributes(kept.element, { class: shape.class, ...shape.data, ...attributesOf(shape) });
      if (shape.type === "label") setText(kept.element, shape.text);
    }
    for (const shape of held.values()) show(shape.element, shape.used);
  }

  function hold(shape) {
    const element = svg(TAGS[shape.type]);
    held.set(shape.key, { element, used: true });
    (shape.type === "label" ? labels : shapes).append(element);
  }

  function attributesOf(shape) {
    const place = ([a, b]) => [axes.x.to(a), axes.y.to(b)];
    if (shape.type === "line" || shape.type === "band") {
      const path = shape.points.map((point) => place(point).map((pixel) => pixel.toFixed(1)).join(" ")).join("L");
      return { d: path && `M${path}${shape.type === "band" ? "Z" : ""}` };
    }
    if (shape.type === "dot") {
      const [cx, cy] = place(shape.at);
      return { cx, cy, r: shape.r };
    }
    const [left, right, top, bottom] = [MARGIN.left, size.width - MARGIN.right, MARGIN.top, size.height - MARGIN.bottom];
    if (shape.type === "rule") {
      if (shape.x !== undefined) return { x1: axes.x.to(shape.x), x2: axes.x.to(shape.x), y1: top, y2: bottom };
      return { x1: left, x2: right, y1: axes.y.to(shape.y), y2: axes.y.to(shape.y) };
    }
    if (shape.type === "span") {
      const [one, other] = shape.along === "x" ? [axes.x.to(shape.from), axes.x.to(shape.to)] : [axes.y.to(shape.to), axes.y.to(shape.from)];
      const [from, to] = shape.along === "x" ? [Math.max(left, one), Math.min(right, other)] : [Math.max(top, one), Math.min(bottom, other)];
      const long = Math.max(0, to - from);
      return shape.along === "x" ? { x: from, width: long, y: top, height: bottom - top } : { x: left, width: right - left, y: from, height: long };
    }
    const [px, py] = place(shape.at);
    const half = shape.text.length * 6.6;
    const anchor = shape.anchor ?? (px + (shape.dx ?? 0) + half > right ? "end" : "start");
    const dx = anchor === "end" && !shape.anchor ? -(shape.dx ?? 0) : (shape.dx ?? 0);
    return { x: px + dx, y: Math.min(bottom - 4, Math.max(top + 11, py + (shape.dy ?? 0))), "text-anchor": anchor };
  }

  function drawTicks(x, y) {
    const wide = size.width - MARGIN.left - MARGIN.right;
    const high = size.height - MARGIN.top - MARGIN.bottom;
    const at = [
      ...ticksOf(x.range, x.kind, wide / 70).map((value) => ({ value, isX: true })),
      ...ticksOf(y.range, y.kind, high / 48).map((value) => ({ value, isX: false })),
    ];
    while (ticks.length < at.length) {
      const tick = { line: svg("line", { class: "grid-line" }), text: svg("text", { class: "tick" }) };
      grid.append(tick.line, tick.text);
      ticks.push(tick);
    }
    ticks.forEach(({ line, text }, place) => {
      const tick = at[place];
      show(line, tick !== undefined);
      show(text, tick !== undefined);
      if (!tick) return;
      const pixel = axes[tick.isX ? "x" : "y"].to(tick.value);
      const [left, right, top, bottom] = [MARGIN.left, size.width - MARGIN.right, MARGIN.top, size.height - MARGIN.bottom];
      setAttributes(line, tick.isX ? { x1: pixel, x2: pixel, y1: top, y2: bottom } : { x1: left, x2: right, y1: pixel, y2: pixel });
      setAttributes(text, tick.isX ? { x: pixel, y: bottom + 15, "text-anchor": "middle" } : { x: left - 6, y: pixel + 4, "text-anchor": "end" });
      setText(text, short(tick.value));
    });
  }

  // The value on the x axis under a pointer; null outside the frame.
  function valueAt(event) {
    if (!axes) return null;
    const box = layer.getBoundingClientRect();
    const pixel = event.clientX - box.left;
    return pixel < MARGIN.left || pixel > size.width - MARGIN.right ? null : axes.x.from(pixel);
  }

  return { element, layer, resize, draw, valueAt };
}

function scaleOf({ kind, range }, [start, end]) {
  const ahead = (value) => (kind === "log" ? Math.log10(Math.max(value, 1e-300)) : value);
  const span = range[1] - range[0];
  return {
    to: (value) => Math.max(-1e5, Math.min(1e5, start + ((ahead(value) - range[0]) / span) * (end - start))),
    from(pixel) {
      const found = range[0] + ((pixel - start) / (end - start)) * span;
      return kind === "log" ? 10 ** found : found;
    },
  };
}

// A range that only grows while somebody drags, and fits again at rest: the axes stand still, and nothing falls off.
// Without padding it ends where the values end.
export function createRange(kind, padding) {
  let range = null;
  return {
    kind,
    take(values, isResting) {
      const next = padding > 0 ? rangeOf(values, kind, padding) : [Math.min(...values), Math.max(...values)];
      range = range === null || isResting ? next : [Math.min(range[0], next[0]), Math.max(range[1], next[1])];
      return range;
    },
  };
}
