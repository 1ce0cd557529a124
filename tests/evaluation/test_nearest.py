"""Block by block, the nearest are those of the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet_lite.evaluation.nearest import nearest
from dgnet_lite.evaluation.retrieval import ranking


def features(n, seed, d=8):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


@pytest.mark.parametrize(("queries", "gallery"), [(1, 1), (3, 7), (1000, 1000)])
def test_any_size_of_block_gives_the_ranking_of_the_whole_matrix(queries, gallery):
    q, g = features(10, 0), features(50, 1)
    found = nearest(q, g, 5, queries_at_once=queries, gallery_at_once=gallery)
    scores = q @ g.T
    assert np.array_equal(found.indices, np.argsort(-scores, axis=1, kind="stable")[:, :5])
    np.testing.assert_allclose(found.scores, -np.sort(-scores, axis=1)[:, :5], rtol=1e-5)


def test_it_ranks_as_the_evaluation_does():
    q, g = features(10, 0), features(50, 1)
    nobody = np.arange(100, 110), np.ones(10, int)
    wanted = ranking(q, *nobody, g, np.arange(50), np.ones(50, int), top=5).indices
    assert np.array_equal(nearest(torch.from_numpy(q), torch.from_numpy(g), 5, gallery_at_once=8).indices, wanted)


def test_a_gallery_on_disk_is_read(tmp_path):
    g = features(50, 1)
    np.save(tmp_path / "gallery.npy", g)
    on_disk = np.load(tmp_path / "gallery.npy", mmap_mode="r")
    assert np.array_equal(nearest(g[:4], on_disk, 3, gallery_at_once=7).indices, nearest(g[:4], g, 3).indices)


def test_equal_scores_come_in_the_order_of_the_gallery():
    g = np.ones((6, 2), np.float32)
    assert nearest(g[:1], g, 6, gallery_at_once=4).indices.tolist() == [[0, 1, 2, 3, 4, 5]]


def test_what_a_small_gallery_lacks_is_marked():
    found = nearest(features(2, 0), features(3, 1), 5)
    assert (found.indices[:, 3:] == -1).all()
    assert np.isneginf(found.scores[:, 3:]).all()


@pytest.mark.parametrize(
    ("q", "g", "top", "said"),
    [
        ((2, 3), (4, 5), 1, "do not fit"),
        ((2, 3), (0, 3), 1, "do not fit"),
        ((2, 3), (4, 3), 0, "at least 1"),
    ],
)
def test_what_cannot_be_ranked_is_refused(q, g, top, said):
    with pytest.raises(ValueError, match=said):
        nearest(np.zeros(q, np.float32), np.zeros(g, np.float32), top)


def test_a_feature_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        nearest(np.full((1, 2), np.nan, np.float32), features(3, 0, d=2), 1)
