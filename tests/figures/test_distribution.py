import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.figures.frames as frames
from tradeoff.figures.distribution import _get_distribution_info, plot_distribution, survival
from tradeoff.frames import Run, make_points


def info_of(run, **options):
    return _get_distribution_info(run, **{"point_id": None, "batch_size": None, "concurrency": None, **options})


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_survival_is_the_share_that_is_slower(values):
    ordered = np.sort(np.asarray(values, dtype=float))
    latency, slower = survival(ordered)
    assert latency == sorted(set(ordered))
    for value, share in zip(latency, slower, strict=True):
        assert share == pytest.approx(np.mean(ordered > value))


@given(st.integers(200, 5000), st.integers(50, 150))
def test_thinning_keeps_true_steps_and_the_tail(n, most):
    ordered = np.arange(1.0, n + 1)
    latency, slower = survival(ordered, most=most)
    assert len(latency) <= most
    assert latency[-1] == n
    assert slower == pytest.approx([(n - value) / n for value in latency])
    assert latency[-4:] == [n - 3, n - 2, n - 1, n]


def test_only_measured_calls_that_went_well_are_counted():
    info = info_of(frames.run(), batch_size=4, concurrency=2)
    assert info.n == 970
    assert sum(info.counts) == info.n
    assert info.slower[-1] == 0.0


def test_the_histogram_has_bins_of_equal_ratio():
    ratios = np.diff(np.log(info_of(frames.run(), batch_size=4, concurrency=2).edges_ms))
    assert ratios == pytest.approx(ratios[0])


def test_marks_stand_at_their_own_share():
    info = info_of(frames.run())
    assert [mark.name for mark in info.marks] == ["p50", "p95", "p99"]
    assert [mark.slower for mark in info.marks] == pytest.approx([0.5, 0.05, 0.01])
    assert info.mean.value > 0


def test_without_samples_the_percentiles_are_drawn():
    run = frames.run(samples=False)
    assert info_of(run).n == 0
    assert any("No samples are kept" in text for text in frames.texts(plot_distribution(run)))
    assert any("No samples are kept" in text for text in frames.texts(plot_distribution(run.points)))


def test_the_mean_is_drawn_and_what_it_hides_is_said():
    run = frames.run()
    shown = " ".join(frames.texts(plot_distribution(run)))
    assert "mean" in shown
    assert "of requests are slower" in shown


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("rows", "said", "marks"),
    [
        ([], "measure some first", 0),
        ([frames.failed(frames.identity())], "neither samples nor percentiles (out of memory", 0),
        (
            [frames.row(frames.identity(), p99=math.nan, throughput=1.0)],
            "neither samples nor percentiles (no value)",
            0,
        ),
        ([frames.row(frames.identity(), latency_mean_ms=math.nan, latency_p95_ms=math.nan)], "No samples are kept", 2),
    ],
)
def test_little_or_nothing_to_draw(rows, said, marks, theme):
    figure = plot_distribution(Run(make_points(rows)), theme=theme)
    assert said in " ".join(frames.texts(figure))
    assert sum(len(trace.x) for trace in figure.data if trace.mode == "markers+text") == marks


@pytest.mark.parametrize("latencies", [[5_000_000], [5_000_000] * 9, [1, 10**12]])
def test_one_value_or_a_wide_span(latencies):
    from tradeoff.frames import make_samples

    points = make_points([frames.row(frames.identity())])
    samples = make_samples(
        {"point_id": points["point_id"].iloc[0], "latency_ns": latencies, "phase": "measure", "status": "ok"}
    )
    run = Run(points, samples)
    assert sum(info_of(run).counts) == len(latencies)
    (steps,) = [trace for trace in plot_distribution(run).data if trace.line.shape == "hv"]
    assert list(steps.x) == sorted({value / 1e6 for value in latencies})


def test_hostile_names_are_text():
    run = frames.run(frames.grid(workloads=(frames.HOSTILE,)))
    assert "<img" not in "".join(frames.texts(plot_distribution(run)))


def notes(figure):
    return [note.text for note in figure.layout.annotations]


def percentiles(**values):
    """A Run of one point with these percentiles, whose intervals are not known."""
    columns = {f"latency_{name}_ms": value for name, value in values.items()}
    ends = {f"{name}_{end}": math.nan for name in columns for end in ("lo", "hi")}
    return frames.run([frames.row(frames.identity(), **columns, **ends)])


@pytest.mark.parametrize(("p95", "names"), [(1.3, ["p50", "p95", "p99"]), (0.61, ["p50 · p95", "p99"])])
def test_lines_are_named_above_the_panel_and_close_ones_share_a_name(p95, names):
    figure = plot_distribution(percentiles(p50=0.6, p95=p95, p99=2.5))
    assert [note for note in notes(figure) if note.startswith("p") and " ms" not in note] == names


@pytest.mark.parametrize(("mean", "side"), [(1.01, "bottom left"), (0.5, "top right")])
def test_the_text_of_a_mark_keeps_off_the_mean(mean, side):
    figure = plot_distribution(percentiles(p50=1.0, p95=1.2, p99=1.5, mean=mean))
    (marks,) = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert marks.textposition[0] == side
