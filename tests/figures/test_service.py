import math

import numpy as np
import pytest

import tests.figures.frames as frames
from tradeoff.figures.service import _get_service_info, _get_service_plot, plot_service
from tradeoff.frames import Run, make_points

SIZES = tuple(2**power for power in range(10))


def rows(time=lambda b: 2.0 + 0.1 * b, *, sizes=SIZES, share=0.02, **more):
    made = []
    for size in sizes:
        one = frames.row(frames.identity(batch_size=size, **more), p99=3.0 * time(size))
        one |= {"latency_p50_ms": time(size)}
        one |= {"latency_p50_ms_lo": (1 - share) * time(size), "latency_p50_ms_hi": (1 + share) * time(size)}
        made.append(one)
    return made


def info_of(run, **options):
    return _get_service_info(run, **{"column": None, **options})


def test_marks_are_measured_and_the_line_is_the_model():
    ((line,),) = (panel.lines for panel in info_of(make_points(rows())).panels)
    assert line.batch_size == list(SIZES)
    assert line.measured.value == pytest.approx([2.0 + 0.1 * b for b in SIZES])
    assert line.fitted.value == pytest.approx(2.0 + 0.1 * line.fine)
    assert (line.fitted.low <= line.fitted.value).all()
    assert (line.fitted.value <= line.fitted.high).all()
    assert line.residual.value == pytest.approx(np.zeros(10), abs=1e-6)
    assert line.residual.high == pytest.approx(np.full(10, 2.0))
    assert line.told.startswith("A call costs 2 ms (")


def test_the_ring_stands_on_the_line_where_the_gain_halves():
    ((line,),) = (panel.lines for panel in info_of(make_points(rows())).panels)
    ring = math.sqrt(2) + 20 * (math.sqrt(2) - 1)
    assert line.ring == pytest.approx((ring, 2.0 + 0.1 * ring))
    figure = plot_service(make_points(rows()))
    (drawn,) = (trace for trace in figure.data if trace.marker.symbol == "circle-open")
    assert (drawn.x[0], drawn.y[0]) == pytest.approx(line.ring)
    assert drawn.text == ("half gain: 9.70",)


def test_a_ring_beyond_what_was_measured_is_not_drawn_but_told():
    info = info_of(make_points(rows(lambda b: 1.0 + 1e-5 * b)))
    assert math.isnan(info.panels[0].lines[0].ring[0])
    said = " ".join(frames.texts(_get_service_plot(info, "light")))
    assert "extrapolation" in said
    assert not any(trace.marker.symbol == "circle-open" for trace in _get_service_plot(info, "light").data)


def test_the_kink_is_a_corner_of_the_line():
    ((line,),) = (panel.lines for panel in info_of(make_points(rows(lambda b: 1 + max(3.0, 0.05 * b)))).panels)
    assert np.abs(line.fine - 60.0).min() < 1e-3
    assert line.fitted.value.min() == pytest.approx(4.0)


def test_a_line_for_each_concurrency_and_panels_for_what_never_competes():
    parts = [*rows(), *rows(lambda b: 3.0 + 0.1 * b, concurrency=2), *rows(workload="gemm")]
    info = info_of(make_points(parts))
    assert [(panel.title, [line.name for line in panel.lines]) for panel in info.panels] == [
        ("gemm", ["1"]), ("softmax", ["1", "2"]),
    ]  # fmt: skip
    assert info.legend == "concurrency"
    figure = _get_service_plot(info, "dark")
    assert len({trace.yaxis for trace in figure.data}) == 4
    assert len([trace for trace in figure.data if trace.showlegend]) == 2


def test_axes_hold_marks_whiskers_and_lines():
    info = info_of(make_points(rows(share=0.3)))
    (line,) = info.panels[0].lines
    assert info.time.low < np.nanmin(line.measured.low)
    assert np.nanmax(line.measured.high) < info.time.high
    assert info.residual.low < -30
    assert info.residual.high > 30


def test_bands_that_reach_below_zero_end_at_the_foot():
    noisy = rows(lambda b: (0.1 + 0.1 * b) * (3.0 if b in (2, 32) else 1.0), sizes=SIZES[:6])
    info = info_of(make_points(noisy))
    assert info.panels[0].lines[0].fitted.low.min() < 0
    bands = [trace for trace in _get_service_plot(info, "light").data if trace.fill == "toself"]
    assert all(min(band.y) >= info.time.low for band in bands)


def test_what_was_left_out_is_named():
    extra = [frames.failed(frames.identity(batch_size=4096), reason=frames.HOSTILE)]
    said = " ".join(frames.texts(plot_service(Run(make_points([*rows(), *extra])))))
    assert "Left out: batch 4096: out of memory" in said
    assert "<img" not in said


def test_many_sentences_are_cut():
    parts = [row for k in (1, 2, 3, 4, 5) for row in rows(concurrency=k)]
    said = " ".join(frames.texts(plot_service(make_points(parts))))
    assert "And 2 more: tradeoff.service(run) tells each in a sentence." in said


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "made",
    [
        [],
        [frames.failed(frames.identity())],
        rows(sizes=(4,)),
        rows(sizes=(4, 8)),
        rows(share=math.nan),
        rows(lambda b: 10 - 0.01 * b),
        rows(mode="serving"),
    ],
)
def test_little_or_nothing_to_draw(made, theme):
    figure = plot_service(make_points(made), theme=theme)
    figure.to_json()
    assert frames.texts(figure)


def test_nothing_to_draw_says_why():
    assert any("measure some first" in text for text in frames.texts(plot_service(make_points([]))))
    said = " ".join(frames.texts(plot_service(make_points(rows(mode="serving")))))
    assert "policy's maximum" in said


def test_hostile_names_are_text():
    parts = [*rows(workload=frames.HOSTILE), *rows(workload="b", backend=frames.HOSTILE)]
    assert "<img" not in "".join(frames.texts(plot_service(make_points(parts))))


def test_another_column_of_times():
    assert "p99" in info_of(make_points(rows()), column="latency_p99_ms").panels[0].lines[0].hover[0]
    with pytest.raises(ValueError, match="column='n' is not a column of times"):
        plot_service(make_points(rows()), column="n")
