// Percentiles of the requests of all replications together, with bands that are order statistics of the same requests.
//
// The share of requests above a value is a mean over independent replications, so that Student's t bounds it, on a log
// scale, for it is small and skewed; the values at the bounds of the share are the band (Woodruff, JASA 47, 1952). It
// is as skewed as the latencies are. What the luck of the replications explains of their shares is taken out (a control
// variate): a few slow batches more or fewer decide on a tail that they cause. At rest the band is one of 99.9 %, so that
// with 95 % those of a whole curve hold together.

import { orderStatistics, PERCENTILES, rankOf } from "./summary.js";

// Student's t by replications: two-sided 95 % of 4, while a slider moves; two-sided 99.9 % from 12 on.
const STUDENT = { 1: 0, 4: 3.182, 12: 4.437 };
const FEWEST_WITH_LUCK = 12; // replications
const SHIFTED = 2; // at most
const STUDENT_WITH_LUCK = 4.587; // two-sided 99.9 % of 12, a slope taken out

export function createPool() {
  let values = new Float64Array(1024);
  let scratch = new Float64Array(1024);
  let ends = []; // of each replication
  let lucks = [];

  function empty(most) {
    if (values.length < most) [values, scratch] = [new Float64Array(most), new Float64Array(most)];
    ends = [];
    lucks = [];
  }

  // luck: a number with a mean of nought that tells lucky replications from unlucky ones; 0 where there is none
  function add(latencies, luck = 0) {
    const start = ends.at(-1) ?? 0;
    values.set(latencies, start);
    ends.push(start + latencies.length);
    lucks.push(luck);
  }

  function percentiles() {
    const n = ends.at(-1);
    const all = values.subarray(0, n);
    const valuesAt = (shares) => orderStatistics(all, shares.map((share) => rankOf(n, Math.min(1, Math.max(0, 1 - share)))), scratch);
    const raw = valuesAt(PERCENTILES.map((p) => 1 - p));
    const known = sharesFrom(raw).map(({ over, from }) => [estimated(over, lucks), estimated(from, lucks)]);
    const middle = PERCENTILES.map((p, at) => (1 - p) * known[at][0].shift);
    const bounds = known.map(([over, from], at) => [middle[at] * from.factor, middle[at] / over.factor]);
    const found = valuesAt([...middle, ...bounds.flat()]);
    return bounds.map((bound, at) => ({ value: found[at], lo: found[bounds.length + 2 * at], hi: found[bounds.length + 2 * at + 1], isOpen: bound[1] * n < 1 }));
  }

  // Of each replication the share of requests over each of some ascending values, and of those from the value on: where
  // many requests are equal to it the two differ.
  function sharesFrom(ascending) {
    const shares = ascending.map(() => ({ over: [], from: [] }));
    const above = new Float64Array(ascending.length);
    const equal = new Float64Array(ascending.length);
    let at = 0;
    for (const end of ends) {
      const n = end - at;
      above.fill(0);
      equal.fill(0);
      for (; at < end; at += 1) {
        for (let place = 0; place < ascending.length && values[at] >= ascending[place]; place += 1) {
          if (values[at] > ascending[place]) above[place] += 1;
          else equal[place] += 1;
        }
      }
      shares.forEach(({ over, from }, place) => {
        over.push(above[place] / n);
        from.push((above[place] + equal[place]) / n);
      });
    }
    return shares;
  }

  return { empty, add, percentiles };
}

// The factor to which a share is known, and that by which what was seen of it is too high for luck.
function estimated(shares, lucks) {
  const { value, half } = meanOfEach(shares);
  if (!(value > 0)) return { factor: 1, shift: 1 };
  const luck = meanOfEach(lucks).value;
  const spread = lucks.reduce((sum, one) => sum + (one - luck) ** 2, 0);
  if (shares.length < FEWEST_WITH_LUCK || !(spread > 0)) return { factor: Math.exp(half / value), shift: 1 };
  const slope = shares.reduce((sum, share, at) => sum + (share - value) * (lucks[at] - luck), 0) / spread;
  const rest = shares.reduce((sum, share, at) => sum + (share - value - slope * (lucks[at] - luck)) ** 2, 0) / (shares.length - 2);
  const error = STUDENT_WITH_LUCK * Math.sqrt(rest * (1 / shares.length + luck ** 2 / spread));
  if (error >= half) return { factor: Math.exp(half / value), shift: 1 }; // luck explains nothing
  return { factor: Math.exp(error / value), shift: Math.min(SHIFTED, Math.max(1 / SHIFTED, 1 + (slope * luck) / value)) };
}

// { value, lo, hi, half, each } of the mean of independent numbers.
export function meanOfEach(each) {
  const value = each.reduce((sum, one) => sum + one, 0) / each.length;
  const spread = each.length > 1 ? each.reduce((sum, one) => sum + (one - value) ** 2, 0) / (each.length - 1) : 0;
  const half = (STUDENT[each.length] ?? STUDENT[12]) * Math.sqrt(spread / each.length);
  return { value, lo: Math.max(0, value - half), hi: value + half, half, each };
}
