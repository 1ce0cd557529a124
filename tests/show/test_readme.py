"""The README's tables are what the stored results say."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dgnet_lite.show.grids import Swaps
from dgnet_lite.show.readme import fill, moving_picture, table_text
from dgnet_lite.show.texts import markdown

ROOT = Path(__file__).resolve().parents[2]


def metrics(**changes):
    row = {"rank1": 0.5, "rank5": 0.6, "rank10": 0.7, "mAP": 0.4, "mAP_step": 0.45}
    return {
        "command": "make toy",
        "environment": {"device": "cpu", "threads": "2", "torch": "2.15.0"},
        "dataset": "toymarket",
        "recipe": "official",
        "scale": "toy",
        "seeds": {"0": {"teacher": row, "both": row | {"mAP": 0.5}}, "1": {"teacher": row, "both": row}},
        "training_seconds": {"seed0/teacher": 60.0, "seed1/teacher": 180.0},
    } | changes


def test_the_readme_is_in_step_with_the_stored_results():
    readme = (ROOT / "README.md").read_text()
    assert fill(readme, ROOT / "notebooks" / "results") == readme, "run python -m dgnet_lite.show.readme"


def test_a_table_without_results_stays_as_it_is(tmp_path):
    text = "before\n<!-- table:toy -->\nold\n<!-- end -->\nafter\n"
    assert fill(text, tmp_path) == text


def test_the_table_text_states_seeds_device_and_minutes_a_seed():
    text = table_text(metrics())
    assert "seeds 0, 1, cpu (torch threads: 2), torch 2.15.0, 2 minutes of training a seed" in text
    assert "45.0 ± 7.1" in text  # mAP of both: 50 and 40


def test_a_table_in_markdown_has_a_line_a_row_and_a_rule_beneath_the_head():
    frame = pd.DataFrame({"mAP": ["1.0", "2.0"]}, index=pd.Index(["a", "b"], name="row"))
    assert markdown(frame).splitlines() == ["| row | mAP |", "| --- | --- |", "| a | 1.0 |", "| b | 2.0 |"]


def test_the_moving_picture_has_a_frame_for_each_appearance():
    images = np.random.default_rng(0).integers(0, 255, (3, 64, 32, 3), dtype=np.uint8)
    many = np.stack([images] * 2)
    gif = moving_picture(Swaps(images[:2], images, many, many))
    assert Image.open(io.BytesIO(gif)).n_frames == 2


@pytest.mark.parametrize("name", ["grid.png", "toymarket.png", "swaps.gif", "worlds.png", "labels.png"])
def test_every_picture_the_readme_shows_is_there_and_under_a_megabyte_and_a_half(name):
    path = ROOT / "notebooks" / "figures" / name
    assert name in (ROOT / "README.md").read_text()
    assert 1000 < path.stat().st_size < 1_500_000


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "figures").glob("*.png")), ids=lambda path: path.name)
def test_a_stored_picture_names_its_command_and_no_path_of_a_machine(path):
    command = Image.open(path).info["Command"]
    assert command.startswith("python -m dgnet_lite.")
    assert not any(word.startswith("/") or "=/" in word for word in command.split())
