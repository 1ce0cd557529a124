"""Several pictures of the person asked for: one camera has seen somebody walk by, not stand still."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Array = np.ndarray | Tensor


def multi_query(
    features: Array,
    ids: Array,
    cameras: Array,
    more_features: Array,
    more_ids: Array,
    more_cameras: Array,
) -> Tensor:
    """Each query's feature replaced by the mean over the further pictures of its person in its camera.

    On Market-1501 the further pictures are those of gt_bbox/, the query's own box among them. Elsewhere take query and
    gallery together: pictures of the query's person in its own camera are junk to the protocol and removed from its
    ranking, so nothing that is to be found is used twice. (For other queries of the person, in other cameras, they do
    stay in the ranking, as is right.)

    Args:
        features, ids, cameras: (Q, d), (Q,), (Q,) of the queries.
        more_features, more_ids, more_cameras: (M, d), (M,), (M,). Junk and distractors in them do no harm.

    Returns: (Q, d) float32, rows of length 1: features are L2-normalised, averaged and normalised again. A query of
    which there is no further picture keeps its own feature.

    Raises ValueError: shapes do not fit.
    """
    queries, more = _numbers(features, "features"), _numbers(more_features, "more_features")
    sides = [np.stack([_whole(i), _whole(c)]) for i, c in ((ids, cameras), (more_ids, more_cameras))]
    if queries.shape[1] != more.shape[1] or [len(queries), len(more)] != [side.shape[1] for side in sides]:
        raise ValueError(
            f"features {tuple(queries.shape)} with {sides[0].shape[1]} ids and more_features {tuple(more.shape)} with "
            f"{sides[1].shape[1]} do not fit: one id and camera an image, and features of one model"
        )
    pairs, group = np.unique(np.concatenate(sides, axis=1), axis=1, return_inverse=True)
    asked, found = torch.from_numpy(group.reshape(-1)).split([len(queries), len(more)])
    total = queries.new_zeros(pairs.shape[1], queries.shape[1]).index_add_(0, found.to(more.device), F.normalize(more))
    has_more = torch.isin(asked, found).to(queries.device)
    mean = F.normalize(total[asked.to(total.device)])  # of length 1, a sum is as good as a mean
    return torch.where(has_more[:, None], mean, F.normalize(queries))


def _numbers(features: Array, name: str) -> Tensor:
    features = torch.as_tensor(features).detach().float()
    if features.ndim != 2 or not len(features):
        raise ValueError(f"{name} must be (N, d) with N > 0; got {tuple(features.shape)}")
    return features


def _whole(numbers: Array) -> np.ndarray:
    return (numbers.detach().cpu().numpy() if isinstance(numbers, Tensor) else np.asarray(numbers)).astype(np.int64)
