import json
import os
import stat

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tradeoff.frames import (
    Run,
    RunFolder,
    RunFolderError,
    make_points,
    make_samples,
    point_id,
    validate_points,
    validate_samples,
)
from tradeoff.frames.arrow import sample_table, write_samples

from .test_run import small_run


def point_and_samples(batch_size: int, n: int = 5) -> tuple[dict[str, object], dict[str, object]]:
    identity = {"workload": "softmax", "batch_size": batch_size}
    point = {"point_id": point_id(identity), **identity, "flags": ["too_few_samples"]}
    return point, {"seq": np.arange(n), "latency_ns": np.arange(n) * 7, "phase": "measure"}


def assert_same(one: Run, other: Run) -> None:
    pd.testing.assert_frame_equal(
        one.points.sort_values("point_id", ignore_index=True), other.points.sort_values("point_id", ignore_index=True)
    )
    order = ["point_id", "seq", "latency_ns"]
    pd.testing.assert_frame_equal(
        one.samples.sort_values(order, ignore_index=True), other.samples.sort_values(order, ignore_index=True)
    )
    assert dict(one.environment) == dict(other.environment)


def test_what_is_saved_comes_back(tmp_path):
    run = small_run()
    run.save(tmp_path / "run")
    assert_same(RunFolder(tmp_path / "run").read(), run)


def test_missing_and_extreme_values_come_back(tmp_path):
    points = make_points(
        [{"workload": "naïve </script>", "throughput_rps": np.inf, "max_wait_ms": np.inf, "note": "mine", "n": 2**62}]
    )
    Run(points, make_samples({}), {"a": None}).save(tmp_path / "run")
    pd.testing.assert_frame_equal(RunFolder(tmp_path / "run").read().points, points)


def test_pandas_reads_the_folder_as_it_lies(tmp_path):
    run = small_run()
    run.save(tmp_path / "run")
    assert len(pd.read_parquet(tmp_path / "run" / "points.parquet")) == 2
    assert pd.read_parquet(tmp_path / "run" / "samples")["latency_ns"].sum() == run.samples["latency_ns"].sum()


def test_save_does_not_replace_a_run_unless_told(tmp_path):
    place = tmp_path / "run"
    small_run().save(place)
    (place / "explorer.html").write_text("kept")
    with pytest.raises(RunFolderError, match="overwrite=True"):
        Run().save(place)
    assert len(RunFolder(place).read().points) == 2
    Run().save(place, overwrite=True)
    assert len(RunFolder(place).read().points) == 0
    assert (place / "explorer.html").read_text() == "kept"
    assert [item.name for item in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["points/mine.txt", "samples/mine.txt", "points.parquet", "environment.json"])
def test_save_deletes_nothing_that_is_no_runs(tmp_path, name, overwrite):
    place = tmp_path / "here"
    (place / name).parent.mkdir(parents=True)
    (place / name).write_text("mine")
    with pytest.raises(RunFolderError, match=r"is not a Run: choose another folder|cannot be read as JSON"):
        small_run().save(place, overwrite=overwrite)
    assert (place / name).read_text() == "mine"
    assert [item.name for item in tmp_path.iterdir()] == ["here"]


def test_save_deletes_no_file_of_somebody_elses_in_a_run(tmp_path):
    small_run().save(tmp_path / "run")
    mine = tmp_path / "run" / "samples" / "notes.txt"
    mine.write_text("mine")
    with pytest.raises(RunFolderError, match=r"notes\.txt"):
        small_run().save(tmp_path / "run", overwrite=True)
    assert mine.read_text() == "mine"


def test_save_through_a_link_replaces_what_it_points_to(tmp_path):
    small_run().save(tmp_path / "run")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    Run().save(tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert len(RunFolder(tmp_path / "run").read().points) == 0


@pytest.mark.parametrize("path", [5, None, ""])
def test_a_path_that_is_none(path):
    with pytest.raises((TypeError, ValueError), match="path must be the path of a folder"):
        small_run().save(path)


def test_save_to_where_a_file_is(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="is a file"):
        small_run().save(tmp_path / "file")
    with pytest.raises(RunFolderError, match="file"):
        small_run().save(tmp_path / "file" / "below")


def test_committed_points_are_finished_before_and_after_compaction(tmp_path):
    folder = RunFolder(tmp_path).create({"seed": 1})
    kept = [point_and_samples(batch_size) for batch_size in (1, 2, 4)]
    for point, samples in kept:
        folder.commit(point, samples)
    ids = {point["point_id"] for point, _ in kept}
    before = folder.read()
    assert folder.finished() == ids
    folder.compact()
    assert folder.finished() == ids
    assert_same(folder.read(), before)
    folder.commit(*point_and_samples(8))
    assert len(folder.finished()) == 4
    folder.compact()
    assert len(folder.read().points) == 4


def test_a_point_without_samples_is_kept(tmp_path):
    folder = RunFolder(tmp_path).create({})
    point, _ = point_and_samples(1)
    folder.commit(point, {})
    assert folder.read().points["point_id"].tolist() == [point["point_id"]]


def test_half_written_files_are_not_seen(tmp_path):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    (tmp_path / "points" / ".0123456789ab.parquet.part").write_bytes(b"PAR1 half")
    # A kill after the samples and before the mark: the point is not complete.
    unfinished, samples = point_and_samples(2)
    write_samples(sample_table(samples), tmp_path / "samples" / f"{unfinished['point_id']}.parquet")
    assert len(folder.finished()) == 1
    assert len(folder.read().points) == 1
    assert len(folder.read().samples) == 5


@pytest.mark.parametrize("kind", ["points", "samples"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "text"])
def test_a_damaged_file_is_named_and_nothing_is_lost(tmp_path, kind, damage):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1, n=4000))
    folder.commit(*point_and_samples(2))
    file = tmp_path / kind / f"{point_and_samples(1)[0]['point_id']}.parquet"
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 8] ^= 0xFF
    file.write_bytes(
        {"cut": content[: len(content) // 2], "flipped": content, "emptied": b"", "text": b"hello"}[damage]
    )
    listing = sorted(str(item) for item in tmp_path.rglob("*"))
    with pytest.raises(RunFolderError, match=file.name):
        folder.read()
    assert sorted(str(item) for item in tmp_path.rglob("*")) == listing


def test_a_foreign_file_is_named(tmp_path):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    foreign = tmp_path / "points" / "notes.txt"
    foreign.write_text("mine")
    with pytest.raises(RunFolderError, match=r"notes\.txt"):
        folder.read()
    foreign.unlink()
    other = tmp_path / "points" / "aaaaaaaaaaaa.parquet"
    pd.DataFrame({"x": [1]}).to_parquet(other)
    with pytest.raises(RunFolderError, match="aaaaaaaaaaaa"):
        folder.read()


def test_a_run_of_an_older_version_lacks_what_has_come_since(tmp_path):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    for kind, later in (("points", ["drift_pct", "replicates", "flags"]), ("samples", ["label", "in_flight"])):
        (file,) = (tmp_path / kind).iterdir()
        pq.write_table(pq.read_table(file).drop_columns(later), file)
    run = folder.read()
    assert run.points["drift_pct"].isna().all()
    assert run.points["replicates"].isna().all()
    assert run.points["flags"].tolist() == [[]]
    assert run.samples["label"].isna().all()
    validate_points(run.points)
    validate_samples(run.samples, run.points)


def test_a_file_under_another_points_name_is_named(tmp_path):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    (own,) = (tmp_path / "points").iterdir()
    own.rename(tmp_path / "points" / "aaaaaaaaaaaa.parquet")
    with pytest.raises(RunFolderError, match="aaaaaaaaaaaa"):
        folder.read()


def test_samples_that_are_gone_are_missed(tmp_path):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    (samples,) = (tmp_path / "samples").iterdir()
    samples.unlink()
    with pytest.raises(RunFolderError, match=samples.name):
        folder.read()


def test_rows_that_are_gone_are_missed(tmp_path):
    folder = RunFolder(tmp_path).create({})
    for batch_size in (1, 2, 4):
        folder.commit(*point_and_samples(batch_size))
    folder.compact()
    (tmp_path / "points.parquet").unlink()
    with pytest.raises(RunFolderError, match=r"points\.parquet is missing although 3 points were measured: .*--resume"):
        folder.read()
    assert folder.finished() == set()
    folder.commit(*point_and_samples(1))
    folder.compact()
    assert len(folder.read().points) == 1


def test_only_one_may_write(tmp_path):
    one, other = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run")
    with one.writing():
        one.create({})
        with pytest.raises(RunFolderError, match="another sweep is writing to this folder"), other.writing():
            pytest.fail("two write")
        assert len(other.read().points) == 0, "anyone may read"
    with other.writing():
        other.commit(*point_and_samples(1))
    assert len(one.read().points) == 1


def test_a_mark_that_comes_while_others_are_gathered_stays(tmp_path):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))

    def meanwhile(points):
        folder.commit(*point_and_samples(2))
        return points

    folder.compact(meanwhile)
    assert len(folder.read().points) == 2


def test_rows_gathered_while_they_are_read_are_there_once(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path).create({})
    for batch_size in (1, 2):
        folder.commit(*point_and_samples(batch_size))
    listed = RunFolder._files

    def then_compact(self, kind):
        files = list(listed(self, kind))
        if kind == "points" and files:
            monkeypatch.setattr(RunFolder, "_files", listed)
            RunFolder(tmp_path).compact()
        return iter(files)

    monkeypatch.setattr(RunFolder, "_files", then_compact)
    assert len(folder.read_points()) == 2


def test_points_are_known_by_their_status(tmp_path):
    folder = RunFolder(tmp_path).create({})
    for batch_size, status in ((1, "converged"), (2, "failed"), (4, "oom")):
        point, samples = point_and_samples(batch_size)
        folder.commit({**point, "status": status}, samples)
    ids = {batch_size: point_and_samples(batch_size)[0]["point_id"] for batch_size in (1, 2, 4)}
    assert folder.with_status("failed", "oom") == {ids[2], ids[4]}
    assert folder.with_status("converged") == {ids[1]}
    assert folder.with_status("partial") == set()


@pytest.mark.parametrize("kind", ["points", "samples", "compacted"])
def test_what_was_moved_away_can_be_measured_again(tmp_path, kind):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    if kind == "compacted":
        folder.compact()
        (tmp_path / "points.parquet").unlink()
    else:
        next((tmp_path / kind).iterdir()).unlink()
    assert folder.finished() == set()
    folder.commit(*point_and_samples(1))
    assert len(folder.read().points) == 1
    assert len(folder.read().samples) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "not the environment"),
        (json.dumps({"format": "other"}), "not the environment"),
        (json.dumps({"format": "tradeoff-run", "version": 99}), "version 99"),
        (json.dumps({"format": "tradeoff-run", "version": 1}), "no environment"),
        (json.dumps({"format": "tradeoff-run", "version": 1, "environment": {"sweeps": 5}}), "no list of sweeps"),
        (json.dumps({"format": "tradeoff-run", "version": 1, "environment": {"sweeps": [5]}}), "no list of sweeps"),
    ],
)
def test_an_environment_that_is_not_one(tmp_path, content, said):
    (tmp_path / "environment.json").write_text(content)
    with pytest.raises(RunFolderError, match=said) as caught:
        RunFolder(tmp_path).open()
    assert "environment.json" in str(caught.value)


def test_create_where_something_is(tmp_path):
    RunFolder(tmp_path / "run").create({})
    with pytest.raises(RunFolderError, match="resume=True"):
        RunFolder(tmp_path / "run").create({})
    (tmp_path / "other" / "points").mkdir(parents=True)
    with pytest.raises(RunFolderError, match="is not a Run"):
        RunFolder(tmp_path / "other").create({})


def test_a_file_that_cannot_be_written_is_named_and_earlier_points_stay(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path).create({})
    folder.commit(*point_and_samples(1))
    before = folder.read()

    def full(*args, **kwargs):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr("tradeoff.frames.arrow.pq.write_table", full)
        with pytest.raises(RunFolderError, match=r"\.parquet: cannot write the file: No space left on device"):
            folder.commit(*point_and_samples(2))
    assert_same(folder.read(), before)
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    if os.geteuid() == 0:  # root may write anywhere: let the system call refuse instead

        def refuse(*args, **kwargs):
            raise PermissionError(13, os.strerror(13))

        monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    else:
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(RunFolderError, match="Permission denied"):
        RunFolder(tmp_path / "run").create({})
