"""One table says what columns are called: every public function takes the same names, and refuses in the same words."""

import pytest

import tradeoff
from tests.explorer.runs import grid_run
from tradeoff.explorer import Explorer
from tradeoff.frames import PERCENTILES, POINT_COLUMNS, Run
from tradeoff.frames.names import meant, percentile, probability, resolve

RUN = grid_run()
SPELLINGS = ("p99", "latency p99", "P99 latency", "latency_p99", "99th percentile", "latency_p99_ms")


@pytest.mark.parametrize("column", POINT_COLUMNS.values(), ids=lambda column: column.name)
def test_each_column_has_its_name_short_name_and_label_to_itself(column):
    names = {column.name, column.short, column.short.upper(), column.short.replace("_", " ")}
    labels = {column.label} if not column.name.endswith(("_lo", "_hi")) else set()
    for name in names | labels:
        assert meant(name) == (column.name,), name


@pytest.mark.parametrize(
    ("name", "column"),
    [
        *((name, "latency_p99_ms") for name in (*SPELLINGS, "p99 of latency", "e2e latency p99", "response time p99")),
        *((name, "throughput_rps") for name in ("rps", "QPS", "req/s", "requests/s", "requests per second")),
        *((name, "tokens_per_s") for name in ("tokens/s", "tok/s", "tokens per second", "token throughput")),
        *((name, "latency_mean_ms") for name in ("mean", "avg", "average latency", "mean latency")),
        ("median", "latency_p50_ms"),
        ("p99.9", "latency_p999_ms"),
        ("TTFT p99.9", "ttft_p999_ms"),
        ("time to first token p99", "ttft_p99_ms"),
        ("model p99", "model_p99_ms"),
        ("utilization", "utilisation"),
    ],
)
def test_what_people_write(name, column):
    assert resolve(name) == column


def test_no_name_is_guessed():
    for name in ("latency", "ttft", "queue wait", "tps", "model"):
        with pytest.raises(ValueError, match="is ambiguous: say "):
            resolve(name)
    for name in ("", " ", "p98", "tail", "p99 throughput", "x" * 10_000):
        assert meant(name) == ()
    with pytest.raises(ValueError, match="no column 'thoughput': did you mean throughput"):
        resolve("thoughput")


def test_names_of_the_frame_come_first():
    assert resolve("qps", ["qps"]) == "qps"
    assert resolve("latency", ["latency"]) == "latency"
    assert resolve("Watts", ["watts"]) == "watts"
    assert resolve("p99", ["p99"]) == "p99"
    assert resolve("p99", ["p99", "latency_p99_ms"]) == "latency_p99_ms"


def test_percentiles_by_name():
    assert [probability(name) for name in PERCENTILES] == list(PERCENTILES.values())
    assert [percentile(name) for name in ("P99.9", "median", "99%", "p98", 3)] == ["p999", "p50", "p99", "p98", 3]
    assert probability("p97.5") == 0.975
    assert [probability(name) for name in ("p", "p9", "x99", "", "p99x", "١٠%")] == [None] * 6


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_function_takes_the_same_names(name):
    points, full = RUN.points, "latency_p99_ms"
    assert tradeoff.frontier(points, name, "rps").equals(tradeoff.frontier(points, full, "throughput_rps"))
    assert tradeoff.attainment(points, name, "rps").equals(tradeoff.attainment(points, full))
    assert tradeoff.attained_at(points, 1.0, name, "rps").equals(tradeoff.attained_at(points, 1.0, full))
    assert tradeoff.knee(points, name, "rps").equals(tradeoff.knee(points, full))
    better = {name: "higher"}
    assert tradeoff.frontier(points, name, better=better).equals(tradeoff.frontier(points, better={full: "higher"}))
    by = tradeoff.frontier(points, by=["batch"])
    assert by.equals(tradeoff.frontier(points, by=["batch_size"]))
    assert tradeoff.plot_frontier(RUN, x=name, y="qps") == tradeoff.plot_frontier(RUN)
    assert tradeoff.plot_attainment(RUN, x=name, y="qps") == tradeoff.plot_attainment(RUN)
    one, other = (tradeoff.service(RUN, column=column) for column in (name, full))
    assert [model.sentence() for model in one] == [model.sentence() for model in other]
    asked = f"maximize rps subject to {name} <= 0.8 ms"
    assert str(tradeoff.decide(RUN, asked).objective) == "maximize throughput subject to p99 <= 0.8 ms"
    assert str(tradeoff.compare(RUN, RUN, asked).objective) == "maximize throughput subject to p99 <= 0.8 ms"


def test_axes_and_percentiles_of_an_explorer():
    explorer = Explorer(RUN, ["batch", "Concurrency"], percentile="P50")
    assert [axis["column"] for axis in explorer.payload["axes"]] == ["batch_size", "concurrency"]
    assert explorer.percentile == "p50"
    explorer.percentile = "median"
    assert explorer.percentile == "p50"


BARE = Run(points=RUN.points.drop(columns="ttft_p99_ms"))
CALLS = {
    "x": lambda name: tradeoff.frontier(BARE, name),
    "y": lambda name: tradeoff.attainment(BARE, y=name),
    "more": lambda name: tradeoff.frontier(BARE, more=[name]),
    "by": lambda name: tradeoff.knee(BARE, by=[name]),
    "column": lambda name: tradeoff.service(BARE, column=name),
    "axes": lambda name: Explorer(BARE, [name]),
}
PLOTS = {
    "x": lambda name: tradeoff.plot_frontier(BARE, x=name),
    "y": lambda name: tradeoff.plot_attainment(BARE, y=name),
    "by": lambda name: tradeoff.plot_batch(BARE, by=[name]),
    "column": lambda name: tradeoff.plot_service(BARE, column=name),
}


@pytest.mark.parametrize(("argument", "call"), [*CALLS.items(), *PLOTS.items()])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("p98", "no column 'p98': did you mean p99"),
        ("latency", "'latency' is ambiguous: say latency_mean, p50, p90, p95, p99 or p999"),
        ("ttft p99", "the points have no column 'ttft_p99_ms'"),
    ],
)
def test_every_function_refuses_in_the_same_words(argument, call, name, said):
    with pytest.raises(ValueError, match=said) as caught:
        call(name)
    assert str(caught.value).startswith(f"{argument}={name!r}: ")


def test_places_of_an_explorer_take_the_same_names():
    rows = RUN.points.assign(max_wait_ms=RUN.points["batch_size"].astype("float64"))
    explorer = Explorer(rows, ["max wait", "concurrency"], position={"Max wait": 4.0})
    assert explorer.position == {"max_wait_ms": 4.0}


def test_a_page_offers_only_columns_that_it_can_write():
    from tradeoff.explorer.metrics import is_writable

    own = ["watts", "my col", "where", "AT", "p99 latency", "ends.", "1st", "日本"]
    points = RUN.points.assign(**dict.fromkeys(own, 1.0))
    assert [name for name in own if is_writable(name, points)] == ["watts", "日本"]
    assert is_writable("latency_p99_ms", points)
    shadowed = points.assign(p99=1.0)
    assert is_writable("latency_p99_ms", shadowed)
    assert not is_writable("p99", shadowed)
