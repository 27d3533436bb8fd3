// Percentiles of the requests of all replications together, with bands that are order statistics of the same requests.
//
// The share of requests below a value is a mean over independent replications, so that Student's t bounds it; the values
// at the bounds of the share are the band (Woodruff, JASA 47, 1952). It is never below the smallest latency, and as
// skewed as the latencies are. At rest it is one of 99.9 %, so that with 95 % those of a whole curve hold together.

import { orderStatistics, PERCENTILES, rankOf } from "./summary.js";

// Student's t by replications: two-sided 95 % of 4, while a slider moves; two-sided 99.9 % from 12 on.
const STUDENT = { 1: 0, 4: 3.182, 12: 4.437 };

export function createPool() {
  let values = new Float64Array(1024);
  let scratch = new Float64Array(1024);
  let ends = []; // of each replication

  function empty(most) {
    if (values.length < most) [values, scratch] = [new Float64Array(most), new Float64Array(most)];
    ends = [];
  }

  function add(latencies) {
    const start = ends.at(-1) ?? 0;
    values.set(latencies, start);
    ends.push(start + latencies.length);
  }

  function percentiles() {
    const n = ends.at(-1);
    const all = values.subarray(0, n);
    const middle = orderStatistics(all, PERCENTILES.map((p) => rankOf(n, p)), scratch);
    const half = middle.map((value) => halfOf(sharesAround(value)));
    const bounds = PERCENTILES.flatMap((p, at) => [rankOf(n, Math.max(0, p - half[at])), rankOf(n, Math.min(1, p + half[at]))]);
    const band = orderStatistics(all, bounds, scratch);
    return middle.map((value, at) => ({ value, lo: band[2 * at], hi: band[2 * at + 1], isOpen: PERCENTILES[at] + half[at] >= 1 }));
  }

  // Of each replication the share of requests below a value, and of those up to it: where many are equal they differ.
  function sharesAround(value) {
    const below = [];
    const upTo = [];
    let at = 0;
    for (const end of ends) {
      const start = at;
      let [less, most] = [0, 0];
      for (; at < end; at += 1) {
        if (values[at] < value) less += 1;
        if (values[at] <= value) most += 1;
      }
      below.push(less / (end - start));
      upTo.push(most / (end - start));
    }
    return [below, upTo];
  }

  return { empty, add, percentiles };
}

const halfOf = (kinds) => Math.max(...kinds.map((shares) => meanOfEach(shares).half));

// { value, lo, hi, half, each } of the mean of independent numbers.
export function meanOfEach(each) {
  const value = each.reduce((sum, one) => sum + one, 0) / each.length;
  const spread = each.length > 1 ? each.reduce((sum, one) => sum + (one - value) ** 2, 0) / (each.length - 1) : 0;
  const half = (STUDENT[each.length] ?? STUDENT[12]) * Math.sqrt(spread / each.length);
  return { value, lo: Math.max(0, value - half), hi: value + half, half, each };
}
