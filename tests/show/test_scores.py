"""Scores as pictures: what stands in the figure is what the package computes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from dgnet_lite.evaluation.retrieval import average_precision
from dgnet_lite.show.scores import cmc_curves, largest_gap, precision_recall, rule_gap

RANKINGS = [[1], [0, 1], [1, 0, 1], [0, 1, 0, 1, 1, 0], [1, 1, 0, 0, 1]]


def area(polygon) -> float:
    """By the shoelace formula."""
    x, y = polygon.get_xy()[:-1].T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize(("place", "rule"), [(1, "step"), (2, "trapezoid")])
def test_the_shaded_area_is_the_average_precision(ranking, place, rule):
    axes = precision_recall(ranking).axes[place]
    expected = average_precision(torch.tensor(ranking).nonzero()[:, 0], rule).item()
    assert sum(area(patch) for patch in axes.patches) == pytest.approx(expected)
    assert axes.get_title(loc="left") == f"{rule} rule: AP = {expected:.3f}"


def test_the_precision_stands_beneath_each_rank():
    texts = [text.get_text() for text in precision_recall([0, 1, 0, 1]).axes[0].texts]
    assert texts[1::2] == ["0.00", "0.50", "0.33", "0.50"]


def test_a_ranking_without_a_match_is_refused():
    with pytest.raises(ValueError, match="without a match has no average precision"):
        precision_recall([0, 0])


def test_a_cmc_curve_goes_through_its_values_up_to_the_last_rank_shown():
    figure = cmc_curves({"one": np.array([0.1, 0.2, 0.4]), "other": np.array([0.5, 0.6, 0.7])}, top=2)
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[0.1, 0.2], [0.5, 0.6]]


def test_cmc_curves_differ_in_their_lines_as_well_as_in_colour():
    figure = cmc_curves({name: np.array([0.1, 0.2]) for name in "abcd"})
    assert len({line.get_linestyle() for line in figure.axes[0].lines}) == 4


@pytest.mark.parametrize("matches", [1, 2, 3, 4, 5])
def test_no_ranking_has_a_larger_gap_between_the_rules(matches):
    def gap(ranks: tuple[int, ...]) -> float:
        both = [average_precision(torch.tensor(ranks), rule).item() for rule in ("step", "trapezoid")]
        return both[0] - both[1]

    found = max(gap(ranks) for ranks in combinations(range(10), matches))
    assert largest_gap(5)[matches - 1] == pytest.approx(found)


def test_the_measured_gaps_are_means_by_number_of_matches():
    step, trapezoid = np.array([0.5, 0.7, 0.9]), np.array([0.3, 0.6, 0.8])
    measured = rule_gap(step, trapezoid, np.array([1, 1, 3])).axes[1].lines[1]
    assert list(measured.get_xdata()) == [1, 3]
    np.testing.assert_allclose(measured.get_ydata(), [0.15, 0.1])
