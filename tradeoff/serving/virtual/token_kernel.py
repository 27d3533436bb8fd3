"""Continuous batching, in the part of Python that numba compiles: iterations, and how to skip those that are alike.

Times are whole nanoseconds in float64, which holds them exactly up to 104 days: many steps at once end at the very
nanosecond at which one by one they do.
"""

from __future__ import annotations

import math

import numpy as np

from tradeoff.serving.virtual.kernels import pop, push

NS = 1e6


def token_path(
    given, clients, network, prompt, output, most, memory, most_prefill, prefill, table, uniforms, skips, recorded,
    arrivals, admitted, first, done, totals, passed,
):  # fmt: skip
    """Serve requests of tokens; see `tradeoff.serving.tokens.simulate` for what an iteration is.

    `given` are arrivals, or with `clients` times to think, in ns. `prefill` is the table of what iterations of so many
    prompt tokens take, `table` that of what a decoding step of so many requests takes. With `skips` steps in which
    nobody comes and nobody goes are taken at once: the time of a step must not be drawn then. Where there are
    `recorded` times of iterations, in order, they are taken instead, and nothing must be skipped: a negative one is
    that of an iteration that failed, and with it all its requests; after the last one time stands still.

    Writes when each request came, was admitted, had its first token and its last; and into `totals` steps, iterations
    of prefill, busy time and request-steps; into `passed` the time and those totals as they were when each request was
    seen to have come, where it is not empty.

    Returns requests served, and a size of batch without times or 0.
    """
    times, low_at, low_n, high_at, high_n, weight, _ = table
    prompt_times, prompt_low_at, prompt_low_n, prompt_high_at, prompt_high_n, prompt_weight, _ = prefill
    n, closed = len(given), clients > 0
    heap_time, heap_number = np.empty(min(n, clients) + 1), np.empty(min(n, clients) + 1, dtype=np.int64)
    coming, asked = 0, 0
    while closed and asked < min(clients, n):
        push(heap_time, heap_number, coming, given[asked], asked)
        coming += 1
        asked += 1
    end_step, end_number = np.empty(most + 1), np.empty(most + 1, dtype=np.int64)
    queue = np.empty(n, dtype=np.int64)
    head, tail, running, used, served = 0, 0, 0, 0, 0
    now, step = 0.0, 0.0
    while True:
        # Who has come.
        while True:
            if closed:
                if coming == 0 or heap_time[0] > now:
                    break
                number = heap_number[0]
                arrivals[number] = heap_time[0]
                pop(heap_time, heap_number, coming)
                coming -= 1
            else:
                if asked == n or given[asked] > now:
                    break
                number = asked
                arrivals[number] = given[number]
                asked += 1
            queue[tail] = number
            if len(passed) > 0:
                passed[tail, 0] = now
                passed[tail, 1:] = totals
            tail += 1
        next_arrival = math.inf
        if closed and coming > 0:
            next_arrival = heap_time[0]
        elif not closed and asked < n:
            next_arrival = given[asked]
        if running == 0 and head == tail:
            if next_arrival == math.inf:
                break
            now = next_arrival
            continue
        # Who is admitted, and the first token of each.
        start, tokens = head, 0
        while head < tail and running + head - start < most:
            number = queue[head]
            if used + prompt[number] + output[number] > memory:
                break
            if head > start and tokens + prompt[number] > most_prefill:
                break
            admitted[number] = now
            used += prompt[number] + output[number]
            tokens += prompt[number]
            head += 1
        if head > start:
            failed = False
            if len(recorded) > 0:
                at = int(totals[0] + totals[1])
                if at == len(recorded):
                    break
                took, failed = abs(recorded[at]), recorded[at] < 0.0
            else:
                uniform = uniforms[(int(totals[1]) + len(uniforms) // 2) % len(uniforms)]
                drawn = prompt_high_n[0, tokens]
                model = prompt_times[prompt_high_at[0, tokens] + min(drawn - 1, int(uniform * drawn))]
                part = prompt_weight[0, tokens]
                if part != 1.0:
                    drawn = prompt_low_n[0, tokens]
                    low = prompt_times[prompt_low_at[0, tokens] + min(drawn - 1, int(uniform * drawn))]
                    model = low + (model - low) * part
                took = np.rint(model * NS)
            now += took
            totals[1] += 1
            totals[2] += took
            for at in range(start, head):
                number = queue[at]
                if not failed:
                    first[number] = now
                if output[number] > 1 and not failed:
                    push(end_step, end_number, running, step + output[number] - 1, number)
                    running += 1
                else:
                    done[number] = now
                    used -= prompt[number] + output[number]
                    served += 1
                    if closed and asked < n:
                        push(heap_time, heap_number, coming, now + network + given[asked], asked)
                        coming += 1
                        asked += 1
            continue
        # One token for each, or as many as pass before somebody comes or goes.
        steps, failed = 1.0, False
        if len(recorded) > 0:
            at = int(totals[0] + totals[1])
            if at == len(recorded):
                break
            took, failed = abs(recorded[at]), recorded[at] < 0.0
        else:
            drawn = high_n[0, running]
            if drawn == 0:
                return served, running
            uniform = uniforms[int(totals[0]) % len(uniforms)]
            model = times[high_at[0, running] + min(drawn - 1, int(uniform * drawn))]
            part = weight[0, running]
            if part != 1.0:
                drawn = low_n[0, running]
                low = times[low_at[0, running] + min(drawn - 1, int(uniform * drawn))]
                model = low + (model - low) * part
            took = max(1.0, np.rint(model * NS))
        if skips:
            steps = end_step[0] - step
            if head == tail and running < most and next_arrival < math.inf:
                steps = min(steps, max(1.0, math.ceil((next_arrival - now) / took)))
        now += steps * took
        step += steps
        totals[0] += steps
        totals[2] += steps * took
        totals[3] += steps * running
        while running > 0 and (failed or end_step[0] == step):
            number = end_number[0]
            pop(end_step, end_number, running)
            running -= 1
            done[number] = now
            used -= prompt[number] + output[number]
            served += 1
            if closed and asked < n:
                push(heap_time, heap_number, coming, now + network + given[asked], asked)
                coming += 1
                asked += 1
    return served, 0


COMPILED = ("token_path",)
"""What is compiled, beside `tradeoff.serving.virtual.kernels`."""
