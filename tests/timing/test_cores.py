from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.timing.cores import cores_for, held_to
from tradeoff.timing.host import HostRunner


@given(st.integers(1, 64), st.frozensets(st.integers(0, 127), max_size=64))
def test_every_slot_has_as_many_cores_of_its_own(slots: int, available: frozenset[int]) -> None:
    places = cores_for(slots, available=available)
    assert len(places) == slots
    if len(available) < slots:
        assert places == [None] * slots
        return
    dealt = [core for place in places for core in place or ()]
    assert len(set(dealt)) == len(dealt) == slots * (len(available) // slots)
    assert set(dealt) <= available


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux says where a thread may run")
def test_slots_stay_on_their_cores_and_the_thread_goes_back() -> None:
    before = os.sched_getaffinity(0)
    seen: list[list[frozenset[int]]] = [[], []]
    calls = [lambda slot=slot: seen[slot].append(frozenset(os.sched_getaffinity(0))) for slot in range(2)]
    runner = HostRunner(pinned=True)
    block = runner.run(calls, max_calls=20, duration_ns=10**9)
    runner.close()
    assert block.error is None
    assert [set(places) for places in seen] == [{place or frozenset(before)} for place in cores_for(2)]
    assert os.sched_getaffinity(0) == before


def test_a_thread_that_is_not_to_be_held_is_left_alone() -> None:
    with held_to(None):
        pass
    seen = []
    HostRunner().run([lambda: seen.append(len(seen)) or True], max_calls=3, duration_ns=10**9)
    assert seen == [0, 1, 2]
