"""CMC and mAP by Market-1501's protocol.

For a query, gallery images of the same id *and* the same camera are removed, and nothing else: distractors (id 0) stay
and are wrong; junk (id -1) must have left the gallery before, as `data.reid` sees to. Equal scores keep the order of
the gallery, so a ranking is the same on every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray | Tensor


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Result of `evaluate`; all scores are fractions in 0..1.

    A query without a valid match (its identity was seen by no other camera) has no AP. The means are over the
    `num_valid` queries that have one, as in torchreid; DG-Net's release divides by all queries instead, which is
    `mAP * num_valid / num_queries`. On Market-1501 the two agree: every query has a match.
    """

    rank1: float
    rank5: float
    rank10: float
    # Trapezoid rule, as Market-1501's toolbox and DG-Net: the one to compare with the paper's numbers.
    mAP: float
    # Step rule, as torchreid and fast-reid: never below the trapezoid's.
    mAP_step: float
    cmc: np.ndarray  # (N_gallery,), cmc[r] = share of valid queries with a true match among the first r + 1
    ap: np.ndarray  # (N_query,), trapezoid rule; NaN without a valid match
    num_queries: int
    num_valid: int


class Ranking(NamedTuple):
    """Result of `ranking`: two arrays of shape (N_query, top)."""

    indices: np.ndarray  # int64, into the gallery, best first; -1 where a query has fewer than `top` candidates
    status: np.ndarray  # "right" (same id, another camera) or "wrong"; "" where indices is -1


class _Images(NamedTuple):
    """Features (N, d), ids (N,) and cameras (N,) of one side, on one device.

    A gallery without features stands for scores that are there already, (N_query, N_gallery), the query's features.
    """

    features: Tensor | None
    ids: Tensor
    cameras: Tensor


class _Chunk(NamedTuple):
    """The whole gallery, ranked for some of the queries; removed images come last."""

    queries: slice
    order: Tensor  # (q, N_gallery) int64, into the gallery, best first
    is_match: Tensor  # (q, N_gallery) bool, by rank
    num_kept: Tensor  # (q,) int64, so many of the first ranks are not removed


def average_precision(rank_of_match: Array, rule: str = "trapezoid") -> Tensor:
    """AP of one query.

    The precision after match k (from 1) is k / (rank + 1). The step rule averages these; the trapezoid rule first
    averages each with the precision just before that match. One match at the second place: 0.5 and 0.25.

    Args:
        rank_of_match: (M,), 0-based ranks of the query's true matches in its valid gallery, ascending.
        rule: "trapezoid" or "step"; ValueError for any other.

    Returns: scalar, float64, in 0..1; NaN when there is no match.
    """
    ranks = torch.as_tensor(rank_of_match)
    nth = torch.arange(1, len(ranks) + 1, device=ranks.device)
    return _precision_at_match(nth, ranks, rule).mean()


def evaluate(
    query_features: Array,
    query_ids: Array,
    query_cameras: Array,
    gallery_features: Array,
    gallery_ids: Array,
    gallery_cameras: Array,
    *,
    chunk: int = 512,
) -> Retrieval:
    """Rank the gallery for each query by dot product, and score the rankings.

    Args:
        query_features, gallery_features: (N_query, d), (N_gallery, d); for cosine similarity, L2-normalised. Both are
            NumPy arrays or tensors, tensors on one device: the work is done there.
        query_ids, gallery_ids, query_cameras, gallery_cameras: (N_query,), (N_gallery,), integers.
        chunk: queries ranked at once; memory is about chunk * N_gallery * 20 bytes.

    Raises:
        ValueError: shapes do not fit, features are not finite, or no query at all has a valid match.
    """
    sides = _checked_pair(query_features, query_ids, query_cameras, gallery_features, gallery_ids, gallery_cameras)
    return _evaluated(*sides, chunk)


def evaluate_scores(
    scores: Array,
    query_ids: Array,
    query_cameras: Array,
    gallery_ids: Array,
    gallery_cameras: Array,
    *,
    chunk: int = 512,
) -> Retrieval:
    """As `evaluate`, from scores (N_query, N_gallery), higher is better; of distances give the negative.

    Raises ValueError: shapes do not fit, scores are not finite, or no query at all has a valid match.
    """
    return _evaluated(*_checked_scores(scores, query_ids, query_cameras, gallery_ids, gallery_cameras), chunk)


def _evaluated(query: _Images, gallery: _Images, chunk: int) -> Retrieval:
    num_queries, num_gallery = len(query.ids), len(gallery.ids)
    ap, ap_step = np.full((2, num_queries), np.nan)
    first_rank_counts = np.zeros(num_gallery, dtype=np.int64)
    for rows, scores, same_id, is_removed in _scored(query, gallery, chunk):
        is_match = same_id & ~is_removed
        num_matches = is_match.sum(dim=1)
        row, rank = _ranks_of_matches(scores, is_match)
        nth = torch.arange(len(row), device=row.device) - (num_matches.cumsum(0) - num_matches)[row] + 1
        for found, rule in ((ap, "trapezoid"), (ap_step, "step")):
            total = torch.zeros(len(num_matches), dtype=torch.float64, device=row.device)
            total.index_add_(0, row, _precision_at_match(nth, rank, rule))
            found[rows] = (total / num_matches).cpu().numpy()  # 0 / 0 is NaN: no valid match
        first_rank_counts += torch.bincount(rank[nth == 1], minlength=num_gallery).cpu().numpy()

    num_valid = int(first_rank_counts.sum())
    if num_valid == 0:
        raise ValueError(
            f"none of the {num_queries} queries has a match (same id, another camera) among {num_gallery} gallery "
            "images: take query and gallery from one data set, with ids and cameras as in the file names"
        )
    cmc = first_rank_counts.cumsum() / num_valid
    rank1, rank5, rank10 = (float(cmc[min(r, num_gallery) - 1]) for r in (1, 5, 10))
    return Retrieval(
        rank1=rank1,
        rank5=rank5,
        rank10=rank10,
        mAP=float(np.nanmean(ap)),
        mAP_step=float(np.nanmean(ap_step)),
        cmc=cmc,
        ap=ap,
        num_queries=num_queries,
        num_valid=num_valid,
    )


def ranking(
    query_features: Array,
    query_ids: Array,
    query_cameras: Array,
    gallery_features: Array,
    gallery_ids: Array,
    gallery_cameras: Array,
    *,
    top: int = 10,
    chunk: int = 512,
) -> Ranking:
    """The first `top` gallery images for each query, as `evaluate` ranks them. Arguments and errors as there."""
    sides = _checked_pair(query_features, query_ids, query_cameras, gallery_features, gallery_ids, gallery_cameras)
    return _ranked(*sides, top, chunk)


def ranking_of_scores(
    scores: Array,
    query_ids: Array,
    query_cameras: Array,
    gallery_ids: Array,
    gallery_cameras: Array,
    *,
    top: int = 10,
    chunk: int = 512,
) -> Ranking:
    """The first `top` gallery images for each query, as `evaluate_scores` ranks them. Arguments and errors as there."""
    return _ranked(*_checked_scores(scores, query_ids, query_cameras, gallery_ids, gallery_cameras), top, chunk)


def _ranked(query: _Images, gallery: _Images, top: int, chunk: int) -> Ranking:
    indices = np.full((len(query.ids), top), -1, dtype=np.int64)
    status = np.full((len(query.ids), top), "", dtype="<U5")
    for part in _rank(query, gallery, chunk):
        order, is_match = part.order[:, :top].cpu().numpy(), part.is_match[:, :top].cpu().numpy()
        shown = order.shape[1]
        is_kept = np.arange(shown) < part.num_kept.cpu().numpy()[:, None]
        indices[part.queries, :shown] = np.where(is_kept, order, -1)
        status[part.queries, :shown] = np.where(is_kept, np.where(is_match, "right", "wrong"), "")
    return Ranking(indices, status)


def _precision_at_match(nth: Tensor, rank: Tensor, rule: str) -> Tensor:
    """What a match adds to its query's AP, before the mean: the nth match (from 1), at `rank` (from 0); float64."""
    nth, rank = nth.double(), rank.double()
    after = nth / (rank + 1)
    if rule == "step":
        return after
    if rule == "trapezoid":
        before = torch.where(rank > 0, (nth - 1) / rank.clamp(min=1), 1.0)
        return (before + after) / 2
    raise ValueError(f"unknown rule {rule!r} for average precision: use 'trapezoid' or 'step'")


def _scored(query: _Images, gallery: _Images, chunk: int) -> Iterator[tuple[slice, Tensor, Tensor, Tensor]]:
    """For some queries at a time: their rows; scores, -inf where removed; same id; removed; each (q, N_gallery)."""
    if chunk < 1:
        raise ValueError(f"chunk is the number of queries ranked at once and must be at least 1; got {chunk}")
    for start in range(0, len(query.ids), chunk):
        rows = slice(start, start + chunk)
        same_id = query.ids[rows, None] == gallery.ids
        is_removed = same_id & (query.cameras[rows, None] == gallery.cameras)
        known = query.features[rows]
        scores = known.clone() if gallery.features is None else known @ gallery.features.T
        yield rows, scores.masked_fill_(is_removed, -torch.inf), same_id, is_removed


def _rank(query: _Images, gallery: _Images, chunk: int) -> Iterator[_Chunk]:
    for rows, scores, same_id, is_removed in _scored(query, gallery, chunk):
        order = scores.sort(dim=1, descending=True, stable=True).indices
        is_match = (same_id & ~is_removed).gather(1, order)
        yield _Chunk(rows, order, is_match, num_kept=(~is_removed).sum(dim=1))


def _ranks_of_matches(scores: Tensor, is_match: Tensor, batch: int = 512) -> tuple[Tensor, Tensor]:
    """Row and 0-based rank of every match, row by row, ranks ascending within a row; scores and is_match are (q, N).

    A rank is the number of images before it: those with a higher score, and those with the same that stand earlier in
    the gallery. To count them the scores are sorted, but not the images, which is several times as fast.
    """
    row, column = is_match.nonzero(as_tuple=True)
    if not len(row):
        return row, column
    num_matches = is_match.sum(dim=1)
    nth = torch.arange(len(row), device=row.device) - (num_matches.cumsum(0) - num_matches)[row]
    asked = scores.new_zeros(len(scores), int(num_matches.max()))
    asked[row, nth] = scores[row, column]
    ascending = _ascending(scores)
    not_above = torch.searchsorted(ascending, asked, right=True)[row, nth]
    below = torch.searchsorted(ascending, asked)[row, nth]
    rank = scores.shape[1] - not_above
    for tied in (not_above - below > 1).nonzero()[:, 0].split(batch):
        r, c = row[tied], column[tied, None]
        earlier = torch.arange(scores.shape[1], device=row.device) < c
        rank[tied] += ((scores[r] == scores[r].gather(1, c)) & earlier).sum(dim=1)
    place = (row * scores.shape[1] + rank).argsort()
    return row[place], rank[place]


def _ascending(scores: Tensor) -> Tensor:
    """Each row sorted. On a CPU NumPy does it, which uses vector instructions; torch would sort the indices, too."""
    if scores.device.type == "cpu":
        return torch.from_numpy(np.sort(scores.numpy(), axis=1))
    return scores.sort(dim=1).values


def _checked_pair(
    query_features: Array,
    query_ids: Array,
    query_cameras: Array,
    gallery_features: Array,
    gallery_ids: Array,
    gallery_cameras: Array,
) -> tuple[_Images, _Images]:
    query = _checked("query", query_features, query_ids, query_cameras)
    gallery = _checked("gallery", gallery_features, gallery_ids, gallery_cameras)
    if query.features.shape[1] != gallery.features.shape[1]:
        raise ValueError(
            f"query features have {query.features.shape[1]} dimensions and gallery features "
            f"{gallery.features.shape[1]}: embed both with the same model"
        )
    dtype = torch.promote_types(query.features.dtype, gallery.features.dtype)
    return (
        query._replace(features=query.features.to(dtype)),
        gallery._replace(features=gallery.features.to(dtype)),
    )


def _checked_scores(
    scores: Array, query_ids: Array, query_cameras: Array, gallery_ids: Array, gallery_cameras: Array
) -> tuple[_Images, _Images]:
    query = _checked("query, scores in their place", scores, query_ids, query_cameras)
    ids, cameras = (torch.as_tensor(each, device=query.ids.device) for each in (gallery_ids, gallery_cameras))
    if not ids.shape == cameras.shape == query.features.shape[1:]:
        raise ValueError(
            f"scores must be (N_query, N_gallery), ids and cameras of the gallery (N_gallery,); got "
            f"{tuple(query.features.shape)}, {tuple(ids.shape)} and {tuple(cameras.shape)}"
        )
    return query, _Images(None, ids, cameras)


def _checked(side: str, features: Array, ids: Array, cameras: Array) -> _Images:
    features = torch.as_tensor(features).detach()
    if features.dtype != torch.float64:
        features = features.float()
    ids, cameras = (torch.as_tensor(numbers, device=features.device) for numbers in (ids, cameras))
    if features.ndim != 2 or not features.shape[:1] == ids.shape == cameras.shape or len(ids) == 0:
        raise ValueError(
            f"{side}: features must be (N, d), ids and cameras (N,), for the same N > 0 images; "
            f"got {tuple(features.shape)}, {tuple(ids.shape)} and {tuple(cameras.shape)}"
        )
    if not features.isfinite().all():
        row = int((~features.isfinite()).any(dim=1).nonzero()[0])
        raise ValueError(
            f"{side} features are not finite, first in row {row}: the model has diverged; load an earlier checkpoint"
        )
    return _Images(features, ids, cameras)
