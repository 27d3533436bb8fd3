"""What made the tail: its extra time by cause, and whether one of them stands out.

Every tail has some stage with the largest share, and a steady system has a tail too. A cause *stands out* when

1. it makes more than half of the extra time, and surely more than a third: so does the lower end of its interval;
2. what it adds is a tenth of what requests around the median take, or more;
3. it is more than what any system has. Two requests that happen to come together, a batch that is one larger, times
   that vary a little: these make a tail wherever requests come at random. So

   ================= ==================================================================================
   wait limit        nothing more: to wait for a batch to form is a policy
   queue             others were waiting when they came, three for each worker more than around the median, and
                     the wait behind them is that of one and a half ordinary batches. In an open loop that asks for more
                     than 70 % of what full batches serve, all waiting for a worker counts, if nothing else stands out
   spikes            by definition: times that are far out (`tradeoff.tail.batches`)
   host pauses       by definition
   mixed batch sizes their batches hold three requests more than around the median, ordinarily take twice as
                     long, and such batches are rare: their time is far out of what batches ordinarily take
   ================= ==================================================================================

Where none does, and requests in the tail spend two thirds of their time waiting for a batch to leave, the wait limit
stands out all the same: those around the median wait as long, and nothing else is worth changing.

At one worker without batches and with constant times (M/D/1) the queue stands out beyond p99 from about 45 % load on,
when 3.0 wait there on average. What each constant does is measured by ``benchmarks/tail_causes.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tradeoff.tail.batches import Batches, excess, far_out
from tradeoff.tail.requests import Numbers, Requests
from tradeoff.tail.waiting import Waiting

CAUSES = ("wait limit", "queue", "spikes", "host pauses", "mixed batch sizes")
"""What can stand out."""

UNDER_WAY, VARIATION = "batch under way", "variation"
"""What makes a tail wherever requests come at random: no cause that could be mended."""

_MOST_OF_IT, _SURELY = 1 / 2, 1 / 3
_WORTH_A_WORD = 0.1
_MORE_REQUESTS = 3.0
_BATCHES_AHEAD = 1.5
_SIZE_FACTOR = 2.0
_NEAR_CAPACITY = 0.7
_NOTHING_ELSE = 2 / 3


class Cause(NamedTuple):
    """What one cause adds to the tail.

    Attributes
    ----------
    name
        One of `CAUSES`, or `UNDER_WAY` or `VARIATION`.
    extra_ms
        What the tail has more of it than requests around the median.
    share, share_lo, share_hi
        Of all extra time, with the 95 % interval.
    """

    name: str
    extra_ms: float
    share: float
    share_lo: float
    share_hi: float

    @property
    def is_most(self) -> bool:
        """Whether it makes more than half of the extra time."""
        return self.share > _MOST_OF_IT

    @property
    def is_sure(self) -> bool:
        """Whether it does not do so by chance."""
        return self.share_lo > _SURELY


class Evidence(NamedTuple):
    """What it takes to say whether a cause stands out, beside its share.

    Attributes
    ----------
    median_ms
        What requests around the median take.
    batch_ms
        What device and host ordinarily take for the batch of such a request.
    size_factor, is_rare_size
        By how much longer batches of the sizes in the tail ordinarily take; whether that is far out.
    more_waiting, more_in_batch
        By how many the others that wait when they come, and those in their batch, are more in the tail.
    workers
        Batches under way at once.
    load
        Of an open loop, what is asked for over what full batches serve; 0 where it is not known.
    policy_share
        Share of what requests in the tail take in which they wait for a batch to leave.
    slow_share, slow_factor
        Share of the batches that are slow, and how many times as long as ordinary they take in the middle.
    """

    median_ms: float
    batch_ms: float
    size_factor: float
    is_rare_size: bool
    more_waiting: float
    more_in_batch: float
    workers: int
    load: float
    policy_share: float
    slow_share: float
    slow_factor: float

    @property
    def is_near_capacity(self) -> bool:
        """Whether workers have hardly time to spare."""
        return self.load > _NEAR_CAPACITY

    @property
    def is_nothing_else(self) -> bool:
        """Whether requests in the tail hardly do anything but wait for a batch to leave."""
        return self.policy_share > _NOTHING_ELSE


def parts_by_cause(requests: Requests, batches: Batches, waiting: Waiting) -> dict[str, Numbers]:
    """Return what each request has of each cause, in ms; all of them make up the latency."""
    model, host, number = requests.stage("model"), requests.host, requests.batch
    ordinary = batches.ordinary[number]
    slow = excess(model, ordinary, batches.fence)
    paused = np.where(batches.paused[number], slow, 0.0)
    late = np.where(host > batches.host_fence, host - batches.host, 0.0)
    return {
        "wait limit": waiting.policy,
        "queue": waiting.queue,
        "spikes": slow - paused + waiting.slow,
        "host pauses": late + paused + waiting.held_up,
        "mixed batch sizes": ordinary + waiting.larger,
        UNDER_WAY: waiting.under_way,
        VARIATION: model - ordinary - slow + host - late,
    }


def is_rare_size(batches: Batches, tail_ms: float) -> bool:
    """Say whether the time that batches in the tail ordinarily take is far out of what all of them do."""
    return tail_ms > far_out(batches.ordinary[batches.measured])


def standing_out(causes: Mapping[str, Cause], waits: Cause, evidence: Evidence) -> str | None:
    """Name the cause that stands out; None when none does.

    Parameters
    ----------
    causes
        By name.
    waits
        All waiting for a worker.
    evidence
        The rest.
    """
    found = [name for name in CAUSES if _is_heavy(causes[name], evidence) and _is_unusual(causes[name], evidence)]
    if found:
        return max(found, key=lambda name: causes[name].share)
    if evidence.is_near_capacity and _is_heavy(waits, evidence):
        return "queue"
    return "wait limit" if evidence.is_nothing_else else None


def is_worth_a_word(cause: Cause, evidence: Evidence) -> bool:
    """Say whether a cause adds much to what requests around the median take."""
    return cause.extra_ms >= _WORTH_A_WORD * evidence.median_ms


def _is_heavy(cause: Cause, evidence: Evidence) -> bool:
    return cause.is_most and cause.is_sure and is_worth_a_word(cause, evidence)


def _is_unusual(cause: Cause, evidence: Evidence) -> bool:
    if cause.name == "queue":
        is_long = evidence.more_waiting >= _MORE_REQUESTS * evidence.workers
        return is_long and cause.extra_ms >= _BATCHES_AHEAD * evidence.batch_ms
    if cause.name == "mixed batch sizes":
        is_large = evidence.more_in_batch >= _MORE_REQUESTS and evidence.size_factor >= _SIZE_FACTOR
        return is_large and evidence.is_rare_size
    return True
