"""A Run: what was measured, where, and how to measure it again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradeoff.frames.tables import make_points, make_samples


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """Two frames and the environment they were measured in.

    Attributes
    ----------
    points
        A row per operating point; columns as in `tradeoff.frames.columns.POINT_COLUMNS`.
    samples
        A row per call or request; columns as in `tradeoff.frames.columns.SAMPLE_COLUMNS`.
    environment
        What it takes to repeat the measurement; JSON-able, and nothing in it names a person or a host.
    """

    points: pd.DataFrame = field(default_factory=lambda: make_points([]))
    samples: pd.DataFrame = field(default_factory=lambda: make_samples({}))
    environment: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the Run as a folder that `tradeoff.read`, pandas, DuckDB, Dask or Spark can read.

        Parameters
        ----------
        path
            The folder: ``environment.json``, ``points.parquet`` and ``samples/<point_id>.parquet``.
        overwrite
            Replace the Run that is there already; other files in the folder stay.

        Raises
        ------
        RunFolderError
            When the folder holds a Run and `overwrite` is not given, or a file cannot be written.
        FrameError
            When a frame does not follow its column table; every problem is listed.
        """
        from tradeoff.frames.folder import save_run

        save_run(self, path, overwrite=overwrite)

    def samples_of(self, point_id: str, *, phase: str | None = "measure") -> pd.DataFrame:
        """Return the samples of one point, of one phase or (``phase=None``) of all.

        Raises
        ------
        KeyError
            When no point has this id.
        """
        if point_id not in set(self.points["point_id"]):
            raise KeyError(f"no point {point_id!r} in this Run; its ids are in run.points['point_id']")
        chosen = self.samples["point_id"] == point_id
        if phase is not None:
            chosen &= self.samples["phase"] == phase
        return self.samples[chosen]

    def __repr__(self) -> str:
        workloads = ", ".join(sorted(self.points["workload"].dropna().unique())) if "workload" in self.points else ""
        return f"Run({len(self.points)} points, {len(self.samples)} samples{': ' + workloads if workloads else ''})"
