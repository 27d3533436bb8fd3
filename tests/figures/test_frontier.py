import math

import numpy as np
import pytest

import tests.figures.frames as frames
from tradeoff.figures.frontier import _get_frontier_info, _get_frontier_plot, plot_frontier
from tradeoff.frames import Run, make_points
from tradeoff.objective import ObjectiveError


def info_of(run, **options):
    usual = {"x": "latency_p99_ms", "y": "throughput_rps", "objective": None, "limit_ms": None, "by": None}
    return _get_frontier_info(run, **{**usual, **options})


def three():
    """Two on the frontier, one clearly dominated, one that only its interval saves."""
    place = [frames.identity(batch_size=b) for b in (1, 2, 4, 8)]
    return [
        frames.row(place[0], p99=1.0, throughput=100.0),
        frames.row(place[1], p99=2.0, throughput=200.0),
        frames.row(place[2], p99=9.0, throughput=50.0),
        frames.row(place[3], p99=2.05, throughput=199.0),
    ]


def named(figure, name):
    return [trace for trace in figure.data if trace.name == name]


def test_labels_are_those_of_frontier():
    (panel,) = info_of(make_points(three())).panels
    assert panel.labels == ["frontier", "frontier", "dominated", "ambiguous"]
    assert panel.step == [0, 1]
    assert panel.names == ["1", "2", "4", "8"]


def test_the_step_line_is_the_attainment_curve():
    info = info_of(make_points(three()))
    figure = _get_frontier_plot(info, "light")
    (line,) = [trace for trace in figure.data if trace.line.shape == "hv"]
    assert list(line.x) == [1.0, 1.0, 2.0, info.x.high]
    assert list(line.y) == [info.y.low, 100.0, 200.0, 200.0]


def test_axes_point_to_the_better_side_and_hold_every_whisker():
    info = info_of(make_points(three()))
    assert info.x.title == "p99 latency (ms)   ← better"
    assert info.y.title == "throughput (requests/s)   ↑ better"
    assert info.x.low <= 0.95
    assert info.x.high >= 9.9


def test_classes_differ_in_more_than_colour():
    figure = plot_frontier(make_points(three()))
    marks = {name: named(figure, name)[0].marker for name in ("frontier", "ambiguous", "dominated")}
    assert len({(mark.symbol, mark.color) for mark in marks.values()}) == 3
    assert marks["dominated"].color == figure.layout.template.layout.paper_bgcolor
    assert marks["frontier"].color == marks["frontier"].line.color


def test_nothing_is_called_best_until_asked():
    info = info_of(make_points(three()))
    assert [panel.winner for panel in info.panels] == [-1]
    assert not any("answer" in text for text in frames.texts(_get_frontier_plot(info, "light")))


def test_a_limit_shades_the_feasible_side_and_marks_the_answer():
    info = info_of(make_points(three()), limit_ms=2.0)
    (panel,) = info.panels
    assert (panel.winner, panel.runner_up, panel.verdict) == (0, -1, "feasible")
    figure = _get_frontier_plot(info, "light")
    (box,) = figure.layout.shapes
    assert (box.x0, box.x1) == (info.x.low, 2.0)
    assert "<b>answer 1</b>" in frames.texts(figure)
    assert any("p99 ≤ 2 ms" in text for text in frames.texts(figure))


def test_two_limits_shade_where_both_are_met():
    info = info_of(make_points(three()), objective="minimize p99 subject to p99 <= 5 ms and throughput >= 60/s")
    figure = _get_frontier_plot(info, "light")
    (box,) = figure.layout.shapes
    assert (box.x0, box.x1, box.y0, box.y1) == (info.x.low, 5.0, info.y.high, 60.0)


def test_what_nobody_meets_marks_nothing_and_says_so():
    (panel,) = info_of(make_points(three()), limit_ms=0.1).panels
    assert (panel.winner, panel.verdict) == (-1, "infeasible")
    assert "No point meets" in panel.sentence


def test_settings_of_the_objective_choose_the_rows():
    info = info_of(frames.run(), objective="maximize throughput subject to p99 <= 5 ms at concurrency 2")
    (panel,) = info.panels
    assert len(panel.labels) == 4
    with pytest.raises(ObjectiveError, match="nothing was measured at concurrency 3"):
        plot_frontier(frames.run(), objective="maximize throughput at concurrency 3")


def test_groups_have_panels_of_their_own_and_lines_never_join_them():
    run = frames.run(frames.grid(workloads=("softmax", "gemm", "mlp")), samples=False)
    info = info_of(run, limit_ms=2.0)
    assert [panel.title for panel in info.panels] == ["gemm", "mlp", "softmax"]
    assert all(panel.winner >= 0 for panel in info.panels)
    figure = _get_frontier_plot(info, "dark")
    lines = [trace for trace in figure.data if trace.line.shape == "hv"]
    assert len({trace.xaxis for trace in lines}) == 3
    assert len(named(figure, "frontier")) == 3
    assert sum(bool(trace.showlegend) for trace in named(figure, "frontier")) == 1


def test_an_unknown_upper_end_has_an_arrow_and_no_whisker():
    rows = three()
    rows[1]["latency_p99_ms_hi"] = math.nan
    figure = plot_frontier(make_points(rows))
    (front,) = named(figure, "frontier")
    assert front.error_x.array[1] is None or np.isnan(front.error_x.array[1])
    assert named(figure, "upper end unknown")


def test_points_without_a_value_are_listed_with_the_reason():
    rows = [*three(), frames.failed(frames.identity(batch_size=512)), frames.identity(batch_size=16)]
    (panel,) = info_of(make_points(rows)).panels
    assert panel.absent == (
        "batch 512 × concurrency 1 (out of memory: tried to allocate 2 GiB)",
        "batch 16 × concurrency 1 (no value)",
    )
    assert any("out of memory" in text for text in frames.texts(plot_frontier(make_points(rows))))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("rows", "said", "drawn"),
    [
        ([], "measure some first", 0),
        (
            [frames.failed(frames.identity(batch_size=b)) for b in (1, 2)],
            "Without a mark: batch 1 × concurrency 1 (out",
            0,
        ),
        ([frames.row(frames.identity())], "meets the objective", 1),
        ([frames.row(frames.identity(), p99=math.nan, throughput=5.0)], "batch 1 × concurrency 1 (no value)", 0),
        (
            [frames.row(frames.identity(), p99=math.inf, throughput=5.0), frames.row(frames.identity(batch_size=2))],
            "Without a mark: batch 1 × concurrency 1 (no value)",
            1,
        ),
        ([frames.row(frames.identity(), p99=1.0, throughput=0.0)], "The only point contradicts itself", 0),
    ],
)
def test_little_or_nothing_to_draw(rows, said, drawn, theme):
    figure = plot_frontier(Run(make_points(rows)), theme=theme, limit_ms=None if not rows else 1.0)
    assert said in " ".join(frames.texts(figure))
    marks = [trace for trace in figure.data if trace.mode == "markers" and trace.hoverinfo == "text"]
    assert sum(len(trace.x) for trace in marks) == drawn


def test_n_stands_beside_the_percentile():
    (panel,) = info_of(make_points(three())).panels
    assert "p99 latency 1.00 ms (0.950 to 1.10)<br>" in panel.hover[0]
    assert "n = 1\u202f000" in panel.hover[0]


def test_hostile_names_are_text():
    rows = frames.grid(workloads=(frames.HOSTILE, "b"), sizes=(1, 2))
    rows.append(frames.failed(frames.identity(workload=frames.HOSTILE, batch_size=9), reason=frames.HOSTILE))
    figure = plot_frontier(Run(make_points(rows)), limit_ms=3)
    shown = "".join(frames.texts(figure))
    assert "<img" not in shown
    assert "<script" not in shown
    assert "&lt;img" in shown
    assert "</script><img" not in figure.to_html(include_plotlyjs=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": "power_w"}, "has a better direction"),
        ({"x": "nothing"}, "x='nothing': no column 'nothing'"),
        ({"theme": "sepia"}, "'light' or 'dark'"),
        ({"limit_ms": 1, "objective": "minimize p99"}, "not both"),
        ({"limit_ms": 1, "x": "energy_j_per_item"}, "not measured in ms"),
        ({"objective": "best please"}, "expected 'maximize'"),
        ({"by": ["colour"]}, "by='colour': no column 'colour'"),
    ],
)
def test_misuse_is_named(options, said):
    with pytest.raises(ValueError, match=said):
        plot_frontier(make_points(three()), **options)
