"""SSIM between pictures of one identity."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.evaluation.diversity import diversity, same_identity_pairs
from dgnet_lite.evaluation.realism import ssim


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (6, 16, 12, 3), dtype=np.uint8)


def test_pairs_are_of_one_identity_and_of_two_pictures():
    ids = np.array([3, 1, 3, 2, 1, 3])
    first, second = same_identity_pairs(ids, 50, seed=0)
    assert (ids[first] == ids[second]).all()
    assert (first != second).all()


def test_each_identity_with_two_pictures_gives_as_many_pairs_and_every_pair_is_drawn():
    ids = np.array([3, 1, 3, 2, 1, 3])
    first, second = same_identity_pairs(ids, 50, seed=0)
    assert [(ids[first] == k).sum() for k in (1, 2, 3)] == [50, 0, 50]
    drawn = {(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True)}
    assert drawn == {(1, 4), (4, 1), (0, 2), (2, 0), (0, 5), (5, 0), (2, 5), (5, 2)}


def test_two_pictures_of_one_identity_leave_no_choice(noise):
    found = diversity(noise[:2], np.array([7, 7]), pairs=3, rounds=2)
    expected = ssim(noise[:1], noise[1:2]).item()
    assert found.ssim == pytest.approx(expected, abs=1e-6)
    assert found.dssim == pytest.approx((1 - expected) / 2, abs=1e-6)
    assert (found.ssim_sd, found.identities) == (pytest.approx(0, abs=1e-7), 1)


def test_the_same_picture_again_and_again_is_not_diverse(noise):
    found = diversity(noise[[0, 0, 0, 1, 1]], np.array([1, 1, 1, 2, 2]))
    assert (found.ssim, found.dssim) == (pytest.approx(1), pytest.approx(0, abs=1e-6))


def test_noise_is_diverse_and_its_rounds_differ(noise):
    found = diversity(noise, np.array([1, 1, 1, 2, 2, 2]), pairs=2)
    assert found.dssim > 0.45
    assert found.ssim_sd > 0


def test_the_same_seed_gives_the_same_number(noise):
    ids = np.array([1, 1, 1, 2, 2, 2])
    assert diversity(noise, ids, pairs=2, seed=3) == diversity(noise, ids, pairs=2, seed=3)
    assert diversity(noise, ids, pairs=2, seed=3) != diversity(noise, ids, pairs=2, seed=4)


def test_one_picture_of_each_is_refused(noise):
    with pytest.raises(ValueError, match="no identity has two of the 6 pictures"):
        diversity(noise, np.arange(6))


def test_ids_of_other_pictures_are_refused(noise):
    with pytest.raises(ValueError, match="6 images and 5 ids"):
        diversity(noise, np.ones(5))
