"""Who learns from which loss, drawn."""

from __future__ import annotations

import pandas as pd
import pytest

from dgnet_lite.show.flow import differing, gradient_flow
from dgnet_lite.show.style import BLUE

COLUMNS = ["E_s", "G"]
ONE = pd.DataFrame([["always", "never"], ["not used", "not used"]], index=["img1", "cycle"], columns=COLUMNS)
OTHER = pd.DataFrame([["always", "sometimes"], ["never", "always"]], index=["img1", "cycle"], columns=COLUMNS)


@pytest.fixture(scope="module")
def figure():
    return gradient_flow({"paper": ONE, "official": OTHER})


def marks(axes) -> dict[tuple[int, int], str]:
    """How the large marks of a panel are filled, by (row, column)."""
    return {
        (int(line.get_ydata()[0]), int(line.get_xdata()[0])): line.get_fillstyle()
        for line in axes.lines
        if line.get_color() == BLUE
    }


def frames(axes) -> set[tuple[int, int]]:
    boxes = [patch.get_bbox() for patch in axes.patches if not patch.get_fill()]
    return {(round((b.y0 + b.y1) / 2), round((b.x0 + b.x1) / 2)) for b in boxes}


def test_a_part_that_always_learns_has_a_full_mark_and_one_that_sometimes_does_half_a_mark(figure):
    assert [marks(axes) for axes in figure.axes] == [{(0, 0): "full"}, {(0, 0): "full", (0, 1): "left", (1, 1): "full"}]


def test_what_differs_is_framed_in_both_panels(figure):
    assert [frames(axes) for axes in figure.axes] == [{(0, 1), (1, 1)}] * 2


def test_a_loss_that_is_not_used_differs_only_where_the_other_reaches_something():
    assert differing({"paper": ONE, "official": OTHER}) == [("img1", "G"), ("cycle", "G")]


def test_one_table_alone_has_no_frame():
    assert frames(gradient_flow({"paper": ONE}).axes[0]) == set()


def test_the_first_loss_is_at_the_top(figure):
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top


def test_rows_and_columns_are_labelled(figure):
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x_i again, eq. (1)", "there and back (release)"]
    assert [label.get_text() for label in axes.get_xticklabels()] == COLUMNS
    assert axes.get_title(loc="left") == 'recipe "paper"'


def test_the_alternative_text_says_what_each_part_learns_from(figure):
    assert figure.alt_text == (
        "Recipe paper: E_s from img1; G from nothing. Recipe official: E_s from img1; G from img1 (by a coin), cycle."
    )


def test_no_table_is_an_error():
    with pytest.raises(ValueError, match="no table to draw: give at least one"):
        gradient_flow({})
