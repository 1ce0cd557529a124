"""What lesson 03 draws: the numbers that went in are the numbers in the figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dgnet_lite.show import codes


def test_the_largest_cell_of_each_stripe_is_framed_with_its_number(images):
    channel = np.zeros((8, 4))
    channel[[1, 2, 5, 6], [0, 3, 1, 2]] = 1, 2, 3, 4
    axes = codes.striped_maxima(images(1)[0], channel[None], ["one"]).axes[1]
    assert [text.get_text() for text in axes.texts] == ["1.0", "2.0", "3.0", "4.0"]
    assert [patch.get_xy() for patch in axes.patches] == [(-0.5, 0.5), (2.5, 1.5), (0.5, 4.5), (1.5, 5.5)]


def test_colours_stand_in_the_order_of_their_greys():
    figure = codes.greys({"white": (255, 255, 255), "black": (0, 0, 0)}, {"white": 2.4, "black": -2.0})
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["black", "white"]


def test_a_field_is_a_square_around_the_cell(images):
    figure = codes.reach(images(1)[0], {"conv": 7}, centre=(32, 16))
    square = figure.axes[0].patches[-1]
    assert (square.get_xy(), square.get_width(), square.get_height()) == ((12.5, 28.5), 7, 7)


def test_the_whole_picture_and_the_largest_field_are_shown(images):
    axes = codes.reach(images(1)[0], {"conv": 7, "block": 39}, centre=(13, 16)).axes[0]
    assert axes.get_xlim() == (-5.5, 37.5)
    assert axes.get_ylim() == (66, -8.5)


def test_the_share_of_pixels_with_any_influence_is_told():
    influence = np.zeros((4, 4))
    influence[:2, :2] = 0.1, 1
    figure = codes.gradient_reach({"convolutions": influence}, cell=(1, 1))
    assert "convolutions: 25 % of the pixels" in figure.alt_text


def table() -> pd.DataFrame:
    rows = [("a", "appearance", "hue", 0.6), ("a", "structure", "pose", -0.001)]
    rows += [("s", "appearance", "hue", 0.0), ("s", "structure", "pose", 0.7)]
    return pd.DataFrame(
        [{**dict(zip(("code", "half", "factor", "skill"), row, strict=True)), "error": 0.02} for row in rows]
    )


def test_each_half_is_a_panel_with_skill_and_error_in_every_cell():
    above, below, _ = codes.skill_map(table(), title="t").axes
    assert [text.get_text() for text in above.texts] == ["0.60 ±0.02", "0.00 ±0.02"]
    assert [text.get_text() for text in below.texts] == ["0.00 ±0.02", "0.70 ±0.02"]


def test_columns_can_be_chosen_and_ordered():
    above = codes.skill_map(table(), ["s", "a"], title="t").axes[0]
    assert [label.get_text() for label in above.get_xticklabels()] == ["s", "a"]


def test_swatches_have_a_row_a_source_and_a_column_a_person():
    grey, colour = np.full((5, 3), 0.5), np.linspace(0, 1, 15).reshape(5, 3)
    shown = codes.swatches({"true": colour, "read": grey}, title="t").axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, np.stack([colour, grey]))
