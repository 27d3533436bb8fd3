"""``explain_tail``: what the slow requests of a point have that those around the median lack."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.frames import STAGES, Run, without_steps
from tradeoff.frames.names import probability
from tradeoff.tail.batches import Batches, batches_of
from tradeoff.tail.causes import Evidence, Verdict, is_rare_size, parts_by_cause, standing_out
from tradeoff.tail.compared import ALL_CAUSES, LATENCY, ORDINARY, Compared, trait_named
from tradeoff.tail.difference import around_median, fewest_requests
from tradeoff.tail.explanation import TailExplanation
from tradeoff.tail.point import choose
from tradeoff.tail.requests import Places, requests_of
from tradeoff.tail.waiting import waiting_of
from tradeoff.tail.words import why_nothing


def explain_tail(
    run: Run,
    point_id: str | None = None,
    q: float | str = 0.99,
    *,
    batch_size: int | None = None,
    concurrency: int | None = None,
) -> TailExplanation:
    """Explain the tail of a point: what the requests beyond a percentile have that those around the median lack.

    Parameters
    ----------
    run
        A Run with samples.
    point_id
        Which point: its id, or the beginning of it.
    q
        The percentile as a probability, from 0.6 to below 1, or its name: ``"p99"``, ``"p99.9"``.
    batch_size, concurrency
        Which point, by its place on the grid. Of several the one on the frontier with the highest throughput.

    Returns
    -------
    TailExplanation
        A sentence (``sentence()``), the stages (``table``) and causes (``cause_table``) of the extra time with 95 %
        intervals, and the causes that stand out (``named``, ``cause``), if any does. Where there are too few samples,
        or none, it says so.

    Raises
    ------
    TypeError
        When `run` is no Run.
    ValueError
        When there is no such point, or `q` is out of range.

    Notes
    -----
    A wait is followed to what it was for: who waits behind a slow batch is in the tail because of that batch
    (`tradeoff.tail.waiting`). What is compared, and where the intervals come from: `tradeoff.tail.difference`; what is
    far out: `tradeoff.tail.batches`; when a cause stands out: `tradeoff.tail.causes`.

    Examples
    --------
    >>> print(tradeoff.explain_tail(run, batch_size=8))  # doctest: +SKIP
    """
    probability = probability_of(q)
    if not isinstance(run, Run):
        raise TypeError(f"run={type(run).__name__}: pass a Run, whose samples say where the time of each request went")
    point, _ = choose(run, point_id, batch_size=batch_size, concurrency=concurrency)
    samples = run.samples
    if "point_id" in samples:
        samples = samples[(samples["point_id"] == point["point_id"]).fillna(False).to_numpy(dtype=bool)]
    return explain_samples(point, samples, probability)


def explain_tails(run: Run, q: float | str = 0.99) -> dict[str, TailExplanation]:
    """Explain the tail of every point of a Run.

    Parameters
    ----------
    run, q
        As in `explain_tail`.

    Returns
    -------
    dict
        ``point_id`` to its explanation, in the order of the points. Samples are looked through once for all of them.
    """
    probability = probability_of(q)
    if not isinstance(run, Run):
        raise TypeError(f"run={type(run).__name__}: pass a Run, whose samples say where the time of each request went")
    samples = run.samples
    places = dict(samples.groupby("point_id", sort=False).indices) if "point_id" in samples else {}
    nothing = samples.iloc[:0]
    found = {}
    for _, point in run.points.iterrows():
        identity = point["point_id"]
        mine = _rows(samples, np.asarray(places[identity])) if identity in places else nothing
        found[str(identity)] = explain_samples(point, mine, probability)
    return found


def _rows(samples: pd.DataFrame, places: Places) -> pd.DataFrame:
    """Return rows; those that lie together are not copied."""
    first, last = int(places[0]), int(places[-1])
    return samples.iloc[first : last + 1] if last - first + 1 == len(places) else samples.iloc[places]


def probability_of(q: Any) -> float:
    """Return `q` when it is a probability whose tail can be compared with the middle.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if isinstance(q, str):
        q = name if (name := probability(q)) is not None else q
    if isinstance(q, bool) or not isinstance(q, numbers.Real) or not 0.6 <= float(q) < 1.0:
        hint = f"; for p{q:g} give {q / 100:g}" if isinstance(q, int | float) and 1 < q < 100 else ""
        raise ArgumentError(
            f"q must be a probability from 0.6 to below 1, such as 0.99, or a percentile such as 'p99'; "
            f"got {shown(q)}{hint}"
        )
    return float(q)


def explain_samples(point: pd.Series, samples: pd.DataFrame, q: float | str = 0.99) -> TailExplanation:
    """Explain the tail of one point from its own samples: a pure function of both.

    Parameters
    ----------
    point
        A row of ``points``.
    samples
        Its rows of ``samples``, of all phases.
    q
        As in `explain_tail`.
    """
    q, samples = probability_of(q), without_steps(samples)
    requests = requests_of(samples)
    n = int(requests.counts.sum())
    identity = str(point.get("point_id"))
    if n < fewest_requests(q):
        return TailExplanation(
            identity,
            q,
            n,
            reason=why_nothing(point, n, q, has_samples="phase" in samples and len(samples) > 0),
            point=point,
            samples=samples,
        )
    network_ms = _number(point, "network_ms")
    workers = max(1, int(_number(point, "workers") or _number(point, "concurrency") or 1))
    batches = batches_of(requests, network_ms=network_ms)
    middle = np.flatnonzero(requests.counts)[around_median(requests.latency[requests.counts])]
    usual_ms = float(batches.ordinary[requests.batch[middle]].mean())
    waiting = waiting_of(requests, batches, workers=workers, usual_ms=usual_ms)
    load = _load(point, batches, workers, network_ms)
    compared = Compared.between(requests, batches, parts_by_cause(requests, batches, waiting, load), q)
    causes = {name: compared.cause(name) for name in ALL_CAUSES}
    host_ms = float((requests.stage("pre") + requests.stage("post"))[middle].mean())
    evidence = _evidence(compared, batches, workers, load, batch_ms=usual_ms + host_ms)
    verdict = standing_out(causes, compared.cause, evidence) if requests.has_parts else Verdict()
    low, high = compared.ends(LATENCY)
    return TailExplanation(
        point_id=identity,
        q=q,
        n=n,
        n_tail=compared.found.n_tail,
        threshold_ms=compared.found.threshold,
        median_ms=compared.around(LATENCY),
        tail_ms=compared.tail(LATENCY),
        extra_ms=compared.more(LATENCY),
        extra_lo_ms=low,
        extra_hi_ms=high,
        stretches=compared.found.stretches,
        verdict=verdict,
        stages=tuple(map(compared.stage, STAGES)),
        causes=tuple(causes.values()),
        traits=compared.traits(),
        evidence=evidence,
        point=point,
        samples=samples,
    )


def _evidence(compared: Compared, batches: Batches, workers: int, load: float, *, batch_ms: float) -> Evidence:
    around, whole = compared.around(ORDINARY), compared.tail(LATENCY)
    large_ms = compared.where("mixed batch sizes", ORDINARY)
    slow, ordinary = batches.slow[batches.measured], batches.ordinary[batches.measured]
    factors = 1.0 + slow[slow > 0] / ordinary[slow > 0]
    return Evidence(
        median_ms=compared.around(LATENCY),
        batch_ms=batch_ms,
        size_factor=large_ms / around if around > 0 else 1.0,
        is_rare_size=is_rare_size(batches, large_ms),
        more_in_batch=_more(compared, "mixed batch sizes", "batch size", otherwise=0.0),
        more_waiting=_more(compared, "queue", "waiting at arrival", otherwise=0.0),
        queue_ms=compared.where("queue", "queue") - compared.around("queue"),
        workers=workers,
        load=load,
        policy_share=min(1.0, compared.tail("wait limit") / whole) if whole > 0 else 0.0,
        slow_share=float((slow > 0).mean()),
        slow_factor=float(np.median(factors)) if len(factors) else math.nan,
    )


def _more(compared: Compared, cause: str, trait: str, *, otherwise: float) -> float:
    """Return what those that a cause makes slow have more of a trait."""
    name = trait_named(trait)
    return compared.where(cause, name) - compared.around(name) if compared.has(name) else otherwise


def _load(point: pd.Series, batches: Batches, workers: int, network_ms: float) -> float:
    """Return what an open loop asks for over what full batches serve."""
    size = _number(point, "batch_size")
    rate = _number(point, "request_rate_rps") or _number(point, "throughput_rps")
    if point.get("mode") != "serving" or point.get("load") == "closed" or not size or not rate:
        return 0.0
    full_ms = float(batches.curve.at(np.array([size]))[0]) * batches.longer + max(0.0, batches.host - network_ms)
    return rate * full_ms / 1e3 / (size * workers)


def _number(point: pd.Series, name: str) -> float:
    """Return a number of a point; 0 where it is missing."""
    value = point.get(name)
    return float(value) if value is not None and pd.notna(value) else 0.0
