import math

import pytest

import tests.figures.frames as frames
from tradeoff.figures.breakdown import _get_breakdown_info, _get_breakdown_plot, plot_latency_breakdown
from tradeoff.frames import Run, make_points


def info_of(run, **options):
    return _get_breakdown_info(run, **{"point_id": None, "batch_size": None, "concurrency": None, **options})


def test_bars_follow_each_other_and_add_up_to_the_percentile():
    info = info_of(make_points(frames.grid()), batch_size=4, concurrency=2)
    assert info.stages == ("queue_wait", "model", "overhead")
    for side in info.sides:
        ends = [start + length for start, length in zip(side.start, side.length, strict=True)]
        assert side.start == pytest.approx([0.0, *ends[:-1]])
        assert ends[-1] == pytest.approx(side.total)
    assert info.sides[1].total == pytest.approx(2 * info.sides[0].total)
    assert info.sides[1].told.startswith("p99 1.57 ms (1.49 to 1.72), n = 1\u202f000")


def test_both_sides_share_one_axis():
    figure = plot_latency_breakdown(make_points(frames.grid()), batch_size=4, concurrency=2)
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [bar.y[-1] for bar in bars] == ["latency", "latency"]
    assert bars[0].base[-1] == 0.0


def test_a_negative_overhead_runs_backwards_and_is_called_a_finding():
    one = frames.row(frames.identity(), at_p99_overhead_ms=-0.2)
    info = info_of(make_points([one]))
    assert info.sides[1].length[-1] == -0.2
    assert any("finding" in text for text in frames.texts(_get_breakdown_plot(info, "light")))


def test_a_percentile_that_is_not_known_is_left_out():
    one = {
        name: math.nan if name.startswith("at_p99") else value for name, value in frames.row(frames.identity()).items()
    }
    assert [side.percentile for side in info_of(make_points([one])).sides] == ["p50"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("rows", [[], [frames.failed(frames.identity())], [frames.identity()]])
def test_little_or_nothing_to_draw_says_why(rows, theme):
    figure = plot_latency_breakdown(Run(make_points(rows)), theme=theme)
    said = " ".join(frames.texts(figure))
    assert "No points" in said or "no stages" in said


def test_hostile_names_are_text():
    rows = frames.grid(workloads=(frames.HOSTILE,))
    assert "<img" not in "".join(frames.texts(plot_latency_breakdown(make_points(rows))))
    failed = make_points([frames.failed(frames.identity(), reason=frames.HOSTILE)])
    assert "<img" not in "".join(frames.texts(plot_latency_breakdown(failed)))
