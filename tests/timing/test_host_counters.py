"""What Linux counts, read from made-up files; and this machine's own."""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path

import pytest

from tradeoff.timing.cgroup import throttled_s, throttling_files
from tradeoff.timing.host_counters import (
    LinuxCounters,
    PsutilCounters,
    cores_in,
    host_counters,
    pressure_s,
    with_siblings,
)
from tradeoff.timing.host_load import between
from tradeoff.timing.own_time import OwnTime

STAT = b"""cpu  999 0 0 999 0 0 0 0 0 0
cpu0 100 10 20 1000 5 1 2 30 7 0
cpu1 200 0 20 2000 0 0 0 0 0 0
cpu12 1 1 1 1 1 1 1 1 0 0
intr 5 0 0
cpu3 not a core
"""
TICK = 1 / os.sysconf("SC_CLK_TCK")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what Unix counts")


def test_cores_are_summed_up_and_waiting_for_a_disk_is_idle():
    cores, idle, steal, counted = cores_in(STAT, frozenset({0}))
    assert cores == 1
    assert (idle, steal) == (pytest.approx(1005 * TICK), pytest.approx(30 * TICK))
    assert counted == pytest.approx(1168 * TICK)  # a guest's time is in the user's already
    assert cores_in(STAT, frozenset({0, 1}))[0] == 2


@pytest.mark.parametrize("stat", [b"", b"nothing", b"cpu0 a b\n", b"cpu7 1 2 3 4 5 6 7 8\n"])
def test_what_says_nothing_of_the_cores_is_unknown(stat):
    cores, *seconds = cores_in(stat, frozenset({0}))
    assert cores == 0
    assert all(map(math.isnan, seconds))


def test_pressure_is_in_microseconds():
    assert pressure_s(b"some avg10=1.0 avg60=0 avg300=0 total=2500000\nfull avg10=0 total=9\n") == 2.5
    assert math.isnan(pressure_s(b""))
    assert math.isnan(pressure_s(b"some total=x"))


def test_siblings_belong_to_a_core(tmp_path: Path):
    for core, text in ((0, "0,64\n"), (1, "1-2\n"), (3, "nonsense")):
        (tmp_path / f"cpu{core}/topology").mkdir(parents=True)
        (tmp_path / f"cpu{core}/topology/thread_siblings_list").write_text(text)
    assert with_siblings(frozenset({0, 1}), tmp_path) == {0, 1, 2, 64}
    assert with_siblings(frozenset({3, 9}), tmp_path) == {3, 9}


def test_an_idle_sibling_is_watched_and_not_free(tmp_path: Path):
    """Pinned to one core: its sibling takes half of it away, and cannot be used."""
    (tmp_path / "stat").write_bytes(STAT)
    (tmp_path / "devices/system/cpu/cpu0/topology").mkdir(parents=True)
    (tmp_path / "devices/system/cpu/cpu0/topology/thread_siblings_list").write_text("0-1")
    counters = LinuxCounters(proc=tmp_path, sys_folder=tmp_path, cores=frozenset({0}))
    reading = counters.read()
    counters.close()
    assert reading.cores == 2
    assert reading.idle_s == pytest.approx(3005 * TICK)
    assert reading.free_s == pytest.approx(1005 * TICK)


def group(folder: Path, *, quota: str, stat: str = "nr_throttled 3\nthrottled_usec 1500000\n") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.stat").write_text(stat)
    (folder / "cpu.max").write_text(quota)


def test_the_quota_of_each_group_around_counts(tmp_path: Path):
    mount = tmp_path / "fs/cgroup"
    group(mount, quota="max 100000")
    group(mount / "a", quota="50000 100000")
    group(mount / "a/b", quota="max 100000")
    (tmp_path / "cgroup").write_text("0::/a/b\n")
    files = throttling_files(tmp_path / "cgroup", tmp_path)
    assert files == [mount / "a/cpu.stat"]
    assert throttled_s(files[0].read_bytes()) == 1.5


def test_inside_a_container_the_mount_is_the_group(tmp_path: Path):
    group(tmp_path / "fs/cgroup", quota="200000 100000")
    (tmp_path / "cgroup").write_text("0::/../../docker/abc\n")
    assert throttling_files(tmp_path / "cgroup", tmp_path) == [tmp_path / "fs/cgroup/cpu.stat"]


def test_the_first_version_of_control_groups_counts_nanoseconds(tmp_path: Path):
    folder = tmp_path / "fs/cgroup/cpu,cpuacct/docker/x"
    folder.mkdir(parents=True)
    (folder / "cpu.stat").write_text("nr_periods 9\nnr_throttled 2\nthrottled_time 2500000000\n")
    (folder / "cpu.cfs_quota_us").write_text("150000\n")
    (tmp_path / "cgroup").write_text("4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n")
    (file,) = throttling_files(tmp_path / "cgroup", tmp_path)
    assert throttled_s(file.read_bytes()) == 2.5
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    assert throttling_files(tmp_path / "cgroup", tmp_path) == []


def test_groups_that_cannot_be_read_are_unknown(tmp_path: Path):
    assert throttling_files(tmp_path / "absent", tmp_path) is None
    assert math.isnan(throttled_s(b""))


def test_a_system_without_files_is_unknown_all_over(tmp_path: Path):
    counters = LinuxCounters(proc=tmp_path, sys_folder=tmp_path, cores=frozenset({0}))
    reading = counters.read()
    counters.close()
    for name in ("idle_s", "steal_s", "counted_s", "wait_s", "pressure_s", "throttled_s", "clock_mhz"):
        assert math.isnan(getattr(reading, name)), name
    assert math.isnan(between(reading, reading).foreign_share)


def test_the_clock_of_a_core_is_read_where_there_is_one(tmp_path: Path):
    folder = tmp_path / "devices/system/cpu/cpu0/cpufreq"
    folder.mkdir(parents=True)
    (folder / "scaling_cur_freq").write_text("2500000\n")
    times = iter([0, 1, 10**9])
    counters = LinuxCounters(proc=tmp_path, sys_folder=tmp_path, cores=frozenset({0}), clock=lambda: next(times))
    assert counters.read().clock_mhz == 2500.0
    (folder / "scaling_cur_freq").write_text("1000000\n")
    assert counters.read().clock_mhz == 2500.0  # not asked again at once
    assert counters.read().clock_mhz == 1000.0
    counters.close()


def test_waiting_adds_up_over_threads_that_come_and_go(tmp_path: Path):
    task = tmp_path / "self/task"
    for tid, waited in ((1, 5), (2, 7)):
        (task / str(tid)).mkdir(parents=True)
        (task / str(tid) / "schedstat").write_text(f"100 {waited}000000000 3\n")
    own = OwnTime(str(tmp_path))
    first = own.read(0).wait_s
    (task / "1/schedstat").write_text("100 6000000000 3\n")
    (task / "2/schedstat").unlink()
    (task / "3").mkdir()
    (task / "3/schedstat").write_text("100 2000000000 3\n")
    assert own.read(1).wait_s - first == pytest.approx(3.0)


def test_children_are_ours(tmp_path: Path):
    (tmp_path / "self/task/1").mkdir(parents=True)
    (tmp_path / "self/task/1/children").write_text("71 ")
    (tmp_path / "71/task/71").mkdir(parents=True)
    (tmp_path / "71/task/71/children").write_text("72\n")
    for pid, ticks in ((71, 100), (72, 200)):
        (tmp_path / str(pid)).mkdir(exist_ok=True)
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a (b) c) S {'0 ' * 10}{ticks} 0 0 0 20 0\n")
    own = OwnTime(str(tmp_path))
    before = own.read(0).cpu_s
    (tmp_path / "72/stat").write_text(f"72 (x) S {'0 ' * 10}500 0 0 0 20 0\n")
    assert own.read(1).cpu_s - before == pytest.approx(300 * TICK, abs=0.1)


@pytest.mark.parametrize("make", [host_counters, PsutilCounters])
def test_this_machine_counts_what_this_process_uses(make):
    counters = make()
    before = counters.read()
    began = time.process_time()
    while time.process_time() - began < 0.05:
        pass
    found = between(before, counters.read())
    counters.close()
    assert found.own_s >= 0.049
    assert found.wall_s > 0


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux counts")
def test_the_time_of_a_child_that_runs_is_ours():
    counters = host_counters()
    child = os.fork()
    if child == 0:  # spins until it has used a tenth of a second, then ends
        while time.process_time() < 1e9 and sum(os.times()[:2]) < 0.1:
            pass
        os._exit(0)
    before = counters.read()
    os.waitpid(child, 0)
    found = between(before, counters.read())
    counters.close()
    assert found.own_s >= 0.05
