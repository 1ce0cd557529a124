"""Training images in random colours: the plain augmentation that generated images have to beat."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dgnet_lite.config import Config
from dgnet_lite.data.batches import IMAGENET_MEAN, IMAGENET_STD, WHOLE, Batches, Share
from dgnet_lite.data.load import ReidData

MOST = 1.4
"""Largest factor of a channel; the smallest is 1 / MOST. Set once, by no test."""


class RecolouredBatches(Batches):
    """As `Batches`, but red, green and blue of each image are multiplied by a factor of their own, by chance.

    The factors are log-uniform in 1/MOST..MOST; what leaves 0..1 is clipped. It is a colour cast and a change of
    exposure in one, the same all over the image; body, pose and place stay.
    """

    def crop(self, index: Int[Tensor, " b"]) -> Float[Tensor, "s 3 h w"]:
        x = super().crop(index)
        chance = torch.rand(len(index), 3, 1, 1, generator=self.generator)[self.share.of(len(index))]
        factor = ((2 * chance - 1) * math.log(MOST)).exp().to(x)
        mean, std = (torch.tensor(values).view(3, 1, 1).to(x) for values in (IMAGENET_MEAN, IMAGENET_STD))
        return (((x * std + mean) * factor).clamp(0, 1) - mean) / std


@dataclass(frozen=True, eq=False)
class RecolouredData(ReidData):
    """A data set whose training batches are recoloured; its test is as it was."""

    @classmethod
    def of(cls, data: ReidData) -> RecolouredData:
        return cls(**{each.name: getattr(data, each.name) for each in fields(data)})

    def batches(
        self, config: Config, *, batch_size: int, seed: int, device: str = "cpu", share: Share = WHOLE
    ) -> RecolouredBatches:
        d, index = config.data, self.index
        how = {"batch_size": batch_size, "seed": seed, "device": device, "share": share}
        how |= {"pad": d.pad, "positives": d.positives, "partners": d.partners}
        return RecolouredBatches(self.train, index.labels, index.train.cameras, **how)
