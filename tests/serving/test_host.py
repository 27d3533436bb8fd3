"""Rows of served and driven requests say what became of the cores: scripted machines, and requests at known times."""

from __future__ import annotations

import asyncio
import math
import time

import numpy as np
import pytest

import tradeoff
from tests.serving.tokens.test_serve import Own
from tests.timing.test_host_load import load
from tradeoff.audit import audit
from tradeoff.frames import make_samples, validate_points, validate_samples
from tradeoff.serving.host import host_of, labelled, say_if_not_quiet
from tradeoff.serving.outside.generator import why_bound
from tradeoff.serving.window import Window
from tradeoff.timing.host_counters import HostReading
from tradeoff.timing.host_watch import Slice
from tradeoff.timing.quiet import State

S = 1_000_000_000
WINDOW = Window(0, S)


def served(n=100, *, label=None):
    """One request every 10 ms, each served within 5."""
    due = np.arange(n) * 10_000_000
    columns = {"seq": np.arange(n), "scheduled_ns": due, "done_ns": due + 5_000_000, "latency_ns": 5_000_000}
    return make_samples(
        {**columns, "point_id": "p", "replicate": 0, "phase": "measure", "status": "ok", "label": label}
    )


def slices(*loads):
    """Slices of 200 ms, one after the other."""
    return [Slice(at * S // 5, (at + 1) * S // 5, one) for at, one in enumerate(loads)]


QUIET, BUSY = load(own=0.5), load(own=0.5, foreign=1.5, wait=0.5)


def test_a_quiet_machine_leaves_no_mark():
    columns, flags = host_of(served(), slices(*[QUIET] * 5), WINDOW, is_oversubscribed=False)
    assert flags == []
    assert columns["cores_used"] == pytest.approx(0.5)
    assert columns["foreign_load"] == columns["disturbed"] == 0.0
    assert columns["cpu_us_per_request"] == pytest.approx(1e6 * 0.5 / 100)
    assert labelled(served(), slices(*[QUIET] * 5))["label"].isna().all()


@pytest.mark.parametrize(
    ("kind", "flag"),
    [(BUSY, "machine_busy"), (load(own=0.5, steal=0.6), "cpu_stolen"), (load(throttled=0.3), "quota_throttled")],
)
def test_what_took_the_cores_in_one_slice_is_flagged_and_its_requests_labelled(kind, flag):
    seen = slices(QUIET, QUIET, kind, QUIET, QUIET)
    columns, flags = host_of(served(), seen, WINDOW, is_oversubscribed=False)
    assert flags == [flag]
    assert columns["disturbed"] == pytest.approx(0.2)
    label = labelled(served(label="gc"), seen)["label"]
    assert set(label[40:60]) == {f"gc;{flag}"}, "requests of the slice from 400 to 600 ms"
    assert set(label[:39]) == set(label[61:]) == {"gc"}


def test_requests_that_lost_their_core_are_flagged_where_threads_do_not_take_turns():
    samples = served(label="preempted")
    seen = slices(*[QUIET] * 5)
    assert host_of(samples, seen, WINDOW, is_oversubscribed=False)[1] == ["preempted_calls"]
    assert host_of(samples, seen, WINDOW, is_oversubscribed=True)[1] == []


def test_only_slices_of_the_window_count():
    later = Window(S // 5, S)
    assert host_of(served(), slices(BUSY, *[QUIET] * 4), later, is_oversubscribed=False)[1] == []
    assert host_of(served(), slices(QUIET, BUSY, *[QUIET] * 3), later, is_oversubscribed=False)[1] == ["machine_busy"]


def test_who_cannot_say_says_so():
    columns, flags = host_of(served(), slices(load(counted=0.0)), WINDOW, is_oversubscribed=False)
    assert flags == ["host_load_unknown"]
    assert math.isnan(columns["foreign_load"])
    assert host_of(served(), [], WINDOW, is_oversubscribed=False) == ({}, [])


class Scripted:
    """A machine in real time whose other processes take so many of two cores, and ours wait."""

    def __init__(self, foreign, wait=0.0):
        self._foreign, self._wait = foreign, wait

    def read(self):
        now = time.perf_counter_ns()
        idle, counted, waited = (cores * now / S for cores in (2.0 - self._foreign, 2.0, self._wait))
        return HostReading(
            at_ns=now, cores=2, idle_s=idle, free_s=idle, steal_s=0.0, counted_s=counted, own_s=0.0, wait_s=waited,
            involuntary=0.0, voluntary=0.0, pressure_s=0.0, throttled_s=0.0,
        )  # fmt: skip

    def close(self):
        """Nothing is open."""


def machine(monkeypatch, foreign, wait=0.0):
    monkeypatch.setattr("tradeoff.timing.host_watch.host_counters", lambda: Scripted(foreign, wait))


ASKED = {"request_rate": 300, "duration_s": 0.3, "progress": False}
COLUMNS = ["foreign_load", "cores_used", "steal", "core_wait", "involuntary_per_s", "cpu_pressure", "disturbed"]


def serve(**more):
    return tradeoff.serve(lambda batch: batch, max_batch_size=2, **ASKED | more)


def serve_tokens():
    return tradeoff.serve_tokens(Own(), prompt_tokens=4, output_tokens=4, max_batch_size=2, **ASKED)


@pytest.mark.parametrize("run", [serve, serve_tokens])
@pytest.mark.parametrize(("foreign", "flagged"), [(1.9, True), (0.02, False)])
def test_a_busy_machine_is_in_the_row_the_labels_and_the_audit(monkeypatch, run, foreign, flagged):
    machine(monkeypatch, foreign)
    found = run()
    validate_points(found.points)
    validate_samples(found.samples)
    row = found.points.iloc[0]
    assert row["foreign_load"] == pytest.approx(foreign / 2, rel=1e-3)
    assert row[COLUMNS].notna().all()
    assert ("machine_busy" in row["flags"]) == flagged
    assert row["disturbed"] == float(flagged)
    label = found.samples["label"][found.samples["status"].eq("ok") & found.samples["phase"].notna()].fillna("")
    assert label.str.contains("machine_busy").all() == label.str.contains("machine_busy").any() == flagged
    assert ("machine_busy" in audit(found)["check"].tolist()) == flagged


def test_what_a_server_may_be_is_no_flag_of_a_driven_row_and_a_lost_core_is(monkeypatch):
    async def answer():
        await asyncio.sleep(0.002)

    machine(monkeypatch, 1.9)
    row = tradeoff.drive(answer, **ASKED).points.iloc[0]
    assert row["foreign_load"] == pytest.approx(0.95, rel=1e-3)
    assert "machine_busy" not in row["flags"]
    machine(monkeypatch, 1.9, wait=0.4)
    row = tradeoff.drive(answer, **ASKED).points.iloc[0]
    assert "machine_busy" not in row["flags"]
    assert "generator_bound" in row["flags"]
    assert row["disturbed"] == 1.0
    assert "the generator waited for a core for 40 % of the time" in row["reason"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"wakeup_p99_ms": 0.1, "core_wait": 0.01}, ""),
        ({"wakeup_p99_ms": 0.1}, ""),
        ({"wakeup_p99_ms": 1.0, "core_wait": 0.01, "cores_used": 0.9}, "by the generator itself, which used 0.900"),
        ({"wakeup_p99_ms": 1.0, "core_wait": 0.5, "foreign_load": 0.8}, "waited for a core for 50 %"),
    ],
)
def test_why_a_generator_did_not_keep_up(row, said):
    found = why_bound(row, 10.0)
    assert (said in found) if said else not found
    assert ("ask for less" in found) == ("itself" in found), "asking for less does not bring a lost core back"


def test_the_first_line_says_that_the_machine_is_not_quiet(monkeypatch, capsys):
    monkeypatch.setattr("tradeoff.serving.host.look", lambda: State(BUSY))
    say_if_not_quiet("copy")
    assert "copy: the machine is not quiet: other processes take 75 % of the cores' time" in capsys.readouterr().err
    say_if_not_quiet("server", asks=True)
    assert "a server that runs here is part of that" in capsys.readouterr().err
    monkeypatch.setattr("tradeoff.serving.host.look", lambda: State(QUIET))
    say_if_not_quiet("copy")
    assert capsys.readouterr().err == ""


def test_the_last_line_says_which_points_were_measured_so(monkeypatch, capsys):
    monkeypatch.setattr("tradeoff.serving.host.look", lambda: State(QUIET))
    machine(monkeypatch, 1.9)
    serve(progress=True)
    assert "1 of 1 points was measured on a busy machine" in capsys.readouterr().err.splitlines()[-1]
