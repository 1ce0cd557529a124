"""Figs. 3, 4 and 6: every picture stands in the row of who made it."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.show.grids import Swaps
from dgnet_lite.show.versus import by_data_set, by_generator, by_training


def tile(picture, row: int, column: int, apart: tuple[int, ...]) -> np.ndarray:
    """Cut from the canvas: rows and columns are 3 pixels apart, rows of `apart` 7 from the next."""
    canvas = np.asarray(picture.axes[0].images[0].get_array())
    y = row * 67 + 4 * sum(row > each for each in apart)
    return canvas[y : y + 64, column * 35 : column * 35 + 32]


def names(picture) -> list[str]:
    return [label.get_text() for label in picture.axes[0].get_yticklabels()]


def test_the_pictures_of_a_generator_fill_its_rows_in_order(images):
    made = images(8)
    picture = by_generator({"real": made[:4], "LSGAN": made[4:]}, columns=2)
    assert names(picture) == ["real", "", "LSGAN", ""]
    shown = [tile(picture, row, column, (1, 3)) for row in range(4) for column in range(2)]
    np.testing.assert_array_equal(shown, made)


def test_a_note_is_told_beneath_the_generators(images):
    assert (
        "by lot: none was picked for its looks. One sees."
        in by_generator({"a": images(2)}, columns=2, note="One sees.").alt_text
    )


@pytest.mark.parametrize("counts", [(4, 2), (3, 3)])
def test_unequal_numbers_or_rows_that_are_not_full_are_refused(images, counts):
    with pytest.raises(ValueError, match="as many pictures of each, of one size, in full rows of 2"):
        by_generator({str(k): images(count) for k, count in enumerate(counts)}, columns=2)


def test_each_training_has_a_row_between_its_two_images_and_the_true_one(images):
    made = images(10).reshape(5, 2, 64, 32, 3)
    picture = by_training(made[0], made[1], {"full": made[2], "without id": made[3]}, made[4])
    assert names(picture) == ["clothes of", "body of", "full", "without id", "true"]
    shown = [[tile(picture, row, column, (1, 3)) for column in range(2)] for row in range(5)]
    np.testing.assert_array_equal(shown, made)


def test_without_true_pictures_none_are_spoken_of(images):
    made = images(6).reshape(3, 2, 64, 32, 3)
    picture = by_training(made[0], made[1], {"full": made[2]})
    assert names(picture) == ["clothes of", "body of", "full"]
    assert "it should be" not in picture.alt_text


def test_swaps_of_another_number_are_refused(images):
    with pytest.raises(ValueError, match="pictures of one shape"):
        by_training(images(2), images(2), {"full": images(3)})


def swaps(made: np.ndarray) -> Swaps:
    """Of one row and two columns."""
    return Swaps(made[:1], made[1:3], made[3:5][None], None)


def test_a_data_set_has_its_structures_above_and_its_clothes_at_the_left(images):
    made = images(10)
    picture = by_data_set({"a": swaps(made[:5]), "b": swaps(made[5:])})
    assert names(picture) == ["a", "", "b", ""]
    for first, top in ((0, 0), (5, 2)):
        shown = [tile(picture, top + 1, 0, (1, 3)), *(tile(picture, top, c, (1, 3)) for c in (1, 2))]
        shown += [tile(picture, top + 1, c, (1, 3)) for c in (1, 2)]
        np.testing.assert_array_equal(shown, made[first : first + 5])


def test_larger_pictures_are_brought_to_the_size_of_the_smaller(images):
    picture = by_data_set({"small": swaps(images(5)), "large": swaps(images(5, height=128))})
    np.testing.assert_array_equal(tile(picture, 1, 0, (1, 3)), tile(picture, 3, 0, (1, 3)))


def test_data_sets_of_other_numbers_are_refused(images):
    made = images(7)
    other = Swaps(made[:1], made[1:4], made[4:7][None], None)
    with pytest.raises(ValueError, match="as many rows and columns"):
        by_data_set({"a": swaps(made[:5]), "b": other})
