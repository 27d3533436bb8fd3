r"""What each request waited for: a wait has a cause, and it need not be where the time was spent.

A request that waits for a worker waits behind something. What is asked is how much earlier the worker would have been
free without it:

    batch left later than its worker was free   the policy held it: all of its wait is the wait limit's
    a slow batch, or one that was held up       the work that was behind the plan when the worker became free
    the batch under way                         until the next one ends
    others that waited too                      the rest: a queue

Work behind the plan is a store that slow batches fill while they take longer than ordinary, and idle workers empty
(Lindley's recursion, *The theory of queues with a single server*, Proc. Camb. Phil. Soc. 48(2), 1952, with the excess
in the place of the service):

    excess of a slow batch      ........|####|..............
    worker                      ####|########|###|##|  idle |###
    behind the plan                     /‾‾‾‾‾‾‾‾‾‾‾\___         what waits here waits for the slow batch,
                                       /                \_____    however many batches lie between

With several workers it is emptied by the share of them that is idle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradeoff.tail.batches import Batches
from tradeoff.tail.requests import Numbers, Places, Requests, Truths


@dataclass(frozen=True, eq=False)
class Waiting:
    """The wait of each request, taken apart by what it waited for; in ms, together batch wait and queue wait.

    Attributes
    ----------
    policy
        For its batch to form, or for the limit.
    slow, held_up
        Behind batches that the device, or the host, took too long for.
    larger
        For the batch under way, as far as that took longer than usual because it was larger.
    under_way
        For the batch under way, otherwise.
    queue
        For others that came before.
    """

    policy: Numbers
    slow: Numbers
    held_up: Numbers
    larger: Numbers
    under_way: Numbers
    queue: Numbers


def waiting_of(requests: Requests, batches: Batches, *, workers: int, usual_ms: float) -> Waiting:
    """Take the waits apart.

    Parameters
    ----------
    requests, batches
        Of one point.
    workers
        Batches under way at once, at most.
    usual_ms
        What the device takes for the batch of a request around the median.
    """
    queued, formed = requests.stage("queue_wait"), requests.stage("batch_wait")
    held_by_policy = np.zeros(len(batches.start), dtype=np.bool_)
    held_by_policy[requests.batch[formed > 0]] = True
    by_policy = held_by_policy[requests.batch]
    policy = formed + np.where(by_policy, queued, 0.0)
    left = np.where(by_policy, 0.0, np.maximum(queued, 0.0))
    free = requests.arrival + queued
    if not np.isfinite(free[left > 0]).all():  # nobody knows when: that it was waited is all there is
        nothing = np.zeros(len(left))
        return Waiting(policy, nothing, nothing, nothing, nothing, left)
    slow, held_up = (
        np.minimum(left, behind(batches, excess, workers, free)) for excess in (batches.slow, batches.held_up)
    )
    both = slow + held_up
    scale = np.divide(left, both, out=np.ones(len(left)), where=both > left)
    slow, held_up = slow * scale, held_up * scale
    left = left - slow - held_up
    until_next, which = _next_end(requests.arrival, batches, left > 0)
    under_way = np.minimum(left, until_next)
    larger = np.minimum(under_way, np.maximum(0.0, batches.ordinary[which] - usual_ms))
    return Waiting(policy, slow, held_up, larger, under_way - larger, left - under_way)


def behind(batches: Batches, excess: Numbers, workers: int, at: Numbers) -> Numbers:
    """Return how much work is behind the plan at moments, in ms of one worker's time."""
    happened = excess > 0
    if not happened.any():
        return np.zeros(len(at))
    start, end = batches.start, batches.end
    late = end[happened] - excess[happened], end[happened]
    times = np.concatenate([start, end, *late])
    order = np.argsort(times, kind="stable")
    times = times[order]
    n, k = len(start), int(happened.sum())
    busy = np.repeat([1.0, -1.0, 0.0, 0.0], [n, n, k, k])[order].cumsum()
    exceeding = np.repeat([0.0, 0.0, 1.0, -1.0], [n, n, k, k])[order].cumsum()
    rate = (exceeding - np.maximum(0.0, workers - busy)) / workers
    net = np.concatenate([[0.0], np.cumsum(rate[:-1] * np.diff(times))])
    store = net - np.minimum.accumulate(net)
    found: Numbers = np.interp(at, times, store)
    return found


def _next_end(at: Numbers, batches: Batches, wanted: Truths) -> tuple[Numbers, Places]:
    """Return how long it takes until some batch ends, and which."""
    until: Numbers = np.zeros(len(at))
    which: Places = np.zeros(len(at), dtype=np.intp)
    if not wanted.any():
        return until, which
    order = np.argsort(batches.end, kind="stable")
    ends = batches.end[order]
    place = np.minimum(np.searchsorted(ends, at[wanted], side="right"), len(ends) - 1)
    until[wanted] = np.maximum(0.0, ends[place] - at[wanted])
    which[wanted] = order[place]
    return until, which


def waiting_at_arrival(requests: Requests) -> Numbers:
    """Return how many others were waiting when each request came: those that had come and whose batch had not left."""
    came, left = np.sort(requests.arrival), np.sort(requests.start)
    before = np.searchsorted(came, requests.arrival, side="left")
    gone = np.searchsorted(left, requests.arrival, side="right")
    waiting: Numbers = np.maximum(0, before - gone).astype(np.float64)
    return waiting
