import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeoff.stats.quantiles import quantile_ranks
from tradeoff.stats.sample_size import GOOD, samples_needed


@pytest.mark.parametrize(
    ("p", "exists", "good"), [(0.5, 6, 33), (0.9, 36, 180), (0.95, 72, 364), (0.99, 368, 1835), (0.999, 3688, 18387)]
)
def test_the_table_of_the_design(p, exists, good):
    assert samples_needed(p) == exists
    assert samples_needed(p, above=GOOD) == good


def test_the_counts_of_mlperf():
    """LoadGen's early stopping: 99 % one-sided, none, one and ten over the limit."""
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
