"""A histogram of times that can be merged: it stands in where raw samples are too many.

Buckets are equal steps on a logarithmic scale, 256 to a doubling, so that a bucket's
(geometric) midpoint is within 2**(1/512) - 1 = 0.136 % of everything in it. Counts are
integers: merging is addition, in any order and any grouping, and loses nothing.

    ... |  b  | b+1 | ...      bucket i holds  2**(i/256) <= v < 2**((i+1)/256)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BUCKETS_PER_OCTAVE = 256
OCTAVES = 44
"""From 1 to 2**44: nanoseconds up to nearly five hours."""

_BUCKETS = BUCKETS_PER_OCTAVE * OCTAVES


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of values on a logarithmic scale.

    Attributes
    ----------
    counts
        Count of each bucket.
    underflow
        Values below 1, zero and negative ones among them.
    overflow
        Values of 2**44 and more.
    """

    counts: NDArray[np.int64]
    underflow: int = 0
    overflow: int = 0

    @classmethod
    def of(cls, values: ArrayLike) -> Histogram:
        """Count `values`; NaN is a ValueError, since no bucket could hold it."""
        series = np.asarray(values, dtype=np.float64).ravel()
        if bool(np.isnan(series).any()):
            raise ValueError("values hold NaN: leave failed calls out before counting")
        low, high = series < 1.0, series >= 2.0**OCTAVES
        inside = series[~(low | high)]
        bucket = np.minimum(np.floor(np.log2(inside) * BUCKETS_PER_OCTAVE).astype(np.int64), _BUCKETS - 1)
        counts = np.bincount(bucket, minlength=_BUCKETS).astype(np.int64)
        return cls(counts, int(low.sum()), int(high.sum()))

    @property
    def n(self) -> int:
        """Values counted, those out of range among them."""
        return int(self.counts.sum()) + self.underflow + self.overflow

    def merge(self, other: Histogram) -> Histogram:
        """Return the histogram of both."""
        return Histogram(self.counts + other.counts, self.underflow + other.underflow, self.overflow + other.overflow)

    def quantile(self, p: float) -> float:
        """Return the p-quantile (``inverted_cdf``), as the midpoint of its bucket.

        NaN when the histogram is empty or the quantile lies below its range, infinite when it lies above.
        """
        if not 0.0 < p < 1.0:
            raise ValueError(f"p must lie between 0 and 1, both excluded, got {p}")
        if self.n == 0:
            return math.nan
        rank = max(1, math.ceil(self.n * p - 1e-9)) - self.underflow
        if rank <= 0:
            return math.nan
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        return math.inf if bucket == _BUCKETS else float(2.0 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE))

    def to_dict(self) -> dict[str, object]:
        """Return plain numbers and lists, the filled buckets only."""
        filled = np.flatnonzero(self.counts)
        return {
            "buckets_per_octave": BUCKETS_PER_OCTAVE,
            "bucket": filled.tolist(),
            "count": self.counts[filled].tolist(),
            "underflow": self.underflow,
            "overflow": self.overflow,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, object]) -> Histogram:
        """Read what `to_dict` wrote.

        Raises
        ------
        ValueError
            When it is something else.
        """
        if plain.get("buckets_per_octave") != BUCKETS_PER_OCTAVE:
            seen = plain.get("buckets_per_octave")
            raise ValueError(f"buckets_per_octave={seen!r}: only {BUCKETS_PER_OCTAVE} can be merged with ours")
        bucket, count = _whole_numbers(plain, "bucket"), _whole_numbers(plain, "count")
        if bucket.shape != count.shape:
            raise ValueError(f"bucket has {bucket.size} entries and count {count.size}: they must be as many")
        if bucket.size and not (bucket.min() >= 0 and bucket.max() < _BUCKETS and count.min() >= 0):
            raise ValueError(f"bucket must lie in 0 ... {_BUCKETS - 1}, and no count may be negative")
        counts = np.zeros(_BUCKETS, dtype=np.int64)
        np.add.at(counts, bucket, count)
        outside = _whole_numbers({"outside": [plain.get("underflow", 0), plain.get("overflow", 0)]}, "outside")
        if outside.min() < 0:
            raise ValueError("underflow and overflow must not be negative")
        return cls(counts, int(outside[0]), int(outside[1]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        same = (self.underflow, self.overflow) == (other.underflow, other.overflow)
        return same and bool(np.array_equal(self.counts, other.counts))

    __hash__ = None  # type: ignore[assignment]


def _whole_numbers(plain: Mapping[str, object], name: str) -> NDArray[np.int64]:
    values = plain.get(name)
    if not isinstance(values, list) or not all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        raise ValueError(f"{name} must be a list of whole numbers, got {type(values).__name__}")
    return np.array(values, dtype=np.int64)
