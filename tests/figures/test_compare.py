import math

import pytest

import tests.figures.frames as frames
from tests.compare.runs import LIMIT, failed, grid
from tradeoff.compare import compare
from tradeoff.figures.compare import _get_compare_info, _get_compare_plot, plot_compare
from tradeoff.frontier import frontier
from tradeoff.objective import ObjectiveError


def info_of(before, after, objective=LIMIT, **options):
    return _get_compare_info(compare(before, after, objective, **options))


def named(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def test_both_frontiers_are_step_lines_over_the_measured_points():
    before, after = grid(), grid(throughput=1.38, p99=2.0)
    info = info_of(before, after)
    for side, points in zip(info.sides, (before, after), strict=True):
        assert side.labels == [str(label) for label in frontier(points)]
    figure = _get_compare_plot(info, "light")
    lines = [trace for trace in figure.data if trace.line.shape == "hv"]
    assert [line.name for line in lines] == ["frontier before", "frontier after"]
    assert all(line.showlegend for line in lines)
    assert len({(line.line.color, line.line.dash) for line in lines}) == 2


def test_arrows_lead_from_each_point_to_the_same_point_after():
    before, after = grid(), grid(throughput=1.38, p99=2.0, sizes=(16, 4, 64))
    info = info_of(before, after)
    assert len(info.joined) == 6
    for pair in info.joined:
        one, other = before.iloc[info.sides[0].rows[pair.before]], after.iloc[info.sides[1].rows[pair.after]]
        assert one["point_id"] == other["point_id"]
    figure = _get_compare_plot(info, "light")
    drawn = [at for name in ("the same point after", "no longer meets the limits") for at in named(figure, name)[0].x]
    assert drawn.count(None) == 6


def test_points_that_cross_the_limit_have_arrows_of_their_own():
    lost = info_of(grid(), grid(p99=2.0))
    kinds = [pair.kind for pair in lost.joined]
    assert set(kinds) == {"lost", "same"}
    assert kinds.count("lost") == len(compare(grid(), grid(p99=2.0), LIMIT).lost)
    assert "gained" in [pair.kind for pair in info_of(grid(p99=2.0), grid()).joined]
    assert {pair.kind for pair in info_of(grid(), grid()).joined} == {"same"}


def test_the_limit_is_a_line_and_its_feasible_side_is_shaded():
    info = info_of(grid(), grid(p99=2.0))
    figure = _get_compare_plot(info, "dark")
    (box,) = figure.layout.shapes
    assert (box.x0, box.x1) == (info.x.low, 10.0)
    assert any("p99 ≤ 10 ms" in text for text in frames.texts(figure))


def test_what_compare_says_stands_below():
    figure = plot_compare(grid(), grid(throughput=1.38, p99=2.0), LIMIT)
    text = " ".join(frames.texts(figure)).replace("<br>", " ")
    assert "Throughput +38 %, but p99 doubled: " in text
    assert "Asked: maximize throughput subject to p99 &lt;= 10 ms." in text


def test_the_best_of_each_side_is_named():
    figure = plot_compare(grid(), grid(throughput=1.38, p99=2.0), LIMIT)
    notes = [note.text for note in figure.layout.annotations if "best" in note.text]
    assert sorted(note.split(":")[0] for note in notes[:2]) == ["best after", "best before"]
    assert len([trace for trace in figure.data if trace.marker.symbol == "circle-open"]) == 2


@pytest.mark.parametrize(
    ("objective", "axes"),
    [
        (LIMIT, ("p99 latency", "throughput")),
        ("maximize throughput", ("p99 latency", "throughput")),
        ("minimize p99 subject to throughput >= 1000/s", ("p99 latency", "throughput")),
        ("minimize p50", ("p50 latency", "throughput")),
        ("minimize p50 subject to p99 <= 10 ms", ("p99 latency", "p50 latency")),
        ("maximize throughput subject to calls_per_s >= 1", ("call rate", "throughput")),
        ("minimize euros subject to p99 <= 10 ms", ("p99 latency", "euros")),
        ("maximize euros", ("p99 latency", "euros")),
    ],
)
def test_axes_are_those_of_the_objective(objective, axes):
    points = grid().assign(euros=2.0, calls_per_s=5.0)
    info = info_of(points, points, objective)
    assert (info.x.title.split(" (")[0].split("   ")[0], info.y.title.split(" (")[0].split("   ")[0]) == axes


def test_failed_points_have_no_mark_and_their_reason_stands_below():
    text = " ".join(frames.texts(plot_compare(grid(), failed(grid(), [0]), LIMIT)))
    assert "Failed after only: batch size 1 × concurrency 1 (out of memory" in text


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("before", "after", "objective"),
    [
        (grid(sizes=(4,), concurrencies=(1,)), grid(sizes=(4,), concurrencies=(1,)), LIMIT),
        (grid(sizes=(4,)), grid(sizes=(8,)), LIMIT),
        (grid(), grid(sizes=(3, 6), concurrencies=(7,)), LIMIT),
        (grid(), failed(grid(), list(range(15))), LIMIT),
        (grid(width=None), grid(p99=99.0), LIMIT),
        (grid(), grid(), "maximize throughput subject to p99 <= 0.001 ms"),
        (grid().assign(throughput_rps=0.0), grid(), LIMIT),
        (grid().assign(latency_p99_ms=math.nan), grid(), "maximize throughput"),
    ],
)
def test_odd_runs_are_drawn(before, after, objective, theme):
    figure = plot_compare(before, after, objective, theme=theme)
    assert figure.layout.height > 0
    assert "nan" not in figure.to_json().lower().replace("nanos", "")


def test_text_from_files_is_escaped():
    hostile = frames.HOSTILE
    figure = plot_compare(grid(device=hostile, workload=hostile), grid(workload=hostile), LIMIT, across=["device"])
    for text in frames.texts(figure):
        assert "<img" not in text
        assert "</script" not in text


def test_nothing_that_can_be_drawn_says_so():
    before = grid().drop(columns="throughput_rps").assign(tokens_per_s=1.0)
    with pytest.raises(ObjectiveError, match="before has no column 'throughput_rps'"):
        plot_compare(before, grid(), LIMIT)
    lacking = grid().assign(latency_p99_ms=math.nan)
    figure = plot_compare(lacking, lacking, "maximize throughput")
    assert "No point has both columns" in figure.layout.annotations[0].text


def test_misuse_is_named():
    with pytest.raises(ValueError, match="choose 'light' or 'dark'"):
        plot_compare(grid(), grid(), LIMIT, theme="blue")
