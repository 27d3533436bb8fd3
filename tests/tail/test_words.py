import pytest

import tradeoff
from tests.tail.planted import PLANTED, Service, made, nothing, simulate
from tradeoff.tail import explain_tail
from tradeoff.tail.words import _LONGEST_REASON, percentile_name, why_nothing


@pytest.mark.parametrize(
    ("q", "name"), [(0.99, "p99"), (0.999, "p999"), (0.5, "p50"), (0.975, "p97.5"), (0.9999, "p99.99"), (0.6, "p60")]
)
def test_percentiles_have_the_names_of_the_columns(q, name):
    assert percentile_name(q) == name


def test_a_limit_that_everybody_waits_for_makes_no_tail_and_is_told():
    run = tradeoff.simulate(
        lambda size: 5.0, max_batch_size=8, max_wait_ms=50, concurrency=2, n_requests=3000, keep_samples=True
    )
    found = explain_tail(run)
    assert found.named == ()
    assert found.sentence() == (
        "Requests beyond p99 take 55.0 ms on average, those around the median 55.0 ms: there is no tail to explain, "
        "and none stands out of wait limit, queue, spikes, host pauses and mixed batch sizes. Waiting for a batch to "
        "leave makes 91 % of what they take, and those around the median wait about as long: the wait limit of 50.0 ms "
        "makes all of them slow."
    )


def test_each_cause_has_its_sentence_with_stage_share_and_interval():
    said = {cause: explain_tail(made(make, 3, 6000)).sentence() for cause, make in PLANTED.items()}
    for sentence in said.values():
        assert "of the extra" in sentence
        assert "beyond p99 is" in sentence
        assert " to " in sentence
    assert "The wait limit of" in said["wait limit"]
    assert "The queue stands out: " in said["queue"]
    assert "others wait when they come" in said["queue"]
    assert "times as long as others of their size" in said["spikes"]
    assert "Host pauses stand out" in said["host pauses"]
    assert "the batches that make them slow hold" in said["mixed batch sizes"]


def test_the_sentence_of_the_design():
    """72 % of the extra 11 ms is batch wait."""
    run = simulate(Service(5.0, 0.05), 0, 20_000, max_batch_size=16, request_rate=150, max_wait_ms=20.0)
    found = explain_tail(run)
    assert found.cause == "wait limit"
    first = found.sentence().split(". ")[0]
    share, low, high = (100 * getattr(found.stages[1], name) for name in ("share", "share_lo", "share_hi"))
    extra = f"{found.extra_ms:.3g}"
    assert first.startswith(f"{share:.0f} % of the extra {extra}")
    assert first.endswith(f"ms beyond p99 is batch wait ({low:.0f} to {high:.0f} %)")


@pytest.mark.parametrize(
    ("system", "why"),
    [
        ({"max_batch_size": 1, "concurrency": 1}, "how times vary from one to the next"),
        ({"max_batch_size": 16, "request_rate": 40}, "the wait for a batch under way"),
        ({"max_batch_size": 16, "request_rate": 500}, "but not more than any such system has"),
    ],
)
def test_none_says_why_none(system, why):
    found = explain_tail(simulate(Service(5.0, 1.0, 0.03), 0, 20_000, **system))
    assert found.cause is None
    assert "None stands out of wait limit, queue, spikes, host pauses and mixed batch sizes: " in found.sentence()
    assert why in found.sentence()


def test_none_of_many_is_told_in_words():
    for number in range(12):
        found = explain_tail(made(nothing, number, 4000))
        assert "none stands out" in found.sentence().lower()
        assert "nan" not in found.sentence()


def test_a_reason_from_a_file_stays_one_short_line():
    import pandas as pd

    point = pd.Series({"mode": "serving", "status": "failed", "reason": "<script>\n" + "x" * 5000})
    said = why_nothing(point, 0, 0.99)
    assert "\n" not in said
    assert len(said) < _LONGEST_REASON + 120
