"""What became of requests to a server outside, as rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.serving.laws import keeps_the_laws
from tradeoff.frames import validate_samples
from tradeoff.serving.loads import Poisson
from tradeoff.serving.outside.caller import Asked, takes_number
from tradeoff.serving.outside.record import row_of, samples_of, window_and_growth
from tradeoff.serving.policy import Policy
from tradeoff.serving.systems import System
from tradeoff.serving.window import in_phases

MS, N = 1_000_000, 2000


def rows(answer_ms, *, status="ok", n=N):
    """One request a ms; `answer_ms` says when each is answered."""
    due = np.arange(n) * MS
    return [
        Asked(number, int(due[number]), int(due[number]), int(answer_ms(number) * MS), status) for number in range(n)
    ]


def row(asked, *, not_sent=(), under_way=None, until=N * MS):
    caller = SimpleNamespace(rows=asked, not_sent=list(not_sent), under_way=under_way or {}, pauses=[], error="oh")
    system = System(policy=Policy(), load=Poisson(), request_rate_rps=1000.0)
    samples = samples_of(caller, "point")
    window, grows = window_and_growth(samples, system, until)
    samples = in_phases(samples, window)
    validate_samples(samples)
    found = row_of(samples, caller, system, window, grows=grows, timeout_s=3.0)
    keeps_the_laws(found, samples)
    return found | {"samples": samples}


def test_who_answers_in_time_keeps_up():
    found = row(rows(lambda number: number + 20))
    assert found["status"] == "budget"
    assert found["latency_p50_ms"] == pytest.approx(20.0)
    assert found["throughput_rps"] == pytest.approx(1000.0, rel=0.02)


def test_long_answers_that_do_not_grow_are_no_backlog():
    assert row(rows(lambda number: number + 700))["status"] == "budget"


def test_answers_that_fall_behind_are():
    found = row(rows(lambda number: 1.5 * number + 5))
    assert found["status"] == "saturated"
    assert "they pile up" in found["reason"]
    assert "latency_p99_ms" not in found


def test_some_that_time_out_are_counted_and_most_pile_up():
    fine = rows(lambda number: number + 20)
    some = [one._replace(status="timeout", done=one.due + 3000 * MS) if one.number % 5 == 0 else one for one in fine]
    found = row(some)
    assert (found["status"], found["n_errors"]) == ("budget", 360)
    assert found["reason"].startswith("360 requests failed, 360 of them timed out (timeout_s=3): oh; p99 is ")
    most = [one._replace(status="timeout", done=one.due + 3000 * MS) if one.number % 5 else one for one in fine]
    assert row(most)["status"] == "saturated"


def test_what_was_never_sent_is_in_the_system_and_says_whose_fault_it_was():
    asked = rows(lambda number: number + 20)[:1000]
    found = row(asked, not_sent=[(number, number * MS) for number in range(1000, 1990)], under_way={1990: (5, 6)})
    assert found["n_in_system"] == 991
    assert found["status"] == "saturated"
    assert "this generator fell behind, and never sent 990" in found["reason"]
    assert len(found["samples"]) == 1991, "nobody is lost"
    nobody = row(asked[:100], not_sent=[(number, number * MS) for number in range(1000, 1990)])
    assert (nobody["status"], nobody["n"]) == ("failed", 0)
    assert "this generator fell behind" in nobody["reason"]


@pytest.mark.parametrize(
    ("send", "takes"),
    [(lambda number: None, True), (lambda: None, False), (lambda *all: None, True), (lambda number=1: None, True),
     (print, True)],
)  # fmt: skip
def test_functions_are_given_what_they_take(send, takes):
    assert takes_number(send) is takes
