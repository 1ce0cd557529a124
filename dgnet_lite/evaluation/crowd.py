"""Features of a crowd that was never photographed: as many as wanted, to see what a large gallery costs.

A person is a centre, a picture of the person lies around it. Both scatter as features of a trained network do: much
along a few directions, little along many, by a power law. How many persons share a region is then as uneven as in
life, and an index that relies on regions meets what it would meet there. It says nothing of how well people are told
apart: `inside` is an assumption, not a result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dgnet_lite.progress import progress as progress_bar

AT_ONCE = 16_384
"""Pictures made at a time."""


class Crowd(NamedTuple):
    """Result of `crowd`."""

    gallery: np.ndarray  # (N, d) float32, rows of length 1
    gallery_ids: np.ndarray  # (N,) int64, 0..persons-1
    query: np.ndarray  # (Q, d) float32: further pictures of the first Q persons
    query_ids: np.ndarray  # (Q,) int64


def crowd(
    gallery: int,
    queries: int,
    *,
    dimensions: int = 512,
    per_person: int = 20,
    inside: float = 0.5,
    exponent: float = 1.0,
    seed: int = 0,
    progress: bool = False,
) -> Crowd:
    """Gallery and query features of gallery / per_person persons.

    Args:
        gallery, queries: how many; at most one query a person.
        inside: share of the variance that is within persons, 0..1. Before normalising, the mean cosine of two pictures
            of one person is 1 - inside, of two persons 0.
        exponent: the k-th direction has a variance of k ** -exponent, times a constant. 0 spreads evenly.
        seed: the same numbers give the same features. The first persons and their order do not depend on `queries`.

    Raises ValueError: a number out of range, or more queries than persons.
    """
    persons = gallery // per_person if per_person > 0 else 0
    if not 1 <= queries <= persons or not 0 <= inside <= 1 or dimensions < 1:
        raise ValueError(
            f"{queries} queries of {persons} persons ({gallery} / {per_person}), inside = {inside}: there must be at "
            "least one query and one person for each, and inside lies in 0..1"
        )
    rng = np.random.default_rng(seed)
    scale = np.arange(1, dimensions + 1) ** (-exponent / 2)
    scale /= np.linalg.norm(scale)
    between, within = (
        (share**0.5 * scale[:, None] * np.linalg.qr(rng.standard_normal((dimensions, dimensions)))[0]).astype("f4")
        for share in (1 - inside, inside)
    )
    centres = rng.standard_normal((persons, dimensions), np.float32) @ between
    ids = np.arange(gallery) % persons
    features = np.empty((gallery, dimensions), np.float32)
    for start in progress_bar(range(0, gallery, AT_ONCE), show=progress, desc="crowd", unit="block"):
        some = slice(start, min(start + AT_ONCE, gallery))
        features[some] = _around(centres[ids[some]], within, rng)
    asked = np.arange(queries)
    return Crowd(features, ids, _around(centres[asked], within, np.random.default_rng([seed, 1])), asked)


def _around(centres: np.ndarray, within: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    pictures = centres + rng.standard_normal(centres.shape, np.float32) @ within
    return pictures / np.linalg.norm(pictures, axis=1, keepdims=True)
