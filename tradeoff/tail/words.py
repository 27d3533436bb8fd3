"""The explanation of a tail in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradeoff.digits import counted, three, whole
from tradeoff.frames import PERCENTILES
from tradeoff.tail.causes import CAUSES, UNDER_WAY, VARIATION, Cause, Evidence, is_worth_a_word
from tradeoff.tail.difference import FEWEST, fewest_requests

if TYPE_CHECKING:
    from tradeoff.tail.explanation import Stage, TailExplanation, Trait

STAGE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "pre": "pre-processing",
        "batch_wait": "batch wait",
        "queue_wait": "queue wait",
        "model": "model time",
        "post": "post-processing",
        "overhead": "overhead",
    }
)
"""Stages as people call them."""

NO_EXTRA = 0.01
"""Share of what requests around the median take below which a tail has nothing to explain."""

_LONGEST = 60
_FAR_MORE_OFTEN = 0.1
_NONE = "none stands out of wait limit, queue, spikes, host pauses and mixed batch sizes"


def told(found: TailExplanation) -> str:
    """Tell an explanation for somebody who has not met one."""
    if found.reason or found.evidence is None:
        return found.reason
    things = _things(found.point)
    means = f"{three(found.tail_ms)} ms on average, those around the median {three(found.median_ms)} ms"
    if found.extra_ms <= NO_EXTRA * abs(found.median_ms):
        begin = f"{things.capitalize()} beyond {percentile_name(found.q)} take {means}"
        if found.cause is not None:
            return f"{begin}. {_WHY[found.cause](found, found.evidence)}"
        return f"{begin}: there is no tail to explain, and {_NONE}."
    extra = f"the extra {three(found.extra_ms)} ms beyond {percentile_name(found.q)}"
    if not _has_parts(found):
        return (
            f"Where {extra} is spent is not known ({things} there take {means}): only the whole was timed, and {_NONE}."
        )
    largest = max(found.stages, key=lambda stage: stage.share)
    where = f"{_percent(largest.share)} of {extra} is {STAGE_WORDS[largest.stage]}{_between(largest)}."
    why = _why_none(found) if found.cause is None else _WHY[found.cause](found, found.evidence)
    return " ".join([where, why, *_labels(found), *_caveat(found)])


def why_nothing(point: pd.Series, n: int, q: float) -> str:
    """Say why the tail of a point cannot be explained."""
    things = _things(point)
    if n == 0:
        status, reason = _text(point.get("status")), _text(point.get("reason"))
        told_so = f" ({status}{f': {reason}' if reason else ''})" if status in ("failed", "oom", "saturated") else ""
        return f"No samples of {things} were kept at this point{told_so}: there is no tail to look into."
    needed, largest = fewest_requests(q), 1.0 - FEWEST / n
    beyond = n - math.ceil(n * q - 1e-9)
    lie = {0: "none lies", 1: "one lies"}.get(beyond, f"{whole(beyond)} lie")
    hint = f", or ask for q={math.floor(100 * largest) / 100:g}" if largest >= 0.6 else ""
    return (
        f"Of {counted(n, things[:-1])} {lie} beyond {percentile_name(q)}, too few to tell what they have in common: "
        f"measure {whole(needed)}{hint}."
    )


def percentile_name(q: float) -> str:
    """Name a percentile: ``p99``, ``p999``, ``p97.5``."""
    for name, probability in PERCENTILES.items():
        if math.isclose(q, probability, rel_tol=0.0, abs_tol=1e-12):
            return name
    return f"p{100 * q:.10g}"


def _has_parts(found: TailExplanation) -> bool:
    return any(stage.tail_ms or stage.median_ms for stage in found.stages if stage.stage != "overhead")


def _things(point: pd.Series) -> str:
    return "requests" if point.get("mode") == "serving" else "calls"


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else " ".join(str(value).split())[:_LONGEST]


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.0f} %".replace("-", "−") if abs(percent) >= 1 or percent == 0 else f"{percent:.1g} %"


def _between(part: Stage | Cause) -> str:
    if math.isnan(part.share_lo):
        return " (interval unknown)"
    low, high = (f"{100.0 * end:.0f}".replace("-", "−") for end in (part.share_lo, part.share_hi))
    return f" ({low} to {high} %)"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def _trait(found: TailExplanation, name: str) -> Trait | None:
    return next((trait for trait in found.traits if trait.trait == name), None)


def _of_it(found: TailExplanation, name: str) -> str:
    cause = next(cause for cause in found.causes if cause.name == name)
    return f"{_percent(cause.share)} of the extra{_between(cause)}"


def _behind(found: TailExplanation) -> str:
    return ", by their own time or by waiting behind them" if _things(found.point) == "requests" else ""


def _why_limit(found: TailExplanation, evidence: Evidence) -> str:
    limit: Any = found.point.get("max_wait_ms")
    known = limit is not None and pd.notna(limit) and 0 < float(limit) < math.inf
    begin = f"The wait limit{f' of {three(float(limit))} ms' if known else ''} stands out: waiting for a batch to leave"
    cause = next(cause for cause in found.causes if cause.name == "wait limit")
    if not (cause.is_most and is_worth_a_word(cause, evidence)):
        share = _percent(evidence.policy_share)
        return f"{begin} makes {share} of what they take; those around the median wait as well."
    return f"{begin}, when a worker was free, makes {_of_it(found, 'wait limit')}."


def _why_queue(found: TailExplanation, evidence: Evidence) -> str:
    waiting = _trait(found, "waiting at arrival")
    said = []
    if waiting is not None and waiting.tail > waiting.median:
        said.append(f"{_number(waiting.tail)} others wait when they come, {_number(waiting.median)} around the median")
    if evidence.load > 0:
        said.append(f"{_percent(evidence.load)} of what full batches serve is asked for")
    return f"The queue stands out: {', and '.join(said) or 'they wait for those before them'}."


def _why_spikes(found: TailExplanation, evidence: Evidence) -> str:
    kind, others = ("batches", "others of their size") if _things(found.point) == "requests" else ("calls", "others")
    return (
        f"Spikes stand out: {_percent(evidence.slow_share)} of the {kind} take {_number(evidence.slow_factor)} times "
        f"as long as {others} and make {_of_it(found, 'spikes')}{_behind(found)}."
    )


def _why_pauses(found: TailExplanation, evidence: Evidence) -> str:
    del evidence
    share = _of_it(found, "host pauses")
    return f"Host pauses stand out: where the host takes far longer than usual, that makes {share}{_behind(found)}."


def _why_sizes(found: TailExplanation, evidence: Evidence) -> str:
    size = _trait(found, "batch size")
    held = f"hold {_number(size.tail)} requests, {_number(size.median)} around the median, and " if size else ""
    return (
        f"Mixed batch sizes stand out: their batches {held}ordinarily take {_number(evidence.size_factor)} times as "
        f"long; that makes {_of_it(found, 'mixed batch sizes')}."
    )


_WHY: Mapping[str, Callable[[TailExplanation, Evidence], str]] = MappingProxyType(
    dict(zip(CAUSES, (_why_limit, _why_queue, _why_spikes, _why_pauses, _why_sizes), strict=True))
)


def _why_none(found: TailExplanation) -> str:
    largest = max(found.causes, key=lambda cause: cause.share)
    share = f"{largest.name} makes {_of_it(found, largest.name)}"
    if largest.name == UNDER_WAY:
        why = "most of it is the wait for a batch under way, which whoever comes at random may meet"
    elif largest.name == VARIATION and (tokens := _trait(found, "output tokens")) and tokens.difference_lo > 0:
        why = f"their answers are longer, {_number(tokens.tail)} tokens, {_number(tokens.median)} around the median"
    elif largest.name == VARIATION:
        why = "most of it is how times vary from one to the next, and none of them is far out"
    elif not largest.is_most:
        why = f"no cause makes more than half of it; {share}"
    elif not largest.is_sure:
        why = f"{share}, which may be chance: measure longer"
    elif found.evidence is not None and not is_worth_a_word(largest, found.evidence):
        added = _percent(largest.extra_ms / found.evidence.median_ms)
        why = f"{share}, but that adds only {added} to what those around the median take"
    else:
        why = f"{share}, but not more than any such system has"
    return f"{_NONE.capitalize()}: {why}."


def _labels(found: TailExplanation) -> list[str]:
    """Tell labels, and cold calls, that are surely and far more frequent in the tail."""
    said = []
    for trait in found.traits:
        is_one = trait.trait.startswith("label ") or trait.trait == "first batch of its size"
        if is_one and trait.difference_lo > 0 and trait.tail - trait.median >= _FAR_MORE_OFTEN:
            name = _text(trait.trait)
            share, usual = _percent(trait.tail), _percent(trait.median)
            said.append(f"{name[0].upper()}{name[1:]}: {share} of these, {usual} of those around the median.")
    return said


def _caveat(found: TailExplanation) -> list[str]:
    if found.point.get("status") != "saturated":
        return []
    return ["The point is saturated: waits, and their share, grow for as long as requests come."]
