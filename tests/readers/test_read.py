import pytest

import tradeoff.readers
from tradeoff.frames import Run, make_points, make_samples


def test_read_brings_back_what_was_saved(tmp_path):
    Run(make_points([{"workload": "gemm", "batch_size": 4}]), make_samples({}), {"seed": 3}).save(tmp_path / "run")
    run = tradeoff.readers.read(tmp_path / "run")
    assert run.points["batch_size"].tolist() == [4]
    assert run.environment == {"seed": 3}


@pytest.mark.parametrize("what", ["nothing", "file", "folder"])
def test_what_is_not_a_run_is_named(tmp_path, what):
    place = tmp_path / "place"
    if what == "file":
        place.write_text("hello")
    elif what == "folder":
        place.mkdir()
    with pytest.raises(tradeoff.readers.ReadError, match=r"place .*expected a Run folder"):
        tradeoff.readers.read(place)


@pytest.mark.parametrize("path", [5, None, "", ["a"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(tradeoff.readers.ReadError, match="path must be the path of a Run folder"):
        tradeoff.readers.read(path)
