"""Whether there are enough samples behind each percentile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import ERROR, INFO, WARNING, Found, found
from tradeoff.audit.rows import STEMS, Rows
from tradeoff.audit.words import Numbers, Truths, count, only, time
from tradeoff.digits import whole
from tradeoff.frames import PERCENTILES
from tradeoff.stats.quantiles import ROUNDING, UPPER_UNBOUNDED
from tradeoff.stats.sample_size import GOOD, samples_needed

_COUNTED = tuple(stem for stem in STEMS if stem != "itl")
"""Stems whose samples are the requests that `n` counts; of inter-token latencies there are as many as tokens."""


def sample_size(rows: Rows) -> Iterator[Found]:
    """Compare n / tau with what each percentile needs, and p99 with the largest value."""
    n = rows.number("n")
    given = {name: rows.has_any(f"{stem}_{name}_ms" for stem in _COUNTED) for name in PERCENTILES}
    yield found(
        np.isnan(n) & np.any([*given.values()], axis=0),
        WARNING,
        "It does not say how many samples are behind its percentiles, and nobody can tell what they are worth. "
        f"{_least('p99')} Find n, and state it beside them.",
        expected=samples_needed(0.99),
    )
    for name, p in PERCENTILES.items():
        yield from _one(rows, name, p, given[name])
    yield from _largest(rows, n)


def _one(rows: Rows, name: str, p: float, given: Truths) -> Iterator[Found]:
    n, tau = rows.number("n"), rows.number(f"tau_{name}")
    independent = n / np.where(tau > 1, tau, 1.0)
    exists, good = samples_needed(p), samples_needed(p, above=GOOD)
    says_low, says_high = (rows.has_any(f"{stem}_{name}_ms{end}" for stem in _COUNTED) for end in ("_lo", "_hi"))
    at_least = f"{_least(name)} Measure longer."
    alike = ", which count as %s because those that follow each other are alike"
    counted = count(n), only(independent < n, alike, count(np.floor(independent)))
    carries_none = given & (independent * (1 - p) < 1 - ROUNDING)
    yield found(
        carries_none,
        ERROR,
        f"{name} of %s samples%s: not one of them is expected beyond it, so that it is about the "
        f"largest value that happened to be seen. {at_least}",
        *counted,
        observed=independent,
        expected=float(exists),
    )
    is_open = given & ~carries_none & (independent < exists)
    # A row that gives the lower end only says itself that the upper one is unknown.
    says_so = says_low & ~says_high & ~rows.is_flagged(UPPER_UNBOUNDED)
    yield found(
        is_open,
        np.where(says_so, INFO, WARNING),
        f"{name} of %s samples%s: its 95 %% interval has no upper end, and it may be far worse than it "
        f"looks. {at_least}",
        *counted,
        observed=independent,
        expected=float(exists),
    )
    yield found(
        given & (independent >= exists) & (independent < good) & ~(says_low & says_high),
        INFO,
        f"{name} of %s samples%s: the upper end of its 95 %% interval hangs on the few largest of them. "
        f"{whole(good)} are a good number for it.",
        *counted,
        observed=independent,
        expected=float(good),
    )


def _least(name: str) -> str:
    exists, good = (samples_needed(PERCENTILES[name], above=above) for above in (0, GOOD))
    return f"A {name} takes {whole(exists)}, and {whole(good)} to be known well."


def _largest(rows: Rows, n: Numbers) -> Iterator[Found]:
    p99, largest, median = (rows.number(f"latency_{name}_ms") for name in ("p99", "max", "p50"))
    is_largest = np.isclose(p99, largest, rtol=1e-9, atol=0.0) & ~np.isclose(median, largest, rtol=1e-9, atol=0.0)
    # Of few samples p99 is the largest anyway: that is told above.
    told = n / np.where(rows.number("tau_p99") > 1, rows.number("tau_p99"), 1.0) < samples_needed(0.99)
    yield found(
        is_largest & ~told,
        np.where(np.isnan(n), WARNING, INFO),
        "p99 is the largest latency of all, %s: there are too few samples for it, or a time-out or a coarse clock cuts "
        "the slowest requests off.",
        time(p99),
        observed=p99,
        expected=largest,
    )
