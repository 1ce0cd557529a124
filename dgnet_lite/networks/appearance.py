"""E_a: what a person wears, and the two features that re-identify."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

STRIPES = 4  # of the appearance code
Pool = Literal["max", "avg"]
HeadPool = Literal["max", "avg", "code"]


class Head(nn.Module):
    """Linear C -> d, BatchNorm, dropout, Linear d -> K. The feature f is what the BatchNorm gives.

    Returns (f, logits): (B, d), (B, K). Source: Sec. 4.1 (i) for d = 512; BatchNorm, dropout, initial values: release.
    """

    def __init__(self, channels: int, num_ids: int, feature_dim: int = 512, dropout: float = 0.5) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(channels, feature_dim), nn.BatchNorm1d(feature_dim))
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(feature_dim, num_ids)
        nn.init.kaiming_normal_(self.embed[0].weight, mode="fan_out")
        nn.init.zeros_(self.embed[0].bias)
        nn.init.normal_(self.classify.weight, std=0.001)
        nn.init.zeros_(self.classify.bias)

    def forward(self, x: Float[Tensor, "b c"]) -> tuple[Float[Tensor, "b d"], Float[Tensor, "b k"]]:
        f = self.embed(x)
        return f, self.classify(self.dropout(f))


def stripes(feature_map: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 4 1"]:
    """The largest activation of each channel in each of four horizontal stripes: the appearance code."""
    return F.adaptive_max_pool2d(feature_map, (STRIPES, 1))


def pool(feature_map: Float[Tensor, "b c h w"], how: HeadPool) -> Float[Tensor, "b _n"]:
    """What a head reads: the maximum or mean of each channel, (B, C), or the code, channel by channel, (B, 4C)."""
    if how == "code":
        return stripes(feature_map).flatten(1)
    pooled = F.adaptive_max_pool2d(feature_map, 1) if how == "max" else F.adaptive_avg_pool2d(feature_map, 1)
    return pooled.flatten(1)


class Appearance(NamedTuple):
    """What E_a says of a batch: the code (B, C, 4, 1), features (B, d) and class scores (B, K) of both heads."""

    code: Tensor
    f_prim: Tensor
    f_fine: Tensor
    logits_prim: Tensor
    logits_fine: Tensor


class AppearanceEncoder(nn.Module):
    """E_a: image -> appearance code a, features f_prim and f_fine.

    Args of forward: x, (B, 3, H, W), ImageNet-normalised. Returns: `Appearance`; a is 2048 x 4 x 1 for ResNet50: the
    largest activation of each channel in each of four horizontal stripes.
    Source: Sec. 4.1 (i); a separate global pool for the heads is in the release.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_ids: int,
        feature_dim: int = 512,
        head_pool: HeadPool = "max",
        dropout: tuple[float, float] = (0.5, 0.75),
    ) -> None:
        super().__init__()
        self.backbone, self.head_pool = backbone, head_pool
        self.code_channels = backbone.out_channels
        channels = self.code_channels * (STRIPES if head_pool == "code" else 1)
        self.prim = Head(channels, num_ids, feature_dim, dropout[0])
        self.fine = Head(channels, num_ids, feature_dim, dropout[1])

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Appearance:
        return self.read(self.backbone(x))

    def read(self, feature_map: Float[Tensor, "b c h w"]) -> Appearance:
        """What E_a says of images of which the backbone's feature map is known."""
        pooled = pool(feature_map, self.head_pool)
        f_prim, logits_prim = self.prim(pooled)
        f_fine, logits_fine = self.fine(pooled)
        return Appearance(stripes(feature_map), f_prim, f_fine, logits_prim, logits_fine)

    def code(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c 4 1"]:
        """The appearance code alone."""
        return stripes(self.backbone(x))

    def features(self, x: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, Tensor]:
        """(f_prim, f_fine), (B, d) each: all that is needed at test time."""
        pooled = pool(self.backbone(x), self.head_pool)
        return self.prim.embed(pooled), self.fine.embed(pooled)

    def heads(self) -> list[nn.Parameter]:
        return [*self.prim.parameters(), *self.fine.parameters()]
