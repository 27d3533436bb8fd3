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

// places: [{ x, y, anchor }], the one liked best first; boxes and points ([x, y, weight]) are what a name should not cover.
// Nearer to `rival` than to `own` it would be read as the rival's.
export function freePlace(text, places, { boxes = [], points = [], own = null, rival = null, scale }) {
  let best = null;
  places.forEach((place, rank) => {
    const box = textBox(text, place.x, place.y, place.anchor);
    const outside = Math.max(0, scale.left - box.left) + Math.max(0, box.right - scale.right) + Math.max(0, scale.top - box.top) + Math.max(0, box.bottom - scale.bottom);
    const covered = boxes.reduce((sum, other) => sum + overlap(box, other), 0) / 40;
    let crossed = 0; // a plain loop: points are many where lines are
    for (const point of points) {
      if (point[0] > box.left - 2 && point[0] < box.right + 2 && point[1] > box.top - 2 && point[1] < box.bottom + 2) crossed += point[2] ?? 1;
    }
    const misread = own && rival && gap(box, rival) <= gap(box, own) ? 10 : 0;
    const cost = 20 * outside + 5 * covered + crossed + misread + 0.1 * rank;
    if (best === null || cost < best.cost) best = { place, box, cost };
  });
  return best;
}

// Places around a mark: four at its corners, two above and below, and four further off.
export function aroundMark([x, y], reach) {
  const sides = [["end", -reach - 2], ["start", reach + 2]];
  const beside = (lift) => sides.map(([anchor, shift]) => ({ x: x + shift, y: y + lift, anchor }));
  const over = (lift) => ({ x, y: y + lift, anchor: "middle" });
  return [...beside(-reach), ...beside(reach + 8), over(-reach - 5), over(reach + 12), ...beside(-reach - 14), ...beside(reach + 22)];
}

// Points along a line with holes, close enough that no name fits between two of them.
export function pointsAlong(places, weight = 1, step = 9) {
  const points = [];
  places.forEach((place, at) => {
    if (place === null) return;
    const next = places[at + 1] ?? null;
    const pieces = next === null ? 1 : Math.max(1, Math.ceil(Math.hypot(next[0] - place[0], next[1] - place[1]) / step));
    for (let piece = 0; piece < pieces; piece += 1) {
      const share = piece / pieces;
      points.push(next === null ? [...place, weight] : [place[0] + share * (next[0] - place[0]), place[1] + share * (next[1] - place[1]), weight]);
    }
  });
  return points;
}

function gap(one, other) {
  const across = Math.max(0, one.left - other.right, other.left - one.right);
  const down = Math.max(0, one.top - other.bottom, other.top - one.bottom);
  return Math.hypot(across, down);
}

function overlap(one, other) {
  const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return across > 0 && down > 0 ? across * down : 0;
}
