import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeoff.stats.enough import samples_to_meet, samples_to_miss
from tradeoff.stats.quantiles import quantile_ranks


@pytest.mark.parametrize(("over", "two_sided", "one_sided"), [(0, 368, 459), (1, 555, 662), (10, 1835, 2010)])
def test_the_counts_of_a_p99(over, two_sided, one_sided):
    assert samples_to_meet(0.99, over) == two_sided
    assert samples_to_meet(0.99, over, alpha=0.02) == one_sided


@given(st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]), st.integers(0, 40))
def test_one_sample_fewer_would_not_do(p, over):
    n = samples_to_meet(p, over)
    assert quantile_ranks(n, p)[1] <= n - over
    assert n == 1 or quantile_ranks(n - 1, p)[1] > n - 1 - over


@given(st.integers(0, 10), st.floats(1.0, 20.0))
def test_samples_that_depend_on_each_other_take_more(over, tau):
    alone, together = samples_to_meet(0.99, over), samples_to_meet(0.99, over, tau=tau)
    assert alone <= together <= 2 * tau * alone + 2 * tau


@pytest.mark.parametrize("share", [0.0, 0.005, 0.01])
def test_a_share_that_the_percentile_allows_never_misses(share):
    assert samples_to_miss(0.99, share) is None


@given(st.floats(0.02, 1.0))
def test_the_missing_is_shown_by_that_many_and_sooner_when_it_is_worse(share):
    n = samples_to_miss(0.99, share)
    assert n - int(share * n) < quantile_ranks(n, 0.99)[0]
    assert samples_to_miss(0.99, min(1.0, 2 * share)) <= n
