"""What is written down of a study."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from dgnet_lite.config import Config
from dgnet_lite.report import describe_differences, findings, summary, write_results

CONFIG = Config.preset("official", "smoke")


def seed(both: float, one_head: float = 0.50, two_heads: float = 0.52) -> dict:
    """Results of one seed with these values of mAP, as fractions."""
    rows = {"teacher": 0.4, "one_head": one_head, "two_heads": two_heads, "f_prim": 0.5, "f_fine": 0.45, "both": both}
    swaps = {"swaps": {"clothes_l1": 0.12, "copy_clothes_l1": 0.24, "clothes_l1_ratio": 0.5, "changed_l1_ratio": 0.4}}
    return {row: {"rank1": mean + 0.1, "mAP": mean} for row, mean in rows.items()} | swaps


@pytest.fixture
def folder(tmp_path):
    """A folder of results of two seeds, with the times of their trainings."""
    for name, seconds in (("seed0/teacher", 30.0), ("seed0/dgnet", 100.0), ("seed1/teacher", 20.0)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "time.json").write_text(json.dumps({"steps": 12, "seconds": seconds}))
    write_results(tmp_path, CONFIG, {0: seed(0.56), 1: seed(0.60)}, device="cpu", command="make demo")
    return tmp_path


def test_the_written_config_is_read_back_equal(folder):
    assert Config.from_yaml(folder / "config.yaml") == CONFIG


@pytest.mark.parametrize(
    "note", ["# command: make demo", "# seeds: 0, 1", "# torch: ", "# torchvision: ", "# device: cpu"]
)
def test_the_written_config_says_in_a_comment(folder, note):
    assert note in (folder / "config.yaml").read_text()


def test_the_metrics_hold_every_number_of_every_seed(folder):
    assert json.loads((folder / "metrics.json").read_text())["seeds"]["1"]["both"] == {"rank1": 0.7, "mAP": 0.6}


def test_the_metrics_hold_the_seconds_of_each_training(folder):
    seconds = json.loads((folder / "metrics.json").read_text())["training_seconds"]
    assert seconds == {"seed0/dgnet": 100.0, "seed0/teacher": 30.0, "seed1/teacher": 20.0}


def test_the_table_holds_the_mean_over_seeds_in_percent(folder):
    assert pd.read_csv(folder / "table.csv", index_col="row").loc["both", "mAP"] == 58.0


def test_no_part_of_a_file_is_left(folder):
    assert list(folder.glob("*.part")) == []


def test_the_summary_adds_the_times_of_the_seeds(folder):
    assert "Trained 2.5 minutes in all: dgnet 100 s, teacher 50 s." in (folder / "summary.txt").read_text()


def test_the_summary_names_scale_recipe_seeds_and_device(folder):
    first = (folder / "summary.txt").read_text().splitlines()[0]
    assert first == "DG-Net, toymarket, scale smoke, recipe official, seed 0, 1, on cpu"


def test_the_summary_fits_on_a_screen(folder):
    assert len((folder / "summary.txt").read_text().splitlines()) <= 30


def test_the_summary_warns_of_the_smoke_scale(folder):
    assert "Its numbers mean nothing." in (folder / "summary.txt").read_text()


def test_the_summary_of_validation_identities_says_so(tmp_path):
    config = CONFIG.replace(dataset="market1501-val")
    text = summary(tmp_path, config, {0: seed(0.5)}, device="cpu", seconds={})
    assert "not comparable with test numbers" in text


def test_one_seed_is_said_to_be_one():
    assert "One seed: a gap of a point or two may be chance." in findings({0: seed(0.60)})[0]


def test_a_gain_above_the_spread_is_called_better():
    assert "+8.0 mAP, better by more than the spread over 2 seeds (2.8)" in findings({0: seed(0.56), 1: seed(0.60)})[0]


def test_a_gain_within_the_spread_is_no_difference():
    assert "no difference was shown" in findings({0: seed(0.49), 1: seed(0.52)})[0]


def test_a_loss_above_the_spread_is_called_worse():
    assert "-5.0 mAP, worse by more than the spread" in findings({0: seed(0.45), 1: seed(0.45)})[0]


def test_the_error_of_the_swaps_stands_beside_that_of_the_copy():
    assert "off by 0.120 of the grey range, x_j unchanged by 0.240: ratio 0.50" in findings({0: seed(0.5)})[-1]


def test_data_without_true_swaps_has_no_sentence_about_them():
    without = {row: value for row, value in seed(0.5).items() if row != "swaps"}
    assert not any("clothes" in sentence for sentence in findings({0: without}))


def test_settings_that_differ_are_named_with_both_values():
    assert describe_differences(CONFIG.replace(**{"losses.alpha": 0.1}), CONFIG) == "losses:   alpha 0.1 (0.2)"


def test_equal_settings_have_no_difference():
    assert describe_differences(CONFIG, CONFIG) == "no difference"
