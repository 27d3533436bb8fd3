r"""What each request waited for: a wait has a cause, and it need not be where the time was spent.

A request that waits for a worker waits behind something. What is asked is how much earlier the worker would have been
free without it:

    batch left later than its worker was free   the policy held it: all of its wait is the wait limit's
    a slow batch, or one that was held up       by how much earlier its worker would have been free
    the batch under way                         until the next one ends
    others that waited too                      the rest: a queue

How much earlier is Lindley's recursion (*The theory of queues with a single server*, Proc. Camb. Phil. Soc. 48(2),
1952), run twice over the same batches in the same order, as they were and without the excess; the difference lives on
from batch to batch, and ends where the worker is idle:

      as they were     |##|##########excess####|##|##|##|   idle  |##|
      without          |##|##|idle  |##| idle  |##|##|            |##|
                                    ^ came                            who came here waited for the slow batch only,
                                                                      though two others went before

Each batch stays with the worker that took it: the one that was free first, so that the k-th batch of c workers follows
the batch that ended as the (k - c)-th.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradeoff.tail.batches import Batches
from tradeoff.tail.requests import Numbers, Places, Requests, Truths

_ROUNDING_MS = 1e-5
"""Stamps are whole nanoseconds, and three of them may be rounded."""


@dataclass(frozen=True, eq=False)
class Waiting:
    """The wait of each request, taken apart by what it waited for; in ms, together batch wait and queue wait.

    Attributes
    ----------
    policy
        For its batch to form, or for the limit.
    slow, held_up
        Behind batches that the device, or the host, took too long for.
    slow_backlog, held_up_backlog
        That part of either in which such a batch was over, and what it had held up was still being served.
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
    slow_backlog: Numbers
    held_up_backlog: Numbers
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
        return Waiting(policy, nothing, nothing, nothing, nothing, nothing, nothing, left)
    slow, held_up = (behind(requests, batches, excess, workers, left) for excess in (batches.slow, batches.held_up))
    both = slow + held_up
    scale = np.divide(left, both, out=np.ones(len(left)), where=both > left)
    slow, held_up = slow * scale, held_up * scale
    slow_backlog, held_up_backlog = (
        np.maximum(0.0, behind_it - _under_way_too_long(requests.arrival, free, batches, excess))
        for behind_it, excess in ((slow, batches.slow), (held_up, batches.held_up))
    )
    left = left - slow - held_up
    until_next, which = _next_end(requests.arrival, batches, left > 0)
    # A batch that leaves when the request has come takes others that came before: that is a queue, not chance.
    is_under_way = batches.start[which] < requests.arrival - _ROUNDING_MS
    under_way = np.where(is_under_way, np.minimum(left, until_next), 0.0)
    queue = left - under_way
    larger = np.minimum(under_way, np.maximum(0.0, batches.ordinary[which] - usual_ms))
    # Whom the next batch does not take either waits for others, whatever the size of the batch under way.
    larger, queue = np.where(queue > _ROUNDING_MS, 0.0, larger), np.where(queue > _ROUNDING_MS, queue + larger, queue)
    return Waiting(policy, slow, held_up, slow_backlog, held_up_backlog, larger, left - larger - queue, queue)


def behind(requests: Requests, batches: Batches, excess: Numbers, workers: int, left: Numbers) -> Numbers:
    """Return how much less each request would have waited for its worker without some of what batches took.

    Parameters
    ----------
    requests, batches
        Of one point.
    excess
        What each batch took too long.
    workers
        Batches under way at once, at most.
    left
        What each request waited for its worker.
    """
    if not excess.any() or not left.any():
        return np.zeros(len(left))
    due = batches.start.copy()
    waited = left > 0
    np.minimum.at(due, requests.batch[waited], requests.arrival[waited])  # a batch that had to wait for its worker
    before = _before(batches, workers)
    taken = batches.took - excess
    ends: list[float] = []
    for number, time, took in zip(before.tolist(), due.tolist(), taken.tolist(), strict=True):
        free = ends[number] if number >= 0 else -np.inf
        ends.append((free if free > time else time) + took)
    free_then = np.where(before >= 0, np.array(ends)[before], -np.inf)[requests.batch]
    shorter: Numbers = np.clip(left - np.maximum(0.0, free_then - requests.arrival), 0.0, left)
    return shorter


def _under_way_too_long(begin: Numbers, end: Numbers, batches: Batches, excess: Numbers) -> Numbers:
    """Return for how long batches were under way that took too long already, between two times."""
    long = excess > 0
    if not long.any():
        return np.zeros(len(begin))
    at = np.concatenate([batches.end[long] - excess[long], batches.end[long]])
    order = np.argsort(at, kind="stable")
    at, count = at[order], np.cumsum(np.repeat([1.0, -1.0], long.sum())[order])
    passed = np.concatenate([[0.0], np.cumsum(np.diff(at) * count[:-1])])
    found: Numbers = np.interp(end, at, passed) - np.interp(begin, at, passed)
    return found


def _before(batches: Batches, workers: int) -> Places:
    """Return the batch that each batch's worker had before; -1 for none, or where the times contradict it."""
    count = len(batches.start)
    ended = np.argsort(batches.end, kind="stable")
    before: Places = np.full(count, -1, dtype=np.intp)
    before[workers:] = ended[: max(0, count - workers)]
    before[(before >= np.arange(count)) | (batches.end[before] > batches.start + _ROUNDING_MS)] = -1
    return before


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
    """Return how many others were waiting when each request came: those before it whose batch had not left.

    Of several that came at once those are before it whose batch left earlier.
    """
    order = np.argsort(requests.arrival, kind="stable")  # requests lie in the order in which their batches began
    before = np.empty(len(order))
    before[order] = np.arange(len(order))
    gone = np.searchsorted(np.sort(requests.start), requests.arrival, side="right")
    waiting: Numbers = np.maximum(0.0, before - gone)
    return waiting
