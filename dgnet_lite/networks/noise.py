"""G without anybody to look at: the two codes of its input are made of noise."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dgnet_lite.config import NetworkConfig
from dgnet_lite.networks.appearance import STRIPES
from dgnet_lite.networks.blocks import LayerNorm2d, lrelu
from dgnet_lite.networks.generator import Generator
from dgnet_lite.networks.upsampling import DoubledConv

MOST_CHANNELS = 512


class NoiseGenerator(nn.Module):
    """z -> image, in ImageNet-normalised units: the unconditional generator that Fig. 3 and Table 2 compare with.

    Everything from the codes to the image is DG-Net's own G, with the same sizes. Where E_s would look at x_j, a small
    map is doubled up to the size of a structure code; where E_a would look at x_i, each residual block hears z itself.

    Args of forward: z, (B, noise_dim), standard normal.
    Returns: (B, 3, H, H/2).
    Source: ours. The paper compares with LSGAN [28], whose networks it does not describe.
    """

    def __init__(self, c: NetworkConfig, height: int, noise_dim: int = 128) -> None:
        super().__init__()
        if noise_dim % STRIPES:
            raise ValueError(f"noise_dim is {noise_dim}: it must be a multiple of {STRIPES}, it is cut into stripes")
        rows, doublings = height // 2**c.downsamplings, 0
        while rows % 4 == 0 and rows > 4:
            rows, doublings = rows // 2, doublings + 1
        widths = [min(c.structure_channels * 2**k, MOST_CHANNELS) for k in range(doublings, -1, -1)]
        self.noise_dim, self.smallest = noise_dim, (widths[0], rows, rows // 2)
        self.first = nn.Linear(noise_dim, math.prod(self.smallest))
        layers: list[nn.Module] = [LayerNorm2d(widths[0]), lrelu()]
        for wide, narrow in pairwise(widths):  # (B, wide, h, w) -> (B, narrow, 2h, 2w)
            layers += [DoubledConv(wide, narrow, 3), LayerNorm2d(narrow), lrelu()]
        self.structure = nn.Sequential(*layers)  # (B, structure_channels, H/2^d, W/2^d)
        for module in self.structure:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)
        self.G = Generator(
            noise_dim // STRIPES,
            c.structure_channels,
            c.downsamplings,
            c.generator_dilations,
            c.upsampling_kernel,
            c.mlp_width,
            "whole",
            start_as_instance_norm=c.adain_start == "instance_norm",
        )

    def forward(self, z: Float[Tensor, "b n"]) -> Float[Tensor, "b 3 h w"]:
        structure = self.structure(self.first(z).unflatten(1, self.smallest))
        return self.G(structure, z.unflatten(1, (-1, STRIPES, 1)))

    def draw(self, count: int, generator: torch.Generator) -> Float[Tensor, "b n"]:
        """`count` rows of noise, on the CPU, by this generator."""
        return torch.randn(count, self.noise_dim, generator=generator)
