"""What lesson 12 draws: the numbers that went in are the numbers in the figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dgnet_lite.evaluation.bootstrap import Interval
from dgnet_lite.show import judging

HALF, THIRD = Interval(0.5, 0.4, 0.6, 0.05), Interval(0.3, 0.2, 0.4, 0.05)


def widths(axes) -> list[float]:
    """Of the horizontal bars drawn as lines."""
    lines = (line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2)
    return [float(x[1] - x[0]) for x in lines if x[0] != x[1]]


def test_queries_are_counted_by_their_first_answer():
    ap = np.array([0.9, 0.95, 0.1, np.nan])
    figure = judging.ap_by_first_answer(ap, np.array([True, True, False, False]), title="t")
    right, wrong = figure.axes[0].containers
    assert [int(sum(bar.get_height() for bar in bars)) for bars in (right, wrong)] == [2, 1]
    assert "first answer wrong: 1 queries, AP 10 to 10 percent" in figure.alt_text


def test_redrawn_tests_stand_beneath_the_intervals_of_one():
    figure = judging.redrawn_tests({"other people": np.array([0.45, 0.55])}, {"people": HALF}, title="t")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["people", "other people"]
    assert widths(axes)[0] == pytest.approx(20)
    assert "45.0 to 55.0, standard deviation 7.1" in figure.alt_text


def test_a_paired_interval_stands_above_two_separate_ones_and_each_training():
    figure = judging.differences({"a - b": (THIRD, HALF)}, {"a - b": [0.01, 0.02]}, title="t")
    axes = figure.axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["query by query", "two intervals", "each training"]
    triangles = next(line for line in axes.lines if line.get_marker() == "^")
    np.testing.assert_allclose(triangles.get_xdata(), [1, 2])


def table(**skills: float) -> pd.DataFrame:
    rows = [
        {"code": code, "half": "structure", "factor": "hat", "skill": skill, "error": 0.05}
        for code, skill in skills.items()
    ]
    return pd.DataFrame(rows)


def test_controls_stand_at_both_ends_and_chance_is_white():
    figure = judging.knowledge_map(table(ceiling=1.0, a=0.05, s=0.6, chance=0.0), title="t")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["chance", "a", "s", "ceiling"]
    colours = [patch.get_facecolor()[:3] for patch in axes.patches]
    assert colours[:2] == [(1, 1, 1), (1, 1, 1)]
    assert (1, 1, 1) not in colours[2:]


def test_a_skill_next_to_nothing_is_white_even_without_spread():
    rows = table(chance=0.0, a=0.01, s=0.6, ceiling=1.0).assign(error=0.0)
    colours = [patch.get_facecolor()[:3] for patch in judging.knowledge_map(rows, title="t").axes[0].patches]
    assert [colour == (1, 1, 1) for colour in colours] == [True, True, False, False]


def test_the_best_code_is_bold_and_no_control_is():
    figure = judging.knowledge_map(table(chance=0.0, a=0.3, s=0.6, ceiling=1.0), title="t")
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    assert bold == ["0.60 ±0.05"]
    assert "hat: s 0.60" in figure.alt_text


def test_first_answers_are_laid_end_to_end():
    shares = {"right": 0.5, "wrong, same clothes": 0.3, "wrong, other clothes": 0.2}
    axes = judging.first_answers({"teacher": shares}, title="t").axes[0]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches if bar.get_width()]
    np.testing.assert_allclose(bars, [(0, 50), (50, 30), (80, 20)])


def test_each_test_set_has_a_mark_for_each_feature_and_the_first_sets_the_lines():
    rows = {"own": {"teacher": HALF, "both": HALF}, "other": {"teacher": THIRD, "both": HALF}}
    figure = judging.transfer_dots(rows, title="t", apart=[1])
    axes = figure.axes[0]
    marks = [
        float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() in "osD^" and len(line.get_xdata()) == 1
    ]
    assert sorted(marks) == [30, 50, 50, 50]
    dotted = [float(line.get_xdata()[0]) for line in axes.lines if line.get_linestyle() == ":"]
    assert dotted == [50, 50]
    assert "other: teacher 30.0, both 50.0" in figure.alt_text
