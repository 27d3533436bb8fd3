import math

import numpy as np
import pytest

import tests.figures.frames as frames
from tradeoff.attainment import attainment
from tradeoff.figures.attainment import _get_attainment_info, _get_attainment_plot, plot_attainment
from tradeoff.frames import Run, make_points
from tradeoff.objective import ObjectiveError


def info_of(run, **options):
    usual = {"x": "latency_p99_ms", "y": "throughput_rps", "objective": None, "limit_ms": None, "by": None}
    return _get_attainment_info(run, **{**usual, **options})


def points(*pairs, scale=1.0, **place):
    return make_points(
        frames.row(frames.identity(batch_size=2**number, **place), p99=p99, throughput=scale * throughput)
        for number, (p99, throughput) in enumerate(pairs)
    )


PAIRS = ((1.0, 10.0), (2.0, 20.0), (3.0, 15.0), (8.0, 40.0))


def lines(figure):
    return [trace for trace in figure.data if trace.mode == "lines" and trace.line.width == 2]


def test_curves_are_those_of_attainment():
    run = points(*PAIRS)
    ((curve,),) = [panel.curves for panel in info_of(run).panels]
    expected = attainment(run)
    for drawn, name in ((curve.limit, "limit"), (curve.value, "value"), (curve.low, "lo"), (curve.high, "hi")):
        np.testing.assert_array_equal(drawn, expected[name].to_numpy())


def test_the_line_is_a_step_up_at_every_point_of_the_frontier():
    info = info_of(points(*PAIRS))
    (line,) = lines(_get_attainment_plot(info, "light"))
    assert list(line.x) == [1, 1, 2, 2, 8, 8, info.x.high]
    assert list(line.y) == [info.y.low, 10, 10, 20, 20, 40, 40]


def test_the_band_reaches_from_what_is_sure_to_what_may_be():
    info = info_of(points((1.0, 10.0)))
    figure = _get_attainment_plot(info, "light")
    (band,) = [trace for trace in figure.data if trace.fill == "toself"]
    corners = list(zip(band.x, band.y, strict=True))
    assert corners[:2] == [(0.95, info.y.low), (0.95, pytest.approx(10.3))]
    assert (1.1, pytest.approx(9.7)) in corners
    assert sorted({x for x, _ in corners}) == pytest.approx([0.95, 1.0, 1.1, info.x.high])


def test_the_limit_is_a_line_and_a_reading():
    figure = plot_attainment(points(*PAIRS), limit_ms=4)
    texts = frames.texts(figure)
    assert any("p99 ≤ 4 ms" in text for text in texts)
    assert any("p99 ≤ 4 ms: best throughput 20.0 requests/s (19.4 to 20.6)." in text for text in texts)
    (ring,) = [trace for trace in figure.data if trace.marker.symbol == "circle-open"]
    assert (ring.x[0], ring.y[0]) == (4, 20)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (0.5, "p99 ≤ 0.5 ms: no point meets it."),
        (0.97, "no point meets it by its value; by its interval one may, with 10.3 requests/s."),
        (1.05, "best throughput 10.0 requests/s (unknown to 10.3)."),
    ],
)
def test_limits_that_nothing_surely_meets(limit, said):
    text = " ".join(frames.texts(plot_attainment(points(*PAIRS), limit_ms=limit))).replace("<br>", " ")
    assert said in text


def test_several_runs_lie_in_one_panel_by_name():
    runs = {"before": Run(points(*PAIRS)), "<b>after</b>": points(*PAIRS, scale=1.4)}
    info = info_of(runs, objective="maximize throughput subject to p99 <= 3 ms")
    ((one, other),) = [panel.curves for panel in info.panels]
    assert (one.name, one.read, other.read) == ("before", 20.0, 28.0)
    figure = _get_attainment_plot(info, "dark")
    assert [line.name for line in lines(figure)] == ["before", "&lt;b&gt;after&lt;/b&gt;"]
    assert all(line.showlegend for line in lines(figure))
    assert len({(line.line.color, line.line.dash) for line in lines(figure)}) == 2
    assert "<b>after" not in figure.to_json().replace("<b>&lt;", "")


def test_groups_have_panels_of_their_own():
    run = {
        "one": make_points([*frames.grid(workloads=("a", "b"))]),
        "other": make_points([*frames.grid(workloads=("b", "c"))]),
    }
    info = info_of(run)
    assert [(panel.title, [curve.name for curve in panel.curves]) for panel in info.panels] == [
        ("a", ["one"]),
        ("b", ["one", "other"]),
        ("c", ["other"]),
    ]
    assert sum(bool(line.showlegend) for line in lines(_get_attainment_plot(info, "light"))) == 2


def test_heights_are_shares_unless_that_would_crush_what_is_low():
    assert (info_of(points(*PAIRS)).y.low, info_of(points(*PAIRS)).y.log) == (0.0, False)
    assert info_of(points((1, 1), (2, 1000))).y.log


def test_other_axes_the_lowest_p99_that_a_throughput_leaves():
    info = info_of(
        points(*PAIRS), x="throughput_rps", y="latency_p99_ms", objective="minimize p99 s.t. throughput >= 18/s"
    )
    assert (info.x.title, info.y.title) == (
        "limit on throughput (requests/s)   ← looser",
        "best p99 latency (ms)   ↓ better",
    )
    ((curve,),) = [panel.curves for panel in info.panels]
    assert curve.read == 2.0
    (line,) = lines(_get_attainment_plot(info, "light"))
    assert (line.y[0], line.x[-1]) == (info.y.high, info.x.low)


def test_the_settings_of_the_objective_choose_the_rows():
    info = info_of(frames.run(), objective="maximize throughput subject to p99 <= 5 ms at concurrency 2")
    assert info.panels[0].curves[0].value[-1] == frames.run().points.query("concurrency == 2")["throughput_rps"].max()
    with pytest.raises(ObjectiveError, match="nothing was measured at concurrency 3"):
        plot_attainment(frames.run(), objective="maximize throughput at concurrency 3")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "rows", [[], [frames.failed(frames.identity())], [frames.row(frames.identity(), p99=math.nan, throughput=5.0)]]
)
def test_nothing_to_draw_says_so(rows, theme):
    figure = plot_attainment(make_points(rows), theme=theme, limit_ms=5)
    assert "No point has both columns" in figure.layout.annotations[0].text


@pytest.mark.parametrize(
    ("run", "options", "said"),
    [
        ({}, {}, "give one to 4 Runs by name"),
        ({"": make_points([])}, {}, "give one to 4 Runs by name"),
        (make_points([]), {"x": "flops"}, "axis 'flops': choose a column"),
        (make_points([]), {"x": 5}, "x=5: name a column"),
        (make_points([]), {"x": "throughput_rps"}, "x and y are both"),
        (make_points([]), {"by": "workload"}, r"as in by=\['workload'\]"),
        (make_points([]), {"limit_ms": 5, "objective": "minimize p99"}, "not both"),
        (make_points([]), {"theme": "blue"}, "choose 'light' or 'dark'"),
    ],
)
def test_misuse_is_named(run, options, said):
    with pytest.raises(ValueError, match=said):
        plot_attainment(run, **options)


def test_what_is_no_run_or_no_objective():
    with pytest.raises(TypeError, match="pass a Run or its points"):
        plot_attainment({"before": 5})
    with pytest.raises(TypeError, match="objective must be text such as"):
        plot_attainment(make_points([]), objective=5)
