import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet_lite.data.reid import ReidIndex, read_images, read_market1501, validation_protocol

TRAIN = ["0007_c1s1_000151_01.jpg", "0002_c1s1_000451_03.jpg", "0002_c3s2_000001_00.jpg", "1500_c6s4_012345_02.jpg"]
QUERY = ["0003_c1s1_000001_00.jpg"]
GALLERY = ["0003_c2s1_000002_00.jpg", "0000_c1s1_000151_01.jpg", "-1_c4s1_000401_03.jpg"]


def write_images(folder: Path, names: list[str], size: tuple[int, int] = (16, 32)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", size, (number, 128, 255 - number)).save(folder / name)
    return folder


@pytest.fixture
def market(tmp_path: Path) -> Path:
    root = tmp_path / "Market"
    for folder, names in (("bounding_box_train", TRAIN), ("query", QUERY), ("bounding_box_test", GALLERY)):
        write_images(root / folder, names)
    return root


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """A JPEG with enough in it to be worth truncating."""
    path = tmp_path / "0002_c1s1_000451_03.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)).save(path)
    return path


def names_of(split) -> list[str]:
    return [path.name for path in split.paths]


# What the index holds


def test_images_are_in_the_order_of_their_names(market):
    assert names_of(read_market1501(market).train) == sorted(TRAIN)


def test_ids_and_cameras_are_those_of_the_file_names(market):
    train = read_market1501(market).train
    assert list(zip(train.ids, train.cameras, strict=True)) == [(2, 1), (2, 3), (7, 1), (1500, 6)]


def test_paths_lead_to_the_files(market):
    index = read_market1501(market)
    assert all(path.is_file() for split in (index.train, index.query, index.gallery) for path in split.paths)


def test_labels_number_the_sorted_ids_from_zero(market):
    assert read_market1501(market).labels.tolist() == [0, 0, 1, 2]


def test_num_ids_counts_training_identities(market):
    assert read_market1501(market).num_ids == 3


def test_a_label_leads_back_to_its_id(market):
    index = read_market1501(market)
    assert (index.train_ids[index.labels] == index.train.ids).all()


def test_distractors_stay_in_the_gallery_and_junk_leaves_it(market):
    assert sorted(read_market1501(market).gallery.ids) == [0, 3]


def test_removing_junk_keeps_paths_and_ids_together(market):
    gallery = read_market1501(market).gallery
    assert names_of(gallery) == ["0000_c1s1_000151_01.jpg", "0003_c2s1_000002_00.jpg"]
    assert gallery.ids.tolist() == [0, 3]


def test_the_index_carries_its_name_and_root(market):
    index = read_market1501(market, name="toymarket")
    assert (index.name, index.root) == ("toymarket", market)


def test_ids_are_int64(market):
    train = read_market1501(market).train
    assert (train.ids.dtype, train.cameras.dtype) == (np.int64, np.int64)


def test_duke_names_are_read(market):
    write_images(market / "query", ["0005_c2_f0046182.jpg"])
    query = read_market1501(market).query
    assert list(zip(query.ids, query.cameras, strict=True)) == [(3, 1), (5, 2)]


def test_a_camera_may_have_two_digits(market):
    write_images(market / "query", ["0005_c15_f0046182.jpg"])
    assert read_market1501(market).query.cameras.tolist() == [1, 15]


def test_an_identity_with_a_single_training_image_is_legal(market):
    index = read_market1501(market)
    assert (index.labels == 2).sum() == 1


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "desktop.ini"])
def test_files_that_systems_leave_behind_are_ignored(market, name):
    (market / "query" / name).write_bytes(b"")
    assert names_of(read_market1501(market).query) == QUERY


# What is said when the folder is not as it should be


def test_a_missing_root_is_named_with_what_stands_beside_it(market):
    with pytest.raises(FileNotFoundError, match=r"no folder .*Markt\. Give the folder that holds .*there is: Market/"):
        read_market1501(market.parent / "Markt")


def test_a_root_that_is_an_archive_comes_with_the_command_to_unpack_it(tmp_path):
    archive = tmp_path / "Market-1501-v15.09.15.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(NotADirectoryError, match=r"is a file.*python -m zipfile -e .*v15\.09\.15\.zip"):
        read_market1501(archive)


@pytest.mark.parametrize("folder", ["bounding_box_train", "query", "bounding_box_test"])
def test_a_missing_folder_is_named_with_what_was_found(market, folder):
    shutil.rmtree(market / folder)
    with pytest.raises(FileNotFoundError, match=rf"no {folder}/ in .*Market\. Found: .*/.*unpack the whole data set"):
        read_market1501(market)


@pytest.mark.parametrize(("archive", "module"), [("market.zip", "zipfile"), ("market.tar.gz", "tarfile")])
def test_an_archive_in_an_empty_root_comes_with_the_command_to_unpack_it(tmp_path, archive, module):
    (tmp_path / archive).write_bytes(b"")
    with pytest.raises(
        FileNotFoundError, match=rf"Found: {archive}\. Unpack it first: python -m {module} -e .*{archive}"
    ):
        read_market1501(tmp_path)


def test_a_root_one_folder_too_high_is_answered_with_the_right_one(market):
    with pytest.raises(FileNotFoundError, match=r"one folder further down: give .*Market$"):
        read_market1501(market.parent)


def test_a_root_one_folder_too_low_is_answered_with_the_right_one(market):
    with pytest.raises(FileNotFoundError, match=r"Give the folder above: .*Market$"):
        read_market1501(market / "bounding_box_train")


def test_an_empty_root_is_said_to_hold_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="Found: nothing"):
        read_market1501(tmp_path)


def test_an_empty_folder_is_named(market):
    (market / "query" / QUERY[0]).unlink()
    with pytest.raises(FileNotFoundError, match=r"query has no images. Unpack the data set again"):
        read_market1501(market)


@pytest.mark.parametrize(
    "name",
    ["holiday.jpg", "0002.jpg", "0002_c0s1_000451_03.jpg", "0002_c1s1_000451_03.gif", "-2_c1s1_000451_03.jpg"],
)
def test_a_wrong_file_name_is_shown_with_the_expected_pattern(market, name):
    (market / "query" / name).write_bytes(b"")
    with pytest.raises(ValueError, match=rf"1 of 2 entries in .*query .*first is '{name}'.*0002_c1s1_000451_03\.jpg"):
        read_market1501(market)


def test_all_wrong_file_names_are_counted(market):
    for name in ("a.jpg", "b.jpg", "c.txt"):
        (market / "bounding_box_test" / name).write_bytes(b"")
    with pytest.raises(ValueError, match="3 of 6 entries"):
        read_market1501(market)


@pytest.mark.parametrize("folder", ["bounding_box_train", "query"])
@pytest.mark.parametrize("name", ["0000_c1s1_000151_01.jpg", "-1_c1s1_000151_01.jpg"])
def test_an_image_without_identity_is_refused_outside_the_gallery(market, folder, name):
    write_images(market / folder, [name])
    with pytest.raises(ValueError, match=rf"1 of \d images in .*{folder} are distractors .*'{name}'.*move them there"):
        read_market1501(market)


# The paper's validation protocol


@pytest.fixture
def train_folder(tmp_path: Path) -> Path:
    """Five identities, in three cameras, twice in the first two."""
    names = [
        f"{person:04d}_c{camera}s1_{frame:06d}_00.jpg"
        for person in (2, 7, 10, 11, 12)
        for camera, frame in ((1, 5), (1, 9), (2, 3), (2, 4), (3, 1))
    ]
    return write_images(tmp_path / "data" / "train", names)


def test_the_first_ids_train_and_the_rest_validate(train_folder):
    index = validation_protocol(train_folder, num_train_ids=3)
    assert index.train_ids.tolist() == [2, 7, 10]
    assert sorted({*index.query.ids, *index.gallery.ids}) == [11, 12]


def test_validation_has_one_query_for_each_id_and_camera(train_folder):
    query = validation_protocol(train_folder, num_train_ids=4).query
    assert list(zip(query.ids, query.cameras, strict=True)) == [(12, 1), (12, 2), (12, 3)]


def test_the_query_is_the_first_image_by_name(train_folder):
    query = validation_protocol(train_folder, num_train_ids=4).query
    assert names_of(query)[:2] == ["0012_c1s1_000005_00.jpg", "0012_c2s1_000003_00.jpg"]


def test_images_that_neither_train_nor_ask_are_the_gallery(train_folder):
    gallery = validation_protocol(train_folder, num_train_ids=4).gallery
    assert names_of(gallery) == ["0012_c1s1_000009_00.jpg", "0012_c2s1_000004_00.jpg"]


@pytest.mark.parametrize("name", ["train", "bounding_box_train"])
def test_validation_finds_the_train_folder_inside_a_root(train_folder, name):
    train_folder.rename(train_folder.parent / name)
    index: ReidIndex = validation_protocol(train_folder.parent, num_train_ids=3)
    assert index.root == train_folder.parent / name


@pytest.mark.parametrize("num_train_ids", [0, 5, 651])
def test_too_few_ids_for_validation_are_counted(train_folder, num_train_ids):
    with pytest.raises(ValueError, match=rf"cannot train on {num_train_ids} of the 5 identities .* between 1 and 4"):
        validation_protocol(train_folder, num_train_ids=num_train_ids)


def test_validation_without_a_gallery_is_refused(tmp_path):
    write_images(tmp_path, ["0002_c1s1_000001_00.jpg", "0003_c1s1_000001_00.jpg", "0003_c2s1_000001_00.jpg"])
    with pytest.raises(ValueError, match="the gallery is empty: lower num_train_ids"):
        validation_protocol(tmp_path, num_train_ids=1)


def test_validation_of_a_missing_folder_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*absent"):
        validation_protocol(tmp_path / "absent")


# Decoding


def test_images_come_in_the_order_of_the_paths(tmp_path):
    names = [f"{number:04d}_c1s1_000001_00.png" for number in range(1, 65)]
    folder = write_images(tmp_path, names)
    images = read_images([folder / name for name in reversed(names)], 32, progress=False)
    assert images[:, 0, 0, 0].tolist() == list(reversed(range(64)))


def test_images_are_rgb_bytes_of_the_asked_height(noise):
    images = read_images([noise, noise], 64, progress=False)
    assert (images.shape, images.dtype) == ((2, 64, 32, 3), np.uint8)


def test_an_image_of_the_right_size_is_left_as_it_is(noise):
    with Image.open(noise) as file:
        stored = np.asarray(file)
    assert (read_images([noise], 64, progress=False)[0] == stored).all()


def test_an_image_of_another_size_is_resized_without_aliasing(tmp_path):
    stripes = np.tile(np.array([0, 255], dtype=np.uint8)[None, :, None], (128, 32, 3))
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    small = read_images([tmp_path / "stripes.png"], 32, progress=False)[0]
    assert np.abs(small[:, 2:-2].astype(int) - 127).max() <= 2


def test_a_grey_image_becomes_rgb(tmp_path):
    Image.new("L", (16, 32), 77).save(tmp_path / "grey.png")
    assert (read_images([tmp_path / "grey.png"], 32, progress=False) == 77).all()


def test_no_paths_give_an_empty_batch():
    assert read_images([], 64, progress=False).shape == (0, 64, 32, 3)


@pytest.mark.parametrize("height", [0, -2, 63])
def test_an_odd_or_empty_height_is_refused(noise, height):
    with pytest.raises(ValueError, match=f"height must be even and at least 2.*got {height}"):
        read_images([noise], height, progress=False)


def test_a_truncated_image_is_named(noise):
    noise.write_bytes(noise.read_bytes()[:-200])
    with pytest.raises(OSError, match=r"1 of 1 images cannot be read: .*000451_03\.jpg is corrupt \(.*truncated"):
        read_images([noise], 64, progress=False)


def test_a_file_that_is_no_image_is_named(noise):
    noise.write_text("<html>404</html>")
    with pytest.raises(OSError, match=r"000451_03\.jpg is corrupt \(.*unpack them again"):
        read_images([noise], 64, progress=False)


def test_an_empty_file_is_named(noise):
    noise.write_bytes(b"")
    with pytest.raises(OSError, match=r"000451_03\.jpg is empty \(0 bytes\)"):
        read_images([noise], 64, progress=False)


def test_a_missing_file_is_named(noise):
    noise.unlink()
    with pytest.raises(OSError, match=r"000451_03\.jpg does not exist"):
        read_images([noise], 64, progress=False)


def test_all_unreadable_images_are_counted(noise):
    broken = noise.with_name("0003_c1s1_000001_00.jpg")
    broken.write_bytes(b"")
    with pytest.raises(OSError, match="7 of 8 images cannot be read"):
        read_images([noise] + [broken] * 7, 64, progress=False)
