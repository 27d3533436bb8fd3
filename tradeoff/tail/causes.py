"""What made the tail: its extra time by cause, and which of them stand out.

Every tail has some stage with the largest share, and a steady system has a tail too. Causes *stand out* when

1. each makes an eighth of the extra time or more, and all of them together make more than half, surely more than a
   quarter: so does the lower end of their interval. A tail may have several causes, none of which makes half of it;
2. what they add is a tenth of what requests around the median take, or more; with the wait limit a fiftieth will do
   where requests in the tail spend two thirds of their time waiting for a batch to leave;
3. each is more than what any system has. Two requests that happen to come together, a batch that is one larger, times
   that vary a little: these make a tail wherever requests come at random. So, of those requests of the tail to which
   the cause adds a quarter of their extra time,

   ================= ==================================================================================
   wait limit        nothing more: to wait for a batch to form is a policy
   queue             others were waiting when they came, three for each worker more than around the median, and
                     the wait behind them is that of one and a half ordinary batches. In an open loop that asks for more
                     than 70 % of what full batches serve, all waiting for a worker that is not behind a slow batch is
                     the queue's, and it takes no more
   spikes            by definition: times that are far out (`tradeoff.tail.batches`)
   host pauses       by definition
   mixed batch sizes their batches hold three requests more than around the median, ordinarily take twice as
                     long, and such batches are rare: their time is far out of what batches ordinarily take, or, above
                     70 % of what full batches serve, is not
   ================= ==================================================================================

A limit that requests in the tail wait for no longer than those around the median has no share of the extra time, and is
not a cause of it; the sentence tells it all the same where nothing else is worth changing.

At one worker without batches and with constant times (M/D/1) the queue stands out beyond p99 from about 45 % load on,
when 3.0 wait there on average: the wait is for others, whatever the load. What each constant does is measured by
``benchmarks/tail_causes.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tradeoff.tail.batches import Batches, excess, far_out
from tradeoff.tail.requests import Numbers, Requests
from tradeoff.tail.waiting import Waiting

CAUSES = ("wait limit", "queue", "spikes", "host pauses", "mixed batch sizes")
"""What can stand out."""

UNDER_WAY, VARIATION = "batch under way", "variation"
"""What makes a tail wherever requests come at random: no cause that could be mended."""

_MOST_OF_IT, _SURELY = 1 / 2, 1 / 4
_A_PART = 1 / 8

NO_EXTRA = 0.01
"""Share of what requests around the median take below which a tail has nothing to explain."""

_WORTH_A_WORD, _WORTH_LITTLE = 0.1, 0.02
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
        What it adds to requests in the tail, on average: their extra time divided as `tradeoff.tail.added` says.
    share, share_lo, share_hi
        Of all extra time, with the 95 % interval; all three lie in 0 to 1.
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
    """What it takes to say which causes stand out, beside their shares.

    Attributes
    ----------
    median_ms
        What requests around the median take.
    batch_ms
        What device and host ordinarily take for the batch of such a request.
    size_factor, is_rare_size, more_in_batch
        Of those that mixed batch sizes make slow: by how much longer batches of their sizes ordinarily take, whether
        that is far out, and how many more are in their batch than around the median.
    more_waiting, queue_ms
        Of those that the queue makes slow: how many more wait when they come than around the median (NaN where nobody
        knows), and how much longer they wait behind them.
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
    more_in_batch: float
    more_waiting: float
    queue_ms: float
    workers: int
    load: float
    policy_share: float
    slow_share: float
    slow_factor: float

    @property
    def is_near_capacity(self) -> bool:
        """Whether workers have hardly time to spare."""
        return is_near_capacity(self.load)

    @property
    def is_nothing_else(self) -> bool:
        """Whether requests in the tail hardly do anything but wait for a batch to leave."""
        return self.policy_share > _NOTHING_ELSE


def is_near_capacity(load: float) -> bool:
    """Say whether workers have hardly time to spare."""
    return load > _NEAR_CAPACITY


def parts_by_cause(requests: Requests, batches: Batches, waiting: Waiting, load: float) -> dict[str, Numbers]:
    """Return what each request has of each cause, in ms; all of them make up the latency.

    Near capacity the wait for a batch under way, or for a large one, is the queue's, and so is what a slow batch leaves
    behind: with time to spare workers would catch up soon.
    """
    model, host, number = requests.stage("model"), requests.host, requests.batch
    ordinary = batches.ordinary[number]
    slow = excess(model, ordinary, batches.fence)
    paused = np.where(batches.paused[number], slow, 0.0)
    late = np.where(host > batches.host_fence, host - batches.host, 0.0)
    near = 1.0 if is_near_capacity(load) else 0.0
    by_load = (waiting.under_way, waiting.larger, waiting.slow_backlog, waiting.held_up_backlog)
    under_way, larger, slow_backlog, held_up_backlog = (near * part for part in by_load)
    return {
        "wait limit": waiting.policy,
        "queue": waiting.queue + under_way + larger + slow_backlog + held_up_backlog,
        "spikes": slow - paused + waiting.slow - slow_backlog,
        "host pauses": late + paused + waiting.held_up - held_up_backlog,
        "mixed batch sizes": ordinary + waiting.larger - larger,
        UNDER_WAY: waiting.under_way - under_way,
        VARIATION: model - ordinary - slow + host - late,
    }


def is_rare_size(batches: Batches, tail_ms: float) -> bool:
    """Say whether the time that batches in the tail ordinarily take is far out of what all of them do."""
    return tail_ms > far_out(batches.ordinary[batches.measured])


class Verdict(NamedTuple):
    """Which causes stand out.

    Attributes
    ----------
    able
        Causes that are more than what any system has and make an eighth of the extra time or more; that with the
        largest share first.
    together
        All of them as one; None without any.
    """

    able: tuple[str, ...] = ()
    together: Cause | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Those that stand out: all of them, when together they surely make most of the extra time."""
        return self.able if self.together is not None and self.together.is_most and self.together.is_sure else ()


def standing_out(causes: Mapping[str, Cause], together: Callable[..., Cause], evidence: Evidence) -> Verdict:
    """Say which causes stand out.

    Parameters
    ----------
    causes
        By name.
    together
        Returns several of them, by name, as one.
    evidence
        The rest.
    """
    if sum(cause.extra_ms for cause in causes.values()) <= NO_EXTRA * evidence.median_ms:
        return Verdict()
    able = [name for name in CAUSES if causes[name].share >= _A_PART and is_unusual(name, evidence)]
    able.sort(key=lambda name: -causes[name].share)
    if not able or not is_worth_a_word(whole := together(*able), evidence):
        return Verdict()
    return Verdict(tuple(able), whole)


def is_worth_a_word(cause: Cause, evidence: Evidence) -> bool:
    """Say whether a cause, or several as one, adds much to what requests around the median take."""
    is_all_there_is = "wait limit" in cause.name and evidence.is_nothing_else
    return cause.extra_ms >= (_WORTH_LITTLE if is_all_there_is else _WORTH_A_WORD) * evidence.median_ms


def is_unusual(name: str, evidence: Evidence) -> bool:
    """Say whether a cause is more than what any system has."""
    if name == "queue" and not evidence.is_near_capacity:
        is_long = not evidence.more_waiting < _MORE_REQUESTS * evidence.workers
        return is_long and evidence.queue_ms >= _BATCHES_AHEAD * evidence.batch_ms
    if name == "mixed batch sizes":
        is_large = evidence.more_in_batch >= _MORE_REQUESTS and evidence.size_factor >= _SIZE_FACTOR
        return is_large and (evidence.is_rare_size or evidence.is_near_capacity)
    return True
