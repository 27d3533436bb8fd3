"""Writing a whole Run to a folder at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

from tradeoff.frames.arrow import frame_table, write_points, write_samples
from tradeoff.frames.columns import POINT_COLUMNS, SAMPLE_COLUMNS
from tradeoff.frames.files import RunFolderError, named, write_whole
from tradeoff.frames.folder import PARTS, RunFolder, folder_path
from tradeoff.frames.run import Run
from tradeoff.frames.validate import validate_points, validate_samples


def save_run(run: Run, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write `run` to the folder `path`, whole or not at all; see `Run.save`."""
    validate_points(run.points)
    validate_samples(run.samples, run.points)
    target = folder_path(path)
    target = target.resolve() if target.is_symlink() else target
    if target.exists() and not target.is_dir():
        raise RunFolderError(f"{target} is a file: choose a folder")
    there = RunFolder(target)
    there.check_parts()
    if there.is_run() and not overwrite:
        raise RunFolderError(f"{target} holds a Run already: choose another folder, or pass overwrite=True")
    with named(target, "make the folder"):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        made = aside / "new"
        made.mkdir()
        _fill(RunFolder(made), run)
        with named(target, "write the folder"):
            if target.is_dir():
                made.chmod(target.stat().st_mode & 0o777)
                _replace(target, by=made, aside=aside / "old")
            else:
                made.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(folder: RunFolder, run: Run) -> None:
    folder.create(run.environment)
    by_point = dict(iter(run.samples.groupby("point_id", sort=False)))
    for name in run.points["point_id"]:
        samples = frame_table(by_point.get(name, run.samples.iloc[:0]), SAMPLE_COLUMNS)
        write_whole(folder.path / "samples" / f"{name}.parquet", partial(write_samples, samples))
    write_whole(folder.path / "points.parquet", partial(write_points, frame_table(run.points, POINT_COLUMNS)))


def _replace(target: Path, *, by: Path, aside: Path) -> None:
    """Put a Run in the place of another; whatever else lay there stays there."""
    target.rename(aside)
    try:
        by.rename(target)
    except OSError:
        aside.rename(target)
        raise
    for item in aside.iterdir():
        if item.name not in PARTS:
            item.rename(target / item.name)
