import math

import tests.figures.frames as frames
from tradeoff.figures.marks import hover_texts, measure
from tradeoff.frames import make_points


def points(**more):
    return make_points([frames.row(frames.identity(), p99=2.0, **more)])


def test_whiskers_are_lengths_and_unknown_ends_have_none():
    whiskers = measure(points(latency_p99_ms_hi=math.nan), "latency_p99_ms").whiskers()
    assert whiskers["array"] == [None]
    assert abs(whiskers["arrayminus"][0] - 0.1) < 1e-12


def test_an_end_on_the_wrong_side_of_the_value_has_no_negative_length():
    assert measure(points(latency_p99_ms_hi=1.0), "latency_p99_ms").whiskers()["array"] == [0.0]


def test_open_ended_means_a_lower_end_without_an_upper():
    assert measure(points(latency_p99_ms_hi=math.nan), "latency_p99_ms").open_ended().tolist() == [True]
    none = points(latency_p99_ms_hi=math.nan, latency_p99_ms_lo=math.nan)
    assert measure(none, "latency_p99_ms").open_ended().tolist() == [False]
    assert measure(points(), "latency_p99_ms").open_ended().tolist() == [False]


def test_infinite_values_cannot_be_drawn():
    assert math.isnan(measure(points(latency_p99_ms=math.inf), "latency_p99_ms").value[0])
    assert math.isnan(measure(points().drop(columns="flops"), "flops").value[0])


def test_the_pointer_tells_status_and_flags_and_escapes_them():
    (text,) = hover_texts(points(status="budget", flags=["<b>"]), ["latency_p99_ms", "no_such_column"])
    assert text.split("<br>") == [
        "<b>batch 1 × concurrency 1</b>",
        "p99 latency 2.00 ms (1.90 to 2.20)",
        "n = 1\u202f000",
        "status: budget",
        "flags: &lt;b&gt;",
    ]
