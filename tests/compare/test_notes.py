import math

from tests.compare.runs import LIMIT, failed, grid
from tradeoff.compare import compare


def sentence(before, after, objective=LIMIT):
    return compare(before, after, objective).sentence()


def notes(before, after, objective=LIMIT):
    return [note.replace("\u202f", " ") for note in compare(before, after, objective).notes]


def test_infeasible_before_after_and_both():
    near, far = grid(), grid(p99=99.0)
    assert "points that missed the limit now meet it" in sentence(far, near)
    assert any(note.startswith("Best throughput with p99 <= 10 ms: nothing before, ") for note in notes(far, near))
    assert any(note.endswith("requests/s before, nothing after.") for note in notes(near, far))
    assert (compare(far, near, LIMIT).verdict, compare(near, far, LIMIT).verdict) == ("better", "worse")
    neither = "no point that was measured on both sides surely meets the limit, before or after."
    assert sentence(far, far).endswith(neither)
    told = notes(far, far)
    assert told[0] == "No point meets p99 <= 10 ms, before or after."
    assert [note.split(":")[0] for note in told[1:3]] == ["Before", "After"]


def test_failures_are_told_with_their_reason():
    after = failed(grid(), [0, 1, 2, 3, 4])
    assert "5 of 11 points that met the limit no longer do" in sentence(grid(), after)
    (told,) = [note for note in notes(grid(), after) if note.startswith("Failed")]
    assert told.startswith("Failed after only: batch size 1 × concurrency 1 (out of memory: tried to allocate 2 GiB); ")
    assert told.endswith(" and 2 more.")
    assert compare(grid(), after, LIMIT).verdict == "worse"
    every = failed(grid(), list(range(15)), status="failed", reason=None)
    assert sentence(grid(), every).startswith("every point that was measured on both sides failed after; best ")
    assert compare(grid(), every, LIMIT).verdict == "worse"
    assert compare(every, grid(), LIMIT).verdict == "better"


def test_a_percentile_without_support_is_neither_met_nor_missed():
    lacking = grid()
    lacking.loc[:2, ["latency_p99_ms", "latency_p99_ms_lo", "latency_p99_ms_hi"]] = math.nan
    found = compare(grid(), lacking, LIMIT)
    assert (found.verdict, found.lost) == ("not_separable", ())
    assert "of 3 of 11 points that met the limit it cannot be told any more" in found.sentence()
    assert any(note.startswith("3 matched points have no p99 on a side") for note in found.notes)


def test_without_intervals_it_is_said():
    found = compare(grid(width=None), grid(throughput=1.01), LIMIT)
    said = "nothing is known about the spread of throughput and p99, for there are no intervals"
    assert said in found.sentence()
    assert found.verdict == "not_separable"  # one side has intervals: what the other lacks is unknown, not its value
    assert said in compare(grid(width=None), grid(width=None, throughput=1.01), LIMIT).sentence()
    assert said not in compare(grid(), grid(), LIMIT).sentence()


def test_what_only_one_side_has_is_counted():
    assert "6 points are on both sides, by batch size and concurrency; 9 only before; 3 only after." in notes(
        grid(), grid(sizes=(1, 2, 64))
    )


def test_one_point_and_none_are_counted():
    point = grid(sizes=(4,), concurrencies=(1,))
    assert "1 point is on both sides." in notes(point, point)
    assert "1 point before and 15 after, none in common." in notes(point, grid(load="poisson"))


def test_names_from_files_stay_text():
    hostile = "</script><img src=x>\x1b[2J"
    before, after = grid(workload=hostile, device="a"), grid(workload=hostile, device=hostile)
    found = compare(before, after, LIMIT, across=["device"])
    assert any(hostile in note for note in found.notes), "plain text: whoever shows it escapes it"


def test_where_the_verdict_is_open_a_pair_is_named_as_the_stronger_way():
    def hints(after):
        return [note for note in notes(grid(), after) if note.startswith("A paired measurement is the stronger way")]

    assert len(hints(grid())) == 1
    assert not hints(grid(throughput=1.5))
