import pytest

import tradeoff
from tests.figures import frames
from tradeoff.figures.load_curve import _get_load_info, _get_load_plot, plot_load_curve
from tradeoff.frames import make_points


def served(rates=(), clients=(), **asked):
    rows = []
    for at, value in enumerate([*rates, *clients]):
        load = "poisson" if at < len(rates) else "closed"
        identity = frames.identity(
            mode="serving", load=load, request_rate_rps=value if load == "poisson" else None,
            concurrency=None if load == "poisson" else value, **asked,
        )  # fmt: skip
        rows.append(frames.row(identity, p99=5.0 + value, throughput=10.0 * value))
    return rows


def test_loads_lie_on_a_curve_and_kinds_of_load_over_each_other():
    info = _get_load_info(make_points(served(rates=(10, 20, 40), clients=(1, 2))), by=None)
    (panel,) = info.panels
    assert [(curve.name, len(curve.throughput)) for curve in panel.curves] == [("closed", 2), ("poisson", 3)]
    assert all(curve.throughput == sorted(curve.throughput) for curve in panel.curves)
    assert info.legend == "load"


def test_policies_make_curves_of_their_own():
    rows = served(rates=(10, 20), max_wait_ms=0.0) + served(rates=(10, 20), max_wait_ms=5.0)
    (panel,) = _get_load_info(make_points(rows), by=None).panels
    assert [curve.name for curve in panel.curves] == ["0", "5"]


def test_loads_beyond_capacity_are_crosses_at_the_top_with_the_reason():
    run = tradeoff.simulate(lambda size: 4.0 + size, max_batch_size=2, request_rate=[100, 200, 900], n_requests=2000)
    info = _get_load_info(run, by=None)
    ((curve,),) = [panel.curves for panel in info.panels]
    assert [at for at, _ in curve.beyond] == [900.0]
    figure = _get_load_plot(info, "dark")
    (crosses,) = [trace for trace in figure.data if trace.marker.symbol == "x-open"]
    assert "the queue grows without end" in crosses.hovertext[0]
    assert crosses.y[0] == info.y.high
    assert info.x.high > 900


def test_what_was_rejected_stands_beside_p99():
    run = tradeoff.simulate(
        lambda size: 4.0 + size, max_batch_size=2, request_rate=[1, 900], queue_limit=4, n_requests=2000
    )
    info = _get_load_info(run, by=None)
    ((curve,),) = [panel.curves for panel in info.panels]
    lost = 100 * run.points["rejection_rate"].iloc[1]
    assert curve.rejected[0] == ""
    assert curve.rejected[1] == f"{lost:.0f} %"
    figure = _get_load_plot(info, "light")
    (told,) = [trace for trace in figure.data if trace.mode == "text"]
    assert told.y[1] == pytest.approx(run.points["latency_p99_ms"].iloc[1])
    assert any("were rejected" in text for text in frames.texts(figure))


def test_text_from_files_is_escaped():
    rows = served(rates=(10,), workload="</script><img>") + served(rates=(10,), workload="b")
    assert "<img>" not in plot_load_curve(make_points(rows)).to_json()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_draw_says_so(theme):
    figure = plot_load_curve(make_points([]), theme=theme)
    assert "serve or simulate" in figure.layout.annotations[0].text


def test_a_column_that_is_absent():
    with pytest.raises(ValueError, match="no column 'throughput_rps'"):
        plot_load_curve(make_points([]).drop(columns="throughput_rps"))
