"""From a config and a folder to arrays."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from dgnet_lite.config import Config
from dgnet_lite.data import toymarket
from dgnet_lite.data.load import load_data

TRAIN_IDS, HELD_OUT = 651, 2


@pytest.fixture(scope="module")
def market_root(tmp_path_factory):
    """653 identities, two cameras, two images by the first: just enough for the paper's validation protocol."""
    root = tmp_path_factory.mktemp("market")
    (root / "bounding_box_train").mkdir()
    jpeg = io.BytesIO()
    Image.new("RGB", (32, 64), (200, 30, 90)).save(jpeg, "JPEG")
    for person in range(1, TRAIN_IDS + HELD_OUT + 1):
        for camera, frame in ((1, 1), (1, 2), (2, 1)):
            (root / "bounding_box_train" / f"{person:04d}_c{camera}s1_{frame:06d}_01.jpg").write_bytes(jpeg.getvalue())
    return root


@pytest.fixture(scope="module")
def validation(market_root):
    config = Config.preset("paper", "smoke", dataset="market1501-val")
    return load_data(config, market_root, progress=False)


def test_toy_market_is_drawn_at_the_height_of_the_config(smoke_data):
    assert smoke_data.train.shape == (64, 64, 32, 3)


def test_toy_market_comes_with_its_world(smoke_data):
    key = smoke_data.world.key(smoke_data.index.train.paths[0])
    assert smoke_data.world.render(key, key).shape == (64, 32, 3)


def test_there_are_as_many_images_as_rows_of_the_index(smoke_data):
    index = smoke_data.index
    lengths = [len(images) for images in (smoke_data.train, smoke_data.query, smoke_data.gallery)]
    assert lengths == [len(index.train), len(index.query), len(index.gallery)]


def test_a_toy_market_that_is_there_is_not_drawn_again(smoke_data):
    folder = smoke_data.world.folder
    changed = folder / "toymarket.json"
    before = changed.stat().st_mtime_ns
    again = load_data(Config.preset("paper", "smoke"), folder.parent, workers=1, progress=False)
    assert changed.stat().st_mtime_ns == before
    np.testing.assert_array_equal(again.train, smoke_data.train)


def test_half_of_the_people_make_a_toy_market_of_few(smoke_data, tmp_path):
    few = load_data(Config.preset("paper", "smoke", dataset="toymarket-few"), tmp_path, workers=1, progress=False)
    assert (few.num_ids, smoke_data.num_ids) == (8, 16)
    assert len(few.query) == len(smoke_data.query)
    assert few.world.folder.name.startswith("toymarket-few-smoke")
    assert toymarket.spec_of("toymarket-few", "toy") == toymarket.PRESETS["few"]


def test_the_validation_protocol_trains_on_the_first_651_identities(validation):
    assert validation.num_ids == TRAIN_IDS
    assert len(validation.train) == 3 * TRAIN_IDS


def test_the_validation_protocol_queries_the_rest_once_a_camera(validation):
    assert (len(validation.query), len(validation.gallery)) == (2 * HELD_OUT, HELD_OUT)


def test_msmt17_is_read_by_its_lists(tmp_path, tiny):
    config = Config.preset("paper", "smoke", dataset="msmt17")
    data = load_data(config, tiny.write(tmp_path, tiny.msmt17()), progress=False)
    assert (data.num_ids, data.train.shape, data.world) == (2, (3, 64, 32, 3), None)


def test_real_images_have_no_world(validation):
    assert validation.world is None


def test_the_standard_protocol_wants_all_three_folders(market_root):
    config = Config.preset("paper", "smoke", dataset="market1501")
    with pytest.raises(FileNotFoundError, match=r"no query/ in .*market"):
        load_data(config, market_root, progress=False)


@pytest.mark.parametrize("dataset", ["market1501", "market1501-val", "msmt17"])
def test_a_missing_root_is_named(dataset, tmp_path):
    config = Config.preset("paper", "smoke", dataset=dataset)
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        load_data(config, tmp_path / "nowhere", progress=False)


def test_too_few_identities_for_validation_are_refused(smoke_data):
    config = Config.preset("paper", "smoke", dataset="market1501-val")
    with pytest.raises(ValueError, match="cannot train on 651 of the 16 identities"):
        load_data(config, smoke_data.world.folder, progress=False)


def test_batches_follow_the_config(smoke_data):
    config = Config.preset("official", "smoke", **{"data.pad": 3, "data.positives": "any"})
    source = smoke_data.batches(config, batch_size=8, seed=0)
    d = dataclasses.asdict(config.data)
    assert (source.pad, source.positives, source.partners) == (d["pad"], d["positives"], d["partners"])


def test_every_image_of_a_batch_is_of_its_label(smoke_data):
    batch = smoke_data.batches(Config.preset("paper", "smoke"), batch_size=8, seed=0).sample()
    assert batch.y.tolist() == smoke_data.index.labels[batch.index].tolist()
