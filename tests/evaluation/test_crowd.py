"""A crowd has the scatter that was asked for, and is the same again."""

from __future__ import annotations

import numpy as np
import pytest

from dgnet_lite.evaluation.crowd import crowd


def test_rows_have_length_one_and_persons_are_dealt_evenly():
    made = crowd(200, 5, dimensions=16, per_person=20)
    np.testing.assert_allclose(np.linalg.norm(made.gallery, axis=1), 1, rtol=1e-5)
    assert np.bincount(made.gallery_ids).tolist() == [20] * 10
    assert made.query_ids.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("inside", [0.2, 0.6])
def test_pictures_of_one_person_have_the_cosine_asked_for(inside):
    made = crowd(4000, 100, dimensions=64, per_person=20, inside=inside, exponent=0.0)
    cosines = made.query @ made.gallery.T
    same = made.query_ids[:, None] == made.gallery_ids
    assert cosines[same].mean() == pytest.approx(1 - inside, abs=0.03)
    assert cosines[~same].mean() == pytest.approx(0, abs=0.03)


def test_directions_scatter_by_the_power_law():
    made = crowd(20_000, 1, dimensions=32, per_person=1, inside=0.0, exponent=1.0)
    variance = np.linalg.svd(made.gallery, compute_uv=False)[[0, 7, 31]] ** 2
    np.testing.assert_allclose(variance / variance[0], [1, 1 / 8, 1 / 32], rtol=0.5)


def test_the_same_seed_gives_the_same_crowd_whatever_is_asked():
    few, many = crowd(100, 1, dimensions=8, per_person=10, seed=3), crowd(100, 4, dimensions=8, per_person=10, seed=3)
    assert np.array_equal(few.gallery, many.gallery)
    assert np.array_equal(few.query, many.query[:1])
    assert not np.array_equal(few.gallery, crowd(100, 1, dimensions=8, per_person=10, seed=4).gallery)


@pytest.mark.parametrize("wrong", [{"queries": 11}, {"queries": 0}, {"inside": 1.5}, {"per_person": 0}])
def test_a_crowd_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="at least"):
        crowd(**{"gallery": 100, "queries": 1, "per_person": 10, **wrong})
