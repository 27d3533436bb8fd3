"""Whether a scripted machine is quiet, and how that is said."""

from __future__ import annotations

import math

import pytest

from tradeoff.timing.fake import FakeHost, FakeRunner
from tradeoff.timing.quiet import LOOK_S, State, look

from .test_host_load import load


def seen(**does: float) -> State:
    runner = FakeRunner(duration_ns=lambda slot, call: 1)

    def sleep(seconds: float) -> None:
        runner.now_ns += int(seconds * 1e9)

    return look(FakeHost(runner, lambda stretch: does), sleep=sleep)


def test_a_quiet_machine_is_said_to_be_quiet() -> None:
    state = seen(foreign=0.02)
    assert state.load.wall_s == pytest.approx(LOOK_S)
    assert state.not_quiet() == ""
    assert state.quiet() == "quiet: other processes take 1 % of the cores' time"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ({"foreign": 1.0}, "other processes take 50 % of the cores' time"),
        ({"steal": 0.5}, "the hypervisor takes 25 % of the cores' time"),
        ({"throttled": 0.5}, "the control group's quota holds threads back"),
    ],
)
def test_what_else_there_is_to_do_is_said(does, said: str) -> None:
    assert seen(**does).not_quiet().startswith(said)


def test_the_load_average_is_said_where_the_system_has_one() -> None:
    assert State(load(foreign=1.0), 2.13).not_quiet().endswith("(load average 2.1)")
    assert "average" not in State(load(foreign=1.0)).not_quiet()


def test_what_nobody_knows_is_neither_quiet_nor_busy() -> None:
    state = seen(own=math.nan)
    assert state.is_unknown
    assert state.not_quiet() == ""
    assert state.quiet().startswith("unknown")
