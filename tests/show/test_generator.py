"""What lesson 04 draws: each figure shows the numbers it was given, and says so in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet_lite.show.generator import channel_means, channel_statistics, code_slices, learning_curves, overfitting
from dgnet_lite.show.tiles import as_tiles, tile_table


@pytest.fixture
def maps():
    torch.manual_seed(0)
    return torch.randn(2, 5, 8, 4)


def test_the_marks_of_a_picture_are_the_mean_and_deviation_of_its_channels(maps):
    figure = channel_statistics({"before": maps, "after": 2 * maps}, ["one", "two"])
    x, y = figure.axes[1].lines[1].get_data()
    np.testing.assert_allclose(x, 2 * maps[1].mean(dim=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(y, 2 * maps[1].std(dim=(1, 2), unbiased=False), rtol=1e-5)


def test_the_table_of_slices_shows_shares_of_what_a_block_reads():
    figure = code_slices({"whole": torch.tensor([[1, 0], [3, 4]])}, np.zeros((8, 4, 3), np.uint8))
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), [[0.25, 0], [0.75, 1]])


def test_the_slices_alternative_text_counts_the_connections():
    figure = code_slices({"whole": torch.tensor([[1, 0], [3, 4]])}, np.zeros((8, 4, 3), np.uint8))
    assert "whole: 3 of 4 pairs" in figure.alt_text


def test_the_means_of_channels_are_drawn_for_each_appearance(maps):
    figure = channel_means({"norm": maps, "other": maps}, ["one", "two"])
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), maps[1].mean(dim=(1, 2)), rtol=1e-5)


def test_overfitting_ends_with_the_picture_itself():
    strip, target = np.zeros((2, 8, 4, 3), np.uint8), np.full((8, 4, 3), 9, np.uint8)
    figure = overfitting({"one": [3.0, 1.0]}, strip, [0, 1], target)
    pictures = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(pictures[-1], target)


def test_learning_curves_say_where_they_end():
    figure = learning_curves({"a": [2.0, 0.5], "b": [2.0, 1.5]}, "error", title="Two runs")
    assert "a 0.500, b 1.500" in figure.alt_text


def test_as_tiles_makes_low_dark_and_high_bright():
    tile = as_tiles(torch.tensor([[[0.0, 1.0]]]), 0, 1, size=2)[0]
    assert tile.shape == (2, 4, 3)
    assert tile[0, 0].sum() < tile[0, -1].sum()


def test_a_tile_table_puts_each_picture_in_its_place():
    tiles = [[np.full((4, 2, 3), 10 * r + c, np.uint8) for c in range(3)] for r in range(2)]
    figure = tile_table(tiles, title="t", reading="r", zoom=4)
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    assert canvas[4 + 2, 2 * (2 + 2), 0] == 12  # row 1, column 2; gaps of 4 // zoom + 1 pixels


def test_a_tile_table_names_its_rows_in_words():
    tiles = [[np.zeros((4, 2, 3), np.uint8)], [None]]
    assert "rows: first, second" in tile_table(tiles, rows=["first", "second"], title="t", reading="r").alt_text
