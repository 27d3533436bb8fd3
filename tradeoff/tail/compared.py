"""Everything that is compared between the tail and the requests around the median, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tradeoff.frames import STAGES
from tradeoff.tail.added import added_by
from tradeoff.tail.batches import Batches
from tradeoff.tail.causes import CAUSES, UNDER_WAY, VARIATION, Cause
from tradeoff.tail.difference import Difference, Shares, around_median, blocks_of, difference
from tradeoff.tail.explanation import Stage, Trait
from tradeoff.tail.requests import Numbers, Places, Requests
from tradeoff.tail.waiting import waiting_at_arrival

LATENCY, ORDINARY = "latency", "ordinary"
"""Beside stages, causes and traits: the whole, and what a batch ordinarily takes."""

ALL_CAUSES = (*CAUSES, UNDER_WAY, VARIATION)
"""What makes up the latency, as the stages do."""

_ADDED, _TRAIT = "added by ", "trait "
_MUCH = 1 / 4


@dataclass(frozen=True, eq=False)
class Compared:
    """What was compared.

    Attributes
    ----------
    found
        The comparison, an entry a quantity.
    place
        Name of each quantity to its entry.
    in_tail
        The quantities of each request in the tail.
    """

    found: Difference
    place: Mapping[str, int]
    in_tail: Numbers

    @classmethod
    def between(cls, requests: Requests, batches: Batches, parts: Mapping[str, Numbers], q: float) -> Compared:
        """Compare the requests beyond the q-quantile with those around the median.

        Parameters
        ----------
        requests, batches
            Of one point.
        parts
            What each request has of each cause, as of `tradeoff.tail.causes.parts_by_cause`.
        q
            The probability.
        """
        counts = requests.counts
        middle = np.flatnonzero(counts)[around_median(requests.latency[counts])]
        named = dict(_quantities(requests, batches, parts, middle))
        counted = np.stack(list(named.values()))[:, counts]
        found = difference(counted, blocks_of(requests.batch[counts]), q)
        beyond = np.argsort(counted[0], kind="stable")[found.n - found.n_tail :]
        return cls(found, {name: number for number, name in enumerate(named)}, counted[:, beyond])

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
        shares = self._stage_shares.together([STAGES.index(name)])
        return Stage(name, self.around(name), self.tail(name), self.more(name), *self.ends(name), *shares)

    def cause(self, *names: str) -> Cause:
        """Return one cause, or several together."""
        shares = self._cause_shares.together([ALL_CAUSES.index(name) for name in names])
        return Cause(" and ".join(names), sum(self.tail(_ADDED + name) for name in names), *shares)

    def where(self, cause: str, name: str) -> float:
        """Return the mean of a quantity in the part of the tail that a cause made slow; as around the median if none.

        Those are the requests to which the cause adds a quarter or more of what they take longer: where several causes
        made the tail, the mean of all would be that of none of them.
        """
        longer = self.in_tail[self.place[LATENCY]] - self.around(LATENCY)
        added = self.in_tail[self.place[_ADDED + cause]]
        mine = (added > 0) & (added >= _MUCH * longer)
        return float(self.in_tail[self.place[name], mine].mean()) if mine.any() else self.around(name)

    def has(self, name: str) -> bool:
        """Say whether there is such a quantity."""
        return name in self.place

    @cached_property
    def _stage_shares(self) -> Shares:
        at = [self.place[name] for name in STAGES]
        return _unless_none(self.found.extra[0], self.found.extra[at], self.found.extra_without[:, at])

    @cached_property
    def _cause_shares(self) -> Shares:
        at = [self.place[_ADDED + name] for name in ALL_CAUSES]
        return _unless_none(self.found.extra[0], self.found.tail[at], self.found.tail_without[:, at])

    def traits(self) -> tuple[Trait, ...]:
        """Return whatever else either has."""
        names = (name for name in self.place if name.startswith(_TRAIT) and (self.around(name) or self.tail(name)))
        return tuple(
            Trait(name.removeprefix(_TRAIT), self.around(name), self.tail(name), *self.ends(name)) for name in names
        )


def trait_named(name: str) -> str:
    """Return the name that a trait has among the quantities."""
    return _TRAIT + name


def _unless_none(extra_ms: float, added: Numbers, without: Numbers) -> Shares:
    """Return shares; of a tail that takes no longer there are none."""
    return Shares.of(added, without) if extra_ms > 0 else Shares(np.full((1 + len(without), len(added)), np.nan))


def _quantities(
    requests: Requests, batches: Batches, parts: Mapping[str, Numbers], middle: Places
) -> Iterator[tuple[str, Numbers]]:
    yield LATENCY, requests.latency  # the first is what tail and middle are told apart by
    for stage in STAGES:
        yield stage, requests.stage(stage)
    yield from parts.items()
    for name, added in added_by(parts, middle).items():
        yield _ADDED + name, added
    yield ORDINARY, batches.ordinary[requests.batch]
    for name, values in _traits(requests):
        counted = values[requests.counts]
        if not np.isnan(counted).any() and counted.min() < counted.max():
            yield trait_named(name), values


def _traits(requests: Requests) -> Iterator[tuple[str, Numbers]]:
    yield "batch size", requests.size
    yield "waiting at arrival", waiting_at_arrival(requests)
    yield "in flight", requests.in_flight
    yield "output tokens", requests.output_tokens
    yield "sent late (ms)", requests.late
    yield "first batch of its size", requests.is_first.astype(np.float64)
    for name, carries in requests.labels.items():
        yield f"label {name}", carries.astype(np.float64)
