"""Scores over beta, for lesson 09, and over alpha beside it, for Fig. 8."""

from __future__ import annotations

import pandas as pd

from dgnet_lite.show.weighing import alpha_and_beta, over_beta


def figure():
    return over_beta([0, 0.5, 1], {"a": [0.5, 0.7, 0.6], "b": [0.3, 0.2, 0.1]}, "mAP", mark=0.5, title="t")


def test_the_highest_point_of_each_curve_is_marked():
    marks = [line.get_xydata()[0].tolist() for line in figure().axes[0].lines if line.get_marker() == "o"]
    assert marks == [[0.5, 0.7], [0, 0.3]]


def test_each_curve_stands_in_the_legend():
    assert [text.get_text() for text in figure().axes[0].get_legend().get_texts()] == ["a", "b"]


def test_the_highest_points_are_told_in_words():
    assert "a: 0.500 at 0, highest 0.700 at 0.5" in figure().alt_text


BETA = pd.DataFrame({"Rank@1": [0.8, 0.9, 0.7], "mAP": [0.6, 0.5, 0.4]}, index=[0.0, 0.5, 1.0])
ALPHA = pd.DataFrame(
    {
        "alpha": [0.2, 0.2, 1.0, 1.0],
        "seed": [0, 1, 0, 1],
        "Rank@1": [0.8, 0.9, 0.7, 0.7],
        "mAP": [0.5, 0.5, 0.6, 0.4],
    }
)


def both_weights(alpha=ALPHA):
    return alpha_and_beta(alpha, BETA, chosen=(0.2, 0.5), on="test")


def test_over_alpha_stand_means_and_deviations_over_seeds():
    rank1 = both_weights().axes[0].containers[0]
    assert rank1.lines[0].get_xydata().round(6).tolist() == [[0.2, 0.85], [1.0, 0.7]]
    low, high = rank1.lines[2][0].get_segments()[0][:, 1]
    assert round((high - low) / 2, 6) == 0.070711


def test_the_highest_points_over_both_weights_are_told():
    told = both_weights().alt_text
    assert "Rank@1 is highest at alpha 0.2" in told
    assert "Rank@1 is highest at beta 0.5, 90.0 %; mAP is highest at beta 0, 60.0 %" in told


def test_the_papers_weights_are_marked():
    marked = [[text.get_text().strip() for text in axes.texts] for axes in both_weights().axes]
    assert marked == [["0.2: the paper"], ["0.5: the paper"]]


def test_without_runs_over_alpha_its_half_says_so():
    left, right = both_weights(None).axes
    assert [text.get_text() for text in left.texts] == ["not trained yet"]
    assert len(right.get_legend().get_texts()) == 2
