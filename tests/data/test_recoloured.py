from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from dgnet_lite.config import Config
from dgnet_lite.data.batches import denormalise
from dgnet_lite.data.recoloured import MOST, RecolouredData

CONFIG = Config.preset("official", "smoke", **{"data.pad": 0})


@pytest.fixture(scope="module")
def grey(smoke_data):
    """A data set whose training images are one grey each, so that a factor can be read off."""
    images = np.full_like(smoke_data.train, 100)
    return dataclasses.replace(smoke_data, train=images)


def sample(data, seed=0):
    return data.batches(CONFIG, batch_size=8, seed=seed).sample()


def test_each_channel_of_an_image_has_one_factor_within_bounds(grey):
    pixels = denormalise(sample(RecolouredData.of(grey)).x_i).float().flatten(1, 2)
    assert (pixels.amax(dim=1) - pixels.amin(dim=1)).max() == 0
    factors = pixels[:, 0] / 100
    assert factors.min() >= 1 / MOST - 0.01
    assert factors.max() <= MOST + 0.01
    assert len(factors.unique()) > 12  # of 24: each image and channel has its own


def test_people_and_partners_are_drawn_as_before(grey):
    plain, recoloured = sample(grey), sample(RecolouredData.of(grey))
    assert torch.equal(plain.index, recoloured.index)
    assert torch.equal(plain.y, recoloured.y)


def test_the_same_seed_gives_the_same_colours(grey):
    first, second, other = (sample(RecolouredData.of(grey), seed).x_t for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_test_images_stay_as_they_are(smoke_data):
    recoloured = RecolouredData.of(smoke_data)
    assert recoloured.query is smoke_data.query
    assert recoloured.gallery is smoke_data.gallery
