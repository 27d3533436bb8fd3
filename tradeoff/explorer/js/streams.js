// Seeded draws that all systems share: the same arrivals and the same luck, so that what differs between two of them
// is the system (common random numbers), and nothing flickers while a slider moves.

const ARRIVALS = 0;
const LUCK = 2;

// arrivals(r, n): n Poisson arrivals of one a ms, from 0 on; luck(r, n): n uniform numbers; of replication r.
export function createStreams(seed) {
  const kept = new Map();
  function stream(replication, what, n) {
    const key = `${replication} ${what}`;
    let held = kept.get(key);
    if (held === undefined) {
      held = { draw: generator([seed, replication, what]), values: new Float64Array(0), now: 0 };
      kept.set(key, held);
    }
    if (held.values.length < n) extend(held, what, n);
    return held.values.subarray(0, n);
  }
  return {
    arrivals: (replication, n) => stream(replication, ARRIVALS, n),
    luck: (replication, n) => stream(replication, LUCK, n),
  };
}

function extend(held, what, n) {
  const values = new Float64Array(n);
  values.set(held.values);
  for (let at = held.values.length; at < n; at += 1) {
    const uniform = held.draw();
    if (what === LUCK) values[at] = uniform;
    else values[at] = held.now -= Math.log1p(-uniform);
  }
  held.values = values;
}

// Doty-Humphrey's sfc32 (PractRand), seeded by a splitmix; uniform in [0, 1) with 53 digits.
export function generator(seeds) {
  let mixed = 0x9e3779b9;
  for (const seed of seeds) mixed = Math.imul(mixed ^ seed ^ (seed / 2 ** 32), 0x85ebca6b) + 0x9e3779b9;
  const next = () => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let one = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    one = Math.imul(one ^ (one >>> 15), 0x735a2d97);
    return one ^ (one >>> 15);
  };
  let [a, b, c, count] = [next(), next(), next(), 1];
  const word = () => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let at = 0; at < 12; at += 1) word();
  return () => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;
}
