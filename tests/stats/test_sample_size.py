import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.stats.quantiles import quantile_ranks
from tradeoff.stats.sample_size import GOOD, samples_needed, samples_to_miss


@pytest.mark.parametrize(
    ("p", "exists", "good"), [(0.5, 6, 33), (0.9, 36, 180), (0.95, 72, 364), (0.99, 368, 1835), (0.999, 3688, 18387)]
)
def test_the_table_of_the_design(p, exists, good):
    assert samples_needed(p) == exists
    assert samples_needed(p, above=GOOD) == good


def test_the_counts_with_none_one_and_ten_over_the_limit_and_those_of_mlperf():
    assert [samples_needed(0.99, above=above) for above in (0, 1, 10)] == [368, 555, 1835]
    assert [samples_needed(0.99, above=above, alpha=0.02) for above in (0, 1, 10)] == [459, 662, 2010]


@settings(max_examples=40)
@given(percent=st.integers(1, 98), above=st.integers(0, 12), alpha=st.sampled_from([0.02, 0.05, 0.2]))
def test_it_is_the_first_n_that_is_enough(percent, above, alpha):
    p = percent / 100
    needed = samples_needed(p, above=above, alpha=alpha)
    for n, is_enough in ((needed - 1, False), (needed, True), (needed + 1, True), (2 * needed, True)):
        if n >= 1:
            lower, upper = quantile_ranks(n, p, alpha)
            assert (lower >= 1 and n - upper >= above) == is_enough


@pytest.mark.parametrize("wrong", [{"p": 0.0}, {"p": 1.0}, {"p": 0.5, "alpha": 0.0}, {"p": 0.5, "above": -1}])
def test_arguments_outside_their_range(wrong):
    with pytest.raises(ValueError, match="must"):
        samples_needed(**wrong)


@given(st.integers(0, 10), st.floats(1.0, 20.0))
def test_samples_that_depend_on_each_other_take_more(above, tau):
    alone, together = samples_needed(0.99, above=above), samples_needed(0.99, above=above, tau=tau)
    assert alone <= together <= 2 * tau * alone + 2 * tau


@pytest.mark.parametrize("share", [0.0, 0.005, 0.01])
def test_a_share_that_the_percentile_allows_never_misses(share):
    assert samples_to_miss(0.99, share) is None


@given(st.floats(0.02, 1.0))
def test_the_missing_is_shown_by_that_many_and_sooner_when_it_is_worse(share):
    n = samples_to_miss(0.99, share)
    assert n - int(share * n) < quantile_ranks(n, 0.99)[0]
    assert samples_to_miss(0.99, min(1.0, 2 * share)) <= n
