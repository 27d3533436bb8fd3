"""How a comparison is told: one sentence, and what to know besides. All text is plain: whoever shows it escapes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.comparable import ends_of, numbers_of, usable
from tradeoff.compare.attained import Attained
from tradeoff.compare.changes import CLOCK, Ratio, clock_ratios
from tradeoff.compare.verdict import Found, ratio_between
from tradeoff.digits import counted, three, whole
from tradeoff.frames import POINT_COLUMNS
from tradeoff.objective import Objective, decide
from tradeoff.objective.objective import short_of

_LISTED = 3
"""Points that a sentence names before it says how many more there are."""


_BY_CLOCK = {
    "gone": "what changed in time does not change for sure in cycles, and does not count",
    "hidden": "a change that the clock hides",
    "turned": "the other way than in time, and so it does not count",
}


def headline(found: Found) -> str:
    """Say in one sentence what changed: "throughput +38 %, but p99 doubled: 12 of 30 points that met the limit ..."."""
    told = _changes(found)
    if not told:
        return f"{_why_nothing(found)}; {_attained_text(found, found.attained)}."
    crossed = _crossings(found)
    return f"{told}: {crossed}." if crossed else f"{told}."


def notes(found: Found) -> tuple[str, ...]:
    """Say what to know besides, a sentence each."""
    return tuple(filter(None, [
        f"{_capital(_attained_text(found, found.attained))}." if _changes(found) else "",
        *_nearest(found),
        _matched(found),
        *_best_unmatched(found),
        _meant_to_differ(found),
        *found.left_out,
        *_failures(found),
        *_missing(found),
        _without_intervals(found),
        *_clock(found),
    ]))  # fmt: skip


def change_text(ratio: Ratio) -> str:
    """Write a change: ``+38 %``, ``doubled``, ``halved``, ``2.60 times as high``."""
    if 1.9 <= ratio.value <= 2.1:
        return "doubled"
    if 1 / 2.1 <= ratio.value <= 1 / 1.9:
        return "halved"
    if math.isinf(ratio.value):
        return "up from 0"
    return f"{three(ratio.value)} times as high" if ratio.value > 2.1 else percent(ratio.value)


def percent(ratio: float) -> str:
    """Write a ratio as a change: ``+38 %``, ``−1.2 %``."""
    change = 100 * (ratio - 1)
    if not math.isfinite(change):
        return "unknown"
    text = f"{change:+.0f} %" if abs(change) >= 9.95 else f"{change:+.1f} %"
    return "±0.0 %" if abs(change) < 0.05 else text.replace("-", "−")


def interval_text(ratio: Ratio) -> str:
    """Write the interval of a change, ``−12 % to −5.0 %``; an end that is not known is said to be so."""
    return f"{'unknown' if ratio.lo == 0 else percent(ratio.lo)} to {percent(ratio.hi)}"


def with_interval(ratio: Ratio) -> str:
    """Write a change with its interval, ``−8.6 % (−12 % to −5.0 %)``, unless that is a point."""
    exact = ratio.lo == ratio.value == ratio.hi
    return percent(ratio.value) if exact else f"{percent(ratio.value)} ({interval_text(ratio)})"


def _changes(found: Found) -> str:
    """Say how the objective's metrics changed at the matched points; nothing when there are none."""
    changes = {name: found.changes[name] for name in (found.objective.metric, *found.limited)}
    if not changes[found.objective.metric].n:
        return ""
    sure: list[tuple[str, int]] = []
    unclear = []
    for name, change in changes.items():
        if change.has_no_ratio:
            higher, lower = (int((change.sign == sign).sum()) for sign in (1, -1))
            told = f"{short_of(name)} higher at {higher} and lower at {lower} of {counted(change.n, 'point')}"
            sure.append((told, change.agreed_sign * found.direction(name)))
        elif not (ratio := change.ratio()).sign:
            unclear.append(f"{short_of(name)} {with_interval(ratio)}" if change.n else f"{short_of(name)} unknown")
        else:
            why = " by the clock" if change.is_clocked and not change.agreed_sign else ""
            sure.append((f"{short_of(name)} {change_text(ratio)}{why}", ratio.sign * found.direction(name)))
    if not sure:
        return f"not separable: {_and(unclear)}"
    text, turn = sure[0]
    for part, good in sure[1:]:
        text += f" and {part}" if good == turn else f", but {part}"
        turn = good
    return text + "".join(f", {part} not separable" for part in unclear)


def _why_nothing(found: Found) -> str:
    """Say why there is no change to tell."""
    if not len(found.matching.pairs[0]):
        return "no point was measured on both sides"
    for side, rows in _pairs(found):
        if not usable(rows).any():
            return f"every point that was measured on both sides failed {side}"
    return f"no point has a {short_of(found.objective.metric)} on both sides"


def _crossings(found: Found) -> str:
    """Say how many points no longer meet the limits, or newly do."""
    crossed, several = found.crossed, len(found.objective.constraints) > 1
    if not found.objective.constraints or not len(crossed.before):
        return ""
    limit = "the limits" if several else "the limit"
    met, lost, gained, unclear = (
        int(marks.sum()) for marks in (crossed.before == "yes", crossed.lost, crossed.gained, crossed.open_after)
    )
    newly = f"{counted(gained, 'point')} that missed {limit} now {'meets' if gained == 1 else 'meet'} " + (
        "them" if several else "it"
    )
    only = ", by the clock" if (lost or gained) and crossed.by_clock.sum() == lost + gained else ""
    if lost:
        if met == 1:
            text = f"the one point that met {limit} no longer does"
        elif lost == met:
            text = f"none of the {whole(met)} points that met {limit} still does"
        else:
            text = f"{whole(lost)} of {whole(met)} points that met {limit} no longer {'does' if lost == 1 else 'do'}"
        return text + (f", and {newly}" if gained else "") + only
    if gained:
        return newly + only
    if not met:
        return f"no point that was measured on both sides surely meets {limit}, before or after"
    everybody = f"all {whole(met)} points"
    if unclear:
        if met == 1:
            return f"of the one point that met {limit} it cannot be told whether it still does"
        who = everybody if unclear == met else f"{whole(unclear)} of {whole(met)} points"
        return f"of {who} that met {limit} it cannot be told any more"
    if met == 1:
        return f"the one point that met {limit} still does"
    return f"{'both points' if met == 2 else everybody} that met {limit} still do"


def _attained_text(found: Found, sides: tuple[Attained, Attained]) -> str:
    """Say what each side attains under the objective."""
    objective, (before, after) = found.objective, sides
    under = _under(objective)
    if not before.possible and not after.possible:
        return f"no point meets {under.removeprefix(' with ')}, before or after"
    told = [_attained(side, objective.metric) for side in (before, after)]
    text = f"best {short_of(objective.metric)}{under}: {told[0]} before, {told[1]} after"
    ratio = ratio_between(sides)
    if not math.isfinite(ratio.value):
        return text
    apart = "" if found.sign_of(sides) else ", not separable"
    return f"{text}, {with_interval(ratio)}{apart}"


def _attained(side: Attained, metric: str) -> str:
    if not side.possible:
        return "nothing"
    if math.isnan(side.value):
        return "nothing by the values themselves"
    return _quantity(side.value, metric) + ("" if side.sure else " (not for sure)")


def _under(objective: Objective) -> str:
    return " with " + _and([str(limit) for limit in objective.constraints]) if objective.constraints else ""


def _nearest(found: Found) -> Iterator[str]:
    """Where nothing meets the limits on either side: say how far it is."""
    if any(side.possible for side in found.attained):
        return
    asked = Objective(found.objective.direction, found.objective.metric, found.objective.constraints)
    for side, rows in (("Before", found.before), ("After", found.after)):
        if usable(rows).any():
            yield f"{side}: {decide(rows, asked).sentence()}"


def _matched(found: Found) -> str:
    number = len(found.matching.pairs[0])
    rest = [f"{len(rows) - number} only {side}" for side, rows in _sides(found) if len(rows) > number]
    if not number:
        return f"{len(found.before)} points before and {len(found.after)} after, none of them in common."
    verb = "point is" if number == 1 else "points are"
    by = f", by {_and([_label(name) for name in found.matching.on])}" if number > 1 else ""
    return f"{whole(number)} {verb} on both sides{by}" + "".join(f"; {part}" for part in rest) + "."


def _best_unmatched(found: Found) -> Iterator[str]:
    """Where the best point of one side was not measured on the other, what is attained may differ for that alone."""
    if not len(found.matching.pairs[0]):
        return
    others, among = ("after", "before"), False
    for (side, rows), pairs, other, attained in zip(
        _sides(found), found.matching.pairs, others, found.attained, strict=True
    ):
        if attained.point is not None and attained.point.name not in set(rows.index[pairs]):
            place = _place(attained.point, found.matching.on)
            yield f"The best point {side}, {place}, was not measured {other}: that difference does not count."
            among = True
    if among:
        yield f"Among the points of both, {_attained_text(found, found.like_for_like)}."


def _meant_to_differ(found: Found) -> str:
    told = [
        f"{_label(name)} {_value(name, before)} before, {_value(name, after)} after"
        for name, (before, after) in found.matching.differs.items()
    ]
    return f"Meant to differ: {'; '.join(told)}." if told else ""


def _failures(found: Found) -> Iterator[str]:
    there = [usable(rows) for _, rows in _pairs(found)]
    for at, (side, rows) in enumerate(_pairs(found)):
        gone = rows[~there[at] & there[1 - at]]
        if len(gone):
            told = [f"{_place(row, found.matching.on)} ({_why(row)})" for _, row in gone.head(_LISTED).iterrows()]
            more = f" and {len(gone) - _LISTED} more" if len(gone) > _LISTED else ""
            yield f"Failed {side} only: {'; '.join(told)}{more}."


def _missing(found: Found) -> Iterator[str]:
    for metric in (found.objective.metric, *found.limited):
        lacks = [usable(rows) & np.isnan(numbers_of(rows, metric)) for _, rows in _pairs(found)]
        number = int((lacks[0] | lacks[1]).sum())
        if number:
            verb = "has" if number == 1 else "have"
            yield (
                f"{counted(number, 'matched point')} {verb} no {short_of(metric)} on a side: it was not measured, or n "
                "is too small for it."
            )


def _without_intervals(found: Found) -> str:
    bare = []
    for metric in (found.objective.metric, *found.limited):
        there = [rows[usable(rows)] for _, rows in _sides(found)]
        ends = [ends_of(rows, metric) for rows in there if len(rows)]
        if any(both is None or np.isnan(both).all() for both in ends):
            bare.append(short_of(metric))
    return f"Without intervals of {_and(bare)} on both sides, chance cannot be told from change." if bare else ""


def _clock(found: Found) -> Iterator[str]:
    """Say what became of the clock, where it is known and changed, and what of the changes is its doing."""
    (_, before), (_, after) = _pairs(found)
    clocks = clock_ratios(before, after)
    known = np.isfinite(clocks)
    if not (clocks[known] != 1).any():
        return
    one, other = (whole(float(np.median(numbers_of(rows, CLOCK)[known]))) for rows in (before, after))
    middle = float(np.median(clocks[known]))
    size = percent(middle).lstrip("+−±")
    told = f"The clock was {size} {'higher' if middle > 1 else 'lower'} after ({one} to {other} MHz)"
    kinds: dict[str, list[str]] = {}
    for metric in (found.objective.metric, *found.limited):
        change = found.changes[metric]
        time, cycles = change.ratio().sign, change.ratio(in_cycles=True).sign
        if change.is_clocked and time != cycles:
            kind = "gone" if time and not cycles else "hidden" if cycles and not time else "turned"
            kinds.setdefault(kind, []).append(f"{short_of(metric)} {with_interval(change.ratio(in_cycles=True))}")
    for kind, parts in kinds.items():
        yield f"{told}. In clock cycles: {_and(parts)}; {_BY_CLOCK[kind]}."
    if not kinds and abs(middle - 1) >= 0.01:
        yield f"{told}; time and clock cycles agree."


def _sides(found: Found) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]]:
    return ("before", found.before), ("after", found.after)


def _pairs(found: Found) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]]:
    one, other = (rows.iloc[numbers] for (_, rows), numbers in zip(_sides(found), found.matching.pairs, strict=True))
    return ("before", one), ("after", other)


def _place(row: pd.Series, names: Sequence[str]) -> str:
    parts = [f"{_label(name)} {_value(name, row[name])}" for name in names if name in row and pd.notna(row[name])]
    return " × ".join(parts) or f"point {row.get('point_id', row.name)}"


def _why(row: pd.Series) -> str:
    status = {"oom": "out of memory"}.get(str(row.get("status")), str(row.get("status")))
    reason = row.get("reason")
    text = f"{status}: {reason}" if pd.notna(reason) and str(reason).strip() else status
    return text if len(text) <= 100 else f"{text[:99]}…"


def _value(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or "unstated"
    unit = POINT_COLUMNS[name].unit if name in POINT_COLUMNS else ""
    return f"{float(value):g} {unit}".rstrip() if unit == "ms" else f"{float(value):g}"


def _quantity(value: float, name: str) -> str:
    unit = POINT_COLUMNS[name].unit if name in POINT_COLUMNS else ""
    return f"{three(value)} {unit}".rstrip()


def _label(name: str) -> str:
    return POINT_COLUMNS[name].label if name in POINT_COLUMNS else name


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
