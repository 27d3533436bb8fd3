// The virtual clock: requests, a batching policy, workers. The same recursion as tradeoff.serving.virtual.kernels in
// Python, operation by operation, so that both give the same numbers to the last digit. All times are in ms.
//
// A system: { size, wait, workers, limit (-1: none), perWorker, clients (0: open loop), network }. A table of costs is
// { times, lowAt, lowN, highAt, highN, weight, rows, columns }: row m for m + 1 batches under way, column k for a batch
// of k; `host` is what the host takes for each size.

export function roomFor(n) {
  return {
    arrivals: new Float64Array(n),
    free: new Float64Array(n),
    dispatch: new Float64Array(n),
    done: new Float64Array(n),
    host: new Float64Array(n),
    model: new Float64Array(n),
    sizes: new Int32Array(n),
    began: new Float64Array(n),
    rejected: new Float64Array(n),
    latency: new Float64Array(n),
    queued: new Float64Array(n),
    formed: new Float64Array(n),
    scratch: new Float64Array(n),
  };
}

export function needsEvents(system) {
  const shared = !system.perWorker || system.workers === 1 || system.size === 1;
  return system.clients > 0 || system.limit >= 0 || !shared;
}

export function serve(system, unit, scale, host, table, uniforms, room) {
  const n = unit.length;
  if (needsEvents(system)) {
    return eventPath(system, unit, scale, host, table, uniforms, room);
  }
  for (let request = 0; request < n; request++) {
    room.arrivals[request] = unit[request] * scale;
  }
  return openPath(system, n, host, table, uniforms, room);
}

export function batchMs(table, size, inFlight, uniform) {
  const at = (Math.min(inFlight, table.rows) - 1) * table.columns + size;
  let n = table.highN[at];
  const high = table.times[table.highAt[at] + Math.min(n - 1, Math.floor(uniform * n))];
  const part = table.weight[at];
  if (part === 1) {
    return high;
  }
  n = table.lowN[at];
  const low = table.times[table.lowAt[at] + Math.min(n - 1, Math.floor(uniform * n))];
  return low + (high - low) * part;
}

// Requests that always find a place: batches leave in the order of their oldest requests, each from the worker that is
// free first.
function openPath(system, n, host, table, uniforms, room) {
  const { size, wait, workers } = system;
  const { arrivals, sizes } = room;
  const free = new Float64Array(workers);
  let head = 0;
  let count = 0;
  while (head < n) {
    let first = 0;
    for (let worker = 1; worker < workers; worker++) {
      if (free[worker] < free[first]) {
        first = worker;
      }
    }
    let leaves = arrivals[head] + wait;
    if (wait > 0 && head + size <= n) {
      leaves = Math.min(leaves, arrivals[head + size - 1]);
    }
    const dispatch = Math.max(free[first], leaves);
    if (dispatch === Infinity) {
      break;
    }
    let k = 1;
    const most = Math.min(size, n - head);
    while (k < most && arrivals[head + k] <= dispatch) {
      k++;
    }
    let underWay = 1;
    for (let worker = 0; worker < workers; worker++) {
      if (free[worker] > dispatch) {
        underWay++;
      }
    }
    const model = batchMs(table, k, underWay, uniforms[count]);
    const done = dispatch + host[k] + model;
    room.free[count] = free[first];
    room.dispatch[count] = dispatch;
    room.done[count] = done;
    room.host[count] = host[k];
    room.model[count] = model;
    sizes[count] = k;
    free[first] = done;
    head += k;
    count++;
  }
  room.began.set(arrivals.subarray(0, head));
  return { batches: count, served: head, rejected: 0, left: n - head };
}

// Requests one by one: limits of places, clients that come back, a batch for each worker.
function eventPath(system, unit, scale, host, table, uniforms, room) {
  const { size, wait, workers, limit, perWorker, clients, network } = system;
  const n = unit.length;
  const closed = clients > 0;
  const coming = new Heap(Math.min(n, clients) + 1);
  let asked = 0;
  while (closed && asked < Math.min(clients, n)) {
    coming.push(unit[asked] * scale, asked);
    asked++;
  }
  const free = new Float64Array(workers);
  const done = new Float64Array(workers).fill(Infinity);
  const leaves = new Float64Array(workers).fill(Infinity);
  const held = Array.from({ length: workers }, () => []);
  const line = Array.from({ length: workers }, (_, worker) => worker);
  const forming = [];
  const queue = new Float64Array(n);
  let head = 0;
  let tail = 0;
  let count = 0;
  let served = 0;
  let rejected = 0;
  const leavingOf = (worker) => {
    let time = held[worker][0] + wait;
    if (held[worker].length === size) {
      time = Math.min(time, held[worker][size - 1]);
    }
    return Math.max(free[worker], time);
  };
  const again = (time) => {
    if (closed && asked < n) {
      coming.push(time + network + unit[asked] * scale, asked);
      asked++;
    }
  };
  for (;;) {
    let freed = 0;
    for (let worker = 1; worker < workers; worker++) {
      if (done[worker] < done[freed]) {
        freed = worker;
      }
    }
    const nextFree = done[freed];
    let nextArrival = Infinity;
    if (closed && coming.count > 0) {
      nextArrival = coming.times[0];
    } else if (!closed && asked < n) {
      nextArrival = unit[asked] * scale;
    }
    let leaving = Infinity;
    let place = -1;
    for (let at = 0; at < forming.length; at++) {
      if (leaves[forming[at]] < leaving) {
        leaving = leaves[forming[at]];
        place = at;
      }
    }
    if (nextFree === Infinity && nextArrival === Infinity && leaving === Infinity) {
      break;
    }
    if (nextFree <= nextArrival && nextFree <= leaving) {
      const worker = freed;
      free[worker] = nextFree;
      done[worker] = Infinity;
      held[worker] = [];
      while (head < tail && held[worker].length < size) {
        held[worker].push(queue[head++]);
      }
      if (held[worker].length > 0) {
        forming.push(worker);
        leaves[worker] = leavingOf(worker);
      }
      if (held[worker].length < size) {
        line.push(worker);
      }
    } else if (nextArrival <= leaving) {
      const now = nextArrival;
      if (closed) {
        coming.pop();
      } else {
        asked++;
      }
      const worker = line.length > 0 ? line[0] : -1;
      let hasPlace = limit < 0;
      if (!hasPlace && worker >= 0) {
        const oldest = held[worker].length > 0 ? held[worker][0] : now;
        hasPlace = held[worker].length + 1 === size || oldest + wait <= now;
      }
      if (!hasPlace) {
        let stay = tail - head;
        for (const other of forming) {
          if (leaves[other] > now) {
            stay += held[other].length;
          }
        }
        hasPlace = stay < limit;
      }
      if (!hasPlace) {
        room.rejected[rejected++] = now;
        again(now);
      } else if (worker < 0) {
        queue[tail++] = now;
      } else {
        if (held[worker].length === 0) {
          forming.push(worker);
        }
        held[worker].push(now);
        leaves[worker] = leavingOf(worker);
        if (held[worker].length === size) {
          line.shift();
        } else if (perWorker) {
          line.push(line.shift());
        }
      }
    } else {
      const worker = forming[place];
      forming.splice(place, 1);
      const k = held[worker].length;
      if (k < size) {
        line.splice(line.indexOf(worker), 1);
      }
      let underWay = 1;
      for (const other of done) {
        if (other > leaving && other < Infinity) {
          underWay++;
        }
      }
      const model = batchMs(table, k, underWay, uniforms[count]);
      const end = leaving + host[k] + model;
      room.free[count] = free[worker];
      room.dispatch[count] = leaving;
      room.done[count] = end;
      room.host[count] = host[k];
      room.model[count] = model;
      room.sizes[count] = k;
      for (const time of held[worker]) {
        room.began[served++] = time;
        again(end);
      }
      done[worker] = end;
      leaves[worker] = Infinity;
      held[worker] = [];
      count++;
    }
  }
  const left = forming.reduce((sum, worker) => sum + held[worker].length, tail - head);
  return { batches: count, served, rejected, left };
}

// Ordered by time, then by number.
class Heap {
  constructor(room) {
    this.times = new Float64Array(room);
    this.numbers = new Int32Array(room);
    this.count = 0;
  }

  push(time, number) {
    const { times, numbers } = this;
    let at = this.count++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (times[up] < time || (times[up] === time && numbers[up] < number)) {
        break;
      }
      times[at] = times[up];
      numbers[at] = numbers[up];
      at = up;
    }
    times[at] = time;
    numbers[at] = number;
  }

  pop() {
    const { times, numbers } = this;
    const last = --this.count;
    const time = times[last];
    const number = numbers[last];
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= last) {
        break;
      }
      const right = down + 1;
      if (right < last && (times[right] < times[down] || (times[right] === times[down] && numbers[right] < numbers[down]))) {
        down = right;
      }
      if (time < times[down] || (time === times[down] && number < numbers[down])) {
        break;
      }
      times[at] = times[down];
      numbers[at] = numbers[down];
      at = down;
    }
    times[at] = time;
    numbers[at] = number;
  }
}
