"""Tables to read, and their dots."""

from __future__ import annotations

import pytest

from dgnet_lite.show.tables import gains_table, result_dots, results_table, spread, swap_table


def test_a_row_shows_mean_and_spread_over_seeds(results):
    assert results_table(results).loc["DG-Net: f_prim, f_fine", "mAP"] == "57.0 ± 2.8"


def test_the_papers_numbers_stand_beside_its_rows(results):
    row = results_table(results).loc["DG-Net: f_prim, f_fine"]
    assert (row["paper: Rank@1"], row["paper: mAP"]) == ("94.8", "86.0")


def test_a_control_that_the_paper_lacks_has_no_number_of_the_paper(results):
    assert results_table(results).loc["baseline, as many steps as E_a", "paper: mAP"] == ""


def test_one_seed_has_no_spread(results):
    assert results_table(results[:1]).loc["DG-Net: f_prim, f_fine", "mAP"] == "55.0"


@pytest.mark.parametrize(
    ("mean", "sd", "sign", "text"), [(67.61, 1.24, "", "67.6 ± 1.2"), (2.0, float("nan"), "+", "+2.0")]
)
def test_a_number_is_written_as(mean, sd, sign, text):
    assert spread(mean, sd, sign=sign) == text


def test_the_gain_is_taken_seed_by_seed(results):
    row = gains_table(results).loc["baseline, as many steps as E_a"]
    assert (row["mAP gain"], row["smallest"], row["seeds"]) == ("+12.0 ± 2.8", "+10.0", 2)


def test_a_swap_stands_above_the_trivial_answer():
    scores = {
        "psnr": 18.0,
        "ssim": 0.6,
        "clothes_l1": 0.18,
        "changed_l1": 0.19,
        "copy_psnr": 17.8,
        "copy_ssim": 0.64,
        "copy_clothes_l1": 0.26,
        "copy_changed_l1": 0.28,
    }
    table = swap_table(scores)
    assert table["error inside the clothes"].to_dict() == {"generated swap": "0.180", "x_j unchanged": "0.260"}
    assert table["where they change"].to_dict() == {"generated swap": "0.190", "x_j unchanged": "0.280"}


def dots_of(figure, panel: int, row: int) -> list[float]:
    """The values drawn in a row, in percent; each row draws its mean's bar and then its dots."""
    return [round(float(x), 6) for x in figure.axes[panel].lines[2 * row + 1].get_xdata()]


def test_each_seed_is_a_dot(results):
    assert dots_of(result_dots(results), panel=1, row=4) == [55.0, 59.0]


def test_the_bar_is_at_the_mean(results):
    assert result_dots(results).axes[1].lines[2 * 4].get_xdata() == pytest.approx([57, 57])


def test_the_first_row_of_the_table_is_at_the_top(results):
    bottom, top = result_dots(results).axes[0].get_ylim()
    assert bottom > top


def test_the_dots_are_labelled(results):
    figure = result_dots(results)
    assert [axes.get_xlabel() for axes in figure.axes] == ["Rank@1, percent", "mAP, percent"]
    assert figure.axes[0].get_yticklabels()[0].get_text() == "baseline, as the teacher was trained"
    assert figure.get_suptitle().startswith("Re-identification, 2 seeds")


def test_the_alternative_text_gives_the_means(results):
    assert "DG-Net: f_prim, f_fine 57.0" in result_dots(results).alt_text
