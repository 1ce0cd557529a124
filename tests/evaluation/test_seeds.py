"""A gap between two methods, seed by seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dgnet_lite.evaluation.seeds import by_row, gains_over, half_width, paired_gain, seeds_needed

NEW, OLD = {0: 71.0, 1: 83.0, 2: 92.0}, {2: 90.0, 0: 70.0, 1: 80.0}


def test_differences_of_one_two_and_three_by_hand():
    gain = paired_gain(NEW, OLD)
    assert gain[:3] == pytest.approx((2, 1, 1 / math.sqrt(3)))
    assert (gain.low, gain.high) == pytest.approx((2 - 2.484138, 2 + 2.484138))


def test_the_interval_is_that_of_scipys_paired_test():
    rng = np.random.default_rng(0)
    new, old = (dict(enumerate(rng.normal(size=7))) for _ in range(2))
    found = stats.ttest_rel(list(new.values()), list(old.values())).confidence_interval(0.9)
    assert paired_gain(new, old, level=0.9)[3:5] == pytest.approx((found.low, found.high))


def test_a_seed_that_one_side_lacks_does_not_count():
    assert paired_gain(NEW | {7: 0.0}, OLD | {9: 0.0}) == paired_gain(NEW, OLD)


def test_one_seed_has_a_mean_and_nothing_else():
    gain = paired_gain({3: 5.0}, {3: 4.0})
    assert (gain.mean, gain.seeds) == (1, 1)
    assert np.isnan(gain[1:5]).all()


def test_no_seed_in_common_is_refused_with_both_lists():
    with pytest.raises(ValueError, match=r"\[0\] and \[1\]"):
        paired_gain({0: 1.0}, {1: 1.0})


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        paired_gain(NEW, OLD, level=level)


def test_a_true_gap_lies_in_the_interval_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.normal(1.0, 2.0, (2000, 3))
    inside = [
        g.low <= 1 <= g.high for d in draws if (g := paired_gain(dict(enumerate(d)), dict.fromkeys(range(3), 0.0)))
    ]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("gap", "sd", "seeds"), [(1.0, 1.0, 7), (-1.0, 1.0, 7), (3.0, 1.0, 3), (10.0, 1.0, 2), (2.0, 2.0, 7)]
)
def test_the_seeds_that_a_gap_needs(gap, sd, seeds):
    assert seeds_needed(gap, sd) == seeds
    assert seeds == 2 or half_width(sd, seeds - 1) >= abs(gap)


def test_no_gap_is_never_shown():
    with pytest.raises(ValueError, match="not shown by 50 seeds"):
        seeds_needed(0.0, 1.0, most=50)


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="two or more"):
        half_width(1.0, 1)


def test_results_by_seed_become_percent_by_row():
    results = {4: {"a": {"mAP": 0.5}, "labels": {"i": 1.0}}, 5: {"a": {"mAP": 0.25}, "b": {"mAP": 1.0}}}
    assert by_row(results) == {"a": {4: 50, 5: 25}, "b": {5: 100}}


def test_gains_are_taken_seed_by_seed_whatever_comes_first():
    quality = {"base": {0: {"both": {"mAP": 0.5}}}, "new": {0: {"both": {"mAP": 0.75}}, 1: {"both": {"mAP": 0.9}}}}
    assert gains_over(quality, "base") == {"base": {0: 0}, "new": {0: 25}}
    rows = {0: {"base": {"mAP": 0.5}, "new": {"mAP": 0.75}}}
    assert gains_over(rows, "base", by="row") == {"base": {0: 0}, "new": {0: 25}}


def test_nothing_has_no_gains_and_a_missing_base_is_named():
    assert gains_over({}, "base") == {}
    with pytest.raises(ValueError, match="no 'base' among new"):
        gains_over({"new": {0: {"both": {"mAP": 0.5}}}}, "base")
