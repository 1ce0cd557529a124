"""Grids: every image in its place."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from dgnet_lite.dgnet import DGNet
from dgnet_lite.show.grids import (
    WIDE,
    collect_swaps,
    contact_sheet,
    different_people,
    fit_tiles,
    montage,
    outfit,
    swap_grid,
)

H, W = 64, 32


def tile(figure: Figure, row: int, column: int, row_gaps: list[int], column_gaps: list[int]) -> np.ndarray:
    """What the figure shows at (row, column) of the grid: uint8 (H, W, 3), cut from the pixels of its canvas image."""
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    y, x = row * H + sum(row_gaps[:row]), column * W + sum(column_gaps[:column])
    return canvas[y : y + H, x : x + W]


def grid_tile(figure: Figure, row: int, column: int) -> np.ndarray:
    """As `tile`, of a swap grid with two appearances, three structures and the true swaps."""
    return tile(figure, row, column, [WIDE, 1, WIDE, 1], [WIDE, 1, 1])


@pytest.fixture
def parts(images) -> dict[str, np.ndarray]:
    made = images(2 + 3 + 6 + 6)
    return {
        "appearances": made[:2],
        "structures": made[2:5],
        "generated": made[5:11].reshape(2, 3, H, W, 3),
        "true": made[11:].reshape(2, 3, H, W, 3),
    }


@pytest.fixture
def grid(parts) -> Figure:
    return swap_grid(**parts)


def test_structures_stand_in_the_top_row(grid, parts):
    shown = np.stack([grid_tile(grid, 0, 1 + c) for c in range(3)])
    np.testing.assert_array_equal(shown, parts["structures"])


def test_appearances_stand_in_the_left_column(grid, parts):
    shown = np.stack([grid_tile(grid, row, 0) for row in (1, 3)])
    np.testing.assert_array_equal(shown, parts["appearances"])


@pytest.mark.parametrize("appearance", [0, 1])
@pytest.mark.parametrize("structure", [0, 1, 2])
def test_a_swap_stands_where_its_appearance_and_its_structure_meet(grid, parts, appearance, structure):
    shown = grid_tile(grid, 1 + 2 * appearance, 1 + structure)
    np.testing.assert_array_equal(shown, parts["generated"][appearance, structure])


@pytest.mark.parametrize("appearance", [0, 1])
@pytest.mark.parametrize("structure", [0, 1, 2])
def test_the_true_swap_stands_beneath_the_generated_one(grid, parts, appearance, structure):
    shown = grid_tile(grid, 2 + 2 * appearance, 1 + structure)
    np.testing.assert_array_equal(shown, parts["true"][appearance, structure])


def test_the_rows_say_what_they_are(grid):
    labels = [label.get_text() for label in grid.axes[0].get_yticklabels()]
    assert labels == ["structure", "generated", "true", "generated", "true"]


def test_the_label_of_a_row_is_at_its_middle(grid):
    assert grid.axes[0].get_yticks()[1] == H + WIDE + H / 2


def test_the_reading_direction_is_said_in_words(grid):
    reading = grid.axes[0].get_xlabel().replace("\n", " ")
    assert "Rows: appearance" in reading
    assert "Beneath each generated row, the true one" in reading


def test_a_grid_has_a_title(grid):
    assert grid.axes[0].get_title(loc="left").startswith("Swaps")


def test_without_true_swaps_there_is_one_row_an_appearance(parts):
    grid = swap_grid(**parts | {"true": None})
    assert [t.get_text() for t in grid.axes[0].get_yticklabels()] == ["structure", "generated", "generated"]


def test_swaps_that_do_not_fit_the_people_are_refused(parts):
    with pytest.raises(ValueError, match=r"generated must be \(2, 3, 64, 32, 3\)"):
        swap_grid(**parts | {"generated": parts["generated"][:, :2]})


def test_an_empty_place_of_a_montage_is_white(images):
    canvas = montage([[images(1)[0], None]], row_gaps=[0], column_gaps=[3])
    assert canvas.shape == (H, 2 * W + 3, 3)
    assert (canvas[:, W:] == 255).all()


@pytest.mark.parametrize(("height", "shown", "zoom"), [(64, 64, 2), (128, 128, 1), (256, 128, 1)])
def test_an_image_of_height_is_shown_at(images, height, shown, zoom):
    fitted, times = fit_tiles(images(2, height))
    assert (fitted.shape, times) == ((2, shown, shown // 2, 3), zoom)


def test_people_of_a_grid_are_different_persons(market):
    chosen = different_people(market, 10, seed=1, split="query")
    assert len(set(market.index.query.ids[chosen])) == 10


def test_people_of_a_grid_wear_different_outfits_while_there_are_enough(market):
    everyone = {outfit(market, path) for path in market.index.query.paths}
    chosen = different_people(market, len(everyone), seed=0, split="query")
    assert {outfit(market, market.index.query.paths[k]) for k in chosen} == everyone


def test_more_people_than_there_are_is_an_error_that_counts_them(market):
    with pytest.raises(ValueError, match="99 different persons are asked for, but query has 12"):
        different_people(market, 99, seed=0, split="query")


@pytest.fixture(scope="module")
def swaps(market, config):
    torch.manual_seed(0)
    return collect_swaps(DGNet(config.networks, market.num_ids), market, (2, 3), seed=0)


def test_collected_swaps_are_in_the_shape_of_the_grid(swaps):
    assert swaps.generated.shape == swaps.true.shape == (2, 3, H, W, 3)


def test_the_true_swap_of_a_collected_pair_is_drawn_from_its_two_images(swaps, market):
    def key(image: np.ndarray) -> str:
        k = next(k for k, other in enumerate(market.query) if np.array_equal(other, image))
        return market.world.key(market.index.query.paths[k])

    expected = market.world.render(key(swaps.appearances[1]), key(swaps.structures[2]))
    np.testing.assert_array_equal(swaps.true[1, 2], expected)


@pytest.mark.parametrize("split", ["train", "gallery"])
def test_a_row_of_the_contact_sheet_is_one_person(market, split):
    sheet = contact_sheet(market, rows=3, columns=2, split=split)
    ids, images = getattr(market.index, split).ids, getattr(market, split)
    for row, label in enumerate(sheet.axes[0].get_yticklabels()):
        own = images[ids == int(label.get_text().removeprefix("id "))]
        for column in range(2):
            assert any(np.array_equal(tile(sheet, row, column, [2, 2], [1]), image) for image in own)


def test_a_distractor_is_nobody_in_the_contact_sheet(market):
    labels = contact_sheet(market, rows=1000, split="gallery").axes[0].get_yticklabels()
    assert "id 0" not in [label.get_text() for label in labels]
