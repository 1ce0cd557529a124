"""Ranking lists: the right image in the right frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import same_color

from dgnet_lite.evaluation.retrieval import Ranking
from dgnet_lite.networks.appearance import AppearanceEncoder
from dgnet_lite.networks.backbone import build_backbone
from dgnet_lite.show.grids import WIDE
from dgnet_lite.show.rankings import GAP, collect_rankings, ranking_lists
from dgnet_lite.show.style import BLUE, VERMILION

RANKED = Ranking(np.array([[2, 0, 1], [1, 2, -1]]), np.array([["right", "wrong", "wrong"], ["wrong", "right", ""]]))


@pytest.fixture
def figure(images):
    return ranking_lists(images(2), images(3, start=2), RANKED, ["AP 90 %", "AP 20 %"], feature="f_prim")


def shown(figure, row: int, column: int) -> np.ndarray:
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    y, x = row * (64 + GAP), column * 32 + (2 * WIDE + GAP * (column - 1) if column else 0)
    return canvas[y : y + 64, x : x + 32]


def test_a_query_stands_first_in_its_row(figure, images):
    np.testing.assert_array_equal(shown(figure, 1, 0), images(2)[1])


@pytest.mark.parametrize(("row", "place", "image"), [(0, 1, 2), (0, 2, 0), (0, 3, 1), (1, 1, 1), (1, 2, 2)])
def test_the_gallery_follows_in_the_order_of_the_ranking(figure, images, row, place, image):
    np.testing.assert_array_equal(shown(figure, row, place), images(3, start=2)[image])


def test_a_place_without_a_candidate_stays_white(figure):
    assert (shown(figure, 1, 3) == 255).all()


def test_a_frame_says_by_colour_whether_the_image_is_right(figure):
    colours = [patch.get_edgecolor() for patch in figure.axes[0].patches]
    expected = [BLUE, VERMILION, VERMILION, VERMILION, BLUE]
    assert all(same_color(a, b) for a, b in zip(colours, expected, strict=True))


def test_a_symbol_says_the_same_without_colour(figure):
    assert "".join(text.get_text() for text in figure.axes[0].texts) == "✓✕✕✕✓"


def test_a_line_style_says_it_too(figure):
    solid = [patch.get_linestyle() in ("-", "solid") for patch in figure.axes[0].patches]
    assert solid == [True, False, False, False, True]


def test_rows_and_ranks_are_labelled(figure):
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["AP 90 %", "AP 20 %"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["query", "1", "2", "3"]


def test_the_title_names_the_feature(figure):
    assert figure.axes[0].get_title(loc="left") == "Ranking lists, f_prim"


def test_the_alternative_text_counts_the_right_ones(figure):
    assert "2 of 5 are right" in figure.alt_text


def test_a_ranking_of_other_queries_is_refused(images):
    with pytest.raises(ValueError, match="one ranking and one label for each query"):
        ranking_lists(images(1), images(3), RANKED)


def test_queries_are_collected_from_the_best_to_the_worst(market, config):
    torch.manual_seed(0)
    c = config.networks
    model = AppearanceEncoder(
        build_backbone("small", width=8, weights=None, last_stride=1), market.num_ids, c.feature_dim
    )
    lists = collect_rankings(model, market, beta=0.5, n=4, top=5)
    precisions = [int(label.split()[1]) for label in lists.labels]
    assert precisions == sorted(precisions, reverse=True)
    assert lists.ranked.indices.shape == (4, 5)
