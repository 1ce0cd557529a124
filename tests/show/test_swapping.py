"""True swaps as pictures."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.show.overview import course_map
from dgnet_lite.show.swapping import picture_row, true_swap_grid


@pytest.fixture
def names(market) -> list[str]:
    people = market.world.factors
    return list(people[people["id"] > 0].drop_duplicates("id").index[:5])


def test_signs_stand_between_the_pictures(images):
    figure = picture_row(list(images(3)), ["a", "b", "c"], ["+", "="], title="t", reading="r")
    places = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    assert 32 < places["+"] < 32 + 44 < 108 < places["="] < 152


def test_each_picture_has_its_caption_above_its_middle(images):
    axes = picture_row(list(images(2)), ["left", "right"], title="t", reading="r").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["left", "right"]
    assert list(axes.get_xticks()) == [16, 32 + 44 + 16]


def test_a_missing_caption_is_refused(images):
    with pytest.raises(ValueError, match="2 pictures need as many captions and one sign less: got 1 and 1"):
        picture_row(list(images(2)), ["left"], title="t", reading="r")


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 2)])
def test_a_true_swap_stands_where_its_clothes_and_its_body_meet(market, names, row, column):
    clothes_of, bodies_of = names[:2], names[2:]
    canvas = np.asarray(true_swap_grid(market.world, clothes_of, bodies_of, height=64).axes[0].images[0].get_array())
    y, x = (row + 1) * 64 + 10 + 2 * row, (column + 1) * 32 + 10 + 2 * column
    expected = market.world.render(clothes_of[row], bodies_of[column], height=64)
    np.testing.assert_array_equal(canvas[y : y + 64, x : x + 32], expected)


@pytest.mark.parametrize("name", ["$E_a$", "$E_s$", "$G$", "$D$", "teacher", "$a_i$", "$s_j$"])
def test_the_map_has_each_part_of_the_method(images, name):
    assert name in [text.get_text() for text in course_map(*images(3)).axes[0].texts]


def test_the_structure_encoder_of_the_map_sees_a_grey_picture(images):
    photos = [np.asarray(image.get_array()) for image in course_map(*images(3)).axes[0].images]
    assert [bool((photo == photo[..., :1]).all()) for photo in photos] == [False, False, True, False]
