"""k-reciprocal re-ranking (Zhong, Zheng, Cao and Li, CVPR 2017): two pictures are alike if their neighbourhoods are.

An image says which k images are most like it; a pair counts when each names the other. Who is named by its own
neighbours' neighbours joins in. The rest is set arithmetic, and the distance of two images becomes the distance of
their sets. Nothing is learnt and no label is used, but the queries are needed all at once.

Sets are rows of sparse matrices, a column for each image, so that a set of sets is a matrix product. Beside the result
the memory grows with the number of images times the size of a set, not with its square.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from dgnet_lite.evaluation.nearest import nearest
from dgnet_lite.progress import progress as progress_bar


def rerank(
    query: np.ndarray | Tensor,
    gallery: np.ndarray | Tensor,
    *,
    k1: int = 20,
    k2: int = 6,
    weight: float = 0.3,
    pairs_at_once: int = 1 << 18,
    progress: bool = False,
) -> np.ndarray:
    """Distances after re-ranking, (N_query, N_gallery) float32 in 0..2; `evaluate_scores` takes them with a minus.

    Neighbours are sought among all images, queries and gallery together, as in the authors' release: the queries help
    each other. To see one query as it would come alone, pass it alone.

    Args:
        query, gallery: (N_query, d), (N_gallery, d); L2-normalised here. The distance d of two images is 1 - cosine.
        k1: an image names itself and its `k1` nearest others; its neighbours name `k1 / 2`, rounded.
        k2: each image's set is averaged with those of its nearest, `k2` sets in all; 1 leaves it as it is.
        weight: lambda, the share of d in the result, 0..1; the rest is the Jaccard distance.
        pairs_at_once: pairs of images whose features are compared at a time; 2 * d floats each.

    Raises ValueError: shapes do not fit, features are not finite, or k1, k2 or weight out of range.
    """
    features = _unit(query, gallery)
    total, asked = len(features), len(query)
    if not 1 <= k2 <= k1 + 1 <= total:
        raise ValueError(
            f"k2 <= k1 + 1 and k1 + 1 <= number of images must hold, k2 at least 1; got k1 = {k1}, k2 = {k2} and "
            f"{total} images: lower k1, and k2 with it"
        )
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is lambda, the share of the first distance, in 0..1; got {weight}")
    named = _named(features, k1, progress)
    encoded = _encoded(features, k_reciprocal(named, k1), pairs_at_once)
    if k2 > 1:
        encoded = (_as_sets(named[:, :k2]) @ encoded / k2).tocsr()  # local query expansion, Sec. 3.4
    result = jaccard(encoded[:asked], encoded[asked:], progress=progress)
    result *= 1 - weight  # Sec. 3.5
    for start in range(0, asked, 256):
        rows = slice(start, min(start + 256, asked))
        result[rows] += weight * (1 - features[rows] @ features[asked:].T)
    return result


def k_reciprocal(named: np.ndarray, k1: int) -> sp.csr_array:
    """R*(p, k1) of every image p (article, Sec. 3.2), as a sparse (N, N) matrix of ones.

    Args:
        named: (N, k1 + 1) int, row p: p itself, then the images nearest to p, nearest first.
    """
    own, half = (_reciprocal(named[:, : k + 1]) for k in (k1, max(1, round(k1 / 2))))
    shared = own.multiply((own @ half.T).tocsr()).tocoo()  # |R(p) and R(q, k1/2)|, for q in R(p)
    sizes = np.asarray(half.sum(axis=1)).ravel()
    joins = 3 * shared.data >= 2 * sizes[shared.coords[1]]  # two thirds, free of rounding
    joining = sp.csr_array((np.ones(joins.sum(), np.float32), [c[joins] for c in shared.coords]), shape=own.shape)
    found = (own + joining @ half).tocsr()
    found.data[:] = 1
    return found


def jaccard(a: sp.sparray, b: sp.sparray, *, progress: bool = False) -> np.ndarray:
    """1 - sum of minima / sum of maxima of each row of `a` (Q, N) with each of `b` (G, N): (Q, G) float32.

    Article, Sec. 3.3. No number may be negative. Only columns where both are above 0 add to the minima; the maxima
    follow from the sums, since max = x + y - min. Two empty rows have the distance 1.
    """
    a, b = a.tocsr(), b.tocsc()
    sums_a, sums_b = (np.asarray(side.sum(axis=1), np.float64).ravel() for side in (a, b))
    result = np.ones((a.shape[0], b.shape[0]), np.float32)
    for p in progress_bar(range(a.shape[0]), show=progress, desc="Jaccard", unit="query"):
        columns, values = (part[a.indptr[p] : a.indptr[p + 1]] for part in (a.indices, a.data))
        begins, lengths = b.indptr[columns], np.diff(b.indptr)[columns]
        place = np.repeat(begins - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        least = np.minimum(np.repeat(values, lengths), b.data[place])
        minima = np.bincount(b.indices[place], weights=least, minlength=b.shape[0])
        maxima = sums_a[p] + sums_b - minima
        np.subtract(1, minima / np.where(maxima > 0, maxima, 1), out=result[p], casting="same_kind")
    return result


def _unit(query: np.ndarray | Tensor, gallery: np.ndarray | Tensor) -> np.ndarray:
    sides = [torch.as_tensor(side).detach().cpu().float() for side in (query, gallery)]
    if any(side.ndim != 2 or not len(side) for side in sides) or sides[0].shape[1] != sides[1].shape[1]:
        raise ValueError(
            f"query (N, d) and gallery (M, d) do not fit: {tuple(sides[0].shape)}, {tuple(sides[1].shape)}"
        )
    if not all(side.isfinite().all() for side in sides):
        raise ValueError("a feature is not finite: the model has diverged; load an earlier checkpoint")
    return torch.nn.functional.normalize(torch.cat(sides), dim=1).numpy()


def _named(features: np.ndarray, k: int, progress: bool) -> np.ndarray:
    """(N, k + 1): each image itself, then its k nearest others, also where other images equal it."""
    found = nearest(features, features, k + 1, progress=progress).indices
    itself = found == np.arange(len(found))[:, None]
    first = np.argsort(~itself, axis=1, kind="stable")  # itself in front, the others in their order
    named = np.take_along_axis(found, first, axis=1)
    named[:, 0] = np.arange(len(found))  # k + 1 copies of an image can push it from its own list
    return named


def _as_sets(named: np.ndarray) -> sp.csr_array:
    total, size = named.shape
    rows = np.arange(0, total * size + 1, size)
    return sp.csr_array((np.ones(total * size, np.float32), named.ravel(), rows), shape=(total, total))


def _reciprocal(named: np.ndarray) -> sp.csr_array:
    """R(p, k): who p names and is named by (article, Sec. 3.2)."""
    sets = _as_sets(named)
    return sets.multiply(sets.T).tocsr()


def _encoded(features: np.ndarray, sets: sp.csr_array, pairs_at_once: int) -> sp.csr_array:
    """V (article, Sec. 3.3): exp(-d(p, g)) for g in the set of p, else 0."""
    pairs = sets.tocoo()
    rows, columns = pairs.coords
    values = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), pairs_at_once):
        some = slice(start, start + pairs_at_once)
        cosines = np.einsum("nd,nd->n", features[rows[some]], features[columns[some]])
        values[some] = np.exp(cosines - 1)
    return sp.csr_array((values, (rows, columns)), shape=sets.shape)
