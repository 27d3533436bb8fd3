// Percentiles of the requests of all replications together, with bands that are order statistics of the same requests.
//
// The share of requests above a value is a mean over independent replications, so that Student's t bounds it, on a log
// scale, for it is small and skewed; the values at the bounds of the share are the band (Woodruff, JASA 47, 1952). It
// is as skewed as the latencies are. At rest it is one of 99.9 %, so that with 95 % those of a whole curve hold together.

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
    const factors = factorsOf(middle);
    const above = PERCENTILES.map((p, at) => [(1 - p) * factors[at].from, (1 - p) / factors[at].over]);
    const band = orderStatistics(all, above.flatMap((shares) => shares.map((share) => rankOf(n, Math.max(0, 1 - share)))), scratch);
    return middle.map((value, at) => ({ value, lo: band[2 * at], hi: band[2 * at + 1], isOpen: above[at][1] * n < 1 }));
  }

  // The factor to which the share of requests over each of some ascending values is known, by the shares in each
  // replication, and the same of the share from the value on: where many requests are equal to it the two differ.
  function factorsOf(ascending) {
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
    return shares.map(({ over, from }) => ({ over: factorOf(over), from: factorOf(from) }));
  }

  return { empty, add, percentiles };
}

function factorOf(shares) {
  const { value, half } = meanOfEach(shares);
  return value > 0 ? Math.exp(half / value) : 1;
}

// { value, lo, hi, half, each } of the mean of independent numbers.
export function meanOfEach(each) {
  const value = each.reduce((sum, one) => sum + one, 0) / each.length;
  const spread = each.length > 1 ? each.reduce((sum, one) => sum + (one - value) ** 2, 0) / (each.length - 1) : 0;
  const half = (STUDENT[each.length] ?? STUDENT[12]) * Math.sqrt(spread / each.length);
  return { value, lo: Math.max(0, value - half), hi: value + half, half, each };
}
