"""The nearest of a gallery too large for a matrix of all scores, or for memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dgnet_lite.progress import progress as progress_bar


class Nearest(NamedTuple):
    """Result of `nearest`: two arrays of shape (N_query, top), best first."""

    indices: np.ndarray  # int64, into the gallery; -1 where the gallery has fewer than `top` images
    scores: np.ndarray  # float32, -inf there


def nearest(
    query: np.ndarray | Tensor,
    gallery: np.ndarray | Tensor,
    top: int,
    *,
    queries_at_once: int = 1024,
    gallery_at_once: int = 16384,
    progress: bool = False,
) -> Nearest:
    """Exact: for each query the `top` gallery vectors of largest product.

    `queries_at_once x gallery_at_once` scores are in memory at a time, 64 MB as it stands.

    Args:
        query, gallery: (Q, d), (N, d). The gallery may be a np.memmap; it is read once for all queries of a block, so
            let `queries_at_once` be large where the disk is slow.
        top: at least 1.

    Equal scores come in the order of the gallery; which of several equal ones is the last to be taken is left open.
    This ranks and does not judge: for CMC and mAP, which need every match's rank, see `retrieval.evaluate`.

    Raises ValueError: shapes do not fit, a side is empty, `top` is below 1, or a score is not a number.
    """
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1] or not len(query) or not len(gallery):
        raise ValueError(f"query (Q, d) and gallery (N, d) do not fit: {tuple(query.shape)}, {tuple(gallery.shape)}")
    if top < 1:
        raise ValueError(f"top is the number of gallery images wanted and must be at least 1; got {top}")
    indices = np.full((len(query), top), -1, dtype=np.int64)
    scores = np.full((len(query), top), -np.inf, dtype=np.float32)
    blocks = [
        (slice(q, q + queries_at_once), g)
        for q in range(0, len(query), queries_at_once)
        for g in range(0, len(gallery), gallery_at_once)
    ]
    for rows, start in progress_bar(blocks, show=progress, desc="ranking", unit="block"):
        products = _numbers(query[rows]) @ _numbers(gallery[start : start + gallery_at_once]).T
        if products.isnan().any():
            raise ValueError("a product of query and gallery is not a number: look for NaN in the features")
        found = products.topk(min(top, products.shape[1]), dim=1)
        values = np.concatenate([scores[rows], found.values.cpu().numpy()], axis=1)
        places = np.concatenate([indices[rows], found.indices.cpu().numpy() + start], axis=1)
        order = np.lexsort((places, -values), axis=1)[:, :top]
        scores[rows], indices[rows] = np.take_along_axis(values, order, 1), np.take_along_axis(places, order, 1)
    return Nearest(indices, scores)


def _numbers(part: np.ndarray | Tensor) -> Tensor:
    return part.float() if isinstance(part, Tensor) else torch.from_numpy(np.array(part, dtype=np.float32))
