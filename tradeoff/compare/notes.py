"""What to know besides the sentence of a comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from tradeoff.comparable import numbers_of, usable
from tradeoff.compare.changes import CLOCK, clock_ratios
from tradeoff.compare.headline import attained_text, changes_text, unknown_spread
from tradeoff.compare.machine import cpu_ratio
from tradeoff.compare.text import capital, joined, label_of, percent, value_text, with_interval
from tradeoff.compare.verdict import Found, verdict_of
from tradeoff.digits import counted, whole
from tradeoff.frames.busy import why_busy
from tradeoff.objective import Objective, decide
from tradeoff.objective.objective import short_of

_LISTED = 3
"""Points that a sentence names before it says how many more there are."""

_BY_CLOCK = {
    "gone": "what changed in time does not change for sure in cycles, and does not count",
    "hidden": "a change that the clock hides",
    "turned": "the other way than in time, and so it does not count",
}


def notes(found: Found) -> tuple[str, ...]:
    """Say what to know besides, a sentence each."""
    return tuple(filter(None, [
        f"{capital(attained_text(found, found.attained))}." if changes_text(found) else "",
        *_nearest(found),
        _matched(found),
        *_best_unmatched(found),
        _meant_to_differ(found),
        *found.left_out,
        *_failures(found),
        *_missing(found),
        *_clock(found),
        *_machine(found),
        _spread(found),
        _stronger(found),
    ]))  # fmt: skip


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
    rest = [f"{len(rows) - number} only {side}" for side, rows in found.sides() if len(rows) > number]
    if not number:
        return f"{counted(len(found.before), 'point')} before and {whole(len(found.after))} after, none in common."
    verb = "point is" if number == 1 else "points are"
    by = f", by {joined([label_of(name) for name in found.matching.on])}" if number > 1 else ""
    return f"{whole(number)} {verb} on both sides{by}" + "".join(f"; {part}" for part in rest) + "."


def _best_unmatched(found: Found) -> Iterator[str]:
    """Where the best point of one side was not measured on the other, what is attained may differ for that alone."""
    if not len(found.matching.pairs[0]):
        return
    others, among = ("after", "before"), False
    for (side, rows), pairs, other, attained in zip(
        found.sides(), found.matching.pairs, others, found.attained, strict=True
    ):
        if attained.point is not None and attained.point.name not in set(rows.index[pairs]):
            place = _place(attained.point, found.matching.on)
            yield f"The best point {side}, {place}, was not measured {other}: that difference does not count."
            among = True
    if among:
        yield f"Among the points of both, {attained_text(found, found.like_for_like)}."


def _meant_to_differ(found: Found) -> str:
    told = [
        f"{label_of(name)} {value_text(name, before)} before, {value_text(name, after)} after"
        for name, (before, after) in found.matching.differs.items()
    ]
    return f"Meant to differ: {'; '.join(told)}." if told else ""


def _failures(found: Found) -> Iterator[str]:
    there = [usable(rows) for _, rows in found.pairs()]
    for at, (side, rows) in enumerate(found.pairs()):
        gone = rows[~there[at] & there[1 - at]]
        if len(gone):
            told = [f"{_place(row, found.matching.on)} ({_why(row)})" for _, row in gone.head(_LISTED).iterrows()]
            more = f" and {len(gone) - _LISTED} more" if len(gone) > _LISTED else ""
            yield f"Failed {side} only: {'; '.join(told)}{more}."


def _missing(found: Found) -> Iterator[str]:
    for metric in (found.objective.metric, *found.limited):
        lacks = [usable(rows) & np.isnan(numbers_of(rows, metric)) for _, rows in found.pairs()]
        number = int((lacks[0] | lacks[1]).sum())
        if number:
            verb = "has" if number == 1 else "have"
            yield (
                f"{counted(number, 'matched point')} {verb} no {short_of(metric)} on a side: it was not measured, or n "
                "is too small for it."
            )


def _clock(found: Found) -> Iterator[str]:
    """Say what became of the clock, where it is known and changed, and what of the changes is its doing."""
    (_, before), (_, after) = found.pairs()
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
        yield f"{told}. In clock cycles: {joined(parts)}; {_BY_CLOCK[kind]}."
    if not kinds and abs(middle - 1) >= 0.01:
        yield f"{told}; time and clock cycles agree."


def _machine(found: Found) -> Iterator[str]:
    """Say where the machine was busy, what that takes away, and what processor time says of it."""
    (_, before), (_, after) = found.pairs()
    number = len(before)
    for side, rows, marks in (("before", before, found.machine.before), ("after", after, found.machine.after)):
        if marks.any():
            where = f"at {whole(int(marks.sum()))} of {counted(number, 'point')} {side}" if number > 1 else side
            worst = rows[marks].sort_values("foreign_load") if "foreign_load" in rows else rows[marks]
            yield f"The machine was busy {where}: {why_busy(worst.iloc[-1])}{' at worst' if marks.sum() > 1 else ''}."
    told = [metric for metric in (found.objective.metric, *found.limited) if found.is_machines(metric)]
    if told or found.crossed.by_machine.any():
        yield "What a busy machine may explain does not count: measure both sides again on a quiet one."
    ratio = cpu_ratio(before, after)
    if told and math.isfinite(ratio):
        yield (
            f"Processor time per request changed by {percent(ratio)}: as far as it stays the same, the calls did the "
            "same work and waited for a core; beside other load it may grow too, for caches and cores are shared."
        )


def _spread(found: Found) -> str:
    """Say what an unknown spread means, and how it is found out."""
    if not unknown_spread(found):
        return ""
    return (
        "Run-to-run spread is unknown: one process measured each point (replicates=1), and the next run of the same "
        "code may differ by more than these intervals say. Five replicates or so on each side show it."
    )


def _stronger(found: Found) -> str:
    """Where the verdict is open, say what would tell more than two Runs one after the other."""
    if verdict_of(found) != "not_separable":
        return ""
    return (
        "A paired measurement is the stronger way: measure_pair (tradeoff compare --live) measures before and after in "
        "turns, so that what the machine does meanwhile meets both alike."
    )


def _place(row: pd.Series, names: Sequence[str]) -> str:
    parts = [f"{label_of(name)} {value_text(name, row[name])}" for name in names if name in row and pd.notna(row[name])]
    return " × ".join(parts) or f"point {row.get('point_id', row.name)}"


def _why(row: pd.Series) -> str:
    status = {"oom": "out of memory"}.get(str(row.get("status")), str(row.get("status")))
    reason = row.get("reason")
    text = f"{status}: {reason}" if pd.notna(reason) and str(reason).strip() else status
    return text if len(text) <= 100 else f"{text[:99]}…"
