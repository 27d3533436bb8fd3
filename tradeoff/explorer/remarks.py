"""What is said of points besides their numbers: findings of the audit, and what makes their tails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradeoff.audit import SEVERITIES, audit, label_of
from tradeoff.explorer.grid import Slice
from tradeoff.frames import Run

_Finding = tuple[str, str, str]
"""Severity, what was checked, and the sentence."""


@dataclass(frozen=True, eq=False)
class Remarks:
    """Remarks on the points of a Run.

    Attributes
    ----------
    findings
        What `tradeoff.audit` returned; a finding without a ``point_id`` is about every point. None when the points were
        not audited.
    tails
        By ``point_id``: what the slow requests of a point have that the others lack, in a sentence.
    """

    findings: pd.DataFrame | None = None
    tails: Mapping[str, str] = field(default_factory=dict)


def remarks_on(run: Run) -> Remarks:
    """Collect what there is to say of a Run: the one place where the explorer asks the audit and the tail."""
    return Remarks(findings=audit(run))


def findings_entry(remarks: Remarks, points: pd.DataFrame, slices: Sequence[Slice]) -> dict[str, Any] | None:
    """Lay findings out for the browser.

    Parameters
    ----------
    remarks
        The remarks.
    points
        The frame that the rows of `slices` point into.
    slices
        As `tradeoff.explorer.grid.lay_out` made them.

    Returns
    -------
    dict or None
        ``said``: [severity, check, sentence] of each different finding, worst first; ``cells``: a mapping a slice, of
        the cell to places in ``said``. None when nothing was audited.
    """
    if remarks.findings is None:
        return None
    by_point = _by_point(remarks.findings)
    everywhere = by_point.pop(None, [])
    told = {
        (number, cell): [*by_point.get(str(points["point_id"].iloc[row]), []), *everywhere]
        for number, one in enumerate(slices)
        for cell, row in enumerate(one.rows)
        if row >= 0
    }
    said = sorted(dict.fromkeys(finding for findings in told.values() for finding in findings), key=_severity)
    places = {finding: place for place, finding in enumerate(said)}
    cells: list[dict[str, list[int]]] = [{} for _ in slices]
    for (number, cell), findings in told.items():
        if findings:
            cells[number][str(cell)] = sorted({places[finding] for finding in findings})
    return {"said": [list(finding) for finding in said], "cells": cells}


def tails_entry(remarks: Remarks, points: pd.DataFrame, one: Slice) -> dict[str, str]:
    """Return the sentence on the tail of each cell of a slice that has one."""
    if not remarks.tails:
        return {}
    ids = ((cell, str(points["point_id"].iloc[row])) for cell, row in enumerate(one.rows) if row >= 0)
    return {str(cell): str(remarks.tails[point]) for cell, point in ids if point in remarks.tails}


def _by_point(findings: pd.DataFrame) -> dict[str | None, list[_Finding]]:
    found: dict[str | None, list[_Finding]] = {}
    columns = (findings[name] for name in ("point_id", "severity", "check", "sentence"))
    for point, severity, check, sentence in zip(*columns, strict=True):
        finding = (str(severity), label_of(str(check)), str(sentence))
        found.setdefault(None if pd.isna(point) else str(point), []).append(finding)
    return found


def _severity(finding: _Finding) -> int:
    return -SEVERITIES.index(finding[0]) if finding[0] in SEVERITIES else 1
