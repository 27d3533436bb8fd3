"""What two readings say about the cores, and what follows: laws on scripted readings."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.timing.host_counters import HostReading
from tradeoff.timing.host_load import BUSY, STOLEN, THROTTLED, HostLoad, between, disturbances, together

SHARES = st.floats(0, 1)


def load(wall_s: float = 0.2, cores: int = 2, *, foreign: float = 0.0, own: float = 1.0, **more: float) -> HostLoad:
    """Cores' use, in cores; what is left over is idle."""
    seconds = {f"{name}_s": value * wall_s for name, value in more.items()}
    steal = more.get("steal", 0.0)
    return HostLoad(
        **{"wait_s": 0.0, "steal_s": 0.0, "throttled_s": 0.0}
        | {
            "wall_s": wall_s,
            "capacity_s": cores * wall_s,
            "counted_s": cores * wall_s,
            "own_s": own * wall_s,
            "idle_s": (cores - own - foreign - steal) * wall_s,
        }
        | seconds
    )


def test_cores_that_our_threads_put_to_sleep_and_wake_are_not_called_others():
    # Two threads that take turns at the interpreter's lock: 18 000 sleeps a second, each charged to nobody for 16 us.
    quiet = replace(load(foreign=0.29, own=1.1), voluntary=0.2 * 18_000)
    assert quiet.foreign_s == 0.0
    assert disturbances(quiet) == ()
    beside_others = replace(load(foreign=1.0, own=0.9, wait=0.6), voluntary=0.2 * 18_000)
    assert disturbances(beside_others) == (BUSY,)


def test_waking_explains_nothing_where_threads_waited_though_each_had_a_core():
    # The same two threads, beside a process that computes a third of the time.
    waking = {"voluntary": 0.2 * 18_000, "callers": 2}
    waited = replace(load(foreign=0.45, own=1.2, wait=0.14), **waking)
    assert waited.waited_for_others
    assert waited.foreign_share == pytest.approx(0.225)
    assert disturbances(waited) == (BUSY,)
    # Three threads on two cores wait for each other.
    assert not replace(waited, callers=3).waited_for_others
    assert disturbances(replace(waited, callers=3)) == ()
    # So do those whose own pools keep more threads running than there are cores.
    crowded = replace(load(foreign=0.09, own=1.78, wait=0.82), **waking)
    assert not crowded.waited_for_others
    assert disturbances(crowded) == ()


def test_stretches_together_have_the_callers_of_the_largest():
    found = together([replace(load(foreign=0.0, own=1.0), callers=callers) for callers in (1, 4)])
    assert found is not None
    assert found.callers == 4


def test_a_difference_is_what_passed():
    counted = {"idle_s": 5.0, "free_s": 5.0, "counted_s": 20.0, "steal_s": 1.0, "own_s": 3.0, "wait_s": 0.5}
    passed = {"idle_s": 1.0, "free_s": 1.0, "counted_s": 4.0, "steal_s": 0.2, "own_s": 2.0, "wait_s": 0.2}
    before = HostReading(at_ns=10**9, cores=2, **counted)
    after = HostReading(at_ns=3 * 10**9, cores=2, **{name: counted[name] + passed[name] for name in counted})
    found = between(before, after)
    assert (found.wall_s, found.capacity_s) == (2.0, 4.0)
    assert found.foreign_s == pytest.approx(4.0 - 1.0 - 0.2 - 2.0)
    assert found.foreign_share == pytest.approx(0.2)
    assert found.steal_share == pytest.approx(0.05)
    assert found.idle_cores == pytest.approx(0.5)
    assert math.isnan(found.pressure_s)


@given(SHARES, SHARES, SHARES, st.integers(1, 128))
def test_what_others_take_is_found_again(foreign, own, steal, cores):
    parts = [part * cores / 3 for part in (foreign, own, steal)]
    found = load(cores=cores, foreign=parts[0], own=parts[1], steal=parts[2])
    assert found.foreign_share == pytest.approx(foreign / 3, abs=1e-9)
    assert found.steal_share == pytest.approx(steal / 3, abs=1e-9)


@given(st.lists(st.tuples(st.floats(0.01, 1), SHARES), min_size=1, max_size=20))
def test_stretches_add_up(parts):
    loads = [load(wall_s, foreign=foreign) for wall_s, foreign in parts]
    whole = together(loads)
    assert whole is not None
    assert whole.foreign_s == pytest.approx(sum(wall_s * foreign for wall_s, foreign in parts))
    assert whole.wall_s == pytest.approx(sum(wall_s for wall_s, _ in parts))


def test_nothing_adds_up_to_nothing():
    assert together([]) is None


def test_a_quiet_machine_is_quiet():
    assert disturbances(load()) == ()
    assert disturbances(load(foreign=0.06)) == ()  # housekeeping


@pytest.mark.parametrize("cores", [1, 2, 8, 64])
def test_others_that_take_a_fifth_of_the_cores_are_seen(cores):
    assert disturbances(load(cores=cores, foreign=0.2 * cores, own=0.5)) == (BUSY,)


def test_one_process_among_many_cores_matters_only_where_it_takes_a_core_from_us():
    assert disturbances(load(cores=64, foreign=1.0)) == ()
    assert disturbances(load(cores=64, foreign=1.0, wait=0.5)) == (BUSY,)


@given(st.floats(0.1, 50))
def test_threads_of_ours_that_wait_for_each_other_are_nobody_elses_doing(wait):
    assert disturbances(load(own=2.0, wait=wait)) == ()


@given(st.floats(0.02, 0.5), st.floats(-1, 1), st.integers(1, 64))
def test_what_may_be_rounding_is_nothing(wall_s, rounding, cores):
    """Idle time comes in steps of 10 ms: a difference is off by up to one for each core, over cores by their root."""
    off = rounding * 0.010 * math.sqrt(cores) / wall_s
    assert disturbances(load(wall_s, cores, foreign=off, own=0.5, wait=1.0)) == ()


def test_the_hypervisor_and_the_quota_are_told_apart():
    assert disturbances(load(steal=0.5)) == (STOLEN,)
    assert disturbances(load(throttled=0.5)) == (THROTTLED,)


@given(SHARES, SHARES)
def test_more_taken_is_never_less_busy(one, other):
    low, high = sorted((one, other))
    assert len(disturbances(load(foreign=low))) <= len(disturbances(load(foreign=high)))


@pytest.mark.parametrize("missing", ["idle_s", "own_s", "counted_s"])
def test_what_is_not_known_is_not_busy_and_not_clean(missing):
    found = HostLoad(**{**vars(load(foreign=1.0)), missing: math.nan})
    assert disturbances(found) == ()
    assert math.isnan(found.foreign_share)


def test_a_system_that_counts_nothing_knows_nothing():
    silent = HostLoad(wall_s=0.2, capacity_s=0.4, idle_s=0.0, counted_s=0.0, own_s=0.2, steal_s=0.0)
    assert not silent.is_accounted
    assert math.isnan(silent.foreign_share)
    assert math.isnan(silent.idle_cores)


def test_cores_that_came_or_went_in_between_leave_it_unknown():
    before = HostReading(at_ns=0, cores=2, idle_s=1.0, counted_s=2.0, own_s=0.0)
    after = HostReading(at_ns=10**9, cores=4, idle_s=2.0, counted_s=6.0, own_s=1.0)
    assert math.isnan(between(before, after).foreign_share)


def test_the_clock_is_weighted_by_length():
    seen = ((1, 3000), (3, 1000), (9, math.nan))
    loads = [HostLoad(wall_s=wall_s, capacity_s=1, clock_mhz=mhz) for wall_s, mhz in seen]
    whole = together(loads)
    assert whole is not None
    assert whole.clock_mhz == pytest.approx(1500)
