"""Re-ranking equals the article, said again picture by picture."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from dgnet_lite.evaluation.rerank import jaccard, k_reciprocal, rerank


def features(n, seed, d=6, persons=8):
    """Pictures of a few persons, so that neighbourhoods are of unlike sizes."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(persons, d))
    return (centres[rng.integers(persons, size=n)] + 0.7 * rng.normal(size=(n, d))).astype(np.float32)


def by_the_article(query, gallery, k1, k2, weight):
    """Zhong et al., Sec. 3, with sets and loops; distances 1 - cosine; an image is the first of its own neighbours."""
    x = np.concatenate([query, gallery]).astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    d, n = 1 - x @ x.T, len(x)
    order = [sorted(range(n), key=lambda g, p=p: (g != p, d[p, g])) for p in range(n)]

    def nearest(p, k):
        return order[p][: k + 1]

    def reciprocal(p, k):
        return {g for g in nearest(p, k) if p in nearest(g, k)}

    v = np.zeros((n, n))
    for p in range(n):
        own = reciprocal(p, k1)
        everybody = set(own)
        for q in own:
            half = reciprocal(q, round(k1 / 2))
            if len(own & half) >= 2 / 3 * len(half):
                everybody |= half
        for g in everybody:
            v[p, g] = np.exp(-d[p, g])
    v = np.stack([np.mean([v[q] for q in order[p][:k2]], axis=0) for p in range(n)])
    result = np.empty((len(query), len(gallery)))
    for p in range(len(query)):
        for g in range(len(query), n):
            far = 1 - np.minimum(v[p], v[g]).sum() / np.maximum(v[p], v[g]).sum()
            result[p, g - len(query)] = (1 - weight) * far + weight * d[p, g]
    return result


@pytest.mark.parametrize(("k1", "k2", "weight"), [(6, 3, 0.3), (9, 1, 0.0), (5, 6, 0.8), (20, 6, 0.3), (1, 1, 0.5)])
def test_it_equals_the_article_said_again_with_loops(k1, k2, weight):
    q, g = features(7, 0), features(40, 1)
    np.testing.assert_allclose(
        rerank(q, g, k1=k1, k2=k2, weight=weight), by_the_article(q, g, k1, k2, weight), atol=2e-6
    )


def test_the_numbers_of_the_article_are_the_default():
    q, g = features(7, 0), features(40, 1)
    np.testing.assert_array_equal(rerank(q, g), rerank(q, g, k1=20, k2=6, weight=0.3))


def test_with_weight_one_nothing_is_changed():
    q, g = features(7, 0), features(40, 1)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, g)]
    np.testing.assert_allclose(rerank(q, g, weight=1.0), 1 - unit[0] @ unit[1].T, atol=1e-6)


def test_a_neighbours_set_joins_in_when_two_thirds_of_it_are_shared():
    # A ring: everybody names the two beside him first, then the two next to these.
    n, steps = 30, [0, 1, -1, 2, -2]
    named = np.array([[(p + s) % n for s in steps] for p in range(n)])
    # R(0, 4) = -2..2. R(1, 2) = {0, 1, 2} lies in it; R(2, 2) = {1, 2, 3} by two of three, so 3 joins in.
    # The order in which a sparse row lists its columns is nobody's promise, so a full row is compared.
    expected = np.isin(np.arange(n), [27, 28, 29, 0, 1, 2, 3])
    np.testing.assert_array_equal(k_reciprocal(named, 4).toarray()[0], expected)


def test_jaccard_of_worked_rows():
    a = sp.csr_array(np.array([[1.0, 0.5, 0, 0], [0, 0, 0, 0]]))
    b = sp.csr_array(np.array([[0.5, 0.5, 1, 0], [0, 0, 0, 2], [1, 0.5, 0, 0]]))
    # minima 1, maxima 1 + 0.5 + 1; nothing shared; equal
    np.testing.assert_allclose(jaccard(a, b), [[1 - 1 / 2.5, 1, 0], [1, 1, 1]], atol=1e-7)


def test_copies_of_one_image_are_ranked_first():
    g = features(30, 1)
    g[20:28] = g[3]
    assert set(rerank(g[[3]], g, k1=4, k2=2)[0].argsort()[:9]) == {3, *range(20, 28)}


def test_the_number_of_pairs_at_once_changes_nothing():
    q, g = features(7, 0), features(40, 1)
    np.testing.assert_array_equal(rerank(q, g, pairs_at_once=5), rerank(q, g))


def test_lengths_of_features_make_no_difference():
    q, g = features(7, 0), features(40, 1)
    np.testing.assert_allclose(rerank(torch.from_numpy(3 * q), g), rerank(q, g), atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"k1": 47}, "lower k1"), ({"k2": 0}, "k2"), ({"k1": 3, "k2": 6}, "k2 <="), ({"weight": 1.1}, "lambda")],
)
def test_numbers_out_of_range_are_refused(changed, said):
    with pytest.raises(ValueError, match=said):
        rerank(features(7, 0), features(40, 1), **changed)


def test_features_of_two_models_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        rerank(features(7, 0, d=5), features(40, 1))


def test_a_feature_that_is_no_number_is_refused():
    q = features(7, 0)
    q[2, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        rerank(q, features(40, 1))
