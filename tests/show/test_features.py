"""What lesson 02 draws: the numbers that went in are the numbers in the figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dgnet_lite.show import features


def test_a_map_of_8_by_4_cells_has_7_lines_across_and_3_down(images):
    axes = features.cells_of(images(1)[0], {"last stride 2": (8, 4)}).axes[1]
    across = [line for line in axes.lines if line.get_ydata()[0] == line.get_ydata()[1]]
    assert (len(across), len(axes.lines) - len(across)) == (7, 3)


def test_each_pool_is_a_row_and_each_picture_a_column(images):
    share = np.full((3, 8, 4), 1 / 32)
    figure = features.pooled_places(images(3), {"max": share, "mean": share})
    assert len(figure.axes) == 3 * 3 + 1  # and the bar of the colours


def test_the_strongest_cell_of_each_pool_is_told(images):
    picked = np.zeros((1, 2, 2))
    picked[0, 1, 0] = 1
    figure = features.pooled_places(images(1), {"max": picked, "mean": np.full((1, 2, 2), 0.25)})
    assert "max 100 %; mean 25 %" in figure.alt_text


def test_learning_shows_scores_at_their_steps():
    scores = pd.DataFrame({"Rank@1": [0.1, 0.5], "mAP": [0.05, 0.4]}, index=[0, 100])
    right = features.learning([3.0, 2.0, 1.0], scores, chance=4.6, later={"mAP": 0.7}).axes[1]
    assert list(right.lines[0].get_ydata()) == [0.1, 0.5]
    assert any(list(line.get_ydata()) == [0.7, 0.7] for line in right.lines)


def test_the_mean_cosine_of_each_kind_is_written_in_the_figure():
    figure = features.similarity_by_kind({"same": np.array([0.8, 0.6]), "other": np.array([0.1, 0.3])}, title="t")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.70", "0.20"]


def test_shared_factors_keep_the_order_of_the_table():
    table = pd.DataFrame({"wrong first ranks": [0.7, 0.2], "by chance": [0.1, 0.2]}, index=["outfit", "hat"])
    figure = features.shared_factors(table, title="t")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["outfit", "hat"]
    assert "outfit 70 % against 10 %" in figure.alt_text


@pytest.mark.parametrize(("scale", "told"), [(1.0, "1.00 to 2.00"), (3.0, "3.00 to 6.00")])
def test_the_spread_of_a_feature_is_told(scale, told):
    values = scale * np.array([[-1.0, -2.0], [1.0, 2.0]])
    assert told in features.feature_spread({"f": values}).alt_text
