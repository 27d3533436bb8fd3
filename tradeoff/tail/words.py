"""The explanation of a tail in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradeoff.digits import counted, three, whole
from tradeoff.frames import PERCENTILES
from tradeoff.strangers import shortened
from tradeoff.tail.causes import CAUSES, NO_EXTRA, UNDER_WAY, VARIATION, Cause, Evidence, is_worth_a_word
from tradeoff.tail.difference import BLOCKS, FEWEST, fewest_requests

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

_LONGEST = 60
_LONGEST_REASON = 500
_FAR_MORE_OFTEN = 0.1
_FEW_STRETCHES = 4.5
_NONE = "none stands out of wait limit, queue, spikes, host pauses and mixed batch sizes"


def told(found: TailExplanation) -> str:
    """Tell an explanation for somebody who has not met one."""
    if found.reason or found.evidence is None:
        return found.reason
    things = _things(found.point)
    means = f"{three(found.tail_ms)} ms on average, those around the median {three(found.median_ms)} ms"
    if found.extra_ms <= NO_EXTRA * abs(found.median_ms):
        begin = f"{things.capitalize()} beyond {percentile_name(found.q)} take {means}"
        return " ".join([f"{begin}: there is no tail to explain, and {_NONE}.", *_limit_for_all(found, found.evidence)])
    extra = f"the extra {three(found.extra_ms)} ms beyond {percentile_name(found.q)}"
    if not _has_parts(found):
        return (
            f"Where {extra} is spent is not known ({things} there take {means}): only the whole was timed, and {_NONE}."
        )
    largest = max(found.stages, key=lambda stage: stage.share)
    where = f"{_percent(largest.share)} of {extra} is {STAGE_WORDS[largest.stage]}{_between(largest)}."
    return " ".join([where, *_less(found), *_why(found, found.evidence), *_labels(found), *_caveat(found)])


def why_nothing(point: pd.Series, n: int, q: float, *, has_samples: bool = False) -> str:
    """Say why the tail of a point cannot be explained; `has_samples` says whether it has some that do not count."""
    things = _things(point)
    if n == 0:
        status, reason = _text(point.get("status")), _text(point.get("reason"), longest=_LONGEST_REASON)
        told_so = f" ({status}{f': {reason}' if reason else ''})" if status in ("failed", "oom", "saturated") else ""
        kept = f"none of the {things} that count was served at this point" if has_samples else ""
        kept = kept or f"no samples of {things} were kept at this point"
        return f"{kept[0].upper()}{kept[1:]}{told_so}: there is no tail to look into."
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


def _text(value: Any, *, longest: int = _LONGEST) -> str:
    return "" if value is None or pd.isna(value) else shortened(value, longest=longest)


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
    cause = _cause(found, name)
    return f"{_percent(cause.share)} of the extra{_between(cause)}"


def _behind(found: TailExplanation) -> str:
    return ", by their own time or by waiting behind them" if _things(found.point) == "requests" else ""


def _why(found: TailExplanation, evidence: Evidence) -> list[str]:
    if not found.named:
        return [_why_none(found, evidence), *_limit_for_all(found, evidence)]
    if len(found.named) == 1:
        return [_ALONE[found.named[0]](found, evidence)]
    parts = [_cause(found, name) for name in found.named]
    first, *others = (f"{part.name} ({_percent(part.share)}{_of_extra(part)})" for part in parts)
    details = (_AMONG[name](found, evidence) for name in found.named)
    return [f"More than one cause stands out: {_listed([first, *others])}.", *filter(None, details)]


def _of_extra(part: Cause) -> str:
    ends = _between(part)
    return f" of the extra,{ends[:-1].replace('(', '')}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), names[-1]])


def _limit_ms(found: TailExplanation) -> str:
    limit: Any = found.point.get("max_wait_ms")
    known = limit is not None and pd.notna(limit) and 0 < float(limit) < math.inf
    return f" of {three(float(limit))} ms" if known else ""


def _limit_for_all(found: TailExplanation, evidence: Evidence) -> list[str]:
    """Tell of a limit that is most of what everybody takes: it makes no tail, and is worth changing all the same."""
    if not evidence.is_nothing_else or not _has_parts(found):
        return []
    return [
        f"Waiting for a batch to leave makes {_percent(evidence.policy_share)} of what they take, and those around the "
        f"median wait about as long: the wait limit{_limit_ms(found)} makes all of them slow."
    ]


def _less(found: TailExplanation) -> list[str]:
    """Tell which stages the tail has less of: shares are of what it has more of."""
    less = [stage for stage in found.stages if stage.difference_ms < -NO_EXTRA * found.extra_ms]
    if not less:
        return []
    each = [f"{three(-stage.difference_ms)} ms less {STAGE_WORDS[stage.stage]}" for stage in less]
    return [f"They have {_listed(each)} than those around the median; shares are of what they have more."]


def _why_limit(found: TailExplanation, evidence: Evidence) -> str:
    del evidence
    return (
        f"The wait limit{_limit_ms(found)} stands out: waiting for a batch to leave, when a worker was free, makes "
        f"{_of_it(found, 'wait limit')}."
    )


def _why_queue(found: TailExplanation, evidence: Evidence) -> str:
    waiting = _trait(found, "waiting at arrival")
    said = [f"it makes {_of_it(found, 'queue')}"]
    if waiting is not None and waiting.tail > waiting.median:
        said.append(f"{_number(waiting.tail)} others wait when they come, {_number(waiting.median)} around the median")
    if evidence.load > 0:
        said.append(_asked_for(evidence))
    return f"The queue stands out: {'; '.join(said)}."


def _asked_for(evidence: Evidence) -> str:
    return f"{_percent(evidence.load)} of what full batches serve is asked for"


def _why_spikes(found: TailExplanation, evidence: Evidence) -> str:
    return f"Spikes stand out: {_slow(found, evidence)} and make {_of_it(found, 'spikes')}{_behind(found)}."


def _slow(found: TailExplanation, evidence: Evidence) -> str:
    kind, others = ("batches", "others of their size") if _things(found.point) == "requests" else ("calls", "others")
    share, factor = _percent(evidence.slow_share), _number(evidence.slow_factor)
    return f"{share} of the {kind} take {factor} times as long as {others}"


def _why_pauses(found: TailExplanation, evidence: Evidence) -> str:
    del evidence
    share = _of_it(found, "host pauses")
    return f"Host pauses stand out: where the host takes far longer than usual, that makes {share}{_behind(found)}."


def _why_sizes(found: TailExplanation, evidence: Evidence) -> str:
    return f"Mixed batch sizes stand out: {_large(found, evidence)}; that makes {_of_it(found, 'mixed batch sizes')}."


def _large(found: TailExplanation, evidence: Evidence) -> str:
    size = _trait(found, "batch size")
    usual = 0.0 if size is None else size.median
    return (
        f"the batches that make them slow hold {_number(usual + evidence.more_in_batch)} requests, {_number(usual)} "
        f"around the median, and ordinarily take {_number(evidence.size_factor)} times as long"
    )


def _begun(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}."


_Told = Callable[["TailExplanation", Evidence], str]

_ALONE: Mapping[str, _Told] = MappingProxyType(
    dict(zip(CAUSES, (_why_limit, _why_queue, _why_spikes, _why_pauses, _why_sizes), strict=True))
)

_AMONG: Mapping[str, _Told] = MappingProxyType(
    {
        "wait limit": lambda found, _: f"The limit is{_limit_ms(found)[3:]}." if _limit_ms(found) else "",
        "queue": lambda _, evidence: _begun(_asked_for(evidence)) if evidence.load > 0 else "",
        "spikes": lambda found, evidence: _begun(_slow(found, evidence)) if evidence.slow_share > 0 else "",
        "host pauses": lambda *_: "",
        "mixed batch sizes": lambda found, evidence: _begun(_large(found, evidence)),
    }
)
"""What is said of a cause beside its share, alone and among others."""


def _cause(found: TailExplanation, name: str) -> Cause:
    return next(cause for cause in found.causes if cause.name == name)


def _why_none(found: TailExplanation, evidence: Evidence) -> str:
    largest = max(found.causes, key=lambda cause: cause.share)
    share, able = f"{largest.name} makes {_of_it(found, largest.name)}", found.verdict.together
    if able is not None and able.is_most:
        makes = "make" if len(found.verdict.able) > 1 else "makes"
        said = f"{_listed(found.verdict.able)} {makes} {_percent(able.share)} of the extra{_between(able)}"
        why = f"{said}, which may be chance: measure longer"
    elif not largest.is_most:
        why = f"no cause makes more than half of it; {share}"
    elif largest.name == UNDER_WAY:
        why = "most of it is the wait for a batch under way, which whoever comes at random may meet"
    elif largest.name == VARIATION and (tokens := _trait(found, "output tokens")) and tokens.difference_lo > 0:
        why = f"their answers are longer, {_number(tokens.tail)} tokens, {_number(tokens.median)} around the median"
    elif largest.name == VARIATION:
        why = "most of it is how times vary from one to the next, and none of them is far out"
    elif not is_worth_a_word(largest, evidence):
        added = _percent(largest.extra_ms / evidence.median_ms)
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
    said = []
    if found.stretches < _FEW_STRETCHES:
        said.append(
            f"They lie in about {found.stretches:.0f} of {BLOCKS} stretches of the run: intervals may be too narrow, "
            "measure longer."
        )
    if found.point.get("status") == "saturated":
        said.append("The point is saturated: waits, and their share, grow for as long as requests come.")
    return said
