"""A Run on disk: a folder that survives a kill at any moment.

``environment.json`` says what it is. A point's samples are written first, to
``samples/<point_id>.parquet``; then ``points/<point_id>.parquet`` marks the point as complete.
Each file is written aside and renamed, so that it is there whole or not at all.
`RunFolder.compact` gathers the marks into ``points.parquet``. Whoever writes holds ``.lock``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from tradeoff.frames.arrow import frame_table, point_table, sample_table, table_frame, write_points, write_samples
from tradeoff.frames.columns import POINT_COLUMNS, SAMPLE_COLUMNS
from tradeoff.frames.files import AGAIN, RunFolderError, named, read_table, write_whole
from tradeoff.frames.run import Run
from tradeoff.frames.tables import make_points, make_samples
from tradeoff.frames.validate import FrameError, validate_points

FORMAT = "tradeoff-run"
VERSION = 1
PARTS = ("environment.json", "points.parquet", "points", "samples", ".lock")
"""What a Run folder is made of; everything else in it is somebody else's."""

_TOLD = PARTS[:-1]
_POINT_FILE = re.compile(r"[0-9a-f]{12}\.parquet")


def folder_path(path: object) -> Path:
    """Return the path of a folder.

    Raises
    ------
    TypeError, ValueError
        When it is no path, or an empty one.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the path of a folder, as text or a Path; got {path!r}")
    if not os.fspath(path):
        raise ValueError("path must be the path of a folder; got an empty text")
    return Path(path)


class RunFolder:
    """The folder of one Run: commit finished points to it, read it back, compact it.

    Parameters
    ----------
    path
        The folder. Nothing is touched until `create` or `open`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = folder_path(path)

    def is_run(self) -> bool:
        """Tell whether the folder holds a Run."""
        return (self.path / "environment.json").is_file()

    def create(self, environment: Mapping[str, Any]) -> RunFolder:
        """Make the folder for a new Run.

        Raises
        ------
        RunFolderError
            When a Run is there already, or the folder cannot be written.
        """
        if self.is_run():
            raise RunFolderError(f"{self.path} holds a Run already: choose another folder, or go on with resume=True")
        self.check_parts()
        with named(self.path, "make the folder"):
            (self.path / "points").mkdir(parents=True, exist_ok=True)
            (self.path / "samples").mkdir(exist_ok=True)
        self.set_environment(environment)
        return self

    def check_parts(self) -> None:
        """Check that what stands under the names of a Run's files is a Run's: it may be written over.

        Raises
        ------
        RunFolderError
            When something else stands there.
        """
        if self.is_run():
            _ = self.environment
            for kind in ("points", "samples"):
                _ = list(self._files(kind))
            return
        stray = next((name for name in _TOLD if (self.path / name).exists()), None)
        if stray is not None:
            raise RunFolderError(f"{self.path / stray} is there but {self.path} is not a Run: choose another folder")

    @contextmanager
    def writing(self) -> Iterator[RunFolder]:
        """Hold the folder, so that no other sweep writes to it.

        It is made when it is not there, and goes again when no Run was made in it.

        Raises
        ------
        RunFolderError
            When somebody else holds it, or it cannot be written.
        """
        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        with named(self.path, "make the folder"):
            self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock")
        with named(self.path, "write to the folder"):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise RunFolderError(
                    f"{self.path}: another sweep is writing to this folder: wait for its end, or choose another folder"
                ) from None
        try:
            yield self
        finally:
            lock.release()
            if self.path in made and not self.is_run():
                _remove(self.path / ".lock", made)

    def open(self) -> RunFolder:
        """Check that the folder is a Run.

        Raises
        ------
        RunFolderError
            When it is not, or was written by a newer version.
        """
        _ = self.environment
        return self

    @property
    def environment(self) -> dict[str, Any]:
        """What it takes to repeat the measurement."""
        file = self.path / "environment.json"
        if not self.path.is_dir():
            raise RunFolderError(f"{self.path} is not a folder: expected a Run folder with an environment.json")
        if not file.is_file():
            raise RunFolderError(f"{file} is missing: {self.path} is not a Run folder")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RunFolderError(f"{file} cannot be read as JSON: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise RunFolderError(f"{file} is not the environment of a Run: expected an object with format {FORMAT!r}")
        if content.get("version") != VERSION:
            raise RunFolderError(
                f"{file} has version {content.get('version')!r}; this tradeoff reads version {VERSION}: upgrade it"
            )
        environment = content.get("environment")
        if not isinstance(environment, dict):
            raise RunFolderError(f"{file} has no environment: expected an object under 'environment'")
        sweeps = environment.get("sweeps", [])
        if not isinstance(sweeps, list) or not all(isinstance(each, dict) for each in sweeps):
            raise RunFolderError(f"{file} has no list of sweeps: expected objects under 'sweeps'")
        return environment

    def set_environment(self, environment: Mapping[str, Any]) -> None:
        """Write ``environment.json``."""
        content = {"format": FORMAT, "version": VERSION, "environment": dict(environment)}
        text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
        write_whole(self.path / "environment.json", lambda file: file.write_text(text, encoding="utf-8"))

    def finished(self) -> set[str]:
        """Return the ids of the points that are complete: those that have their row and their samples."""
        marked = {file.stem for file in self._files("points")}
        compacted = self.path / "points.parquet"
        if compacted.exists():
            marked |= set(read_table(compacted, {"point_id": POINT_COLUMNS["point_id"]})["point_id"].to_pylist())
        return marked & {file.stem for file in self._files("samples")}

    def with_status(self, *statuses: str) -> set[str]:
        """Return the ids of the points whose measurement ended in one of `statuses`."""
        points = self.read_points()
        return set(points["point_id"][points["status"].isin(statuses)])

    def commit(self, point: Mapping[str, Any], samples: Mapping[str, Any]) -> None:
        """Keep what is known of a point: its samples first, then its row as the mark.

        Parameters
        ----------
        point
            One row of ``points``, column name to value, as `make_points` takes it.
        samples
            Its samples, column name to array, as `make_samples` takes them; may be empty.

        Raises
        ------
        RunFolderError
            When a file cannot be written; what was kept before stays.
        ValueError
            When a value cannot be what its column holds.
        """
        row = point_table(point)
        name = str(row["point_id"][0])
        calls = sample_table({**samples, "point_id": name})
        write_whole(self.path / "samples" / f"{name}.parquet", partial(write_samples, calls))
        write_whole(self.path / "points" / f"{name}.parquet", partial(write_points, row))

    def read_points(self) -> pd.DataFrame:
        """Read the rows of all complete points, in the order of their ids."""
        return self._points(list(self._files("points")))

    def _points(self, marks: list[Path]) -> pd.DataFrame:
        tables = []
        for file in marks:
            try:
                tables.append(read_table(file, POINT_COLUMNS, point_id=file.stem))
            except RunFolderError:
                if file.exists():
                    raise
                # A sweep that has just ended has put it into points.parquet, which is read next.
        compacted = self.path / "points.parquet"
        if compacted.exists():
            tables.append(read_table(compacted, POINT_COLUMNS))
        if not tables:
            return make_points([])
        points = table_frame(tables, POINT_COLUMNS)
        # A mark is newer than the compacted row of the same point, and stands before it here.
        points = points.drop_duplicates("point_id").sort_values("point_id", ignore_index=True)
        try:
            validate_points(points)
        except FrameError as error:
            raise RunFolderError(f"{self.path} holds points that cannot be right: {error}") from error
        return points

    def read(self, *, samples_later: bool = False) -> Run:
        """Read the Run: complete points only, with their samples.

        Parameters
        ----------
        samples_later
            Read the samples when they are first asked for; only then a damaged file of samples is noticed.

        Raises
        ------
        RunFolderError
            When a file is damaged, foreign or missing; it is named, and nothing is changed.
        """
        environment = self.environment
        self._miss_points()
        points = self.read_points()
        complete = set(points["point_id"])
        if samples_later:
            return Run(points, partial(self._read_samples, complete), environment)  # type: ignore[arg-type]
        return Run(points, self._read_samples(complete), environment)

    def _read_samples(self, complete: set[str]) -> pd.DataFrame:
        tables = [
            read_table(file, SAMPLE_COLUMNS, point_id=file.stem)
            for file in self._files("samples")
            if file.stem in complete
        ]
        lost = complete - {file.stem for file in self._files("samples")}
        if lost:
            file = self.path / "samples" / f"{min(lost)}.parquet"
            raise RunFolderError(
                f"{file} is missing although its point was measured: put it back from a copy, or {AGAIN}"
            )
        tables = [table for table in tables if len(table)]
        return table_frame(tables, SAMPLE_COLUMNS) if tables else make_samples({})

    def compact(self, revise: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> None:
        """Gather the marks into ``points.parquet`` and remove them; safe to be killed at any moment.

        Parameters
        ----------
        revise
            Given all complete rows, returns them with what only all rows together can tell.
        """
        marks = list(self._files("points"))  # those that are gathered below, and no others
        points = self._points(marks)
        if revise is not None:
            points = revise(points)
        rows = frame_table(points, POINT_COLUMNS)
        write_whole(self.path / "points.parquet", partial(write_points, rows))
        for mark in marks:
            with named(mark, "remove the file"):
                mark.unlink()

    def _miss_points(self) -> None:
        """Raise when rows are gone: a kill leaves the samples of one point without its row, but not of several."""
        file = self.path / "points.parquet"
        alone = {each.stem for each in self._files("samples")} - {each.stem for each in self._files("points")}
        if len(alone) > 1 and not file.exists():
            raise RunFolderError(
                f"{file} is missing although {len(alone)} points were measured: put it back from a copy, or {AGAIN}"
            )

    def _files(self, kind: str) -> Iterator[Path]:
        folder = self.path / kind
        if not folder.is_dir():
            return
        for file in sorted(folder.iterdir()):
            if file.name.startswith("."):  # ours, half written when a sweep was killed; or the system's
                continue
            if not _POINT_FILE.fullmatch(file.name):
                raise RunFolderError(f"{file} does not belong in a Run folder: move it elsewhere")
            yield file


def _remove(lock: Path, folders: Sequence[Path]) -> None:
    """Remove folders that were made for nothing, the deepest first, as far as they are empty."""
    with contextlib.suppress(OSError):
        lock.unlink(missing_ok=True)
        for folder in folders:
            folder.rmdir()
