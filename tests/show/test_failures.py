"""Fig. 7: who is among the worst, in which order, and what is counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from dgnet_lite.show import failures
from dgnet_lite.show.failures import Judged, failure_bars, failure_cases, judge_swaps

PATTERNS = ["plain"] * 6 + ["logo"] * 4
RATIO = [0.5, 0.9, 0.3, np.nan, 0.6, 0.7, 1.4, 0.2, 0.8, 0.4]


@pytest.fixture
def judged(images) -> Judged:
    clothes = pd.DataFrame({"pattern": PATTERNS, "upper": ["red", "blue"] * 5})
    others = ("upper2", "pattern_scale", "lower", "lower2", "fabric", "shoes")
    clothes = clothes.assign(**{name: range(10) for name in others})  # ten outfits
    made = images(40).reshape(4, 10, 64, 32, 3)
    return Judged(*made, pd.DataFrame({"ratio": RATIO}), clothes, clothes)


def tile(picture, row: int, column: int) -> np.ndarray:
    """Rows are 3 pixels apart, and 7 beneath the second; columns 3."""
    canvas = np.asarray(picture.axes[0].images[0].get_array())
    y = row * 67 + (4 if row >= 2 else 0)
    return canvas[y : y + 64, column * 35 : column * 35 + 32]


def test_the_worst_come_first_and_what_was_not_judged_never(judged):
    assert judged.extremes(3).tolist() == [6, 1, 8]
    assert judged.extremes(2, best=True).tolist() == [7, 2]
    assert 3 not in judged.extremes(10)


def test_a_column_of_cases_is_one_swap_from_its_two_images_to_the_true_one(judged):
    picture = failure_cases(judged, failures=2, successes=1)
    for column, k in ((0, 7), (2, 6), (3, 1)):
        for row, part in enumerate((judged.x_i, judged.x_j, judged.generated, judged.true)):
            np.testing.assert_array_equal(tile(picture, row, column), part[k])


def test_the_cases_say_their_ratios_and_of_how_many_they_are(judged):
    picture = failure_cases(judged, failures=2, successes=1)
    columns = [label.get_text() for label in picture.axes[0].get_xticklabels()]
    assert columns == ["0.20", "", "1.40", "0.90"]
    assert "the 2 worst of 9 swaps" in picture.alt_text


def test_failures_are_counted_by_what_was_worn_among_the_judged(judged):
    rates = judged.rates()
    assert rates.loc["pattern to put on ($x_i$)"].loc["logo", ["failed", "swaps"]].tolist() == [1, 4]
    assert rates.loc["pattern to take off ($x_j$)"].loc["plain", ["failed", "swaps"]].tolist() == [0, 5]


def test_the_bars_are_the_rates_with_their_counts(judged):
    rates = judged.rates()
    picture = failure_bars(rates, 0.1)
    axes = picture.axes[0]
    assert [bar.get_width() for bar in axes.patches] == rates.loc["pattern to put on ($x_i$)"]["rate"].tolist()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["logo\n1 of 4", "plain\n0 of 5"]
    assert "logo most often, 1 of 4, plain least often, 0 of 5" in picture.alt_text


def test_a_network_that_changes_nothing_is_as_bad_as_nothing_everywhere(market, monkeypatch):
    monkeypatch.setattr(failures, "generate", lambda model, x_i, x_j: x_j)
    judged = judge_swaps(None, market, count=24)
    ratio = judged.errors["ratio"].dropna()
    assert len(ratio) > 12
    np.testing.assert_allclose(ratio, 1)


def test_the_true_swap_differs_from_x_j_in_the_clothes_alone(market, monkeypatch):
    monkeypatch.setattr(failures, "generate", lambda model, x_i, x_j: x_j)
    judged = judge_swaps(None, market, count=12)
    differs = (judged.true != judged.x_j).any(axis=-1).mean(axis=(1, 2))
    assert (differs > 0).all()
    assert (differs < 0.7).all()  # place and person stay


def test_photos_have_no_true_pictures_to_judge_by(market):
    with pytest.raises(ValueError, match="only Toy Market has"):
        judge_swaps(None, dataclasses.replace(market, world=None), count=2)
