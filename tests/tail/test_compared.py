import numpy as np
import pytest

from tests.tail.planted import PLANTED, made
from tradeoff.frames import STAGES
from tradeoff.tail.batches import batches_of
from tradeoff.tail.causes import parts_by_cause
from tradeoff.tail.compared import ALL_CAUSES, LATENCY, ORDINARY, Compared
from tradeoff.tail.requests import requests_of
from tradeoff.tail.waiting import waiting_of


def compared(run, q=0.99):
    requests = requests_of(run.samples)
    batches = batches_of(requests)
    waiting = waiting_of(requests, batches, workers=1, usual_ms=5.0)
    return Compared.between(requests, batches, parts_by_cause(requests, batches, waiting, 0.3), q)


def test_parts_have_means_that_make_up_the_latency():
    found = compared(made(PLANTED["queue"], 0, 3000))
    for names in (STAGES, ALL_CAUSES):
        for mean in (found.around, found.tail, found.more):
            assert sum(map(mean, names)) == pytest.approx(mean(LATENCY))
    assert found.cause(*ALL_CAUSES).extra_ms == pytest.approx(found.more(LATENCY))
    assert found.cause(*ALL_CAUSES)[2:] == pytest.approx((1.0, 1.0, 1.0))
    assert found.ends(LATENCY)[0] < found.more(LATENCY) < found.ends(LATENCY)[1]
    assert found.tail(ORDINARY) > 0


def test_traits_are_what_varies_and_somebody_has():
    run = made(PLANTED["spikes"], 1, 3000)
    rare = np.arange(len(run.samples)) == 0  # a label that neither group has, and one that all have
    run.samples["label"] = np.where(rare, "odd;all", "all")
    names = [trait.trait for trait in compared(run).traits()]
    assert "waiting at arrival" in names
    assert "output tokens" not in names
    assert "label all" not in names
    assert "label odd" not in names


def test_a_trait_s_interval_is_of_the_difference():
    (trait,) = [one for one in compared(made(PLANTED["queue"], 0, 3000)).traits() if one.trait == "waiting at arrival"]
    assert trait.difference_lo < trait.tail - trait.median < trait.difference_hi
