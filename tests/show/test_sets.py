"""Data sets are told by what lies in their folder, and few of their images are read."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from dgnet_lite.data.toymarket import DESCRIPTION
from dgnet_lite.show.sets import find_sets, read_few, real_people


@pytest.fixture(scope="module")
def photos(market, tmp_path_factory):
    """A folder of data sets: `photos`, which does not say that it was drawn, and the Toy Market itself."""
    root = tmp_path_factory.mktemp("sets")
    for name in ("photos", "toymarket"):
        shutil.copytree(market.world.folder, root / name)
    (root / "photos" / DESCRIPTION).unlink()
    (root / "nothing").mkdir()
    return root


def test_real_data_sets_are_found_and_drawn_ones_are_not(photos):
    assert find_sets(photos) == [photos / "photos"]
    assert find_sets(photos / "photos") == [photos / "photos"]
    assert find_sets(photos / "absent") == []


def test_msmt17_is_found_by_its_lists(tmp_path):
    (tmp_path / "MSMT17_V1").mkdir()
    (tmp_path / "MSMT17_V1" / "list_query.txt").touch()
    assert find_sets(tmp_path) == [tmp_path / "MSMT17_V1"]


def test_people_are_real_where_nothing_says_that_they_were_drawn(photos):
    assert real_people(photos / "photos")
    assert not real_people(photos / "toymarket")


def test_one_image_of_each_of_a_few_people_is_read(photos, market):
    few = read_few(photos / "photos", 5, 64, seed=1)
    assert len(few.query) == len(set(few.index.query.ids)) == 5
    assert len(few.gallery) == len(few.train) == 0
    assert (few.index.name, few.world) == ("photos", None)
    first = np.flatnonzero([path.name == few.index.query.paths[0].name for path in market.index.query.paths])[0]
    np.testing.assert_array_equal(few.query[0], market.query[first])


def test_images_are_brought_to_the_height_asked_for(photos):
    assert read_few(photos / "toymarket", 2, 32, seed=0).query.shape == (2, 32, 16, 3)


def test_few_people_of_msmt17(tmp_path):
    lines = {"train": ["0000/0000_000_01_a.jpg 0"], "val": ["0001/0001_000_02_a.jpg 1"]}
    lines |= {"query": ["0000/0000_000_03_a.jpg 0"], "gallery": ["0000/0000_001_04_a.jpg 0"]}
    for part, listed in lines.items():
        (tmp_path / f"list_{part}.txt").write_text("\n".join(listed) + "\n")
        for line in listed:
            path = tmp_path / ("train" if part in ("train", "val") else "test") / line.split()[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 64), "red").save(path)
    assert read_few(tmp_path, 1, 64, seed=0).query.shape == (1, 64, 32, 3)
