// The slider of the limit, and under it who wins where: moving the limit shows where the winner changes.

import { fromSaid, namedPlace, valueSaid } from "./answers.js";
import { html, setAttributes, setText, uniqueId } from "./dom.js";
import { nearestIndex } from "./grid.js";
import { createSelect, createSlider } from "./inputs.js";
import { limitOf } from "./objective.js";

// on: { limit(limit or null), limiting(at), settle() }
export function createLimit({ payload, grid, answers }, on) {
  let moving = { metric: "", comparison: "<=" };
  let places = [null]; // from left to right; the loosest end is no limit at all
  const short = () => payload.metrics[moving.metric]?.short ?? moving.metric.split("_")[1];
  const sign = () => (moving.comparison === "<=" ? "≤" : "≥");
  const said = (limit) => (limit === null ? "none declared" : `${sign()} ${valueSaid(payload, moving.metric, limit)}`);
  const spoken = (limit) => (limit === null ? "no limit declared" : `${short()} limit ${valueSaid(payload, moving.metric, limit)}`);
  const slider = createSlider({
    name: "limit",
    column: "limit",
    size: 1,
    shown: (place) => said(places[place]),
    spoken: (place) => spoken(places[place]),
    moved: (place) => on.limit(places[place]),
    settled: on.settle,
  });
  const which = createSelect("limit", [], (text) => on.limiting(which.texts().indexOf(text)), "limiting");
  const strip = html("div", { class: "winners", "aria-hidden": "true" });
  const words = html("span", { class: "unseen", id: uniqueId("winners") });
  setAttributes(slider.input, { "aria-describedby": words.id });
  slider.element.append(strip);
  let drawn = null;

  function show(state) {
    const { metric, comparison, limit, at } = limitOf(state);
    if (metric !== moving.metric || comparison !== moving.comparison) {
      moving = { metric, comparison };
      const steps = payload.metrics[metric]?.steps ?? [];
      places = comparison === "<=" ? [...steps, null] : [null, ...steps];
      slider.resize(places.length);
      setText(slider.name, `${short()} limit`);
    }
    const constraints = state.objective?.constraints ?? [];
    which.element.hidden = constraints.length < 2;
    const names = constraints.map((one) => `${payload.metrics[one.metric].short} ${one.comparison === "<=" ? "≤" : "≥"}`);
    which.offer(names);
    which.set(names[at] ?? "");
    slider.element.classList.toggle("undeclared", limit === null);
    const place = placeOf(limit);
    slider.set(place, places[place] === limit ? null : said(limit));
    showWinners(state, limit);
  }

  function placeOf(limit) {
    if (limit === null) return places.indexOf(null);
    const steps = places.filter((step) => step !== null);
    if (!steps.length) return 0;
    return nearestIndex(steps, limit, steps[0] > 0 && limit > 0) + (places[0] === null ? 1 : 0);
  }

  function showWinners(state, limit) {
    const flips = answers.flipsOf(state);
    if (flips !== drawn) {
      drawn = flips;
      draw(flips, state.slice);
    }
    const holds = winnerAt(flips, moving.comparison, limit);
    [...strip.children].forEach((piece, at) => piece.classList.toggle("holds", at === holds + 1));
  }

  function draw(flips, slice) {
    const relaxed = moving.comparison === "<=";
    const edges = flips.map(({ limit }) => shareOf(limit));
    const pieces = flips.map(({ cell }, at) => [edges[at], edges[at + 1] ?? (relaxed ? 1 : 0), grid.shortPlaceOf(cell), `${fromSaid(payload, moving, flips[at].limit)}: ${namedPlace(grid, slice, cell)}`]);
    const before = [relaxed ? 0 : 1, edges[0] ?? (relaxed ? 1 : 0), "none", "no point surely meets it"];
    strip.replaceChildren(...(flips.length ? [before, ...pieces] : []).map(([from, to, name, title], at) => {
      const [left, right] = from < to ? [from, to] : [to, from];
      const piece = html("span", { class: at === 0 ? "winner-piece none" : "winner-piece", title }, html("span", {}, name));
      piece.style.setProperty("--from", left);
      piece.style.setProperty("--share", right - left);
      return piece;
    }));
    const told = flips.map(({ limit, cell }) => `${fromSaid(payload, moving, limit)} ${namedPlace(grid, slice, cell)}`);
    setText(words, told.length ? `Winners: ${told.join("; ")}.` : "");
  }

  // Where a limit lies along the slider, between its steps too: 0 to 1.
  function shareOf(limit) {
    const steps = places.filter((step) => step !== null);
    const shift = places[0] === null ? 1 : 0;
    const above = steps.findIndex((step) => step >= limit);
    if (above <= 0) return above === 0 ? shift / (places.length - 1) : (steps.length - 1 + shift) / (places.length - 1);
    const [low, high] = [steps[above - 1], steps[above]];
    const part = low > 0 ? Math.log(limit / low) / Math.log(high / low) : (limit - low) / (high - low);
    return (above - 1 + part + shift) / (places.length - 1);
  }

  return { element: slider.element, which: which.element, words, name: slider.name, show };
}

// The place among flips of who wins under a limit; -1 before the first.
export function winnerAt(flips, comparison, limit) {
  if (limit === null) return flips.length - 1;
  return flips.findLastIndex((flip) => (comparison === "<=" ? flip.limit <= limit : flip.limit >= limit));
}
