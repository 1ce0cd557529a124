"""What lesson 09 draws: scores over beta."""

from __future__ import annotations

from dgnet_lite.show.weighing import over_beta


def figure():
    return over_beta([0, 0.5, 1], {"a": [0.5, 0.7, 0.6], "b": [0.3, 0.2, 0.1]}, "mAP", mark=0.5, title="t")


def test_the_highest_point_of_each_curve_is_marked():
    marks = [line.get_xydata()[0].tolist() for line in figure().axes[0].lines if line.get_marker() == "o"]
    assert marks == [[0.5, 0.7], [0, 0.3]]


def test_each_curve_stands_in_the_legend():
    assert [text.get_text() for text in figure().axes[0].get_legend().get_texts()] == ["a", "b"]


def test_the_highest_points_are_told_in_words():
    assert "a: 0.500 at 0, highest 0.700 at 0.5" in figure().alt_text
