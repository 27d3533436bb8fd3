"""Where a sweep keeps its points: in memory, or in a Run folder that survives a kill."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradeoff import environment
from tradeoff.frames import NEVER_POOLED, Run, RunFolder, RunFolderError, make_points, make_samples
from tradeoff.limits import Limits, recorded_limits
from tradeoff.sweep.grid import GridPoint
from tradeoff.timing import Measurement, is_gil_bound


@dataclass
class Memory:
    """Keeps the points of a sweep that has no folder."""

    environment: dict[str, Any] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    samples: list[Mapping[str, Any]] = field(default_factory=list)

    def begin(self, spec: dict[str, Any], limits: Limits | None = None) -> None:
        """Record the environment and what is asked for."""
        self.environment = {**environment.capture(), "sweeps": [spec], **_recorded(limits)}

    def finished(self) -> set[str]:
        """Return the ids of points that need no measuring."""
        return set()

    def keep(self, point: GridPoint, measured: Measurement) -> None:
        """Keep one finished point."""
        self.rows.append({**point.identity(), **measured.point})
        if measured.samples:
            self.samples.append({"point_id": point.point_id, "replicate": 0, **measured.samples})

    def end(self) -> Run:
        """Return everything that was kept."""
        points = make_points(self.rows).sort_values("point_id", ignore_index=True)
        frames = [make_samples(columns) for columns in self.samples]
        samples = pd.concat(frames, ignore_index=True) if frames else make_samples({})
        return Run(flag_gil_bound(points), samples, self.environment)


class Folder:
    """Commits each point to a Run folder as it is finished."""

    def __init__(self, folder: RunFolder, *, resume: bool) -> None:
        self._folder, self._resume = folder, resume
        self._finished: set[str] = set()

    def begin(self, spec: dict[str, Any], limits: Limits | None = None) -> None:
        """Record the environment and what is asked for."""
        now = environment.capture()
        if not self._folder.is_run():
            self._folder.create({**now, "sweeps": [spec], **_recorded(limits)})
            return
        before = self._folder.environment
        self._finished = self._folder.finished()
        if self._finished and not self._resume:
            raise RunFolderError(
                f"{self._folder.path} holds {len(self._finished)} measured points: choose another folder, "
                "or pass resume=True (--resume) to go on"
            )
        changed = environment.differences(before, now)
        if changed and self._finished:
            warnings.warn(
                f"{self._folder.path} was measured elsewhere or otherwise: {'; '.join(changed)}", stacklevel=3
            )
        sweeps = [*before.get("sweeps", []), spec]
        kept = before if self._finished else now
        self._folder.set_environment({**kept, "sweeps": sweeps, **_recorded(limits, recorded_limits(before))})

    def finished(self) -> set[str]:
        """Return the ids of points that need no measuring."""
        return self._finished

    def keep(self, point: GridPoint, measured: Measurement) -> None:
        """Keep one finished point."""
        self._folder.commit({**point.identity(), **measured.point}, {"replicate": 0, **measured.samples})

    def end(self) -> Run:
        """Return everything that was kept."""
        self._folder.compact(flag_gil_bound)
        return self._folder.read(samples_later=True)


def _recorded(limits: Limits | None, before: Sequence[Limits] = ()) -> dict[str, Any]:
    """Return what the environment says of limits: the newest of each device and backend, or nothing."""
    found = {(each.device, each.backend): each.to_dict() for each in (*before, *([] if limits is None else [limits]))}
    return {"limits": list(found.values())} if found else {}


def flag_gil_bound(points: pd.DataFrame) -> pd.DataFrame:
    """Flag host rows whose second call in flight gained nothing: it takes the rows at 1 and at 2 to tell."""
    flags = [list(row) for row in points["flags"]]
    same = [*NEVER_POOLED, "batch_size"]
    host = points[(points["model_clock"] == "host") & (points["source"] == "tradeoff")]
    for _, rows in host.groupby(same, dropna=False):
        rate = rows.dropna(subset=["concurrency"]).set_index("concurrency")["calls_per_s"]
        if 1 not in rate.index or 2 not in rate.index:
            continue
        bound = is_gil_bound(rate_one=rate[1], rate_two=rate[2], available=environment.usable_cores())
        for place in points.index.get_indexer(rows.index[rows["concurrency"] >= 2]):
            flags[place] = [flag for flag in flags[place] if flag != "gil_bound"] + ["gil_bound"] * int(bound)
    return points.assign(flags=pd.Series(flags, index=points.index, dtype="object"))
