"""How different the pictures of one person are: SSIM between them, and DSSIM = (1 - SSIM) / 2.

The paper's Table 2 has a column "Diversity (SSIM)", higher is better. SSIM itself falls with diversity, so what stands
there is most likely DSSIM; the authors do not say. Both are given here. Neither asks whether the pictures are any good:
noise is diverse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dgnet_lite.evaluation.realism import Images, as_image_batch, ssim

PAIRS, ROUNDS = 10, 5


class Diversity(NamedTuple):
    """Means over all pairs, and the standard deviation of the rounds' means, which is that of SSIM and half for DSSIM.

    identities: how many had two pictures or more; the others do not count.
    """

    ssim: float
    dssim: float
    ssim_sd: float
    identities: int


def diversity(images: Images, ids: np.ndarray, *, pairs: int = PAIRS, rounds: int = ROUNDS, seed: int = 0) -> Diversity:
    """SSIM of random pairs of pictures of one identity, RGB, data range 255, at the size that the pictures have.

    Sizes matter: a smaller picture has less of the fine structure that no two pictures share. Compare at one size.

    Args:
        images: (N, H, W, 3), uint8.
        ids: (N,), whose picture it counts as; of a swap, that of the one who gave the appearance.
        pairs, rounds: `pairs` of each identity, drawn anew in each of `rounds`.
        seed: of the draws.

    Raises TypeError, ValueError: as `realism.ssim`; ids do not fit; no identity has two pictures.
    """
    images = as_image_batch(images, "images")
    if len(ids) != len(images):
        raise ValueError(f"{len(images)} images and {len(ids)} ids: give one id an image")
    generator = np.random.default_rng(seed)
    means, identities = [], 0
    for _ in range(rounds):
        first, second = same_identity_pairs(ids, pairs, generator)
        means.append(ssim(images[first], images[second]).double().mean().item())
        identities = len(np.unique(np.asarray(ids)[first]))
    mean = float(np.mean(means))
    return Diversity(mean, (1 - mean) / 2, float(np.std(means)), identities)


def same_identity_pairs(
    ids: np.ndarray, pairs: int, seed: int | np.random.Generator = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Of each identity, `pairs` random pairs of two different pictures; pairs may repeat.

    Returns: two arrays of indices into `ids`, each (pairs * identities with two pictures or more,).
    Raises ValueError: no identity has two pictures, or `pairs` is below 1.
    """
    if pairs < 1:
        raise ValueError(f"pairs is the number of pairs of each identity, at least 1; got {pairs}")
    generator = np.random.default_rng(seed)
    ids = np.asarray(ids)
    order = np.argsort(ids, kind="stable")
    _, starts, counts = np.unique(ids[order], return_index=True, return_counts=True)
    starts, counts = starts[counts > 1].repeat(pairs), counts[counts > 1].repeat(pairs)
    if not len(counts):
        raise ValueError(f"no identity has two of the {len(ids)} pictures: diversity compares pictures of one person")
    first = generator.integers(counts)
    second = (first + generator.integers(1, counts)) % counts  # a step of 1 to count - 1 never ends where it began
    return order[starts + first], order[starts + second]
