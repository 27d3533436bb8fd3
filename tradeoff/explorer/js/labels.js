// Where a name can stand: beside what it names, inside the panel, and on as little else as possible.

const SMALL_LETTER = 6.9; // pixels a letter of small type takes, about
const ASCENT = 10;
const DESCENT = 4;

// The box around a text of small type whose baseline is at x, y.
export function textBox(text, x, y, anchor) {
  const width = text.length * SMALL_LETTER;
  const left = { start: x, middle: x - width / 2, end: x - width }[anchor];
  return { left, right: left + width, top: y - ASCENT, bottom: y + DESCENT };
}

export function boxAround([x, y], reach) {
  return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
}

// places: [{ x, y, anchor }], the one liked best first; boxes and points are what a name should not cover.
export function freePlace(text, places, { boxes = [], points = [], scale }) {
  let best = null;
  places.forEach((place, rank) => {
    const box = textBox(text, place.x, place.y, place.anchor);
    const outside = Math.max(0, scale.left - box.left) + Math.max(0, box.right - scale.right) + Math.max(0, scale.top - box.top) + Math.max(0, box.bottom - scale.bottom);
    const covered = boxes.reduce((sum, other) => sum + overlap(box, other), 0) / 40;
    const crossed = points.reduce((sum, [x, y]) => sum + (x > box.left - 2 && x < box.right + 2 && y > box.top - 2 && y < box.bottom + 2 ? 1 : 0), 0);
    const cost = 20 * outside + 5 * covered + crossed + 0.1 * rank;
    if (best === null || cost < best.cost) best = { place, box, cost };
  });
  return best;
}

// Four places around a mark and two further off.
export function aroundMark([x, y], reach) {
  const sides = [["end", -reach - 2], ["start", reach + 2]];
  return [-reach, reach + 8, -reach - 14, reach + 22].flatMap((lift) => sides.map(([anchor, shift]) => ({ x: x + shift, y: y + lift, anchor })));
}

// Points along a line with holes, close enough that no name fits between two of them.
export function pointsAlong(places, step = 9) {
  const points = [];
  places.forEach((place, at) => {
    if (place === null) return;
    const next = places[at + 1] ?? null;
    const pieces = next === null ? 1 : Math.max(1, Math.ceil(Math.hypot(next[0] - place[0], next[1] - place[1]) / step));
    for (let piece = 0; piece < pieces; piece += 1) {
      const share = piece / pieces;
      points.push(next === null ? place : [place[0] + share * (next[0] - place[0]), place[1] + share * (next[1] - place[1])]);
    }
  });
  return points;
}

function overlap(one, other) {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return across > 0 && down > 0 ? across * down : 0;
}
