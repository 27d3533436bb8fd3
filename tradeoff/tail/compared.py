"""Everything that is compared between the tail and the requests around the median, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tradeoff.frames import STAGES
from tradeoff.tail.batches import Batches
from tradeoff.tail.causes import Cause, parts_by_cause
from tradeoff.tail.difference import Difference, blocks_of, difference
from tradeoff.tail.explanation import Stage, Trait
from tradeoff.tail.requests import Numbers, Requests
from tradeoff.tail.waiting import Waiting, waiting_at_arrival

LATENCY, ORDINARY, WAITS = "latency", "ordinary", "waits"
"""Beside stages, causes and traits: the whole, what a batch ordinarily takes, and all waiting for a worker."""

_TRAIT = "trait "


@dataclass(frozen=True, eq=False)
class Compared:
    """What was compared.

    Attributes
    ----------
    found
        The comparison, an entry a quantity.
    place
        Name of each quantity to its entry.
    """

    found: Difference
    place: Mapping[str, int]

    @classmethod
    def between(cls, requests: Requests, batches: Batches, waiting: Waiting, q: float) -> Compared:
        """Compare the requests beyond the q-quantile with those around the median."""
        named = dict(_quantities(requests, batches, waiting))
        counted = np.stack(list(named.values()))[:, requests.counts]
        found = difference(counted, blocks_of(requests.batch[requests.counts]), q)
        return cls(found, {name: number for number, name in enumerate(named)})

    def around(self, name: str) -> float:
        """Return the mean around the median."""
        return float(self.found.around[self.place[name]])

    def tail(self, name: str) -> float:
        """Return the mean in the tail."""
        return float(self.found.tail[self.place[name]])

    def more(self, name: str) -> float:
        """Return the difference of the two."""
        return float(self.found.extra[self.place[name]])

    def ends(self, name: str) -> tuple[float, float]:
        """Return the ends of the difference's interval."""
        half = float(self.found.half[self.place[name]])
        return self.more(name) - half, self.more(name) + half

    def stage(self, name: str) -> Stage:
        """Return one stage."""
        return Stage(name, self.around(name), self.tail(name), self.more(name), *self._share(name))

    def cause(self, name: str) -> Cause:
        """Return one cause."""
        return Cause(name, self.more(name), *self._share(name))

    def traits(self) -> tuple[Trait, ...]:
        """Return whatever else either has."""
        names = (name for name in self.place if name.startswith(_TRAIT) and (self.around(name) or self.tail(name)))
        return tuple(
            Trait(name.removeprefix(_TRAIT), self.around(name), self.tail(name), *self.ends(name)) for name in names
        )

    def _share(self, name: str) -> tuple[float, float, float]:
        at = self.place[name]
        share, half = float(self.found.share[at]), float(self.found.share_half[at])
        return share, share - half, share + half


def _quantities(requests: Requests, batches: Batches, waiting: Waiting) -> Iterator[tuple[str, Numbers]]:
    yield LATENCY, requests.latency  # the first is what tail and middle are told apart by
    for stage in STAGES:
        yield stage, requests.stage(stage)
    yield from parts_by_cause(requests, batches, waiting).items()
    yield ORDINARY, batches.ordinary[requests.batch]
    yield WAITS, waiting.for_worker
    for name, values in _traits(requests):
        counted = values[requests.counts]
        if not np.isnan(counted).any() and counted.min() < counted.max():
            yield _TRAIT + name, values


def _traits(requests: Requests) -> Iterator[tuple[str, Numbers]]:
    yield "batch size", requests.size
    yield "waiting at arrival", waiting_at_arrival(requests)
    yield "in flight", requests.in_flight
    yield "output tokens", requests.output_tokens
    yield "sent late (ms)", requests.late
    yield "first batch of its size", requests.is_first.astype(np.float64)
    for name, carries in requests.labels.items():
        yield f"label {name}", carries.astype(np.float64)
