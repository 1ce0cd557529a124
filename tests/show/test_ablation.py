"""What lesson 14 draws: the numbers that went in are the numbers in the figures, and what is missing is seen."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.config import Config
from dgnet_lite.evaluation.seeds import paired_gain
from dgnet_lite.show import ablation, gains

SCORES = {
    "teacher": {0: 60.0, 1: 62.0, 2: 64.0},
    "two_heads": {0: 61.0, 1: 64.0, 2: 66.0},
    "both": {0: 64.0, 1: 66.0, 2: 67.0},
}


def marks(axes, marker: str) -> list[tuple[float, float]]:
    """Positions of all marks of a kind, whose lines have no style."""
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return sorted((float(x), float(y)) for line in lines for x, y in zip(*line.get_data(), strict=True))


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_a_row_stands_as_far_from_its_own_data_sets_baseline():
    rows = {"teacher": "baseline", "both": "both", "oracle": "oracle"}
    figure = ablation.over_baseline({"paper": {"teacher": 74.5, "both": 86.0}, "ours": SCORES}, rows, title="t")
    paper, ours = figure.axes
    assert marks(paper, "o") == [(11.5, 1.0)]
    assert [x for x, _ in marks(ours, "o")] == [3, 4, 4]
    assert texts(paper) == ["no such row"]
    assert "paper: baseline +0.0, both +11.5. ours: baseline +0.0, both +3.7" in figure.alt_text


def test_the_staircase_ends_at_the_last_rows_mean():
    steps = {"teacher": "first", "two_heads": "second\nhead", "both": "images"}
    figure = ablation.gain_in_parts(SCORES, steps, title="t")
    axes = figure.axes[0]
    tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(tops, [62, 191 / 3, 197 / 3])
    np.testing.assert_allclose([y for _, y in marks(axes, "o")], [191 / 3 + 3, 191 / 3 + 2, 191 / 3 + 1])
    assert "first 62.0; second head +1.7 ± 0.6; images +2.0 ± 1.0" in figure.alt_text


def test_a_step_that_loses_goes_down():
    scores = {"teacher": {0: 60.0}, "both": {0: 57.0}}
    axes = ablation.gain_in_parts(scores, {"teacher": "a", "both": "b"}, title="t").axes[0]
    assert axes.patches[1].get_height() == -3
    assert axes.get_ylim()[0] < 57


def test_a_row_that_was_not_run_keeps_its_place():
    groups = {"group": {"both": "both", "alpha": "alpha 2", "two_heads": "two heads"}}
    figure = ablation.rows_of_ablation(SCORES, groups, line="two_heads", title="t")
    axes = figure.axes[0]
    assert "not run" in texts(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["both", "alpha 2", "two heads"]
    assert [x for x, _ in marks(axes, "o")] == [64, 66, 67]
    assert "both 65.7; alpha 2 not run; two heads 63.7" in figure.alt_text


def test_gains_have_a_line_at_zero():
    axes = ablation.rows_of_ablation({"a": {0: 1.0}}, {"": {"a": "a"}}, title="t", xlabel="points").axes[0]
    assert any(list(line.get_xdata()) == [0, 0] for line in axes.lines)
    assert texts(axes) == []


def test_methods_are_ordered_and_the_baseline_is_a_line():
    sets = {
        "one": {"X": ("plain", 50.0), "DG-Net": ("DG-Net", 80.0), "Y": ("plain", 70.0)},
        "two": {"X": ("plain", 9.0)},
    }
    figure = ablation.state_of_the_art(sets, {"one": 60.0, "two": 1.0}, title="t")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["DG-Net", "Y", "X"]
    assert any(list(line.get_xdata()) == [60, 60] for line in axes.lines)
    assert "one: best DG-Net 80.0; baseline above 1 of 2" in figure.alt_text


def test_the_intervals_are_of_pairs_and_of_two_means():
    figure = gains.seed_by_seed(SCORES["both"], SCORES["two_heads"], ("old", "new"), title="t")
    right = figure.axes[1]
    bars = [line.get_xdata() for line in right.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 6]
    gain = paired_gain(SCORES["both"], SCORES["two_heads"])
    assert bars[0] == pytest.approx((gain.low, gain.high))
    assert bars[1][1] - bars[1][0] > bars[0][1] - bars[0][0]
    assert "Differences by seed +3.0, +2.0, +1.0; mean +2.0" in figure.alt_text


def test_the_circle_is_at_the_seeds_that_are_needed():
    gain = paired_gain({0: 0.0, 1: 1.0, 2: 2.0}, dict.fromkeys(range(3), 0.0))
    figure = gains.seeds_against_width({"a": gain}, title="t")
    (circle,) = (line for line in figure.axes[0].lines if line.get_markersize() == 11)
    assert circle.get_xdata()[0] == 7
    assert "gap +1.0, spread 1.0: 7 seeds" in figure.alt_text


def test_a_gap_that_no_seed_shows_is_said_to_need_more():
    gain = paired_gain({0: -1.0, 1: 1.1}, {0: 0.0, 1: 0.0})
    assert "more seeds" in gains.seeds_against_width({"a": gain}, title="t").alt_text


def test_better_swaps_stand_to_the_right():
    points = {"true": (0.0, {0: 5.0, 1: 7.0}), "copy": (1.0, {0: -2.0}), "none": (0.5, {})}
    figure = gains.gain_over_quality(points, {"oracle": (0.0, {0: 6.0})}, title="t")
    axes = figure.axes[0]
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    assert [list(line) for line in axes.lines[0].get_data()] == [[1.0, 0.0], [-2.0, 6.0]]
    assert "copy, error 1.00: -2.0; true, error 0.00: +6.0; oracle, error 0.00: +6.0" in figure.alt_text


def test_the_world_where_true_swaps_bring_most_stands_on_top():
    found = {
        "plain": {"true swaps": {0: 1.0, 1: 3.0}, "DG-Net": {}},
        "few people": {"true swaps": {0: 11.0}, "DG-Net": {0: -1.0, 1: 2.0}},
    }
    figure = gains.worlds(found, title="t")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["few people", "plain"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"true swaps", "DG-Net"}
    assert "few people: true swaps +11.0, DG-Net +0.5; plain: true swaps +2.0" in figure.alt_text


def test_a_sweep_rings_the_default():
    figure = gains.sweep({"0": {}, "0.2": {0: 3.0, 1: 5.0}, "1": {0: 1.0}}, title="t", ylabel="mAP", chosen="0.2")
    axes = figure.axes[0]
    (ring,) = (line for line in axes.lines if line.get_markersize() == 13)
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (1, 4)
    assert texts(axes) == ["not run"]
    assert "0 not run; 0.2 4.0; 1 1.0" in figure.alt_text


def test_a_claim_is_judged_by_its_interval():
    scores = SCORES | {"f_fine": {0: 50.0, 1: 52.5, 2: 54.0}, "alike": {0: 60.0, 1: 63.0, 2: 63.0}}
    pairs = {
        "better": ("both", "teacher"),
        "worse": ("f_fine", "teacher"),
        "equal": ("alike", "teacher"),
        "missing": ("offline", "teacher"),
    }
    table = gains.claims(pairs, {"both": 86.0, "teacher": 74.5}, scores)
    assert table["shown"].to_dict() == {
        "better": "yes",
        "worse": "no, the other way round",
        "equal": "not shown",
        "missing": "",
    }
    assert table["paper"].to_dict() == {"better": "+11.5", "worse": "", "equal": "", "missing": ""}
    assert table.loc["missing", "ours"] == "not run"


def test_one_seed_shows_nothing():
    assert gains.verdict(paired_gain({0: 9.0}, {0: 1.0})) == "not shown"


def test_the_costs_are_those_of_the_configuration():
    ours = gains.costs(Config.preset("official", "toy"), trainings=3)["here, Toy Market"]
    assert ours["training images"] == "1,200 of 100 people"
    assert (ours["image"], ours["trainings a cell"]) == ("64 x 32", "3")
