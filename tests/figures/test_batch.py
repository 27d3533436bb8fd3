import math

import pytest

import tests.figures.frames as frames
from tradeoff.figures.batch import _get_batch_info, _get_batch_plot, plot_batch
from tradeoff.frames import Run, make_points


def info_of(run, **options):
    return _get_batch_info(run, **{"concurrency": None, "by": None, **options})


def test_one_line_a_concurrency_in_order_of_batch_size():
    (panel,) = info_of(make_points(frames.grid()[::-1])).panels
    assert [line.name for line in panel.lines] == ["1", "2"]
    assert all(line.batch_size == [1, 2, 4, 8] for line in panel.lines)
    assert all(line.chosen for line in panel.lines)


def test_ticks_stand_at_the_measured_sizes():
    assert info_of(make_points(frames.grid(sizes=(1, 3, 12)))).x.ticks == (1, 3, 12)


def test_the_chosen_concurrency_has_bands_and_the_rest_are_faint():
    info = info_of(make_points(frames.grid()), concurrency=2)
    (panel,) = info.panels
    assert [(line.name, line.chosen) for line in panel.lines] == [("1", False), ("2", True)]
    figure = _get_batch_plot(info, "light")
    assert sum(trace.fill == "toself" for trace in figure.data) == 3
    widths = {trace.name: trace.line.width for trace in figure.data if trace.name}
    assert widths["2"] > widths["1"]


def test_bands_break_where_an_end_is_unknown():
    rows = frames.grid(concurrencies=(1,))
    rows[1]["latency_p99_ms_hi"] = math.nan
    figure = plot_batch(make_points(rows), concurrency=1)
    bands = [trace for trace in figure.data if trace.fill == "toself" and trace.yaxis == "y2"]
    assert sorted(tuple(sorted(set(trace.x))) for trace in bands) == [(1,), (1, 2, 4, 8), (4, 8)]
    assert any(trace.marker.symbol == "triangle-up" for trace in figure.data)


def test_whatever_else_varies_makes_lines_of_its_own():
    rows = frames.grid(concurrencies=(1,)) + frames.grid(concurrencies=(1,), max_wait_ms=2.0)
    (panel,) = info_of(make_points(rows)).panels
    assert [line.name for line in panel.lines] == ["2", "no maximum wait"]
    rows += frames.grid(concurrencies=(2,))
    assert len(info_of(make_points(rows)).panels[0].lines) == 3


def test_groups_never_share_a_panel():
    info = info_of(make_points(frames.grid(workloads=("a", "b", "c"))))
    figure = _get_batch_plot(info, "dark")
    assert [panel.title for panel in info.panels] == ["a", "b", "c"]
    assert len({trace.yaxis for trace in figure.data}) == 6


def test_sizes_without_a_value_are_crosses_with_the_reason():
    rows = [*frames.grid(), frames.failed(frames.identity(batch_size=512, concurrency=2))]
    info = info_of(make_points(rows))
    assert info.panels[0].absent == ((512.0, "batch 512 × concurrency 2: out of memory: tried to allocate 2 GiB"),)
    crosses = [trace for trace in _get_batch_plot(info, "light").data if trace.marker.symbol == "x-open"]
    assert [list(trace.x) for trace in crosses] == [[512.0], [512.0]]
    assert 512 in info.x.ticks


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("rows", "said", "drawn"),
    [
        ([], "measure some first", 0),
        ([frames.failed(frames.identity(batch_size=b)) for b in (1, 2)], "Without a value (crosses): batch 1", 0),
        ([frames.row(frames.identity())], "Solid: p99, dashed: p50", 3),
        ([frames.row(frames.identity(), p99=math.nan, throughput=5.0)], "Solid: p99, dashed: p50", 1),
    ],
)
def test_little_or_nothing_to_draw(rows, said, drawn, theme):
    figure = plot_batch(Run(make_points(rows)), theme=theme)
    assert said in " ".join(frames.texts(figure))
    marks = [trace for trace in figure.data if trace.mode == "lines+markers" and trace.hoverinfo == "text"]
    assert sum(value is not None and value == value for trace in marks for value in trace.y) == drawn


def test_hostile_names_are_text():
    figure = plot_batch(make_points(frames.grid(workloads=(frames.HOSTILE, "b"))))
    assert "<img" not in "".join(frames.texts(figure))


def test_a_concurrency_nobody_measured():
    with pytest.raises(ValueError, match="concurrency=3: nothing was measured there, only at 1, 2"):
        plot_batch(make_points(frames.grid()), concurrency=3)


def test_a_frame_without_batch_sizes():
    with pytest.raises(ValueError, match="no column 'batch_size'"):
        plot_batch(make_points(frames.grid()).drop(columns="batch_size"))
