"""G: put the appearance a_i on the structure s_j."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dgnet_lite.networks.appearance import STRIPES
from dgnet_lite.networks.blocks import AdaINResidualBlock, LayerNorm2d, conv, lrelu
from dgnet_lite.networks.upsampling import DoubledConv

CodeSlices = Literal["stripe", "channel", "whole"]

CACHE = 2**24
"""Bytes of one feature map that a processor's cache holds: 4 images at full size. Larger batches are painted in parts,
by a fifth faster on two cores."""


def slice_code(code: Float[Tensor, "b c stripes 1"], blocks: int, how: CodeSlices) -> list[Float[Tensor, "b _n"]]:
    """What each residual block is told of the appearance code.

    "stripe": block k reads body stripe k, (B, C); as many blocks as stripes.
    "channel": block k reads numbers k*C ... (k+1)*C - 1 of the code flattened channel-major, which is a quarter of the
    channels in all stripes, (B, C) (release; one may have expected stripes).
    "whole": every block reads everything, (B, 4C).
    """
    flat = code.flatten(1)  # channel-major
    if how == "whole":
        return [flat] * blocks
    if how == "channel":
        return list(flat.chunk(blocks, dim=1))
    if code.shape[2] != blocks:
        raise ValueError(f"code_slices='stripe' needs one block a stripe: {code.shape[2]} stripes, {blocks} blocks")
    return [stripe.flatten(1) for stripe in code.unbind(dim=2)]


def mlp(n_in: int, width: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, n_out)
    )


class Generator(nn.Module):
    """G: (structure s_j, appearance a_i) -> image x_j^i, in ImageNet-normalised units (no tanh).

    Args of forward: structure, (B, channels, H/2^d, W/2^d); appearance, (B, code_channels, 4, 1); `rows`, see there.
    Returns: (B, 3, H, W).
    Source: Sec. 4.1 (iii), four residual blocks with two AdaIN each and four convolutions; sizes from the release.
    """

    def __init__(
        self,
        code_channels: int = 2048,
        channels: int = 128,
        upsamplings: int = 2,
        dilations: tuple[int, ...] = (1, 1, 1, 1),
        kernel: int = 5,
        mlp_width: int = 512,
        code_slices: CodeSlices = "stripe",
        start_as_instance_norm: bool = False,
    ) -> None:
        super().__init__()
        c, blocks = channels, len(dilations)
        if code_slices == "stripe" and blocks != STRIPES:
            raise ValueError(f"code_slices='stripe' needs {STRIPES} residual blocks, one a stripe; there are {blocks}")
        if code_slices == "channel" and STRIPES * code_channels % blocks:
            raise ValueError(f"{STRIPES * code_channels} numbers of the code cannot be shared by {blocks} blocks")
        self.code_slices, self.upsamplings = code_slices, upsamplings
        self.residual = nn.ModuleList([AdaINResidualBlock(c, dilation=d) for d in dilations])
        n_in = STRIPES * code_channels // (1 if code_slices == "whole" else blocks)
        self.scale = nn.ModuleList([mlp(n_in, mlp_width, 2 * c) for _ in range(blocks)])
        self.bias = nn.ModuleList([mlp(n_in, mlp_width, 2 * c) for _ in range(blocks)])
        layers: list[nn.Module] = []
        for _ in range(upsamplings):  # (B, c, h, w) -> (B, c/2, 2h, 2w)
            layers += [nn.Identity(), DoubledConv(c, c // 2, kernel), LayerNorm2d(c // 2), lrelu()]
            c //= 2
        self.upsample = nn.Sequential(*layers)
        self.to_image = nn.Sequential(conv(c, c), lrelu(), conv(c, c), lrelu(), nn.Conv2d(c, 3, 1))  # (B, 3, H, W)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)
        if start_as_instance_norm:
            for scale, bias in zip(self.scale, self.bias, strict=True):
                for last, start in ((scale[-1], 1.0), (bias[-1], 0.0)):
                    nn.init.normal_(last.weight, std=0.02)
                    nn.init.constant_(last.bias, start)

    def forward(
        self,
        structure: Float[Tensor, "s c h w"],
        appearance: Float[Tensor, "b k stripes 1"],
        rows: Int[Tensor, " b"] | None = None,
    ) -> Float[Tensor, "b 3 h2 w2"]:
        """`rows`: which row of `structure` each appearance is put on; left out, the first on the first, and so on.

        With `rows`, what happens to a structure before it meets an appearance is computed once.
        """
        slices = slice_code(appearance, len(self.residual), self.code_slices)
        scales = [mlp(a) for mlp, a in zip(self.scale, slices, strict=True)]
        biases = [mlp(a) for mlp, a in zip(self.bias, slices, strict=True)]
        at_once = self._at_once(structure, len(appearance))
        begun = torch.cat([self.residual[0].begin(s) for s in structure.split(at_once)])
        if rows is not None:
            structure, begun = structure.index_select(0, rows), begun.index_select(0, rows)
        parts = zip(*(x.split(at_once) for x in (structure, begun, *scales, *biases)), strict=True)
        return torch.cat([self._paint(s, b, told[: len(scales)], told[len(scales) :]) for s, b, *told in parts])

    def _paint(self, x: Tensor, begun: Tensor | None, scales: list[Tensor], biases: list[Tensor]) -> Tensor:
        for block, scale, bias in zip(self.residual, scales, biases, strict=True):
            x, begun = block(x, scale, bias, begun), None
        return self.to_image(self.upsample(x))

    def _at_once(self, structure: Tensor, count: int) -> int:
        """How many of `count` images to paint at once. G knows no other image of the batch: it changes no result."""
        if structure.device.type != "cpu":
            return count
        largest = 4 * structure[0].numel() * 2**self.upsamplings  # bytes; each upsampling doubles a feature map
        return max(1, CACHE // largest)


def interpolate(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """`steps` codes on the straight line from `start` to `end`, both (1, ...) -> (steps, ...). Source: Fig. 5."""
    t = torch.linspace(0, 1, steps, device=start.device).reshape(-1, *[1] * (start.dim() - 1))
    return start + t * (end - start)
