"""The report on a data set: what it counts, what it calls broken, and what it compares."""

import re
from pathlib import Path

import numpy as np
import pytest

from dgnet_lite.data import drawing
from dgnet_lite.data.inspect import as_text, insist, inspect
from dgnet_lite.data.toymarket import PRESETS, write

pytestmark = pytest.mark.usefixtures("tiny_counts")


@pytest.fixture
def market(tmp_path, tiny) -> Path:
    return tiny.write(tmp_path / "Market", tiny.market())


@pytest.fixture
def msmt17(tmp_path, tiny) -> Path:
    return tiny.write(tmp_path / "MSMT17", tiny.msmt17())


def look(root: Path, **options):
    return inspect(root, **{"workers": 1, "progress": False} | options)


def problems(root: Path, **options) -> tuple[str, ...]:
    return look(root, **options).problems


# All is well


def test_a_whole_market_has_no_problems(market):
    assert problems(market) == ()


def test_a_whole_msmt17_has_no_problems(msmt17):
    assert problems(msmt17) == ()


def test_a_toy_market_is_as_its_own_file_says(tmp_path):
    write(tmp_path / "toy", PRESETS["smoke"], height=64, workers=1, progress=False)
    report = look(tmp_path / "toy")
    assert (report.expected.title, report.problems) == ("Toy Market", ())


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store"])
def test_what_systems_leave_behind_is_no_problem(market, name):
    (market / "query" / name).write_bytes(b"x")
    assert problems(market) == ()


def test_several_processes_find_the_same(market, tiny, monkeypatch):
    monkeypatch.setattr(drawing, "CHUNK", 2)
    (market / "query" / "0003_c1s1_000001_00.jpg").write_bytes(tiny.jpeg()[:-200])
    assert problems(market, workers=2) == problems(market, workers=1) != ()


# What is recognised


def test_market_1501_is_recognised_by_its_names(market):
    assert look(market).expected.title == "Market-1501"


def test_msmt17_is_recognised_by_its_lists(msmt17):
    assert look(msmt17).expected.title == "MSMT17"


def test_duke_is_recognised_by_its_names_and_said_to_be_withdrawn(tmp_path, tiny):
    names = {part: ["0001_c2_f0046182.jpg"] for part in ("bounding_box_train", "query", "bounding_box_test")}
    report = look(tiny.write(tmp_path, tiny.market(**names)))
    assert report.expected.title == "DukeMTMC-reID"
    assert "withdrew DukeMTMC in 2019" in as_text(report)


def test_names_of_another_kind_are_not_recognised(tmp_path, tiny):
    names = {part: ["0001_c2s1_1.png"] for part in ("bounding_box_train", "query", "bounding_box_test")}
    report = look(tiny.write(tmp_path, tiny.market(**names)))
    assert (report.expected, report.problems) == (None, ())


def test_nothing_is_compared_when_nothing_is_expected(market):
    (market / "query" / "0003_c1s1_000001_00.jpg").unlink()
    assert problems(market, expect=None) == ()


def test_a_set_that_is_expected_and_looks_like_another_is_said_to(msmt17):
    assert "it looks like MSMT17, not like Market-1501" in problems(msmt17, expect="market1501")


# What is not as published


def test_missing_images_and_identities_are_counted(market):
    (market / "bounding_box_train" / "0007_c1s1_000151_01.jpg").unlink()
    assert problems(market) == (
        "bounding_box_train/: images: 2, published 3 (1 missing)",
        "bounding_box_train/: identities: 1, published 2 (1 missing)",
    )


def test_images_too_many_are_counted(market, tiny):
    tiny.write(market, {"query/0003_c2s1_000009_00.jpg": tiny.jpeg()})
    assert problems(market) == ("query/: images: 2, published 1 (1 too many)",)


def test_distractors_and_junk_are_counted_apart(market):
    (market / "bounding_box_test" / "0000_c1s1_000151_01.jpg").rename(
        market / "bounding_box_test/-1_c1s1_000009_01.jpg"
    )
    assert problems(market) == (
        "bounding_box_test/: distractors (0000): 0, published 1 (1 missing)",
        "bounding_box_test/: junk images (-1): 2, published 1 (1 too many)",
    )


def test_cameras_are_counted(market):
    (market / "bounding_box_train" / "0007_c1s1_000151_01.jpg").rename(
        market / "bounding_box_train/0007_c3s1_000151_01.jpg"
    )
    assert problems(market) == ("cameras: 3, published 2 (1 too many)",)


def test_a_missing_folder_is_named(market):
    (market / "query" / "0003_c1s1_000001_00.jpg").unlink()
    (market / "query").rmdir()
    assert problems(market) == ("query/ is missing",)


def test_unknown_names_are_named_and_counted(market, tiny):
    tiny.write(market / "query", {f"{letter}.txt": b"x" for letter in "abcdefg"})
    assert problems(market) == (
        "query/: not named like an image of the data set: a.txt, b.txt, c.txt, d.txt, e.txt, ... (7)",
    )


def test_distractors_outside_the_gallery_are_named(market, tiny):
    tiny.write(market, {"query/0000_c1s1_000001_00.jpg": tiny.jpeg()})
    assert problems(market, expect=None) == (
        "query/: distractor or junk, which belongs in bounding_box_test/: 0000_c1s1_000001_00.jpg (1)",
    )


def test_images_in_no_list_are_named(msmt17, tiny):
    tiny.write(msmt17, {"train/0001/0001_009_01_0303noon_0001_0.jpg": tiny.jpeg(), "test/readme.txt": b"x"})
    assert problems(msmt17) == (
        "train/: in no list: 0001/0001_009_01_0303noon_0001_0.jpg (1)",
        "test/: in no list: readme.txt (1)",
    )


def test_listed_images_that_are_not_there_are_named(msmt17):
    (msmt17 / "test/0002/0002_000_12_0114noon_0003_1.jpg").unlink()
    assert (
        problems(msmt17)[0] == "list_gallery.txt: listed, but not there: test/0002/0002_000_12_0114noon_0003_1.jpg (1)"
    )


def test_wrong_lines_are_named(msmt17):
    with (msmt17 / "list_query.txt").open("a") as file:
        file.write("nonsense\n")
    assert problems(msmt17) == ("list_query.txt: line that is not a path and an identity: nonsense (1)",)


# What is broken


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"<html>", "no image"), (None, r"image file is truncated \(\d+ bytes not processed\)")],
)
def test_a_broken_image_is_named_with_the_reason(market, tiny, content, reason):
    (market / "query" / "0003_c1s1_000001_00.jpg").write_bytes(tiny.jpeg()[:-200] if content is None else content)
    (problem,) = problems(market)
    assert re.fullmatch(rf"broken images: query/0003_c1s1_000001_00\.jpg \({reason}\) \(1\)", problem)


def test_without_decoding_no_image_is_opened(market):
    (market / "query" / "0003_c1s1_000001_00.jpg").write_bytes(b"")
    report = look(market, decode=False)
    assert (report.problems, report.sizes) == ((), None)
    assert "sizes: not looked at, no image was opened" in as_text(report)


def test_sizes_are_height_and_width(market):
    assert np.unique(look(market).sizes, axis=0).tolist() == [[32, 16]]


# No data set


def test_a_folder_without_a_data_set_is_said_to_be(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"no data set in .*Found: nothing.*bounding_box_train, query, .*list_val\.txt"
    ):
        look(tmp_path)


def test_a_folder_too_high_is_answered_with_the_right_one(market):
    with pytest.raises(FileNotFoundError, match=r"one folder further down: give .*Market$"):
        look(market.parent)


def test_a_missing_folder_of_a_data_set_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*absent\. Give the folder that holds the data set"):
        look(tmp_path / "absent")


# The page


def test_the_page_counts_images_ids_and_cameras_of_each_part(market):
    lines = as_text(look(market)).splitlines()
    assert lines[0] == f"Market-1501 in {market}"
    assert [" ".join(line.split()) for line in lines[3:6]] == [
        "bounding_box_train/ 3 2 2 1 / 1.5 / 2 1 / 1 / 1",
        "query/ 1 1 1 1 / 1 / 1 1 / 1 / 1",
        "bounding_box_test/ 3 1 2 1 / 1 / 1 1 / 1 / 1",
    ]


def test_the_page_counts_images_by_camera(market):
    assert "bounding_box_train/  1: 2  2: 1" in as_text(look(market))


def test_the_page_counts_distractors_and_junk(market):
    text = as_text(look(market))
    assert "gallery: 1 images of a person asked for, 1 distractors (0000, always a wrong answer), 1 junk" in text


def test_the_page_tells_one_size(market):
    assert "sizes: all 32 x 16 (height x width); 7 images decoded, " in as_text(look(market))


def test_the_page_tells_several_sizes(market, tiny):
    (market / "query" / "0003_c1s1_000001_00.jpg").write_bytes(tiny.jpeg(size=(20, 50)))
    assert "sizes: heights 32 / 32 / 50, widths 16 / 16 / 20 (least / median / most)" in as_text(look(market))


def test_the_page_ends_with_the_verdict(market):
    assert as_text(look(market)).endswith("No problem: the counts are as published.")
    assert as_text(look(market, expect=None)).endswith("No problem; counts not compared.")


def test_the_page_ends_with_the_problems(market):
    (market / "query" / "a.txt").write_bytes(b"x")
    expected = "1 problem:\n  - query/: not named like an image of the data set: a.txt (1)"
    assert as_text(look(market)).endswith(expected)


def test_a_page_without_any_readable_image_can_be_written(tmp_path, tiny):
    (tmp_path / "query").mkdir()
    text = as_text(look(tmp_path))
    assert "sizes: no image can be opened" in text
    assert "query/       0    0        0" in text


# Insisting


def test_what_is_as_published_passes(market):
    assert insist(Path("market.zip"), market, expect="market1501", workers=1, progress=False).problems == ()


def test_what_is_not_is_refused_with_all_that_is_off(market):
    (market / "query" / "0003_c1s1_000001_00.jpg").unlink()
    with pytest.raises(
        ValueError, match=r"market\.zip is not Market-1501 as published, so it was not unpacked"
    ) as caught:
        insist(Path("market.zip"), market, expect="market1501", workers=1, progress=False)
    assert "\n  - query/: images: 0, published 1 (1 missing)\n" in str(caught.value)
    assert "unpack it by hand and look it over with data_scripts/check_dataset.py --expect none" in str(caught.value)
