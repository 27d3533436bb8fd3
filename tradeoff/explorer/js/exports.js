// Files for the reader: the figure as one SVG, the points as CSV.

import { html, svg } from "./dom.js";
import { toCsv } from "./table.js";

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "paint-order", "text-anchor"];
const GAP = 24;

export function saveCsv(context) {
  download("tradeoff.csv", "text/csv;charset=utf-8", toCsv(context));
}

export function saveSvg(root, panels, sentence) {
  download("tradeoff.svg", "image/svg+xml", figureText(root, panels, sentence));
}

// Every panel where it stands on the page, with its heading, and the sentence below.
export function figureText(root, panels, sentence) {
  const style = getComputedStyle(root);
  const frames = panels.map((panel) => ({ panel, box: panel.getBoundingClientRect() }));
  const left = Math.min(...frames.map(({ box }) => box.left));
  const top = Math.min(...frames.map(({ box }) => box.top));
  const width = Math.max(...frames.map(({ box }) => box.right)) - left + 2 * GAP;
  const height = Math.max(...frames.map(({ box }) => box.bottom)) - top + 2 * GAP + 28;
  const figure = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": style.fontFamily });
  const words = { fill: style.color, "font-size": 14 };
  figure.append(svg("title", {}, sentence), svg("rect", { width, height, fill: style.backgroundColor }));
  for (const { panel, box } of frames) {
    const place = svg("g", { transform: `translate(${box.left - left + GAP} ${box.top - top + GAP})` });
    place.append(svg("text", { ...words, x: 2, y: 14, "font-weight": 600 }, panel.querySelector("h3").textContent));
    for (const layer of panel.querySelectorAll(".main-svg, .overlay, .own-plot")) {
      const at = layer.getBoundingClientRect();
      const copy = copied(layer);
      place.append(svg("g", { transform: `translate(${at.left - box.left} ${at.top - box.top})` }, copy));
    }
    figure.append(place);
  }
  figure.append(svg("text", { ...words, x: GAP, y: height - GAP }, sentence));
  return new XMLSerializer().serializeToString(figure);
}

// A copy that looks the same without the style sheet.
function copied(layer) {
  const copy = layer.cloneNode(true);
  const [from, to] = [layer, copy].map((element) => [element, ...element.querySelectorAll("*")]);
  from.forEach((element, at) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value) to[at].style.setProperty(name, value);
    }
    if (style.display === "none") to[at].setAttribute("display", "none");
  });
  for (const left of copy.querySelectorAll(".hoverlayer, .zoomlayer")) left.remove();
  return copy;
}

function download(name, type, text) {
  const link = html("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
