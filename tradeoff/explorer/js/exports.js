// Files for the reader: the figure as one SVG.

import { html, svg } from "./dom.js";

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "paint-order", "text-anchor"];
const GAP = 24;
const LINE = 20;
const LETTER = 7.6; // pixels that a letter of the sentence takes, at most on the average

export function saveSvg(root, panels, sentence) {
  download("tradeoff.svg", "image/svg+xml", figureText(root, panels, sentence));
}

// Every panel where it stands on the page, with its heading, its legend and its notes, and the sentence below.
export function figureText(root, panels, sentence) {
  const style = getComputedStyle(root);
  const boxes = panels.map((panel) => panel.getBoundingClientRect());
  const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
  const width = Math.max(...boxes.map((box) => box.right)) - left + 2 * GAP;
  const lines = wrapped(sentence, Math.floor((width - 2 * GAP) / LETTER));
  const foot = Math.max(...boxes.map((box) => box.bottom)) - top + 2 * GAP;
  const height = foot + lines.length * LINE + GAP / 2;
  const figure = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": style.fontFamily });
  figure.append(svg("title", {}, sentence), svg("rect", { width, height, fill: style.backgroundColor }));
  const body = svg("g", { transform: `translate(${GAP - left} ${GAP - top})` });
  for (const panel of panels) {
    for (const part of panel.querySelectorAll("h3, .legend, .panel-note, .stage-key")) body.append(...copiedWords(part));
    for (const layer of panel.querySelectorAll(".main-svg, .overlay, .own-plot, .legend svg")) {
      const at = layer.getBoundingClientRect();
      if (!(at.width > 0)) continue; // the legend of what there is none of
      body.append(svg("g", { transform: `translate(${at.left} ${at.top})` }, copied(layer)));
    }
  }
  const words = { fill: style.color, "font-size": 14 };
  figure.append(body, ...lines.map((line, at) => svg("text", { ...words, x: GAP, y: foot + at * LINE }, line)));
  return new XMLSerializer().serializeToString(figure);
}

// The texts of a part of the page, and its patches of colour, each where it stands.
function copiedWords(part) {
  const made = [];
  for (const patch of part.querySelectorAll("i, .ramp")) {
    const at = patch.getBoundingClientRect();
    const stops = patch.dataset.stops?.split(" ") ?? [getComputedStyle(patch).backgroundColor];
    const piece = at.width / stops.length;
    if (at.width > 0) made.push(...stops.map((fill, place) => svg("rect", { x: at.left + place * piece, y: at.top, width: piece + 0.5, height: at.height, fill })));
  }
  const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
    if (text.parentElement.closest("svg")) continue;
    const style = getComputedStyle(text.parentElement);
    for (const { words, box } of linesOf(text)) {
      const y = box.bottom - 0.22 * box.height;
      made.push(svg("text", { x: box.left, y, fill: style.color, "font-size": style.fontSize, "font-weight": style.fontWeight }, words));
    }
  }
  return made;
}

// A text node line by line, as the browser has broken it.
function linesOf(text) {
  const lines = [];
  const range = document.createRange();
  for (const { 0: word, index } of text.data.matchAll(/\S+\s*/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.trimEnd().length);
    const box = range.getBoundingClientRect();
    if (!(box.width > 0)) continue;
    const open = lines.at(-1);
    if (open && Math.abs(open.box.bottom - box.bottom) < 2) open.words += word;
    else lines.push({ words: word, box });
  }
  return lines;
}

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) !== "" && lines.at(-1).length + 1 + word.length > most) lines.push("");
    lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines;
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

export function download(name, type, text) {
  const link = html("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
