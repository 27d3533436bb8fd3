"""A comparison in one sentence."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from tradeoff.comparable import Marks, bounds_of, usable
from tradeoff.compare.attained import Attained
from tradeoff.compare.changes import Change
from tradeoff.compare.text import change_text, joined, quantity, with_interval
from tradeoff.compare.verdict import Found, ratio_between
from tradeoff.digits import counted, whole
from tradeoff.frames import POINT_COLUMNS
from tradeoff.frames.busy import is_busy
from tradeoff.objective import Objective
from tradeoff.objective.objective import short_of


def headline(found: Found) -> str:
    """Say in one sentence what changed: "throughput +38 %, but p99 doubled: 12 of 30 points that met the limit ..."."""
    told = changes_text(found)
    besides = (_busy_sides(found), without_intervals(found), unknown_spread(found))
    spread = "".join(f"; {part}" for part in besides if part)
    if not told:
        return f"{_why_nothing(found)}; {attained_text(found, found.attained)}{spread}."
    crossed = _crossings(found)
    return f"{told}: {crossed}{spread}." if crossed else f"{told}{spread}."


def _busy_sides(found: Found) -> str:
    """Say on which sides the machine was busy."""
    sides = [side for side, rows in found.sides() if is_busy(rows).any()]
    return f"the machine was busy {joined(sides)}" if sides else ""


def without_intervals(found: Found) -> str:
    """Name the metrics without any interval on a side: nothing is known about their spread."""
    bare = []
    for metric in (found.objective.metric, *found.limited):
        there = [bounds_of(rows[usable(rows)], metric).bare for _, rows in found.sides()]
        if metric + "_lo" in POINT_COLUMNS and any(len(marks) and marks.all() for marks in there):
            bare.append(short_of(metric))
    return f"nothing is known about the spread of {joined(bare)}, for there are no intervals" if bare else ""


def unknown_spread(found: Found) -> str:
    """Say that nobody knows how much one run differs from the next, where a side has one run of a point only."""
    single = [side for side, rows in found.sides() if _is_single(rows).any()]
    where = f" {single[0]}" if len(single) == 1 else ""
    return f"run-to-run spread unknown{where} (replicates=1)" if single else ""


def _is_single(rows: pd.DataFrame) -> Marks:
    """Tell which rows were measured by one process; those of our own that do not say how many, by one too."""
    empty = pd.Series(np.nan, index=rows.index)
    replicates = pd.to_numeric(rows.get("replicates", empty), errors="coerce").to_numpy("float64", na_value=np.nan)
    ours = rows.get("source", empty).astype("str").str.startswith("tradeoff").to_numpy(dtype=bool, na_value=False)
    marks: Marks = (replicates == 1) | (np.isnan(replicates) & ours)
    return marks


def changes_text(found: Found) -> str:
    """Say how the objective's metrics changed at the matched points; nothing when there are none."""
    changes = {name: found.changes[name] for name in (found.objective.metric, *found.limited)}
    if not changes[found.objective.metric].n:
        return ""
    sure: list[tuple[str, int]] = []
    unclear, by_machine = [], []
    for name, change in changes.items():
        if found.is_machines(name):
            by_machine.append(f"{short_of(name)} {_told(change)}")
        elif change.has_no_ratio:
            higher, lower = (int((change.sign == sign).sum()) for sign in (1, -1))
            told = f"{short_of(name)} higher at {higher} and lower at {lower} of {counted(change.n, 'point')}"
            sure.append((told, change.agreed_sign * found.direction(name)))
        elif not (ratio := change.ratio()).sign:
            unclear.append(f"{short_of(name)} {with_interval(ratio)}" if change.n else f"{short_of(name)} unknown")
        else:
            why = " by the clock" if change.is_clocked and not change.agreed_sign else ""
            sure.append((f"{short_of(name)} {change_text(ratio)}{why}", ratio.sign * found.direction(name)))
    if not sure and not by_machine:
        return f"not separable: {joined(unclear)}"
    if not sure:
        return f"not separable on a busy machine: {joined([*by_machine, *unclear])}"
    text, turn = sure[0]
    for part, good in sure[1:]:
        text += f" and {part}" if good == turn else f", but {part}"
        turn = good
    text += "".join(f", {part} not separable on a busy machine" for part in by_machine)
    return text + "".join(f", {part} not separable" for part in unclear)


def _told(change: Change) -> str:
    return with_interval(change.ratio()) if not change.has_no_ratio else "other"


def _why_nothing(found: Found) -> str:
    """Say why there is no change to tell."""
    if not len(found.matching.pairs[0]):
        return "no point was measured on both sides"
    for side, rows in found.pairs():
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
    only = ""
    for marks, why in ((crossed.by_clock, ", by the clock"), (crossed.by_machine, ", on a busy machine")):
        only = why if (lost or gained) and marks.sum() == lost + gained else only
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


def attained_text(found: Found, sides: tuple[Attained, Attained]) -> str:
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
    return quantity(side.value, metric) + ("" if side.sure else " (not for sure)")


def _under(objective: Objective) -> str:
    return " with " + joined([str(limit) for limit in objective.constraints]) if objective.constraints else ""
