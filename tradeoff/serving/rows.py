"""``service``: the service models of a Run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.frames import IDENTITY_COLUMNS, POINT_COLUMNS, Run
from tradeoff.frames.names import column_of
from tradeoff.serving.fit import Numbers, Z, better_form, fit_service
from tradeoff.serving.model import ServiceModel

_USUAL = ("model_p50_ms", "latency_p50_ms")


def service(run: Run | pd.DataFrame, *, column: str | None = None) -> tuple[ServiceModel, ...]:
    """Fit time against batch size: what a call costs, what a request costs, and what a batch amortises.

    Rows that differ in anything but their batch size (workload, backend, dtype, device, mode, concurrency, ...) are
    never pooled: each such group has a model of its own.

    Parameters
    ----------
    run
        A Run or its points.
    column
        The times: a column in ms. Unless given the median model latency, or where a group has none the median latency.

    Returns
    -------
    tuple of ServiceModel
        One for each group, in the order of the groups' names. A group whose times do not carry a model has one that
        says so.

    Raises
    ------
    ValueError
        When there is no column of batch sizes, or `column` is not a column of times.

    Notes
    -----
    Two forms compete, ``fixed + marginal b`` and ``fixed + max(memory, marginal b)``: see `tradeoff.serving.fit` for
    the weights, the intervals, the choice, and their sources, and `tradeoff.serving.model` for what follows from them
    in closed form.

    Examples
    --------
    >>> for model in tradeoff.service(run):  # doctest: +SKIP
    ...     print(model.sentence())
    """
    points = run.points if isinstance(run, Run) else run
    if not isinstance(points, pd.DataFrame):
        raise TypeError(f"run={type(run).__name__}: pass a Run or its points")
    if "batch_size" not in points:
        raise ValueError("the points have no column 'batch_size'")
    column = None if column is None else column_of(points, column, "column")
    if column is not None and (
        column not in points or column not in POINT_COLUMNS or POINT_COLUMNS[column].unit != "ms"
    ):
        there = ", ".join(name for name in map(str, points.columns) if name in _USUAL) or "none is there"
        raise ValueError(f"column={column!r} is not a column of times in the points: use one in ms, such as {there}")
    names = [name for name in IDENTITY_COLUMNS if name in points and name != "batch_size"]
    points = points.reset_index(drop=True)
    if not len(points):
        return ()
    grouped = points.groupby(names, dropna=False, sort=False, observed=True) if names else [((), points)]
    models = []
    for key, rows in grouped:
        values: Iterable[Any] = key if isinstance(key, tuple) else (key,)
        group = {name: value for name, value in zip(names, values, strict=True) if pd.notna(value)}
        models.append(_model(group, rows, column))
    return tuple(sorted(models, key=_order))


def _order(model: ServiceModel) -> list[tuple[str, float, str]]:
    values = ((name, model.group.get(name)) for name in IDENTITY_COLUMNS if name != "batch_size")
    return [
        (name, float(value), "") if isinstance(value, int | float | np.number) else (name, -math.inf, str(value))
        for name, value in values
    ]


def _model(group: dict[str, object], rows: pd.DataFrame, column: str | None) -> ServiceModel:
    if column is None:
        column = next((name for name in _USUAL if np.isfinite(_numbers(rows, name)).any()), _USUAL[0])
    rows = rows.sort_values("batch_size", kind="stable")
    sizes, times, low, high = (_numbers(rows, name) for name in ("batch_size", column, f"{column}_lo", f"{column}_hi"))
    why = [_why_not(row, size, time) for (_, row), size, time in zip(rows.iterrows(), sizes, times, strict=True)]
    kept = np.array([not reason for reason in why], dtype=np.bool_)
    sizes, times, low, high = sizes[kept], times[kept], low[kept], high[kept]
    left_out = tuple(reason for reason in why if reason)
    # Half an interval of 95 % is 1.96 standard errors; where it has one end only, that end speaks for both.
    half = np.fmax(high - times, times - low) if len(times) else times
    fits = fit_service(sizes, times, np.where(half >= 0, half, np.nan) / Z)
    form = better_form(fits) if fits else None
    return ServiceModel(
        group=group,
        column=column,
        form="none" if form is None else form,
        batch_size=tuple(sizes.tolist()),
        measured_ms=tuple(times.tolist()),
        lo_ms=tuple(low.tolist()),
        hi_ms=tuple(high.tolist()),
        aicc={name: fit.aicc for name, fit in fits.items()},
        left_out=left_out,
        fit=None if form is None else fits[form],
    )


def _numbers(rows: pd.DataFrame, name: str) -> Numbers:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(dtype="float64", na_value=np.nan)


def _why_not(row: pd.Series, size: float, time: float) -> str:
    """Say why a row has no place in a model; empty when it has."""
    if not (math.isfinite(size) and size > 0):
        return "a row without a batch size"
    where = f"batch {size:g}"
    if row.get("mode") == "serving":
        return f"{where}: served requests, whose batch size is the policy's maximum and not that of a call"
    if row.get("status") in ("failed", "oom"):
        reason = row.get("reason")
        word = "out of memory" if row["status"] == "oom" else "failed"
        return f"{where}: {word}{f' ({reason})' if isinstance(reason, str) and reason else ''}"
    if not (math.isfinite(time) and time > 0):
        return f"{where}: no time"
    return ""
