"""A fresh measurement of the point that was chosen: nothing chose it, so that its plain interval is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import pandas as pd

from tradeoff.arguments import shown
from tradeoff.frames import IDENTITY_COLUMNS, Run
from tradeoff.frames.busy import flags_of
from tradeoff.objective.decision import Decision
from tradeoff.objective.objective import ObjectiveError
from tradeoff.objective.words import describe

Confirm = Callable[[pd.Series], Run]
"""Measures a row of ``points`` anew."""

_BY_HAND = "pass a function that measures it, as in decide(run, objective, confirm=lambda point: …a Run of one point…)"
_NOT_WHAT_IT_IS = ("source",)
"""Identity columns that say who measured, not what."""


def measured_anew(decision: Decision, run: Run | None, confirm: Confirm | bool) -> Run:
    """Measure the point of a decision anew, and see that it is the same point.

    Parameters
    ----------
    decision
        What was decided.
    run
        Where the point comes from; None when it came from a frame.
    confirm
        True, for points of a sweep whose workload is known by name; or what measures a row anew.

    Raises
    ------
    ObjectiveError
        When it cannot be measured anew, what came back is another point, or it could not be measured.
    """
    point = decision.point
    fresh = confirm(point) if callable(confirm) else _swept_anew(point, run)
    if not isinstance(fresh, Run) or len(fresh.points) != 1:
        what = f"a Run of {len(fresh.points)} points" if isinstance(fresh, Run) else type(fresh).__name__
        raise ObjectiveError(f"confirm must return a Run of one point, {describe(point)} measured anew; got {what}")
    row = fresh.points.iloc[0]
    differs = [f"{name} {row.get(name)} instead of {point[name]}" for name in _different(point, row)]
    if differs:
        raise ObjectiveError(f"what was measured anew is another point: {', '.join(differs)}. Measure the chosen one")
    return fresh


def confirmed(decision: Decision, again: Decision) -> Decision:
    """Put the verdict of the fresh row in place of that of the choice.

    Parameters
    ----------
    decision
        What was decided among all points.
    again
        What is decided of the fresh row alone.
    """
    return replace(
        again, chosen=decision.point, runner_up=decision.runner_up, contender=decision.contender, alike=decision.alike,
        preferred=decision.preferred, binding=decision.binding, others_busy=decision.others_busy,
        left_out=decision.left_out, tied=decision.tied, room=None,
    )  # fmt: skip


def _different(point: pd.Series, row: pd.Series) -> Iterable[str]:
    for name in IDENTITY_COLUMNS:
        before, after = point.get(name), row.get(name)
        if name in _NOT_WHAT_IT_IS or before is None or pd.isna(before):
            continue
        if after is None or pd.isna(after) or before != after:
            yield name


def _swept_anew(point: pd.Series, run: Run | None) -> Run:
    spec = _spec_of(point, run)
    workload = spec.get("path") or spec["workload"]
    budget = dict(spec["budget"])
    # Imported when it is asked for: deciding needs nothing that measures.
    sweep = import_module("tradeoff.sweep").sweep
    as_budget = import_module("tradeoff.timing").Budget
    try:
        fresh: Run = sweep(
            workload, batch_size=int(point["batch_size"]), concurrency=int(point["concurrency"]),
            dtype=str(point["dtype"]), device=spec.get("device"), mode=str(point["mode"]), cache=str(point["cache"]),
            regime=str(point["regime"]), budget=as_budget(**budget), replicates=int(spec.get("replicates", 1)),
            price_per_hour=spec.get("price_per_hour"), seed=int(spec.get("seed", 0)), progress=False,
        )  # fmt: skip
        return fresh
    except (ValueError, TypeError) as error:
        raise ObjectiveError(
            f"{describe(point)} of {shown(workload)} cannot be measured anew here ({error}): {_BY_HAND}"
        ) from error


def _spec_of(point: pd.Series, run: Run | None) -> Mapping[str, Any]:
    """Return what the sweep that measured a point was asked for."""
    if run is None:
        raise ObjectiveError(f"confirm=True takes the Run of a sweep, which says how to measure anew: {_BY_HAND}")
    if "not_isolated" in flags_of(point.get("flags")):
        raise ObjectiveError(
            f"{point.get('workload')} was measured as a live object (not_isolated), and cannot be found by its name: "
            f"{_BY_HAND}"
        )
    for spec in reversed(run.environment.get("sweeps", [])):
        name = f"{point.get('backend')}.{point.get('workload')}"
        values = ("batch_size", "concurrency", "dtype")
        if spec.get("workload") == name and "budget" in spec and all(point[one] in spec.get(one, ()) for one in values):
            return dict(spec)
    source = point.get("source")
    raise ObjectiveError(
        f"{describe(point)} was not measured by tradeoff.sweep as this Run has it"
        f"{f' (source {source})' if isinstance(source, str) else ''}, and nobody knows how to measure it anew: "
        f"{_BY_HAND}"
    )
