"""Failed swaps: judged where they had to change something, and counted by what they have in common."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.evaluation.failures import ENOUGH, failure_rates, swap_errors, worst

H, W = 8, 4


def grey(*levels: int) -> np.ndarray:
    """Plain grey images, uint8 (N, H, W, 3)."""
    return np.broadcast_to(np.array(levels, np.uint8)[:, None, None, None], (len(levels), H, W, 3)).copy()


@pytest.fixture
def clothes() -> np.ndarray:
    mask = np.zeros((1, H, W), bool)
    mask[:, 2:6] = True
    return mask


@pytest.mark.parametrize(("made", "ratio"), [(200, 0.0), (100, 1.0), (150, 0.5), (50, 1.5)])
def test_the_ratio_is_the_error_over_that_of_changing_nothing(clothes, made, ratio):
    row = swap_errors(grey(made), grey(200), grey(100), clothes).iloc[0]
    assert row["ratio"] == pytest.approx(ratio)
    assert row["copy_error"] == pytest.approx(100 / 255)
    assert row["changed"] == 1


def test_only_garments_that_had_to_change_count(clothes):
    true, copied = grey(200), grey(100)
    true[:, 4:6] = copied[:, 4:6] = 170  # the lower half of the clothes is as it was
    made = true.copy()
    made[:, :2] = made[:, 4:] = 0  # wrong, but not where something had to change
    row = swap_errors(made, true, copied, clothes).iloc[0]
    assert (row["ratio"], row["changed"]) == (0, 0.5)


def test_a_swap_with_too_little_to_change_is_not_judged(clothes):
    true, copied = grey(200, 200), grey(100, 200)
    copied[1, 2, 0] = 0  # one pixel of sixteen
    table = swap_errors(grey(150, 150), true, copied, np.repeat(clothes, 2, axis=0))
    assert table["ratio"].isna().tolist() == [False, True]
    assert table["changed"][1] == pytest.approx(1 / 16)
    assert ENOUGH > 1 / 16


def test_people_in_the_same_clothes_cannot_be_judged(clothes):
    with pytest.raises(ValueError, match="no swap has enough to change: give pairs of people in different clothes"):
        swap_errors(grey(150), grey(200), grey(200), clothes)


def test_the_worst_are_a_share_of_those_that_were_judged():
    failed = worst([0.1, 0.9, np.nan, 0.5, 0.2, np.nan], share=0.25)
    assert failed.tolist() == [False, True, False, False, False, False]


@pytest.mark.parametrize("share", [0.0, 1.0, 10.0])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        worst([0.1, 0.9], share)


def rates(failed, groups, values=("plain",) * 4 + ("dots",) * 4):
    return failure_rates({"pattern": values}, failed, groups)


def test_failures_are_counted_by_value_the_most_frequent_first():
    table = rates([1, 0, 0, 0, 1, 1, 0, 1], range(8))
    assert table.loc["pattern"].index.tolist() == ["dots", "plain"]
    assert table[["failed", "swaps", "groups"]].to_numpy().tolist() == [[3, 4, 4], [1, 4, 4]]
    assert table["rate"].tolist() == [0.75, 0.25]


def test_the_interval_of_a_rate_holds_it_and_is_open_to_doubt():
    table = rates([1, 0, 0, 0, 1, 1, 0, 1], range(8))
    assert (table["low"] < table["rate"]).all()
    assert (table["rate"] < table["high"]).all()


def test_alike_groups_leave_no_doubt():
    table = rates([1, 0] * 4, [0, 0, 1, 1, 2, 2, 3, 3], ("plain",) * 8)
    assert table[["low", "rate", "high"]].to_numpy().tolist() == [[0.5, 0.5, 0.5]]


def test_the_interval_is_wider_where_swaps_of_one_group_fail_together():
    failed, values = [1] * 8 + [0] * 24, ("plain",) * 32
    alone, together = (rates(failed, np.arange(32) // size, values).iloc[0] for size in (1, 8))
    assert together["high"] - together["low"] > alone["high"] - alone["low"]


def test_two_groups_say_nothing_of_the_next():
    assert rates([1, 0] * 4, [0] * 4 + [1] * 4, ("plain",) * 8)[["low", "high"]].isna().all(axis=None)


def test_values_of_another_number_of_swaps_are_refused():
    with pytest.raises(ValueError, match="pattern: 8 values, 3 swaps and 3 groups differ"):
        rates([1, 0, 1], range(3))
