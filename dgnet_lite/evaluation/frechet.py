"""How far apart two sets of images are, from their features: Fréchet's distance and a kernel distance (torchmetrics).

In the features of FID's Inception network these two are FID (Heusel et al. 2017; paper, Table 2) and KID (Binkowski et
al. 2018). Which features they are in is `extractors.py`'s matter.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

SUBSETS, SUBSET_SIZE = 100, 1000
"""Of KID, as in its article; a smaller set is taken whole."""


class _Features(nn.Module):
    """Stands where torchmetrics expects a network on images: the features are there already."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.num_features = size

    def forward(self, features: Tensor) -> Tensor:
        return features


def frechet_distance(real: Float[Tensor, "n d"], fake: Float[Tensor, "m e"]) -> float:
    """|mu - nu|^2 + tr(S + T - 2 (S T)^(1/2)), of the means and covariances of two sets of features. At least 0.

    With finite sets it comes out too large, the more the fewer images there are, also for two halves of one set. So
    compare only distances that were taken with equally many, and see `kernel_distance`.

    Args:
        real, fake: (N, d), (M, d), N and M at least d: with fewer, a covariance has directions without any spread, and
            the distance says how many images there were.

    Raises ValueError: the sizes do not fit, there are too few images, or a number is not finite.
    """
    size = _check(real, fake)
    for name, features in (("real", real), ("fake", fake)):
        if len(features) < max(size, 2):
            raise ValueError(
                f"the Fréchet distance in {size} numbers needs at least {max(size, 2)} images a set; {name} has "
                f"{len(features)}: take more images, fewer numbers, or kernel_distance, which needs two"
            )
    metric = FrechetInceptionDistance(feature=_Features(size))
    centre = real.double().mean(dim=0)  # torchmetrics sums squares: near 0 they lose fewer digits
    for features, is_real in ((real, True), (fake, False)):
        metric.update(features.double().cpu() - centre.cpu(), real=is_real)
    return max(metric.compute().item(), 0.0)


class KernelDistance(NamedTuple):
    """Mean and standard deviation over the subsets. The mean may be below 0: an estimate of 0 must be, at times."""

    mean: float
    sd: float


def kernel_distance(
    real: Float[Tensor, "n d"],
    fake: Float[Tensor, "m e"],
    *,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
    seed: int = 0,
) -> KernelDistance:
    """Squared maximum mean discrepancy under the kernel (x y / d + 1)^3: unbiased, so right on average for any N.

    Args:
        real, fake: (N, d), (M, d), N and M at least 2.
        subsets, subset_size: random subsets of that many images, at most as many as the smaller set has.
        seed: of the subsets.

    Raises ValueError: the sizes do not fit, there are fewer than two images, or a number is not finite.
    """
    size = _check(real, fake)
    fewest = min(len(real), len(fake))
    if min(fewest, subset_size) < 2:
        raise ValueError(f"the kernel distance needs at least 2 images a set and a subset; got {fewest}, {subset_size}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Metric `Kernel Inception Distance` will save all extracted features")
        metric = KernelInceptionDistance(_Features(size), subsets=subsets, subset_size=min(subset_size, fewest))
    metric.update(real.double().cpu(), real=True)
    metric.update(fake.double().cpu(), real=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mean, sd = metric.compute()
    return KernelDistance(mean.item(), sd.item())


def _check(real: Tensor, fake: Tensor) -> int:
    """The number of features; ValueError where the two sets cannot be compared."""
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            f"real has {real.shape[1]} numbers an image and fake {fake.shape[1]}: take one extractor for both"
        )
    for name, features in (("real", real), ("fake", fake)):
        if not features.isfinite().all():
            raise ValueError(f"a feature of {name} is not finite: look at the images and the network that made it")
    return real.shape[1]
