"""MSMT17's lists become an index."""

import shutil
from pathlib import Path

import pytest

from dgnet_lite.data.msmt17 import read_msmt17


@pytest.fixture
def root(tmp_path, tiny) -> Path:
    return tiny.write(tmp_path / "MSMT17_V1", tiny.msmt17())


def triples(split) -> list[tuple[str, int, int]]:
    return [(path.name, *numbers) for path, *numbers in zip(split.paths, split.ids, split.cameras, strict=True)]


# What the index holds


def test_the_training_and_the_validation_list_train(root):
    assert [path.name for path in read_msmt17(root).train.paths] == [
        "0000_000_01_0303morning_0015_0.jpg",
        "0000_001_02_0303morning_0016_0.jpg",
        "0001_000_15_0303noon_0284_2_ex.jpg",
    ]


def test_training_ids_begin_with_one_since_zero_is_a_distractor(root):
    assert read_msmt17(root).train.ids.tolist() == [1, 1, 2]


def test_test_ids_go_on_so_that_a_number_is_one_person(root):
    index = read_msmt17(root)
    assert (index.query.ids.tolist(), index.gallery.ids.tolist()) == ([3], [3, 5])


def test_cameras_have_two_digits_and_begin_with_one(root):
    index = read_msmt17(root)
    assert (index.train.cameras.tolist(), index.gallery.cameras.tolist()) == ([1, 2, 15], [4, 12])


def test_labels_number_the_training_ids(root):
    index = read_msmt17(root)
    assert (index.num_ids, index.labels.tolist()) == (2, [0, 0, 1])


def test_paths_lead_to_the_files(root):
    index = read_msmt17(root)
    assert all(path.is_file() for split in (index.train, index.query, index.gallery) for path in split.paths)


def test_the_order_is_that_of_the_names_and_not_of_the_list(root):
    lines = (root / "list_train.txt").read_text().splitlines()
    before = triples(read_msmt17(root).train)
    (root / "list_train.txt").write_text("\n".join(reversed(lines)))
    assert triples(read_msmt17(root).train) == before


def test_the_edition_with_blurred_faces_is_read(tmp_path, tiny):
    root = tiny.write(tmp_path, tiny.msmt17("mask_train_v2", "mask_test_v2"))
    assert read_msmt17(root).train.paths[0].parts[-3] == "mask_train_v2"


def test_windows_line_ends_and_empty_lines_are_read(root):
    text = (root / "list_gallery.txt").read_text()
    (root / "list_gallery.txt").write_bytes(text.replace("\n", "\r\n\r\n").encode())
    assert len(read_msmt17(root).gallery) == 2


def test_the_index_carries_its_name_and_root(root):
    index = read_msmt17(root)
    assert (index.name, index.root) == ("msmt17", root)


# What is said when the folder is not as it should be


def test_a_missing_root_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*absent.*train/, test/ and list_train\.txt"):
        read_msmt17(tmp_path / "absent")


@pytest.mark.parametrize("name", ["list_train.txt", "list_val.txt", "list_query.txt", "list_gallery.txt"])
def test_a_missing_list_is_named(root, name):
    (root / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"no {name} in .*MSMT17_V1\. Found: .*MSMT17's layout has"):
        read_msmt17(root)


@pytest.mark.parametrize("name", ["train", "test"])
def test_a_missing_folder_of_images_is_named(root, name):
    shutil.rmtree(root / name)
    with pytest.raises(FileNotFoundError, match=r"no train/ and test/ in .*MSMT17_V1"):
        read_msmt17(root)


def test_a_root_one_folder_too_high_is_answered_with_the_right_one(root):
    with pytest.raises(FileNotFoundError, match=r"one folder further down: give .*MSMT17_V1$"):
        read_msmt17(root.parent)


@pytest.mark.parametrize(
    "line",
    [
        "0000/0000_000_01_0303morning_0015_0.jpg",
        "0000/0000_000_00_0303morning_0015_0.jpg 0",
        "0002_c1s1_000451_03.jpg 2",
    ],
)
def test_a_wrong_line_is_shown_with_the_expected_form(root, line):
    with (root / "list_val.txt").open("a") as file:
        file.write(line)
    with pytest.raises(
        ValueError, match=rf"list_train\.txt and list_val\.txt .*1 of 4 lines .*'{line}'.*0015_0\.jpg 0"
    ):
        read_msmt17(root)


def test_listed_images_that_are_not_there_are_counted(root):
    (root / "test/0002/0002_000_12_0114noon_0003_1.jpg").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"list_gallery\.txt .*1 of 2 images are not there.*test/0002/0002_000_12"
    ):
        read_msmt17(root)


def test_a_listed_path_out_of_the_folder_is_not_there(root, tiny):
    tiny.write(root.parent, {"0009_000_01_0303morning_0001_0.jpg": tiny.jpeg()})
    (root / "list_query.txt").write_text("../../0009_000_01_0303morning_0001_0.jpg 9\n")
    with pytest.raises(FileNotFoundError, match="1 of 1 images are not there"):
        read_msmt17(root)


def test_an_empty_list_is_named(root):
    (root / "list_query.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"list_query\.txt in .*: no image is listed"):
        read_msmt17(root)


def test_an_archive_comes_with_the_command_to_unpack_it(tmp_path):
    (tmp_path / "MSMT17_V1.tar.gz").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"Found: MSMT17_V1\.tar\.gz\. Unpack it first: python -m tarfile -e"):
        read_msmt17(tmp_path)
