"""The paper's numbers follow from each other as its text says."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite import published
from dgnet_lite.evaluation import table2
from dgnet_lite.show import tables


def over(better: str, other: str, place: int) -> np.ndarray:
    return np.array([t[better][place] - t[other][place] for t in published.TABLE3.values()])


def test_the_average_gain_over_the_baseline_is_what_the_paper_says():
    assert [round(over("both", "teacher", place).mean(), 1) for place in (0, 1)] == [6.1, 12.4]


@pytest.mark.parametrize(("data_set", "gain"), [("Market-1501", 8.3), ("DukeMTMC-reID", 10.3)])
def test_the_gain_over_separately_generated_images_is_what_the_paper_says(data_set, gain):
    methods = published.compared(data_set)
    rival = max(scores.mAP for group, scores in methods.values() if group == published.SEPARATE)
    assert round(methods["DG-Net"][1].mAP - rival, 1) == gain


def test_the_gain_on_msmt17_is_what_the_paper_says():
    scores = sorted((s for _, s in published.compared("MSMT17").values()), key=lambda s: s.mAP)
    assert np.round(np.subtract(scores[-1], scores[-2]), 1).tolist() == [9.0, 11.9]


def test_dgnet_has_the_same_numbers_in_all_tables():
    for name in published.DATA_SETS:
        assert published.compared(name)["DG-Net"] == (published.OURS, published.TABLE3[name]["both"])


def test_table_4_has_eighteen_methods_of_which_four_lack_duke():
    assert len(published.compared("Market-1501")) == 18
    assert len(published.compared("DukeMTMC-reID")) == 14


def test_the_paper_has_no_other_table():
    with pytest.raises(KeyError):
        published.compared("CUHK03")


def test_other_modules_quote_the_same_numbers():
    assert table2.PAPER == published.TABLE2
    assert published.TABLE3["Market-1501"] == tables.PAPER
