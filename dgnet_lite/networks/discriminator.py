"""D: does each patch look real? Asked at three image sizes."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgnet_lite.networks.blocks import ResidualBlock, conv, lrelu


class PatchDiscriminator(nn.Module):
    """One PatchGAN: (B, 3, H, W) -> (B, 1, H/4, W/4), a score for each patch and no sigmoid.

    No norm anywhere: statistics over the batch or the image would let the scores of patches depend on each other, and
    the gradient punishment is about one image. Source: Sec. 4.1 (iv), sizes from the release.
    """

    def __init__(self, width: int = 32, residual_blocks: int = 4) -> None:
        super().__init__()
        w = width
        self.net = nn.Sequential(  # (B, 3, H, W)
            conv(3, w, 1),
            lrelu(),
            conv(w, w),
            lrelu(),
            conv(w, w, stride=2),  # (B, w, H/2, W/2)
            lrelu(),
            conv(w, w),
            lrelu(),
            conv(w, 2 * w, stride=2),  # (B, 2w, H/4, W/4)
            lrelu(),
            *[ResidualBlock(2 * w, norm=False) for _ in range(residual_blocks)],
            conv(2 * w, 1, 1),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h4 w4"]:
        return self.net(x)


class MultiScaleDiscriminator(nn.Module):
    """Independent PatchGANs on the image, on half of it, on a quarter of it.

    Returns the list of patch maps, largest first: 64 x 32, 32 x 16, 16 x 8 for a 256 x 128 image.
    """

    def __init__(self, width: int = 32, scales: int = 3, residual_blocks: int = 4) -> None:
        super().__init__()
        self.scales = nn.ModuleList([PatchDiscriminator(width, residual_blocks) for _ in range(scales)])

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 1 _h _w"]]:
        patches = []
        for k, discriminator in enumerate(self.scales):
            if k > 0:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            patches.append(discriminator(x))
        return patches
