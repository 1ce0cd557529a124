"""E_s: where things are, and nothing about their colour."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dgnet_lite.networks.blocks import InstanceNorm, ResidualBlock, conv, conv_in_lrelu


def grey(x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h w"]:
    """Mean of the three normalised channels (release), so that G must take colour from the code a (Sec. 3.1)."""
    return x.mean(dim=1, keepdim=True)


class AtrousConv(nn.Conv2d):
    """3x3 convolution with holes that keeps H x W: (B, C, H, W) in and out, at least 4 rows and columns for dilation 9.

    Reflection at the border; where the dilation reaches further than a small map, it is reflected back once more.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__(channels, channels, 3, dilation=dilation)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        reach = self.dilation[0]
        rows, columns = (min(reach, n - 1) for n in x.shape[2:])
        x = F.pad(x, (columns, columns, rows, rows), mode="reflect")
        if min(rows, columns) < reach:
            x = F.pad(x, (*[reach - columns] * 2, *[reach - rows] * 2), mode="reflect")
        return super().forward(x)


class DilatedPyramid(nn.Module):
    """Four views of a feature map with growing reach, fused (ASPP). In the release only.

    (B, C, H, W) -> (B, out_channels, H, W), instance-normalised. Each branch has C/2 channels: a 1x1 convolution, and
    1x1 then 3x3 with dilation 3, 6 and 9.
    """

    def __init__(self, channels: int, out_channels: int, dilations: tuple[int, ...] = (3, 6, 9)) -> None:
        super().__init__()
        b = channels // 2
        self.branches = nn.ModuleList([nn.Sequential(conv(channels, b, 1), InstanceNorm(b))])
        for d in dilations:
            self.branches.append(nn.Sequential(conv_in_lrelu(channels, b, 1), AtrousConv(b, d), InstanceNorm(b)))
        self.fuse = nn.Sequential(conv(b * len(self.branches), out_channels, 1), InstanceNorm(out_channels))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        return self.fuse(torch.cat([branch(x) for branch in self.branches], dim=1))


class StructureEncoder(nn.Module):
    """E_s: grey image -> structure code s.

    Args of forward: x, (B, 1, H, W), the mean of the normalised colour channels (`grey`).
    Returns: s, (B, out_channels, H/2^d, W/2^d) for d = downsamplings; 128 x 64 x 32 for the defaults and 256 x 128.
    Source: Sec. 4.1 (ii), four convolutions and four residual blocks; `aspp` is in the release only.
    """

    def __init__(
        self,
        width: int = 16,
        out_channels: int = 128,
        downsamplings: int = 2,
        dilations: tuple[int, ...] = (1, 1, 1, 1),
        aspp: bool = False,
    ) -> None:
        super().__init__()
        w, last = width, 4 * width if aspp else out_channels
        self.stem = nn.Sequential(  # (B, 1, H, W)
            conv_in_lrelu(1, w, stride=2),  # (B, w, H/2, W/2)
            conv_in_lrelu(w, 2 * w),
            conv_in_lrelu(2 * w, 2 * w),
            conv_in_lrelu(2 * w, last, stride=2 if downsamplings == 2 else 1),  # (B, last, H/2^d, W/2^d)
        )
        self.residual = nn.Sequential(*[ResidualBlock(last, norm=True, dilation=d) for d in dilations])
        self.pyramid = DilatedPyramid(last, out_channels) if aspp else nn.Identity()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b c h2 w2"]:
        return self.pyramid(self.residual(self.stem(x)))
