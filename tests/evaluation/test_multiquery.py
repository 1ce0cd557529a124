"""A query of several pictures is their mean direction."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet_lite.evaluation.multiquery import multi_query


def test_the_mean_is_over_the_same_person_in_the_same_camera():
    # of person 7 in camera 2: (3, 4) / 5 and (0, 1), sum (0.6, 1.8), of length 6 / sqrt(10)
    more = np.array([[3, 4], [0, 2], [-5, 0], [-5, 0], [-5, 0]], np.float32)
    ids, cameras = np.array([7, 7, 7, 8, -1]), np.array([2, 2, 3, 2, 2])
    got = multi_query(np.array([[1.0, 0]]), np.array([7]), np.array([2]), more, ids, cameras)
    np.testing.assert_allclose(got, [[10**-0.5, 3 * 10**-0.5]], rtol=1e-6)


def test_a_query_without_further_pictures_keeps_its_feature():
    one, two = np.array([1, 1]), np.array([1, 2])
    got = multi_query(np.array([[3.0, 4], [0, 1]]), two, one, np.array([[5.0, 0]]), two[1:], one[1:])
    np.testing.assert_allclose(got, [[0.6, 0.8], [1, 0]], rtol=1e-6)


def test_each_picture_counts_alike_however_long_its_feature():
    query, one = np.ones((1, 2)), np.ones(2, int)
    short, long = np.array([[1.0, 0], [0, 1]]), np.array([[100.0, 0], [0, 1]])
    both = [multi_query(query, one[:1], one[:1], more, one, one) for more in (short, long)]
    torch.testing.assert_close(*both)


def test_arrays_and_tensors_give_the_same():
    rng = np.random.default_rng(0)
    sides = [rng.normal(size=(4, 3)), rng.integers(1, 3, 4), rng.integers(1, 3, 4)]
    more = [rng.normal(size=(9, 3)), rng.integers(1, 3, 9), rng.integers(1, 3, 9)]
    as_tensors = [torch.from_numpy(part) for part in (*sides, *more)]
    torch.testing.assert_close(multi_query(*sides, *more), multi_query(*as_tensors))


@pytest.mark.parametrize("more", [(np.ones((2, 4)), 2), (np.ones((2, 3)), 1)])
def test_pictures_that_do_not_fit_are_refused(more):
    one = np.ones(1, int)
    with pytest.raises(ValueError, match="do not fit"):
        multi_query(np.ones((1, 3)), one, one, more[0], np.ones(more[1], int), np.ones(more[1], int))


def test_no_features_at_all_are_refused():
    one = np.ones(1, int)
    with pytest.raises(ValueError, match="more_features must be"):
        multi_query(np.ones((1, 3)), one, one, np.ones((0, 3)), one[:0], one[:0])
