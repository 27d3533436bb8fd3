"""``tradeoff.compare``: two Runs under one objective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from tradeoff.comparable import ids_of
from tradeoff.compare.attained import Attained, attained_under
from tradeoff.compare.changes import Change, Ratio, at_clock, changes_of, clock_ratios
from tradeoff.compare.comparison import Comparison
from tradeoff.compare.headline import headline
from tradeoff.compare.limits import crossings
from tradeoff.compare.machine import machine_of
from tradeoff.compare.matching import checked_across, match
from tradeoff.compare.notes import notes
from tradeoff.compare.sides import asked_of, common_group, refuse_unmeasured
from tradeoff.compare.verdict import Found, ratio_between, verdict_of
from tradeoff.frames import Run
from tradeoff.objective import Objective

ALWAYS = ("throughput_rps", "latency_p50_ms", "latency_p99_ms")
"""Columns that are compared beside those of the objective, where both sides have them."""

_SIGNS = ("lower", "open", "higher")


def compare(
    before: Run | pd.DataFrame,
    after: Run | pd.DataFrame,
    objective: Objective | str,
    *,
    across: Iterable[str] = (),
) -> Comparison:
    """Compare two Runs under one objective.

    Points are the same when they are equal in every identity column but ``source``, those named in `across`, and
    those of the batching policy that have one value before and another after. Rows of another workload, backend,
    device, dtype, mode, regime, cache or clock are never compared, unless `across` says that this is the question.

    Parameters
    ----------
    before, after
        Runs or their points.
    objective
        As text, ``"maximize throughput subject to p99 <= 20 ms"``, or an `Objective`.
    across
        Identity columns that are meant to differ, as in ``["device"]``.

    Returns
    -------
    Comparison
        With a `verdict`:

        * A *gain* is any of these, and a *loss* is the reverse: the best that the objective's constraints leave among
          the matched points is surely better; a matched point that surely missed the constraints surely meets them;
          the median change of the objective's metric over the matched points is surely for the better. Where no
          points match, the best of all points counts alone.
        * ``"better"``: a gain and no loss. ``"worse"``: a loss and no gain. ``"mixed"``: both.
        * Without gains and losses, the median changes of the constrained metrics decide in the same way: they moved
          within their limits. When none surely changed, the verdict is ``"not_separable"``.

    Raises
    ------
    TypeError, ValueError
        When a side is no Run, or `across` names no identity columns.
    ObjectiveError
        When the objective cannot be read; when a side is empty, lacks a metric or was not measured where the objective
        asks; when the two have no comparable group in common, or several; when a side holds a point twice with
        different results.

    Notes
    -----
    A ratio runs from the lower end after over the upper end before to the upper end after over the lower end before,
    so that it excludes 1 exactly when the two 95 % intervals do not overlap. This is cautious: intervals of equal
    width that just touch are apart at a level of about 0.6 %, not 5 % [1]_. The interval of a median ratio runs from
    the median of the lower ends to that of the upper ends. Pairs of which neither has an interval count as their
    values, and the sentence says that nothing is known about their spread; any other end that is not known makes a
    ratio unknown on that side. Intervals are those of each Run: what differs from one hour or
    process to the next is in them only as far as replicates were measured.

    Where ``sm_clock_mhz`` is known on both sides of a pair, a change of a time or a rate counts only when it is there
    in clock cycles too: what vanishes there is named as a change of the clock.

    Where a side was measured on a busy machine (flags ``machine_busy``, ``cpu_stolen``, ``quota_throttled``), it was
    slower than it could be: that it is the worse side does not count, unless a rate fell by more than the disturbed
    part of the time (``disturbed``) could have cost. What goes the other way counts. Where it is not
    known what other processes did, a change of the throughput that is not in the processor time per request does not
    count either. Pairs without such marks decide alone. With one process a point (``replicates=1``) the spread from
    run to run is unknown, and the sentence says so.

    References
    ----------
    .. [1] Schenker, N. and Gentleman, J. F. (2001). On judging the significance of differences by examining the
       overlap between confidence intervals. The American Statistician 55(3), 182-186.
    """
    asked = _objective(objective, before, after)
    meant = checked_across(across)
    one, other, left_out = common_group(*asked_of(before, after, asked), meant)
    refuse_unmeasured(one, other, asked)
    matching = match(one, other, meant)
    pairs = one.iloc[matching.pairs[0]], other.iloc[matching.pairs[1]]
    changes = changes_of(*pairs, _metrics(asked, one, other))
    machine = machine_of(*pairs)
    like_for_like = attained_under(pairs[0], asked), attained_under(pairs[1], asked)
    found = Found(
        objective=asked,
        before=one,
        after=other,
        matching=matching,
        changes=changes,
        crossed=crossings(*pairs, asked, changes, machine),
        attained=(attained_under(one, asked), attained_under(other, asked)),
        like_for_like=like_for_like,
        at_one_clock=_at_one_clock(pairs, like_for_like, asked),
        machine=machine,
        left_out=left_out,
    )
    return Comparison(
        objective=asked,
        verdict=verdict_of(found),
        table=_table(found, *pairs),
        changes=_summary(changes),
        before=found.attained[0],
        after=found.attained[1],
        ratio=ratio_between(found.attained),
        n_before=len(one),
        n_after=len(other),
        lost=tuple(map(str, ids_of(pairs[1])[found.crossed.lost])),
        gained=tuple(map(str, ids_of(pairs[1])[found.crossed.gained])),
        differs=matching.differs,
        headline=headline(found),
        notes=notes(found),
        rows_before=one,
        rows_after=other,
        pairs=matching.pairs,
    )


def _objective(objective: Objective | str, before: Run | pd.DataFrame, after: Run | pd.DataFrame) -> Objective:
    frames = [points.points if isinstance(points, Run) else points for points in (before, after)]
    names = [str(name) for rows in frames if isinstance(rows, pd.DataFrame) for name in rows]
    return Objective.of(objective, names)


def _metrics(objective: Objective, one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    names = dict.fromkeys([objective.metric, *(limit.metric for limit in objective.constraints), *ALWAYS])
    return [name for name in names if name in one and name in other]


def _at_one_clock(
    pairs: tuple[pd.DataFrame, pd.DataFrame], attained: tuple[Attained, Attained], objective: Objective
) -> tuple[tuple[Attained, Attained], ...]:
    """Return what both sides attain with either side's times as they were at the clock of the other."""
    clocks = clock_ratios(*pairs)
    if not (np.isfinite(clocks) & (clocks != 1)).any():
        return ()
    metrics = [objective.metric, *(limit.metric for limit in objective.constraints)]
    before, after = (at_clock(rows, metrics, ratio) for rows, ratio in zip(pairs, (1 / clocks, clocks), strict=True))
    return (attained[0], attained_under(after, objective)), (attained_under(before, objective), attained[1])


def _table(found: Found, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    columns = {name: (before if name in before else after)[name].to_numpy() for name in found.matching.on}
    for side, rows in (("before", before), ("after", after)):
        columns[f"point_id_{side}"] = ids_of(rows).to_numpy()
        columns[f"status_{side}"] = rows["status"].to_numpy() if "status" in rows else np.full(len(rows), None)
    columns |= {"met_before": found.crossed.before, "met_after": found.crossed.after}
    columns |= {"busy_before": found.machine.before, "busy_after": found.machine.after}
    for name, change in found.changes.items():
        columns |= {f"{name}_before": change.before, f"{name}_after": change.after}
        with np.errstate(over="ignore"):
            columns |= {f"{name}_ratio{end}": np.exp(part) for end, part in
                        (("", change.log), ("_lo", change.log_lo), ("_hi", change.log_hi))}  # fmt: skip
        columns[f"{name}_change"] = np.array(_SIGNS)[change.sign + 1]
    columns["clock_ratio"] = clock_ratios(before, after)
    return pd.DataFrame(columns)


def _summary(changes: Mapping[str, Change]) -> pd.DataFrame:
    rows = []
    for name, change in changes.items():
        row: dict[str, object] = {"metric": name, **change.ratio()._asdict(), "change": _SIGNS[change.ratio().sign + 1]}
        cycles = change.ratio(in_cycles=True) if change.is_clocked else Ratio(np.nan, np.nan, np.nan)
        row |= {f"cycles_{part}": value for part, value in cycles._asdict().items()}
        counts = {word: int((change.sign == sign).sum()) for word, sign in (("higher", 1), ("lower", -1))}
        row |= {"n": change.n, **counts, "open": change.n - sum(counts.values())}
        rows.append(row)
    return pd.DataFrame(rows).rename(columns={"value": "ratio", "cycles_value": "cycles_ratio"})
