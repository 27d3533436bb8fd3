import numpy as np
import pytest

from tests.figures.frames import HOSTILE, grid, identity, row, texts
from tradeoff.figures.claim import _get_claim_info, claim_axes, plot_claim
from tradeoff.frames import make_points
from tradeoff.objective import Objective, decide

LIMIT = Objective.parse("maximize throughput subject to p99 <= 1.2 ms")


def points_of(rows=None):
    return make_points(grid() if rows is None else rows)


def plotted(objective, rows=None, **options):
    points = points_of(rows)
    answer = decide(points, objective).point["point_id"]
    return plot_claim(points, objective, answer=answer, **options)


def info_of(objective, rows=None):
    points = points_of(rows)
    answer = decide(points, objective).point["point_id"]
    x, y = claim_axes(points, objective)
    return points, _get_claim_info(points, objective, answer, x, y, (), ())


AXES = {
    "maximize throughput subject to p99 <= 1 ms": ("latency_p99_ms", "throughput_rps"),
    "minimize p99": ("latency_p99_ms", "throughput_rps"),
    "minimize p50 subject to throughput >= 500/s": ("latency_p50_ms", "throughput_rps"),
    "maximize throughput": ("latency_p99_ms", "throughput_rps"),
    "minimize p50 subject to p99 <= 1 ms": ("latency_p99_ms", "latency_p50_ms"),
    "minimize p99 subject to p99 <= 1 ms": ("latency_p99_ms", "throughput_rps"),
    "maximize throughput subject to tpot_p99 <= 1 ms": ("latency_p99_ms", "throughput_rps"),
}


@pytest.mark.parametrize("text", AXES)
def test_what_is_optimised_is_drawn_over_what_is_limited(text):
    assert claim_axes(points_of(), Objective.parse(text)) == AXES[text]


def test_the_limit_that_binds_is_drawn_where_there_are_several():
    objective = Objective.parse("maximize throughput subject to p50 <= 1 ms and p99 <= 1 ms")
    assert claim_axes(points_of(), objective)[0] == "latency_p50_ms"
    assert claim_axes(points_of(), objective, binding=objective.constraints[1])[0] == "latency_p99_ms"


def test_axes_of_points_without_numbers():
    rows = [{**identity(batch_size=1, concurrency=1), "status": "failed"}]
    assert claim_axes(points_of(rows), LIMIT) == ("latency_p99_ms", "throughput_rps")


def test_the_answer_is_the_decisions_even_where_another_metric_would_choose_otherwise():
    points, info = info_of(LIMIT)
    (panel,) = info.frontier.panels
    winner = decide(points, LIMIT).point
    assert panel.x.value[panel.winner] == winner["latency_p99_ms"]
    assert panel.y.value[panel.winner] == winner["throughput_rps"]


def test_an_answer_without_a_place_in_the_figure_is_not_marked():
    rows = [*grid(), row(identity(batch_size=16, concurrency=1), p99=0.1) | {"throughput_rps": None}]
    _, info = info_of(Objective.parse("minimize p99"), rows)
    assert info.frontier.panels[0].winner == -1
    assert any("Without a mark: 1 point that failed or lack" in line for line in info.caption)


def test_what_misses_another_limit_is_crossed_out():
    objective = Objective.parse("maximize throughput subject to p99 <= 9 ms and p50 <= 0.4 ms")
    points, info = info_of(objective)
    x, _, limits = info.misses
    missed = points["latency_p50_ms_lo"].to_numpy() > 0.4
    assert sorted(x) == sorted(points["latency_p99_ms"].to_numpy()[missed])
    assert limits == "p50 ≤ 0.4 ms"
    assert any("misses p50 ≤ 0.4 ms" in text for text in texts(plotted(objective)))


def test_what_comes_nearest_does_not_look_like_an_answer():
    objective = Objective.parse("maximize throughput subject to p99 <= 0.1 ms")
    points, info = info_of(objective)
    nearest = decide(points, objective).point
    assert info.nearest[:2] == (nearest["latency_p99_ms"], nearest["throughput_rps"])
    said = texts(plotted(objective))
    assert "nearest 1 × 1, misses" in said
    assert not any("answer" in text for text in said)


def test_caption_and_marks_are_on_the_figure():
    figure = plotted(LIMIT, caption=["One line.", "Another."], marks=["INCOMPLETE", "SIMULATED"])
    said = texts(figure)
    assert any("One line.<br>Another.<br>Marks are named batch size × concurrency." in text for text in said)
    assert "<b>INCOMPLETE · SIMULATED</b>" in said
    assert not any("INCOMPLETE" in text for text in texts(plotted(LIMIT)))


@pytest.mark.parametrize(
    ("objective", "sides"),
    [
        ("maximize throughput subject to p99 <= 1.2 ms", ["◂ feasible"]),
        ("minimize p99 subject to throughput >= 1500/s", ["feasible ▴"]),
        ("minimize p99", []),
    ],
)
def test_the_feasible_side_is_named(objective, sides):
    assert [text for text in texts(plotted(Objective.parse(objective))) if "feasible" in text] == sides


def test_it_is_as_wide_as_a_column_and_grows_with_its_caption():
    short, long = plotted(LIMIT), plotted(LIMIT, caption=[f"line {n}" for n in range(12)])
    assert short.layout.width == long.layout.width == 800
    assert long.layout.height - short.layout.height == 12 * 15


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_draw_is_said_with_the_caption(theme):
    points = points_of([row(identity(batch_size=1, concurrency=1)) | {"throughput_rps": None, "latency_p99_ms": 1.0}])
    figure = plot_claim(
        points, Objective.parse("minimize p99"), answer=points["point_id"][0], theme=theme,
        axes=("latency_p99_ms", "throughput_rps"), caption=["The caption."], marks=["INCOMPLETE"],
    )  # fmt: skip
    said = " ".join(texts(figure))
    assert "No point has values on both axes." in said
    assert "The caption." in said
    assert "INCOMPLETE" in said


def test_strange_names_are_escaped():
    rows = [row(identity(workload=HOSTILE, batch_size=b, concurrency=1)) for b in (1, 2)]
    for text in texts(plotted(LIMIT, rows, caption=[HOSTILE], marks=[HOSTILE])):
        assert "<img" not in text
        assert "$x" not in text


def test_an_unknown_theme_is_named():
    with pytest.raises(ValueError, match="theme='blue': choose 'light' or 'dark'"):
        plotted(LIMIT, theme="blue")


def test_infinite_values_have_no_mark():
    rows = [*grid(), row(identity(batch_size=16, concurrency=1), p99=np.inf)]
    _, info = info_of(LIMIT, rows)
    assert len(info.frontier.panels[0].x.value) == len(grid())


@pytest.mark.parametrize(("limit", "side"), [(2, "right"), (9, "left")])
def test_the_answers_name_does_not_lie_on_the_limit(limit, side):
    # Near the left edge a name goes to the right of its mark; where it would lie on the limit, to the left.
    places = ((1, 1.0), (2, 1.6), (4, 20.0))
    rows = [row(identity(batch_size=b, concurrency=1), p99=p99, throughput=1000 * p99) for b, p99 in places]
    figure = plotted(Objective.parse(f"maximize throughput subject to p99 <= {limit} ms"), rows)
    (note,) = [note for note in figure.layout.annotations if note.text == "<b>answer 2</b>"]
    assert note.xanchor == side


def test_a_long_name_at_the_edge_is_left_out():
    rows = [row(identity(batch_size=b, concurrency=1) | {"concurrency": None, "request_rate_rps": 123456.0 + b},
                p99=float(b), throughput=1000.0 * b) for b in (1, 2, 64)]  # fmt: skip
    figure = plotted(Objective.parse("maximize throughput subject to p99 <= 100 ms"), rows)
    names = [text for trace in figure.data if trace.mode == "text" for text in trace.text]
    assert not any(text.startswith("1 × 123457") for text in names)
