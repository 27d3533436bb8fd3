import math

import numpy as np
import pytest

import tests.figures.frames as frames
from tests.tail.planted import CAUSES, PLANTED, made, nothing
from tradeoff.figures.tail import _get_tail_info, plot_tail
from tradeoff.frames import Run, make_points, make_samples
from tradeoff.tail import explain_tail


def info_of(run, **options):
    return _get_tail_info(run, explain_tail(run, **options))


@pytest.mark.parametrize("cause", CAUSES)
def test_stages_follow_each_other_and_end_at_the_extra(cause):
    run = made(PLANTED[cause], 1, 4000)
    found, info = explain_tail(run), info_of(run)
    *stages, together = info.stages
    ends = [bar.start + bar.length for bar in stages]
    assert [bar.start for bar in stages] == pytest.approx([0.0, *ends[:-1]])
    assert (together.start, together.length) == (0.0, pytest.approx(found.extra_ms))
    assert ends[-1] == pytest.approx(found.extra_ms)
    for bar in stages:
        assert bar.low - 1e-9 <= bar.start + bar.length <= bar.high + 1e-9


@pytest.mark.parametrize("cause", CAUSES)
def test_what_stands_out_is_drawn_apart(cause):
    info = info_of(made(PLANTED[cause], 1, 8000))
    assert [bar.name for bar in info.causes if bar.colour == "here"] == [cause]
    assert info.caption[0] in " ".join(frames.texts(plot_tail(made(PLANTED[cause], 1, 8000))))


def test_nothing_is_drawn_apart_where_nothing_stands_out():
    assert {bar.colour for bar in info_of(made(nothing, 1, 4000)).causes} == {""}


def test_the_tail_and_the_requests_around_the_median_are_shaded():
    run = made(PLANTED["queue"], 0, 4000)
    info, figure = info_of(run), plot_tail(run)
    latency = np.sort(run.samples.loc[run.samples["phase"] == "measure", "latency_ns"].to_numpy(dtype=float)) / 1e6
    n = len(latency)
    assert info.threshold_ms == pytest.approx(latency[math.ceil(0.99 * n) - 1])
    assert info.around_ms == pytest.approx((latency[int(0.45 * n)], latency[int(0.55 * n) - 1]))
    tail, middle = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (tail.x0, middle.x0, middle.x1) == pytest.approx((info.threshold_ms, *info.around_ms))
    assert {"p99", "median"} <= {note.text.strip("\u00a0") for note in figure.layout.annotations}


def test_another_percentile_has_its_name():
    texts = frames.texts(plot_tail(made(PLANTED["queue"], 0, 4000), q=0.9))
    assert any("beyond p90" in text for text in texts)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("run", "said"),
    [
        (Run(make_points([frames.row(frames.identity())])), "No samples of calls were kept"),
        (Run(make_points([frames.failed(frames.identity())])), "oom: tried to allocate"),
        (made(nothing, 0, 500), "too few to tell"),
    ],
    ids=["no samples", "failed", "few"],
)
def test_nothing_to_draw_says_why(run, said, theme):
    (note,) = plot_tail(run, theme=theme).layout.annotations
    assert said in note.text.replace("<br>", " ")


def test_a_tail_that_is_no_slower_says_so():
    points = make_points([frames.row(frames.identity())])
    samples = make_samples(
        {"point_id": points["point_id"].iloc[0], "latency_ns": [5_000_000] * 2000, "model_ns": 5_000_000,
         "phase": "measure", "status": "ok", "seq": range(2000)}
    )  # fmt: skip
    figure = plot_tail(Run(points, samples))
    assert "there is no tail to explain" in " ".join(frames.texts(figure)).replace("<br>", " ")


def test_hostile_names_are_text():
    run = made(PLANTED["spikes"], 0, 4000)
    slow = run.samples["model_ns"] > 3 * run.samples["model_ns"].median()
    samples = run.samples.assign(label=np.where(slow, "<img src=x onerror=alert(1)>", None))
    points = run.points.assign(workload=frames.HOSTILE)
    texts = "".join(frames.texts(plot_tail(Run(points, samples))))
    assert "<img" not in texts
    assert "Label &lt;img" in texts


def test_it_takes_a_known_theme_and_a_run():
    with pytest.raises(ValueError, match="theme='blue'"):
        plot_tail(made(nothing, 0, 500), theme="blue")
    with pytest.raises(TypeError, match="pass a Run"):
        plot_tail(make_points([]))
    with pytest.raises(ValueError, match="no points"):
        plot_tail(Run())
